/* SPDX-License-Identifier: Apache-2.0
 *
 * Component values to compact JSON text. One walk serves both measuring (no buffer: only counts) and writing. Every element of a list is at least a
 * byte of text, so the cap on the text bounds the walk too; looking up cases, which it does not, has a ceiling of its own.
 */
#include "values.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/shim.h"
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum state { FINE, OVER, TOO_MANY_CASES, MISFIT, NO_MEMORY };

struct writer {
    struct buf *b; /* NULL: only count */
    size_t len, max, compares;
    enum state state;
};

typedef wasmtime_component_val_t val_t;

static int write_value(struct writer *w, const struct wit_type *t, const val_t *v);

static int stop(struct writer *w, enum state why)
{
    w->state = why;
    return -1;
}

static int put(struct writer *w, const char *s, size_t len)
{
    if (len > w->max - w->len)
        return stop(w, OVER);
    w->len += len;
    return w->b && buf_add(w->b, s, len) < 0 ? stop(w, NO_MEMORY) : 0;
}

static int puts_(struct writer *w, const char *s)
{
    return put(w, s, strlen(s));
}

/* ---- scalars ---- */

static int write_wide(struct writer *w, bool safe, const char *digits)
{
    char text[32];
    snprintf(text, sizeof(text), safe ? "%s" : "\"%s\"", digits);
    return puts_(w, text);
}

static int write_integer(struct writer *w, const struct wit_type *t, const val_t *v)
{
    const int64_t exact = (INT64_C(1) << 53) - 1;
    char text[24];
    int64_t i = 0;
    switch (t->kind) {
    case WIT_S8: i = v->of.s8; break;
    case WIT_U8: i = v->of.u8; break;
    case WIT_S16: i = v->of.s16; break;
    case WIT_U16: i = v->of.u16; break;
    case WIT_S32: i = v->of.s32; break;
    case WIT_U32: i = v->of.u32; break;
    case WIT_U64:
        snprintf(text, sizeof(text), "%" PRIu64, v->of.u64);
        return write_wide(w, v->of.u64 <= (uint64_t)exact, text);
    default: i = v->of.s64; break;
    }
    snprintf(text, sizeof(text), "%" PRId64, i);
    return write_wide(w, i >= -exact && i <= exact, text);
}

static int write_float(struct writer *w, const struct wit_type *t, const val_t *v)
{
    bool narrow = t->kind == WIT_F32;
    double d = narrow ? (double)v->of.f32 : v->of.f64;
    if (isnan(d))
        return puts_(w, "\"NaN\"");
    if (isinf(d))
        return puts_(w, d > 0 ? "\"inf\"" : "\"-inf\"");
    char text[SHIM_FLOAT_ROOM];
    return put(w, text, shim_float_text(d, narrow, text));
}

/* What JSON wants escaped, and nothing else. */
static const char *escape_of(unsigned char c, char buf[8])
{
    switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
    }
    if (c >= 0x20)
        return NULL;
    snprintf(buf, 8, "\\u%04X", c);
    return buf;
}

static int write_text(struct writer *w, const char *s, size_t len)
{
    char buf[8];
    size_t done = 0;
    if (len == 0)
        return puts_(w, "\"\"");
    if (puts_(w, "\"") < 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        const char *escape = escape_of((unsigned char)s[i], buf);
        if (!escape)
            continue;
        if (put(w, s + done, i - done) < 0 || puts_(w, escape) < 0)
            return -1;
        done = i + 1;
    }
    return put(w, s + done, len - done) < 0 ? -1 : puts_(w, "\"");
}

