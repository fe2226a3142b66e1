/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread that ticks about every ms while tasks run, and parks when none has for a while: a start then finds it awake and pays a load.
 *
 * No start is missed: a starter changes `activity`, then reads `ticker`; the ticker writes PARKED, then reads `activity`.
 */
#include "internal.h"
#include "base/clock.h"
#include "base/error.h"

enum { TICK_NS = 1000000, LINGER_TICKS = 200 };

/* Tasks were submitted when no thread could be started. */
static bool stranded(struct sched *s)
{
    return s->opts.workers && !atomic_load(&s->threads) && atomic_load(&s->fresh.len);
}

static void park(struct sched *s, uint64_t seen)
{
    atomic_store(&s->ticker, TICKER_PARKED);
    if (atomic_load(&s->activity) != seen || stranded(s) || atomic_load(&s->ending)) {
        atomic_store(&s->ticker, TICKER_AWAKE);
        return;
    }
    while (atomic_load(&s->ticker) == TICKER_PARKED)
        futex_wait(&s->ticker, TICKER_PARKED, UINT64_MAX);
}

/* Tries once more to start one, then stops them rather than let them hang. */
static void rescue(struct sched *s)
{
    if (workers_start(s))
        return;
    struct sched_inside frame;
    sched_enter(&frame, s);
    fresh_reap(s, clock_now_ns());
    struct sched_task *t;
    for (unsigned cls = 0; cls < SCHED_CLASSES; cls++) {
        while ((t = fresh_take(s, cls))) {
            task_mark(t, SCHED_STOP_NO_WORKER);
            task_end(t);
        }
    }
    sched_leave(&frame);
}

static void *ticker_main(void *data)
{
    struct sched *s = data;
    uint64_t seen = 0;
    unsigned idle = LINGER_TICKS;
    while (!atomic_load(&s->ending)) {
        if (idle >= LINGER_TICKS) {
            park(s, seen);
            idle = 0;
        }
        futex_wait(&s->ticker, TICKER_AWAKE, clock_now_ns() + TICK_NS); /* a sleep that ticker_stop can end */
        if (s->opts.tick)
            s->opts.tick(s->opts.data);
        if (stranded(s))
            rescue(s);
        uint64_t activity = atomic_load(&s->activity);
        idle = activity != seen || activity % ACTIVITY_SLICE ? 0 : idle + 1;
        seen = activity;
    }
    return NULL;
}

void ticker_unpark(struct sched *s)
{
    if (atomic_load(&s->ticker) != TICKER_PARKED)
        return;
    atomic_store(&s->ticker, TICKER_AWAKE);
    futex_wake(&s->ticker);
}

int ticker_start(struct sched *s, cordon_error **err)
{
    int r = thread_start(&s->ticker_thread, "cordon-tick", ticker_main, s);
    return r ? err_errno(err, r, "start", "the ticker thread") : 0;
}

void ticker_stop(struct sched *s)
{
    atomic_store(&s->ending, true);
    atomic_store(&s->ticker, TICKER_ENDING);
    futex_wake(&s->ticker);
    pthread_join(s->ticker_thread, NULL);
}

int sched_renew_ticker(struct sched *s, cordon_error **err)
{
    ticker_stop(s);
    atomic_store(&s->ending, false);
    atomic_store(&s->ticker, TICKER_PARKED);
    return ticker_start(s, err);
}
