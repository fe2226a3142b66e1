/* SPDX-License-Identifier: Apache-2.0
 *
 * A stranger chose these types, so depth, number and names are all bounded. The C API gives each type as an owned handle, deleted here as soon as it is read.
 */
#include "engine/types.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    size_t nodes, *budget;
    cordon_error **err;
};

typedef wasmtime_component_valtype_t valtype;

static void valtype_finish(valtype *t) { wasmtime_component_valtype_delete(t); }
#define cleanup_valtype cleanup(valtype_finish)

static struct wit_type *read_type(struct reader *r, const valtype *t, unsigned depth);

static struct wit_type *too_large(struct reader *r, const char *what, size_t ceiling)
{
    err_set(r->err, CORDON_E_TOO_LARGE, NULL, "a type %s (ceiling %zu)", what, ceiling);
    return NULL;
}

static bool take_nodes(struct reader *r, size_t n)
{
    if (n > WIT_NODES_MAX - r->nodes) {
        too_large(r, "has too many parts", WIT_NODES_MAX);
        return false;
    }
    if (n > *r->budget) {
        err_set(r->err, CORDON_E_TOO_LARGE, NULL, "the types of the exports have too many parts together (ceiling %d)", TYPES_NODES_MAX);
        return false;
    }
    r->nodes += n;
    *r->budget -= n;
    return true;
}

static struct wit_type *new_type(struct reader *r, enum wit_kind kind)
{
    if (!take_nodes(r, 1))
        return NULL;
    struct wit_type *t = calloc(1, sizeof *t);
    if (!t)
        err_nomem(r->err);
    else
        t->kind = kind;
    return t;
}

static int copy_name(struct reader *r, struct wit_member *m, const char *name, size_t len)
{
    if (len > WIT_NAME_MAX)
        return err_set(r->err, CORDON_E_TOO_LARGE, NULL, "a name in a type has %zu bytes (ceiling %d)", len, WIT_NAME_MAX);
    if (!text_is_utf8(name, len) || memchr(name, 0, len))
        return err_set(r->err, CORDON_E_BAD_ARTIFACT, NULL, "a name in a type is not UTF-8");
    m->name = strndup(name, len);
    m->name_len = len;
    return m->name ? 0 : err_nomem(r->err);
}

static int new_members(struct reader *r, struct wit_type *t, size_t n)
{
    if (n > TYPES_MEMBERS_MAX)
        too_large(r, "has too many members", TYPES_MEMBERS_MAX);
    if (n > TYPES_MEMBERS_MAX || !take_nodes(r, n))
        return -CORDON_E_TOO_LARGE;
    t->members = calloc(n ? n : 1, sizeof *t->members);
    if (!t->members)
        return err_nomem(r->err);
    t->n_members = n;
    return 0;
}

static int read_record(struct reader *r, const wasmtime_component_record_type_t *ty, struct wit_type *t, unsigned depth)
{
    int rc = new_members(r, t, wasmtime_component_record_type_field_count(ty));
    for (size_t i = 0; rc == 0 && i < t->n_members; i++) {
        const char *name;
        size_t len;
        cleanup_valtype valtype ft = {0};
        if (!wasmtime_component_record_type_field_nth(ty, i, &name, &len, &ft))
            return err_set(r->err, CORDON_E_HOST_BUG, NULL, "a record lost its field %zu", i);
        rc = copy_name(r, &t->members[i], name, len);
        if (rc == 0 && !(t->members[i].type = read_type(r, &ft, depth)))
            rc = -1;
    }
    return rc;
}

static int read_tuple(struct reader *r, const wasmtime_component_tuple_type_t *ty, struct wit_type *t, unsigned depth)
{
    int rc = new_members(r, t, wasmtime_component_tuple_type_types_count(ty));
    for (size_t i = 0; rc == 0 && i < t->n_members; i++) {
        cleanup_valtype valtype et = {0};
        if (!wasmtime_component_tuple_type_types_nth(ty, i, &et))
            return err_set(r->err, CORDON_E_HOST_BUG, NULL, "a tuple lost its element %zu", i);
        if (!(t->members[i].type = read_type(r, &et, depth)))
            rc = -1;
    }
    return rc;
}

