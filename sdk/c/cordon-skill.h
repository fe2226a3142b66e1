/* SPDX-License-Identifier: Apache-2.0
 *
 * For skills in C: the host's functions with plain C strings, errors in one line, logging, JSON read and written.
 * `cordon build` gives it: `#include "cordon-skill.h"` beside the bindings' own header. sdk/c/README.md tells it by examples.
 *
 * Where a function takes a text, it takes a C string, a `struct cordon_text`, or a pointer to the string type of any world's
 * bindings. Where it gives one, `ret` and `err` are pointers to either of the latter two; what is given is the caller's, to
 * hand on or to free (`cordon_free`). Nothing here is NULL-safe but what says so.
 *
 * It needs no stdio, so that a skill which needs none imports nothing of WASI. Only cordon_json_double and cordon_out_double
 * do. Each function is static: what is not used is not in the skill.
 */
#ifndef CORDON_SKILL_H
#define CORDON_SKILL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CORDON_OUT_MAX
#define CORDON_OUT_MAX (16u << 20)   /* bytes of one text that is written; what would be longer is an error */
#endif
enum { CORDON_DEPTH_MAX = 64 };      /* of lists and objects in each other, read or written */

#define CORDON_FN_ __attribute__((unused)) static
#define CORDON_PRINTF_(n) __attribute__((format(printf, n, n + 1)))

/* ---- texts ---- */

/* UTF-8, with a length; no NUL at its end, and there may be one within. */
struct cordon_text { char *ptr; size_t len; };

CORDON_FN_ struct cordon_text cordon_text_of_chars_(const char *s) { return (struct cordon_text){(char *)s, strlen(s)}; }
CORDON_FN_ struct cordon_text cordon_text_of_text_(struct cordon_text t) { return t; }
CORDON_FN_ struct cordon_text cordon_text_of_bindings_(const void *s)   /* every world's string type has a pointer and a length */
{
    struct cordon_text t;
    memcpy(&t, s, sizeof t);
    return t;
}

/* Any text as a struct cordon_text; borrowed. */
#define cordon_text(x) _Generic((x), char *: cordon_text_of_chars_, const char *: cordon_text_of_chars_, \
                                struct cordon_text: cordon_text_of_text_, default: cordon_text_of_bindings_)(x)
/* For "%.*s". */
#define CORDON_ARG(x) (int)cordon_text(x).len, cordon_text(x).ptr
#define cordon_is(x, y) cordon_is_(cordon_text(x), cordon_text(y))
/* A copy with a NUL at its end; the caller frees it. NULL: no memory. */
#define cordon_chars(x) cordon_chars_(cordon_text(x))
/* *p of whichever string type becomes `text`, which is given away. */
#define CORDON_PUT_(p, text) do { struct cordon_text put_ = (text); *(p) = (__typeof__(*(p))){(void *)put_.ptr, put_.len}; } while (0)
/* *ret becomes a copy of any text; true. */
#define cordon_give(ret, x) ({ CORDON_PUT_(ret, cordon_copy_(cordon_text(x))); cordon_said_(true); })
#define cordon_free(p) cordon_free_(cordon_text(p))

CORDON_FN_ bool cordon_said_(bool is) { return is; }   /* of macros that may stand alone: a bare value there is a warning */
CORDON_FN_ bool cordon_is_(struct cordon_text a, struct cordon_text b) { return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0); }
CORDON_FN_ void cordon_free_(struct cordon_text t) { if (t.len) free(t.ptr); }   /* an empty one of the bindings points nowhere */

CORDON_FN_ char *cordon_chars_(struct cordon_text t)
{
    char *s = malloc(t.len + 1);
    if (s && t.len)
        memcpy(s, t.ptr, t.len);
    if (s)
        s[t.len] = '\0';
    return s;
}

/* Without memory a call cannot go on, and ends as out-of-memory. */
CORDON_FN_ struct cordon_text cordon_copy_(struct cordon_text t)
{
    char *s = cordon_chars_(t);
    if (!s)
        abort();
    return (struct cordon_text){s, t.len};
}

