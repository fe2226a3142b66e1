/* SPDX-License-Identifier: Apache-2.0
 *
 * spin: never answers. What stops it is its limits. */
#include "skill_plugin.h"

void exports_skill_plugin_get_name(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "spin");
}

void exports_skill_plugin_get_description(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "Loops for ever.");
}

bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    volatile unsigned turns = 0; /* the compiler may not drop the loop */

    (void)input;
    (void)ret;
    (void)err;
    for (;;)
        turns++;
}
