/* SPDX-License-Identifier: Apache-2.0
 * Types as plain data: giving them back, asking them, writing them down. Depth is bounded at load (WIT_DEPTH_MAX), so recursion is. */
#include "type.h"
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
    [WIT_BOOL] = "bool", [WIT_S8] = "s8", [WIT_U8] = "u8", [WIT_S16] = "s16", [WIT_U16] = "u16", [WIT_S32] = "s32",
    [WIT_U32] = "u32", [WIT_S64] = "s64", [WIT_U64] = "u64", [WIT_F32] = "f32", [WIT_F64] = "f64", [WIT_CHAR] = "char",
    [WIT_STRING] = "string", [WIT_LIST] = "list", [WIT_RECORD] = "record", [WIT_TUPLE] = "tuple",
    [WIT_VARIANT] = "variant", [WIT_ENUM] = "enum", [WIT_OPTION] = "option", [WIT_RESULT] = "result",
    [WIT_FLAGS] = "flags", [WIT_OPAQUE] = "opaque",
};

const char *wit_kind_name(enum wit_kind k)
{
    return kind_names[k];
}

static void members_free(struct wit_member *m, size_t n)
{
    for (size_t i = 0; m && i < n; i++) {
        free(m[i].name);
        free(m[i].docs);
        wit_type_free(m[i].type);
    }
    free(m);
}

void wit_type_free(struct wit_type *t)
{
    if (!t)
        return;
    members_free(t->members, t->n_members);
    wit_type_free(t->elem);
    wit_type_free(t->err);
    free(t->docs);
    free(t);
}

void wit_func_finish(struct wit_func *f)
{
    members_free(f->params, f->n_params);
    wit_type_free(f->result);
    free(f->name);
    free(f->docs);
    *f = (struct wit_func){0};
}

const struct wit_member *wit_member_find(const struct wit_member *m, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (m[i].name && m[i].name_len == len && memcmp(m[i].name, name, len) == 0)
            return &m[i];
    return NULL;
}

static const char *members_opaque(const struct wit_member *m, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *what = wit_type_opaque(m[i].type);
        if (what)
            return what;
    }
    return NULL;
}

const char *wit_type_opaque(const struct wit_type *t)
{
    if (!t)
        return NULL;
    if (t->kind == WIT_OPAQUE)
        return t->opaque ? t->opaque : wit_kind_name(WIT_OPAQUE);
    const char *what = members_opaque(t->members, t->n_members);
    if (!what)
        what = wit_type_opaque(t->elem);
    return what ? what : wit_type_opaque(t->err);
}

bool wit_func_is_callable(const struct wit_func *f, const char **ret_what)
{
    const char *what = members_opaque(f->params, f->n_params);
    if (!what)
        what = wit_type_opaque(f->result);
    if (what)
        *ret_what = what;
    return !what;
}

/* "url: string, n: u8"; "a, b(u8)" for cases; "u8, char" for a tuple. A failed append fails all later ones, so callers look once. */
static void members_text(struct buf *b, enum wit_kind of, const struct wit_member *m, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_adds(b, ", ");
        if (m[i].name)
            buf_add(b, m[i].name, m[i].name_len);
        if (!m[i].type)
            continue;
        if (m[i].name)
            buf_adds(b, of == WIT_VARIANT ? "(" : ": ");
        wit_type_text(b, m[i].type);
        if (of == WIT_VARIANT)
            buf_addc(b, ')');
    }
}

static void result_text(struct buf *b, const struct wit_type *t)
{
    buf_adds(b, "result");
    if (!t->elem && !t->err)
        return;
    buf_addc(b, '<');
    if (t->elem)
        wit_type_text(b, t->elem);
    else
        buf_addc(b, '_');
    if (t->err) {
        buf_adds(b, ", ");
        wit_type_text(b, t->err);
    }
    buf_addc(b, '>');
}

int wit_type_text(struct buf *b, const struct wit_type *t)
{
    switch (t->kind) {
    case WIT_LIST:
    case WIT_OPTION:
        buf_addf(b, "%s<", wit_kind_name(t->kind));
        wit_type_text(b, t->elem);
        return buf_addc(b, '>');
    case WIT_TUPLE:
        buf_adds(b, "tuple<");
        members_text(b, t->kind, t->members, t->n_members);
        return buf_addc(b, '>');
    case WIT_RECORD:
    case WIT_VARIANT:
    case WIT_ENUM:
    case WIT_FLAGS:
        buf_addf(b, "%s { ", wit_kind_name(t->kind));
        members_text(b, t->kind, t->members, t->n_members);
        return buf_adds(b, " }");
    case WIT_RESULT:
        result_text(b, t);
        return b->full ? -1 : 0;
    case WIT_OPAQUE:
        return buf_adds(b, t->opaque ? t->opaque : wit_kind_name(WIT_OPAQUE));
    default:
        return buf_adds(b, wit_kind_name(t->kind));
    }
}

int wit_func_text(struct buf *b, const struct wit_func *f)
{
    buf_adds(b, "func(");
    members_text(b, WIT_RECORD, f->params, f->n_params);
    buf_addc(b, ')');
    if (f->result) {
        buf_adds(b, " -> ");
        wit_type_text(b, f->result);
    }
    return b->full ? -1 : 0;
}
