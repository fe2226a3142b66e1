/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/node.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "manifest/texts.h"

#include <stdarg.h>
#include <string.h>

enum { KNOWN_MAX = 1024 };

void node_unref(json_t **node) { json_decref(*node); }

static const char *type_of(const json_t *node) { return json_string_value(json_object_get(node, "t")); }
static json_t *value_of(const json_t *node) { return json_object_get(node, "v"); }
static unsigned number_of(const json_t *node, const char *key) { return (unsigned)json_integer_value(json_object_get(node, key)); }

bool node_is(const json_t *node, const char *type) { return !strcmp(type_of(node), type); }

const char *node_text(const json_t *node)
{
    return node_is(node, "string") || node_is(node, "integer") || node_is(node, "float") ? json_string_value(value_of(node)) : NULL;
}

json_t *node_at(const json_t *node, const char *key)
{
    return node && node_is(node, "table") ? json_object_get(value_of(node), key) : NULL;
}

int node_shown(const char *s) { return (int)text_cut(s, strlen(s), NODE_GIVEN_MAX); }

/* ---- errors and warnings ---- */

static int refuse_at(const struct reading *r, unsigned line, unsigned column, const char *subject, const char *fmt, va_list ap)
{
    char what[ERR_MESSAGE_MAX];
    vsnprintf(what, sizeof what, fmt, ap);
    return line ? err_set(r->err, CORDON_E_BAD_MANIFEST, subject, "%s:%u:%u: %s", r->file, line, column, what)
                : err_set(r->err, CORDON_E_BAD_MANIFEST, subject, "%s", what);
}

int node_refuse(const struct reading *r, const json_t *node, const char *subject, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int rc = refuse_at(r, number_of(node, "l"), number_of(node, "c"), subject, fmt, ap);
    va_end(ap);
    return rc;
}

int node_refuse_key(const struct reading *r, const json_t *node, const char *subject, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int rc = refuse_at(r, number_of(node, "kl"), number_of(node, "kc"), subject, fmt, ap);
    va_end(ap);
    return rc;
}

int node_refuse_type(const struct reading *r, const json_t *node, const char *path, const char *expected)
{
    const char *type = type_of(node);
    return node_refuse(r, node, path, "%s must be %s, not %s %s", path, expected, strchr("aio", type[0]) ? "an" : "a", type);
}

int node_warn(const struct reading *r, const json_t *node, const char *fmt, ...)
{
    char what[ERR_MESSAGE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 8 * sizeof what);
    buf_addf(&b, "%s:%u:%u: ", r->file, number_of(node, "kl"), number_of(node, "kc"));
    text_escape(&b, what, strlen(what), false);
    return r->out->warnings.n < MANIFEST_LIST_MAX ? texts_add(&r->out->warnings, b.data, r->err) : 0;
}

/* ---- walking ---- */

static int refuse_unknown(const struct reading *r, const json_t *node, const char *path, const struct node_row *rows, const char *key)
{
    cleanup(buf_finish) struct buf known;
    const char *near = NULL;
    buf_init(&known, KNOWN_MAX);
    for (const struct node_row *row = rows; row->name; row++) {
        buf_addf(&known, "%s%s", row == rows ? "" : ", ", row->name);
        near = !near && text_is_near(key, row->name) ? row->name : near;
    }
    int rc = node_refuse_key(r, node, key, "there is no key `%.*s`%s%s%s%s%s", node_shown(key), key, *path ? " in " : "", path, near ? "; did you mean `" : "",
                             near ? near : "", near ? "`?" : "");
    err_hint(r->err, "Known here: %s.", known.data ? known.data : "");
    return rc;
}

static int unknown_key(const struct reading *r, const json_t *node, const char *path, const struct node_row *rows, enum node_unknown unknown, const char *key)
{
    if (unknown == NODE_UNKNOWN_REFUSED)
        return refuse_unknown(r, node, path, rows, key);
    return node_warn(r, node, "the key `%.*s`%s%s is not known and was passed over", node_shown(key), key, *path ? " in " : "", path);
}

int node_table(const struct reading *r, const json_t *node, const char *path, const struct node_row *rows, enum node_unknown unknown)
{
    const char *key;
    json_t *entry;
    if (!node_is(node, "table"))
        return node_refuse_type(r, node, *path ? path : "the whole", "a table");
    json_object_foreach(value_of(node), key, entry) {
        char inner[NODE_PATH_MAX];
        const struct node_row *row = rows;
        while (row->name && strcmp(row->name, key) != 0)
            row++;
        snprintf(inner, sizeof inner, "%s%s%.64s", path, *path ? "." : "", key);
        if (row->name && node_is(entry, "null"))
            continue; /* as if it were not there */
        int rc = row->name ? row->read(r, entry, inner) : unknown_key(r, entry, path, rows, unknown, key);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int node_list(const struct reading *r, const json_t *node, const char *path, const char *what, node_fn *each)
{
    size_t i;
    json_t *entry;
    if (!node_is(node, "array"))
        return node_refuse_type(r, node, path, what);
    if (json_array_size(value_of(node)) > MANIFEST_LIST_MAX)
        return node_refuse(r, node, path, "%s has %zu entries (ceiling %d)", path, json_array_size(value_of(node)), MANIFEST_LIST_MAX);
    json_array_foreach(value_of(node), i, entry) {
        char inner[NODE_PATH_MAX + 24];
        snprintf(inner, sizeof inner, "%s[%zu]", path, i);
        int rc = node_is(entry, "string") ? each(r, entry, inner) : node_refuse_type(r, entry, inner, "a text");
        if (rc < 0)
            return rc;
    }
    return 0;
}
