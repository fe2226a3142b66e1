/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator's secrets:
 *
 *     HOME/secrets.key       the master key and a check of it, 0600; made with the first secret
 *     HOME/secrets/NAME      one secret (secret_file.h)
 *
 * Values and keys are in memory that is locked where the machine allows it, has no place in a core file, and is wiped when it is given back. Nothing is kept in memory
 * beyond what was asked for.
 *
 * A writer holds a lock on the folder; a reader needs none, since a file is replaced whole. A kill at any instant leaves the old value or the new one.
 */
#pragma once
#include "keep/secret.h"
#include <stdbool.h>

enum { SECRETS_MAX = 1000 };

struct secret_entry {
    char name[SECRET_NAME_MAX + 1];
    bool whole;         /* its first bytes are as they should be */
    uint64_t set_at_ms; /* since 1970 */
};
struct secret_list {
    struct secret_entry *item; /* owned; by name */
    size_t n;
};
void secret_list_finish(struct secret_list *l);

/* For all of them `home` as in home.h. Any thread, any process. UNSAFE_PATH, DAMAGED, IO. No error repeats a value, and none a name that is no name. */

/* Makes home and key where they are missing. USAGE: no name, no value; TOO_LARGE. */
int secrets_set(const char *home, const char *name, const void *value, size_t len, cordon_error **err);
/* 1: the caller gives *ret back with secret_unref; 0: there is none of that name. */
int secrets_get(const char *home, const char *name, struct secret **ret, cordon_error **err);
int secrets_list(const char *home, struct secret_list *ret, cordon_error **err);
/* 1: removed; 0: there was none. A damaged one is removed like any other. */
int secrets_remove(const char *home, const char *name, cordon_error **err);
