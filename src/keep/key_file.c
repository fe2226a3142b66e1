/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/key_file.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>

enum { CHECK = 16, FILE_SIZE = KEY_FILE_KEY + CHECK };

static void cleanup_sodium(uint8_t **p) { sodium_free(*p); }

static void make_check(const struct key_file *f, const uint8_t key[KEY_FILE_KEY], uint8_t check[CHECK])
{
    crypto_generichash(check, CHECK, (const uint8_t *)f->name, strlen(f->name), key, KEY_FILE_KEY);
}

int key_file_read(const struct key_file *f, const struct home *h, uint8_t **ret, cordon_error **err)
{
    struct stat st;
    uint8_t check[CHECK];
    cleanup_fd int fd = -1;
    int r = safe_file_open(h->fd, h->path, f->name, O_RDONLY, &fd, &st, err);
    if (r <= 0)
        return r;
    if (st.st_size != FILE_SIZE)
        return f->lost(h, "is not whole", err);
    cleanup(cleanup_sodium) uint8_t *file = sodium_malloc(FILE_SIZE), *key = sodium_malloc(KEY_FILE_KEY);
    if (!file || !key)
        return err_nomem(err);
    if (safe_read(fd, file, FILE_SIZE) < 0)
        return err_errno(err, errno, "read", f->name);
    memcpy(key, file, KEY_FILE_KEY);
    make_check(f, key, check);
    if (sodium_memcmp(check, file + KEY_FILE_KEY, CHECK))
        return f->lost(h, "was changed", err);
    *ret = take(key);
    return 1;
}

int key_file_make(const struct key_file *f, const struct home *h, uint8_t **ret, cordon_error **err)
{
    cleanup(cleanup_sodium) uint8_t *file = sodium_malloc(FILE_SIZE);
    if (!file)
        return err_nomem(err);
    randombytes_buf(file, KEY_FILE_KEY);
    make_check(f, file, file + KEY_FILE_KEY);
    int r = safe_write(h->fd, h->path, f->name, file, FILE_SIZE, true, err);
    if (r < 0)
        return r;
    r = key_file_read(f, h, ret, err);
    return r ? r : f->lost(h, "does not stay", err);
}
