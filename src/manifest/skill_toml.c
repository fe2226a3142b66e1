/* SPDX-License-Identifier: Apache-2.0
 * skill.toml: [skill], [capabilities], [resources], [wasm], and [build] and [tool] of our own. */
#include "base/cleanup.h"
#include "base/error.h"
#include "manifest/formats.h"
#include "policy/limit.h"
#include "policy/suffix.h"

#include <string.h>

/* ---- [skill] ---- */

static int on_name(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_is(node, "string") ? node_text(node) : NULL;
    if (!s)
        return node_refuse_type(r, node, path, "a text");
    if (!*s)
        return node_refuse(r, node, path, "skill name must not be empty");
    if (!text_is_name(s))
        return node_refuse(r, node, path, "skill name '%.*s' contains invalid characters (only alphanumeric, hyphens, underscores allowed)", node_shown(s), s);
    if (strlen(s) > MANIFEST_NAME_MAX)
        return node_refuse(r, node, path, "skill name '%.*s…' has %zu bytes (ceiling %d)", node_shown(s), s, strlen(s), MANIFEST_NAME_MAX);
    r->out->name = strdup(s);
    return r->out->name ? 0 : err_nomem(r->err);
}

static int on_version(const struct reading *r, const json_t *node, const char *path) { return take_version(r, node, path, false, &r->out->version); }

static int on_description(const struct reading *r, const json_t *node, const char *path)
{
    return take_line(r, node, path, MANIFEST_DESCRIPTION_MAX, &r->out->description);
}

static int on_author(const struct reading *r, const json_t *node, const char *path) { return take_line(r, node, path, MANIFEST_AUTHOR_MAX, &r->out->author); }

static int on_skill(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"name", on_name}, {"version", on_version}, {"description", on_description}, {"author", on_author}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_WARNED);
}

/* ---- [capabilities] ---- */

/* May a rule cover what is beneath it? Not for an address, a single label or a public suffix: that is the host alone. */
static bool covers_names_beneath(const char *domain)
{
    struct host h;
    return !host_parse(domain, strlen(domain), &h) && h.kind == HOST_NAME && !host_is_literal_or_localhost(&h) && !suffix_why_not_beneath(&h);
}

/* An address and localhost have no usual port in a grant; here it is that of https, as for every other domain. */
static bool needs_port(const char *domain)
{
    struct host h;
    return !host_parse(domain, strlen(domain), &h) && host_is_literal_or_localhost(&h);
}

/* The host and whatever is beneath it, by https: who wants more writes a rule. */
static int on_domain(const struct reading *r, const json_t *node, const char *path)
{
    enum { SIZE = HOST_MAX + 8 };
    const char *domain = node_text(node);
    char value[SIZE];
    if ((strpbrk(domain, ":/@") && domain[0] != '[') || strcmp(domain, "*") == 0) {
        int rc = node_refuse(r, node, path, "%s: '%.*s' is no domain", path, node_shown(domain), domain);
        err_hint(r->err, "A domain is a host's name, such as \"api.example.com\"; for ports, paths, http or methods there is `rules`: rules = [\"http://api.example.com:8080\"]");
        return rc;
    }
    bool covers = covers_names_beneath(domain), bare = needs_port(domain); /* then it is a host's name, so it fits */
    if (!covers && !bare)
        return take_ask(r, node, path, "net", domain);
    snprintf(value, sizeof value, "%s%s%s", covers ? "." : "", domain, bare ? ":443" : "");
    return take_ask(r, node, path, "net", value);
}

/* A grant of the network, with or without its word. */
static int on_rule(const struct reading *r, const json_t *node, const char *path)
{
    static const char *const words[] = {"net", "bearer", "header"};
    const char *rule = node_text(node);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(rule, words[i], len) == 0 && (rule[len] == '=' || !rule[len]))
            return take_ask(r, node, path, words[i], rule[len] ? rule + len + 1 : NULL);
    }
    return take_ask(r, node, path, "net", rule);
}

static int on_read_path(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "read", node_text(node)); }
static int on_write_path(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "write", node_text(node)); }
static int on_env_name(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "env", node_text(node)); }
static int on_secret_name(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "secret", node_text(node)); }
static int on_bot(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "memory", node_text(node)); }

static int on_domains(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of domains, such as [\"api.example.com\"]", on_domain); }
static int on_rules(const struct reading *r, const json_t *node, const char *path)
{
    return node_list(r, node, path, "a list of grants, such as [\"GET,HEAD:https://api.example.com/v1\"]", on_rule);
}
static int on_read(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of paths, such as [\"/data\"]", on_read_path); }
static int on_write(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of paths, such as [\"/data\"]", on_write_path); }

static int on_network(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"domains", on_domains}, {"rules", on_rules}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

static int on_filesystem(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"read", on_read}, {"write", on_write}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

static int on_env(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of variables, such as [\"LANG\"]", on_env_name); }
static int on_secrets(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of secrets, such as [\"API_KEY\"]", on_secret_name); }

static int on_memory(const struct reading *r, const json_t *node, const char *path)
{
    if (node_is(node, "boolean"))
        return json_is_true(json_object_get(node, "v")) ? take_ask(r, node, path, "memory", NULL) : 0;
    return node_list(r, node, path, "true, or a list of bots", on_bot);
}

