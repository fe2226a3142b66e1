/* SPDX-License-Identifier: Apache-2.0
 * From text to values. Each error says where, what was found, and what was expected; nothing unknown is passed over. */
#include "settings/settings.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/shim_toml.h"
#include "policy/limit.h"
#include "policy/tier.h"
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

enum { NAMES_MAX = 16, PATH_TEXT = 128, GIVEN_MAX = 64, LIST_MAX = 1024 };

struct parse {
    const char *file;
    enum settings_from from;
    struct settings *out;
    cordon_error **err;
};

/* A table of the file: what it is called there, and what its keys may be. */
struct table {
    const char *path;                  /* "tiers.untrusted.default"; "" for the whole file */
    const char *names[NAMES_MAX];      /* ends with NULL */
};

static void cleanup_json(json_t **j) { json_decref(*j); }
static void cleanup_buf(struct buf *b) { buf_finish(b); }

/* ---- nodes: see engine/shim_toml.h ---- */

static const char *type_of(const json_t *node) { return json_string_value(json_object_get(node, "t")); }
static const json_t *value_of(const json_t *node) { return json_object_get(node, "v"); }
static unsigned number_of(const json_t *node, const char *key) { return (unsigned)json_integer_value(json_object_get(node, key)); }
static bool is_type(const json_t *node, const char *type) { return !strcmp(type_of(node), type); }

static const char *an(const char *type) { return strchr("aio", type[0]) ? "an" : "a"; }

/* ---- errors ---- */

__attribute__((format(printf, 5, 6)))
static int refuse(const struct parse *p, unsigned line, unsigned column, const char *subject, const char *fmt, ...)
{
    char what[ERR_MESSAGE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return err_set(p->err, CORDON_E_BAD_CONFIG, subject, "%s:%u:%u: %s", p->file, line, column, what);
}

static int refuse_type(const struct parse *p, const json_t *node, const char *path, const char *expected)
{
    return refuse(p, number_of(node, "l"), number_of(node, "c"), path, "%s must be %s, not %s %s", path, expected, an(type_of(node)), type_of(node));
}

static int refuse_key(const struct parse *p, const json_t *node, const struct table *t, const char *key)
{
    cleanup(cleanup_buf) struct buf known;
    const char *near = NULL;
    buf_init(&known, LIST_MAX);
    for (size_t i = 0; t->names[i]; i++) {
        buf_addf(&known, "%s%s", i ? ", " : "", t->names[i]);
        if (!near && text_is_near(key, t->names[i]))
            near = t->names[i];
    }
    int rc = refuse(p, number_of(node, "kl"), number_of(node, "kc"), key, "there is no key `%.*s`%s%s%s%s%s", (int)text_cut(key, strlen(key), GIVEN_MAX), key,
                    *t->path ? " in [" : "", t->path, *t->path ? "]" : "", near ? "; did you mean " : "", near ? near : "");
    err_hint(p->err, "Keys %s%s%s: %s.", *t->path ? "of [" : "of the file", t->path, *t->path ? "]" : "", known.data ? known.data : "");
    return rc;
}

static int refuse_value(const struct parse *p, const json_t *node, const char *path, const char *why, const char *expected)
{
    const char *given = json_string_value(value_of(node));
    int rc = refuse(p, number_of(node, "l"), number_of(node, "c"), path, "%s: '%.*s' %s", path, (int)text_cut(given, strlen(given), GIVEN_MAX), given, why);
    err_hint(p->err, "Expected: %s.", expected);
    return rc;
}

/* ---- values ---- */

/* What stands for a value that is written as a text or a number; NULL for any other. */
static const char *text_of(const json_t *node)
{
    return is_type(node, "string") || is_type(node, "integer") || is_type(node, "float") ? json_string_value(value_of(node)) : NULL;
}

static struct setting setting(const struct parse *p, const json_t *node, uint64_t value)
{
    return (struct setting){.value = value, .from = p->from, .line = number_of(node, "l"), .column = number_of(node, "c")};
}

static int parse_value(const struct parse *p, const json_t *node, const char *path, enum settings_key key)
{
    const char *why, *text = text_of(node);
    uint64_t value;
    bool wants_switch = settings_is_switch(key);
    if (wants_switch && is_type(node, "boolean"))
        text = json_is_true(value_of(node)) ? "true" : "false";
    else if (wants_switch || !text)
        return refuse_type(p, node, path, settings_expected(key));
    if (settings_value(key, text, &value, &why) < 0)
        return refuse_value(p, node, path, why, settings_expected(key));
    p->out->key[key] = setting(p, node, value);
    return 0;
}

static int parse_limit(const struct parse *p, const json_t *node, const char *path, enum cordon_limit limit, struct setting *ret)
{
    char max[SETTINGS_VALUE_TEXT], usual[SETTINGS_VALUE_TEXT], expected[2 * SETTINGS_VALUE_TEXT + 64];
    const char *text = text_of(node), *why = "is too large";
    uint64_t value;
    limit_write(limit, settings_limit_max(limit), max, sizeof max);
    limit_write(limit, cordon_limit_default(CORDON_TIER_UNTRUSTED, limit), usual, sizeof usual);
    snprintf(expected, sizeof expected, "a value above zero and at most %s, such as \"%s\"", max, usual);
    if (!text)
        return refuse_type(p, node, path, expected);
    if (limit_read(limit, text, &value, &why) < 0 || value > settings_limit_max(limit))
        return refuse_value(p, node, path, why, expected);
    *ret = setting(p, node, value);
    return 0;
}

/* ---- tables ---- */

/* Where `key` stands among the table's names, or an error. */
static int find_key(const struct parse *p, const json_t *node, const struct table *t, const char *key)
{
    for (int i = 0; t->names[i]; i++)
        if (!strcmp(t->names[i], key))
            return i;
    return refuse_key(p, node, t, key);
}

typedef int entry_fn(const struct parse *p, const json_t *node, const char *path, int i, void *data);

/* Each key of the table in the order of the file, with the index of its name. */
static int parse_table(const struct parse *p, const json_t *node, const struct table *t, entry_fn *fn, void *data)
{
    const char *key;
    json_t *entry;
    if (!is_type(node, "table"))
        return refuse_type(p, node, t->path, "a table");
    json_object_foreach((json_t *)value_of(node), key, entry) {
        char path[PATH_TEXT];
        int i = find_key(p, entry, t, key), rc;
        if (i < 0)
            return i;
        snprintf(path, sizeof path, "%s%s%s", t->path, *t->path ? "." : "", key);
        if ((rc = fn(p, entry, path, i, data)) < 0)
            return rc;
    }
    return 0;
}

/* [tiers.<tier>.default] or [tiers.<tier>.ceiling]: `data` is that row of the settings. */
static int on_limit(const struct parse *p, const json_t *node, const char *path, int i, void *data)
{
    return parse_limit(p, node, path, (enum cordon_limit)i, (struct setting *)data + i);
}

/* A tier's default or ceiling. */
static int on_range(const struct parse *p, const json_t *node, const char *path, int i, void *data)
{
    enum cordon_tier tier = *(enum cordon_tier *)data;
    struct table t = {.path = path};
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        t.names[l] = cordon_limit_name((enum cordon_limit)l);
    return parse_table(p, node, &t, on_limit, i == 0 ? p->out->by_default[tier] : p->out->ceiling[tier]);
}

static int check_ranges(const struct parse *p, enum cordon_tier tier, const char *path)
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        const struct setting *d = &p->out->by_default[tier][l], *c = &p->out->ceiling[tier][l];
        const char *name = cordon_limit_name((enum cordon_limit)l);
        if (c->from != SETTINGS_UNSET && d->value > c->value)
            return refuse(p, d->line, d->column, name, "%s.default.%s is above %s.ceiling.%s in line %u", path, name, path, name, c->line);
    }
    return 0;
}

