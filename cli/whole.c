/* SPDX-License-Identifier: Apache-2.0 */
#include "whole.h"

#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return -1;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int whole_write(const char *path, const char *text, size_t len, cordon_error **err)
{
    cleanup_free char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        temporary = NULL;
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    }
    cleanup_fd int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd >= 0 && write_all(fd, text, len) == 0 && fchmod(fd, 0644) == 0 && rename(temporary, path) == 0)
        return 0;
    int why = errno;
    if (fd >= 0)
        unlink(temporary);
    return cordon_error_set(err, CORDON_E_IO, path, NULL, "cannot write %.500s: %s", path, strerror(why));
}
