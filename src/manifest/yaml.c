/* SPDX-License-Identifier: Apache-2.0
 * Plain YAML into nodes: what repeats, refers or changes types is refused, so that a short text is a small tree. */
#include "base/cleanup.h"
#include "base/error.h"
#include "manifest/libyaml.h"
#include "manifest/node.h"

#include <string.h>

enum { DEPTH_MAX = 16, NODES_MAX = 4096 };

struct yaml {
    const struct reading *r;
    const struct libyaml *lib;
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    unsigned line;        /* of the text's first, in the file */
    unsigned nodes;
};

/* ---- places ---- */

static unsigned line_of(const struct yaml *y, yaml_mark_t m) { return y->line + (unsigned)m.line; }
static unsigned column_of(yaml_mark_t m) { return (unsigned)m.column + 1; }

static int refuse(const struct yaml *y, yaml_mark_t at, const char *what)
{
    return err_set(y->r->err, CORDON_E_BAD_MANIFEST, y->r->file, "%s:%u:%u: %s", y->r->file, line_of(y, at), column_of(at), what);
}

static int refuse_text(const struct yaml *y)
{
    const yaml_parser_t *p = &y->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return err_nomem(y->r->err);
    return refuse(y, p->problem_mark, p->problem ? p->problem : "this is not YAML");
}

static json_t *node_new(const struct yaml *y, const char *type, yaml_mark_t at, json_t *value)
{
    return json_pack("{s:s, s:i, s:i, s:o}", "t", type, "l", (int)line_of(y, at), "c", (int)column_of(at), "v", value);
}

/* ---- events ---- */

static void drop_event(struct yaml *y)
{
    if (y->has_event)
        y->lib->event_delete(&y->event);
    y->has_event = false;
}

/* What an author's few lines need none of. */
static const char *why_not_plain(const yaml_event_t *e)
{
    const char *const anchor = "anchors (&) are not read here: write the value itself", *const tag = "tags (!) are not read here: write the value alone";
    switch (e->type) {
    case YAML_ALIAS_EVENT: return "aliases (*) are not read here: write the value itself, in quotes if it begins with a star";
    case YAML_SCALAR_EVENT: return e->data.scalar.anchor ? anchor : e->data.scalar.tag ? tag : NULL;
    case YAML_SEQUENCE_START_EVENT: return e->data.sequence_start.anchor ? anchor : e->data.sequence_start.tag ? tag : NULL;
    case YAML_MAPPING_START_EVENT: return e->data.mapping_start.anchor ? anchor : e->data.mapping_start.tag ? tag : NULL;
    case YAML_DOCUMENT_START_EVENT:
        return e->data.document_start.version_directive || e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end
                   ? "directives (%) are not read here" : NULL;
    default: return NULL;
    }
}

static int next(struct yaml *y)
{
    drop_event(y);
    if (!y->lib->parser_parse(&y->parser, &y->event))
        return refuse_text(y);
    y->has_event = true;
    const char *why = why_not_plain(&y->event);
    return why ? refuse(y, y->event.start_mark, why) : 0;
}

/* ---- values ---- */

static int read_value(struct yaml *y, unsigned depth, json_t **ret);

static bool is_null(const yaml_event_t *e)
{
    const char *s = (const char *)e->data.scalar.value;
    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!*s || !strcmp(s, "~") || !strcmp(s, "null") || !strcmp(s, "Null") || !strcmp(s, "NULL"));
}

static int read_scalar(struct yaml *y, json_t **ret)
{
    const yaml_event_t *e = &y->event;
    const char *s = (const char *)e->data.scalar.value;
    if (memchr(s, '\0', e->data.scalar.length))
        return refuse(y, e->start_mark, "a text has a NUL in it");
    *ret = is_null(e) ? node_new(y, "null", e->start_mark, json_null()) : node_new(y, "string", e->start_mark, json_stringn(s, e->data.scalar.length));
    return *ret ? 0 : err_nomem(y->r->err);
}

static int read_list(struct yaml *y, unsigned depth, json_t **ret)
{
    cleanup(node_unref) json_t *list = json_array();
    yaml_mark_t at = y->event.start_mark;
    int rc;
    while ((rc = next(y)) == 0 && y->event.type != YAML_SEQUENCE_END_EVENT) {
        json_t *entry = NULL;
        if ((rc = read_value(y, depth + 1, &entry)) < 0)
            return rc;
        if (json_array_append_new(list, entry) < 0)
            return err_nomem(y->r->err);
    }
    if (rc == 0 && !(*ret = node_new(y, "array", at, take(list))))
        return err_nomem(y->r->err);
    return rc;
}

