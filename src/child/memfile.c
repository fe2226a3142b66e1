/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "child/memfile.h"
#include "child/child.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int memfile_new(const char *name, int *ret_fd, cordon_error **err)
{
    cleanup_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL)   /* before Linux 6.3 */
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && fd < CHILD_FDS_MAX) {   /* out of the way of where child_start puts descriptors */
        int above = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_FDS_MAX);
        close(fd);
        fd = above;
    }
    if (fd < 0)
        return err_errno(err, errno, "make", "a memory file");
    *ret_fd = take_fd(fd);
    return 0;
}

int memfile_seal(int fd, cordon_error **err)
{
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return err_errno(err, errno, "seal", "a memory file");
    return 0;
}

int memfile_write(int fd, const void *data, size_t len, cordon_error **err)
{
    for (const char *p = data; len;) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "write", "a memory file");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int memfile_read(int fd, void *data, size_t len, uint64_t at, cordon_error **err)
{
    for (char *p = data; len;) {
        ssize_t n = pread(fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", "a memory file");
        if (!n)
            return err_set(err, CORDON_E_HOST_BUG, NULL, "a memory file is shorter than it says");
        p += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return 0;
}

int memfile_size(int fd, uint64_t *ret, cordon_error **err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", "a memory file");
    *ret = (uint64_t)st.st_size;
    return 0;
}
