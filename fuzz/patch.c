/* SPDX-License-Identifier: Apache-2.0 */
#include "patch.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void patch_file(struct feed *f, int fd, uint64_t at, size_t len)
{
    for (unsigned n = feed_byte(f) % 8; n > 0; n--) {
        uint64_t place = at + feed_byte(f) % len;
        uint8_t byte = feed_byte(f);
        HOLDS(pwrite(fd, &byte, 1, (off_t)place) == 1);
    }
}

char *read_whole(int fd, size_t *ret_len)
{
    struct stat st;
    HOLDS(fstat(fd, &st) == 0);
    char *data = malloc((size_t)st.st_size + 1);
    HOLDS(data && pread(fd, data, (size_t)st.st_size, 0) == st.st_size);
    *ret_len = (size_t)st.st_size;
    return data;
}

int file_of(const void *data, size_t len)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    HOLDS(fd >= 0 && (!len || write(fd, data, len) == (ssize_t)len));
    return fd;
}
