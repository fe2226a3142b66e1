/* SPDX-License-Identifier: Apache-2.0 */
#include "skill_plugin.h"
#include "cordon-skill.h"
CORDON_SKILL("echo", "Answers what it is given.")
bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    (void)err;
    *ret = *input;
    return true;
}