/* The bytes of the character at `s`, 1 to 4; 0: it is none (overlong, a surrogate, above U+10FFFF, or cut off). */
CORDON_FN_ size_t cordon_utf8(const char *s, size_t len)
{
    const unsigned char *b = (const unsigned char *)s;
    size_t n = !len ? 0 : b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;
    if (n < 2 || n > len)
        return n > len ? 0 : n;
    for (size_t i = 1; i < n; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) || (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f);
    return bad ? 0 : n;
}

/* ---- writing: plain text and JSON ---- */

/* A text that grows; `= {0}` to begin. What fails (no memory, too long, a list ended that was not begun) fails the whole of it,
 * and is seen at its end. */
struct cordon_out {
    char *ptr;
    size_t len, room;
    uint64_t objects;   /* bit N: the list at depth N is an object */
    unsigned depth;
    bool more, key, failed;   /* a comma is due; a key was written */
};

CORDON_FN_ void cordon_out_free(struct cordon_out *o)
{
    free(o->ptr);
    *o = (struct cordon_out){0};
}

CORDON_FN_ bool cordon_out_room_(struct cordon_out *o, size_t n)
{
    if (o->failed || n > CORDON_OUT_MAX - o->len)
        return !(o->failed = true);
    if (n <= o->room - o->len)
        return true;
    size_t room = o->len + n < 256 ? 256 : (o->len + n) + (o->len + n) / 2;
    char *p = realloc(o->ptr, room);
    if (!p)
        return !(o->failed = true);
    o->ptr = p;
    o->room = room;
    return true;
}

/* The bytes as they are. */
CORDON_FN_ void cordon_out_bytes(struct cordon_out *o, const char *s, size_t n)
{
    if (!n || !cordon_out_room_(o, n))
        return;
    memcpy(o->ptr + o->len, s, n);
    o->len += n;
}

CORDON_FN_ void cordon_out_digits_(struct cordon_out *o, uint64_t n, bool minus)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    if (minus)
        *--at = '-';
    cordon_out_bytes(o, at, (size_t)(digits + sizeof digits - at));
}

/* printf with %s %.*s %c %d %i %u and l, ll, z before the last three, and no more: what is not one of these ends the text there. */
CORDON_FN_ void cordon_out_vprint(struct cordon_out *o, const char *format, va_list args)
{
    for (const char *s; *(s = strchr(format, '%') ?: format + strlen(format)); ) {
        cordon_out_bytes(o, format, (size_t)(s++ - format));
        bool cut = strncmp(s, ".*", 2) == 0, ll = strncmp(s += cut ? 2 : 0, "ll", 2) == 0, l = *s == 'l', z = *s == 'z';
        size_t most = cut ? (size_t)va_arg(args, int) : SIZE_MAX;
        s += ll ? 2 : l || z ? 1 : 0;
        if (*s == 's') {
            const char *text = va_arg(args, const char *);
            cordon_out_bytes(o, text, strnlen(text, most));
        } else if (*s == 'c' || *s == '%') {
            char c = *s == '%' ? '%' : (char)va_arg(args, int);
            cordon_out_bytes(o, &c, 1);
        } else if (*s == 'u') {
            cordon_out_digits_(o, ll ? va_arg(args, unsigned long long) : l ? va_arg(args, unsigned long) : z ? va_arg(args, size_t) : va_arg(args, unsigned), false);
        } else if (*s == 'd' || *s == 'i') {
            int64_t n = ll ? va_arg(args, long long) : l ? va_arg(args, long) : z ? va_arg(args, ptrdiff_t) : va_arg(args, int);
            cordon_out_digits_(o, n < 0 ? -(uint64_t)n : (uint64_t)n, n < 0);
        } else
            return;
        format = s + 1;
    }
    cordon_out_bytes(o, format, strlen(format));
}

CORDON_FN_ CORDON_PRINTF_(2) void cordon_out_print(struct cordon_out *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cordon_out_vprint(o, format, args);
    va_end(args);
}

/* What stands before a value: a comma, and in an object its key must be there. */
CORDON_FN_ void cordon_out_value_(struct cordon_out *o)
{
    bool in_object = o->depth && (o->objects >> (o->depth - 1) & 1);
    if (in_object != o->key || (!o->depth && o->more))
        o->failed = true;
    if (o->more && !o->key)
        cordon_out_bytes(o, ",", 1);
    o->more = true;
    o->key = false;
}

