/* SPDX-License-Identifier: Apache-2.0
 * One step at a time beneath a root. */
#include "files.h"
#include "beneath.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

struct file_use *file_use_new(void)
{
    struct file_use *u = calloc(1, sizeof *u);
    if (u)
        u->refs = 1;
    return u;
}

void file_use_ref(struct file_use *u) { atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed); }

void file_use_unref(struct file_use *u)
{
    if (u && atomic_fetch_sub_explicit(&u->refs, 1, memory_order_acq_rel) == 1)
        free(u);
}

int file_step(const struct file_root *r, struct file_use *use)
{
    if (atomic_load_explicit(&use->stop, memory_order_relaxed))
        return -ECANCELED;
    if (atomic_fetch_add(&use->opens, 1) >= FILE_OPENS_MAX) {
        atomic_fetch_sub(&use->opens, 1);
        return -EUSERS;
    }
    return file_root_check(r);
}

static int done(int r) { return r < 0 ? -errno : 0; }

int file_at_open(const struct file_root *r, int folder, const char *path, int flags, mode_t mode, struct file_use *use)
{
    struct stat st;
    int rc = file_step(r, use);
    if (rc < 0)
        return rc;
    cleanup_fd int fd = beneath_open(folder, path, flags, mode, BENEATH_GUEST);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? take_fd(fd) : -EBADF;
}

int file_open(const struct file_root *r, const char *rest, int flags, mode_t mode, struct file_use *use)
{
    return file_at_open(r, r->fd, rest, flags, mode, use);
}

int file_at_look(const struct file_root *r, int folder, const char *path, bool follow, struct stat *ret)
{
    int rc = file_root_check(r);
    if (rc < 0)
        return rc;
    cleanup_fd int fd = beneath_open(folder, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0, BENEATH_GUEST);
    return fd < 0 ? fd : done(fstat(fd, ret));
}

/* The last name of a path, and the folder it is in. */
struct place {
    int folder; /* owned */
    char name[NAME_MAX + 1];
};

static void place_finish(struct place *p)
{
    if (p->folder >= 0)
        close(p->folder);
}

static int find_place(int folder, const char *path, struct place *ret)
{
    const char *name;
    size_t len;
    ret->folder = beneath_parent(folder, path, &name, &len);
    if (ret->folder < 0)
        return ret->folder;
    memcpy(ret->name, name, len);
    ret->name[len] = '\0';
    return 0;
}

int file_at_make_folder(const struct file_root *r, int folder, const char *path, struct file_use *use)
{
    cleanup(place_finish) struct place at = {.folder = -1};
    int rc = file_step(r, use);
    if (rc < 0 || (rc = find_place(folder, path, &at)) < 0)
        return rc;
    return done(mkdirat(at.folder, at.name, 0777));
}

int file_at_remove(const struct file_root *r, int folder, const char *path, bool is_folder, struct file_use *use)
{
    cleanup(place_finish) struct place at = {.folder = -1};
    int rc = file_step(r, use);
    if (rc < 0 || (rc = find_place(folder, path, &at)) < 0)
        return rc;
    return done(unlinkat(at.folder, at.name, is_folder ? AT_REMOVEDIR : 0));
}

int file_at_rename(const struct file_root *r, int folder, const char *path, const struct file_root *to, int to_folder, const char *to_path, struct file_use *use)
{
    cleanup(place_finish) struct place from = {.folder = -1}, at = {.folder = -1};
    int rc = file_step(r, use);
    if (rc < 0 || (rc = file_root_check(to)) < 0 || (rc = find_place(folder, path, &from)) < 0 || (rc = find_place(to_folder, to_path, &at)) < 0)
        return rc;
    return done(renameat(from.folder, from.name, at.folder, at.name));
}

/* As the kernel writes them. */
struct entry {
    uint64_t ino;
    int64_t off;
    unsigned short len;
    unsigned char type;
    char name[];
};

static bool is_shown(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && text_is_utf8(name, strlen(name));
}

int file_list(int folder, char *buf, size_t size)
{
    enum { BLOCK = 32 << 10 };
    cleanup_free char *block = malloc(BLOCK);
    size_t len = 0;
    if (!block)
        return -ENOMEM;
    while (!len) { /* none of a block may be shown */
        long n = syscall(SYS_getdents64, folder, block, size < BLOCK ? size : BLOCK);
        if (n <= 0)
            return n < 0 ? -errno : 0;
        for (long at = 0; at < n; at += ((const struct entry *)(block + at))->len) {
            const struct entry *e = (const struct entry *)(block + at);
            if (!is_shown(e->name))
                continue;
            buf[len++] = (char)e->type; /* shorter than the kernel's form, so it fits */
            size_t name = strlen(e->name) + 1;
            memcpy(buf + len, e->name, name);
            len += name;
        }
    }
    return (int)len;
}
