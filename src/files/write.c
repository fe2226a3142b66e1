/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a file whole or not at all: into a new file beside it, to the disk, then in one step into its place. What was there is opened first, for writing,
 * but never written: so that its own permissions hold, and so that it is known for a regular file.
 */
#include "files.h"
#include "beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { CHUNK = 1 << 20, TEMP_NAME = 48, MODE_NEW = 0666 /* less the umask */ };

struct writing {
    int dir;               /* O_PATH, owned */
    const char *name;      /* in it */
    bool was_there;
    struct stat before;    /* if it was */
    int fd;                /* the new file, owned */
    char temp[TEMP_NAME];  /* its name; empty: there is none */
};

static void writing_finish(struct writing *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (w->temp[0])
        unlinkat(w->dir, w->temp, 0);
    if (w->dir >= 0)
        close(w->dir);
}

/* The folder of the file, and its name there. */
static int open_parent(struct writing *w, const struct file_root *root, const char *rest, struct file_use *use)
{
    size_t len;
    if (!*rest || rest[strlen(rest) - 1] == '/')
        return -EISDIR;
    int r = file_step(root, use);
    if (r < 0)
        return r;
    w->dir = beneath_parent(root->fd, rest, &w->name, &len);
    return w->dir < 0 ? w->dir : 0;
}

static int look_at_old(struct writing *w)
{
    cleanup_fd int fd = beneath_open(w->dir, w->name, O_WRONLY | O_NOFOLLOW, 0, BENEATH_GUEST);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (fstat(fd, &w->before) < 0)
        return -errno;
    w->was_there = true;
    return S_ISREG(w->before.st_mode) ? 0 : -EBADF;
}

static int open_temp(struct writing *w)
{
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return -EIO;
    char name[TEMP_NAME];
    snprintf(name, sizeof name, ".cordon-%016" PRIx64 "%016" PRIx64, random[0], random[1]);
    /* Nobody reads in it, while it is being written, who could not read the old one. */
    w->fd = beneath_open(w->dir, name, O_WRONLY | O_CREAT | O_EXCL, w->was_there ? w->before.st_mode & 0600 : MODE_NEW, BENEATH_GUEST);
    if (w->fd < 0)
        return w->fd;
    memcpy(w->temp, name, sizeof name);
    return 0;
}

static int put_all(int fd, const char *data, size_t len, const struct file_use *use)
{
    while (len) {
        if (atomic_load_explicit(&use->stop, memory_order_relaxed))
            return -ECANCELED;
        ssize_t n = write(fd, data, len < CHUNK ? len : CHUNK);
        if (n < 0 && errno != EINTR)
            return -errno;
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* As the old one was; a group that cannot be kept loses what it could, rather than that another gains it. */
static int keep_mode(const struct writing *w)
{
    if (!w->was_there)
        return 0;
    struct stat now;
    mode_t mode = w->before.st_mode & 0777;
    if (fstat(w->fd, &now) < 0)
        return -errno;
    if ((now.st_uid != w->before.st_uid || now.st_gid != w->before.st_gid) && fchown(w->fd, w->before.st_uid, w->before.st_gid) < 0)
        mode &= now.st_gid == w->before.st_gid ? 0777 : 0707;
    return fchmod(w->fd, mode) < 0 ? -errno : 0;
}

/* Some file systems know no fsync; then there is nothing better. */
static int to_disk(int fd)
{
    return fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP ? -errno : 0;
}

/* A folder that may be written but not read cannot be told to go to the disk; the file is whole either way. */
static void folder_to_disk(int dir)
{
    cleanup_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        fsync(fd);
}

static int put_in_place(struct writing *w, const struct file_use *use)
{
    int r = keep_mode(w);
    if (r < 0 || (r = to_disk(w->fd)) < 0)
        return r;
    if (atomic_load_explicit(&use->stop, memory_order_relaxed))
        return -ECANCELED;
    if (renameat(w->dir, w->temp, w->dir, w->name) < 0)
        return -errno;
    w->temp[0] = '\0';
    folder_to_disk(w->dir);
    return 0;
}

int file_write(const struct file_root *root, const char *rest, const void *data, size_t len, struct file_use *use, cordon_error **err)
{
    cleanup(writing_finish) struct writing w = {.dir = -1, .fd = -1};
    int r = open_parent(&w, root, rest, use);
    if (r < 0 || (r = look_at_old(&w)) < 0 || (r = open_temp(&w)) < 0 || (r = put_all(w.fd, data, len, use)) < 0 || (r = put_in_place(&w, use)) < 0)
        return file_errno(err, r);
    return 0;
}
