/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of our own (product §6): absolute, ours, 0700, and no folder above it that anybody else could put another in the place of. Links on the way are
 * followed first; what is checked and opened is the real path.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cache_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static void cleanup_buf(struct buf *b) { buf_finish(b); }

/* The hint is the command that mends it. */
static int unsafe(cordon_error **err, const char *path, const char *what, const char *command)
{
    cleanup(cleanup_buf) struct buf quoted;
    buf_init(&quoted, 4 * PATH_MAX);
    int r = err_set(err, CORDON_E_UNSAFE_PATH, path, "%s %s", path, what);
    if (command && !text_quote_sh(&quoted, path))
        err_hint(err, "%s %s", command, quoted.data);
    return r;
}

/* Whoever owns a folder, or may write it while it is not sticky, decides what its names mean. */
static int check_above(const char *path, cordon_error **err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return err_errno(err, errno, "look at", path);
    if (st.st_uid && st.st_uid != geteuid())
        return unsafe(err, path, "belongs to another user, who could replace what is beneath it", NULL);
    if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
        return unsafe(err, path, "can be written by others", "chmod go-w");
    return 0;
}

/* `path` is real: absolute, no links, no dots. Checks what is above its last name and, if `whole`, that one like them. */
static int check_chain(const char *path, bool whole, cordon_error **err)
{
    char at[PATH_MAX];
    int r = check_above("/", err);
    for (const char *p = path + 1; r >= 0 && *p;) {
        p += strcspn(p, "/");
        if (!*p && !whole)
            break;
        memcpy(at, path, (size_t)(p - path));
        at[p - path] = '\0';
        r = check_above(at, err);
        p += *p == '/';
    }
    return r;
}

/* Makes what is missing of `path`, each folder in one that was checked. */
static int make(const char *path, cordon_error **err)
{
    char real[PATH_MAX], part[PATH_MAX];
    size_t len = strlen(path);
    memcpy(part, path, len + 1);
    while (!realpath(part, real)) {   /* the longest part that is there */
        char *slash = strrchr(part, '/');
        if (errno != ENOENT)
            return err_errno(err, errno, "open", path);
        *slash = '\0';
        if (slash == part) {
            strcpy(real, "/");
            break;
        }
    }
    int r = strlen(part) < len ? check_chain(real, true, err) : 0;
    for (size_t at = strlen(part); r >= 0 && at < len;) {
        at += 1 + strcspn(path + at + 1, "/");
        memcpy(part, path, at);
        part[at] = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            r = err_errno(err, errno, "make", part);
    }
    return r;
}

static int check_own(int fd, const char *path, cordon_error **err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", path);
    if (st.st_uid != geteuid())
        return unsafe(err, path, "belongs to another user", NULL);
    if (st.st_mode & 077)
        return unsafe(err, path, "can be read or written by others", "chmod 700");
    return 0;
}

int cache_folder_open(const char *path, int *ret_fd, cordon_error **err)
{
    char real[PATH_MAX];
    if (path[0] != '/')
        return unsafe(err, path, "is not an absolute path", NULL);
    if (strlen(path) >= PATH_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the cache folder's path is longer than %d bytes", PATH_MAX - 1);
    int r = make(path, err);
    if (r < 0)
        return r;
    if (!realpath(path, real))
        return err_errno(err, errno, "open", path);
    if ((r = check_chain(real, false, err)) < 0)
        return r;
    cleanup_fd int fd = open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "open", path);
    if ((r = check_own(fd, real, err)) < 0)
        return r;
    *ret_fd = take_fd(fd);
    return 0;
}
