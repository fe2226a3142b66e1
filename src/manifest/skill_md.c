/* SPDX-License-Identifier: Apache-2.0
 * SKILL.md: YAML between two lines of `---`, then the body. */
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/shim_semver.h"
#include "manifest/formats.h"
#include "policy/tier.h"

#include <string.h>

enum { REQUIREMENT_MAX = 128 };

/* ---- the two parts ---- */

/* Is the line at `s` the delimiter, but for blanks at its end? */
static bool is_delimiter(const char *s, size_t len)
{
    while (len > 3 && strchr(" \t\r", s[len - 1]))
        len--;
    return len == 3 && memcmp(s, "---", 3) == 0;
}

static size_t line_len(const char *s, const char *end)
{
    const char *newline = memchr(s, '\n', (size_t)(end - s));
    return (size_t)((newline ? newline : end) - s);
}

struct parts { const char *front, *front_end, *body; };

static int refuse_delimiter(const struct reading *r, const char *place, const char *what)
{
    int rc = err_set(r->err, CORDON_E_BAD_MANIFEST, "---", "%s%s", place, what);
    err_hint(r->err, "Sample, each on a line of its own: --- | name: my-skill | description: What it does. | --- | and the body after that");
    return rc;
}

static int find_parts(const struct reading *r, const char *text, size_t len, struct parts *ret)
{
    const char *end = text + len, *at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    size_t n = line_len(at, end);
    if (!is_delimiter(at, n))
        return refuse_delimiter(r, "SKILL.md:1:1: ", "SKILL.md must start with YAML frontmatter delimiter '---'");
    ret->front = at = at + n + (at + n < end);
    for (; at < end; at += n + (at + n < end)) {
        n = line_len(at, end);
        if (is_delimiter(at, n)) {
            ret->front_end = at;
            ret->body = at + n + (at + n < end);
            return 0;
        }
    }
    return refuse_delimiter(r, "", "SKILL.md missing closing frontmatter delimiter '---'");
}

/* The blank line after the front matter belongs to neither. */
static int take_body(const struct reading *r, const char *body, const char *end)
{
    while (body < end && (*body == '\n' || *body == '\r'))
        body++;
    r->out->body = strndup(body, (size_t)(end - body));
    return r->out->body ? 0 : err_nomem(r->err);
}

/* ---- names ---- */

