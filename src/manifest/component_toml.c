/* SPDX-License-Identifier: Apache-2.0
 * Component.toml: [component], [resources.memory], [resources.cpu], all mandatory, memory before CPU; [capabilities]. */
#include "base/cleanup.h"
#include "base/error.h"
#include "manifest/formats.h"

#include <inttypes.h>
#include <string.h>

/* ---- [resources] ---- */

struct mandatory {
    const char *section, *key, *shown;  /* `shown` as the messages have always had it */
    enum cordon_limit limit;
    int64_t min, max;
    uint64_t unit;
    const char *sample;
};

static const struct mandatory mandatory[] = {
    {"memory", "max_bytes", "max_memory_bytes", CORDON_LIMIT_MEMORY_BYTES, 524288, 4194304, 1, "[resources.memory] max_bytes = 1048576"},
    {"cpu", "max_fuel", "max_fuel", CORDON_LIMIT_FUEL, 1000, 100000000, 1, "[resources.cpu] max_fuel = 10000000"},
    {"cpu", "timeout_seconds", "timeout_seconds", CORDON_LIMIT_WALL_MS, 1, 300, 1000, "[resources.cpu] timeout_seconds = 30"},
};

static int hint_range(const struct reading *r, const struct mandatory *m, int rc)
{
    err_hint(r->err, "There is no default: write a whole number from %" PRId64 " to %" PRId64 ". Sample: %s", m->min, m->max, m->sample);
    return rc;
}

static int take_mandatory(const struct reading *r, const json_t *resources, const struct mandatory *m)
{
    const json_t *section = node_at(resources, m->section), *node = node_at(section, m->key);
    if (!section)
        return hint_range(r, m, node_refuse(r, NULL, m->section, "Missing [resources.%s] section in Component.toml", m->section));
    if (!node)
        return hint_range(r, m, node_refuse_key(r, section, m->key, "Missing `%s` in [resources.%s] of Component.toml", m->key, m->section));
    if (!node_is(node, "integer"))
        return hint_range(r, m, node_refuse_type(r, node, m->key, "a whole number"));
    int64_t value = strtoll(node_text(node), NULL, 10); /* toml's integers fit */
    if (value < m->min)
        return hint_range(r, m, node_refuse(r, node, m->key, "%s (%" PRId64 ") is below minimum (%" PRId64 ")", m->shown, value, m->min));
    if (value > m->max)
        return hint_range(r, m, node_refuse(r, node, m->key, "%s (%" PRId64 ") exceeds maximum (%" PRId64 ")", m->shown, value, m->max));
    r->out->has_limit[m->limit] = true;
    r->out->limit[m->limit] = (uint64_t)value * m->unit;
    return 0;
}

/* What is mandatory is taken in its own order, once the whole has been walked. */
static int on_value(const struct reading *r, const json_t *node, const char *path)
{
    (void)r, (void)node, (void)path;
    return 0;
}

static int on_memory(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"max_bytes", on_value}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

static int on_cpu(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"max_fuel", on_value}, {"timeout_seconds", on_value}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

static int on_resources(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"memory", on_memory}, {"cpu", on_cpu}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

/* ---- [component] ---- */

static int on_name(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_is(node, "string") ? node_text(node) : NULL;
    if (!s)
        return node_refuse_type(r, node, path, "a text");
    if (!text_is_name(s) || strlen(s) > MANIFEST_NAME_MAX) {
        int rc = *s ? node_refuse(r, node, path, "component name '%.*s' is not made of letters, digits, hyphens and underscores, at most %d", node_shown(s), s, MANIFEST_NAME_MAX)
                    : node_refuse(r, node, path, "component name must not be empty");
        err_hint(r->err, "Sample: name = \"my-component\"");
        return rc;
    }
    r->out->name = strdup(s);
    return r->out->name ? 0 : err_nomem(r->err);
}

static int on_version(const struct reading *r, const json_t *node, const char *path) { return take_version(r, node, path, false, &r->out->version); }

static int on_description(const struct reading *r, const json_t *node, const char *path)
{
    return take_line(r, node, path, MANIFEST_DESCRIPTION_MAX, &r->out->description);
}

static int on_author(const struct reading *r, const json_t *node, const char *path) { return take_line(r, node, path, MANIFEST_AUTHOR_MAX, &r->out->author); }

