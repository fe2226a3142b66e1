/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command line says about a call, for the commands that make one: which export, with what, within which limits. Everything that can be wrong with it is found
 * before anything is loaded.
 */
#pragma once
#include "command.h"
#include <cordon/cordon.h>

/* The first rows of the table of such a command. */
enum { PLAN_INPUT, PLAN_CALL, PLAN_ARGS, PLAN_FUEL, PLAN_MEMORY, PLAN_TIMEOUT, PLAN_TIER, PLAN_ALLOW, PLAN_ENV, PLAN_BOT, PLAN_CONFIG, PLAN_OPTIONS };
#define PLAN_OPTION_ROWS                                                                                                           \
    [PLAN_INPUT] = {'i', "input", "INPUT", "the input, exactly as written (no @FILE, no -)"},                                \
    [PLAN_CALL] = {'c', "call", "EXPORT", "which export to call: its name, or INTERFACE#FUNCTION"},                          \
    [PLAN_ARGS] = {0, "args", "JSON|@FILE|-", "its arguments: an object by parameter name, or an array"},                    \
    [PLAN_FUEL] = {0, "fuel", "N", "instructions it may use (20M, 10G; 1 G is about 0.2 s)"},                                \
    [PLAN_MEMORY] = {'m', "memory", "SIZE", "memory it may use (64MiB)"},                                                    \
    [PLAN_TIMEOUT] = {'t', "timeout", "DURATION", "time it may take (250ms, 10s, 5m)"},                                      \
    [PLAN_TIER] = {0, "tier", "TIER", "how far it is trusted: untrusted (default), or what the settings allow"},             \
    [PLAN_ALLOW] = {'a', "allow", "GRANT", "let it do one thing more (net=HOST, read=PATH, ...: cordon help grants); again for more", true}, \
    [PLAN_ENV] = {'e', "env", "NAME[=VALUE]", "let it read a variable: this process's, or the value given; again for more", true}, \
    [PLAN_BOT] = {0, "bot", "NAME", "the bot it works for, whose memory it may be granted"},                                      \
    [PLAN_CONFIG] = OPTION_CONFIG

struct plan {
    enum cordon_tier tier;
    const char *call;            /* NULL: the default export */
    char *input;                 /* owned; NULL: none was given */
    size_t input_len;
    char *args;                  /* owned; NULL: none were given */
    size_t args_len;
    struct { const char *origin; enum cordon_limit limit; uint64_t value; } limits[3];
    size_t n_limits;
    const struct args *flags;    /* borrowed: grants and variables are read from it in order */
    const char *bot;
    char **argv;                 /* borrowed */
    int argc;
};

/* The target is the first word, an input may be the second. `opts` say what flags may ask for. `installed`: the tier that an installed target has; NULL: it is an artifact. */
int plan_read(const struct cli *cli, const cordon_host_opts *opts, const enum cordon_tier *installed, struct plan *ret, cordon_error **err);
void plan_finish(struct plan *p);
/* The request the plan describes. The caller frees. */
int plan_request(const struct plan *p, cordon_skill *skill, cordon_request **ret, cordon_error **err);
/* Gives a local script what the plan's flags say: limits, grants, variables. */
int plan_script(const struct plan *p, cordon_script *script, cordon_error **err);
/* Reads the name of a tier; NULL: untrusted. TIER_REFUSED for what the settings do not allow. */
int plan_tier(const char *name, const cordon_host_opts *opts, enum cordon_tier *ret, cordon_error **err);