static int read_variant(struct reader *r, const wasmtime_component_variant_type_t *ty, struct wit_type *t, unsigned depth)
{
    int rc = new_members(r, t, wasmtime_component_variant_type_case_count(ty));
    for (size_t i = 0; rc == 0 && i < t->n_members; i++) {
        const char *name;
        size_t len;
        bool payload = false;
        valtype ct = {0};
        if (!wasmtime_component_variant_type_case_nth(ty, i, &name, &len, &payload, &ct))
            return err_set(r->err, CORDON_E_HOST_BUG, NULL, "a variant lost its case %zu", i);
        rc = copy_name(r, &t->members[i], name, len);
        if (payload) {
            if (rc == 0 && !(t->members[i].type = read_type(r, &ct, depth)))
                rc = -1;
            valtype_finish(&ct);
        }
    }
    return rc;
}

static int read_enum(struct reader *r, const wasmtime_component_enum_type_t *ty, struct wit_type *t)
{
    int rc = new_members(r, t, wasmtime_component_enum_type_names_count(ty));
    for (size_t i = 0; rc == 0 && i < t->n_members; i++) {
        const char *name;
        size_t len;
        if (!wasmtime_component_enum_type_names_nth(ty, i, &name, &len))
            return err_set(r->err, CORDON_E_HOST_BUG, NULL, "an enum lost its name %zu", i);
        rc = copy_name(r, &t->members[i], name, len);
    }
    return rc;
}

static int read_flags(struct reader *r, const wasmtime_component_flags_type_t *ty, struct wit_type *t)
{
    int rc = new_members(r, t, wasmtime_component_flags_type_names_count(ty));
    for (size_t i = 0; rc == 0 && i < t->n_members; i++) {
        const char *name;
        size_t len;
        if (!wasmtime_component_flags_type_names_nth(ty, i, &name, &len))
            return err_set(r->err, CORDON_E_HOST_BUG, NULL, "a set of flags lost its name %zu", i);
        rc = copy_name(r, &t->members[i], name, len);
    }
    return rc;
}

static int read_result(struct reader *r, const wasmtime_component_result_type_t *ty, struct wit_type *t, unsigned depth)
{
    valtype part = {0};
    if (wasmtime_component_result_type_ok(ty, &part)) {
        t->elem = read_type(r, &part, depth);
        valtype_finish(&part);
        if (!t->elem)
            return -1;
    }
    if (wasmtime_component_result_type_err(ty, &part)) {
        t->err = read_type(r, &part, depth);
        valtype_finish(&part);
        if (!t->err)
            return -1;
    }
    return 0;
}

static int read_parts(struct reader *r, const valtype *v, struct wit_type *t, unsigned depth)
{
    switch (v->kind) {
    case WASMTIME_COMPONENT_VALTYPE_LIST: {
        cleanup_valtype valtype e = {0};
        wasmtime_component_list_type_element(v->of.list, &e);
        return (t->elem = read_type(r, &e, depth)) ? 0 : -1;
    }
    case WASMTIME_COMPONENT_VALTYPE_OPTION: {
        cleanup_valtype valtype e = {0};
        wasmtime_component_option_type_ty(v->of.option, &e);
        return (t->elem = read_type(r, &e, depth)) ? 0 : -1;
    }
    case WASMTIME_COMPONENT_VALTYPE_RECORD:
        return read_record(r, v->of.record, t, depth);
    case WASMTIME_COMPONENT_VALTYPE_TUPLE:
        return read_tuple(r, v->of.tuple, t, depth);
    case WASMTIME_COMPONENT_VALTYPE_VARIANT:
        return read_variant(r, v->of.variant, t, depth);
    case WASMTIME_COMPONENT_VALTYPE_ENUM:
        return read_enum(r, v->of.enum_, t);
    case WASMTIME_COMPONENT_VALTYPE_FLAGS:
        return read_flags(r, v->of.flags, t);
    case WASMTIME_COMPONENT_VALTYPE_RESULT:
        return read_result(r, v->of.result, t, depth);
    default:
        return 0;
    }
}

