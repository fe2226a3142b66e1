/* SPDX-License-Identifier: Apache-2.0
 * What an operator changes in the registry. Each is one transaction. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/key_place.h"
#include "cordon/registry_parts.h"
#include "policy/limit.h"
#include "trust/trust.h"

#include <string.h>

static void cleanup_grants(struct grants **g) { grants_unref(*g); }

/* Opened to be written, with the skill found first: what is not there is not worth a wait. */
static int begin(const cordon_registry *reg, const char *name, struct registry **ret, struct registry_version *v, cordon_error **err)
{
    int rc = registry_begin_of(reg, name, ret, err);
    if (rc == 0)
        rc = registry_need(*ret, name, v, err);
    if (rc < 0)
        return rc;
    registry_close(*ret);
    *ret = NULL;
    registry_version_finish(v);
    if ((rc = registry_begin(reg, REGISTRY_WRITE, ret, err)) < 0)
        return rc;
    return registry_need(*ret, name, v, err);
}

int cordon_registry_remove(cordon_registry *reg, const char *name, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    int rc = begin(reg, name, &r, &v, err);
    if (rc < 0 || (rc = registry_remove(r, v.name, err)) < 0)
        return rc;
    return registry_commit(r, err);
}

/* ---- versions ---- */

static int no_earlier(const struct registry_versions *kept, const char *name, const char *version, cordon_error **err)
{
    if (kept->n < 2)
        return err_set(err, CORDON_E_NOT_FOUND, name, "there is no other version of %s to go back to", name);
    if (version)
        return err_set(err, CORDON_E_NOT_FOUND, name, "%s %s is not kept; `cordon list -j` shows the versions that are", name, version);
    return err_set(err, CORDON_E_NOT_FOUND, name, "%s is at the oldest version that is kept; name one: cordon rollback %s VERSION", name, name);
}

/* The newest of that version that is not in force, or the one before that. */
static const struct registry_version *find_kept(const struct registry_versions *kept, int64_t in_force, const char *version)
{
    for (size_t i = 0; i < kept->n; i++) {
        const struct registry_version *v = &kept->item[i];
        if (version ? v->id != in_force && !strcmp(v->version, version) : v->id < in_force)
            return v;
    }
    return NULL;
}

int cordon_registry_rollback(cordon_registry *reg, const char *name, const char *version, char **ret_version, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    cleanup(registry_versions_finish) struct registry_versions kept = {0};
    int rc = begin(reg, name, &r, &v, err);
    if (rc < 0 || (rc = registry_kept(r, v.name, &kept, err)) < 0)
        return rc;
    const struct registry_version *to = find_kept(&kept, v.id, version);
    if (!to)
        return no_earlier(&kept, v.name, version, err);
    cleanup_free char *copy = strdup(to->version);
    if (!copy)
        return err_nomem(err);
    if ((rc = registry_use(r, v.name, to->id, err)) < 0 || (rc = registry_commit(r, err)) < 0)
        return rc;
    if (ret_version)
        *ret_version = take(copy);
    return 0;
}

/* ---- grants ---- */

/* As the registry keeps it. The folder of a grant has to be there, and one that may be granted. */
static int canonical(const cordon_host *h, const char *text, struct grant *ret, char **ret_text, cordon_error **err)
{
    struct buf b;
    int rc = grants_read(text, ret, err);
    if (rc == 0 && ret->kind == GRANT_FILES)
        rc = grants_check_folder(h, ret, err);
    if (rc < 0)
        return rc;
    buf_init(&b, GRANT_TEXT_MAX);
    grant_print(&b, ret);
    *ret_text = buf_take(&b, NULL);
    buf_finish(&b);
    return *ret_text ? 0 : err_nomem(err);
}

static int grant_one(const cordon_host *h, struct registry *r, const struct registry_version *v, const char *grant, cordon_error **err)
{
    char folder[GRANT_FOLDER_TEXT];
    cleanup(grant_finish) struct grant g = {0};
    cleanup(cleanup_grants) struct grants *asks = NULL;
    cleanup_free char *text = NULL;
    int rc = canonical(h, grant, &g, &text, err);
    if (rc < 0 || (rc = registry_asks(v, &asks, err)) < 0)
        return rc;
    return grants_answers(asks, &g) ? registry_grant(r, v, text, grants_folder_text(&g, folder), "grant", err) : grants_refuse_unasked(v->name, text, err);
}

static int refuse_not_granted(struct registry *r, const struct registry_version *v, const char *text, cordon_error **err)
{
    cleanup(registry_grants_finish) struct registry_grants has = {0};
    cleanup_free char *list = NULL;
    struct buf b;
    int rc = registry_grants(r, v, &has, err);
    if (rc < 0)
        return rc;
    buf_init(&b, 768);
    for (size_t i = 0; i < has.n; i++)
        buf_addf(&b, "%s%s", i ? ", " : "", has.item[i].grant);
    list = buf_take(&b, NULL);
    buf_finish(&b);
    return err_set(err, CORDON_E_NOT_GRANTED, v->name, "%s was not granted %s; %s%s", v->name, text, has.n ? "it has: " : "it has no grant", has.n ? list ? list : "too many to list" : "");
}

