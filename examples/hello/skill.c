/* SPDX-License-Identifier: Apache-2.0
 *
 * hello: greets whoever the input names. The smallest whole skill: a name, a description, an answer, one line of log. */
#include "skill_plugin.h"
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 200 };

/* Greeting + name + mark as a string that the caller owns. */
static void join(skill_plugin_string_t *ret, const char *before, const skill_plugin_string_t *name, const char *after)
{
    size_t before_len = strlen(before), after_len = strlen(after);
    uint8_t *text = malloc(before_len + name->len + after_len + 1);
    if (!text)
        abort();
    memcpy(text, before, before_len);
    memcpy(text + before_len, name->ptr, name->len);
    memcpy(text + before_len + name->len, after, after_len);
    ret->ptr = text;
    ret->len = before_len + name->len + after_len;
}

static void note_greeting(void)
{
    boternity_skill_host_skill_context_t context;
    skill_plugin_string_t level, message;

    boternity_skill_host_get_context(&context);
    skill_plugin_string_set(&level, "info");
    join(&message, "greeting in the name of ", &context.skill_name, "");
    boternity_skill_host_log(&level, &message);
    skill_plugin_string_free(&message);
    boternity_skill_host_skill_context_free(&context);
}

void exports_skill_plugin_get_name(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "hello");
}

void exports_skill_plugin_get_description(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "Greets whoever the input names.");
}

/* The input is ours to free. True: *ret is the answer; false: *err is the error. */
bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    skill_plugin_string_t world;

    if (input->len > NAME_MAX_BYTES) {
        skill_plugin_string_dup(err, "a name has at most 200 bytes");
        skill_plugin_string_free(input);
        return false;
    }
    note_greeting();
    skill_plugin_string_set(&world, "world");
    join(ret, "Hello, ", input->len ? input : &world, "!");
    skill_plugin_string_free(input);
    return true;
}
