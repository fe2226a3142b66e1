/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON to component values. A value under construction can be deleted at any moment: containers are made full of `false` and filled in place,
 * so a failure anywhere is one values_finish at the top. Recursion follows the type (WIT_DEPTH_MAX), never the JSON.
 */
#include "values.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 64, LISTED_MAX = 12, NODE_BYTES = 72 /* of memory: a value, and its copy in the engine */ };

/* Where in the arguments we are; on the stack, innermost first. `name` NULL: an index. */
struct path {
    const struct path *up;
    const char *name;
    size_t name_len, index;
};

struct reader {
    size_t nodes, compares; /* spent of VALUES_NODES_MAX, VALUES_COMPARES_MAX */
    size_t bytes;           /* of memory, besides nodes: of the JSON, and of text that is copied */
    cordon_error **err;
};

typedef wasmtime_component_val_t val_t;

static int read_value(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v);

/* ---- saying what is wrong ---- */

static void path_text(struct buf *b, const struct path *at)
{
    if (!at)
        return;
    path_text(b, at->up);
    if (!at->name) {
        buf_addf(b, "[%zu]", at->index);
        return;
    }
    if (b->len)
        buf_addc(b, '.');
    buf_add(b, at->name, text_cut(at->name, at->name_len, SHOWN_MAX));
}

static int refuse(struct reader *r, const struct path *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int refuse(struct reader *r, const struct path *at, const char *fmt, ...)
{
    char where[ERR_SUBJECT_MAX], what[ERR_MESSAGE_MAX / 2];
    cleanup(buf_finish) struct buf b;
    buf_init(&b, sizeof(where) - 1);
    path_text(&b, at);
    snprintf(where, sizeof(where), "%s", b.data ? b.data : "");
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    if (!where[0])
        return err_set(r->err, CORDON_E_BAD_ARGS, NULL, "arguments: %s", what);
    return err_set(r->err, CORDON_E_BAD_ARGS, where, "%s: %s", where, what);
}

/* Only numbers are shown as they are: text may be a secret in the wrong place, and errors are kept. */
static const char *got(const json_t *j, char buf[64])
{
    switch (json_typeof(j)) {
    case JSON_NULL: return "null";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_STRING: return "a string";
    case JSON_ARRAY: return "an array";
    case JSON_OBJECT: return "an object";
    case JSON_INTEGER: snprintf(buf, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(j)); break;
    case JSON_REAL: snprintf(buf, 64, "%.15g", json_real_value(j)); break;
    }
    return buf;
}

static int expected(struct reader *r, const struct path *at, const struct wit_type *t, const char *what, const json_t *j)
{
    char buf[64];
    return refuse(r, at, "expected %s (%s), got %s", what, wit_kind_name(t->kind), got(j, buf));
}

/* "; did you mean X?", or the names there are. */
static void suggest(struct buf *b, const struct wit_member *m, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; len > 2 && len <= WIT_NAME_MAX && i < n; i++) {
        if (m[i].name_len > 2 && text_is_near(m[i].name, name)) { /* shorter ones are near to everything */
            buf_addf(b, "; did you mean %s?", m[i].name);
            return;
        }
    }
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        buf_addf(b, "%s %s", i ? "," : "; there is", m[i].name);
    if (n > LISTED_MAX)
        buf_adds(b, ", …");
}

/* A name that is not among those of the type. */
static int unknown(struct reader *r, const struct path *at, const char *what, const struct wit_member *m, size_t n, const char *name, size_t len)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, ERR_MESSAGE_MAX / 2);
    suggest(&b, m, n, name, len);
    size_t shown = text_cut(name, len, SHOWN_MAX);
    return refuse(r, at, "no %s \"%.*s%s\"%s", what, (int)shown, name, shown < len ? "…" : "", b.data ? b.data : "");
}

static int charge(struct reader *r, const struct path *at, size_t nodes)
{
    if (nodes > VALUES_NODES_MAX - r->nodes)
        return refuse(r, at, "the arguments have too many values: the ceiling is %d", VALUES_NODES_MAX);
    r->nodes += nodes;
    return 0;
}

/* ---- scalars ---- */