static int on_component(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"name", on_name}, {"version", on_version}, {"description", on_description}, {"author", on_author}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_WARNED);
}

/* ---- [capabilities] ---- */

/* As node_list; none may be empty, or say a thing twice. */
static int take_list(const struct reading *r, const json_t *node, const char *path, const char *what, node_fn *each)
{
    int rc = node_list(r, node, path, what, each);
    const json_t *entries = json_object_get(node, "v");
    if (rc == 0 && json_array_size(entries) == 0)
        return node_refuse(r, node, path, "%s is an empty array: leave it out, or name something in it", path);
    cleanup(node_unref) json_t *seen = json_object();
    for (size_t i = 0; rc == 0 && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (json_object_get(seen, node_text(entry)))
            return node_refuse(r, entry, path, "%s has the duplicate '%.*s'", path, node_shown(node_text(entry)), node_text(entry));
        json_object_set_new(seen, node_text(entry), json_true());
    }
    return rc;
}

static int on_read_path(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "read", node_text(node)); }
static int on_write_path(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "write", node_text(node)); }

static int on_endpoint(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_text(node), *colon = strrchr(s, ':');
    if (!colon || strstr(s, "://") || strchr(s, '/') || (s[0] == '[' && colon[-1] != ']')) {
        int rc = node_refuse(r, node, path, "%s: '%.*s' is not of the form host:port", path, node_shown(s), s);
        err_hint(r->err, "Sample: connect = [\"api.example.com:443\"]; a port is a number from 1 to 65535.");
        return rc;
    }
    return take_ask(r, node, path, "net", s);
}

static int on_read(const struct reading *r, const json_t *node, const char *path) { return take_list(r, node, path, "a list of absolute paths", on_read_path); }
static int on_write(const struct reading *r, const json_t *node, const char *path) { return take_list(r, node, path, "a list of absolute paths", on_write_path); }
static int on_connect(const struct reading *r, const json_t *node, const char *path) { return take_list(r, node, path, "a list of host:port", on_endpoint); }

/* What a skill could not do here is never passed over. */
static int on_not_offered(const struct reading *r, const json_t *node, const char *path)
{
    int rc = node_refuse_key(r, node, path, "%s is not offered by Cordon", path);
    err_hint(r->err, "Of capabilities filesystem.read, filesystem.write and network.connect are offered; a component that needs others cannot run here.");
    return rc;
}

static int on_filesystem(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"read", on_read}, {"write", on_write}, {"execute", on_not_offered}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

static int on_network(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"connect", on_connect}, {"bind", on_not_offered}, {"listen", on_not_offered}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

static int on_storage(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"read", on_not_offered}, {"write", on_not_offered}, {"delete", on_not_offered}, {NULL, NULL}};
    int rc = node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
    return rc < 0 ? rc : on_not_offered(r, node, path);
}

static int on_capabilities(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"filesystem", on_filesystem}, {"network", on_network}, {"storage", on_storage}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

/* ---- the whole ---- */

static int check_component(const struct reading *r, const json_t *root)
{
    const json_t *component = node_at(root, "component");
    const char *missing = !component ? "" : !node_at(component, "name") ? "name" : !node_at(component, "version") ? "version" : NULL;
    if (!missing)
        return 0;
    int rc = *missing ? node_refuse_key(r, component, missing, "Missing `%s` in [component] of Component.toml", missing)
                      : node_refuse(r, NULL, "component", "Missing [component] section in Component.toml");
    err_hint(r->err, "Sample: [component] name = \"my-component\" version = \"1.0.0\" (each on a line of its own)");
    return rc;
}

int component_toml_read(const struct reading *r, const char *text, size_t len)
{
    static const struct node_row rows[] = {{"component", on_component}, {"resources", on_resources}, {"capabilities", on_capabilities}, {NULL, NULL}};
    cleanup(node_unref) json_t *root = NULL;
    int rc = toml_read(r, text, len, &root);
    if (rc < 0 || (rc = node_table(r, root, "", rows, NODE_UNKNOWN_WARNED)) < 0 || (rc = check_component(r, root)) < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < sizeof mandatory / sizeof *mandatory; i++)
        rc = take_mandatory(r, node_at(root, "resources"), &mandatory[i]);
    return rc;
}
