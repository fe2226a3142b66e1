/* SPDX-License-Identifier: Apache-2.0 */
#include "beneath.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The kernel gives up when a folder above a `..` is moved meanwhile. Whoever moves folders about without end gets an error in the end. */
enum { TRIES = 32 };

static int with_always(int flags)
{
    return flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK);
}

static int own_fd(long fd) { return fd < 0 ? -errno : (int)fd; }

static int kernel_open(int dir, const char *path, int flags, mode_t mode, enum beneath_rule rule)
{
    struct open_how how = {.flags = (uint64_t)with_always(flags), .mode = mode, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    how.resolve |= rule == BENEATH_GUEST ? RESOLVE_NO_XDEV : RESOLVE_NO_SYMLINKS;
    int fd = -EAGAIN;
    for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
        fd = own_fd(syscall(SYS_openat2, dir, path, &how, sizeof how));
    return fd;
}

/* What tells mounts apart. A kernel too old for ids of mounts tells file systems apart. */
struct mount {
    bool is_id;
    uint64_t id;
};

static int mount_of(int fd, struct mount *ret, mode_t *ret_mode)
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MNT_ID, &st) < 0)
        return -errno;
    bool is_id = st.stx_mask & STATX_MNT_ID;
    *ret = (struct mount){.is_id = is_id, .id = is_id ? st.stx_mnt_id : (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor};
    *ret_mode = st.stx_mode;
    return 0;
}

struct walk {
    int at; /* owned */
    bool one_mount;
    struct mount mount;
};

static void walk_finish(struct walk *w) { close(w->at); }

/* Is it on the mount that the walk is on? */
static int check_mount(const struct walk *w, int fd, mode_t *ret_mode)
{
    struct mount m = {0};
    int r = mount_of(fd, &m, ret_mode);
    if (r < 0)
        return r;
    return !w->one_mount || (m.is_id == w->mount.is_id && m.id == w->mount.id) ? 0 : -EXDEV;
}

static int step_into(struct walk *w, const char *name)
{
    mode_t mode;
    cleanup_fd int next = own_fd(openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    int r = next < 0 ? next : check_mount(w, next, &mode);
    if (r < 0)
        return r;
    if (!S_ISDIR(mode))
        return S_ISLNK(mode) ? -ELOOP : -ENOTDIR;
    close(w->at);
    w->at = take_fd(next);
    return 0;
}

/* Looks first: to open a device does something to it. What it became since is looked at again. */
static int open_last(const struct walk *w, const char *name, int flags, mode_t mode)
{
    mode_t type = 0;
    cleanup_fd int seen = own_fd(openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    int r = seen < 0 ? seen : check_mount(w, seen, &type);
    if (r < 0 && !(r == -ENOENT && (flags & O_CREAT)))
        return r;
    if (S_ISLNK(type) && !(flags & O_PATH && flags & O_NOFOLLOW))
        return -ELOOP;
    cleanup_fd int fd = own_fd(openat(w->at, name, with_always(flags) | O_NOFOLLOW, mode));
    r = fd < 0 ? fd : check_mount(w, fd, &type);
    return r < 0 ? r : take_fd(fd);
}

static int walk_to(struct walk *w, const char *path, int flags, mode_t mode)
{
    const char *p = path + strspn(path, "/");
    if (p != path)
        return -EXDEV;
    for (;;) {
        char name[NAME_MAX + 1];
        size_t n = strcspn(p, "/");
        const char *next = p + n + strspn(p + n, "/");
        if (n > NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(name, p, n);
        name[n] = '\0';
        if (strcmp(name, "..") == 0)
            return -EXDEV;
        if (!*next)
            return open_last(w, n ? name : ".", p[n] ? flags | O_DIRECTORY : flags, mode);
        int r = strcmp(name, ".") == 0 ? 0 : step_into(w, name);
        if (r < 0)
            return r;
        p = next;
    }
}

int beneath_walk(int dir, const char *path, int flags, mode_t mode, enum beneath_rule rule)
{
    int at = own_fd(openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (at < 0)
        return at;
    cleanup(walk_finish) struct walk w = {.at = at, .one_mount = rule == BENEATH_GUEST};
    mode_t type;
    int r = strlen(path) >= PATH_MAX ? -ENAMETOOLONG : mount_of(at, &w.mount, &type);
    return r < 0 ? r : walk_to(&w, path, flags, mode);
}

int beneath_open(int dir, const char *path, int flags, mode_t mode, enum beneath_rule rule)
{
    int fd = kernel_open(dir, *path ? path : ".", flags, mode, rule);
    /* EPERM is also the word of a filter for a call it does not know; where it is the file's own, the walk meets it again. */
    return fd == -ENOSYS || fd == -EPERM ? beneath_walk(dir, path, flags, mode, rule) : fd;
}

int beneath_parent(int dir, const char *path, const char **ret_name, size_t *ret_len)
{
    char parent[PATH_MAX];
    size_t end = strlen(path);
    while (end && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start && path[start - 1] != '/')
        start--;
    const char *name = path + start;
    size_t len = end - start;
    if (len == 0 || (len <= 2 && memcmp(name, "..", len) == 0))
        return -EINVAL;
    if (start >= sizeof parent || len > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(parent, path, start);
    parent[start] = '\0';
    int fd = beneath_open(dir, parent, O_PATH | O_DIRECTORY, 0, BENEATH_GUEST);
    if (fd < 0)
        return fd;
    *ret_name = name;
    *ret_len = len;
    return fd;
}
