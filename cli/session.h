/* SPDX-License-Identifier: Apache-2.0
 * A host with one skill loaded, for the commands that look at or call one. */
#pragma once
#include "command.h"
#include "target.h"

struct session {
    cordon_host *host;
    cordon_skill *skill;
};

enum { HELPER_PATH_MAX = 4096 };
/* A helper beside the command itself (a build directory, a bundle) goes before the installed one, for which NULL stands: whoever could put it there could have
 * replaced the command too. */
const char *session_helper(char buf[HELPER_PATH_MAX]);
/* The options of the command's hosts: the caller frees. Guests run inside dispatch, and few sandboxes are made: one process serves one call. */
int session_options(cordon_host_opts **ret, cordon_error **err);
/* Loads the target, telling a waiting person that it compiles. Whatever is in *ret must be finished, also after an error. */
int session_open(const struct cli *cli, const struct target *target, enum cordon_tier tier, struct session *ret, cordon_error **err);
void session_finish(struct session *s);
