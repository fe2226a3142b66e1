/* SPDX-License-Identifier: Apache-2.0 */
#include "base/safe.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

enum { TEMP_NAME = sizeof SAFE_TEMP + 32 };

/* "FOLDER/NAME", cut; for messages. */
static const char *full_path(const char *folder, const char *name, char ret[PATH_MAX])
{
    snprintf(ret, PATH_MAX, "%s/%s", folder, name);
    return ret;
}

static int check_own(const struct stat *st, const char *path, cordon_error **err)
{
    if (!S_ISREG(st->st_mode))
        return safe_refuse(path, "is not a regular file", NULL, err);
    if (st->st_uid != geteuid())
        return safe_refuse(path, "belongs to another user", NULL, err);
    if (st->st_mode & 077)
        return safe_refuse(path, "can be read or written by others", "chmod 600", err);
    return 0;
}

int safe_file_open(int folder, const char *path, const char *name, int flags, int *ret_fd, struct stat *ret, cordon_error **err)
{
    char full[PATH_MAX];
    full_path(path, name, full);
    cleanup_fd int fd = openat(folder, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && errno == ELOOP)
        return safe_refuse(full, "is a symbolic link", NULL, err);
    if (fd < 0)
        return err_errno(err, errno, "open", full);
    if (fstat(fd, ret) < 0)
        return err_errno(err, errno, "look at", full);
    int r = check_own(ret, full, err);
    if (r < 0)
        return r;
    *ret_fd = take_fd(fd);
    return 1;
}

int safe_file_look(int folder, const char *path, const char *name, cordon_error **err)
{
    char full[PATH_MAX];
    struct stat st;
    full_path(path, name, full);
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "look at", full);
    int r = check_own(&st, full, err);
    return r < 0 ? r : 1;
}

int safe_read(int fd, void *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = pread(fd, (char *)data + at, len - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n ? errno : ENODATA;
            return -1;
        }
        at += (size_t)n;
    }
    return 0;
}

static int write_all(int fd, const void *data, size_t len)
{
    for (const char *p = data; len;) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno != EINTR)
            return -1;
        p += n < 0 ? 0 : n;
        len -= n < 0 ? 0 : (size_t)n;
    }
    return 0;
}

/* 1: it has its name; 0: another has; -1 with errno. The folder is synced, so that the name stays. */
static int give_name(int folder, const char *temp, const char *name, bool fresh)
{
    int r = renameat2(folder, temp, folder, name, fresh ? RENAME_NOREPLACE : 0);
    if (r < 0 && fresh && (errno == EINVAL || errno == ENOSYS)) /* a file system that cannot */
        r = linkat(folder, temp, folder, name, 0);
    if (r < 0)
        return fresh && errno == EEXIST ? 0 : -1;
    return fsync(folder) < 0 ? -1 : 1;
}

int safe_write(int folder, const char *path, const char *name, const void *data, size_t len, bool fresh, cordon_error **err)
{
    unsigned char random[16];
    char temp[TEMP_NAME] = SAFE_TEMP, full[PATH_MAX];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(temp + strlen(SAFE_TEMP), sizeof temp - strlen(SAFE_TEMP), random, sizeof random);
    cleanup_fd int fd = openat(folder, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, errno, "make a file in", path);
    int r = write_all(fd, data, len) < 0 || fsync(fd) < 0 ? -1 : give_name(folder, temp, name, fresh);
    int why = errno;
    unlinkat(folder, temp, 0); /* gone already where it was renamed */
    return r < 0 ? err_errno(err, why, "write", full_path(path, name, full)) : r;
}

void safe_sweep(int folder)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    if (!d) {
        if (again >= 0)
            close(again);
        return;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (!strncmp(e->d_name, SAFE_TEMP, strlen(SAFE_TEMP)))
            unlinkat(folder, e->d_name, 0);
    closedir(d);
}
