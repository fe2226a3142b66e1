/* SPDX-License-Identifier: Apache-2.0
 * The public handle of the registry, and what all of its functions need. */
#include "cordon/registry_parts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "manifest/manifest.h"
#include <string.h>

int cordon_registry_open(cordon_host *h, cordon_registry **ret, cordon_error **err)
{
    err_wanted(err);
    cordon_registry *reg = calloc(1, sizeof *reg);
    if (!reg)
        return err_nomem(err);
    reg->host = h;
    *ret = reg;
    return 0;
}

void cordon_registry_close(cordon_registry *reg) { free(reg); }

int registry_begin(const cordon_registry *reg, enum registry_mode mode, struct registry **ret, cordon_error **err)
{
    int rc = registry_open(reg->host->opts.home, mode, ret, err);
    if (rc > 0)
        registry_set_hook(*ret, reg->hook, reg->hook_data);
    return rc;
}

static int refuse_unknown(const char *name, const char *near, cordon_error **err)
{
    int rc = near ? err_set(err, CORDON_E_NOT_FOUND, name, "no skill named %.128s is installed; did you mean %s?", name, near)
                  : err_set(err, CORDON_E_NOT_FOUND, name, "no skill named %.128s is installed", name);
    err_hint(err, "`cordon list` shows what is installed.");
    return rc;
}

int registry_begin_of(const cordon_registry *reg, const char *name, struct registry **ret, cordon_error **err)
{
    int rc = registry_begin(reg, REGISTRY_READ, ret, err);
    return rc == 0 ? refuse_unknown(name, NULL, err) : rc < 0 ? rc : 0;
}

int registry_split(const char *text, struct registry_named *ret, cordon_error **err)
{
    size_t name = strcspn(text, "@");
    const char *version = text[name] ? text + name + 1 : "";
    if (name > REGISTRY_NAME_MAX || strlen(version) > REGISTRY_VERSION_MAX || (text[name] && !*version))
        return refuse_unknown(text, NULL, err);
    memcpy(ret->name, text, name);
    ret->name[name] = '\0';
    strcpy(ret->version, version);
    return registry_check_name(ret->name, NULL) < 0 ? refuse_unknown(text, NULL, err) : 0;
}

static int refuse_near(struct registry *r, const char *name, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    const char *near = NULL;
    if (registry_all(r, &all, NULL) == 0)
        for (size_t i = 0; i < all.n && !near; i++)
            if (text_is_near(name, all.item[i].name))
                near = all.item[i].name;
    return refuse_unknown(name, near, err);
}

static int refuse_version(struct registry *r, const struct registry_named *n, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions kept = {0};
    cleanup_free char *list = NULL;
    struct buf b;
    int rc = registry_kept(r, n->name, &kept, err);
    if (rc < 0)
        return rc;
    if (!kept.n)
        return refuse_near(r, n->name, err);
    buf_init(&b, 1024);
    for (size_t i = 0; i < kept.n; i++)
        buf_addf(&b, "%s%s", i ? ", " : "", kept.item[i].version);
    list = buf_take(&b, NULL);
    buf_finish(&b);
    return err_set(err, CORDON_E_NOT_FOUND, n->name, "%s has no version %s any more; there are: %s", n->name, n->version, list ? list : "too many to list");
}

int registry_need(struct registry *r, const char *text, struct registry_version *ret, cordon_error **err)
{
    struct registry_named n;
    int rc = registry_split(text, &n, err);
    if (rc < 0 || (rc = registry_get(r, n.name, n.version[0] ? n.version : NULL, ret, err)) < 0)
        return rc;
    if (rc > 0)
        return 0;
    return n.version[0] ? refuse_version(r, &n, err) : refuse_near(r, n.name, err);
}

int registry_weigh(struct registry *r, const struct registry_version *v, struct registry_worth *ret, cordon_error **err)
{
    enum registry_standing s;
    int rc = registry_standing(r, v, &s, err);
    if (rc == 0)
        *ret = (struct registry_worth){s, registry_tier(v, s)};
    return rc;
}

/* ---- what its row says ---- */

static int add_ask(struct grants **to, const char *line, size_t len, cordon_error **err)
{
    const struct grant_source asked = {.asked = true};
    cleanup(grant_finish) struct grant one = {0};
    cleanup_free char *text = strndup(line, len);
    if (!text)
        return err_nomem(err);
    int rc = grant_parse(text, &asked, &one, err);
    return rc < 0 ? rc : grants_add(to, &one, err);
}

static void cleanup_grants(struct grants **g) { grants_unref(*g); }

int registry_asks(const struct registry_version *v, struct grants **ret, cordon_error **err)
{
    *ret = NULL;
    if (!v->asks)
        return 0;
    cleanup(cleanup_grants) struct grants *asks = grants_new();
    int rc = asks ? 0 : err_nomem(err);
    for (const char *at = v->asks; rc == 0 && *at;) {
        size_t len = strcspn(at, "\n");
        if (len)
            rc = add_ask(&asks, at, len, err);
        at += len + (at[len] == '\n');
    }
    if (rc < 0)
        return err_wrap(err, "what %s asks for cannot be read", v->name);
    *ret = take(asks);
    return 0;
}

static bool format_of(const char *name, enum manifest_format *ret)
{
    for (int f = 0; name && f < MANIFEST_FORMAT_COUNT; f++)
        if (!strcmp(manifest_file((enum manifest_format)f), name)) {
            *ret = (enum manifest_format)f;
            return true;
        }
    return false;
}

static void limit_of(const cordon_host *h, const struct manifest *m, enum cordon_tier tier, enum cordon_limit l, uint64_t operators, struct limit_set *ret)
{
    uint64_t ceiling = h->opts.ceiling[tier][l], wish = m ? manifest_limit(m, tier, l, &ret->origin[l]) : 0;
    const char *cut = "the manifest, cut to the ceiling";
    if (operators) {
        wish = operators;
        ret->origin[l] = "cordon limit";
        cut = "cordon limit, cut to the ceiling";
    }
    if (!wish)
        return;
    ret->value[l] = wish > ceiling ? ceiling : wish;
    if (wish > ceiling)
        ret->origin[l] = cut;
}

void registry_limits_of(const cordon_host *h, const struct registry_version *v, enum cordon_tier tier, const struct registry_limits *operators, struct limit_set *ret)
{
    struct manifest m = {0};
    bool has = format_of(v->format, &m.format);
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        m.limit[l] = v->limit[l];
        m.has_limit[l] = v->limit[l] > 0;
        ret->value[l] = h->opts.deflt[tier][l];
        ret->origin[l] = host_default_origin(h, tier, (enum cordon_limit)l);
        limit_of(h, has ? &m : NULL, tier, (enum cordon_limit)l, operators->value[l], ret);
    }
}

void registry_digest_text(const uint8_t digest[REGISTRY_DIGEST], char ret[REGISTRY_DIGEST_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    strcpy(ret, "sha256:");
    for (size_t i = 0; i < REGISTRY_DIGEST; i++) {
        ret[7 + 2 * i] = digits[digest[i] >> 4];
        ret[8 + 2 * i] = digits[digest[i] & 15];
    }
    ret[7 + 2 * REGISTRY_DIGEST] = '\0';
}
