/* SPDX-License-Identifier: Apache-2.0
 *
 * lines: counts the lines of a file. It sees the folders that its operator granted, under the paths they were granted as, and no others. */
#include "skill_plugin.h"

#include <stdio.h>

void exports_skill_plugin_get_name(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "lines");
}

void exports_skill_plugin_get_description(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "Counts the lines of the file that the input names.");
}

bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    skill_plugin_string_t content;
    char text[32];
    size_t lines = 0;

    bool ok = boternity_skill_host_read_file(input, &content, err);
    skill_plugin_string_free(input);
    if (!ok)
        return false;
    for (size_t i = 0; i < content.len; i++)
        lines += content.ptr[i] == '\n';
    skill_plugin_string_free(&content);
    snprintf(text, sizeof text, "%zu", lines);
    skill_plugin_string_dup(ret, text);
    return true;
}
