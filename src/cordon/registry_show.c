/* SPDX-License-Identifier: Apache-2.0
 * What is installed, as JSON. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/registry_parts.h"

#include <string.h>

static void cleanup_grants(struct grants **g) { grants_unref(*g); }
static void cleanup_json(json_t **j) { json_decref(*j); }

static json_t *time_json(uint64_t ms)
{
    char text[CLOCK_TEXT];
    clock_write(ms, text);
    return json_string(text);
}

static json_t *text_or_null(const char *text) { return text && *text ? json_string(text) : json_null(); }

static json_t *digest_json(const uint8_t digest[REGISTRY_DIGEST])
{
    char text[REGISTRY_DIGEST_TEXT];
    registry_digest_text(digest, text);
    return json_string(text);
}

static int give(json_t *whole, char **ret, cordon_error **err)
{
    char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    if (!text)
        return err_nomem(err);
    *ret = text;
    return 0;
}

/* ---- rows ---- */

static int versions_json(struct registry *r, const char *name, json_t **ret, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions kept = {0};
    int rc = registry_kept(r, name, &kept, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array();
    for (size_t i = 0; i < kept.n; i++)
        json_array_append_new(list, json_string(kept.item[i].version));
    *ret = list;
    return 0;
}

/* The query of a URL may be a secret; `cordon export` alone writes it. */
static json_t *source_json(const char *source)
{
    return json_stringn(source, strstr(source, "://") ? strcspn(source, "?") : strlen(source));
}

static int row_json(struct registry *r, const struct registry_version *v, json_t **ret, cordon_error **err)
{
    struct registry_worth worth;
    json_t *versions = NULL;
    int rc = registry_weigh(r, v, &worth, err);
    if (rc < 0 || (rc = versions_json(r, v->name, &versions, err)) < 0)
        return rc;
    *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "name", v->name, "version", v->version, "description", v->description, "kind",
                     registry_kind_name(v->kind), "tier", cordon_tier_name(worth.tier), "recorded_tier", cordon_tier_name(v->tier), "source", source_json(v->source), "digest",
                     digest_json(v->bundle), "publisher", text_or_null(v->publisher), "standing", registry_standing_words(worth.standing), "installed_at",
                     time_json(v->installed_at_ms), "updated_at", time_json(v->updated_at_ms), "versions", versions);
    return *ret ? 0 : err_nomem(err);
}

int cordon_registry_list(cordon_registry *reg, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    cleanup(cleanup_json) json_t *whole = json_pack("{s:i, s:[]}", "cordon", 1, "skills");
    int rc = registry_begin(reg, REGISTRY_READ, &r, err);
    if (rc > 0)
        rc = registry_all(r, &all, err);
    for (size_t i = 0; rc >= 0 && i < all.n; i++) {
        json_t *row = NULL;
        rc = row_json(r, &all.item[i], &row, err);
        json_array_append_new(json_object_get(whole, "skills"), row);
    }
    return rc < 0 ? rc : give(whole, ret_json, err);
}

/* ---- one ---- */

static json_t *words_json(const struct grant *g)
{
    struct buf b;
    buf_init(&b, GRANT_TEXT_MAX);
    grant_words(&b, g);
    json_t *j = b.full || !b.data ? json_null() : json_stringn(b.data, b.len);
    buf_finish(&b);
    return j;
}

static json_t *grant_json(const struct grant *g)
{
    struct buf b;
    buf_init(&b, GRANT_TEXT_MAX);
    grant_print(&b, g);
    json_t *j = b.full || !b.data ? json_null() : json_stringn(b.data, b.len);
    buf_finish(&b);
    return j;
}

static json_t *asks_json(const struct grants *asks)
{
    if (!asks)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < asks->n; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:b}", "grant", grant_json(&asks->item[i]), "words", words_json(&asks->item[i]), "needs_scope", (int)asks->item[i].any));
    return list;
}

static json_t *granted_json(const struct registry_grants *has, const struct grants *asks)
{
    json_t *list = json_array();
    for (size_t i = 0; i < has->n; i++) {
        const struct registry_grant *row = &has->item[i];
        cleanup(grant_finish) struct grant g = {0};
        bool reads = grant_parse(row->grant, NULL, &g, NULL) == 0;
        json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:s, s:o, s:b}", "grant", row->grant, "words", reads ? words_json(&g) : json_null(), "by", row->by, "how", row->how,
                                              "at", time_json(row->at_ms), "asked", reads && grants_answers(asks, &g)));
    }
    return list;
}

