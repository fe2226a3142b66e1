/* SPDX-License-Identifier: Apache-2.0
 *
 * A secret as it lies on disk, in a file of its own, so that neither a reader nor a writer of one ever touches another:
 *
 *     magic, the time it was set, a random nonce, then crypto_secretbox (XSalsa20-Poly1305) of the value
 *
 * The box's key is made of the master key, the magic, the time and the name: a file that was given another secret's name, or another time, does not open.
 */
#pragma once
#include "keep/secret.h"
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SECRET_KEY = crypto_generichash_KEYBYTES,
    SECRET_HEAD = 8 + 8 + crypto_secretbox_NONCEBYTES,
    SECRET_EXTRA = SECRET_HEAD + crypto_secretbox_MACBYTES, /* what the file is longer than the value */
    SECRET_FILE_MAX = SECRET_EXTRA + SECRET_VALUE_MAX,
};

/* Fills `file`, SECRET_EXTRA + len bytes. False without memory. */
bool secret_file_seal(const uint8_t key[SECRET_KEY], const char *name, uint64_t set_at_ms, const void *value, size_t len, uint8_t *file);
/* When it was set, as far as its first bytes tell; false if they are none of ours. `size` is the whole file's. */
bool secret_file_time(const uint8_t head[SECRET_HEAD], uint64_t size, uint64_t *ret_ms);
/* Fills `value`, size - SECRET_EXTRA bytes. 1: opened; 0: something of it is not as secret_file_seal wrote it, or it is for another name or key; -1: no memory. */
int secret_file_open(const uint8_t key[SECRET_KEY], const char *name, const uint8_t *file, size_t size, void *value);
