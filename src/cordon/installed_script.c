/* SPDX-License-Identifier: Apache-2.0
 * Installed local scripts: loaded with their grants and limits. There is no compiled code that a digest binds, so its files are hashed each time. */
#include "base/cleanup.h"
#include "base/error.h"
#include "bundle/bundle.h"
#include "cordon/registry_parts.h"
#include "cordon/script_parts.h"

#include <string.h>

static void cleanup_script(cordon_script **s) { cordon_script_free(*s); }

static int check_may(const struct registry_version *v, const struct registry_worth *worth, cordon_error **err)
{
    if (v->kind != REGISTRY_SCRIPT)
        return err_set(err, CORDON_E_USAGE, v->name, "%s is no local script", v->name);
    if (worth->standing == REGISTRY_BAD_SIGNATURE)
        return err_set(err, CORDON_E_TRUST_REFUSED, v->name, "the signature of %s does not hold any more", v->name);
    if (worth->tier == CORDON_TIER_LOCAL)
        return 0;
    int rc = err_set(err, CORDON_E_TIER_REFUSED, v->name, "%s is a script, and was not installed as local", v->name);
    err_hint(err, "Scripts run only when they are installed from this machine's files with --tier local.");
    return rc;
}

static int check_files(struct registry *r, const struct registry_version *v, char **ret_folder, cordon_error **err)
{
    cleanup_fd int fd = -1;
    cleanup_free char *path = NULL;
    cleanup(bundle_finish) struct bundle b = BUNDLE_NONE;
    int rc = registry_store_open(r, v->bundle, &fd, &path, err);
    if (rc > 0)
        rc = bundle_read(fd, path, &b, err);
    else if (rc == 0)
        rc = err_set(err, CORDON_E_DAMAGED, v->name, "the files of %s are gone", v->name);
    if (rc < 0)
        return rc;
    if (memcmp(b.digest, v->bundle, sizeof b.digest)) {
        rc = err_set(err, CORDON_E_DAMAGED, v->name, "the files of %s are not those that were installed", v->name);
        err_hint(err, "`cordon verify %s` shows what is wrong; `cordon update %s` installs it again.", v->name, v->name);
        return rc;
    }
    *ret_folder = take(path);
    return 0;
}

/* One that is not asked for any more stays in the registry, and is not given. */
static int give_one(const struct registry_grant *row, cordon_script *s, cordon_error **err)
{
    cleanup(grant_finish) struct grant g = {0};
    int rc = grant_parse(row->grant, NULL, &g, err);
    if (rc < 0 || !grants_answers(s->asks, &g) || (rc = grants_folder_read(row->folder, &g, err)) < 0)
        return rc;
    rc = script_allow(s, row->grant, &g, err);
    if (rc == -CORDON_E_NOT_GRANTED)
        err_hint(err, "If the folder that is there now is meant: cordon grant %s %s. If not, take it back: cordon revoke.", s->name, row->grant);
    return rc;
}

static int give_grants(struct registry *r, const struct registry_version *v, cordon_script *s, cordon_error **err)
{
    cleanup(registry_grants_finish) struct registry_grants has = {0};
    int rc = registry_grants(r, v, &has, err);
    if (rc < 0 || (rc = registry_asks(v, &s->asks, err)) < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < has.n; i++)
        rc = give_one(&has.item[i], s, err);
    return rc;
}

/* Those it has; the clock is the format's own minute unless somebody said otherwise. */
static int set_limits(struct registry *r, const struct registry_version *v, cordon_script *s, cordon_error **err)
{
    struct registry_limits operators;
    struct limit_set set;
    int rc = registry_limits(r, v->name, &operators, err);
    if (rc < 0)
        return rc;
    registry_limits_of(s->host, v, CORDON_TIER_LOCAL, &operators, &set);
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        if (!operators.value[l] && !v->limit[l])
            continue;
        s->limits.value[l] = set.value[l];
        s->limits.origin[l] = set.origin[l];
    }
    return 0;
}

int cordon_script_load_installed(cordon_registry *reg, const char *name, cordon_script **ret, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    cleanup(cleanup_script) cordon_script *s = NULL;
    cleanup_free char *folder = NULL;
    struct registry_worth worth;
    int rc = registry_begin_of(reg, name, &r, err);
    if (rc < 0 || (rc = registry_need(r, name, &v, err)) < 0 || (rc = registry_weigh(r, &v, &worth, err)) < 0 || (rc = check_may(&v, &worth, err)) < 0 ||
        (rc = check_files(r, &v, &folder, err)) < 0 || (rc = cordon_script_load(reg->host, folder, v.name, &s, err)) < 0 || (rc = give_grants(r, &v, s, err)) < 0 ||
        (rc = set_limits(r, &v, s, err)) < 0)
        return rc;
    if (!(s->version = strdup(v.version)))
        return err_nomem(err);
    *ret = take(s);
    return 0;
}
