/* SPDX-License-Identifier: Apache-2.0
 * Guest paths as words. What they lead to on disk is for the opening to see, which holds whatever links there are beneath the root. */
#include "files.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include <string.h>

static int refuse(cordon_error **err, const char *why) { return err_set(err, CORDON_E_USAGE, NULL, "%s", why); }

static void drop_segment(struct buf *b)
{
    while (b->len && b->data[b->len - 1] != '/')
        buf_cut(b, b->len - 1);
    if (b->len)
        buf_cut(b, b->len - 1);
}

/* Appends the segments of `s`, each with a slash before it. */
static void add_segments(struct buf *b, const char *s)
{
    for (;;) {
        s += strspn(s, "/");
        size_t n = strcspn(s, "/");
        if (n == 0)
            return;
        if (n == 2 && s[0] == '.' && s[1] == '.') {
            drop_segment(b);
        } else if (n != 1 || s[0] != '.') {
            buf_addc(b, '/');
            buf_add(b, s, n);
        }
        s += n;
    }
}

int file_guest_path(const struct file_roots *s, const char *path, size_t len, char **ret, cordon_error **err)
{
    if (memchr(path, '\0', len))
        return refuse(err, "the path has a NUL in it");
    if (len > FILE_PATH_MAX)
        return refuse(err, "the path is longer than 4095 bytes");
    if (!text_is_utf8(path, len))
        return refuse(err, "the path is not UTF-8");
    if (path[0] != '/' && (!s || s->n != 1))
        return refuse(err, s && s->n ? "a relative path, and several folders it could start from: write it from / on"
                                     : "a relative path, and no folder it could start from");
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 2 * (FILE_PATH_MAX + 1));
    if (path[0] != '/')
        add_segments(&b, s->item[0]->guest);
    add_segments(&b, path);
    if (!b.len)
        buf_addc(&b, '/');
    if (b.len > FILE_PATH_MAX)
        return refuse(err, "the path is longer than 4095 bytes");
    char *made = buf_take(&b, NULL);
    if (!made)
        return err_nomem(err);
    *ret = made;
    return 0;
}
