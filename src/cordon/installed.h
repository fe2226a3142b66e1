/* SPDX-License-Identifier: Apache-2.0
 *
 * An installed skill that is loaded: a handle in front of what is in force. The handle (struct cordon_skill with `installed`) has no code of its own; behind it are a
 * skill, made of the code of the version in force for the tier it has now, and what the registry says of its calls. Both are replaced when the registry has changed
 * (registry.gen), before the next call is made; calls that run keep what they began with.
 */
#pragma once
#include "cordon/registry_parts.h"

/* What the registry says of the calls of a version. Immutable. */
struct said {
    _Atomic uint32_t refs;
    struct powers *powers;      /* owned: its grants, with what comes with them; narrowed to what it asks for */
    struct grants *asks;        /* a reference; NULL: no manifest */
    struct limit_set limits;
    enum cordon_tier tier;
    char *version;              /* owned */
    char *export_name;          /* owned: what is called where nobody names an export; NULL: the code's own default */
};
void said_ref(struct said *s);
void said_unref(struct said *s); /* NULL allowed */
/* Opens folders, reads variables and secrets. */
int said_new(const cordon_host *h, const struct registry_version *v, enum cordon_tier tier, const struct registry_grants *grants, const struct registry_limits *operators,
             struct said **ret, cordon_error **err);

/* What is in force behind a handle: references, and the number of the registry they are of. */
struct in_force { cordon_skill *skill; struct said *said; uint64_t gen; };
void in_force_finish(struct in_force *f);
/* Looks at the registry if it has changed. Errors as of cordon_skill_load_installed. Any thread. */
int installed_now(cordon_skill *front, struct in_force *ret, cordon_error **err);
/* Is this number still that of the registry? One plain load. */
bool installed_is_now(const cordon_skill *front, uint64_t gen);
/* As last loaded. */
enum cordon_tier installed_tier(const cordon_skill *front);
void installed_free(struct installed *i);

/* ---- request_installed.c ---- */
/* Before a call is made: brings the request up to what is in force. */
int request_follow(cordon_request *r, cordon_error **err);
/* A request of an installed skill keeps what its program gives it apart, to have it again when the rest changes. Takes `more`, which holds what is given. */
int request_give(cordon_request *r, struct powers *more, cordon_error **err);
