/* SPDX-License-Identifier: Apache-2.0
 * Folders as they are. */
#include "base/cleanup.h"
#include "base/error.h"
#include "bundle/walk.h"
#include "files/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Takes `fd`. */
static int read_into(int fd, const char *path, bool as_kept, enum cordon_errc refusal, struct bundle *ret, cordon_error **err)
{
    cleanup(draft_finish) struct draft d = DRAFT(false, refusal);
    d.b.fd = fd;
    if (!(d.b.path = strdup(path)))
        return err_nomem(err);
    int r = draft_start(err);
    if (r < 0 || (r = walk_folder(&d, fd, path, as_kept, err)) < 0)
        return r;
    return draft_end(&d, ret, err);
}

int bundle_read(int folder, const char *path, struct bundle *ret, cordon_error **err)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "open", path);
    int r = read_into(fd, path, true, CORDON_E_DAMAGED, ret, err);
    return r < 0 ? err_wrap(err, "%s is not as it was installed", path) : 0;
}

int bundle_survey(const char *source, struct bundle *ret, cordon_error **err)
{
    int fd = -1, r = walk_open(source, &fd, err);
    if (r < 0 || (r = read_into(fd, source, false, CORDON_E_BAD_ARTIFACT, ret, err)) == 0)
        return r;
    return err_wrap(err, "%s is no folder of a skill", source);
}

/* ---- one file of it ---- */

int bundle_open(const struct bundle *b, const char *path, int *ret_fd, cordon_error **err)
{
    struct stat st;
    cleanup_fd int fd = bundle_find(b, path) ? beneath_open(b->fd, path, O_RDONLY | O_NOFOLLOW, 0, BENEATH_OPERATOR) : -ENOENT;
    if (fd == -ENOENT || fd == -ENOTDIR)
        return err_set(err, CORDON_E_NOT_FOUND, path, "there is no %s in %s", path, b->path);
    if (fd < 0)
        return err_errno(err, -fd, "open", path);
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_DAMAGED, path, "%s/%s is not a regular file", b->path, path);
    *ret_fd = take_fd(fd);
    return 0;
}

static int read_exactly(int fd, const char *path, char *data, size_t len, cordon_error **err)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, data + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", path);
        if (!n)
            return err_set(err, CORDON_E_DIGEST_MISMATCH, path, "%s is shorter than it was", path);
        at += (size_t)n;
    }
    return 0;
}

int bundle_load(const struct bundle *b, const char *path, size_t max, char **ret, size_t *ret_len, cordon_error **err)
{
    uint8_t hash[BUNDLE_DIGEST];
    cleanup_fd int fd = -1;
    const struct bundle_file *f = bundle_find(b, path);
    int r = bundle_open(b, path, &fd, err);
    if (r < 0)
        return r;
    if (f->len > max)
        return err_set(err, CORDON_E_TOO_LARGE, path, "%s has more than %zu bytes", path, max);
    size_t len = (size_t)f->len;
    cleanup_free char *data = malloc(len + 1);
    if (!data)
        return err_nomem(err);
    if ((r = read_exactly(fd, path, data, len, err)) < 0)
        return r;
    crypto_hash_sha256(hash, (const uint8_t *)data, len);
    if (memcmp(hash, f->sha256, sizeof hash))
        return err_set(err, CORDON_E_DIGEST_MISMATCH, path, "%s/%s was changed", b->path, path);
    data[len] = '\0';
    *ret_len = len;
    *ret = take(data);
    return 0;
}