static const struct { int64_t min, max; const char *what; } ranges[] = {
    [WIT_S8] = {INT8_MIN, INT8_MAX, "an integer from -128 to 127"},
    [WIT_U8] = {0, UINT8_MAX, "an integer from 0 to 255"},
    [WIT_S16] = {INT16_MIN, INT16_MAX, "an integer from -32768 to 32767"},
    [WIT_U16] = {0, UINT16_MAX, "an integer from 0 to 65535"},
    [WIT_S32] = {INT32_MIN, INT32_MAX, "an integer from -2147483648 to 2147483647"},
    [WIT_U32] = {0, UINT32_MAX, "an integer from 0 to 4294967295"},
    [WIT_S64] = {INT64_MIN, INT64_MAX, "an integer or a decimal string from -9223372036854775808 to 9223372036854775807"},
    [WIT_U64] = {0, INT64_MAX, "an integer or a decimal string from 0 to 18446744073709551615"},
};

/* Also a real without fraction (3.0, 1e3), as JSON Schema has it, while doubles are exact. */
static bool whole(const json_t *j, int64_t *ret)
{
    if (json_is_integer(j)) {
        *ret = json_integer_value(j);
        return true;
    }
    double d = json_is_real(j) ? json_real_value(j) : NAN;
    if (!(fabs(d) <= 9007199254740992.0) || d != trunc(d))
        return false;
    *ret = (int64_t)d;
    return true;
}

/* -?[0-9]{1,20}, the magnitude in *ret. */
static bool decimal(const json_t *j, bool *negative, uint64_t *ret)
{
    const char *s = json_string_value(j);
    size_t len = json_string_length(j);
    if (!s || len == 0 || len > 21)
        return false;
    *negative = *s == '-';
    uint64_t u = 0;
    for (size_t i = *negative; i < len; i++) {
        unsigned digit = (unsigned)s[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(u, 10u, &u) || __builtin_add_overflow(u, digit, &u))
            return false;
    }
    *ret = u;
    return len > *negative;
}

static bool wide_text(const json_t *j, enum wit_kind kind, val_t *v)
{
    bool negative;
    uint64_t u;
    if (!decimal(j, &negative, &u))
        return false;
    if (kind == WIT_U64) {
        v->of.u64 = u;
        return !negative || u == 0;
    }
    if (u > (uint64_t)INT64_MAX + negative)
        return false;
    v->of.s64 = (int64_t)(negative ? -u : u);
    return true;
}

static int read_integer(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    int64_t i = 0;
    bool wide = t->kind == WIT_S64 || t->kind == WIT_U64;
    if (!(wide && json_is_string(j))) {
        if (!whole(j, &i) || i < ranges[t->kind].min || i > ranges[t->kind].max)
            return expected(r, at, t, ranges[t->kind].what, j);
    }
    switch (t->kind) {
    case WIT_S8: v->of.s8 = (int8_t)i; v->kind = WASMTIME_COMPONENT_S8; return 0;
    case WIT_U8: v->of.u8 = (uint8_t)i; v->kind = WASMTIME_COMPONENT_U8; return 0;
    case WIT_S16: v->of.s16 = (int16_t)i; v->kind = WASMTIME_COMPONENT_S16; return 0;
    case WIT_U16: v->of.u16 = (uint16_t)i; v->kind = WASMTIME_COMPONENT_U16; return 0;
    case WIT_S32: v->of.s32 = (int32_t)i; v->kind = WASMTIME_COMPONENT_S32; return 0;
    case WIT_U32: v->of.u32 = (uint32_t)i; v->kind = WASMTIME_COMPONENT_U32; return 0;
    default: break;
    }
    v->of.s64 = i; /* of u64 too: 0 <= i */
    if (json_is_string(j) && !wide_text(j, t->kind, v))
        return expected(r, at, t, ranges[t->kind].what, j);
    v->kind = t->kind == WIT_S64 ? WASMTIME_COMPONENT_S64 : WASMTIME_COMPONENT_U64;
    return 0;
}

static bool float_text(const json_t *j, double *ret)
{
    const char *s = json_string_value(j);
    if (!s)
        return false;
    if (strcmp(s, "NaN") == 0)
        *ret = NAN;
    else if (strcmp(s, "inf") == 0)
        *ret = INFINITY;
    else if (strcmp(s, "-inf") == 0)
        *ret = -INFINITY;
    else
        return false;
    return true;
}