/* Of the grant as it is kept; a folder that is not there any more can be taken back all the same. */
static int revoke_one(struct registry *r, const struct registry_version *v, const char *grant, cordon_error **err)
{
    cleanup(grant_finish) struct grant g = {0};
    struct buf b;
    int rc = grants_read(grant, &g, err);
    if (rc < 0)
        return rc;
    buf_init(&b, GRANT_TEXT_MAX);
    grant_print(&b, &g);
    cleanup_free char *text = buf_take(&b, NULL);
    buf_finish(&b);
    if (!text)
        return err_nomem(err);
    rc = registry_revoke(r, v, text, err);
    return rc == 0 ? refuse_not_granted(r, v, text, err) : rc < 0 ? rc : 0;
}

int cordon_registry_change_grants(cordon_registry *reg, const char *name, const char *const *grant, size_t n_grant, const char *const *revoke, size_t n_revoke,
                                  cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    int rc = begin(reg, name, &r, &v, err);
    for (size_t i = 0; rc == 0 && i < n_revoke; i++)
        rc = revoke_one(r, &v, revoke[i], err);
    for (size_t i = 0; rc == 0 && i < n_grant; i++)
        rc = grant_one(reg->host, r, &v, grant[i], err);
    return rc == 0 ? registry_commit(r, err) : rc;
}

int cordon_registry_grant(cordon_registry *reg, const char *name, const char *grant, cordon_error **err)
{
    err_wanted(err);
    return cordon_registry_change_grants(reg, name, &grant, 1, NULL, 0, err);
}

int cordon_registry_revoke(cordon_registry *reg, const char *name, const char *grant, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    if (grant)
        return cordon_registry_change_grants(reg, name, NULL, 0, &grant, 1, err);
    int rc = begin(reg, name, &r, &v, err);
    if (rc < 0 || (rc = registry_revoke(r, &v, NULL, err)) < 0)
        return rc;
    return registry_commit(r, err);
}

/* ---- limits ---- */

int cordon_registry_set_limit(cordon_registry *reg, const char *name, enum cordon_limit limit, uint64_t value, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    struct registry_worth worth;
    if ((unsigned)limit >= CORDON_LIMIT_COUNT)
        return err_set(err, CORDON_E_USAGE, NULL, "there is no limit %d", (int)limit);
    int rc = begin(reg, name, &r, &v, err);
    if (rc < 0 || (rc = registry_weigh(r, &v, &worth, err)) < 0 || (value && (rc = host_check_limit(reg->host, worth.tier, limit, value, err)) < 0) ||
        (rc = registry_set_limit(r, v.name, limit, value, err)) < 0)
        return rc;
    return registry_commit(r, err);
}

/* ---- keys ---- */

/* An id, or the path of a file. */
enum { KEY_DIGITS = 64 };

/* An id, a file, or a key of this user's own. */
static int read_key(const cordon_registry *reg, const char *text, struct trust_key *ret, cordon_error **err)
{
    if (strchr(text, '/'))
        return trust_key_read(text, ret, err);
    if (strlen(text) == KEY_DIGITS)
        return trust_key_parse(text, ret, err);
    int rc = key_find(reg->host->opts.home, text, ret, NULL, err);
    if (rc < 0)
        err_hint(err, "A key is 64 hex digits, a file with a slash in its path, or the name of a key of your own (`cordon key new`).");
    return rc;
}

int cordon_registry_trust(cordon_registry *reg, const char *key, const char *pattern, char **ret_id, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    struct trust_key k;
    int rc = read_key(reg, key, &k, err);
    if (rc < 0 || (rc = trust_pattern_check(pattern ? pattern : "*", err)) < 0)
        return rc;
    cleanup_free char *copy = strdup(k.id);
    if (!copy)
        return err_nomem(err);
    if ((rc = registry_begin(reg, REGISTRY_WRITE, &r, err)) < 0 || (rc = registry_trust(r, k.id, pattern ? pattern : "*", err)) < 0 || (rc = registry_commit(r, err)) < 0)
        return rc;
    if (ret_id)
        *ret_id = take(copy);
    return 0;
}

int cordon_registry_untrust(cordon_registry *reg, const char *key, const char *pattern, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    struct trust_key k;
    int rc = read_key(reg, key, &k, err);
    if (rc < 0 || (rc = registry_begin(reg, REGISTRY_WRITE, &r, err)) < 0 || (rc = registry_untrust(r, k.id, pattern, err)) < 0)
        return rc;
    if (rc == 0) {
        rc = err_set(err, CORDON_E_NOT_FOUND, k.id, "the key %s is not trusted%s%s", k.id, pattern ? " for " : "", pattern ? pattern : "");
        err_hint(err, "`cordon key list` shows the keys that are.");
        return rc;
    }
    return registry_commit(r, err);
}
