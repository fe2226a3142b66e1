/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts.h"
#include "base/cleanup.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define BLANKS " \t\r"

void hosts_finish(struct hosts *h)
{
    free(h->text);
    *h = (struct hosts){0};
}

static char *read_text(int fd, size_t size)
{
    char *text = malloc(size + 1);
    size_t len = 0;
    ssize_t n;
    while (text && len < size && (n = read(fd, text + len, size - len)) > 0)
        len += (size_t)n;
    if (text)
        text[len] = '\0';
    return text;
}

void hosts_refresh(struct hosts *h, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || (st.st_mtim.tv_sec == h->changed.tv_sec && st.st_mtim.tv_nsec == h->changed.tv_nsec))
        return;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    hosts_finish(h);
    h->changed = st.st_mtim;
    if (S_ISREG(st.st_mode) && st.st_size <= HOSTS_FILE_MAX)
        h->text = read_text(fd, (size_t)st.st_size);
}

/* ADDRESS NAME..., up to `end`. */
static bool line_has(const char *line, const char *end, const char *name, struct address *ret)
{
    char address[ADDRESS_TEXT];
    size_t len = strlen(name), n;
    line += strspn(line, BLANKS);
    n = strcspn(line, BLANKS "#\n");
    if (n == 0 || n >= sizeof address || line + n >= end)
        return false;
    memcpy(address, line, n);
    address[n] = '\0';
    for (line += n; line < end; line += n) {
        line += strspn(line, BLANKS);
        n = strcspn(line, BLANKS "#\n");
        if (n == 0)
            return false;
        if (n == len && !strncasecmp(line, name, n))
            return address_parse(address, ret);
    }
    return false;
}

size_t hosts_find(const char *text, const char *name, struct address *ret, size_t max)
{
    size_t n = 0;
    for (const char *line = text, *end; line && *line && n < max; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        n += line_has(line, end, name, &ret[n]);
    }
    return n;
}
