/* SPDX-License-Identifier: Apache-2.0
 *
 * What one call may use: the operator's grants, the values that come with them, and the services of the host behind them. Made with the request, immutable once a
 * call has begun, shared by reference: any thread may read it.
 */
#pragma once
#include "base/text.h"
#include "egress/gateway.h"
#include "files/files.h"
#include "keep/secret.h"
#include "policy/grants.h"
#include "sched/pool.h"

enum { POWERS_ENV_MAX = 1024, POWERS_ENV_VALUE_MAX = 64 * 1024, POWERS_ENV_BYTES_MAX = 1024 * 1024 };

struct recall;

/* Two pointers and nothing else: the engine's shim reads an array of these as name, value, name, ... */
struct env_value { char *name, *value; }; /* owned; UTF-8 */

struct powers {
    _Atomic uint32_t refs;
    struct grants *grants;       /* a reference */
    struct env_value *env;       /* owned; what env= grants give, as it was when the request was made */
    size_t n_env;
    struct file_roots *roots;    /* a reference; the folders of the read=, write= and rw= grants, open. NULL: none */
    struct keyring *secrets;     /* a reference; those that are granted, be it to the guest (secret=) or to the gateway (bearer=, header=). NULL: none */
    struct recall *memory;       /* a reference; NULL: nothing is recalled */
    struct gateway_scope *net;   /* a reference; the skill's place at the gateway. NULL: there is none */
    struct pool_share *io;       /* a reference; the skill's share of the threads for work that blocks. NULL: there are none */
};

/* Nothing is granted; NULL without memory. */
struct powers *powers_new(void);
/* An own one with the same in it; NULL without memory. */
struct powers *powers_copy(const struct powers *p);
void powers_ref(struct powers *p);
void powers_unref(struct powers *p); /* NULL allowed */

/* By whoever holds the only reference. Takes the grant on success. */
int powers_grant(struct powers *p, struct grant *one, cordon_error **err);
/* The same for a grant of a folder, with the folder. */
int powers_grant_folder(struct powers *p, struct grant *one, struct file_root *root, cordon_error **err);
/* Adds all that is granted in `more`, with what comes with it. */
int powers_merge(struct powers *p, const struct powers *more, cordon_error **err);
/* The value that a granted variable has. Replaces an earlier one. TOO_LARGE; USAGE for what is not UTF-8. */
int powers_set_env(struct powers *p, const char *name, const char *value, cordon_error **err);
/* NULL: it has none. */
const char *powers_env(const struct powers *p, const char *name);
/* For gateway_ask.secret, with the powers as `secrets`: a copy, for the gateway to wipe. */
int powers_secret(void *powers, const char *name, char **ret, size_t *ret_len);
/* Whose memory a call for `bot` may recall: its own, or, for no bot, the one that a grant names. The slug; false: nobody's. */
bool powers_recalls(const struct powers *p, const char *bot, char ret[TEXT_SLUG_MAX + 1]);