static int read_float(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    double d = json_number_value(j);
    if (!json_is_number(j) && !float_text(j, &d))
        return expected(r, at, t, "a number, or \"NaN\", \"inf\" or \"-inf\"", j);
    if (t->kind == WIT_F64) {
        v->of.f64 = d;
        v->kind = WASMTIME_COMPONENT_F64;
        return 0;
    }
    if (isfinite(d) && !isfinite((float)d))
        return expected(r, at, t, "a number that 32 bits can hold", j);
    v->of.f32 = (float)d;
    v->kind = WASMTIME_COMPONENT_F32;
    return 0;
}

/* A string that may become one of Rust's. NULL: refused. */
static const char *utf8(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, const char *what)
{
    const char *s = json_string_value(j);
    if (!s)
        expected(r, at, t, what, j);
    else if (!text_is_utf8(s, json_string_length(j)))
        refuse(r, at, "the string is not UTF-8");
    else
        return s;
    return NULL;
}

static int read_string(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    const char *s = utf8(r, t, j, at, "a string");
    if (!s)
        return -CORDON_E_BAD_ARGS;
    r->bytes += 2 * (json_string_length(j) + 32); /* here, and once more in the engine; an allocation each */
    wasm_byte_vec_new(&v->of.string, json_string_length(j), s);
    v->kind = WASMTIME_COMPONENT_STRING;
    return 0;
}

/* The only character of valid UTF-8, or false. */
static bool one_char(const char *s, size_t len, uint32_t *ret)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = len == 0 ? 1 : *p < 0x80 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
    if (n != len)
        return false;
    uint32_t c = n == 1 ? *p : *p & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    *ret = c;
    return true;
}

static int read_char(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    const char *s = utf8(r, t, j, at, "a string of one character");
    if (!s)
        return -CORDON_E_BAD_ARGS;
    if (!one_char(s, json_string_length(j), &v->of.character))
        return refuse(r, at, "expected a string of one character (char), got one of %s", *s ? "several" : "none");
    v->kind = WASMTIME_COMPONENT_CHAR;
    return 0;
}

/* ---- lists and tuples ---- */

static int read_bytes(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    const char *s = json_string_value(j);
    if (!s)
        return expected(r, at, t, "a base64 string", j);
    size_t len = json_string_length(j), n = 0, max = len / 4 * 3 + 3;
    if (charge(r, at, len / 4 * 3) < 0)
        return -CORDON_E_BAD_ARGS;
    unsigned char *bytes = malloc(max);
    if (!bytes)
        return err_nomem(r->err);
    const char *stop = s;
    if (sodium_base642bin(bytes, max, s, len, NULL, &n, &stop, sodium_base64_VARIANT_ORIGINAL) < 0 || stop != s + len) {
        free(bytes);
        return refuse(r, at, "expected a base64 string (list<u8>; A-Z a-z 0-9 + / with = padding); it breaks off at character %td", stop - s + 1);
    }
    wasmtime_component_vallist_new_uninit(&v->of.list, n);
    v->kind = WASMTIME_COMPONENT_LIST;
    for (size_t i = 0; i < n; i++) {
        v->of.list.data[i].kind = WASMTIME_COMPONENT_U8;
        v->of.list.data[i].of.u8 = bytes[i];
    }
    free(bytes);
    return 0;
}

static int read_list(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    if (t->elem->kind == WIT_U8)
        return read_bytes(r, t, j, at, v);
    if (!json_is_array(j))
        return expected(r, at, t, "an array", j);
    size_t n = json_array_size(j);
    if (charge(r, at, n) < 0)
        return -CORDON_E_BAD_ARGS;
    wasmtime_component_vallist_new_uninit(&v->of.list, n);
    v->kind = WASMTIME_COMPONENT_LIST;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct path in = {.up = at, .index = i};
        rc = read_value(r, t->elem, json_array_get(j, i), &in, &v->of.list.data[i]);
    }
    return rc;
}

