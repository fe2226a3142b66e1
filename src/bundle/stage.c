/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders beneath the staging folder. Each is locked (flock, on the folder itself) from the moment it is there until it is closed; whoever makes one shares the lock
 * of the staging folder meanwhile, and a sweep takes that for itself: so it never meets one that is there and not yet locked.
 */
#include "bundle/stage.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "base/scratch.h"
#include "bundle/walk.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { RANDOM = 16 };

static void cleanup_folder(DIR **d) { if (*d) closedir(*d); }

static int lock(int fd, int how, const char *path, cordon_error **err)
{
    while (flock(fd, how) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, "lock", path);
    return 0;
}

/* ---- a fresh one ---- */

static int make_folder(struct draft *d, int above, const char *name, cordon_error **err)
{
    if (mkdirat(above, name, 0700) < 0 || fchmodat(above, name, 0700, 0) < 0)
        return err_errno(err, errno, "make the folder", d->b.path);
    d->b.fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    d->b.staged = d->b.fd >= 0;
    return d->b.fd < 0 ? err_errno(err, errno, "open", d->b.path) : lock(d->b.fd, LOCK_EX, d->b.path, err);
}

int bundle_staging_path(const char *staging, char **ret, cordon_error **err)
{
    uint8_t random[RANDOM];
    char name[2 * RANDOM + 1], *path;
    int r = draft_start(err);
    if (r < 0)
        return r;
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(name, sizeof name, random, sizeof random);
    if (asprintf(&path, "%s/%s", staging, name) < 0)
        return err_nomem(err);
    *ret = path;
    return 0;
}

int stage_begin(struct draft *d, const char *staging, cordon_error **err)
{
    cleanup_fd int above = -1;
    int r = safe_folder_make(staging, &above, err);
    if (r < 0 || (r = lock(above, LOCK_SH, staging, err)) < 0 || (r = bundle_staging_path(staging, &d->b.path, err)) < 0)
        return r;
    return make_folder(d, above, strrchr(d->b.path, '/') + 1, err);
}

void stage_finish(struct draft *d)
{
    taken_finish(&d->taken);
    bundle_discard(&d->b);
}

/* ---- from a folder, from one file ---- */

int bundle_stage_folder(const char *staging, const char *source, struct bundle *ret, cordon_error **err)
{
    cleanup(stage_finish) struct draft d = DRAFT(true, CORDON_E_BAD_ARTIFACT);
    cleanup_fd int fd = -1;
    int r = walk_open(source, &fd, err);
    if (r < 0 || (r = stage_begin(&d, staging, err)) < 0)
        return r;
    if ((r = walk_folder(&d, fd, source, false, err)) < 0 || (r = draft_end(&d, ret, err)) < 0)
        return err_wrap(err, r == -CORDON_E_IO || r == -CORDON_E_NO_RESOURCES ? "%s cannot be taken in" : "%s is no folder of a skill", source);
    return 0;
}

static int put(struct draft *d, const char *path, bool executable, const void *data, size_t len, cordon_error **err)
{
    cleanup(sink_finish) struct sink s = SINK_NONE;
    int r = draft_open(d, path, strlen(path), executable, false, &s, err);
    if (r < 0 || (r = draft_write(d, &s, data, len, err)) < 0)
        return r;
    return draft_close(d, &s, err);
}

int bundle_stage_file(const char *staging, int fd, const char *name, struct bundle *ret, cordon_error **err)
{
    cleanup(stage_finish) struct draft d = DRAFT(true, CORDON_E_BAD_ARTIFACT);
    cleanup(sink_finish) struct sink s = SINK_NONE;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_errno(err, errno, "read", name);
    int r = stage_begin(&d, staging, err);
    if (r < 0 || (r = draft_open(&d, name, strlen(name), false, false, &s, err)) < 0 || (r = draft_copy(&d, &s, fd, err)) < 0 ||
        (r = draft_close(&d, &s, err)) < 0)
        return r;
    return draft_end(&d, ret, err);
}