static json_t *number(uint64_t v) { return v > INT64_MAX ? json_null() : json_integer((json_int_t)v); }

static json_t *limits_json(const cordon_host *h, const struct registry_version *v, enum cordon_tier tier, const struct registry_limits *operators)
{
    struct limit_set set;
    json_t *all = json_object();
    registry_limits_of(h, v, tier, operators, &set);
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        char text[64];
        uint64_t wished = operators->value[l] ? operators->value[l] : v->limit[l];
        cordon_limit_format((enum cordon_limit)l, set.value[l], text, sizeof text);
        json_t *one = json_pack("{s:o, s:s, s:o, s:s}", "value", number(set.value[l]), "origin", set.origin[l], "ceiling", number(h->opts.ceiling[tier][l]), "text", text);
        if (wished > set.value[l])
            json_object_set_new(one, "wished", number(wished));
        json_object_set_new(all, cordon_limit_name((enum cordon_limit)l), one);
    }
    return all;
}

static json_t *signature_json(const struct registry_version *v)
{
    char text[2 * REGISTRY_SIGNATURE + 1];
    for (size_t i = 0; i < REGISTRY_SIGNATURE; i++)
        snprintf(text + 2 * i, 3, "%02x", v->signature[i]);
    return v->publisher[0] ? json_string(text) : json_null();
}

static json_t *parents_json(const struct registry_version *v)
{
    json_t *list = v->parents ? json_loads(v->parents, 0, NULL) : NULL;
    return list ? list : json_array();
}

static int path_json(struct registry *r, const struct registry_version *v, json_t **ret, cordon_error **err)
{
    cleanup_fd int fd = -1;
    cleanup_free char *path = NULL;
    int rc = registry_store_open(r, v->bundle, &fd, &path, err);
    if (rc >= 0)
        *ret = rc ? json_string(path) : json_null();
    return rc < 0 ? rc : 0;
}

static int more_json(const cordon_registry *reg, struct registry *r, const struct registry_version *v, json_t *row, cordon_error **err)
{
    cleanup(cleanup_grants) struct grants *asks = NULL;
    cleanup(registry_grants_finish) struct registry_grants has = {0};
    struct registry_limits operators;
    struct registry_worth worth;
    json_t *path = NULL;
    int rc = registry_asks(v, &asks, err);
    if (rc < 0 || (rc = registry_grants(r, v, &has, err)) < 0 || (rc = registry_limits(r, v->name, &operators, err)) < 0 || (rc = registry_weigh(r, v, &worth, err)) < 0 ||
        (rc = path_json(r, v, &path, err)) < 0)
        return rc;
    cleanup(cleanup_json) json_t *more =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "signed_name", v->signed_name, "author", text_or_null(v->author), "entry", text_or_null(v->entry),
                  "format", text_or_null(v->format), "artifact", v->entry ? digest_json(v->artifact) : json_null(), "signature", signature_json(v), "asks", asks_json(asks),
                  "grants", granted_json(&has, asks), "limits", limits_json(reg->host, v, worth.tier, &operators), "parents", parents_json(v), "path", path);
    return more && json_object_update(row, more) == 0 ? 0 : err_nomem(err);
}

int cordon_registry_show(cordon_registry *reg, const char *name, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    cleanup(cleanup_json) json_t *whole = NULL;
    int rc = registry_begin_of(reg, name, &r, err);
    if (rc < 0 || (rc = registry_need(r, name, &v, err)) < 0 || (rc = row_json(r, &v, &whole, err)) < 0 || (rc = more_json(reg, r, &v, whole, err)) < 0)
        return rc;
    json_object_set_new(whole, "cordon", json_integer(1));
    return give(whole, ret_json, err);
}

int cordon_registry_is_script(cordon_registry *reg, const char *name, bool *ret, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    int rc = registry_begin_of(reg, name, &r, err);
    if (rc == 0 && (rc = registry_need(r, name, &v, err)) == 0)
        *ret = v.kind == REGISTRY_SCRIPT;
    return rc;
}

/* ---- the block of a prompt ---- */

