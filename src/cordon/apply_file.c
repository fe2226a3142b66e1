/* SPDX-License-Identifier: Apache-2.0
 * The file of `cordon apply`: TOML, every key known, every value in its place. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/apply.h"
#include "engine/shim_toml.h"
#include "policy/limit.h"
#include "policy/tier.h"

#include <string.h>

struct parse {
    const char *path, *folder;
    struct apply_file *out;
    cordon_error **err;
};

/* ---- nodes: see engine/shim_toml.h ---- */

static const char *type_of(const json_t *node) { return json_string_value(json_object_get(node, "t")); }
static const json_t *value_of(const json_t *node) { return json_object_get(node, "v"); }
static const char *text_of(const json_t *node) { return json_string_value(value_of(node)); }
static bool is_type(const json_t *node, const char *type) { return !strcmp(type_of(node), type); }
static long long number_of(const json_t *node, const char *key) { return json_integer_value(json_object_get(node, key)); }

static int refuse(const struct parse *p, const json_t *node, const char *subject, const char *why)
{
    return err_set(p->err, CORDON_E_BAD_CONFIG, subject, "%s:%lld:%lld: %s: %s", p->path, number_of(node, "l"), number_of(node, "c"), subject, why);
}

static int want(const struct parse *p, const json_t *node, const char *key, const char *type)
{
    char why[64];
    if (is_type(node, type))
        return 0;
    snprintf(why, sizeof why, "must be %s %s, not %s", strchr("ai", type[0]) ? "an" : "a", type, type_of(node));
    return refuse(p, node, key, why);
}

static int copy(const struct parse *p, const json_t *node, const char *key, char **ret)
{
    int rc = want(p, node, key, "string");
    if (rc < 0)
        return rc;
    free(*ret);
    *ret = strdup(text_of(node));
    return *ret ? 0 : err_nomem(p->err);
}

/* ---- lists ---- */

static int add(const struct parse *p, struct apply_list *l, char *taken)
{
    char **more = taken ? realloc(l->item, (l->n + 1) * sizeof *more) : NULL;
    if (!more) {
        free(taken);
        return err_nomem(p->err);
    }
    l->item = more;
    more[l->n++] = taken;
    return 0;
}

static void list_finish(struct apply_list *l)
{
    for (size_t n = 0; n < l->n; n++)
        free(l->item[n]);
    free(l->item);
}

static int read_grant(const struct parse *p, const json_t *node, const char *key, char **ret)
{
    struct grant g = {0};
    const struct grant_source source = {.cwd = p->folder, .home = secure_getenv("HOME")};
    int rc = want(p, node, key, "string");
    if (rc < 0 || (rc = grant_parse(text_of(node), &source, &g, p->err)) < 0)
        return rc < 0 && is_type(node, "string") ? err_wrap(p->err, "%s:%lld:%lld: a grant cannot be read", p->path, number_of(node, "l"), number_of(node, "c")) : rc;
    *ret = install_grant_text(&g);
    grant_finish(&g);
    return *ret ? 0 : err_nomem(p->err);
}

static int read_pattern(const struct parse *p, const json_t *node, const char *key, char **ret)
{
    int rc = want(p, node, key, "string");
    if (rc < 0 || (rc = trust_pattern_check(text_of(node), p->err)) < 0)
        return rc;
    *ret = strdup(text_of(node));
    return *ret ? 0 : err_nomem(p->err);
}

static int read_list(const struct parse *p, const json_t *node, const char *key, int (*read)(const struct parse *, const json_t *, const char *, char **), struct apply_list *ret)
{
    size_t n;
    json_t *one;
    int rc = want(p, node, key, "array");
    if (rc < 0)
        return rc;
    if (json_array_size(value_of(node)) > APPLY_LIST_MAX)
        return refuse(p, node, key, "has more than 1000 entries");
    json_array_foreach(value_of(node), n, one) {
        char *text = NULL;
        if ((rc = read(p, one, key, &text)) < 0 || (rc = add(p, ret, text)) < 0)
            return rc;
    }
    return 0;
}

