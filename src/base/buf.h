/* SPDX-License-Identifier: Apache-2.0
 *
 * A growable byte buffer with a ceiling. Invariants: len <= max; data is NULL or holds len bytes and a NUL after them (not
 * counted in len). The first failed append (over the ceiling, or out of memory) changes nothing, sets `full` and makes
 * every later append fail too, so a chain of appends is checked once, at its end.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len, cap, max;
    bool full;
};

/* Never allocates. */
void buf_init(struct buf *b, size_t max);
void buf_finish(struct buf *b);
/* Each returns 0, or -1 if nothing was appended. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Takes everything behind the first `len` bytes (at most those there are) back, also a failed append: later ones may fit again. */
void buf_cut(struct buf *b, size_t len);
/* Hands the NUL-terminated bytes on (the caller frees them) and leaves the buffer empty; NULL if out of memory or full. */
char *buf_take(struct buf *b, size_t *ret_len);
