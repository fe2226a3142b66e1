/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { FIRST_SIZE = 64 << 10 };

/* Room for the file as it is now, and a byte to see its end. */
static size_t first_size(int fd, size_t max)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return FIRST_SIZE;
    return (uintmax_t)st.st_size > max ? max + 2 : (size_t)st.st_size + 2;
}

static int read_all(int fd, const char *name, size_t max, const char *what, char **ret, size_t *ret_len, cordon_error **err)
{
    size_t len = 0, cap = first_size(fd, max);
    cleanup_free char *data = malloc(cap);
    while (data) {
        ssize_t n = read(fd, data + len, cap - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cordon_error_set(err, CORDON_E_IO, name, NULL, "cannot read %s from %.500s: %s", what, name, strerror(errno));
        len += (size_t)n;
        if (len > max)
            return cordon_error_set(err, CORDON_E_TOO_LARGE, name, NULL, "%s in %.500s is over %zu bytes", what, name, max);
        if (n == 0) {
            data[len] = '\0';
            *ret = take(data);
            *ret_len = len;
            return 0;
        }
        if (len + 1 < cap)
            continue;
        cap *= 2;
        char *more = realloc(data, cap);
        if (!more)
            break;
        data = more;
    }
    return cordon_error_set(err, CORDON_E_NO_RESOURCES, name, NULL, "out of memory for %s", what);
}

int source_read(const char *path, size_t max, const char *what, char **ret, size_t *ret_len, cordon_error **err)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", max, what, ret, ret_len, err);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cordon_error_set(err, CORDON_E_IO, path, NULL, "cannot read %s from %.500s: %s", what, path, strerror(errno));
    return read_all(fd, path, max, what, ret, ret_len, err);
}
