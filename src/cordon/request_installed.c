/* SPDX-License-Identifier: Apache-2.0
 * Requests of installed skills: what the registry says, with what the program gave on top, brought up to date before each call. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/installed.h"

#include <string.h>

int request_give(cordon_request *r, struct powers *more, cordon_error **err)
{
    if (!r->own && !(r->own = powers_new()))
        return err_nomem(err);
    int rc = powers_merge(r->own, more, err);
    return rc == 0 ? powers_merge(r->spec->powers, more, err) : rc;
}

/* Services of the host are the skill's, grants the registry's and the program's. */
static int new_powers(const cordon_request *r, const struct in_force *f, struct powers **ret, cordon_error **err)
{
    struct gateway_scope *net;
    struct powers *p = powers_copy(f->said->powers);
    int rc = p ? skill_net(f->skill, &net, err) : err_nomem(err);
    if (rc == 0 && r->own)
        rc = powers_merge(p, r->own, err);
    if (rc < 0) {
        powers_unref(p);
        return rc;
    }
    pool_share_ref(p->io = f->skill->io);
    if ((p->net = net))
        gateway_scope_ref(net);
    *ret = p;
    return 0;
}

/* What the program set stands, if the tier's ceiling still allows it. */
static int new_limits(const cordon_request *r, const struct in_force *f, struct limit_set *ret, cordon_error **err)
{
    *ret = f->said->limits;
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        if (!r->limited[l])
            continue;
        int rc = host_check_limit(f->skill->host, f->said->tier, (enum cordon_limit)l, r->spec->limits.value[l], err);
        if (rc < 0)
            return rc;
        ret->value[l] = r->spec->limits.value[l];
        ret->origin[l] = r->spec->limits.origin[l];
    }
    return 0;
}

/* The same export in other code: arguments are tried against its types anew. */
static int move_to(struct call_spec *s, const cordon_skill *to, cordon_error **err)
{
    const struct component_export *ex;
    int rc = component_find(to->component, s->export->func.name, &ex, err);
    if (rc < 0)
        return rc;
    component_ref(to->component);
    component_unref(s->component);
    s->component = to->component;
    s->export = ex;
    return request_spec_check(s, err);
}

static int bring_up(const cordon_request *r, const struct in_force *f, struct call_spec *s, cordon_error **err)
{
    struct powers *p = NULL;
    char *version = strdup(f->said->version);
    if (!version)
        return err_nomem(err);
    free(s->version);
    s->version = version;
    s->tier = f->said->tier;
    memcpy(s->ceiling, f->skill->host->opts.ceiling[f->said->tier], sizeof s->ceiling);
    int rc = new_limits(r, f, &s->limits, err);
    if (rc < 0 || (rc = new_powers(r, f, &p, err)) < 0)
        return rc;
    powers_unref(s->powers);
    s->powers = p;
    return f->skill != r->skill ? move_to(s, f->skill, err) : 0;
}

/* On a copy, so that a request that cannot be brought up to date stays whole, and is tried again with the next call. */
static int follow(cordon_request *r, const struct in_force *f, cordon_error **err)
{
    struct call_spec *s = request_spec_copy(r->spec);
    int rc = s ? bring_up(r, f, s, err) : err_nomem(err);
    if (rc < 0) {
        call_spec_unref(s);
        return rc;
    }
    call_spec_unref(r->spec);
    r->spec = s;
    skill_ref(f->skill);
    cordon_skill_free(r->skill);
    r->skill = f->skill;
    said_ref(f->said);
    said_unref(r->said);
    r->said = f->said;
    return 0;
}

int request_follow(cordon_request *r, cordon_error **err)
{
    if (!r->front || installed_is_now(r->front, r->gen))
        return 0;
    cleanup(in_force_finish) struct in_force f = {0};
    int rc = installed_now(r->front, &f, err);
    if (rc == 0 && (f.said != r->said || f.skill != r->skill))
        rc = follow(r, &f, err);
    if (rc == 0)
        r->gen = f.gen;
    return rc;
}
