/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/draft.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK = 64 << 10 };
#define SIGNATURE "cordon.sig"

int draft_start(cordon_error **err)
{
    return sodium_init() < 0 ? err_set(err, CORDON_E_KERNEL, NULL, "no source of random numbers") : 0;
}

/* ---- a file of it ---- */

/* Makes a folder that is not there, and opens it. Nothing in a draft's folder is a link: nobody but us writes in it. */
static int enter(int at, const char *name, int *ret, cordon_error **err)
{
    if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "make the folder", name);
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && fchmodat(at, name, 0700, 0) == 0) /* an odd umask */
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "open the folder", name);
    *ret = fd;
    return 0;
}

static int create(int top, const char *path, bool executable, int *ret, cordon_error **err)
{
    char name[BUNDLE_PATH_MAX + 1];
    cleanup_fd int at = -1;
    const char *slash;
    for (; (slash = strchr(path, '/')); path = slash + 1) {
        int next = -1;
        snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
        int r = enter(at < 0 ? top : at, name, &next, err);
        if (r < 0)
            return r;
        if (at >= 0)
            close(at);
        at = next;
    }
    cleanup_fd int fd = openat(at < 0 ? top : at, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, executable ? 0700 : 0600) < 0)
        return err_errno(err, errno, "write", path);
    *ret = take_fd(fd);
    return 0;
}

static int make_room(struct draft *d, cordon_error **err)
{
    if (d->b.n >= BUNDLE_FILES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "there are more than %d files in it", BUNDLE_FILES_MAX);
    if (d->b.n < d->cap)
        return 0;
    size_t cap = d->cap ? 2 * d->cap : 16;
    void *more = reallocarray(d->b.file, cap, sizeof *d->b.file);
    if (!more)
        return err_nomem(err);
    d->b.file = more;
    d->cap = cap;
    return 0;
}

int draft_open(struct draft *d, const char *path, size_t path_len, bool executable, bool may_be_left_out, struct sink *ret, cordon_error **err)
{
    cleanup(sink_finish) struct sink s = SINK_NONE;
    int r = path_check(path, path_len, d->refusal, err);
    if (r < 0)
        return r;
    if (!(s.file.path = strndup(path, path_len)))
        return err_nomem(err);
    if (path_is_left_out(s.file.path)) {
        d->b.left_out++;
        return may_be_left_out ? 0 : err_set(err, d->refusal, s.file.path, "\"%s\" is nothing that a skill may have in it", s.file.path);
    }
    if ((r = taken_add(&d->taken, s.file.path, d->refusal, err)) < 0 || (r = make_room(d, err)) < 0 ||
        (d->writes && (r = create(d->b.fd, s.file.path, executable, &s.fd, err)) < 0))
        return r;
    s.file.mode = executable ? 0755 : 0644;
    crypto_hash_sha256_init(&s.hash);
    *ret = s;
    s = (struct sink)SINK_NONE;
    return 1;
}

int draft_write(struct draft *d, struct sink *s, const void *data, size_t len, cordon_error **err)
{
    if (len > BUNDLE_BYTES_MAX - d->b.bytes)
        return err_set(err, CORDON_E_TOO_LARGE, s->file.path, "its files have more than %d MiB together", BUNDLE_BYTES_MAX >> 20);
    d->b.bytes += len;
    s->file.len += len;
    crypto_hash_sha256_update(&s->hash, data, len);
    for (const char *p = data; s->fd >= 0 && len;) {
        ssize_t n = write(s->fd, p, len);
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "write", s->file.path);
        p += n < 0 ? 0 : n;
        len -= n < 0 ? 0 : (size_t)n;
    }
    return 0;
}

int draft_copy(struct draft *d, struct sink *s, int fd, cordon_error **err)
{
    cleanup_free char *chunk = malloc(CHUNK);
    if (!chunk)
        return err_nomem(err);
    for (int r;;) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", s->file.path);
        if (!n)
            return 0;
        if ((r = draft_write(d, s, chunk, (size_t)n, err)) < 0)
            return r;
    }
}

int draft_close(struct draft *d, struct sink *s, cordon_error **err)
{
    if (s->fd >= 0 && close(take_fd(s->fd)) < 0)
        return err_errno(err, errno, "write", s->file.path);
    crypto_hash_sha256_final(&s->hash, s->file.sha256);
    d->b.file[d->b.n++] = s->file;
    s->file.path = NULL;
    return 0;
}

void sink_finish(struct sink *s)
{
    if (s->fd >= 0)
        close(s->fd);
    free(s->file.path);
    *s = (struct sink)SINK_NONE;
}

/* ---- the whole ---- */

static int by_path(const void *a, const void *b) { return strcmp(((const struct bundle_file *)a)->path, ((const struct bundle_file *)b)->path); }

static void hash_u32(crypto_hash_sha256_state *h, uint32_t n)
{
    crypto_hash_sha256_update(h, (const uint8_t[]){(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}, 4);
}

static void hash_file(crypto_hash_sha256_state *h, const struct bundle_file *f)
{
    size_t len = strlen(f->path);
    hash_u32(h, (uint32_t)len);
    crypto_hash_sha256_update(h, (const uint8_t *)f->path, len);
    hash_u32(h, f->mode);
    hash_u32(h, (uint32_t)(f->len >> 32));
    hash_u32(h, (uint32_t)f->len);
    crypto_hash_sha256_update(h, f->sha256, BUNDLE_DIGEST);
}

static void sum_up(struct bundle *b)
{
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    qsort(b->file, b->n, sizeof *b->file, by_path);
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->file[i].path, SIGNATURE))
            hash_file(&h, &b->file[i]);
    crypto_hash_sha256_final(&h, b->digest);
}

int draft_end(struct draft *d, struct bundle *ret, cordon_error **err)
{
    if (!d->b.n)
        return err_set(err, d->refusal, NULL, d->b.left_out ? "there are no files in it but what is left out" : "there are no files in it");
    sum_up(&d->b);
    *ret = d->b;
    d->b = (struct bundle)BUNDLE_NONE;
    draft_finish(d);
    return 0;
}

void draft_finish(struct draft *d)
{
    taken_finish(&d->taken);
    bundle_finish(&d->b);
}
