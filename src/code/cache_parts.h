/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache on disk:
 *
 *     DIR/key                              32 random bytes, 0600; whoever can read it can make code that we load
 *     DIR/code-v1/ab/abcdef….              an entry; its name is the BLAKE2b-256 of engine_id and the artifact's digest
 *     DIR/code-v1/ab/abcdef….no            a refusal
 *     DIR/code-v1/ab/abcdef….is            the digest of a large file; its name is the BLAKE2b-256 of the file's identity
 *     DIR/code-v1/tmp-…                    being written; swept when older than an hour
 *
 * A file of any kind: body (code), zeros up to a page, meta (JSON), struct cache_trailer. The tag covers everything before it, the file's own kind and key
 * included, so that no file passes for another.
 */
#pragma once
#include "code.h"
#include <sodium.h>

enum { CACHE_KEY_LEN = 32, CACHE_NAME_MAX = 72, CACHE_TEMP_MAX = 40, CACHE_TEMP_AGE_S = 3600 };
enum cache_kind { CACHE_CODE = 1, CACHE_REFUSAL = 2, CACHE_KNOWN = 3 };

struct cache_secret {
    crypto_aead_aes256gcm_state gcm;
    uint8_t blake[crypto_generichash_KEYBYTES];
    bool has_gcm;
};

struct cache {
    struct cache_secret secret;   /* first: it wants alignment */
    int dir_fd, code_fd;          /* DIR and DIR/code-v1 */
    struct code_bounds bounds;
};

/* ---- cache_file.c ---- */
/* Reads DIR/key or makes it. */
int cache_secret_open(struct cache *c, const char *dir, cordon_error **err);
/* "ab/abcdef…", "ab/abcdef….no" or "ab/abcdef….is". */
void cache_name(const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, char ret[CACHE_NAME_MAX]);
void cache_temp_name(char ret[CACHE_TEMP_MAX]);
/* Whole or not at all. body_fd is -1 for all but code. *ret_fd (may be NULL) is the file, open for reading. */
int cache_file_write(struct cache *c, const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, const char *meta, int body_fd, uint64_t body_len, int *ret_fd,
                     cordon_error **err);
/* 1: open and checked; 0: not there, or damaged and removed. */
int cache_file_read(struct cache *c, const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, int *ret_fd, char **ret_meta, uint64_t *ret_body_len,
                    cordon_error **err);

/* ---- cache_refusal.c ---- */
/* The refusal as JSON (freed by the caller); NULL if out of memory. */
char *cache_refusal_json(const cordon_error *why, const struct code_bounds *bounds);
/* Sets *err to the error that the JSON tells of and returns its negative code; 0 if it does not hold any more (other bounds) or cannot be read. */
int cache_refusal_error(const char *json, const struct code_bounds *bounds, cordon_error **err);
