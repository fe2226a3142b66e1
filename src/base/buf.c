/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 64 };

void buf_init(struct buf *b, size_t max)
{
    /* No object is larger than PTRDIFF_MAX, so max + 1 and doubling below cannot wrap. */
    *b = (struct buf){.max = max < PTRDIFF_MAX ? max : PTRDIFF_MAX - 1};
}

void buf_finish(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

static int buf_refuse(struct buf *b)
{
    b->full = true;
    return -1;
}

/* Room for `len` more bytes and the NUL. */
static int buf_reserve(struct buf *b, size_t len)
{
    if (b->full || len > b->max - b->len)
        return buf_refuse(b);
    size_t need = b->len + len + 1;
    if (need <= b->cap)
        return 0;
    size_t cap = b->cap ? b->cap : BUF_FIRST;
    while (cap < need)
        cap *= 2;
    if (cap > b->max + 1)
        cap = b->max + 1;
    char *data = realloc(b->data, cap);
    if (!data)
        return buf_refuse(b);
    b->data = data;
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    if (buf_reserve(b, len) < 0)
        return -1;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_adds(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

int buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

static int buf_addv(struct buf *b, size_t len, const char *fmt, va_list ap)
{
    if (buf_reserve(b, len) < 0)
        return -1;
    vsnprintf(b->data + b->len, len + 1, fmt, ap);
    b->len += len;
    return 0;
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        return buf_refuse(b);
    va_start(ap, fmt);
    int rc = buf_addv(b, (size_t)len, fmt, ap);
    va_end(ap);
    return rc;
}

void buf_cut(struct buf *b, size_t len)
{
    b->len = len;
    b->full = false;
    if (b->data)
        b->data[len] = '\0';
}

char *buf_take(struct buf *b, size_t *ret_len)
{
    if (buf_reserve(b, 0) < 0)
        return NULL;
    char *data = b->data;
    data[b->len] = '\0';
    if (ret_len)
        *ret_len = b->len;
    buf_init(b, b->max);
    return data;
}