/* Wasmtime's kind to ours; WIT_OPAQUE with its name for what JSON cannot carry. */
static enum wit_kind kind_of(wasmtime_component_valtype_kind_t k, const char **ret_opaque)
{
    static const struct { uint8_t theirs; uint8_t ours; } plain[] = {
        {WASMTIME_COMPONENT_VALTYPE_BOOL, WIT_BOOL}, {WASMTIME_COMPONENT_VALTYPE_S8, WIT_S8}, {WASMTIME_COMPONENT_VALTYPE_U8, WIT_U8},
        {WASMTIME_COMPONENT_VALTYPE_S16, WIT_S16}, {WASMTIME_COMPONENT_VALTYPE_U16, WIT_U16}, {WASMTIME_COMPONENT_VALTYPE_S32, WIT_S32},
        {WASMTIME_COMPONENT_VALTYPE_U32, WIT_U32}, {WASMTIME_COMPONENT_VALTYPE_S64, WIT_S64}, {WASMTIME_COMPONENT_VALTYPE_U64, WIT_U64},
        {WASMTIME_COMPONENT_VALTYPE_F32, WIT_F32}, {WASMTIME_COMPONENT_VALTYPE_F64, WIT_F64}, {WASMTIME_COMPONENT_VALTYPE_CHAR, WIT_CHAR},
        {WASMTIME_COMPONENT_VALTYPE_STRING, WIT_STRING}, {WASMTIME_COMPONENT_VALTYPE_LIST, WIT_LIST},
        {WASMTIME_COMPONENT_VALTYPE_RECORD, WIT_RECORD}, {WASMTIME_COMPONENT_VALTYPE_TUPLE, WIT_TUPLE},
        {WASMTIME_COMPONENT_VALTYPE_VARIANT, WIT_VARIANT}, {WASMTIME_COMPONENT_VALTYPE_ENUM, WIT_ENUM},
        {WASMTIME_COMPONENT_VALTYPE_OPTION, WIT_OPTION}, {WASMTIME_COMPONENT_VALTYPE_RESULT, WIT_RESULT},
        {WASMTIME_COMPONENT_VALTYPE_FLAGS, WIT_FLAGS},
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (plain[i].theirs == k)
            return plain[i].ours;
    switch (k) {
    case WASMTIME_COMPONENT_VALTYPE_OWN:
    case WASMTIME_COMPONENT_VALTYPE_BORROW: *ret_opaque = "resource"; break;
    case WASMTIME_COMPONENT_VALTYPE_FUTURE: *ret_opaque = "future"; break;
    case WASMTIME_COMPONENT_VALTYPE_STREAM: *ret_opaque = "stream"; break;
    case WASMTIME_COMPONENT_VALTYPE_ERROR_CONTEXT: *ret_opaque = "error-context"; break;
    case WASMTIME_COMPONENT_VALTYPE_MAP: *ret_opaque = "map"; break;
    default: *ret_opaque = "unknown type"; break;
    }
    return WIT_OPAQUE;
}

static struct wit_type *read_type(struct reader *r, const valtype *v, unsigned depth)
{
    if (depth >= WIT_DEPTH_MAX)
        return too_large(r, "is nested too deep", WIT_DEPTH_MAX);
    const char *opaque = NULL;
    struct wit_type *t = new_type(r, kind_of(v->kind, &opaque));
    if (!t)
        return NULL;
    t->opaque = opaque;
    if (read_parts(r, v, t, depth + 1) < 0) {
        wit_type_free(t);
        return NULL;
    }
    return t;
}

static int read_func(struct reader *r, const wasmtime_component_func_type_t *ty, struct wit_func *f)
{
    size_t n = wasmtime_component_func_type_param_count(ty);
    if (n > TYPES_MEMBERS_MAX)
        return err_set(r->err, CORDON_E_TOO_LARGE, NULL, "a function has %zu parameters (ceiling %d)", n, TYPES_MEMBERS_MAX);
    f->params = calloc(n ? n : 1, sizeof *f->params);
    if (!f->params)
        return err_nomem(r->err);
    f->n_params = n;
    for (size_t i = 0; i < n; i++) {
        const char *name;
        size_t len;
        cleanup_valtype valtype pt = {0};
        if (!wasmtime_component_func_type_param_nth(ty, i, &name, &len, &pt))
            return err_set(r->err, CORDON_E_HOST_BUG, NULL, "a function lost its parameter %zu", i);
        int rc = copy_name(r, &f->params[i], name, len);
        if (rc < 0)
            return rc;
        if (!(f->params[i].type = read_type(r, &pt, 0)))
            return -1;
    }
    cleanup_valtype valtype rt = {0};
    if (wasmtime_component_func_type_result(ty, &rt) && !(f->result = read_type(r, &rt, 0)))
        return -1;
    return 0;
}

int types_func(const wasmtime_component_func_type_t *ty, const char *name, size_t *budget, struct wit_func *ret, cordon_error **err)
{
    cordon_error *why = NULL;
    struct reader r = {.budget = budget, .err = &why};
    ret->name = strdup(name);
    if (ret->name && read_func(&r, ty, ret) == 0)
        return 0;
    wit_func_finish(ret);
    memset(ret, 0, sizeof *ret);
    if (!why)
        return err_nomem(err);
    int rc = -(int)cordon_error_code(why);
    if (err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}