static int on_capabilities(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {
        {"network", on_network}, {"filesystem", on_filesystem}, {"env", on_env}, {"secrets", on_secrets}, {"memory", on_memory}, {NULL, NULL},
    };
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

/* ---- [resources] ---- */

static void set_limit(const struct reading *r, enum cordon_limit limit, uint64_t value)
{
    r->out->has_limit[limit] = true;
    r->out->limit[limit] = value;
}

static int refuse_value(const struct reading *r, const json_t *node, const char *path, const char *why, const char *sample)
{
    const char *given = node_text(node);
    int rc = node_refuse(r, node, path, "%s: '%.*s' %s", path, node_shown(given), given, why);
    err_hint(r->err, "Write a whole number above zero, such as %s, or leave it out.", sample);
    return rc;
}

/* A number, or as people write that limit. */
static int take_limit(const struct reading *r, const json_t *node, const char *path, enum cordon_limit limit, const char *sample)
{
    uint64_t value;
    const char *why, *text = node_text(node);
    if (!text || node_is(node, "float"))
        return node_refuse_type(r, node, path, "a whole number");
    if (limit_read(limit, text, &value, &why) < 0)
        return refuse_value(r, node, path, why, sample);
    set_limit(r, limit, value);
    return 0;
}

/* A whole number of `unit`s. */
static int take_units(const struct reading *r, const json_t *node, const char *path, enum cordon_limit limit, uint64_t unit, const char *sample)
{
    uint64_t value;
    const char *why = "is too large";
    if (!node_is(node, "integer"))
        return node_refuse_type(r, node, path, "a whole number");
    if (limit_read(CORDON_LIMIT_FUEL, node_text(node), &value, &why) < 0 || value > UINT64_MAX / 2 / unit)
        return refuse_value(r, node, path, why, sample);
    set_limit(r, limit, value * unit);
    return 0;
}

static int on_fuel(const struct reading *r, const json_t *node, const char *path) { return take_limit(r, node, path, CORDON_LIMIT_FUEL, "1000000000"); }
static int on_tables(const struct reading *r, const json_t *node, const char *path) { return take_limit(r, node, path, CORDON_LIMIT_TABLE_ELEMENTS, "20000"); }
static int on_output(const struct reading *r, const json_t *node, const char *path) { return take_limit(r, node, path, CORDON_LIMIT_OUTPUT_BYTES, "1048576"); }
static int on_memory_mb(const struct reading *r, const json_t *node, const char *path) { return take_units(r, node, path, CORDON_LIMIT_MEMORY_BYTES, 1u << 20, "16"); }
static int on_timeout(const struct reading *r, const json_t *node, const char *path) { return take_units(r, node, path, CORDON_LIMIT_WALL_MS, 1000, "5"); }

static int on_resources(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {
        {"fuel", on_fuel}, {"memory_mb", on_memory_mb}, {"epoch_timeout_secs", on_timeout}, {"tables", on_tables}, {"output_bytes", on_output}, {NULL, NULL},
    };
    return node_table(r, node, path, rows, NODE_UNKNOWN_REFUSED);
}

/* ---- [wasm], [build], [tool] ---- */

static int on_entry(const struct reading *r, const json_t *node, const char *path) { return take_path(r, node, path, &r->out->entry); }

static int on_lang(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_is(node, "string") ? node_text(node) : NULL;
    if (!s || !text_is_slug(s) || strlen(s) > 32)
        return s ? node_refuse(r, node, path, "%s '%.*s' is no language: write one such as \"c\" or \"rust\"", path, node_shown(s), s) : node_refuse_type(r, node, path, "a text such as \"c\"");
    r->out->lang = strdup(s);
    return r->out->lang ? 0 : err_nomem(r->err);
}

/* A name that a terminal would show as another would not be the one that is called. */
static int on_export(const struct reading *r, const json_t *node, const char *path)
{
    int rc = take_line(r, node, path, MANIFEST_EXPORT_MAX, &r->out->export_name);
    if (rc < 0 || (*r->out->export_name && strcmp(r->out->export_name, node_text(node)) == 0))
        return rc;
    return node_refuse(r, node, path, "%s '%s' is no name of an export (at most %d characters, of one line)", path, r->out->export_name, MANIFEST_EXPORT_MAX);
}

static int on_wasm(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"entry", on_entry}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_WARNED);
}

static int on_build(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"lang", on_lang}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_WARNED);
}

static int on_tool(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {{"export", on_export}, {NULL, NULL}};
    return node_table(r, node, path, rows, NODE_UNKNOWN_WARNED);
}

/* ---- the whole ---- */

static int check_whole(const struct reading *r, const json_t *root)
{
    static const struct { const char *key, *sample; } required[] = {
        {"name", "name = \"my-skill\""}, {"version", "version = \"0.1.0\""}, {"description", "description = \"What it does.\""},
    };
    const json_t *skill = node_at(root, "skill");
    if (!skill) {
        int rc = node_refuse(r, NULL, "skill", "Missing [skill] section in skill.toml");
        err_hint(r->err, "Sample: [skill] name = \"my-skill\" version = \"0.1.0\" description = \"What it does.\" (each on a line of its own)");
        return rc;
    }
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (node_at(skill, required[i].key))
            continue;
        int rc = node_refuse_key(r, skill, required[i].key, "Missing `%s` in [skill]", required[i].key);
        err_hint(r->err, "Sample: %s", required[i].sample);
        return rc;
    }
    return 0;
}

int skill_toml_read(const struct reading *r, const char *text, size_t len)
{
    static const struct node_row rows[] = {
        {"skill", on_skill}, {"capabilities", on_capabilities}, {"resources", on_resources}, {"wasm", on_wasm}, {"build", on_build}, {"tool", on_tool}, {NULL, NULL},
    };
    cleanup(node_unref) json_t *root = NULL;
    int rc = toml_read(r, text, len, &root);
    if (rc < 0 || (rc = node_table(r, root, "", rows, NODE_UNKNOWN_WARNED)) < 0)
        return rc;
    return check_whole(r, root);
}
