/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/cleanup.h"
#include "base/text.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cordon_error {
    enum cordon_errc code;
    bool passing;        /* err_pass */
    bool is_static;      /* one of the objects below: never changed, never freed */
    const char *message; /* the strings are owned, unless is_static */
    const char *hint;    /* NULL: the table's */
    const char *subject; /* or NULL */
    const char *causes[ERR_CAUSES_MAX];
    size_t n_causes;
};

static const struct cordon_error_info table[CORDON_ERRC_COUNT] = {
#define CORDON_ERROR(name, id_, category_, exit, http, meaning_, hint_)                                                        \
    [CORDON_E_##name] = {.code = CORDON_E_##name, .id = id_, .category = category_, .meaning = meaning_, .hint = hint_,        \
                         .exit_code = exit, .http_status = http},
#include <cordon/errors.def>
#undef CORDON_ERROR
};

/* What stands in where there is no memory for an error of its own: the code, and so the caller's decision, stays right. */
static const struct cordon_error stand_in[CORDON_ERRC_COUNT] = {
#define CORDON_ERROR(name, id, category, exit, http, meaning, hint)                                                            \
    [CORDON_E_##name] = {.code = CORDON_E_##name, .is_static = true, .message = meaning},
#include <cordon/errors.def>
#undef CORDON_ERROR
};

static const struct cordon_error out_of_memory = {
    .code = CORDON_E_NO_RESOURCES, .is_static = true, .message = "out of memory"};

const struct cordon_error_info *cordon_error_info(enum cordon_errc code)
{
    return code > CORDON_OK && code < CORDON_ERRC_COUNT ? &table[code] : NULL;
}

const struct cordon_error_info *cordon_error_info_by_id(const char *id)
{
    for (int code = CORDON_OK + 1; code < CORDON_ERRC_COUNT; code++)
        if (strcmp(table[code].id, id) == 0)
            return &table[code];
    return NULL;
}

enum cordon_errc cordon_error_code(const cordon_error *err)
{
    return err->code;
}

const char *cordon_error_id(const cordon_error *err)
{
    return table[err->code].id;
}

const char *cordon_error_category(const cordon_error *err)
{
    return table[err->code].category;
}

const char *cordon_error_message(const cordon_error *err)
{
    return err->message;
}

const char *cordon_error_hint(const cordon_error *err)
{
    return err->hint ? err->hint : table[err->code].hint;
}

const char *cordon_error_subject(const cordon_error *err)
{
    return err->subject;
}

const char *cordon_error_cause(const cordon_error *err, size_t n)
{
    return n < err->n_causes ? err->causes[n] : NULL;
}

int cordon_error_exit_code(const cordon_error *err)
{
    return table[err->code].exit_code;
}

void cordon_error_free(cordon_error *err)
{
    if (!err || err->is_static)
        return;
    free((void *)err->message);
    free((void *)err->hint);
    free((void *)err->subject);
    for (size_t i = 0; i < err->n_causes; i++)
        free((void *)err->causes[i]);
    free(err);
}

/* A copy that is fit to be shown, at most `max` bytes; NULL if out of memory. */
static char *err_clean(const char *s, size_t len, size_t max)
{
    struct buf b;
    buf_init(&b, 4 * len); /* no escape is longer than four times what it stands for */
    text_escape(&b, s, len, false);
    size_t clean_len;
    char *clean = buf_take(&b, &clean_len);
    if (clean)
        clean[text_cut(clean, clean_len, max)] = '\0';
    else
        buf_finish(&b);
    return clean;
}

static char *err_format(const char *fmt, va_list ap)
{
    char raw[ERR_MESSAGE_MAX + 4]; /* a character that straddles the cut is whole here */
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n;
    if (len >= sizeof raw)
        len = text_cut(raw, sizeof raw - 1, ERR_MESSAGE_MAX);
    return err_clean(raw, len, ERR_MESSAGE_MAX);
}

static char *err_clean_subject(const char *subject)
{
    return err_clean(subject, text_cut(subject, strnlen(subject, ERR_SUBJECT_MAX + 4), ERR_SUBJECT_MAX), ERR_SUBJECT_MAX);
}

static cordon_error *err_new(enum cordon_errc code, const char *subject, const char *fmt, va_list ap)
{
    cleanup_free char *message = err_format(fmt, ap), *subject_copy = subject ? err_clean_subject(subject) : NULL;
    if (!message || (subject && !subject_copy))
        return NULL;
    cordon_error *e = calloc(1, sizeof *e);
    if (e)
        *e = (cordon_error){.code = code, .message = take(message), .subject = take(subject_copy)};
    return e;
}

int (err_set)(cordon_error **err, enum cordon_errc code, const char *subject, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        cordon_error *e = err_new(code, subject, fmt, ap);
        va_end(ap);
        *err = e ? e : (cordon_error *)&stand_in[code];
    }
    return -(int)code;
}