CORDON_FN_ void cordon_out_begin_(struct cordon_out *o, bool is_object)
{
    cordon_out_value_(o);
    if (o->depth == CORDON_DEPTH_MAX || !cordon_out_room_(o, 1)) {
        o->failed = true;
        return;
    }
    o->objects = (o->objects & ~(UINT64_C(1) << o->depth)) | (uint64_t)is_object << o->depth;
    o->depth++;
    o->more = false;
    cordon_out_bytes(o, is_object ? "{" : "[", 1);
}

CORDON_FN_ void cordon_out_object(struct cordon_out *o) { cordon_out_begin_(o, true); }
CORDON_FN_ void cordon_out_array(struct cordon_out *o) { cordon_out_begin_(o, false); }

/* Of the object or array that was begun last. */
CORDON_FN_ void cordon_out_end(struct cordon_out *o)
{
    if (!o->depth || o->key || o->failed) {
        o->failed = true;
        return;
    }
    o->depth--;
    cordon_out_bytes(o, o->objects >> o->depth & 1 ? "}" : "]", 1);
    o->more = true;
}

CORDON_FN_ void cordon_out_escape_(struct cordon_out *o, unsigned char c)
{
    static const char hex[] = "0123456789abcdef", plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = c ? strchr(plain, c) : NULL;
    char short_form[2] = {'\\', at ? letters[at - plain] : 0}, long_form[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    cordon_out_bytes(o, at ? short_form : long_form, at ? 2 : 6);
}

/* What is no character becomes U+FFFD: an answer has to be UTF-8. */
CORDON_FN_ void cordon_out_quoted_(struct cordon_out *o, struct cordon_text t)
{
    cordon_out_bytes(o, "\"", 1);
    for (size_t i = 0, n; i < t.len && !o->failed; i += n) {
        unsigned char c = (unsigned char)t.ptr[i];
        n = cordon_utf8(t.ptr + i, t.len - i);
        if (!n) {
            cordon_out_bytes(o, "\xef\xbf\xbd", 3);
            n = 1;
        } else if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            cordon_out_escape_(o, c);
        else
            cordon_out_bytes(o, t.ptr + i, n);
    }
    cordon_out_bytes(o, "\"", 1);
}

CORDON_FN_ void cordon_out_key_(struct cordon_out *o, struct cordon_text key)
{
    if (!o->depth || !(o->objects >> (o->depth - 1) & 1) || o->key)
        o->failed = true;
    if (o->more)
        cordon_out_bytes(o, ",", 1);
    cordon_out_quoted_(o, key);
    cordon_out_bytes(o, ":", 1);
    o->key = true;
}

CORDON_FN_ void cordon_out_text_(struct cordon_out *o, struct cordon_text t)
{
    cordon_out_value_(o);
    cordon_out_quoted_(o, t);
}

CORDON_FN_ void cordon_out_literal_(struct cordon_out *o, const char *s)
{
    cordon_out_value_(o);
    cordon_out_bytes(o, s, strlen(s));
}

/* The member's name; then its value. */
#define cordon_out_key(o, x) cordon_out_key_(o, cordon_text(x))
/* A JSON string of any text. */
#define cordon_out_text(o, x) cordon_out_text_(o, cordon_text(x))
CORDON_FN_ void cordon_out_bool(struct cordon_out *o, bool is) { cordon_out_literal_(o, is ? "true" : "false"); }
CORDON_FN_ void cordon_out_null(struct cordon_out *o) { cordon_out_literal_(o, "null"); }

CORDON_FN_ void cordon_out_int(struct cordon_out *o, int64_t n)
{
    cordon_out_value_(o);
    cordon_out_digits_(o, n < 0 ? -(uint64_t)n : (uint64_t)n, n < 0);
}

/* The shortest that reads as the same; what JSON has no number for is null. With it stdio comes into the skill. */
CORDON_FN_ void cordon_out_double(struct cordon_out *o, double n)
{
    char s[40] = "null";
    for (int digits = 15; n - n == 0 && digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, n);
        if (strtod(s, NULL) == n)
            break;
    }
    cordon_out_literal_(o, s);
}

/* ---- errors and the log ---- */

CORDON_FN_ struct cordon_text cordon_out_take_(struct cordon_out *o)
{
    struct cordon_text t = {o->ptr, o->len};
    *o = (struct cordon_out){0};
    return t;
}