static int read_tuple(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    if (!json_is_array(j))
        return expected(r, at, t, "an array", j);
    size_t n = json_array_size(j);
    if (n != t->n_members)
        return refuse(r, at, "expected an array of %zu (tuple), got one of %zu", t->n_members, n);
    if (charge(r, at, n) < 0)
        return -CORDON_E_BAD_ARGS;
    wasmtime_component_valtuple_new_uninit(&v->of.tuple, n);
    v->kind = WASMTIME_COMPONENT_TUPLE;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct path in = {.up = at, .index = i};
        rc = read_value(r, t->members[i].type, json_array_get(j, i), &in, &v->of.tuple.data[i]);
    }
    return rc;
}

/* ---- records and parameters ---- */

static void none(val_t *v)
{
    v->of.option = NULL;
    v->kind = WASMTIME_COMPONENT_OPTION;
}

/* `j` NULL: the member is not there, which only an option may be. */
static int read_member(struct reader *r, const struct wit_member *m, const json_t *j, const struct path *up, const char *what, val_t *v)
{
    struct path at = {.up = up, .name = m->name, .name_len = m->name_len};
    if (j)
        return read_value(r, m->type, j, &at, v);
    if (m->type->kind != WIT_OPTION)
        return refuse(r, &at, "the %s is missing", what);
    none(v);
    return 0;
}

/* The first key of `j` that is no member is refused; called when there are more keys than members were found. */
static int refuse_unknown(struct reader *r, const struct wit_member *m, size_t n, const json_t *j, const struct path *up, const char *what)
{
    json_t *obj = (json_t *)j; /* iterating changes nothing, but is not declared so */
    for (void *it = json_object_iter(obj); it; it = json_object_iter_next(obj, it)) {
        const char *key = json_object_iter_key(it);
        size_t len = json_object_iter_key_len(it);
        struct path at = {.up = up, .name = key, .name_len = len};
        if (!wit_member_find(m, n, key, len))
            return unknown(r, &at, what, m, n, key, len);
    }
    return 0;
}

static size_t count_known(const struct wit_member *m, size_t n, const json_t *obj)
{
    size_t known = 0;
    for (size_t i = 0; i < n; i++)
        known += json_object_getn(obj, m[i].name, m[i].name_len) != NULL;
    return known;
}

static int read_record(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    if (!json_is_object(j))
        return expected(r, at, t, "an object", j);
    if (count_known(t->members, t->n_members, j) != json_object_size(j))
        return refuse_unknown(r, t->members, t->n_members, j, at, "field");
    if (charge(r, at, 2 * t->n_members) < 0) /* each has a copy of its name */
        return -CORDON_E_BAD_ARGS;
    wasmtime_component_valrecord_new_uninit(&v->of.record, t->n_members);
    v->kind = WASMTIME_COMPONENT_RECORD;
    int rc = 0;
    for (size_t i = 0; i < t->n_members && rc == 0; i++) {
        const struct wit_member *m = &t->members[i];
        wasmtime_component_valrecord_entry_t *e = &v->of.record.data[i];
        wasm_byte_vec_delete(&e->name);
        wasm_byte_vec_new(&e->name, m->name_len, m->name);
        rc = read_member(r, m, json_object_getn(j, m->name, m->name_len), at, "field", &e->val);
    }
    return rc;
}

/* ---- one of several ---- */

static int read_payload(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t **slot)
{
    val_t inner = {0};
    if (charge(r, at, 1) < 0)
        return -CORDON_E_BAD_ARGS;
    int rc = read_value(r, t, j, at, &inner);
    if (rc < 0)
        wasmtime_component_val_delete(&inner);
    else
        *slot = wasmtime_component_val_new(&inner); /* moves it */
    return rc;
}

/* The value of the one key of `j`; NULL if it has not exactly one. */
static const json_t *only(const json_t *j, const char **ret_key, size_t *ret_len)
{
    if (!json_is_object(j) || json_object_size(j) != 1)
        return NULL;
    void *it = json_object_iter((json_t *)j);
    *ret_key = json_object_iter_key(it);
    *ret_len = json_object_iter_key_len(it);
    return json_object_iter_value(it);
}

