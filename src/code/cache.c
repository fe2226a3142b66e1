/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "cache_parts.h"
#include <string.h>

static void derive_key(const char *engine_id, const uint8_t digest[CODE_DIGEST_LEN], uint8_t ret[CACHE_KEY_LEN])
{
    crypto_generichash_state s;
    crypto_generichash_init(&s, NULL, 0, CACHE_KEY_LEN);
    crypto_generichash_update(&s, (const uint8_t *)engine_id, strlen(engine_id) + 1);   /* the NUL ends it */
    crypto_generichash_update(&s, digest, CODE_DIGEST_LEN);
    crypto_generichash_final(&s, ret, CACHE_KEY_LEN);
}

static void cleanup_cache(struct cache **c) { cache_close(*c); }

int cache_open(const char *dir, struct cache **ret, cordon_error **err)
{
    if (sodium_init() < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "no source of random numbers");
    cleanup(cleanup_cache) struct cache *c = calloc(1, sizeof *c);
    if (!c)
        return err_nomem(err);
    c->dir_fd = c->code_fd = -1;
    pthread_mutex_init(&c->checkers.lock, NULL);
    cleanup_free char *code = NULL;
    if (asprintf(&code, "%s/code-v1", dir) < 0) {
        code = NULL;
        return err_nomem(err);
    }
    int r = safe_folder_make(dir, &c->dir_fd, err);
    if (r < 0 || (r = safe_folder_make(code, &c->code_fd, err)) < 0 || (r = cache_secret_open(c, dir, err)) < 0)
        return r;
    *ret = take(c);
    return 0;
}

void cache_close(struct cache *c)
{
    if (!c)
        return;
    cache_checkers_join(&c->checkers);
    pthread_mutex_destroy(&c->checkers.lock);
    if (c->dir_fd >= 0)
        close(c->dir_fd);
    if (c->code_fd >= 0)
        close(c->code_fd);
    sodium_memzero(&c->secret, sizeof c->secret);
    free(c);
}

void cache_set_bounds(struct cache *c, const struct code_bounds *bounds)
{
    c->bounds = *bounds;
}

void cache_entry_finish(struct cache_entry *e)
{
    if (e->fd >= 0)
        close(e->fd);
    free(e->meta);
    *e = (struct cache_entry){.fd = -1};
}

/* 0, or the refusal. */
static int refusal(struct cache *c, const uint8_t key[CACHE_KEY_LEN], cordon_error **err)
{
    cleanup_free char *json = NULL;
    cleanup_fd int fd = -1;
    uint64_t none = 0;
    int r = cache_file_read(c, key, CACHE_REFUSAL, &fd, &json, &none, err);
    return r <= 0 ? r : cache_refusal_error(json, &c->bounds, err);
}

int cache_get(struct cache *c, const char *engine_id, const uint8_t digest[CODE_DIGEST_LEN], struct cache_entry *ret, cordon_error **err)
{
    uint8_t key[CACHE_KEY_LEN];
    struct cache_entry e = {.fd = -1};
    derive_key(engine_id, digest, key);
    int r = cache_file_read(c, key, CACHE_CODE, &e.fd, &e.meta, &e.code_len, err);
    if (r < 0 || (!r && (r = refusal(c, key, err)) <= 0))
        return r;
    memcpy(e.digest, digest, sizeof e.digest);
    *ret = e;
    return 1;
}

int cache_put(struct cache *c, const char *engine_id, const uint8_t digest[CODE_DIGEST_LEN], const char *meta, int body_fd, uint64_t body_len,
              struct cache_entry *ret, cordon_error **err)
{
    uint8_t key[CACHE_KEY_LEN];
    struct cache_entry e = {.fd = -1, .code_len = body_len, .meta = strdup(meta)};
    if (!e.meta)
        return err_nomem(err);
    derive_key(engine_id, digest, key);
    int r = cache_file_write(c, key, CACHE_CODE, meta, body_fd, body_len, &e.fd, err);
    if (r < 0) {
        free(e.meta);
        return r;
    }
    memcpy(e.digest, digest, sizeof e.digest);
    *ret = e;
    return 0;
}

int cache_put_refusal(struct cache *c, const char *engine_id, const uint8_t digest[CODE_DIGEST_LEN], const cordon_error *why, cordon_error **err)
{
    uint8_t key[CACHE_KEY_LEN];
    if (strcmp(cordon_error_category(why), "artifact") || err_is_passing(why))
        return 0;
    cleanup_free char *json = cache_refusal_json(why, &c->bounds);
    if (!json)
        return err_nomem(err);
    derive_key(engine_id, digest, key);
    return cache_file_write(c, key, CACHE_REFUSAL, json, -1, 0, NULL, err);
}