CORDON_FN_ CORDON_PRINTF_(1) struct cordon_text cordon_print_(const char *format, ...)
{
    struct cordon_out o = {0};
    va_list args;
    va_start(args, format);
    cordon_out_vprint(&o, format, args);
    va_end(args);
    return cordon_out_take_(&o);
}

/* `return cordon_fail(err, "days is from 1 to %d", DAYS_MAX);`: sets *err, and is false. What can be printed: cordon_out_vprint. */
#define cordon_fail(err, ...) ({ CORDON_PUT_(err, cordon_print_(__VA_ARGS__)); cordon_said_(false); })

/* `return cordon_done(&out, ret, err);`: *ret becomes what was written, true; or *err says why it could not be. It is emptied. */
#define cordon_done(out, ret, err) ({ \
    struct cordon_out *out_ = (out); \
    bool done_ = !out_->failed && !out_->depth; \
    if (done_) CORDON_PUT_(ret, cordon_out_take_(out_)); \
    else { cordon_out_free(out_); CORDON_PUT_(err, cordon_print_("the answer is too long, or was not written to its end")); } \
    done_; })

/* ---- the host's functions ---- */

/* As they are imported, so that they are the same in every world that imports boternity:skill/host. Results are where `ret` points. */
#define CORDON_IMPORT_(name) __attribute__((import_module("boternity:skill/host"), import_name(name))) extern
struct cordon_result_ { uint8_t failed; struct cordon_text text; };
struct cordon_texts { struct cordon_text *ptr; size_t len; };
struct cordon_context { struct cordon_text bot_name, bot_slug, skill_name, invocation_id; };
CORDON_IMPORT_("log") void cordon_import_log_(const char *, size_t, const char *, size_t);
CORDON_IMPORT_("get-context") void cordon_import_get_context_(struct cordon_context *);
CORDON_IMPORT_("recall-memory") void cordon_import_recall_memory_(const char *, size_t, uint32_t, struct cordon_texts *);
CORDON_IMPORT_("http-get") void cordon_import_http_get_(const char *, size_t, struct cordon_result_ *);
CORDON_IMPORT_("http-post") void cordon_import_http_post_(const char *, size_t, const char *, size_t, struct cordon_result_ *);
CORDON_IMPORT_("read-file") void cordon_import_read_file_(const char *, size_t, struct cordon_result_ *);
CORDON_IMPORT_("write-file") void cordon_import_write_file_(const char *, size_t, const char *, size_t, struct cordon_result_ *);
CORDON_IMPORT_("get-secret") void cordon_import_get_secret_(const char *, size_t, struct cordon_result_ *);
CORDON_IMPORT_("read-env") void cordon_import_read_env_(const char *, size_t, struct cordon_result_ *);

/* A call of `one`, or of `two` texts; *ret or *err is what came. */
#define CORDON_CALL_(call, ret, err) ({ \
    struct cordon_result_ result_ = {0}; \
    call; \
    if (result_.failed) CORDON_PUT_(err, result_.text); else CORDON_PUT_(ret, result_.text); \
    !result_.failed; })
#define CORDON_ONE_(import, one, ret, err) ({ struct cordon_text one_ = cordon_text(one); CORDON_CALL_(import(one_.ptr, one_.len, &result_), ret, err); })
#define CORDON_TWO_(import, one, two, ret, err) ({ \
    struct cordon_text one_ = cordon_text(one), two_ = cordon_text(two); \
    CORDON_CALL_(import(one_.ptr, one_.len, two_.ptr, two_.len, &result_), ret, err); })

/* Each is true and gives *ret, or is false and gives *err: what was not granted says so there. */
#define cordon_http_get(url, ret, err) CORDON_ONE_(cordon_import_http_get_, url, ret, err)
#define cordon_http_post(url, body, ret, err) CORDON_TWO_(cordon_import_http_post_, url, body, ret, err)
#define cordon_read_file(path, ret, err) CORDON_ONE_(cordon_import_read_file_, path, ret, err)
#define cordon_get_secret(name, ret, err) CORDON_ONE_(cordon_import_get_secret_, name, ret, err)
#define cordon_read_env(name, ret, err) CORDON_ONE_(cordon_import_read_env_, name, ret, err)
#define cordon_write_file(path, content, err) ({ struct cordon_text none_; CORDON_TWO_(cordon_import_write_file_, path, content, &none_, err); })