static int read_option(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    none(v);
    if (json_is_null(j))
        return 0;
    if (t->elem->kind != WIT_OPTION)
        return read_payload(r, t->elem, j, at, &v->of.option);
    const char *key;
    size_t len;
    const json_t *some = only(j, &key, &len);
    if (!some || len != 4 || memcmp(key, "some", 4) != 0)
        return expected(r, at, t, "null or {\"some\": …}", j);
    struct path in = {.up = at, .name = key, .name_len = len};
    return read_payload(r, t->elem, some, &in, &v->of.option);
}

static int read_result(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    const char *key = "";
    size_t len = 0;
    const json_t *value = only(j, &key, &len);
    bool ok = len == 2 && memcmp(key, "ok", 2) == 0;
    if (!value || !(ok || (len == 3 && memcmp(key, "err", 3) == 0)))
        return expected(r, at, t, "{\"ok\": …} or {\"err\": …}", j);
    v->of.result.is_ok = ok;
    v->of.result.val = NULL;
    v->kind = WASMTIME_COMPONENT_RESULT;
    const struct wit_type *side = ok ? t->elem : t->err;
    struct path in = {.up = at, .name = key, .name_len = len};
    char buf[64];
    if (side)
        return read_payload(r, side, value, &in, &v->of.result.val);
    return json_is_null(value) ? 0 : refuse(r, &in, "expected null (it has no value), got %s", got(value, buf));
}

/* The member named by text from outside. NULL: refused. */
static const struct wit_member *lookup(struct reader *r, const struct wit_type *t, const char *name, size_t len, const struct path *at, const char *what)
{
    const struct wit_member *m = wit_member_find(t->members, t->n_members, name, len);
    if (!m) {
        unknown(r, at, what, t->members, t->n_members, name, len);
        return NULL;
    }
    r->compares += (size_t)(m - t->members) + 1;
    if (r->compares <= VALUES_COMPARES_MAX)
        return m;
    refuse(r, at, "the arguments name too many of too large a %s", wit_kind_name(t->kind));
    return NULL;
}

static int read_variant(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    const char *key = json_string_value(j);
    size_t len = json_string_length(j);
    const json_t *value = key ? NULL : only(j, &key, &len);
    if (!key)
        return expected(r, at, t, "{\"case\": value}, or \"case\" for one without a value", j);
    const struct wit_member *m = lookup(r, t, key, len, at, "case");
    if (!m)
        return -CORDON_E_BAD_ARGS;
    if (m->type && !value)
        return refuse(r, at, "case %s has a value: expected {\"%s\": …}", m->name, m->name);
    if (!m->type && value)
        return refuse(r, at, "case %s has no value: expected the string \"%s\"", m->name, m->name);
    wasm_byte_vec_new(&v->of.variant.discriminant, m->name_len, m->name);
    v->of.variant.val = NULL;
    v->kind = WASMTIME_COMPONENT_VARIANT;
    struct path in = {.up = at, .name = m->name, .name_len = m->name_len};
    return m->type ? read_payload(r, m->type, value, &in, &v->of.variant.val) : 0;
}

static int read_enum(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    const char *s = json_string_value(j);
    if (!s)
        return expected(r, at, t, "a string", j);
    const struct wit_member *m = lookup(r, t, s, json_string_length(j), at, "case");
    if (!m)
        return -CORDON_E_BAD_ARGS;
    wasm_byte_vec_new(&v->of.enumeration, m->name_len, m->name);
    v->kind = WASMTIME_COMPONENT_ENUM;
    return 0;
}

static bool listed_before(const json_t *list, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (json_equal(json_array_get(list, k), json_array_get(list, i)))
            return true;
    return false;
}

