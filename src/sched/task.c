/* SPDX-License-Identifier: Apache-2.0
 *
 * The states of a task. Every look at a state by somebody who brings news (a wake, a cancel) is a read-modify-write, also when it changes
 * nothing, so that the poll that follows sees what was written before.
 */
#include "internal.h"
#include "base/clock.h"
#include <sched.h>

void sched_task_init(struct sched_task *t, struct sched *s, const struct sched_task_ops *ops, uint64_t deadline_ns)
{
    *t = (struct sched_task){ .ops = ops, .deadline_ns = deadline_ns, .sched = s };
    atomic_init(&t->refs, 1);
    atomic_init(&t->state, TASK_NEW);
}

void sched_ref(struct sched_task *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
}

void sched_unref(struct sched_task *t)
{
    if (atomic_fetch_sub(&t->refs, 1) == 1)
        t->ops->release(t);
}

bool task_move(struct sched_task *t, uint32_t from, uint32_t to)
{
    uint32_t s = atomic_load(&t->state);
    while ((s & TASK_STATE) == from)
        if (atomic_compare_exchange_weak(&t->state, &s, (s & ~(uint32_t)TASK_STATE) | to))
            return true;
    return false;
}

void task_claim(struct sched_task *t)
{
    uint32_t s = atomic_load(&t->state);
    while (!atomic_compare_exchange_weak(&t->state, &s, (s & ~(uint32_t)TASK_STATE) | TASK_RUNNING))
        ;
}

void task_pin(struct sched_task *t)
{
    atomic_fetch_add(&t->state, TASK_PIN);
}

void task_unpin(struct sched_task *t)
{
    atomic_fetch_sub(&t->state, TASK_PIN);
}

enum sched_stop task_stop(struct sched_task *t)
{
    return (enum sched_stop)atomic_load(&t->stop);
}

void task_mark(struct sched_task *t, enum sched_stop why)
{
    int none = SCHED_STOP_NONE;
    atomic_compare_exchange_strong(&t->stop, &none, why);
}

/* What a wake does to the state, which it returns as it was. From IDLE the task is then QUEUED and pinned, and to be delivered; a task that was
 * QUEUED already is pinned if `pin` says so. */
static uint32_t wake(struct sched_task *t, uint32_t pin)
{
    uint32_t s = atomic_load(&t->state);
    for (;;) {
        uint32_t was = s & TASK_STATE, to = s;
        if (was == TASK_DONE)
            return was;
        if (was == TASK_IDLE)
            to = s - TASK_IDLE + TASK_QUEUED + TASK_PIN;
        else if (was == TASK_RUNNING)
            to = s - TASK_RUNNING + TASK_WOKEN;
        else if (was == TASK_QUEUED)
            to = s + pin;
        if (atomic_compare_exchange_weak(&t->state, &s, to))
            return was;
    }
}

/* Brings a task that has just been woken to whoever polls it. */
static void deliver(struct sched_task *t)
{
    if (t->here)
        futex_wake(&t->state);
    else
        worker_post(atomic_load(&t->worker), t);
    task_unpin(t);
}

void sched_wake(struct sched_task *t)
{
    if (wake(t, 0) == TASK_IDLE)
        deliver(t);
}

/* A cancelled task in a run queue would be found out when its turn comes. This has it found at once. Its worker is awake: it has work. */
static void announce(struct sched_task *t)
{
    struct worker *w = atomic_load(&t->worker);
    if (!t->here) {
        sched_ref(t);
        stack_push(w ? &w->cancelled : &t->sched->fresh.cancelled, t, &t->next_cancelled);
    }
    task_unpin(t);
}

void sched_cancel(struct sched_task *t)
{
    int none = SCHED_STOP_NONE;
    if ((atomic_load(&t->state) & TASK_STATE) == TASK_DONE || !atomic_compare_exchange_strong(&t->stop, &none, SCHED_STOP_CANCEL))
        return;
    uint32_t was = wake(t, TASK_PIN);
    if (was == TASK_IDLE)
        deliver(t);
    else if (was == TASK_QUEUED)
        announce(t);
}

/* To DONE, once nobody pins it. Pins are held for a few instructions and a write to an eventfd. */
static void retire(struct sched_task *t)
{
    uint32_t s = atomic_load(&t->state);
    for (;;) {
        if (s >= TASK_PIN) {
            sched_yield();
            s = atomic_load(&t->state);
        } else if (atomic_compare_exchange_weak(&t->state, &s, TASK_DONE)) {
            return;
        }
    }
}

/* The end of a RUNNING task. The scheduler may be gone when this returns, unless the caller is one of its threads. */
static void finish(struct sched_task *t, enum sched_stop why)
{
    struct sched *s = t->sched;
    struct worker *w = atomic_load(&t->worker);
    if (why)
        t->ops->stop(t, why);
    if (w)
        heap_remove(&w->deadlines, t);
    retire(t);
    _Atomic uint32_t *finished = t->finished;
    t->ops->done(t);
    if (finished) {
        atomic_store(finished, 1);
        futex_wake(finished);
    }
    if (atomic_fetch_sub(&s->live, 1) == (LIVE_CLOSING | 1))
        futex_wake(&s->live);
}

void task_end(struct sched_task *t)
{
    task_claim(t);
    finish(t, task_stop(t));
}

bool task_poll(struct sched_task *t)
{
    struct sched *s = t->sched;
    struct worker *w = atomic_load(&t->worker);
    uint64_t start = clock_now_ns();
    if (start >= t->deadline_ns)
        task_mark(t, SCHED_STOP_DEADLINE);
    enum sched_stop why = task_stop(t);
    if (!why) {
        t->slice_start_ns = w && !s->opts.workers ? w->dispatch_ns : start;
        atomic_fetch_add(&s->activity, ACTIVITY_SLICE + 1);
        ticker_unpark(s);
        bool over = t->ops->poll(t);
        atomic_fetch_sub(&s->activity, 1);
        t->cpu_ns += clock_now_ns() - start;
        why = over ? SCHED_STOP_NONE : task_stop(t);
        if (!over && !why)
            return false;
    }
    finish(t, why);
    return true;
}

enum sched_tick sched_tick(struct sched_task *t)
{
    struct sched *s = t->sched;
    struct worker *w = atomic_load(&t->worker);
    uint64_t now = clock_now_ns();
    if (now >= t->deadline_ns)
        task_mark(t, SCHED_STOP_DEADLINE);
    if (task_stop(t))
        return SCHED_TICK_STOP;
    if (now - t->slice_start_ns < s->opts.slice_ns)
        return SCHED_TICK_GO_ON;
    if (!w)
        return s->opts.workers ? SCHED_TICK_YIELD : SCHED_TICK_GO_ON;
    return !s->opts.workers || worker_has_work(w, now) ? SCHED_TICK_YIELD : SCHED_TICK_GO_ON;
}

void sched_hold_deadline(struct sched_task *t)
{
    struct worker *w = atomic_load(&t->worker);
    uint64_t now = clock_now_ns();
    if (t->deadline_ns == UINT64_MAX)
        return;
    if (w)
        heap_remove(&w->deadlines, t);
    t->held_ns = t->deadline_ns > now ? t->deadline_ns - now : 1;
    t->deadline_ns = UINT64_MAX;
}

void sched_resume_deadline(struct sched_task *t)
{
    struct worker *w = atomic_load(&t->worker);
    if (!t->held_ns)
        return;
    t->deadline_ns = clock_now_ns() + t->held_ns;
    t->held_ns = 0;
    if (w)
        heap_add(&w->deadlines, t);
}
