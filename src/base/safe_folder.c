/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of our own: absolute, ours, 0700, and no folder above it that anybody else could put another in the place of. Links on the way are
 * followed first; what is checked and opened is the real path.
 */
#include "base/safe.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

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
    int r = strlen(part) < len ? safe_chain(real, true, err) : 0;
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
        return safe_refuse(path, "belongs to another user", NULL, err);
    if (st.st_mode & 077)
        return safe_refuse(path, "can be read or written by others", "chmod 700", err);
    return 0;
}

/* Opens it, if it and all above it are as they must be. */
static int open_checked(const char *path, int *ret_fd, cordon_error **err)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return err_errno(err, errno, "open", path);
    int r = safe_chain(real, false, err);
    if (r < 0)
        return r;
    cleanup_fd int fd = open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "open", path);
    if ((r = check_own(fd, real, err)) < 0)
        return r;
    *ret_fd = take_fd(fd);
    return 0;
}

static int check_path(const char *path, cordon_error **err)
{
    if (path[0] != '/')
        return safe_refuse(path, "is not an absolute path", NULL, err);
    if (strlen(path) >= PATH_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the path of a folder is longer than %d bytes", PATH_MAX - 1);
    return 0;
}

int safe_folder_make(const char *path, int *ret_fd, cordon_error **err)
{
    int r = check_path(path, err);
    return r < 0 || (r = make(path, err)) < 0 ? r : open_checked(path, ret_fd, err);
}

int safe_folder_open(const char *path, int *ret_fd, cordon_error **err)
{
    int r = check_path(path, err);
    if (r < 0)
        return r;
    if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    return (r = open_checked(path, ret_fd, err)) < 0 ? r : 1;
}
