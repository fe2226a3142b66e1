/* SPDX-License-Identifier: Apache-2.0
 * What a request may touch: the operator's grants, and the values that come with them. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/internal.h"
#include "keep/recall.h"
#include "keep/secrets.h"

#include <string.h>

static void secret_finish(struct secret **s) { secret_unref(*s); }
static void root_finish(struct file_root **r) { file_root_unref(*r); }

/* A grant of a variable gives the value that this process has now; one that is not set is not found by the guest. */
static int take_value(struct powers *p, const struct grant *g, cordon_error **err)
{
    const char *value = getenv(g->name);
    return value ? powers_set_env(p, g->name, value, err) : 0;
}

/* Read here and now, since a process may lock itself in before the call. One that is not kept is not found: the guest is told, or the gateway. */
static int take_secret(const cordon_host *h, struct powers *p, const struct grant *g, cordon_error **err)
{
    cleanup(secret_finish) struct secret *one = NULL;
    const char *name = g->kind == GRANT_SECRET ? g->name : g->secret;
    int rc = secrets_get(h->opts.home, name, &one, err);
    return rc > 0 ? keyring_add(&p->secrets, name, one, err) : rc;
}

static int take_memory(const cordon_host *h, struct powers *p, cordon_error **err)
{
    return p->memory || (p->memory = recall_new(h->opts.home)) ? 0 : err_nomem(err);
}

/* What comes with a grant. */
static int take_with(const cordon_host *h, struct powers *p, const struct grant *g, cordon_error **err)
{
    switch (g->kind) {
    case GRANT_ENV: return take_value(p, g, err);
    case GRANT_SECRET: case GRANT_BEARER: case GRANT_HEADER: return take_secret(h, p, g, err);
    case GRANT_MEMORY: return take_memory(h, p, err);
    default: return 0;
    }
}

/* The folder is opened here and now: what it is from here on is what the operator meant. */
static int give_folder(const cordon_host *h, struct powers *p, struct grant *g, cordon_error **err)
{
    cleanup(places_finish) struct places places = {0};
    cleanup(root_finish) struct file_root *root = NULL;
    int rc = places_find(&h->opts, &places, err);
    if (rc < 0)
        return rc;
    const struct file_guard guard = {.home = secure_getenv("HOME"), .places = places.place, .n = places.n};
    rc = file_root_open(g, &guard, &root, err);
    return rc == 0 ? powers_grant_folder(p, g, root, err) : rc;
}

int grants_give(const cordon_host *h, struct powers *p, struct grant *g, cordon_error **err)
{
    int rc = take_with(h, p, g, err);
    if (rc == 0 && g->kind == GRANT_FILES)
        return give_folder(h, p, g, err);
    return rc == 0 ? powers_grant(p, g, err) : rc;
}

int grants_read(const char *text, struct grant *ret, cordon_error **err)
{
    cleanup_free char *cwd = getcwd(NULL, 0);
    const struct grant_source source = {.cwd = cwd, .home = secure_getenv("HOME")};
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
