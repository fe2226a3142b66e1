/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of a file, whichever its language: what toml.c and yaml.c make of it, and how it is walked and complained about. Private to src/manifest.
 *
 * A node is a jansson object as engine/shim_toml.h describes it: t (type), l and c (line and column), v (value), and of a key's value kl and kc. From YAML there are strings,
 * arrays, tables and `null`.
 */
#pragma once
#include "manifest/manifest.h"
#include <jansson.h>

enum { NODE_PATH_MAX = 128, NODE_GIVEN_MAX = 100 };

/* A file on its way into a manifest. */
struct reading {
    const char *file;
    struct manifest *out;
    cordon_error **err;
};

int toml_read(const struct reading *r, const char *text, size_t len, json_t **ret);
/* Plain YAML, without anchors, aliases, tags and directives; one document, at most 16 deep and 4,096 values. `line` is that of the text's first. */
int yaml_read(const struct reading *r, const char *text, size_t len, unsigned line, json_t **ret);
void node_unref(json_t **node);

bool node_is(const json_t *node, const char *type);
/* Of a string, or of a number as it is written; NULL for any other. */
const char *node_text(const json_t *node);
/* The value of a key of a table, or NULL; `node` may be NULL. */
json_t *node_at(const json_t *node, const char *key);

/* BAD_MANIFEST at the node's value, at its key, or, with node NULL, at no place, where the message stands alone. */
int node_refuse(const struct reading *r, const json_t *node, const char *subject, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int node_refuse_key(const struct reading *r, const json_t *node, const char *subject, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* "PATH must be EXPECTED, not a TYPE". */
int node_refuse_type(const struct reading *r, const json_t *node, const char *path, const char *expected);
/* How much of a wrong text is repeated. */
int node_shown(const char *s);
/* A warning, with the place of the node's key. */
int node_warn(const struct reading *r, const json_t *node, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

typedef int node_fn(const struct reading *r, const json_t *node, const char *path);
/* A key that a table may have; the table ends with a row without a name. */
struct node_row { const char *name; node_fn *read; };
enum node_unknown { NODE_UNKNOWN_REFUSED, NODE_UNKNOWN_WARNED };
/* Each key of the table, in the order of the file. `path` of the whole file is "". */
int node_table(const struct reading *r, const json_t *node, const char *path, const struct node_row *rows, enum node_unknown unknown);
/* Each entry of an array, a text each; `what` says what, for messages: "a list of names". */
int node_list(const struct reading *r, const json_t *node, const char *path, const char *what, node_fn *each);
