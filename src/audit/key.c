/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/key.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "base/text.h"
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

enum { CHECK = 16, FILE_SIZE = AUDIT_KEY + CHECK };
#define FILE_NAME "audit.key"

static void cleanup_sodium(uint8_t **p) { sodium_free(*p); }

static void make_check(const uint8_t key[AUDIT_KEY], uint8_t check[CHECK])
{
    crypto_generichash(check, CHECK, (const uint8_t *)FILE_NAME, strlen(FILE_NAME), key, AUDIT_KEY);
}

int audit_key_lost(const struct home *h, const char *what, cordon_error **err)
{
    cleanup(buf_finish) struct buf quoted;
    buf_init(&quoted, 4 * PATH_MAX);
    int r = err_set(err, CORDON_E_DAMAGED, FILE_NAME, "%s/" FILE_NAME " %s, and without it the audit can be neither verified nor gone on with", h->path, what);
    if (!text_quote_sh(&quoted, h->path))
        err_hint(err, "Restore it from a backup. Or keep the audit as it is and begin another: cd %s && mkdir old-audit && mv audit.* old-audit", quoted.data);
    return r;
}

int audit_key_read(const struct home *h, uint8_t **ret, cordon_error **err)
{
    struct stat st;
    uint8_t check[CHECK];
    cleanup_fd int fd = -1;
    int r = safe_file_open(h->fd, h->path, FILE_NAME, O_RDONLY, &fd, &st, err);
    if (r <= 0)
        return r;
    if (st.st_size != FILE_SIZE)
        return audit_key_lost(h, "is not whole", err);
    cleanup(cleanup_sodium) uint8_t *file = sodium_malloc(FILE_SIZE), *key = sodium_malloc(AUDIT_KEY);
    if (!file || !key)
        return err_nomem(err);
    if (safe_read(fd, file, FILE_SIZE) < 0)
        return audit_key_lost(h, "cannot be read", err);
    memcpy(key, file, AUDIT_KEY);
    make_check(key, check);
    if (sodium_memcmp(check, file + AUDIT_KEY, CHECK))
        return audit_key_lost(h, "was changed", err);
    *ret = take(key);
    return 1;
}

int audit_key_make(const struct home *h, uint8_t **ret, cordon_error **err)
{
    cleanup(cleanup_sodium) uint8_t *file = sodium_malloc(FILE_SIZE);
    if (!file)
        return err_nomem(err);
    randombytes_buf(file, AUDIT_KEY);
    make_check(file, file + AUDIT_KEY);
    int r = safe_write(h->fd, h->path, FILE_NAME, file, FILE_SIZE, true, err);
    if (r < 0)
        return r;
    r = audit_key_read(h, ret, err);
    return r ? r : audit_key_lost(h, "does not stay", err);
}
