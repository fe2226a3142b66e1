/* SPDX-License-Identifier: Apache-2.0
 * A host with one skill loaded, for the commands that look at or call one. */
#pragma once
#include "command.h"
#include "target.h"

struct session {
    cordon_host_opts *opts;   /* as the operator's settings have them */
    cordon_host *host;
    cordon_skill *skill;
};

/* Reads the settings (--config, else the usual places) into the options of the command's host: guests run inside dispatch, and few sandboxes are made, for one process
 * serves one call. `s` is zeroed; whatever is in it must be finished, also after an error of this or the next. */
int session_begin(const struct cli *cli, struct session *s, cordon_error **err);
/* Then loads the target, telling a waiting person that it compiles. */
int session_open(const struct cli *cli, const struct target *target, enum cordon_tier tier, struct session *s, cordon_error **err);
void session_finish(struct session *s);