enum { PROMPT_SKILLS = 20, PROMPT_LINE = 300, PROMPT_MAX = 16 << 20 };

static size_t character_len(const char *s)
{
    unsigned char c = (unsigned char)*s;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* What is shown with a backslash by text_escape breaks a line, hides or turns text round. */
static bool is_plain(const char *s, size_t len)
{
    struct buf b;
    buf_init(&b, 64);
    bool plain = text_escape(&b, s, len, false) == 0 && b.len == len && (len > 1 || *s == '\\' || b.data[0] != '\\');
    buf_finish(&b);
    return plain;
}

char *registry_one_line(const char *text, size_t max)
{
    struct buf b;
    size_t n = 0, len;
    bool blank = false;
    buf_init(&b, max * 4 + 8);
    for (const char *s = text; *s && n < max; s += len) {
        len = character_len(s);
        bool gap = *s == ' ' || !is_plain(s, len);
        if (gap) {
            blank = b.len > 0;
            continue;
        }
        if (blank && ++n < max)
            buf_addc(&b, ' ');
        blank = false;
        if (n++ < max)
            buf_add(&b, s, len);
    }
    char *line = b.data ? buf_take(&b, NULL) : strdup("");
    buf_finish(&b);
    return line;
}

static int add_line(struct buf *b, const struct registry_version *v, cordon_error **err)
{
    cleanup_free char *line = registry_one_line(v->description, PROMPT_LINE);
    if (!line)
        return err_nomem(err);
    buf_addf(b, "%s: %s\n", v->name, line);
    return 0;
}

int cordon_registry_prompt(cordon_registry *reg, unsigned max, char **ret_text, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    struct buf b;
    int rc = registry_begin(reg, REGISTRY_READ, &r, err);
    if (rc < 0 || (rc > 0 && (rc = registry_all(r, &all, err)) < 0))
        return rc;
    max = max ? max : PROMPT_SKILLS;
    buf_init(&b, PROMPT_MAX);
    buf_adds(&b, all.n ? "## Available Tools\n" : "");
    rc = 0;
    for (size_t i = 0; rc == 0 && i < all.n && i < max; i++)
        rc = add_line(&b, &all.item[i], err);
    if (all.n > max)
        buf_addf(&b, "... and %zu more tools available\n", all.n - max);
    char *text = rc < 0 ? NULL : b.data ? buf_take(&b, NULL) : strdup("");
    buf_finish(&b);
    if (!text)
        return rc < 0 ? rc : err_nomem(err);
    *ret_text = text;
    return 0;
}

/* ---- keys ---- */

static int trusted_json(struct registry *r, json_t *to, cordon_error **err)
{
    cleanup(registry_keys_finish) struct registry_keys keys = {0};
    int rc = registry_keys(r, &keys, err);
    for (size_t i = 0; rc == 0 && i < keys.n; i++)
        json_array_append_new(to, json_pack("{s:s, s:s, s:s, s:o}", "id", keys.item[i].id, "pattern", keys.item[i].pattern, "by", keys.item[i].by, "at", time_json(keys.item[i].at_ms)));
    return rc;
}

static int seen_json(struct registry *r, json_t *to, cordon_error **err)
{
    cleanup(registry_seen_finish) struct registry_seen seen = {0};
    int rc = registry_seen(r, &seen, err);
    for (size_t i = 0; rc == 0 && i < seen.n; i++) {
        const struct registry_seen_key *k = &seen.item[i];
        json_t *names = json_loads(k->names ? k->names : "[]", 0, NULL);
        json_array_append_new(to, json_pack("{s:s, s:o, s:s, s:s}", "id", k->id, "pinned", names ? names : json_array(), "first_seen", k->first_seen, "last_used", k->last_used));
    }
    return rc;
}

int cordon_registry_keys(cordon_registry *reg, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(cleanup_json) json_t *whole = json_pack("{s:i, s:[], s:[]}", "cordon", 1, "trusted", "seen");
    int rc = registry_begin(reg, REGISTRY_READ, &r, err);
    if (rc > 0 && (rc = trusted_json(r, json_object_get(whole, "trusted"), err)) == 0)
        rc = seen_json(r, json_object_get(whole, "seen"), err);
    return rc < 0 ? rc : give(whole, ret_json, err);
}
