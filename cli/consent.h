/* SPDX-License-Identifier: Apache-2.0
 * Consent: what is to be installed is shown, what it asks for is answered. Nobody's silence is a yes, and --json says nothing either. */
#pragma once
#include "command.h"
#include <cordon/cordon.h>
#include <jansson.h>

/* How the command line answers: rows of `install` and `update` by these names. */
#define CONSENT_OPTION_ROWS(first)                                                                                                               \
    [(first)] = {'a', "allow", "GRANT", "let it do this of what it asks for (cordon help grants); again for more", true}, \
    [(first) + 1] = {'y', "yes", NULL, "let it do what it asks for, but for what wants a word of its own", false},                            \
    [(first) + 2] = {0, "no-grants", NULL, "let it do nothing of what it asks for", false},                                                   \
    [(first) + 3] = {0, "accept", "WHAT", "a change that is refused otherwise: key, unsigned, older or source; again for more", true},         \
    [(first) + 4] = {0, "build", NULL, "build it from source, in a sandbox, if there is no code in it", false},                               \
    [(first) + 5] = {0, "fetch", NULL, "fetch what its source needs to be built, by its lock files", false},                                  \
    [(first) + 6] = {0, "dry-run", NULL, "show what would be installed, and install nothing", false}
enum { CONSENT_OPTIONS = 7 };

/* What is wrong with the answers is found before anything is fetched: --yes and --no-grants at once. */
int consent_check(const struct cli *cli, cordon_error **err);
/* NOT_GRANTED: --allow and --yes are flags that grant, and the settings let none do that. */
int consent_may_answer(const struct cli *cli, const cordon_host_opts *opts, cordon_error **err);
/* --accept, --build and --fetch. */
int consent_prepare(const struct cli *cli, cordon_install *install, cordon_error **err);
/* Shows `plan` (as cordon_install_describe has it) to a person. */
void consent_show(const struct cli *cli, const json_t *plan);
/* Answers by the command line's options, else by a person on a terminal, else CONSENT with the command to run. `plan` wants an answer or not; 1: the person said no. */
int consent_answer(const struct cli *cli, cordon_install *install, const json_t *plan, cordon_error **err);
/* The whole command that answers yes, where a hint of `err` was too short for it. */
void consent_command(const struct cli *cli, const json_t *plan, const cordon_error *err);
/* What is done, for a person. `done` as of cordon_install_commit. */
void consent_done(const struct cli *cli, const json_t *plan, const json_t *done);
