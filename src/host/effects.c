/* SPDX-License-Identifier: Apache-2.0 */
#include "host/effects.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum state { NOTHING, ASKED, KNOWN, REFUSED };

struct waiter { struct host_waker waker; struct waiter *next; };

struct effects {
    _Atomic uint32_t refs;
    _Atomic unsigned used;
    _Atomic int state;
    struct effects_keeper keeper;
    pthread_mutex_t lock;
    pthread_cond_t told;
    void *record;               /* from here on: under the lock. Until it is on its way */
    struct waiter *waiters;
    char why[EFFECTS_WHY_MAX];  /* set once, before REFUSED */
};

enum effect effect_of(enum ask_kind kind)
{
    static const enum effect of[] = {
        [ASK_NET] = EFFECT_NET, [ASK_CREDENTIAL] = EFFECT_NET, [ASK_READ] = EFFECT_READ, [ASK_WRITE] = EFFECT_WRITE, [ASK_ENV] = EFFECT_ENV, [ASK_SECRET] = EFFECT_SECRET,
        [ASK_MEMORY] = EFFECT_MEMORY, [ASK_CALL] = EFFECT_CALL, [ASK_EXEC] = EFFECT_EXEC,
    };
    return of[kind];
}

struct effects *effects_new(const struct effects_keeper *k, void *record)
{
    struct effects *e = calloc(1, sizeof *e);
    if (!e) {
        k->drop(record);
        return NULL;
    }
    e->refs = 1;
    e->keeper = *k;
    e->record = record;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->told, NULL);
    return e;
}

void effects_ref(struct effects *e)
{
    if (e)
        atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
}

void effects_unref(struct effects *e)
{
    if (!e || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (e->record)
        e->keeper.drop(e->record);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->told);
    free(e);
}

static enum effects_step step_of(int state) { return state == KNOWN ? EFFECTS_GO : state == REFUSED ? EFFECTS_REFUSED : EFFECTS_PENDING; }

enum effects_step effects_step(struct effects *e) { return e ? step_of(atomic_load(&e->state)) : EFFECTS_GO; }

/* The record, if it is this caller who sends it. Under the lock. */
static void *take_record(struct effects *e)
{
    void *record = e->record;
    e->record = NULL;
    if (record) {
        atomic_store(&e->state, ASKED);
        effects_ref(e); /* the keeper's */
    }
    return record;
}

static void send(struct effects *e, void *record)
{
    if (record)
        e->keeper.write(e->keeper.audit, record, e);
}

static enum effects_step begin(struct effects *e, const struct host_waker *w)
{
    struct waiter *mine = malloc(sizeof *mine);
    if (!mine)
        return EFFECTS_REFUSED;
    *mine = (struct waiter){.waker = *w};
    pthread_mutex_lock(&e->lock);
    enum effects_step step = effects_step(e);
    void *record = step == EFFECTS_PENDING ? take_record(e) : NULL;
    if (step == EFFECTS_PENDING) {
        mine->next = e->waiters;
        e->waiters = mine;
    }
    pthread_mutex_unlock(&e->lock);
    if (step != EFFECTS_PENDING)
        free(mine);
    send(e, record);
    return step;
}

enum effects_step effects_begin(struct effects *e, enum effect kind, const struct host_waker *w)
{
    enum effects_step step = effects_step(e);
    if (e)
        effects_note(e, kind);
    return step == EFFECTS_PENDING ? begin(e, w) : step;
}

bool effects_wait(struct effects *e)
{
    if (effects_step(e) != EFFECTS_PENDING)
        return effects_step(e) == EFFECTS_GO;
    pthread_mutex_lock(&e->lock);
    void *record = effects_step(e) == EFFECTS_PENDING ? take_record(e) : NULL;
    pthread_mutex_unlock(&e->lock);
    send(e, record);
    pthread_mutex_lock(&e->lock);
    while (effects_step(e) == EFFECTS_PENDING)
        pthread_cond_wait(&e->told, &e->lock);
    pthread_mutex_unlock(&e->lock);
    return effects_step(e) == EFFECTS_GO;
}

void effects_note(struct effects *e, enum effect kind)
{
    if (e)
        atomic_fetch_or(&e->used, (unsigned)kind);
}

unsigned effects_used(const struct effects *e) { return e ? atomic_load(&e->used) : 0; }

const char *effects_why(const struct effects *e) { return e && *e->why ? e->why : "out of memory"; }

void effects_told(struct effects *e, const char *why)
{
    pthread_mutex_lock(&e->lock);
    if (why)
        snprintf(e->why, sizeof e->why, "%s", why);
    atomic_store(&e->state, why ? REFUSED : KNOWN);
    struct waiter *all = e->waiters;
    e->waiters = NULL;
    pthread_cond_broadcast(&e->told);
    pthread_mutex_unlock(&e->lock);
    for (struct waiter *next; all; all = next) {
        next = all->next;
        all->waker.wake(all->waker.data);
        all->waker.drop(all->waker.data);
        free(all);
    }
    effects_unref(e);
}
