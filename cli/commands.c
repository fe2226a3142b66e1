/* SPDX-License-Identifier: Apache-2.0
 * The table of commands. */
#include "command.h"
#include <string.h>

static const struct command *const commands[] = {
    &command_run,    &command_new,     &command_build,   &command_test,   &command_inspect,    &command_tools, &command_bench,
    &command_chain,
    &command_memory, &command_secret, &command_audit,
    &command_install, &command_update, &command_import, &command_apply, &command_export,
    &command_warm,
    &command_list,   &command_remove,  &command_rollback,   &command_verify,
    &command_grant,  &command_revoke,  &command_limit,
    &command_key,    &command_sign,    &command_push,
    &command_doctor, &command_explain, &command_completion, &command_help,  &command_version,
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

const struct command *command_nth(size_t n)
{
    return n < COMMANDS ? commands[n] : NULL;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const char *group_name(enum group group)
{
    static const char *const names[GROUP_COUNT] = {
        [GROUP_AUTHOR] = "author", [GROUP_OPERATE] = "operate", [GROUP_TRUST] = "trust", [GROUP_OTHER] = "other"};
    return names[group];
}
