/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Schema of types and functions. Inside this file a builder returns a new reference, or NULL when out of memory; json_pack
 * hands a nested NULL on, so only the outermost is looked at. Types with something opaque in them never get that far.
 */
#include "schema.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static json_t *type_schema(const struct wit_type *t, const char *member_docs);

static void json_free_p(json_t **j)
{
    json_decref(*j);
}
#define cleanup_json cleanup(json_free_p)

/* ---- descriptions: written by strangers, read by models and terminals ---- */

static json_t *docs_json(const char *docs)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 16 * SCHEMA_DOCS_MAX); /* the longest escape of a byte is 4 bytes, of a 3-byte character 8 */
    size_t len = strlen(docs), cut = len > SCHEMA_DOCS_MAX ? SCHEMA_DOCS_MAX : len;
    if (text_is_utf8(docs, len))
        cut = text_cut(docs, len, cut);
    if (text_escape(&b, docs, cut, true) < 0 || !b.data)
        return NULL;
    return json_stringn(b.data, text_cut(b.data, b.len, SCHEMA_DOCS_MAX));
}

/* Takes `schema`. */
static json_t *described(json_t *schema, const char *docs)
{
    if (!schema || !docs || !*docs)
        return schema;
    if (json_object_set_new(schema, "description", docs_json(docs)) < 0) {
        json_decref(schema);
        return NULL;
    }
    return schema;
}

/* An enum's and a flag set's names have no schema of their own to hold a description: theirs are listed in that of the whole. */
static json_t *described_with_names(json_t *schema, const char *docs, const struct wit_type *t)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 2 * SCHEMA_DOCS_MAX);
    buf_adds(&b, docs ? docs : "");
    for (size_t i = 0; i < t->n_members && !b.full; i++)
        if (t->members[i].docs)
            buf_addf(&b, "%s- %s: %s", b.len ? "\n" : "", t->members[i].name, t->members[i].docs);
    return described(schema, b.data);
}

/* ---- one builder per shape ---- */

static json_t *integer(json_int_t min, json_int_t max)
{
    return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", min, "maximum", max);
}

/* An object of exactly one field. */
static json_t *single(const char *name, json_t *schema)
{
    return json_pack("{s:s, s:{s:o}, s:[s], s:b}", "type", "object", "properties", name, schema, "required", name,
                     "additionalProperties", 0);
}

static json_t *payload(const struct wit_type *t)
{
    return t ? type_schema(t, NULL) : json_pack("{s:s}", "type", "null");
}

/* Of a record's fields, or of parameters. */
static json_t *object(const struct wit_member *m, size_t n)
{
    json_t *props = json_object(), *required = json_array();
    int failed = !props || !required;
    for (size_t i = 0; i < n && !failed; i++) {
        failed = json_object_setn_new(props, m[i].name, m[i].name_len, type_schema(m[i].type, m[i].docs)) < 0;
        if (!failed && m[i].type->kind != WIT_OPTION)
            failed = json_array_append_new(required, json_stringn(m[i].name, m[i].name_len)) < 0;
    }
    if (failed) {
        json_decref(props);
        json_decref(required);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", props, "required", required,
                     "additionalProperties", 0);
}

