/* SPDX-License-Identifier: Apache-2.0
 * Writes the file that `cordon apply` reads. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/apply.h"
#include "cordon/registry_parts.h"
#include "policy/limit.h"

#include <string.h>

enum { EXPORT_MAX = 16 << 20 };

/* A basic string of TOML. */
static void add_string(struct buf *b, const char *text)
{
    buf_addc(b, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_addf(b, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            buf_addf(b, "\\u%04x", *c);
        else
            buf_addc(b, (char)*c);
    }
    buf_addc(b, '"');
}

static void add_pair(struct buf *b, const char *key, const char *value)
{
    buf_addf(b, "%s = ", key);
    add_string(b, value);
    buf_addc(b, '\n');
}

static int add_grants(struct buf *b, struct registry *r, const struct registry_version *v, cordon_error **err)
{
    cleanup(registry_grants_finish) struct registry_grants rows = {0};
    int rc = registry_grants(r, v, &rows, err);
    if (rc < 0)
        return rc;
    buf_adds(b, "grants = [");
    for (size_t n = 0; n < rows.n; n++) {
        buf_adds(b, n ? ", " : "");
        add_string(b, rows.item[n].grant);
    }
    buf_adds(b, "]\n");
    return 0;
}

static int add_limits(struct buf *b, struct registry *r, const struct registry_version *v, cordon_error **err)
{
    struct registry_limits rows = {{0}};
    bool any = false;
    int rc = registry_limits(r, v->name, &rows, err);
    for (int l = 0; rc >= 0 && l < CORDON_LIMIT_COUNT; l++) {
        char text[32];
        if (!rows.value[l])
            continue;
        if (!any)
            buf_addf(b, "\n[skills.%s.limits]\n", v->name);
        any = true;
        limit_write((enum cordon_limit)l, rows.value[l], text, sizeof text);
        add_pair(b, cordon_limit_name((enum cordon_limit)l), text);
    }
    return rc < 0 ? rc : 0;
}

/* A name is letters, digits, `-` and `_`: a bare key. */
static int add_skill(struct buf *b, struct registry *r, const struct registry_version *v, cordon_error **err)
{
    char digest[INSTALL_DIGEST_TEXT];
    buf_addf(b, "\n[skills.%s]\n", v->name);
    add_pair(b, "source", v->source);
    install_digest_write(v->bundle, digest);
    add_pair(b, "digest", digest);
    if (*v->publisher)
        add_pair(b, "key", v->publisher);
    if (v->tier != (*v->publisher ? CORDON_TIER_VERIFIED : CORDON_TIER_UNTRUSTED))
        add_pair(b, "tier", cordon_tier_name(v->tier));
    int rc = add_grants(b, r, v, err);
    return rc < 0 ? rc : add_limits(b, r, v, err);
}

static int add_keys(struct buf *b, struct registry *r, cordon_error **err)
{
    cleanup(registry_keys_finish) struct registry_keys keys = {0};
    int rc = registry_keys(r, &keys, err);
    if (rc < 0 || !keys.n)
        return rc < 0 ? rc : 0;
    buf_adds(b, "\n[keys]\n");
    for (size_t n = 0; n < keys.n; n++) {
        bool first = !n || strcmp(keys.item[n].id, keys.item[n - 1].id) != 0, last = n + 1 == keys.n || strcmp(keys.item[n].id, keys.item[n + 1].id) != 0;
        if (first)
            buf_addf(b, "%s = [", keys.item[n].id);
        buf_adds(b, first ? "" : ", ");
        add_string(b, keys.item[n].pattern);
        if (last)
            buf_adds(b, "]\n");
    }
    return 0;
}

static int write_all(struct buf *b, struct registry *r, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    int rc = registry_all(r, &all, err);
    for (size_t n = 0; rc >= 0 && n < all.n; n++)
        rc = add_skill(b, r, &all.item[n], err);
    return rc < 0 ? rc : add_keys(b, r, err);
}

int cordon_export(cordon_registry *registry, char **ret_text, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_drop) struct registry *r = NULL;
    cleanup(buf_finish) struct buf b;
    buf_init(&b, EXPORT_MAX);
    buf_adds(&b, "# What is installed, for `cordon apply FILE`. Secrets are not in it.\n");
    int rc = registry_begin(registry, REGISTRY_READ, &r, err);
    if (rc < 0 || (r && (rc = write_all(&b, r, err)) < 0))
        return rc;
    char *text = buf_take(&b, NULL);
    if (!text)
        return err_nomem(err);
    *ret_text = text;
    return 0;
}
