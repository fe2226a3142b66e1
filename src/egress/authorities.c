/* SPDX-License-Identifier: Apache-2.0
 * Certificate authorities, read once: a process that has locked itself in cannot open their file any more. */
#include "authorities.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

static int read_all(int fd, const char *path, struct buf *b, cordon_error **err)
{
    char piece[16384];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0)
        if (buf_add(b, piece, (size_t)n) < 0)
            return err_set(err, CORDON_E_TOO_LARGE, path, "%s is larger than 8 MiB, or memory ran out", path);
    return n < 0 ? err_errno(err, errno, "read", path) : 0;
}

static int read_file(const char *path, void **ret, size_t *ret_len, cordon_error **err)
{
    struct stat st;
    struct buf b;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "open", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_IO, path, "%s is no file of certificates", path);
    buf_init(&b, AUTHORITIES_MAX);
    int rc = read_all(fd, path, &b, err);
    if (rc == 0 && (!b.data || !strstr(b.data, "-----BEGIN CERTIFICATE-----")))
        rc = err_set(err, CORDON_E_IO, path, "%s has no certificate in PEM form", path);
    if (rc == 0)
        *ret = buf_take(&b, ret_len);
    buf_finish(&b);
    return rc;
}

int authorities_read(const char *given, const char *usual, void **ret, size_t *ret_len, cordon_error **err)
{
    if (given)
        return read_file(given, ret, ret_len, err);
    if (usual && read_file(usual, ret, ret_len, NULL) == 0)
        return 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (read_file(places[i], ret, ret_len, NULL) == 0)
            return 0;
    *ret = NULL;
    *ret_len = 0;
    return 0;
}