/* The error that may be changed, or NULL. */
static cordon_error *err_own(cordon_error **err)
{
    return err && *err && !(*err)->is_static ? *err : NULL;
}

static int err_code(cordon_error **err)
{
    return -(int)(err && *err ? (*err)->code : CORDON_E_HOST_BUG);
}

int (err_hint)(cordon_error **err, const char *fmt, ...)
{
    cordon_error *e = err_own(err);
    va_list ap;
    va_start(ap, fmt);
    char *hint = e ? err_format(fmt, ap) : NULL;
    va_end(ap);
    if (hint) {
        free((void *)e->hint);
        e->hint = hint;
    }
    return err_code(err);
}

/* Takes `cause`. When all places are taken, the one before the deepest goes: the first and the last reason say most. */
static void err_insert_cause(cordon_error *e, size_t at, const char *cause)
{
    if (e->n_causes == ERR_CAUSES_MAX) {
        size_t gone = at < ERR_CAUSES_MAX ? ERR_CAUSES_MAX - 2 : ERR_CAUSES_MAX - 1;
        free((void *)e->causes[gone]);
        memmove(&e->causes[gone], &e->causes[gone + 1], (ERR_CAUSES_MAX - 1 - gone) * sizeof e->causes[0]);
        e->n_causes--;
        at = at < e->n_causes ? at : e->n_causes;
    }
    memmove(&e->causes[at + 1], &e->causes[at], (e->n_causes - at) * sizeof e->causes[0]);
    e->causes[at] = cause;
    e->n_causes++;
}

int (err_wrap)(cordon_error **err, const char *fmt, ...)
{
    cordon_error *e = err_own(err);
    va_list ap;
    va_start(ap, fmt);
    char *message = e ? err_format(fmt, ap) : NULL;
    va_end(ap);
    if (message) {
        err_insert_cause(e, 0, e->message);
        e->message = message;
    }
    return err_code(err);
}

void err_cause(cordon_error **err, const char *fmt, ...)
{
    cordon_error *e = err_own(err);
    va_list ap;
    va_start(ap, fmt);
    char *cause = e ? err_format(fmt, ap) : NULL;
    va_end(ap);
    if (cause)
        err_insert_cause(e, e->n_causes, cause);
}

void err_pass(cordon_error **err)
{
    cordon_error *e = err_own(err);
    if (e)
        e->passing = true;
}

/* One that stands in for another cannot be marked, so nobody knows. */
bool err_is_passing(const cordon_error *err)
{
    return err->passing || err->is_static;
}

static bool is_shortage(int errnum)
{
    return errnum == ENOMEM || errnum == EMFILE || errnum == ENFILE || errnum == EAGAIN;
}

int (err_errno)(cordon_error **err, int errnum, const char *verb, const char *subject)
{
    return err_set(err, is_shortage(errnum) ? CORDON_E_NO_RESOURCES : CORDON_E_IO, subject, "cannot %s%s%s: %s", verb,
                   subject ? " " : "", subject ? subject : "", strerror(errnum));
}

int (err_nomem)(cordon_error **err)
{
    if (err)
        *err = (cordon_error *)&out_of_memory;
    return -CORDON_E_NO_RESOURCES;
}