/* ---- what is done to a staged one ---- */

/* Moves `b` into a draft, without the file `path`, which is removed. */
static int resume(struct draft *d, struct bundle *b, const char *path, cordon_error **err)
{
    int r = 0;
    size_t at = b->n;
    for (size_t i = 0; r >= 0 && i < b->n; i++)
        if (!strcmp(b->file[i].path, path))
            at = i;
        else
            r = taken_add(&d->taken, b->file[i].path, d->refusal, err);
    if (r < 0)
        return r;
    if (at < b->n) {
        if (unlinkat(b->fd, path, 0) < 0)
            return err_errno(err, errno, "replace", path);
        b->bytes -= b->file[at].len;
        free(b->file[at].path);
        memmove(&b->file[at], &b->file[at + 1], (--b->n - at) * sizeof *b->file);
    }
    d->b = *b;
    d->cap = b->n;
    *b = (struct bundle)BUNDLE_NONE;
    return 0;
}

int bundle_add(struct bundle *b, const char *path, uint32_t mode, const void *data, size_t len, cordon_error **err)
{
    struct draft d = DRAFT(true, CORDON_E_BAD_ARTIFACT);
    int r = path_check(path, strlen(path), d.refusal, err);
    if (r >= 0 && (r = resume(&d, b, path, err)) >= 0 && (r = put(&d, path, mode & 0100, data, len, err)) >= 0)
        return draft_end(&d, b, err);
    taken_finish(&d.taken);
    if (b->fd < 0) {   /* it is what it was, or lacks the file: the caller discards it */
        *b = d.b;
        d.b = (struct bundle)BUNDLE_NONE;
    }
    return r;
}

static int settle_folder(int at, cordon_error **err)
{
    cleanup(cleanup_folder) DIR *d = NULL;
    int again = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    if (again < 0 || !(d = fdopendir(again))) {
        r = err_errno(err, errno, "list", "a staged folder");
        if (again >= 0)
            close(again);
        return r;
    }
    for (struct dirent *e; r >= 0 && (e = readdir(d));) {
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        cleanup_fd int fd = openat(at, e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
            return err_errno(err, errno, "open", e->d_name);
        if (S_ISDIR(st.st_mode))
            r = settle_folder(fd, err);
        if (r >= 0 && (fchmod(fd, st.st_mode & 0500) < 0 || fsync(fd) < 0))
            r = err_errno(err, errno, "write", e->d_name);
    }
    return r;
}

int bundle_settle(struct bundle *b, cordon_error **err)
{
    int r = settle_folder(b->fd, err);
    return r < 0 ? r : fsync(b->fd) < 0 ? err_errno(err, errno, "write", b->path) : 0;
}

void bundle_discard(struct bundle *b)
{
    if (b->staged && b->path)   /* the lock is held while it goes */
        scratch_remove(take(b->path));
    bundle_finish(b);
}

/* ---- what dead ones left ---- */

/* Only what this room makes: digits. */
static bool is_staged(const char *name) { return strlen(name) == 2 * RANDOM && strspn(name, "0123456789abcdef") == 2 * RANDOM; }

static void sweep_one(int above, const char *staging, const char *name)
{
    char *path;
    cleanup_fd int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && asprintf(&path, "%s/%s", staging, name) >= 0)
        scratch_remove(path);
}

int bundle_sweep(const char *staging, cordon_error **err)
{
    cleanup_fd int above = -1;
    cleanup(cleanup_folder) DIR *d = NULL;
    int r = safe_folder_open(staging, &above, err), again;
    if (r <= 0 || (r = lock(above, LOCK_EX, staging, err)) < 0)
        return r;
    if ((again = openat(above, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 || !(d = fdopendir(again))) {
        r = err_errno(err, errno, "list", staging);
        if (again >= 0)
            close(again);
        return r;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (is_staged(e->d_name))
            sweep_one(above, staging, e->d_name);
    return 0;
}
