/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/secret_key.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

enum { CHECK = 16, FILE_SIZE = SECRET_KEY + CHECK };
#define FILE_NAME "secrets.key"

static void cleanup_sodium(uint8_t **p) { sodium_free(*p); }
static void cleanup_buf(struct buf *b) { buf_finish(b); }

static void make_check(const uint8_t key[SECRET_KEY], uint8_t check[CHECK])
{
    crypto_generichash(check, CHECK, (const uint8_t *)FILE_NAME, strlen(FILE_NAME), key, SECRET_KEY);
}

int secret_key_lost(const struct home *h, const char *what, cordon_error **err)
{
    cleanup(cleanup_buf) struct buf quoted;
    buf_init(&quoted, 4 * PATH_MAX);
    int r = err_set(err, CORDON_E_DAMAGED, FILE_NAME, "%s/" FILE_NAME " %s, and without it no secret can be opened", h->path, what);
    if (!text_quote_sh(&quoted, h->path))
        err_hint(err, "Restore it from a backup. Or give the secrets up and set them again: rm -r -- %s/secrets %s/" FILE_NAME, quoted.data, quoted.data);
    return r;
}

int secret_key_read(const struct home *h, uint8_t **ret, cordon_error **err)
{
    struct stat st;
    uint8_t check[CHECK];
    cleanup_fd int fd = -1;
    int r = safe_file_open(h->fd, h->path, FILE_NAME, O_RDONLY, &fd, &st, err);
    if (r <= 0)
        return r;
    if (st.st_size != FILE_SIZE)
        return secret_key_lost(h, "is not whole", err);
    cleanup(cleanup_sodium) uint8_t *file = sodium_malloc(FILE_SIZE), *key = sodium_malloc(SECRET_KEY);
    if (!file || !key)
        return err_nomem(err);
    if (safe_read(fd, file, FILE_SIZE) < 0)
        return err_errno(err, errno, "read", FILE_NAME);
    memcpy(key, file, SECRET_KEY);
    make_check(key, check);
    if (sodium_memcmp(check, file + SECRET_KEY, CHECK))
        return secret_key_lost(h, "was changed", err);
    *ret = take(key);
    return 1;
}

int secret_key_make(const struct home *h, uint8_t **ret, cordon_error **err)
{
    cleanup(cleanup_sodium) uint8_t *file = sodium_malloc(FILE_SIZE);
    if (!file)
        return err_nomem(err);
    randombytes_buf(file, SECRET_KEY);
    make_check(file, file + SECRET_KEY);
    int r = safe_write(h->fd, h->path, FILE_NAME, file, FILE_SIZE, true, err);
    if (r < 0)
        return r;
    r = secret_key_read(h, ret, err);
    return r ? r : secret_key_lost(h, "does not stay", err);
}
