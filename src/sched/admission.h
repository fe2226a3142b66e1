/* SPDX-License-Identifier: Apache-2.0
 *
 * Admission to one engine's pool. What a call needs is reserved before it starts, so that the pool never runs out inside a guest. Fair between
 * skills: whoever waits is served round robin by skill, and one skill never holds more than its share: the whole pool less an eighth
 * while it is alone, the pool divided by the skills that hold or wait otherwise. A skill that holds no call may hold one, however small its
 * share: so nobody starves. While the skill whose turn it is lacks room in the pool, nobody else is served: so a large need is not passed for ever.
 *
 * The fast path is lock-free: a few atomic adds, tried only while nobody waits. It may fail when it meets another that is just failing.
 */
#pragma once
#include <cordon/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum admission_kind { ADMIT_CALLS, ADMIT_MEMORIES, ADMIT_TABLES, ADMIT_KINDS };
struct admission_need { uint32_t n[ADMIT_KINDS]; };

struct admission;
TAILQ_HEAD(admission_waiters, admission_waiter);
/* One per skill; zeroed by its owner, which outlives every reservation made through it. */
struct admission_share {
    _Atomic uint32_t held[ADMIT_KINDS];
    _Atomic uint32_t users;                  /* reservations held, waited for or tried at the moment; above 0 it counts as a skill */
    struct admission_waiters waiters;        /* first come, first served within a skill; valid while `waiting` is above 0 */
    uint32_t waiting;
    TAILQ_ENTRY(admission_share) ring;       /* the skills that wait, in the order they are served */
};
struct admission_waiter {
    struct admission_need need;
    struct admission_share *share;
    bool queued;
    TAILQ_ENTRY(admission_waiter) queue;
    /* The need is reserved. Called without locks held, on the thread that released (or that made room by giving up its own wait); it only
     * enqueues. The waiter may be gone when it returns. */
    void (*granted)(struct admission_waiter *);
};

int admission_new(const struct admission_need *total, struct admission **ret, cordon_error **err);
void admission_free(struct admission *a);
/* False if nobody can ever hold `need` (no call at all, more than the pool, or than a lone skill's share). Only what is possible may be tried
 * or waited for. */
bool admission_possible(const struct admission *a, const struct admission_need *need);
/* Reserves at once or not at all. */
bool admission_try(struct admission *a, struct admission_share *s, const struct admission_need *need);
/* Queues; w->granted is called once, perhaps before this returns. */
void admission_wait(struct admission *a, struct admission_share *s, struct admission_waiter *w);
/* Stops waiting; others may be granted their needs by it. True: it was still queued, granted will not be called. False: it has been or is being granted. */
bool admission_forget(struct admission *a, struct admission_waiter *w);
void admission_release(struct admission *a, struct admission_share *s, const struct admission_need *need);
/* Calls that hold a place now. */
uint32_t admission_in_use(const struct admission *a);