static json_t *names(const struct wit_type *t)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < t->n_members; i++) {
        if (json_array_append_new(list, json_stringn(t->members[i].name, t->members[i].name_len)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "type", "string", "enum", list);
}

static json_t *variant_case(const struct wit_member *m)
{
    json_t *s = m->type ? single(m->name, type_schema(m->type, NULL))
                        : json_pack("{s:s, s:s}", "type", "string", "const", m->name);
    return described(s, m->docs);
}

static json_t *each(const struct wit_type *t, json_t *(*make)(const struct wit_member *))
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < t->n_members; i++) {
        if (json_array_append_new(list, make(&t->members[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *element(const struct wit_member *m)
{
    return type_schema(m->type, m->docs);
}

static json_t *tuple(const struct wit_type *t)
{
    return json_pack("{s:s, s:o, s:b, s:I, s:I}", "type", "array", "prefixItems", each(t, element), "items", 0,
                     "minItems", (json_int_t)t->n_members, "maxItems", (json_int_t)t->n_members);
}

static json_t *option(const struct wit_type *t)
{
    json_t *some = type_schema(t->elem, NULL);
    if (t->elem->kind == WIT_OPTION)
        some = single("some", some);
    return json_pack("{s:[o, {s:s}]}", "anyOf", some, "type", "null");
}

static json_t *list(const struct wit_type *t)
{
    if (t->elem->kind == WIT_U8)
        return json_pack("{s:s, s:s}", "type", "string", "contentEncoding", "base64");
    return json_pack("{s:s, s:o}", "type", "array", "items", type_schema(t->elem, NULL));
}

static json_t *bare_schema(const struct wit_type *t)
{
    switch (t->kind) {
    case WIT_BOOL: return json_pack("{s:s}", "type", "boolean");
    case WIT_S8: return integer(INT8_MIN, INT8_MAX);
    case WIT_U8: return integer(0, UINT8_MAX);
    case WIT_S16: return integer(INT16_MIN, INT16_MAX);
    case WIT_U16: return integer(0, UINT16_MAX);
    case WIT_S32: return integer(INT32_MIN, INT32_MAX);
    case WIT_U32: return integer(0, UINT32_MAX);
    case WIT_S64: return json_pack("{s:[s, s], s:s}", "type", "integer", "string", "pattern", "^-?[0-9]{1,19}$");
    case WIT_U64: return json_pack("{s:[s, s], s:i, s:s}", "type", "integer", "string", "minimum", 0, "pattern", "^[0-9]{1,20}$");
    case WIT_F32:
    case WIT_F64: return json_pack("{s:[{s:s}, {s:s, s:[s, s, s]}]}", "anyOf", "type", "number", "type", "string", "enum", "NaN", "inf", "-inf");
    case WIT_CHAR: return json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength", 1);
    case WIT_STRING: return json_pack("{s:s}", "type", "string");
    case WIT_LIST: return list(t);
    case WIT_RECORD: return object(t->members, t->n_members);
    case WIT_TUPLE: return tuple(t);
    case WIT_VARIANT: return json_pack("{s:o}", "oneOf", each(t, variant_case));
    case WIT_ENUM: return names(t);
    case WIT_FLAGS: return json_pack("{s:s, s:o, s:b}", "type", "array", "items", names(t), "uniqueItems", 1);
    case WIT_OPTION: return option(t);
    case WIT_RESULT: return json_pack("{s:[o, o]}", "oneOf", single("ok", payload(t->elem)), single("err", payload(t->err)));
    case WIT_OPAQUE: break;
    }
    return NULL;
}

/* What is said of the member says more than what is said of its type. */
static json_t *type_schema(const struct wit_type *t, const char *member_docs)
{
    const char *docs = member_docs ? member_docs : t->docs;
    json_t *s = bare_schema(t);
    if (t->kind == WIT_ENUM || t->kind == WIT_FLAGS)
        return described_with_names(s, docs, t);
    return described(s, docs);
}

int schema_of_type(const struct wit_type *t, json_t **ret, cordon_error **err)
{
    const char *what = wit_type_opaque(t);
    if (what)
        return err_set(err, CORDON_E_NOT_CALLABLE, NULL, "the type holds a %s, which JSON cannot carry", what);
    json_t *s = type_schema(t, NULL);
    if (!s)
        return err_nomem(err);
    *ret = s;
    return 0;
}

int schema_of_params(const struct wit_func *f, json_t **ret, cordon_error **err)
{
    const char *what;
    if (!wit_func_is_callable(f, &what))
        return err_set(err, CORDON_E_NOT_CALLABLE, f->name, "the export has a %s in its type, which JSON cannot carry", what);
    cleanup_json json_t *s = object(f->params, f->n_params);
    if (!s)
        return err_nomem(err);
    size_t size = json_dumpb(s, NULL, 0, JSON_COMPACT);
    if (size > SCHEMA_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, f->name, "the JSON Schema of the export is %zu bytes; the ceiling is %d", size, SCHEMA_MAX);
    *ret = json_incref(s);
    return 0;
}

/* ---- tools ---- */

void schema_tool_name(const char *export_name, char ret[65])
{
    size_t len = strlen(export_name), kept = len > 64 ? 56 : len;
    for (size_t i = 0; i < kept; i++) {
        char c = export_name[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        ret[i] = fits ? c : '_';
    }
    if (len > 64) {
        unsigned char hash[crypto_hash_sha256_BYTES];
        crypto_hash_sha256(hash, (const unsigned char *)export_name, len);
        sodium_bin2hex(ret + kept, 9, hash, 4);
        kept = 64;
    }
    if (kept == 0)
        ret[kept++] = '_';
    ret[kept] = '\0';
}

int schema_tool(const char *name, const char *description, const json_t *params, enum tool_format format, json_t **ret, cordon_error **err)
{
    static const char *const params_key[] = {[TOOL_MCP] = "inputSchema", [TOOL_OPENAI] = "parameters", [TOOL_ANTHROPIC] = "input_schema"};
    char fit[65];
    schema_tool_name(name, fit);
    json_t *tool = described(json_pack("{s:s}", "name", fit), description);
    if (tool && json_object_set_new(tool, params_key[format], json_deep_copy(params)) < 0) {
        json_decref(tool);
        tool = NULL;
    }
    if (format == TOOL_OPENAI)
        tool = json_pack("{s:s, s:o}", "type", "function", "function", tool);
    if (!tool)
        return err_nomem(err);
    *ret = tool;
    return 0;
}
