/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/outcome.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_LINES_STEP = 16, WANTED_MAX = 512 };

void outcome_finish(struct cordon_outcome *o)
{
    buf_finish(&o->output);
    buf_finish(&o->log_text);
    free(o->message);
    free(o->hint);
    free(o->err_json);
    for (size_t i = 0; i < o->n_frames; i++)
        free(o->frames[i]);
    for (size_t i = 0; i < o->n_denials; i++)
        free(o->denials[i].wanted);
    free(o->denials);
    free(o->log);
}

enum log_level outcome_log_level(const char *name, size_t len)
{
    static const char *const names[] = {[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};
    for (size_t i = LOG_DEBUG; i <= LOG_ERROR; i++)
        if (strlen(names[i]) == len && !memcmp(names[i], name, len))
            return (enum log_level)i;
    return LOG_TRACE;
}

static bool room_for_line(struct cordon_outcome *o, size_t len)
{
    if (o->n_log >= o->limits->value[CORDON_LIMIT_LOG_LINES] || o->log_text.len + len + 1 > o->limits->value[CORDON_LIMIT_LOG_BYTES])
        return false;
    if (o->n_log < o->log_cap)
        return true;
    size_t cap = o->log_cap ? o->log_cap * 2 : LOG_LINES_STEP;
    struct log_line *more = realloc(o->log, cap * sizeof *more);
    if (!more)
        return false;
    o->log = more;
    o->log_cap = cap;
    return true;
}

/* Replaces what is not UTF-8 while copying; a NUL would end the line early for its readers. */
static int add_utf8(struct buf *b, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = 1;
        unsigned char c = (unsigned char)s[i];
        if (c >= 0xf0)
            n = 4;
        else if (c >= 0xe0)
            n = 3;
        else if (c >= 0xc0)
            n = 2;
        bool ok = c && i + n <= len && text_is_utf8(s + i, n);
        if ((ok ? buf_add(b, s + i, n) : buf_adds(b, "\xef\xbf\xbd")) < 0)
            return -1;
        i += ok ? n : 1;
    }
    return 0;
}

void outcome_log(struct cordon_outcome *o, enum log_level level, const char *text, size_t len)
{
    if (!room_for_line(o, len)) {
        o->log_dropped++;
        return;
    }
    size_t start = o->log_text.len;
    bool plain = text_is_utf8(text, len) && !memchr(text, 0, len);
    if ((plain ? buf_add(&o->log_text, text, len) : add_utf8(&o->log_text, text, len)) < 0 || buf_addc(&o->log_text, '\0') < 0) {
        buf_cut(&o->log_text, start);
        o->log_dropped++;
        return;
    }
    o->log[o->n_log++] = (struct log_line){level, (uint32_t)start};
}

void outcome_deny(struct cordon_outcome *o, const char *capability, const char *wanted, size_t wanted_len, const char *reason)
{
    struct buf shown;
    buf_init(&shown, 4 * WANTED_MAX + 16);
    size_t cut = text_is_utf8(wanted, wanted_len) ? text_cut(wanted, wanted_len, WANTED_MAX) : wanted_len < WANTED_MAX ? wanted_len : WANTED_MAX;
    text_escape(&shown, wanted, cut, false);
    const char *text = shown.data ? shown.data : "";
    for (size_t i = 0; i < o->n_denials; i++) {
        struct outcome_denial *d = &o->denials[i];
        if (d->capability == capability && d->reason == reason && !strcmp(d->wanted, text)) {
            d->count++;
            buf_finish(&shown);
            return;
        }
    }
    if (!o->denials)
        o->denials = calloc(OUTCOME_DENIALS_MAX, sizeof *o->denials);
    char *copy = o->denials && o->n_denials < OUTCOME_DENIALS_MAX ? strdup(text) : NULL;
    if (copy)
        o->denials[o->n_denials++] = (struct outcome_denial){capability, reason, copy, 1};
    else
        o->denials_dropped++;
    buf_finish(&shown);
}

static char *format_escaped(const char *fmt, va_list ap)
{
    char text[OUTCOME_MESSAGE_MAX];
    vsnprintf(text, sizeof text, fmt, ap);
    struct buf b;
    buf_init(&b, 4 * OUTCOME_MESSAGE_MAX);
    text_escape(&b, text, strlen(text), false);
    return buf_take(&b, NULL);
}

void outcome_say(struct cordon_outcome *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    free(o->message);
    o->message = format_escaped(fmt, ap);
    va_end(ap);
}

void outcome_hint(struct cordon_outcome *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    free(o->hint);
    o->hint = format_escaped(fmt, ap);
    va_end(ap);
}