static int check_name(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_text(node);
    if (!s)
        return node_refuse_type(r, node, path, "a text");
    if (!*s)
        return node_refuse(r, node, path, "Skill name must not be empty");
    if (s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return node_refuse(r, node, path, "Skill name '%.*s' must contain only lowercase letters, digits, and hyphens", node_shown(s), s);
    if (!text_is_slug(s))
        return node_refuse(r, node, path, "Skill name '%.*s' must not start or end with a hyphen", node_shown(s), s);
    if (strlen(s) > MANIFEST_NAME_MAX)
        return node_refuse(r, node, path, "Skill name '%.*s…' has %zu bytes (ceiling %d)", node_shown(s), s, strlen(s), MANIFEST_NAME_MAX);
    return 0;
}

/* ---- what a skill says of itself ---- */

static int on_name(const struct reading *r, const json_t *node, const char *path)
{
    int rc = check_name(r, node, path);
    if (rc < 0)
        return rc;
    r->out->name = strdup(node_text(node));
    return r->out->name ? 0 : err_nomem(r->err);
}

static int on_description(const struct reading *r, const json_t *node, const char *path)
{
    return take_line(r, node, path, MANIFEST_DESCRIPTION_MAX, &r->out->description);
}

static int on_author(const struct reading *r, const json_t *node, const char *path) { return take_line(r, node, path, MANIFEST_AUTHOR_MAX, &r->out->author); }
static int on_version(const struct reading *r, const json_t *node, const char *path) { return take_version(r, node, path, true, &r->out->version); }

/* For other readers than this one. */
static int on_other(const struct reading *r, const json_t *node, const char *path)
{
    (void)r, (void)node, (void)path;
    return 0;
}

static int on_type(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_text(node);
    r->out->prompt = s && strcmp(s, "prompt") == 0;
    return r->out->prompt || (s && strcmp(s, "tool") == 0) ? 0 : node_refuse(r, node, path, "%s must be prompt or tool", path);
}

static int on_tier(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_text(node);
    if (!s || tier_parse(s, &r->out->tier) < 0)
        return node_refuse(r, node, path, "%s must be untrusted, verified or local", path);
    r->out->has_tier = true;
    return 0;
}

/* ---- lists ---- */

static int on_parent(const struct reading *r, const json_t *node, const char *path)
{
    int rc = check_name(r, node, path);
    return rc < 0 ? rc : texts_add(&r->out->parents, node_text(node), r->err);
}

static int on_conflict(const struct reading *r, const json_t *node, const char *path)
{
    int rc = check_name(r, node, path);
    return rc < 0 ? rc : texts_add(&r->out->conflicts, node_text(node), r->err);
}

static int on_category(const struct reading *r, const json_t *node, const char *path)
{
    cleanup_free char *line = NULL;
    int rc = take_line(r, node, path, MANIFEST_NAME_MAX, &line);
    return rc < 0 ? rc : texts_add(&r->out->categories, line, r->err);
}

static int on_secret(const struct reading *r, const json_t *node, const char *path) { return take_ask(r, node, path, "secret", node_text(node)); }

/* Of the semver crate's reading; what is only space around its parts is shown as it is written. */
static bool is_requirement(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.*^~<>=,+- ");
    return n > 0 && !s[n] && n <= REQUIREMENT_MAX && shim_semver_meet(s, "*") >= 0;
}

static int add_need(const struct reading *r, const char *name, const char *requirement)
{
    struct manifest *m = r->out;
    struct manifest_need *more = realloc(m->needs, (m->n_needs + 1) * sizeof *more);
    if (!more)
        return err_nomem(r->err);
    m->needs = more;
    more[m->n_needs] = (struct manifest_need){strdup(name), requirement ? strdup(requirement) : NULL};
    bool whole = more[m->n_needs].name && (!requirement || more[m->n_needs].requirement);
    m->n_needs++;
    return whole ? 0 : err_nomem(r->err);
}

/* NAME or NAME@REQUIREMENT. */
static int on_dependency(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_text(node), *at = strchr(s, '@');
    cleanup_free char *name = at ? strndup(s, (size_t)(at - s)) : strdup(s);
    if (!name)
        return err_nomem(r->err);
    if (!text_is_slug(name) || strlen(name) > MANIFEST_NAME_MAX || (at && !is_requirement(at + 1))) {
        int rc = node_refuse(r, node, path, "%s '%.*s' is no dependency: NAME or NAME@REQUIREMENT is expected", path, node_shown(s), s);
        err_hint(r->err, "Sample: dependencies: [summarize, \"fetch-page@^1.2\"]");
        return rc;
    }
    return add_need(r, name, at ? at + 1 : NULL);
}

/* ---- capabilities ---- */

/* What each of them stands for. A bare one is a question to the operator. */
static const struct { const char *name, *kind, *value; } capabilities[] = {
    {"recall_memory", "memory", NULL}, {"http_get", "net", "GET,HEAD:*"}, {"http_post", "net", "POST:*"}, {"read_file", "read", NULL},
    {"write_file", "write", NULL}, {"get_secret", "secret", NULL}, {"read_env", "env", NULL}, {"exec_command", "exec", NULL},
};
enum { CAPABILITIES = sizeof capabilities / sizeof *capabilities };

static int on_capability(const struct reading *r, const json_t *node, const char *path)
{
    const char *s = node_text(node);
    for (size_t i = 0; i < CAPABILITIES; i++)
        if (strcmp(s, capabilities[i].name) == 0)
            return take_ask(r, node, path, capabilities[i].kind, capabilities[i].value);
    int rc = node_refuse(r, node, s, "unknown capability '%.*s'", node_shown(s), s);
    err_hint(r->err, "Known: recall_memory, http_get, http_post, read_file, write_file, get_secret, read_env, exec_command.");
    return rc;
}

/* Secrets that are named are what get_secret asks for. */
static void drop_bare_secret(struct grants *asks)
{
    size_t bare = asks->n, named = 0;
    for (size_t i = 0; i < asks->n; i++) {
        bool is_secret = asks->item[i].kind == GRANT_SECRET;
        bare = is_secret && asks->item[i].any ? i : bare;
        named += is_secret && !asks->item[i].any;
    }
    if (bare == asks->n || named == 0)
        return;
    grant_finish(&asks->item[bare]);
    memmove(&asks->item[bare], &asks->item[bare + 1], (asks->n - bare - 1) * sizeof *asks->item);
    asks->n--;
}

/* ---- the whole ---- */

static int on_capabilities(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of capabilities, such as [http_get]", on_capability); }
static int on_dependencies(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of skills", on_dependency); }
static int on_conflicts(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of skills", on_conflict); }
static int on_parents(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of skills", on_parent); }
static int on_secrets(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of secrets", on_secret); }
static int on_categories(const struct reading *r, const json_t *node, const char *path) { return node_list(r, node, path, "a list of texts", on_category); }

static int on_metadata(const struct reading *r, const json_t *node, const char *path)
{
    static const struct node_row rows[] = {
        {"author", on_author}, {"version", on_version}, {"skill-type", on_type}, {"capabilities", on_capabilities}, {"dependencies", on_dependencies},
        {"conflicts-with", on_conflicts}, {"parents", on_parents}, {"secrets", on_secrets}, {"categories", on_categories}, {"trust-tier", on_tier}, {NULL, NULL},
    };
    return node_table(r, node, path, rows, NODE_UNKNOWN_WARNED);
}

/* A text, or a list of texts: public skills use both. */
static int on_allowed_tools(const struct reading *r, const json_t *node, const char *path)
{
    if (node_is(node, "string"))
        return 0;
    return node_list(r, node, path, "a text or a list of texts", on_other);
}

static int check_whole(const struct reading *r)
{
    const char *missing = !r->out->name ? "name" : !r->out->description ? "description" : NULL;
    if (!missing)
        return 0;
    int rc = node_refuse(r, NULL, missing, "Missing `%s` in the front matter of SKILL.md", missing);
    err_hint(r->err, "Sample: %s", !r->out->name ? "name: my-skill" : "description: What it does, and when to use it.");
    return rc;
}

int skill_md_read(const struct reading *r, const char *text, size_t len)
{
    static const struct node_row rows[] = {
        {"name", on_name}, {"description", on_description}, {"license", on_other}, {"compatibility", on_other}, {"allowed-tools", on_allowed_tools}, {"metadata", on_metadata},
        {NULL, NULL},
    };
    struct parts parts = {0};
    cleanup(node_unref) json_t *root = NULL;
    int rc = find_parts(r, text, len, &parts);
    r->out->prompt = true; /* unless it says that it is a tool */
    if (rc < 0 || (rc = yaml_read(r, parts.front, (size_t)(parts.front_end - parts.front), 2, &root)) < 0 || (rc = node_table(r, root, "", rows, NODE_UNKNOWN_WARNED)) < 0 ||
        (rc = check_whole(r)) < 0)
        return rc;
    drop_bare_secret(r->out->asks);
    return take_body(r, parts.body, text + len);
}
