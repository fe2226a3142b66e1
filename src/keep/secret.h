/* SPDX-License-Identifier: Apache-2.0
 *
 * A secret in memory: locked where the machine allows it, between guard pages, written once, wiped when the last reference is given back. And a ring of
 * them by name: what one call may be given.
 */
#pragma once
#include <cordon/error.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_VALUE_MAX = 64 << 10, SECRET_NAME_MAX = 128 };

struct secret {
    _Atomic uint32_t refs;
    size_t len;
    char *bytes; /* UTF-8 with a NUL behind it; it may hold NULs of its own */
};

/* Room for `len` bytes, to be filled, then sealed; NULL without memory. */
struct secret *secret_new(size_t len);
/* From here on nobody writes to it. */
void secret_seal(struct secret *s);
void secret_ref(struct secret *s);
void secret_unref(struct secret *s); /* NULL allowed */

/* Immutable once it is shared. NULL is an empty one. */
struct keyring;
void keyring_ref(struct keyring *k);     /* NULL allowed */
void keyring_unref(struct keyring *k);   /* NULL allowed */
/* Adds it under that name, or puts it in the place of the one of that name. A ring that others hold too is not changed: *k becomes a copy. Takes a reference of its own. */
int keyring_add(struct keyring **k, const char *name, struct secret *s, cordon_error **err);
/* Adds all of another. */
int keyring_merge(struct keyring **k, const struct keyring *more, cordon_error **err);
/* Lives as long as the ring; NULL: it has none of that name. */
const struct secret *keyring_find(const struct keyring *k, const char *name);
