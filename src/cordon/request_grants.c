/* SPDX-License-Identifier: Apache-2.0
 * What a request may touch: the operator's grants, and the values that come with them. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/internal.h"

#include <string.h>

static void root_finish(struct file_root **r) { file_root_unref(*r); }

/* A grant of a variable gives the value that this process has now; one that is not set is not found by the guest. */
static int take_value(struct powers *p, const struct grant *g, cordon_error **err)
{
    const char *value = g->kind == GRANT_ENV ? getenv(g->name) : NULL;
    return value ? powers_set_env(p, g->name, value, err) : 0;
}

/* The folder is opened here and now: what it is from here on is what the operator meant. */
static int give_folder(const cordon_host *h, struct powers *p, struct grant *g, cordon_error **err)
{
    cleanup(places_finish) struct places places = {0};
    cleanup(root_finish) struct file_root *root = NULL;
    int rc = places_find(&h->opts, &places, err);
    if (rc < 0)
        return rc;
    const struct file_guard guard = {.home = getenv("HOME"), .places = places.place, .n = places.n};
    rc = file_root_open(g, &guard, &root, err);
    return rc == 0 ? powers_grant_folder(p, g, root, err) : rc;
}

int grants_give(const cordon_host *h, struct powers *p, struct grant *g, cordon_error **err)
{
    int rc = take_value(p, g, err);
    if (rc == 0 && g->kind == GRANT_FILES)
        return give_folder(h, p, g, err);
    return rc == 0 ? powers_grant(p, g, err) : rc;
}

int grants_read(const char *text, struct grant *ret, cordon_error **err)
{
    cleanup_free char *cwd = getcwd(NULL, 0);
    const struct grant_source source = {.cwd = cwd, .home = getenv("HOME")};
    return grant_parse(text, &source, ret, err);
}

int grants_allow(const cordon_host *h, struct powers *p, const char *skill, const char *grant, cordon_error **err)
{
    cleanup(grant_finish) struct grant g = {0};
    int rc = grants_read(grant, &g, err);
    if (rc == 0 && g.kind == GRANT_EXEC)
        return err_set(err, CORDON_E_USAGE, "exec", "exec lets a local script run; %s is WebAssembly and needs no such grant", skill);
    return rc == 0 ? grants_give(h, p, &g, err) : rc;
}

int cordon_request_allow(cordon_request *r, const char *grant, cordon_error **err)
{
    int rc = request_writable(r, err);
    return rc == 0 ? grants_allow(r->skill->host, r->spec->powers, r->spec->skill, grant, err) : rc;
}

int grants_set_env(struct powers *p, const char *name, const char *value, cordon_error **err)
{
    cleanup_free char *text = NULL;
    cleanup(grant_finish) struct grant g = {0};
    if (asprintf(&text, "env=%s", name) < 0) {
        text = NULL;
        return err_nomem(err);
    }
    int rc = grant_parse(text, NULL, &g, err);
    if (rc == 0)
        rc = powers_set_env(p, g.name, value, err);
    return rc == 0 ? powers_grant(p, &g, err) : rc;
}

int cordon_request_set_env(cordon_request *r, const char *name, const char *value, cordon_error **err)
{
    int rc = request_writable(r, err);
    return rc == 0 ? grants_set_env(r->spec->powers, name, value, err) : rc;
}
