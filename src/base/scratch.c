/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scratch.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { PASSES_MAX = 1 << 20 };

int scratch_make(const char *prefix, char **ret, cordon_error **err)
{
    const char *base = secure_getenv("TMPDIR");
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/%s-XXXXXX", base && base[0] == '/' ? base : "/tmp", prefix) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    if (!mkdtemp(path))
        return err_errno(err, errno, "make the folder", path);
    *ret = take(path);
    return 0;
}

/* ---- removing ---- */

static void cleanup_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static DIR *open_folder(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !d)
        close(fd);
    return d;
}

static bool is_dots(const char *name) { return !strcmp(name, ".") || !strcmp(name, ".."); }

/* What is not empty is moved up to the top, so that no depth is too deep: not for a path's length, for the stack, nor for descriptors. */
static void remove_or_move(int at, const char *name, int top, unsigned long *next)
{
    char moved[32];
    if (unlinkat(at, name, 0) == 0 || errno != EISDIR || unlinkat(at, name, AT_REMOVEDIR) == 0)
        return;
    if (fchmodat(at, name, 0700, 0) < 0)   /* a folder that may not be written cannot be moved */
        return;
    do
        snprintf(moved, sizeof moved, "%lx", (*next)++);
    while (renameat2(at, name, top, moved, RENAME_NOREPLACE) < 0 && errno == EEXIST);
}

static void empty_folder(int top, const char *name, unsigned long *next)
{
    cleanup(cleanup_dir) DIR *d = fchmodat(top, name, 0700, 0) < 0 ? NULL : open_folder(top, name);
    struct dirent *e;
    while (d && (e = readdir(d)))
        if (!is_dots(e->d_name))
            remove_or_move(dirfd(d), e->d_name, top, next);
}

/* False: nothing is left that could be removed. */
static bool remove_once(int top, unsigned long *next)
{
    bool moved = false;
    cleanup(cleanup_dir) DIR *d = open_folder(top, ".");
    struct dirent *e;
    while (d && (e = readdir(d))) {
        if (is_dots(e->d_name))
            continue;
        bool gone = unlinkat(top, e->d_name, 0) == 0;
        if (!gone && errno == EISDIR) {
            empty_folder(top, e->d_name, next);
            gone = unlinkat(top, e->d_name, AT_REMOVEDIR) == 0;
        }
        moved |= gone;
    }
    return moved;
}

void scratch_remove(char *path)
{
    unsigned long next = 0;
    cleanup_fd int top = path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    for (int i = 0; top >= 0 && i < PASSES_MAX && remove_once(top, &next); i++)
        ;
    if (path)
        rmdir(path);
    free(path);
}

static int write_all(int fd, const char *path, const char *text, size_t len, cordon_error **err)
{
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "write", path);
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int scratch_write(const char *scratch, const char *name, const char *text, size_t len, cordon_error **err)
{
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/%s", scratch, name) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? err_errno(err, errno, "write", path) : write_all(fd, path, text, len, err);
}