static int write_char(struct writer *w, uint32_t c)
{
    char s[4];
    if (c < 0x80) {
        s[0] = (char)c;
        return write_text(w, s, 1);
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return stop(w, MISFIT);
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        s[i] = (char)(0x80 | (c & 0x3F));
    s[0] = (char)(0xFFu << (8 - n) | c);
    return write_text(w, s, n);
}

/* ---- containers ---- */

static int write_bytes(struct writer *w, const wasmtime_component_vallist_t *list)
{
    unsigned char raw[3 * 256];
    char text[4 * 256 + 1];
    if (!w->b) /* list->size values are in memory: no overflow */
        return put(w, NULL, (list->size + 2) / 3 * 4 + 2);
    if (puts_(w, "\"") < 0)
        return -1;
    for (size_t done = 0; done < list->size;) {
        size_t n = 0;
        for (; n < sizeof(raw) && done < list->size; n++, done++) {
            if (list->data[done].kind != WASMTIME_COMPONENT_U8)
                return stop(w, MISFIT);
            raw[n] = list->data[done].of.u8;
        }
        sodium_bin2base64(text, sizeof(text), raw, n, sodium_base64_VARIANT_ORIGINAL);
        if (puts_(w, text) < 0)
            return -1;
    }
    return puts_(w, "\"");
}

static int write_list(struct writer *w, const struct wit_type *t, const val_t *v)
{
    if (t->elem->kind == WIT_U8)
        return write_bytes(w, &v->of.list);
    int rc = puts_(w, "[");
    for (size_t i = 0; i < v->of.list.size && rc == 0; i++) {
        rc = i ? puts_(w, ",") : 0;
        rc = rc < 0 ? rc : write_value(w, t->elem, &v->of.list.data[i]);
    }
    return rc < 0 ? rc : puts_(w, "]");
}

static int write_tuple(struct writer *w, const struct wit_type *t, const val_t *v)
{
    if (v->of.tuple.size != t->n_members)
        return stop(w, MISFIT);
    int rc = puts_(w, "[");
    for (size_t i = 0; i < t->n_members && rc == 0; i++) {
        rc = i ? puts_(w, ",") : 0;
        rc = rc < 0 ? rc : write_value(w, t->members[i].type, &v->of.tuple.data[i]);
    }
    return rc < 0 ? rc : puts_(w, "]");
}

/* `{"name":` with the brace or a comma. */
static int write_key(struct writer *w, const char *before, const char *name, size_t len)
{
    return puts_(w, before) < 0 || write_text(w, name, len) < 0 ? -1 : puts_(w, ":");
}

static int write_record(struct writer *w, const struct wit_type *t, const val_t *v)
{
    if (v->of.record.size != t->n_members)
        return stop(w, MISFIT);
    for (size_t i = 0; i < t->n_members; i++) {
        const struct wit_member *m = &t->members[i];
        if (write_key(w, i ? "," : "{", m->name, m->name_len) < 0 || write_value(w, m->type, &v->of.record.data[i].val) < 0)
            return -1;
    }
    return puts_(w, t->n_members ? "}" : "{}");
}

/* {"name":value}; without a type, {"name":null}. */
static int write_single(struct writer *w, const char *name, size_t len, const struct wit_type *t, const val_t *v)
{
    return write_key(w, "{", name, len) < 0 || write_value(w, t, v) < 0 ? -1 : puts_(w, "}");
}

static int write_variant(struct writer *w, const struct wit_type *t, const val_t *v)
{
    const wasm_name_t *name = &v->of.variant.discriminant;
    const struct wit_member *m = wit_member_find(t->members, t->n_members, name->data, name->size);
    if (!m || !m->type != !v->of.variant.val)
        return stop(w, MISFIT);
    w->compares += (size_t)(m - t->members) + 1;
    if (w->compares > VALUES_COMPARES_MAX)
        return stop(w, TOO_MANY_CASES);
    if (!m->type)
        return write_text(w, m->name, m->name_len);
    return write_single(w, m->name, m->name_len, m->type, v->of.variant.val);
}

static int write_option(struct writer *w, const struct wit_type *t, const val_t *v)
{
    if (!v->of.option)
        return puts_(w, "null");
    if (t->elem->kind == WIT_OPTION)
        return write_single(w, "some", 4, t->elem, v->of.option);
    return write_value(w, t->elem, v->of.option);
}

static int write_result(struct writer *w, const struct wit_type *t, const val_t *v)
{
    bool ok;
    const struct wit_type *side;
    const val_t *payload;
    if (!values_split_result(t, v, &ok, &side, &payload))
        return stop(w, MISFIT);
    return write_single(w, ok ? "ok" : "err", ok ? 2 : 3, side, payload);
}

static int write_flags(struct writer *w, const val_t *v)
{
    int rc = puts_(w, "[");
    for (size_t i = 0; i < v->of.flags.size && rc == 0; i++) {
        rc = i ? puts_(w, ",") : 0;
        rc = rc < 0 ? rc : write_text(w, v->of.flags.data[i].data, v->of.flags.data[i].size);
    }
    return rc < 0 ? rc : puts_(w, "]");
}

/* ---- all of it ---- */

/* The kinds of Wasmtime's values by ours; no value is of an opaque type. */
static bool fits(const struct wit_type *t, const val_t *v)
{
    static const wasmtime_component_valkind_t kinds[] = {
        [WIT_BOOL] = WASMTIME_COMPONENT_BOOL, [WIT_S8] = WASMTIME_COMPONENT_S8, [WIT_U8] = WASMTIME_COMPONENT_U8,
        [WIT_S16] = WASMTIME_COMPONENT_S16, [WIT_U16] = WASMTIME_COMPONENT_U16, [WIT_S32] = WASMTIME_COMPONENT_S32,
        [WIT_U32] = WASMTIME_COMPONENT_U32, [WIT_S64] = WASMTIME_COMPONENT_S64, [WIT_U64] = WASMTIME_COMPONENT_U64,
        [WIT_F32] = WASMTIME_COMPONENT_F32, [WIT_F64] = WASMTIME_COMPONENT_F64, [WIT_CHAR] = WASMTIME_COMPONENT_CHAR,
        [WIT_STRING] = WASMTIME_COMPONENT_STRING, [WIT_LIST] = WASMTIME_COMPONENT_LIST,
        [WIT_RECORD] = WASMTIME_COMPONENT_RECORD, [WIT_TUPLE] = WASMTIME_COMPONENT_TUPLE,
        [WIT_VARIANT] = WASMTIME_COMPONENT_VARIANT, [WIT_ENUM] = WASMTIME_COMPONENT_ENUM,
        [WIT_OPTION] = WASMTIME_COMPONENT_OPTION, [WIT_RESULT] = WASMTIME_COMPONENT_RESULT,
        [WIT_FLAGS] = WASMTIME_COMPONENT_FLAGS,
    };
    return t->kind != WIT_OPAQUE && v && v->kind == kinds[t->kind];
}

static int write_value(struct writer *w, const struct wit_type *t, const val_t *v)
{
    if (!t)
        return puts_(w, "null");
    if (!fits(t, v))
        return stop(w, MISFIT);
    switch (t->kind) {
    case WIT_BOOL: return puts_(w, v->of.boolean ? "true" : "false");
    case WIT_F32:
    case WIT_F64: return write_float(w, t, v);
    case WIT_CHAR: return write_char(w, v->of.character);
    case WIT_STRING: return write_text(w, v->of.string.data, v->of.string.size);
    case WIT_ENUM: return write_text(w, v->of.enumeration.data, v->of.enumeration.size);
    case WIT_LIST: return write_list(w, t, v);
    case WIT_RECORD: return write_record(w, t, v);
    case WIT_TUPLE: return write_tuple(w, t, v);
    case WIT_VARIANT: return write_variant(w, t, v);
    case WIT_OPTION: return write_option(w, t, v);
    case WIT_RESULT: return write_result(w, t, v);
    case WIT_FLAGS: return write_flags(w, v);
    default: return write_integer(w, t, v);
    }
}

size_t values_measure(const struct wit_type *t, const wasmtime_component_val_t *v, size_t max)
{
    struct writer w = {.max = max};
    write_value(&w, t, v);
    return w.state == OVER || w.state == TOO_MANY_CASES ? max + 1 : w.len;
}

static int failed(const struct writer *w, cordon_error **err)
{
    if (w->state == OVER)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the value is over %zu bytes as JSON, the ceiling of the call's output", w->max);
    if (w->state == TOO_MANY_CASES)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the value has too many cases of too large a variant");
    if (w->state == MISFIT)
        return err_set(err, CORDON_E_HOST_BUG, NULL, "a value is not of its type");
    return err_nomem(err);
}

int values_to_text(const struct wit_type *t, const wasmtime_component_val_t *v, size_t max_bytes, char **ret, size_t *ret_len, cordon_error **err)
{
    struct writer measure = {.max = max_bytes};
    if (write_value(&measure, t, v) < 0)
        return failed(&measure, err);
    cleanup(buf_finish) struct buf b;
    buf_init(&b, measure.len);
    struct writer w = {.b = &b, .max = measure.len};
    if (write_value(&w, t, v) < 0)
        return failed(&w, err);
    char *text = buf_take(&b, ret_len);
    if (!text)
        return err_nomem(err);
    *ret = text;
    return 0;
}

int values_to_json(const struct wit_type *t, const wasmtime_component_val_t *v, size_t max_bytes, json_t **ret, cordon_error **err)
{
    char *text = NULL;
    size_t len = 0;
    int rc = values_to_text(t, v, max_bytes, &text, &len, err);
    if (rc < 0)
        return rc;
    cordon_error *why = NULL;
    rc = values_parse_args(text, len, ret, &why);
    free(text);
    if (rc < 0)
        rc = rc == -CORDON_E_NO_RESOURCES ? err_nomem(err)
                                          : err_set(err, CORDON_E_TOO_LARGE, NULL, "the value has too many parts to be handled as JSON");
    cordon_error_free(why);
    return rc;
}