static int on_tier(const struct parse *p, const json_t *node, const char *path, int i, void *data)
{
    (void)data;
    enum cordon_tier tier = (enum cordon_tier)i;
    struct table t = {.path = path, .names = {"default", "ceiling"}};
    int rc = parse_table(p, node, &t, on_range, &tier);
    return rc < 0 ? rc : check_ranges(p, tier, path);
}

/* A section of plain values: `data` holds which key each of its names is. */
static int on_value(const struct parse *p, const json_t *node, const char *path, int i, void *data)
{
    return parse_value(p, node, path, ((const enum settings_key *)data)[i]);
}

typedef const char *egress_fn(struct settings_egress *e, const char *text, const struct setting *place);

static int parse_text(const struct parse *p, const json_t *node, const char *path, egress_fn *set, const char *expected, const struct setting *place)
{
    if (!is_type(node, "string"))
        return refuse_type(p, node, path, expected);
    const char *why = set(&p->out->egress, json_string_value(value_of(node)), place);
    return why ? refuse_value(p, node, path, why, expected) : 0;
}

static int parse_ranges(const struct parse *p, const json_t *node, const char *path)
{
    static const char expected[] = "a list of addresses and ranges, such as [\"10.0.0.0/8\"]";
    size_t i;
    json_t *entry;
    int rc = 0;
    if (!is_type(node, "array"))
        return refuse_type(p, node, path, expected);
    const struct setting place = p->out->egress.allow_private = setting(p, node, 0);
    json_array_foreach((json_t *)value_of(node), i, entry)
        if (rc == 0)
            rc = parse_text(p, entry, path, settings_add_private, expected, &place);
    return rc;
}

