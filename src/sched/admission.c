/* SPDX-License-Identifier: Apache-2.0
 *
 * Admission. The counters are only ever changed by atomic adds: reserve, look, and give back what was too much.
 *
 * No wake is missed: who gives back (a release, or a try that failed) lowers the counters, then reads `waiting`; who waits raises `waiting`,
 * then reads the counters.
 */
#include "admission.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <pthread.h>

TAILQ_HEAD(share_ring, admission_share);

struct admission {
    struct admission_need total;
    _Atomic uint32_t used[ADMIT_KINDS];
    _Atomic int32_t skills;                  /* shares with users; may lag behind by those that come and go just now */
    _Atomic uint32_t waiting;
    pthread_mutex_t lock;                    /* the ring, and every share's waiters */
    struct share_ring ring;
};

enum verdict { FITS, OVER_SHARE, NO_ROOM };
enum { LONE_RESERVE = 8 };

int admission_new(const struct admission_need *total, struct admission **ret, cordon_error **err)
{
    struct admission *a = calloc(1, sizeof *a);
    if (!a)
        return err_nomem(err);
    a->total = *total;
    pthread_mutex_init(&a->lock, NULL);
    TAILQ_INIT(&a->ring);
    *ret = a;
    return 0;
}

void admission_free(struct admission *a)
{
    if (!a)
        return;
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* What one of `skills` skills may hold of a kind. */
static uint32_t share_of(uint32_t total, int32_t skills)
{
    return skills <= 1 ? total - total / LONE_RESERVE : total / (uint32_t)skills;
}

bool admission_possible(const struct admission *a, const struct admission_need *need)
{
    for (int k = 0; k < ADMIT_KINDS; k++)
        if (need->n[k] > share_of(a->total.n[k], 1))
            return false;
    return need->n[ADMIT_CALLS];
}

static void join(struct admission *a, struct admission_share *s)
{
    if (atomic_fetch_add(&s->users, 1) == 0)
        atomic_fetch_add(&a->skills, 1);
}

static void leave(struct admission *a, struct admission_share *s)
{
    if (atomic_fetch_sub(&s->users, 1) == 1)
        atomic_fetch_sub(&a->skills, 1);
}

static void give_back(struct admission *a, struct admission_share *s, const struct admission_need *need)
{
    for (int k = 0; k < ADMIT_KINDS; k++) {
        atomic_fetch_sub(&s->held[k], need->n[k]);
        atomic_fetch_sub(&a->used[k], need->n[k]);
    }
}

/* Takes all of `need`, or nothing. `s` has a user already. Sums in 64 bits: others may have added for a moment what does not fit. */
static enum verdict reserve(struct admission *a, struct admission_share *s, const struct admission_need *need)
{
    enum verdict verdict = FITS;
    bool first = false;
    int32_t skills = atomic_load(&a->skills);
    for (int k = 0; k < ADMIT_KINDS; k++) {
        uint64_t held = atomic_fetch_add(&s->held[k], need->n[k]), used = atomic_fetch_add(&a->used[k], need->n[k]);
        if (k == ADMIT_CALLS)
            first = held == 0;
        if (!first && held + need->n[k] > share_of(a->total.n[k], skills))
            verdict = OVER_SHARE; /* its own doing, room or not: others are not to wait for it */
        else if (used + need->n[k] > a->total.n[k] && verdict == FITS)
            verdict = NO_ROOM;
    }
    if (verdict != FITS)
        give_back(a, s, need);
    return verdict;
}

static void unlink_waiter(struct admission *a, struct admission_waiter *w)
{
    struct admission_share *s = w->share;
    TAILQ_REMOVE(&s->waiters, w, queue);
    w->queued = false;
    if (--s->waiting == 0)
        TAILQ_REMOVE(&a->ring, s, ring);
    atomic_fetch_sub(&a->waiting, 1);
}

/* Moves to `granted` whoever can be served, one of each skill in turn. Under the lock. */
static void serve(struct admission *a, struct admission_waiters *granted)
{
    struct admission_share *s, *first_passed = NULL;
    while ((s = TAILQ_FIRST(&a->ring)) && s != first_passed) {
        struct admission_waiter *w = TAILQ_FIRST(&s->waiters);
        enum verdict verdict = reserve(a, s, &w->need);
        if (verdict == NO_ROOM)
            return;
        if (verdict == FITS) {
            unlink_waiter(a, w);
            TAILQ_INSERT_TAIL(granted, w, queue);
            first_passed = NULL;
        } else if (!first_passed) {
            first_passed = s;
        }
        if (s->waiting) {
            TAILQ_REMOVE(&a->ring, s, ring);
            TAILQ_INSERT_TAIL(&a->ring, s, ring);
        }
    }
}

static void call_granted(struct admission_waiters *granted)
{
    struct admission_waiter *w;
    while ((w = TAILQ_FIRST(granted))) {
        TAILQ_REMOVE(granted, w, queue);
        w->granted(w);
    }
}

static void serve_waiters(struct admission *a)
{
    if (!atomic_load(&a->waiting))
        return;
    struct admission_waiters granted = TAILQ_HEAD_INITIALIZER(granted);
    pthread_mutex_lock(&a->lock);
    serve(a, &granted);
    pthread_mutex_unlock(&a->lock);
    call_granted(&granted);
}

bool admission_try(struct admission *a, struct admission_share *s, const struct admission_need *need)
{
    if (atomic_load(&a->waiting))
        return false;
    join(a, s);
    if (reserve(a, s, need) == FITS)
        return true;
    leave(a, s);
    serve_waiters(a);
    return false;
}

void admission_wait(struct admission *a, struct admission_share *s, struct admission_waiter *w)
{
    w->share = s;
    join(a, s);
    pthread_mutex_lock(&a->lock);
    if (s->waiting++ == 0) {
        TAILQ_INIT(&s->waiters);
        TAILQ_INSERT_TAIL(&a->ring, s, ring);
    }
    TAILQ_INSERT_TAIL(&s->waiters, w, queue);
    w->queued = true;
    atomic_fetch_add(&a->waiting, 1);
    pthread_mutex_unlock(&a->lock);
    serve_waiters(a);
}

bool admission_forget(struct admission *a, struct admission_waiter *w)
{
    pthread_mutex_lock(&a->lock);
    bool queued = w->queued;
    if (queued)
        unlink_waiter(a, w);
    pthread_mutex_unlock(&a->lock);
    if (queued) {
        leave(a, w->share);
        serve_waiters(a);
    }
    return queued;
}

void admission_release(struct admission *a, struct admission_share *s, const struct admission_need *need)
{
    give_back(a, s, need);
    leave(a, s);
    serve_waiters(a);
}

uint32_t admission_in_use(const struct admission *a) { return atomic_load_explicit(&a->used[ADMIT_CALLS], memory_order_relaxed); }
