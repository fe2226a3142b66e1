/* SPDX-License-Identifier: Apache-2.0
 *
 * shout: the input in capitals, with a mark behind it. */
#include "skill_plugin.h"
#include <ctype.h>
#include <stdlib.h>

void exports_skill_plugin_get_name(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "shout");
}

void exports_skill_plugin_get_description(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "Says a text louder.");
}

/* The input is ours to free. True: *ret is the answer. */
bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    (void)err;
    ret->ptr = malloc(input->len + 1);
    if (!ret->ptr)
        abort();
    for (size_t i = 0; i < input->len; i++)
        ret->ptr[i] = (uint8_t)(input->ptr[i] < 128 ? toupper(input->ptr[i]) : input->ptr[i]);
    ret->ptr[input->len] = '!';
    ret->len = input->len + 1;
    skill_plugin_string_free(input);
    return true;
}