/* `key` is the event's; its text is copied before the next one. */
static int read_entry(struct yaml *y, unsigned depth, json_t *table)
{
    const yaml_mark_t at = y->event.start_mark;
    if (y->event.type != YAML_SCALAR_EVENT)
        return refuse(y, at, "a key must be a plain text");
    if (memchr(y->event.data.scalar.value, '\0', y->event.data.scalar.length))
        return refuse(y, at, "a key has a NUL in it");
    if (json_object_get(table, (const char *)y->event.data.scalar.value))
        return refuse(y, at, "this key stands here twice");
    cleanup_free char *key = strdup((const char *)y->event.data.scalar.value);
    json_t *value = NULL;
    int rc = key ? next(y) : err_nomem(y->r->err);
    if (rc < 0 || (rc = read_value(y, depth + 1, &value)) < 0)
        return rc;
    json_object_set_new(value, "kl", json_integer(line_of(y, at)));
    json_object_set_new(value, "kc", json_integer(column_of(at)));
    return json_object_set_new(table, key, value) < 0 ? err_nomem(y->r->err) : 0;
}

static int read_map(struct yaml *y, unsigned depth, json_t **ret)
{
    cleanup(node_unref) json_t *table = json_object();
    yaml_mark_t at = y->event.start_mark;
    int rc;
    while ((rc = next(y)) == 0 && y->event.type != YAML_MAPPING_END_EVENT)
        if ((rc = read_entry(y, depth, table)) < 0)
            return rc;
    if (rc == 0 && !(*ret = node_new(y, "table", at, take(table))))
        return err_nomem(y->r->err);
    return rc;
}

static int read_value(struct yaml *y, unsigned depth, json_t **ret)
{
    const yaml_mark_t at = y->event.start_mark;
    if (depth > DEPTH_MAX)
        return refuse(y, at, "this is nested more than 16 deep");
    if (++y->nodes > NODES_MAX)
        return refuse(y, at, "there are more than 4,096 values");
    switch (y->event.type) {
    case YAML_SCALAR_EVENT: return read_scalar(y, ret);
    case YAML_SEQUENCE_START_EVENT: return read_list(y, depth, ret);
    case YAML_MAPPING_START_EVENT: return read_map(y, depth, ret);
    default: return refuse(y, at, "a value is expected here");
    }
}

static int expect(struct yaml *y, yaml_event_type_t type, const char *why)
{
    int rc = next(y);
    return rc < 0 || y->event.type == type ? rc : refuse(y, y->event.start_mark, why);
}

/* An empty text is an empty table. */
static int read_document(struct yaml *y, json_t **ret)
{
    static const char *const one = "there is more than one document";
    int rc = expect(y, YAML_STREAM_START_EVENT, one);
    if (rc < 0 || (rc = next(y)) < 0)
        return rc;
    if (y->event.type == YAML_STREAM_END_EVENT)
        return (*ret = node_new(y, "table", y->event.start_mark, json_object())) ? 0 : err_nomem(y->r->err);
    cleanup(node_unref) json_t *value = NULL;
    if ((rc = next(y)) < 0 || (rc = read_value(y, 0, &value)) < 0 || (rc = expect(y, YAML_DOCUMENT_END_EVENT, one)) < 0 ||
        (rc = expect(y, YAML_STREAM_END_EVENT, one)) < 0)
        return rc;
    *ret = take(value);
    return 0;
}

int yaml_read(const struct reading *r, const char *text, size_t len, unsigned line, json_t **ret)
{
    struct libyaml lib;
    int rc = libyaml_load(&lib, r->err);
    if (rc < 0)
        return rc;
    struct yaml y = {.r = r, .lib = &lib, .line = line};
    if (!lib.parser_initialize(&y.parser))
        return err_nomem(r->err);
    lib.parser_set_encoding(&y.parser, YAML_UTF8_ENCODING);
    lib.parser_set_input_string(&y.parser, (const unsigned char *)text, len);
    rc = read_document(&y, ret);
    drop_event(&y);
    lib.parser_delete(&y.parser);
    return rc;
}