/* A line of the log; level "trace", "debug", "info", "warn" or "error". */
CORDON_FN_ CORDON_PRINTF_(2) void cordon_log(const char *level, const char *format, ...)
{
    struct cordon_out o = {0};
    va_list args;
    va_start(args, format);
    cordon_out_vprint(&o, format, args);
    va_end(args);
    cordon_import_log_(level, strlen(level), o.ptr, o.len);
    cordon_out_free(&o);
}

/* For whom it runs, as which skill, and the id of this call. */
CORDON_FN_ struct cordon_context cordon_context(void)
{
    struct cordon_context c;
    cordon_import_get_context_(&c);
    return c;
}

/* At most `limit` of what the bot remembers of `query`; without a grant none. cordon_texts_free. */
#define cordon_recall_memory(query, limit) cordon_recall_memory_(cordon_text(query), limit)
CORDON_FN_ struct cordon_texts cordon_recall_memory_(struct cordon_text query, uint32_t limit)
{
    struct cordon_texts t;
    cordon_import_recall_memory_(query.ptr, query.len, limit, &t);
    return t;
}

CORDON_FN_ void cordon_texts_free(struct cordon_texts *t)
{
    for (size_t i = 0; i < t->len; i++)
        cordon_free_(t->ptr[i]);
    if (t->len)
        free(t->ptr);
    *t = (struct cordon_texts){0};
}

/* What the skill world wants to know, in one line: CORDON_SKILL("shout", "Says it in capitals.") */
#define CORDON_SKILL(name, description) \
    void exports_skill_plugin_get_name(skill_plugin_string_t *ret) { cordon_give(ret, name); } \
    void exports_skill_plugin_get_description(skill_plugin_string_t *ret) { cordon_give(ret, description); }

/* ---- reading JSON ---- */

/* A value: where it stands in a text that was checked as a whole (cordon_json). It points into that text, which must live as long.
 * Zero is no value, and every function takes it for one. */
struct cordon_json { const char *at, *end; };
enum cordon_json_kind { CORDON_JSON_NONE, CORDON_JSON_NULL, CORDON_JSON_BOOL, CORDON_JSON_NUMBER, CORDON_JSON_TEXT, CORDON_JSON_ARRAY, CORDON_JSON_OBJECT };

struct cordon_reader_ { const char *start, *at, *end, *why; };

CORDON_FN_ bool cordon_read_fail_(struct cordon_reader_ *r, const char *why)
{
    if (!r->why)
        r->why = why;
    return false;
}

CORDON_FN_ void cordon_read_space_(struct cordon_reader_ *r)
{
    while (r->at < r->end && *r->at && strchr(" \t\r\n", *r->at))
        r->at++;
}

CORDON_FN_ bool cordon_read_char_(struct cordon_reader_ *r, char c)
{
    bool is = r->at < r->end && *r->at == c;
    r->at += is;
    return is;
}

CORDON_FN_ bool cordon_read_word_(struct cordon_reader_ *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return cordon_read_fail_(r, "a value is expected");
    r->at += n;
    return true;
}

CORDON_FN_ bool cordon_read_digits_(struct cordon_reader_ *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > from || cordon_read_fail_(r, "a digit is expected");
}

CORDON_FN_ bool cordon_read_number_(struct cordon_reader_ *r)
{
    cordon_read_char_(r, '-');
    bool zero = cordon_read_char_(r, '0');
    if (!zero && !cordon_read_digits_(r))
        return false;
    if (cordon_read_char_(r, '.') && !cordon_read_digits_(r))
        return false;
    if (!cordon_read_char_(r, 'e') && !cordon_read_char_(r, 'E'))
        return true;
    if (!cordon_read_char_(r, '+'))
        cordon_read_char_(r, '-');
    return cordon_read_digits_(r);
}

CORDON_FN_ bool cordon_read_hex_(struct cordon_reader_ *r, uint32_t *ret)
{
    uint32_t n = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->end ? *r->at : 0, low = (char)(c | 0x20);
        if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
            return cordon_read_fail_(r, "four hexadecimal digits are expected behind \\u");
        n = n << 4 | (uint32_t)(c <= '9' ? c - '0' : low - 'a' + 10);
    }
    *ret = n;
    return true;
}

