/* SPDX-License-Identifier: Apache-2.0
 * Reading a whole file. */
#include "files.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* How much is read or written before the call is asked again whether it is wanted. */
enum { CHUNK = 1 << 20 };

static const char *words_for(int negative)
{
    switch (-negative) {
    case EXDEV: return "it leads out of the granted folder";
    case ELOOP: return "it is a link, or leads through one, that is not followed";
    case EBADF:
    case ENXIO: return "it is not a regular file";
    case EUSERS: return "this call has opened 1000 files already";
    case ESTALE: return "the granted folder is no longer the one that was granted";
    case ECANCELED: return "the call is over";
    default: return strerror(-negative);
    }
}

int file_errno(cordon_error **err, int negative)
{
    bool shortage = negative == -ENOMEM || negative == -EMFILE || negative == -ENFILE;
    return err_set(err, shortage ? CORDON_E_NO_RESOURCES : CORDON_E_IO, NULL, "%s", words_for(negative));
}

struct reading {
    int fd; /* owned */
    size_t max, len, cap;
    char *data; /* owned; cap + 1 bytes */
};

static int grow(struct reading *in)
{
    /* One byte above the maximum, so that a file that is larger is seen to be. */
    size_t cap = in->cap < in->max / 2 ? 2 * in->cap : in->max + 1;
    char *more = realloc(in->data, cap + 1);
    if (!more)
        return -ENOMEM;
    in->data = more;
    in->cap = cap;
    return 0;
}

/* Until the end of the file, whatever its size was said to be: it may grow meanwhile. */
static int read_all(struct reading *in, const struct file_use *use)
{
    for (;;) {
        if (atomic_load_explicit(&use->stop, memory_order_relaxed))
            return -ECANCELED;
        if (in->len == in->cap) {
            int r = in->len > in->max ? -EFBIG : grow(in);
            if (r < 0)
                return r;
        }
        size_t want = in->cap - in->len;
        ssize_t n = read(in->fd, in->data + in->len, want < CHUNK ? want : CHUNK);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return in->len > in->max ? -EFBIG : 0;
        in->len += n > 0 ? (size_t)n : 0;
    }
}

static int open_file(const struct file_root *root, const char *rest, struct file_use *use, struct reading *in)
{
    struct stat st;
    if ((in->fd = file_open(root, rest, O_RDONLY, 0, use)) < 0)
        return in->fd;
    if (fstat(in->fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EISDIR;
    if (st.st_size < 0 || (uintmax_t)st.st_size > in->max)
        return -EFBIG;
    in->cap = (size_t)st.st_size + 1;
    return (in->data = malloc(in->cap + 1)) ? 0 : -ENOMEM;
}

static void reading_finish(struct reading *in)
{
    free(in->data);
    if (in->fd >= 0)
        close(in->fd);
}

int file_read(const struct file_root *root, const char *rest, size_t max, struct file_use *use, char **ret, size_t *ret_len, cordon_error **err)
{
    cleanup(reading_finish) struct reading in = {.fd = -1, .max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4};
    int r = open_file(root, rest, use, &in);
    if (r < 0 || (r = read_all(&in, use)) < 0)
        return r == -EFBIG ? err_set(err, CORDON_E_TOO_LARGE, NULL, "it is larger than the %zu bytes that may be read now", in.max) : file_errno(err, r);
    in.data[in.len] = '\0';
    *ret_len = in.len;
    *ret = take(in.data);
    return 0;
}
