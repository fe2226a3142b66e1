/* SPDX-License-Identifier: Apache-2.0
 * What a program on the library needs to speak as the library does: errors of its own, and a stranger's text made harmless. */
#include "base/error.h"
#include "base/text.h"
#include <cordon/system.h>

#include <stdio.h>

enum { ESCAPED_MAX = 256 << 20 };

int cordon_error_set(cordon_error **err, enum cordon_errc code, const char *subject, const char *hint, const char *fmt, ...)
{
    char text[ERR_MESSAGE_MAX * 2]; /* err_set escapes, then cuts: what is cut here would not have been kept */
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    err_set(err, code, subject, "%s", text);
    if (hint && err)
        err_hint(err, "%s", hint);
    return -(int)code;
}

char *cordon_escape(const char *text, size_t len, bool keep_newlines)
{
    struct buf b;
    buf_init(&b, ESCAPED_MAX);
    if (text_escape(&b, text, len, keep_newlines) < 0 || buf_adds(&b, "") < 0) {
        buf_finish(&b);
        return NULL;
    }
    return buf_take(&b, NULL);
}

char *cordon_escape_json(const char *json, size_t len)
{
    struct buf b;
    buf_init(&b, ESCAPED_MAX);
    if (text_escape_json(&b, json, len) < 0 || buf_adds(&b, "") < 0) {
        buf_finish(&b);
        return NULL;
    }
    return buf_take(&b, NULL);
}
