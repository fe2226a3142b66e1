/* SPDX-License-Identifier: Apache-2.0
 * A host with one skill loaded, for the commands that look at or call one. */
#pragma once
#include "command.h"
#include "target.h"

struct session {
    cordon_host_opts *opts;   /* as the operator's settings have them */
    cordon_host *host;
    cordon_registry *registry; /* NULL until it is needed */
    cordon_skill *skill;
    uint64_t load_ns;          /* what loading took */
    cordon_script *script;     /* in place of the skill, where that is an installed local script */
};

/* Reads the settings (--config, else the usual places) into the options of the command's host: guests run inside dispatch, and few sandboxes are made, for one process
 * serves one call. `s` is zeroed; whatever is in it must be finished, also after an error of this or the next. */
int session_begin(const struct cli *cli, struct session *s, cordon_error **err);
/* Then loads the target, telling a waiting person that it compiles. An installed one is loaded in its own tier. */
int session_open(const struct cli *cli, const struct target *target, enum cordon_tier tier, struct session *s, cordon_error **err);
/* The registry of the session's host, both made if they are not there. */
int session_registry(struct session *s, cordon_error **err);
void session_finish(struct session *s);
