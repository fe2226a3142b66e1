/* SPDX-License-Identifier: Apache-2.0
 *
 * The one reader of command lines. A command's table says which options it has; --help, completion and the manual's test come
 * from the same rows. Every command has -h and --help besides.
 *
 * `--name VALUE`, `--name=VALUE`, `-x VALUE`, `-xVALUE`, flags of one letter together (`-jq`). Options and words mix freely;
 * after `--` nothing is an option. A value may begin with a dash.
 */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>

enum { OPTIONS_MAX = 24, OPTIONS_MANY_MAX = 256 };

struct option {
    char letter;          /* 0: none */
    const char *name;     /* long form, without dashes; NULL ends the table */
    const char *value;    /* how the help calls its value; NULL: a flag */
    const char *help;
    bool many;            /* may be given several times */
};

#define OPTION_JSON {.letter = 'j', .name = "json", .help = "print one JSON object, also when it fails"}
#define OPTION_QUIET {.letter = 'q', .name = "quiet", .help = "on stderr, say only what failed"}
#define OPTION_VERBOSE {.letter = 'v', .name = "verbose", .help = "on stderr, say everything, with what was used"}
#define OPTION_CONFIG {.name = "config", .value = "FILE", .help = "the settings file (default: cordon help config)"}
#define OPTION_END {.name = NULL}

struct command;

/* What a command line says. Everything points into argv. */
struct args {
    const struct command *command;     /* by whose table it was read; NULL: none yet */
    const char *value[OPTIONS_MAX];    /* by row of the table; "" for a flag that was given, NULL for what was not */
    struct { int row; const char *value; } many[OPTIONS_MANY_MAX];   /* of rows that may be given several times, in order */
    int n_many;
    bool help;
    char **words;
    int n_words;
    char **rest;                       /* what followed `--`, if the command keeps it apart */
    int n_rest;
};

/* Reads argv (which it reorders). Goes on after an error, so that --json is known when the first one is reported. */
int options_parse(const struct command *command, int argc, char **argv, struct args *ret, cordon_error **err);
/* The value of the option of that long name ("" of a flag); NULL if it is not in the table or was not given. */
const char *args_value(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);
