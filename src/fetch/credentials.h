/* SPDX-License-Identifier: Apache-2.0
 * Who asks a registry: from Docker's configuration file, or a credential helper that it names and the operator's settings allow. */
#pragma once
#include "fetch/fetch.h"

enum { CREDENTIAL_MAX = 16 << 10, HELPER_NAME_MAX = 64 };

struct credential {
    char *user, *password; /* owned; both or none */
    char *identity_token;  /* owned; stands for both at a token server */
    char *helper;          /* owned: a helper that the file names for this registry and that may not be started; NULL: none */
};

void credential_finish(struct credential *c); /* wipes */
static inline bool credential_is_there(const struct credential *c) { return c->user || c->identity_token; }

/* What the text of the file says of `registry`. *ret_helper (owned): the helper that is to be asked, which goes before what the file itself has. BAD_CONFIG. */
int credentials_parse(const char *file, const char *json, size_t len, const char *registry, struct credential *ret, char **ret_helper, cordon_error **err);
/* What a helper answered. False: it is none. */
bool credentials_parse_answer(const char *json, size_t len, struct credential *ret);
/* Has helper `name` asked for `registry`. 1: found; 0: it has none. FETCH_FAILED, MISSING_TOOL. */
int credentials_ask_helper(const char *name, const char *registry, int cancel_fd, struct credential *ret, cordon_error **err);

/* All of it together; nothing found is a success too. */
int credentials_find(const struct fetch *f, const char *registry, struct credential *ret, cordon_error **err);