static int read_flags(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    if (!json_is_array(j))
        return expected(r, at, t, "an array of names", j);
    size_t n = json_array_size(j);
    if (n > t->n_members)
        return refuse(r, at, "expected at most %zu names (flags), got %zu", t->n_members, n);
    if (charge(r, at, n) < 0)
        return -CORDON_E_BAD_ARGS;
    wasmtime_component_valflags_new_uninit(&v->of.flags, n);
    v->kind = WASMTIME_COMPONENT_FLAGS;
    for (size_t i = 0; i < n; i++) {
        struct path in = {.up = at, .index = i};
        const json_t *name = json_array_get(j, i);
        if (!json_is_string(name))
            return expected(r, &in, t, "a name", name);
        const struct wit_member *m = lookup(r, t, json_string_value(name), json_string_length(name), &in, "flag");
        if (!m)
            return -CORDON_E_BAD_ARGS;
        if (listed_before(j, i))
            return refuse(r, &in, "%s is there twice", m->name);
        wasm_byte_vec_delete(&v->of.flags.data[i]);
        wasm_byte_vec_new(&v->of.flags.data[i], m->name_len, m->name);
    }
    return 0;
}

/* ---- all of it ---- */

static int read_bool(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    if (!json_is_boolean(j))
        return expected(r, at, t, "true or false", j);
    v->of.boolean = json_is_true(j);
    v->kind = WASMTIME_COMPONENT_BOOL;
    return 0;
}

static int read_opaque(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    (void)j, (void)v;
    return refuse(r, at, "JSON cannot carry a %s", t->opaque ? t->opaque : wit_kind_name(t->kind));
}

/* What jansson keeps of it, beyond its text and what it holds, and the copy of a name; measured. */
static size_t json_bytes(const json_t *j)
{
    enum { SCALAR = 40, STRING = 112, ARRAY = 144, OBJECT = 320, KEY = 96 };
    return json_is_array(j) ? ARRAY : json_is_object(j) ? OBJECT + KEY * json_object_size(j) : json_is_string(j) ? STRING : SCALAR;
}

static int read_value(struct reader *r, const struct wit_type *t, const json_t *j, const struct path *at, val_t *v)
{
    static int (*const readers[])(struct reader *, const struct wit_type *, const json_t *, const struct path *, val_t *) = {
        [WIT_BOOL] = read_bool, [WIT_S8] = read_integer, [WIT_U8] = read_integer, [WIT_S16] = read_integer,
        [WIT_U16] = read_integer, [WIT_S32] = read_integer, [WIT_U32] = read_integer, [WIT_S64] = read_integer,
        [WIT_U64] = read_integer, [WIT_F32] = read_float, [WIT_F64] = read_float, [WIT_CHAR] = read_char,
        [WIT_STRING] = read_string, [WIT_LIST] = read_list, [WIT_RECORD] = read_record, [WIT_TUPLE] = read_tuple,
        [WIT_VARIANT] = read_variant, [WIT_ENUM] = read_enum, [WIT_OPTION] = read_option, [WIT_RESULT] = read_result,
        [WIT_FLAGS] = read_flags, [WIT_OPAQUE] = read_opaque,
    };
    r->bytes += json_bytes(j);
    return readers[t->kind](r, t, j, at, v);
}

/* Are there arguments that no parameter takes? */
static int check_shape(struct reader *r, const struct wit_func *f, const json_t *args)
{
    char buf[64];
    if (json_is_array(args)) {
        if (json_array_size(args) > f->n_params)
            return refuse(r, NULL, "expected at most %zu, got %zu", f->n_params, json_array_size(args));
        return 0;
    }
    if (args && !json_is_object(args))
        return refuse(r, NULL, "expected an object by parameter names, or an array in order, got %s", got(args, buf));
    if (count_known(f->params, f->n_params, args) != json_object_size(args))
        return refuse_unknown(r, f->params, f->n_params, args, NULL, "parameter");
    return 0;
}

int values_from_json(const struct wit_func *f, const json_t *args, wasmtime_component_val_t *ret, size_t *ret_bytes, cordon_error **err)
{
    struct reader r = {.err = err};
    int rc = check_shape(&r, f, args);
    for (size_t i = 0; i < f->n_params && rc == 0; i++) {
        const struct wit_member *m = &f->params[i];
        const json_t *j = json_is_array(args) ? json_array_get(args, i) : json_object_getn(args, m->name, m->name_len);
        rc = read_member(&r, m, j, NULL, "argument", &ret[i]);
    }
    if (rc < 0)
        values_finish(ret, f->n_params);
    else if (ret_bytes)
        *ret_bytes = (r.nodes + f->n_params) * NODE_BYTES + r.bytes;
    return rc;
}
