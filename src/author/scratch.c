/* SPDX-License-Identifier: Apache-2.0 */
#include "author/scratch.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>

enum { OPEN_FOLDERS = 8 };

int scratch_make(char **ret, cordon_error **err)
{
    const char *base = secure_getenv("TMPDIR");
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/cordon-build-XXXXXX", base && base[0] == '/' ? base : "/tmp") < 0) {
        path = NULL;
        return err_nomem(err);
    }
    if (!mkdtemp(path))
        return err_errno(err, errno, "make the folder", path);
    *ret = take(path);
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    remove(path);
    return 0;
}

void scratch_remove(char *path)
{
    if (path)
        nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
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
