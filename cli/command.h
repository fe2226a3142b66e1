/* SPDX-License-Identifier: Apache-2.0
 *
 * A command is one row: its options, help, completion and code hang on it. A new command is one file and one line in commands.c
 * and meson.build.
 */
#pragma once
#include "options.h"
#include <stdbool.h>

enum group { GROUP_AUTHOR, GROUP_OPERATE, GROUP_TRUST, GROUP_OTHER, GROUP_COUNT };

struct cli;

/* What `cordon NAME ACTION ...` does. Its words are those behind it. */
struct action {
    const char *name;             /* NULL ends the table */
    const char *synopsis;         /* what follows the name */
    int words_min, words_max;
    int (*run)(const struct cli *cli, char **words, int n_words); /* returns the exit code */
};

struct command {
    const char *name;
    enum group group;
    bool first;                   /* among the few that `cordon` alone shows before the groups */
    bool has_rest;                /* what follows `--` is kept apart; else it is words like the others */
    bool discreet;                /* what is typed may be a secret in the wrong place: no error repeats it */
    int words_min, words_max;
    const char *summary;          /* one line: lower case, no full stop */
    const char *synopsis;         /* what follows the name */
    const char *about;            /* more for --help; NULL allowed */
    const struct option *options; /* ends with a row without a name; NULL: none */
    const struct action *actions; /* NULL: none; else `run` is action_run, and there is no end to the words but the action's own */
    const char *example;
    int (*run)(struct cli *cli);  /* returns the exit code */
};

/* What a command runs with. */
struct cli {
    const struct command *command;   /* NULL before one is known */
    struct args args;
    bool json, quiet, verbose;
    bool out_is_terminal, err_is_terminal, colour;
};

/* The n-th command in the order of the help; NULL past the last. */
const struct command *command_nth(size_t n);
const struct command *command_find(const char *name);
const char *group_name(enum group group);

/* Runs the action that the first word names, if its words fit. */
int action_run(struct cli *cli);

extern const struct command command_run, command_chain, command_inspect, command_new, command_build, command_test, command_tools, command_bench, command_doctor,
    command_memory, command_secret, command_audit,
    command_install, command_update, command_import, command_apply, command_export,
    command_list, command_remove, command_rollback, command_verify, command_grant, command_revoke, command_limit,
    command_warm,
    command_key, command_sign, command_push,
    command_explain, command_completion, command_help, command_version;