/* Behind \u; with its second half, if it is the first of two. */
CORDON_FN_ bool cordon_read_code_(struct cordon_reader_ *r, uint32_t *ret)
{
    uint32_t second;
    if (!cordon_read_hex_(r, ret) || *ret < 0xd800 || *ret > 0xdfff)
        return !r->why;
    if (*ret > 0xdbff || !cordon_read_char_(r, '\\') || !cordon_read_char_(r, 'u') || !cordon_read_hex_(r, &second) || second < 0xdc00 || second > 0xdfff)
        return cordon_read_fail_(r, "half a character (\\ud800 to \\udfff stand in pairs)");
    *ret = 0x10000 + ((*ret - 0xd800) << 10) + (second - 0xdc00);
    return true;
}

CORDON_FN_ size_t cordon_encode_(uint32_t c, char *to)
{
    if (c < 0x80)
        return to[0] = (char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

/* One character of a string, as UTF-8. 0: its end, or an error. */
CORDON_FN_ size_t cordon_read_letter_(struct cordon_reader_ *r, char to[4])
{
    static const char letters[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
    size_t n = cordon_utf8(r->at, (size_t)(r->end - r->at));
    uint32_t code;
    if (r->at == r->end)
        return cordon_read_fail_(r, "a string without an end");
    if (*r->at == '"' || !n || (unsigned char)*r->at < 0x20) {
        if (*r->at != '"')
            cordon_read_fail_(r, n ? "a control character in a string" : "a string that is not UTF-8");
        return 0;
    }
    if (!cordon_read_char_(r, '\\')) {
        memcpy(to, r->at, n);
        r->at += n;
        return n;
    }
    if (cordon_read_char_(r, 'u'))
        return cordon_read_code_(r, &code) ? cordon_encode_(code, to) : 0;
    const char *at = r->at < r->end && *r->at ? strchr(letters, *r->at) : NULL;
    if (!at)
        return cordon_read_fail_(r, "an escape that JSON does not have");
    r->at++;
    to[0] = plain[at - letters];
    return 1;
}

CORDON_FN_ bool cordon_read_text_(struct cordon_reader_ *r)
{
    char letter[4];
    r->at++;
    while (cordon_read_letter_(r, letter))
        ;
    return !r->why && cordon_read_char_(r, '"');
}

CORDON_FN_ bool cordon_read_value_(struct cordon_reader_ *r, unsigned depth);

CORDON_FN_ bool cordon_read_key_(struct cordon_reader_ *r)
{
    cordon_read_space_(r);
    if (r->at == r->end || *r->at != '"')
        return cordon_read_fail_(r, "a name in quotes is expected");
    if (!cordon_read_text_(r))
        return false;
    cordon_read_space_(r);
    return cordon_read_char_(r, ':') || cordon_read_fail_(r, "a colon is expected");
}

CORDON_FN_ bool cordon_read_list_(struct cordon_reader_ *r, bool is_object, unsigned depth)
{
    char end = is_object ? '}' : ']';
    if (depth == CORDON_DEPTH_MAX)
        return cordon_read_fail_(r, "lists and objects are nested too deep");
    r->at++;
    cordon_read_space_(r);
    if (cordon_read_char_(r, end))
        return true;
    do {
        if ((is_object && !cordon_read_key_(r)) || !cordon_read_value_(r, depth + 1))
            return false;
        cordon_read_space_(r);
    } while (cordon_read_char_(r, ','));
    return cordon_read_char_(r, end) || cordon_read_fail_(r, is_object ? "a comma or } is expected" : "a comma or ] is expected");
}

CORDON_FN_ bool cordon_read_value_(struct cordon_reader_ *r, unsigned depth)
{
    cordon_read_space_(r);
    switch (r->at < r->end ? *r->at : 0) {
    case '{': return cordon_read_list_(r, true, depth);
    case '[': return cordon_read_list_(r, false, depth);
    case '"': return cordon_read_text_(r);
    case 't': return cordon_read_word_(r, "true");
    case 'f': return cordon_read_word_(r, "false");
    case 'n': return cordon_read_word_(r, "null");
    case '-': case '0' ... '9': return cordon_read_number_(r);
    default: return cordon_read_fail_(r, "a value is expected");
    }
}

/* Where the check stopped, and why; NULL: it is JSON. */
CORDON_FN_ const char *cordon_json_check_(struct cordon_text t, struct cordon_json *ret, size_t *where)
{
    struct cordon_reader_ r = {t.ptr, t.ptr, t.ptr + t.len, NULL};
    cordon_read_space_(&r);
    const char *from = r.at;
    bool ok = cordon_read_value_(&r, 0);
    *ret = (struct cordon_json){from, r.at};
    cordon_read_space_(&r);
    if (ok && r.at < r.end)
        cordon_read_fail_(&r, "more behind the value");
    *where = (size_t)(r.at - r.start);
    return r.why;
}

/* Checks all of a text, as RFC 8259 has JSON, and gives its value; false: *err says what is wrong and at which byte. */
#define cordon_json(x, ret, err) ({ \
    size_t where_; \
    struct cordon_json json_ = {0}; \
    const char *why_ = cordon_json_check_(cordon_text(x), &json_, &where_); \
    if (why_) CORDON_PUT_(err, cordon_print_("not JSON: byte %zu: %s", where_ + 1, why_)); else *(ret) = json_; \
    !why_; })

CORDON_FN_ enum cordon_json_kind cordon_json_kind(struct cordon_json j)
{
    switch (j.at < j.end ? *j.at : 0) {
    case 0: return CORDON_JSON_NONE;
    case '{': return CORDON_JSON_OBJECT;
    case '[': return CORDON_JSON_ARRAY;
    case '"': return CORDON_JSON_TEXT;
    case 't': case 'f': return CORDON_JSON_BOOL;
    case 'n': return CORDON_JSON_NULL;
    default: return CORDON_JSON_NUMBER;
    }
}

/* Over the members of an object or the items of an array; over nothing else there is nothing.
 *
 *     struct cordon_json_walk w = cordon_json_walk(list);
 *     while (cordon_json_next(&w))
 *         … w.value, and w.key in an object (a JSON string)
 */
struct cordon_json_walk { struct cordon_json key, value; struct cordon_reader_ r; bool is_object; };

CORDON_FN_ struct cordon_json_walk cordon_json_walk(struct cordon_json of)
{
    enum cordon_json_kind kind = cordon_json_kind(of);
    bool is_list = kind == CORDON_JSON_OBJECT || kind == CORDON_JSON_ARRAY;
    return (struct cordon_json_walk){.r = {of.at, of.at + is_list, is_list ? of.end - 1 : of.at, NULL}, .is_object = kind == CORDON_JSON_OBJECT};
}

CORDON_FN_ bool cordon_json_next(struct cordon_json_walk *w)
{
    cordon_read_space_(&w->r);
    cordon_read_char_(&w->r, ',');
    cordon_read_space_(&w->r);
    w->key.at = w->r.at;
    if (w->r.at >= w->r.end || (w->is_object && !cordon_read_text_(&w->r)))
        return false;
    w->key.end = w->r.at;
    if (w->is_object) {
        cordon_read_space_(&w->r);
        cordon_read_char_(&w->r, ':');
        cordon_read_space_(&w->r);
    } else
        w->key = (struct cordon_json){0};
    w->value.at = w->r.at;
    bool ok = cordon_read_value_(&w->r, 1);
    w->value.end = w->r.at;
    return ok;
}

CORDON_FN_ bool cordon_json_is_(struct cordon_json j, struct cordon_text t)
{
    struct cordon_reader_ r = {j.at, j.at + 1, j.end, NULL};
    char letter[4];
    size_t n, at = 0;
    if (cordon_json_kind(j) != CORDON_JSON_TEXT)
        return false;
    for (; (n = cordon_read_letter_(&r, letter)); at += n)
        if (n > t.len - at || memcmp(letter, t.ptr + at, n) != 0)
            return false;
    return at == t.len;
}

/* Is it this text? */
#define cordon_json_is(j, x) cordon_json_is_(j, cordon_text(x))

/* The member of that name; of two the first. */
#define cordon_json_get(j, name) cordon_json_get_(j, cordon_text(name))
CORDON_FN_ struct cordon_json cordon_json_get_(struct cordon_json j, struct cordon_text name)
{
    struct cordon_json_walk w = cordon_json_walk(j);
    while (w.is_object && cordon_json_next(&w))
        if (cordon_json_is_(w.key, name))
            return w.value;
    return (struct cordon_json){0};
}

/* A copy of a string's text, to be freed; false: it is no string. */
CORDON_FN_ bool cordon_json_text(struct cordon_json j, struct cordon_text *ret)
{
    if (cordon_json_kind(j) != CORDON_JSON_TEXT)
        return false;
    struct cordon_reader_ r = {j.at, j.at + 1, j.end, NULL};
    char letter[4], *to = malloc((size_t)(j.end - j.at));   /* no escape is shorter than what it stands for */
    size_t len = 0;
    if (!to)
        abort();
    for (size_t n; (n = cordon_read_letter_(&r, letter)); len += n)
        memcpy(to + len, letter, n);
    if (!len)
        free(to);
    *ret = (struct cordon_text){len ? to : NULL, len};
    return true;
}

CORDON_FN_ bool cordon_json_bool(struct cordon_json j, bool *ret)
{
    if (cordon_json_kind(j) != CORDON_JSON_BOOL)
        return false;
    *ret = *j.at == 't';
    return true;
}

/* A number without fraction and exponent, from `least` to `most`. */
CORDON_FN_ bool cordon_json_int(struct cordon_json j, int64_t least, int64_t most, int64_t *ret)
{
    int64_t n = 0;
    if (cordon_json_kind(j) != CORDON_JSON_NUMBER)
        return false;
    bool minus = *j.at == '-';
    for (const char *s = j.at + minus; s < j.end; s++)
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, *s - '0', &n))   /* below zero there is one more */
            return false;
    if (!minus && __builtin_sub_overflow(0, n, &n))
        return false;
    if (n < least || n > most)
        return false;
    *ret = n;
    return true;
}

