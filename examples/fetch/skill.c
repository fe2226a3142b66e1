/* SPDX-License-Identifier: Apache-2.0
 *
 * fetch: answers with what the URL in the input holds. Without a grant for that host the call is denied, and the denial is this skill's error. */
#include "skill_plugin.h"

void exports_skill_plugin_get_name(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "fetch");
}

void exports_skill_plugin_get_description(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "Fetches the URL that the input names.");
}

bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    bool ok = boternity_skill_host_http_get(input, ret, err);

    skill_plugin_string_free(input);
    return ok;
}
