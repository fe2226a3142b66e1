/* SPDX-License-Identifier: Apache-2.0
 * Scopes take turns, so that one with a thousand requests leaves the others their share. */
#include "internal.h"

bool queue_add(struct gateway_request *r)
{
    struct gateway_scope *s = r->scope;
    if (s->n_waiting == SCOPE_WAITING_MAX)
        return false;
    scope_list(s);
    TAILQ_INSERT_TAIL(&s->waiting, r, of);
    s->n_waiting++;
    atomic_fetch_add(&r->gateway->n_waiting, 1);
    r->state = REQUEST_WAITING;
    return true;
}

void queue_remove(struct gateway_request *r)
{
    struct gateway_scope *s = r->scope;
    if (r->state == REQUEST_WAITING) {
        TAILQ_REMOVE(&s->waiting, r, of);
        s->n_waiting--;
        atomic_fetch_sub(&r->gateway->n_waiting, 1);
    } else if (r->state == REQUEST_RESOLVING || r->state == REQUEST_FETCHING) {
        TAILQ_REMOVE(&s->going, r, of);
        s->n_going--;
        atomic_fetch_sub(&r->gateway->n_going, 1);
    }
}

static struct gateway_scope *next_scope(struct gateway *g)
{
    struct gateway_scope *s;
    TAILQ_FOREACH(s, &g->scopes, of)
        if (s->n_waiting > 0 && s->n_going < g->per_scope)
            return s;
    return NULL;
}

static void let_go(struct gateway *g, struct gateway_scope *s)
{
    struct gateway_request *r = TAILQ_FIRST(&s->waiting);
    queue_remove(r);
    TAILQ_INSERT_TAIL(&s->going, r, of);
    s->n_going++;
    atomic_fetch_add(&g->n_going, 1);
    r->state = REQUEST_RESOLVING;
    TAILQ_REMOVE(&g->scopes, s, of);
    TAILQ_INSERT_TAIL(&g->scopes, s, of);
    request_go(r);
}

void queue_run(struct gateway *g)
{
    struct gateway_scope *s;
    if (g->serving || atomic_load(&g->ending))
        return; /* a request that ended at once, inside the loop below: that goes on */
    g->serving = true;
    while (atomic_load(&g->n_going) < g->total && (s = next_scope(g)))
        let_go(g, s);
    g->serving = false;
}
