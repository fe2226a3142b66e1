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
 * included, so that no file passes for another. How it is made is told in cache_tag.c.
 */
#pragma once
#include "code.h"
#include <pthread.h>
#include <sodium.h>

enum { CACHE_KEY_LEN = 32, CACHE_NAME_MAX = 72, CACHE_TEMP_MAX = 40, CACHE_TEMP_AGE_S = 3600, CACHE_PAGE = 4096, CACHE_TAG_LEN = 32 };
enum cache_kind { CACHE_CODE = 1, CACHE_REFUSAL = 2, CACHE_KNOWN = 3 };
enum cache_algorithm { CACHE_AES256_GMAC = 1, CACHE_BLAKE2B = 2 };   /* of the leaves (cache_tag.c) */

struct cache_trailer {
    uint8_t magic[8];
    uint32_t version;
    uint8_t algorithm, kind, zero[2];
    uint64_t body_len;
    uint32_t meta_len, more_zero;
    uint8_t key[CACHE_KEY_LEN];
    uint8_t tag[CACHE_TAG_LEN];
};
_Static_assert(sizeof(struct cache_trailer) == 96, "no padding on disk");
#define CACHE_FILE_MAX ((uint64_t)CODE_BODY_MAX + CACHE_PAGE + CODE_META_MAX + sizeof(struct cache_trailer))

/* Where the meta begins: behind the body, at a page. */
static inline uint64_t cache_meta_at(const struct cache_trailer *t)
{
    return (t->body_len + CACHE_PAGE - 1) / CACHE_PAGE * CACHE_PAGE;
}

/* One key for each use. */
struct cache_secret {
    crypto_aead_aes256gcm_state gcm;
    uint8_t leaf_blake[crypto_generichash_KEYBYTES], blake[crypto_generichash_KEYBYTES];
    bool has_gcm;
};

/* Threads that help to check large files; each ends by itself. */
enum { CACHE_CHECKERS_MAX = 3 };
struct cache_checkers {
    pthread_mutex_t lock;
    pthread_t threads[CACHE_CHECKERS_MAX];
    size_t n;
};

struct cache {
    struct cache_secret secret;   /* first: it wants alignment */
    struct cache_checkers checkers;
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

/* ---- cache_tag.c ---- */
/* `fd`: the file, of which no more than the body and its padding is looked at. */
int cache_tag(struct cache *c, const struct cache_trailer *t, int fd, const char *meta, uint8_t ret[CACHE_TAG_LEN], cordon_error **err);
void cache_checkers_join(struct cache_checkers *c);

/* ---- cache_refusal.c ---- */
/* The refusal as JSON (freed by the caller); NULL if out of memory. */
char *cache_refusal_json(const cordon_error *why, const struct code_bounds *bounds);
/* Sets *err to the error that the JSON tells of and returns its negative code; 0 if it does not hold any more (other bounds) or cannot be read. */
int cache_refusal_error(const char *json, const struct code_bounds *bounds, cordon_error **err);
