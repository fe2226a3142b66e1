/* SPDX-License-Identifier: Apache-2.0
 * A host with one skill loaded, for the commands that look at or call one. */
#pragma once
#include "command.h"
#include "target.h"

struct session {
    cordon_host *host;
    cordon_skill *skill;
};

/* The options of the command's hosts: the caller frees. Guests run inside dispatch, and few sandboxes are made: one process serves one call. */
int session_options(cordon_host_opts **ret, cordon_error **err);
/* Loads the target, telling a waiting person that it compiles. Whatever is in *ret must be finished, also after an error. */
int session_open(const struct cli *cli, const struct target *target, enum cordon_tier tier, struct session *ret, cordon_error **err);
void session_finish(struct session *s);
