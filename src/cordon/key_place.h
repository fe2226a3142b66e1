/* SPDX-License-Identifier: Apache-2.0
 * Where a publisher's key lies: a name in the home's folder `keys`, or a path. */
#pragma once
#include "trust/trust.h"
#include <stdbool.h>

/* The path of the file of `key` (NULL: the name `default`); the folder is made if `make`. The caller frees. NOT_FOUND, USAGE. */
int key_place(const char *home, const char *key, bool make, char **ret, cordon_error **err);
/* The public key of `key`, which is as above; a file may be of either kind. *ret_path (the caller frees) may be NULL. NOT_FOUND, USAGE, BAD_ARTIFACT. */
int key_find(const char *home, const char *key, struct trust_key *ret, char **ret_path, cordon_error **err);
