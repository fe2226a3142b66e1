/* SPDX-License-Identifier: Apache-2.0 */
#include "author/output.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum { OUTPUT_MODE = 0644 };

int output_check(const char *path, cordon_error **err)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
        return 0;
    err_set(err, CORDON_E_IO, path, "cannot write %s: it is not a regular file", path);
    return err_hint(err, "Name a file with -o; it is replaced as a whole.");
}

static int copy(int to, int from, uint64_t len, const char *path, cordon_error **err)
{
    off_t at = 0;
    while ((uint64_t)at < len) {
        ssize_t n = sendfile(to, from, &at, (size_t)(len - (uint64_t)at));
        if (n <= 0 && errno != EINTR)
            return err_errno(err, n == 0 ? EIO : errno, "write", path);
    }
    return fchmod(to, OUTPUT_MODE) < 0 ? err_errno(err, errno, "write", path) : 0;
}

int output_write(const char *path, int fd, uint64_t len, cordon_error **err)
{
    cleanup_free char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        temporary = NULL;
        return err_nomem(err);
    }
    cleanup_fd int to = mkostemp(temporary, O_CLOEXEC);
    if (to < 0)
        return err_errno(err, errno, "write", path);
    int rc = copy(to, fd, len, path, err);
    if (rc == 0 && rename(temporary, path) < 0)
        rc = err_errno(err, errno, "write", path);
    if (rc < 0)
        unlink(temporary);
    return rc;
}
