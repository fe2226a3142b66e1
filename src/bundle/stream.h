/* SPDX-License-Identifier: Apache-2.0
 *
 * What the helper says is in an archive: an entry for each file that it holds, behind each other, in the machine's own numbers (both are of one build).
 *
 *     struct stream_entry | path | bytes
 *
 * A stranger's archive may have taken the helper over: the host believes nothing in it but its form, and puts each path through what every path goes through.
 */
#pragma once
#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct stream_entry {
    uint32_t path_len, executable;
    uint64_t len;
};

struct stream {
    const uint8_t *at;
    size_t left;
};

struct stream_file {
    const char *path;    /* path_len bytes, no NUL */
    size_t path_len, len;
    bool executable;
    const uint8_t *bytes;
};

/* 1: the next; 0: there is no more; -1: it is not well-formed. */
int stream_next(struct stream *s, struct stream_file *ret);
/* The entry's head and path; its bytes follow, then stream_end_file with where it began. */
int stream_add(struct buf *b, const char *path, bool executable);
void stream_end_file(struct buf *b, size_t begin);
