/* SPDX-License-Identifier: Apache-2.0
 * From a grant to an open folder. The words of the grant were looked at when it was parsed; here it is the folder itself. */
#include "files.h"
#include "beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static const char *const kernels_places[] = {"/proc", "/sys", "/dev", "/run"};
/* Wherever they are mounted. */
static const unsigned long kernels_own[] = {
    PROC_SUPER_MAGIC, SYSFS_MAGIC, DEVPTS_SUPER_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC,
    BPF_FS_MAGIC, NSFS_MAGIC, EFIVARFS_MAGIC, PSTOREFS_MAGIC,
};

void file_root_ref(struct file_root *r) { atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed); }

void file_root_unref(struct file_root *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r->guest);
    free(r->path);
    free(r);
}

static void cleanup_root(struct file_root **r) { file_root_unref(*r); }

static int refuse(cordon_error **err, const char *path, const char *why)
{
    return err_set(err, CORDON_E_USAGE, path, "%s cannot be granted: %s", path, why);
}

static bool is_at_or_beneath(const char *path, const char *above)
{
    size_t n = strcmp(above, "/") == 0 ? 0 : strlen(above);
    return strncmp(path, above, n) == 0 && (path[n] == '/' || !path[n]);
}

static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    slash[slash == path] = '\0';
}

/* The real path of what there is of `path`, and the rest of it as it is: a place to protect may not exist yet. */
static int real_place(const char *path, char ret[PATH_MAX])
{
    char there[PATH_MAX], real[PATH_MAX];
    if (path[0] != '/' || strlen(path) >= PATH_MAX)
        return -1;
    strcpy(there, path);
    while (!realpath(there, real)) {
        if (strcmp(there, "/") == 0)
            return -1;
        cut_last(there);
    }
    const char *rest = path + strlen(there);
    rest += strspn(rest, "/");
    size_t n = strcmp(real, "/") == 0 ? 0 : strlen(real);
    if (n + 1 + strlen(rest) >= PATH_MAX)
        return -1;
    memcpy(ret, real, n);
    ret[n] = '\0';
    if (*rest || !n) {
        ret[n] = '/';
        strcpy(ret + n + 1, rest);
    }
    return 0;
}

/* Is the root this folder, or one above it, under whatever name (a bind mount)? */
static bool is_above(const struct file_root *r, const char *path)
{
    char at[PATH_MAX];
    struct stat st;
    strcpy(at, path);
    for (;;) {
        if (stat(at, &st) == 0 && st.st_dev == r->dev && st.st_ino == r->ino)
            return true;
        if (strcmp(at, "/") == 0)
            return false;
        cut_last(at);
    }
}

static const char *why_not_kernels(const struct file_root *r)
{
    struct statfs fs;
    for (size_t i = 0; i < sizeof kernels_places / sizeof *kernels_places; i++)
        if (is_at_or_beneath(r->path, kernels_places[i]))
            return "it lies in /proc, /sys, /dev or /run";
    if (fstatfs(r->fd, &fs) < 0)
        return "the kernel does not say what file system it is on";
    for (size_t i = 0; i < sizeof kernels_own / sizeof *kernels_own; i++)
        if ((unsigned long)fs.f_type == kernels_own[i])
            return "it is a file system of the kernel's own";
    return NULL;
}

static int check_place(const struct file_root *r, const struct file_place *place, cordon_error **err)
{
    char real[PATH_MAX];
    if (!(r->access & place->access))
        return 0;
    if (real_place(place->path, real) < 0)
        return refuse(err, r->path, "it cannot be told whether it holds a folder that must stay out of reach");
    if (is_at_or_beneath(r->path, real))
        return err_set(err, CORDON_E_USAGE, r->path, "%s cannot be granted: it lies in %s (%s)", r->path, place->what, real);
    if (is_at_or_beneath(real, r->path) || is_above(r, real))
        return err_set(err, CORDON_E_USAGE, r->path, "%s cannot be granted: it contains %s (%s)", r->path, place->what, real);
    return 0;
}

static int check_root(const struct file_root *r, const struct file_guard *guard, cordon_error **err)
{
    char home[PATH_MAX];
    const char *why = why_not_kernels(r);
    if (!why && is_above(r, "/"))
        why = "it is the whole file system; name a folder";
    if (!why && guard->home && real_place(guard->home, home) == 0 && is_above(r, home))
        why = "it is the home folder, or contains it; name a folder in it";
    if (why)
        return refuse(err, r->path, why);
    int rc = 0;
    for (size_t i = 0; i < guard->n && rc == 0; i++)
        rc = check_place(r, &guard->places[i], err);
    return rc;
}

/* By its real path, which has no links: if one is there now, somebody has just changed it. */
static int open_real(const char *path)
{
    cleanup_fd int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return top < 0 ? -errno : beneath_open(top, path + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH_OPERATOR);
}

static int identify(struct file_root *r)
{
    struct stat st;
    if ((r->fd = open_real(r->path)) < 0)
        return r->fd;
    if (fstat(r->fd, &st) < 0)
        return -errno;
    r->dev = st.st_dev;
    r->ino = st.st_ino;
    return 0;
}

static int cannot_open(cordon_error **err, const char *path, int errnum)
{
    int rc = err_set(err, CORDON_E_USAGE, path, "the folder %s cannot be granted: %s", path, strerror(errnum));
    if (errnum == ENOENT)
        return err_hint(err, "Make the folder first, or name one that exists.");
    return errnum == ENOTDIR ? err_hint(err, "Grant the folder that the file lies in.") : rc;
}

int file_root_open(const struct grant *g, const struct file_guard *guard, struct file_root **ret, cordon_error **err)
{
    cleanup(cleanup_root) struct file_root *r = calloc(1, sizeof *r);
    if (!r)
        return err_nomem(err);
    *r = (struct file_root){.refs = 1, .fd = -1, .access = g->access, .guest = strdup(g->guest), .path = realpath(g->path, NULL)};
    if (!r->path)
        return cannot_open(err, g->path, errno);
    if (!r->guest)
        return err_nomem(err);
    int rc = identify(r);
    if (rc < 0)
        return cannot_open(err, g->path, -rc);
    if ((rc = check_root(r, guard, err)) < 0)
        return rc;
    *ret = take(r);
    return 0;
}

int file_root_check(const struct file_root *r)
{
    struct stat st;
    return lstat(r->path, &st) == 0 && st.st_dev == r->dev && st.st_ino == r->ino ? 0 : -ESTALE;
}
