/* SPDX-License-Identifier: Apache-2.0
 * In which order the skills of a file become installed ones: parents and dependencies before what needs them. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/apply.h"

#include <string.h>

enum state { NEW, OPEN, DONE };

struct order {
    struct apply_job *from, *to;
    enum state *state;             /* of each of `from` */
    size_t n, done;
    cordon_error **err;
};

static int visit(struct order *o, size_t at);

static int visit_name(struct order *o, size_t by, const char *name)
{
    for (size_t n = 0; n < o->n; n++) {
        if (strcmp(o->from[n].s->name, name) != 0)
            continue;
        if (o->state[n] == OPEN)
            return err_set(o->err, CORDON_E_BAD_MANIFEST, name, "%s needs %s, which needs %s itself: neither can be installed first", o->from[by].s->name, name, o->from[by].s->name);
        return visit(o, n);
    }
    return 0;
}

static int visit_kin(struct order *o, size_t at)
{
    const cordon_install *i = o->from[at].install;
    int rc = 0;
    for (size_t n = 0; rc == 0 && i && n < i->manifest.parents.n; n++)
        rc = visit_name(o, at, i->manifest.parents.item[n]);
    for (size_t n = 0; rc == 0 && i && n < i->manifest.n_needs; n++)
        rc = visit_name(o, at, i->manifest.needs[n].name);
    return rc;
}

static int visit(struct order *o, size_t at)
{
    if (o->state[at] != NEW)
        return 0;
    o->state[at] = OPEN;
    int rc = visit_kin(o, at);
    o->state[at] = DONE;
    if (rc == 0)
        o->to[o->done++] = o->from[at];
    return rc;
}

int apply_order(struct apply_job *job, size_t n, cordon_error **err)
{
    cleanup_free struct apply_job *to = calloc(n + 1, sizeof *to);
    cleanup_free enum state *state = calloc(n + 1, sizeof *state);
    struct order o = {.from = job, .to = to, .state = state, .n = n, .err = err};
    int rc = to && state ? 0 : err_nomem(err);
    for (size_t at = 0; rc == 0 && at < n; at++)
        rc = visit(&o, at);
    if (rc == 0)
        memcpy(job, to, n * sizeof *job);
    return rc;
}
