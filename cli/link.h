/* SPDX-License-Identifier: Apache-2.0
 * One link of a chain: a skill or a local script, called once, with the grants and limits that it has of its own. */
#pragma once
#include "session.h"

struct link {
    const char *word;      /* borrowed: what the command line calls it */
    char name[128];        /* for messages; not escaped */
    cordon_skill *skill;
    cordon_script *script; /* in place of the skill */
};

/* What a link reads: the operator's input, or the answer of the link before. */
struct link_input {
    bool given;            /* else it reads nothing */
    const char *data;      /* borrowed */
    size_t len;
};

/* Finds and loads what the word means; nothing runs. `ret` is finished by the caller, also after an error, before the session. */
int link_open(const struct cli *cli, const char *word, struct session *session, struct link *ret, cordon_error **err);
void link_finish(struct link *l);
/* How far it is trusted. */
enum cordon_tier link_tier(const struct link *l);
/* Calls it. `last`: nothing is called after it, so the process may lock itself in. `bot` may be NULL. The caller frees *ret. */
int link_call(const struct cli *cli, const struct link *l, cordon_host *host, const struct link_input *input, const char *bot, bool last, cordon_outcome **ret,
              cordon_error **err);