/* ---- a skill ---- */

static int read_source(const struct parse *p, const json_t *node, struct apply_skill *s)
{
    struct install_source source;
    int rc = want(p, node, "source", "string");
    if (rc < 0 || (rc = install_source_parse(text_of(node), p->folder, &source, p->err)) < 0)
        return rc;
    s->source = strdup(source.place);
    install_source_finish(&source);
    return s->source ? 0 : err_nomem(p->err);
}

static int read_digest(const struct parse *p, const json_t *node, struct apply_skill *s)
{
    int rc = want(p, node, "digest", "string");
    if (rc < 0)
        return rc;
    s->has_digest = install_digest_parse(text_of(node), s->digest);
    return s->has_digest ? 0 : refuse(p, node, "digest", "must be sha256: and 64 hex digits");
}

static int read_key(const struct parse *p, const json_t *node, struct apply_skill *s)
{
    struct trust_key key;
    int rc = copy(p, node, "key", &s->key);
    return rc < 0 ? rc : trust_key_parse(s->key, &key, p->err);
}

static int read_tier(const struct parse *p, const json_t *node, struct apply_skill *s)
{
    int rc = want(p, node, "tier", "string");
    if (rc < 0)
        return rc;
    s->has_tier = tier_parse(text_of(node), &s->tier) == 0;
    return s->has_tier ? 0 : refuse(p, node, "tier", "must be untrusted, verified or local");
}

static int read_build(const struct parse *p, const json_t *node, struct apply_skill *s)
{
    int rc = want(p, node, "build", "boolean");
    s->build = rc == 0 && json_is_true(value_of(node));
    return rc;
}

static int read_grants(const struct parse *p, const json_t *node, struct apply_skill *s) { return read_list(p, node, "grants", read_grant, &s->grants); }

static int limit_find(const char *name)
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        if (!strcmp(name, cordon_limit_name((enum cordon_limit)l)))
            return l;
    return -1;
}

static int read_limits(const struct parse *p, const json_t *node, struct apply_skill *s)
{
    const char *name, *why;
    json_t *one;
    int rc = want(p, node, "limits", "table");
    if (rc < 0)
        return rc;
    json_object_foreach((json_t *)value_of(node), name, one) {
        int l = limit_find(name);
        if (l < 0)
            return refuse(p, one, name, "there is no such limit");
        if (!is_type(one, "string") && !is_type(one, "integer"))
            return refuse(p, one, name, "must be a number, or a text such as \"20G\", \"64MiB\" or \"10s\"");
        if (limit_read((enum cordon_limit)l, text_of(one), &s->limit[l], &why) < 0)
            return refuse(p, one, name, why);
    }
    return 0;
}

static const struct {
    const char *name;
    int (*read)(const struct parse *, const json_t *, struct apply_skill *);
} skill_keys[] = {{"source", read_source}, {"digest", read_digest}, {"key", read_key}, {"tier", read_tier}, {"build", read_build}, {"grants", read_grants}, {"limits", read_limits}};

static int read_skill_key(const struct parse *p, const char *key, const json_t *node, struct apply_skill *s)
{
    for (size_t n = 0; n < sizeof skill_keys / sizeof *skill_keys; n++)
        if (!strcmp(skill_keys[n].name, key))
            return skill_keys[n].read(p, node, s);
    return refuse(p, node, key, "there is no such key; a skill has source, digest, key, tier, build, grants and limits");
}

