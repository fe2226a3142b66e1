/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/stream.h"

#include "bundle/bundle.h"
#include <string.h>

_Static_assert(sizeof(struct stream_entry) == 16, "no padding in the stream");

int stream_next(struct stream *s, struct stream_file *ret)
{
    struct stream_entry e;
    if (!s->left)
        return 0;
    if (s->left < sizeof e)
        return -1;
    memcpy(&e, s->at, sizeof e);
    size_t left = s->left - sizeof e;
    if (e.path_len > left || e.len > left - e.path_len || e.executable > 1)
        return -1;
    const uint8_t *path = s->at + sizeof e;
    *ret = (struct stream_file){.path = (const char *)path, .path_len = e.path_len, .executable = e.executable, .bytes = path + e.path_len, .len = (size_t)e.len};
    s->at = ret->bytes + ret->len;
    s->left = left - ret->path_len - ret->len;
    return 1;
}

int stream_add(struct buf *b, const char *path, bool executable)
{
    struct stream_entry e = {.path_len = (uint32_t)strlen(path), .executable = executable};
    buf_add(b, &e, sizeof e);
    return buf_add(b, path, e.path_len);
}

void stream_end_file(struct buf *b, size_t begin)
{
    struct stream_entry e;
    memcpy(&e, b->data + begin, sizeof e);
    e.len = b->len - begin - sizeof e - e.path_len;
    memcpy(b->data + begin, &e, sizeof e);
}