static int on_egress(const struct parse *p, const json_t *node, const char *path, int i, void *data)
{
    (void)data;
    const struct setting place = setting(p, node, 0);
    if (i == 0)
        return parse_ranges(p, node, path);
    return i == 1 ? parse_text(p, node, path, settings_set_proxy, "a text such as \"http://proxy.example:3128\"", &place)
                  : parse_text(p, node, path, settings_set_ca_file, "the absolute path of a file, such as \"/etc/ssl/private-ca.pem\"", &place);
}

static int parse_egress(const struct parse *p, const json_t *node)
{
    static const struct table t = {.path = "egress", .names = {"allow_private", "proxy", "ca_file"}};
    return parse_table(p, node, &t, on_egress, NULL);
}

static int on_install(const struct parse *p, const json_t *node, const char *path, int i, void *data)
{
    static const char expected[] = "a list of names, such as [\"pass\"] for docker-credential-pass";
    size_t n;
    json_t *entry;
    (void)i, (void)data;
    if (!is_type(node, "array"))
        return refuse_type(p, node, path, expected);
    const struct setting place = p->out->install.credential_helpers = setting(p, node, 0);
    json_array_foreach((json_t *)value_of(node), n, entry) {
        if (!is_type(entry, "string"))
            return refuse_type(p, entry, path, expected);
        const char *why = settings_add_helper(&p->out->install, json_string_value(value_of(entry)), &place);
        if (why)
            return refuse_value(p, entry, path, why, expected);
    }
    return 0;
}

static int parse_install(const struct parse *p, const json_t *node)
{
    static const struct table t = {.path = "install", .names = {"credential_helpers"}};
    return parse_table(p, node, &t, on_install, NULL);
}

static int parse_section(const struct parse *p, const json_t *node, const char *name)
{
    struct table t = {.path = name};
    enum settings_key keys[SETTINGS_KEY_COUNT];
    for (int k = 0, n = 0; k < SETTINGS_KEY_COUNT; k++)
        if (!strcmp(settings_section((enum settings_key)k), name)) {
            keys[n] = (enum settings_key)k;
            t.names[n++] = settings_name((enum settings_key)k);
        }
    return parse_table(p, node, &t, on_value, keys);
}

static int parse_tiers(const struct parse *p, const json_t *node)
{
    struct table t = {.path = "tiers"};
    for (int i = 0; i < CORDON_TIER_COUNT; i++)
        t.names[i] = tier_name((enum cordon_tier)i);
    return parse_table(p, node, &t, on_tier, NULL);
}

static int on_section(const struct parse *p, const json_t *node, const char *path, int i, void *data)
{
    (void)data;
    return i == 0 ? parse_tiers(p, node) : i == 1 ? parse_egress(p, node) : i == 2 ? parse_install(p, node) : parse_section(p, node, path);
}

static int parse_root(const struct parse *p, const json_t *root)
{
    static const struct table t = {.path = "", .names = {"tiers", "egress", "install", "policy", "cache", "compile", "scripts", "audit"}};
    return parse_table(p, root, &t, on_section, NULL);
}

/* ---- text ---- */

static int refuse_text(int rc, struct shim_bytes why, const char *file, cordon_error **err)
{
    const char *text = why.data ? (const char *)why.data : "no reason given";
    bool has_place = text[0] >= '0' && text[0] <= '9';
    int ret = err_set(err, rc == -2 ? CORDON_E_HOST_BUG : CORDON_E_BAD_CONFIG, file, "%s:%s%s", file, has_place ? "" : " ", text);
    shim_bytes_free(why);
    return ret;
}

static int read_toml(const char *file, const char *text, size_t len, json_t **ret, cordon_error **err)
{
    struct shim_bytes json = {0}, why = {0};
    if (!text_is_utf8(text, len))
        return err_set(err, CORDON_E_BAD_CONFIG, file, "%s is not UTF-8", file);
    int rc = shim_toml_parse((const uint8_t *)text, len, &json, &why);
    if (rc < 0)
        return refuse_text(rc, why, file, err);
    *ret = json_loadb((const char *)json.data, json.len, 0, NULL);
    shim_bytes_free(json);
    return *ret ? 0 : err_nomem(err); /* it is JSON and within jansson's depth: nothing else is left */
}

int settings_parse(const char *file, enum settings_from from, const char *text, size_t len, struct settings *ret, cordon_error **err)
{
    cleanup(cleanup_json) json_t *root = NULL;
    struct settings out = {0};
    struct parse p = {.file = file, .from = from, .out = &out, .err = err};
    int rc = read_toml(file, text, len, &root, err);
    if (rc < 0 || (rc = parse_root(&p, root)) < 0)
        return rc;
    *ret = out;
    return 0;
}
