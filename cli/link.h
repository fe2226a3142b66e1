/* SPDX-License-Identifier: Apache-2.0
 * One link of a chain: a skill or a local script, called once, with the grants and limits that it has of its own. */
#pragma once
#include "calling.h"
#include "session.h"

struct link {
    char name[128];             /* for messages; not escaped */
    enum cordon_tier tier;
    struct calling_lines lines; /* its log lines are told through */
};

/* Finds and loads what the word means, TARGET or TARGET#EXPORT, and appends it to the chain; nothing runs. `ret` stays where it is as long as the chain. `bot` may be NULL. */
int link_add(const struct cli *cli, const char *word, struct session *session, const char *bot, cordon_chain *chain, struct link *ret, cordon_error **err);
/* Calls what the chain says is next. `last`: nothing is called after it, so the process may lock itself in. The caller frees *ret. */
int link_call(const struct cli *cli, const struct link *l, cordon_host *host, cordon_request *req, cordon_script *script, bool last, cordon_outcome **ret, cordon_error **err);