/* Any number, as near as a double is. With it stdio comes into the skill. */
CORDON_FN_ bool cordon_json_double(struct cordon_json j, double *ret)
{
    char *copy = cordon_json_kind(j) == CORDON_JSON_NUMBER ? cordon_chars_((struct cordon_text){(char *)j.at, (size_t)(j.end - j.at)}) : NULL;
    if (!copy)
        return false;
    *ret = strtod(copy, NULL);
    free(copy);
    return true;
}

/* Options: the member `name` of an object, if it is there. false: it is there and is something else, and *err says what it should be. What is not there
 * leaves *ret as it is. */
#define CORDON_TAKE_(json, name, ok, err, ...) ({ \
    struct cordon_json it_ = cordon_json_get(json, name); \
    it_.at == it_.end || (ok) || cordon_fail(err, __VA_ARGS__); })
#define cordon_take_int(json, name, least, most, ret, err) \
    CORDON_TAKE_(json, name, cordon_json_int(it_, least, most, ret), err, "%s: a whole number from %lld to %lld is expected", name, (long long)(least), (long long)(most))
#define cordon_take_bool(json, name, ret, err) CORDON_TAKE_(json, name, cordon_json_bool(it_, ret), err, "%s: true or false is expected", name)
#define cordon_take_text(json, name, ret, err) CORDON_TAKE_(json, name, cordon_json_text(it_, ret), err, "%s: a text is expected", name)

CORDON_FN_ bool cordon_known_(struct cordon_json key, const char *const *names)
{
    for (; *names; names++)
        if (cordon_json_is(key, *names))
            return true;
    return false;
}

/* `cordon_take_only(options, err, "top", "case")`: false, and *err names it, if it has a member of any other name, or is no object. */
#define cordon_take_only(json, err, ...) ({ \
    struct cordon_json all_ = (json); \
    struct cordon_json_walk walk_ = cordon_json_walk(all_); \
    bool only_ = cordon_json_kind(all_) == CORDON_JSON_OBJECT; \
    if (!only_) cordon_fail(err, "a JSON object is expected"); \
    while (only_ && cordon_json_next(&walk_)) \
        if (!cordon_known_(walk_.key, (const char *const[]){__VA_ARGS__, NULL})) \
            only_ = cordon_fail(err, "there is no option %.*s", (int)(walk_.key.end - walk_.key.at), walk_.key.at); \
    only_; })

#endif
