/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/head.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME "audit.head"

bool audit_head_parse(const char *text, size_t len, struct audit_head *ret)
{
    size_t n = 0, bytes = 0;
    int64_t seq = 0;
    if (len && text[len - 1] == '\n')
        len--;
    for (; n < len && n < 18 && text[n] >= '0' && text[n] <= '9'; n++)
        seq = seq * 10 + (text[n] - '0');
    if (!n || n == len || text[n] != ':' || len - n - 1 != 2 * AUDIT_LINK)
        return false;
    if (sodium_hex2bin(ret->hash, AUDIT_LINK, text + n + 1, 2 * AUDIT_LINK, NULL, &bytes, NULL) || bytes != AUDIT_LINK)
        return false;
    ret->seq = seq;
    return true;
}

void audit_head_print(const struct audit_head *h, char ret[AUDIT_HEAD_TEXT])
{
    char hex[AUDIT_HEX];
    sodium_bin2hex(hex, sizeof hex, h->hash, AUDIT_LINK);
    snprintf(ret, AUDIT_HEAD_TEXT, "%" PRId64 ":%s", h->seq, hex);
}

static void print_line(const struct audit_head *h, char ret[AUDIT_HEAD_TEXT + 1])
{
    audit_head_print(h, ret);
    strcat(ret, "\n");
}

bool audit_head_fetch(int fd, struct audit_head *ret)
{
    char text[AUDIT_HEAD_TEXT + 2];
    ssize_t n = pread(fd, text, sizeof text, 0);
    return n > 0 && audit_head_parse(text, (size_t)n, ret);
}

int audit_head_open(const struct home *h, const struct audit_head *begin, int *ret_fd, cordon_error **err)
{
    char text[AUDIT_HEAD_TEXT + 1] = "none\n";
    struct stat st;
    if (begin)
        print_line(begin, text);
    int r = safe_file_open(h->fd, h->path, FILE_NAME, O_RDWR, ret_fd, &st, err);
    if (r == 0 && (r = safe_write(h->fd, h->path, FILE_NAME, text, strlen(text), true, err)) >= 0)
        r = safe_file_open(h->fd, h->path, FILE_NAME, O_RDWR, ret_fd, &st, err);
    return r < 0 ? r : r ? 0 : err_set(err, CORDON_E_IO, FILE_NAME, "%s/" FILE_NAME " does not stay", h->path);
}

int audit_head_read(const struct home *h, struct audit_head *ret, cordon_error **err)
{
    struct stat st;
    cleanup_fd int fd = -1;
    int r = safe_file_open(h->fd, h->path, FILE_NAME, O_RDONLY, &fd, &st, err);
    return r <= 0 ? r : audit_head_fetch(fd, ret);
}

int audit_head_write(int fd, const struct audit_head *head, bool anew, cordon_error **err)
{
    char text[AUDIT_HEAD_TEXT + 1];
    struct audit_head there;
    if (!anew && audit_head_fetch(fd, &there) && there.seq > head->seq)
        return 0;
    print_line(head, text);
    size_t len = strlen(text);
    ssize_t n = pwrite(fd, text, len, 0);
    if (n == (ssize_t)len && anew)
        n = ftruncate(fd, (off_t)len) < 0 ? -1 : n; /* what was there may have been longer */
    return n == (ssize_t)len ? 0 : err_errno(err, n < 0 ? errno : ENOSPC, "write", FILE_NAME);
}