static int read_skill(const struct parse *p, const char *name, const json_t *node, struct apply_skill *s)
{
    const char *key;
    json_t *one;
    int rc = want(p, node, name, "table");
    if (rc < 0 || (rc = registry_check_name(name, p->err)) < 0)
        return rc;
    if (!(s->name = strdup(name)))
        return err_nomem(p->err);
    json_object_foreach((json_t *)value_of(node), key, one)
        if ((rc = read_skill_key(p, key, one, s)) < 0)
            return rc;
    return s->source ? 0 : refuse(p, node, name, "has no source");
}

static int read_skills(const struct parse *p, const json_t *node)
{
    const char *name;
    json_t *one;
    int rc = want(p, node, "skills", "table");
    if (rc < 0)
        return rc;
    if (json_object_size(value_of(node)) > APPLY_SKILLS_MAX)
        return refuse(p, node, "skills", "there are more than 1000");
    p->out->skill = calloc(json_object_size(value_of(node)) + 1, sizeof *p->out->skill);
    if (!p->out->skill)
        return err_nomem(p->err);
    json_object_foreach((json_t *)value_of(node), name, one)
        if ((rc = read_skill(p, name, one, &p->out->skill[p->out->n_skills++])) < 0)
            return rc;
    return 0;
}

/* ---- keys: ID = ["pattern", …] ---- */

static int read_keys(const struct parse *p, const json_t *node)
{
    const char *id;
    json_t *one;
    struct trust_key known;
    int rc = want(p, node, "keys", "table");
    if (rc < 0)
        return rc;
    p->out->has_keys = true;
    p->out->key = calloc(json_object_size(value_of(node)) + 1, sizeof *p->out->key);
    if (!p->out->key)
        return err_nomem(p->err);
    json_object_foreach((json_t *)value_of(node), id, one) {
        struct apply_key *k = &p->out->key[p->out->n_keys++];
        if ((rc = trust_key_parse(id, &known, p->err)) < 0 || (rc = read_list(p, one, id, read_pattern, &k->patterns)) < 0)
            return rc;
        if (!(k->id = strdup(id)))
            return err_nomem(p->err);
    }
    return 0;
}

static int read_all(const struct parse *p, const json_t *root)
{
    const char *key;
    json_t *one;
    int rc = 0;
    json_object_foreach((json_t *)value_of(root), key, one) {
        if (!strcmp(key, "skills"))
            rc = read_skills(p, one);
        else if (!strcmp(key, "keys"))
            rc = read_keys(p, one);
        else
            rc = refuse(p, one, key, "there is no such key; the file has skills and keys");
        if (rc < 0)
            return rc;
    }
    return 0;
}

int apply_file_parse(const char *path, const char *folder, const char *text, size_t len, struct apply_file *ret, cordon_error **err)
{
    struct shim_bytes json = {0}, why = {0};
    struct apply_file f = {0};
    const struct parse p = {.path = path, .folder = folder, .out = &f, .err = err};
    int rc = shim_toml_parse((const uint8_t *)text, len, &json, &why);
    if (rc < 0) {
        err_set(err, CORDON_E_BAD_CONFIG, path, "%s:%s", path, why.data ? (const char *)why.data : " it cannot be read");
        shim_bytes_free(why);
        return -CORDON_E_BAD_CONFIG;
    }
    json_t *root = json_loadb((const char *)json.data, json.len, 0, NULL);
    shim_bytes_free(json);
    rc = root ? read_all(&p, root) : err_nomem(err);
    json_decref(root);
    if (rc < 0)
        apply_file_finish(&f);
    else
        *ret = f;
    return rc;
}

static void skill_finish(struct apply_skill *s)
{
    free(s->name);
    free(s->source);
    free(s->key);
    list_finish(&s->grants);
}

void apply_file_finish(struct apply_file *f)
{
    for (size_t n = 0; n < f->n_skills; n++)
        skill_finish(&f->skill[n]);
    for (size_t n = 0; n < f->n_keys; n++) {
        free(f->key[n].id);
        list_finish(&f->key[n].patterns);
    }
    free(f->skill);
    free(f->key);
    *f = (struct apply_file){0};
}
