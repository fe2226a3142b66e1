/* SPDX-License-Identifier: Apache-2.0
 *
 * Fake tasks for the scheduler's tests: each knows what its next poll does, and counts what is done to it. Whatever must never happen (two polls
 * at once, a poll after the end, a second end) is counted as `wrong`, on whichever thread it is seen.
 */
#pragma once
#include "base/clock.h"
#include "sched/sched.h"
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

struct fake {
    struct sched_task task;
    bool (*body)(struct fake *);
    void (*on_done)(struct fake *);
    struct sched *sched;
    struct fake *other;
    void *data;
    int left;                         /* what the body counts down */
    bool unref_in_done;
    _Atomic bool ready;               /* what a waiting body waits for */
    _Atomic int polls, stops, dones, releases, polling, wrong, why;
    pthread_t poller, ender;
    bool moved;                       /* polled by more than one thread */
};

static inline struct fake *fake_of(struct sched_task *t)
{
    return (struct fake *)((char *)t - offsetof(struct fake, task));
}

static bool fake_poll(struct sched_task *t)
{
    struct fake *f = fake_of(t);
    if (atomic_exchange(&f->polling, 1) || f->dones || f->stops || f->releases)
        f->wrong++;
    if (f->polls++ && !pthread_equal(f->poller, pthread_self()))
        f->moved = true;
    f->poller = pthread_self();
    bool over = f->body(f);
    if (!atomic_exchange(&f->polling, 0))
        f->wrong++;
    return over;
}

static void fake_stop(struct sched_task *t, enum sched_stop why)
{
    struct fake *f = fake_of(t);
    if (f->polling || f->dones || f->stops++ || (int)why != t->stop)
        f->wrong++;
    f->why = why;
}

static void fake_done(struct sched_task *t)
{
    struct fake *f = fake_of(t);
    f->ender = pthread_self();
    if (f->on_done)
        f->on_done(f);
    if (f->polling || f->dones || f->releases)
        f->wrong++;
    bool unref = f->unref_in_done;
    f->dones++; /* without a reference of its own: gone */
    if (unref)
        sched_unref(t);
}

static void fake_release(struct sched_task *t)
{
    struct fake *f = fake_of(t);
    if (!f->dones || f->releases++)
        f->wrong++;
}

static const struct sched_task_ops fake_ops = { fake_poll, fake_stop, fake_done, fake_release };

static inline void fake_init(struct fake *f, struct sched *s, bool (*body)(struct fake *), uint64_t deadline_ns)
{
    *f = (struct fake){ .body = body, .sched = s };
    sched_task_init(&f->task, s, &fake_ops, deadline_ns);
}

/* Bodies */

static inline bool finish_at_once(struct fake *f)
{
    (void)f;
    return true;
}

static inline bool wait_until_ready(struct fake *f)
{
    return f->ready;
}

/* Gives its slice back `left` times. */
static inline bool yield_some(struct fake *f)
{
    if (f->left-- <= 0)
        return true;
    sched_wake(&f->task);
    return false;
}

/* A guest that computes until it is told something by the epoch: ends when stopped, yields when asked. */
static inline bool spin(struct fake *f)
{
    for (;;) {
        switch (sched_tick(&f->task)) {
        case SCHED_TICK_STOP:
            return true;
        case SCHED_TICK_YIELD:
            sched_wake(&f->task);
            return false;
        case SCHED_TICK_GO_ON:
            break;
        }
    }
}

static inline bool spin_until_ready(struct fake *f)
{
    while (!f->ready) {
        enum sched_tick tick = sched_tick(&f->task);
        if (tick == SCHED_TICK_STOP)
            return true;
        if (tick == SCHED_TICK_YIELD) {
            sched_wake(&f->task);
            return false;
        }
    }
    return true;
}

/* Blocks its thread, as no guest can: to hold a worker still. */
static inline bool block_until_ready(struct fake *f)
{
    while (!f->ready)
        usleep(100);
    return true;
}

/* The tests' side */

static inline struct sched *make_sched(unsigned workers)
{
    struct sched *s = NULL;
    ck_assert_int_eq(sched_new(&(struct sched_opts){ .workers = workers }, &s, NULL), 0);
    return s;
}

/* One round of what an embedder's loop does. */
static inline void run_once(struct sched *s)
{
    uint64_t ms = sched_dispatch_timeout_ns(s) / 1000000;
    poll(&(struct pollfd){ .fd = sched_fd(s), .events = POLLIN }, 1, ms < 1 ? (int)ms : 1);
    sched_dispatch(s);
}

static inline void wait_count(struct sched *s, _Atomic int *count, int n)
{
    while (*count < n)
        run_once(s);
}

static inline void wait_done(struct fake *f)
{
    wait_count(f->sched, &f->dones, 1);
}

static inline void check_ended(struct fake *f, enum sched_stop why)
{
    wait_done(f);
    ck_assert_int_eq(f->wrong, 0);
    ck_assert_int_eq(f->stops, why != SCHED_STOP_NONE);
    ck_assert_int_eq(f->why, why);
}

/* Gives the last reference back; nothing else may hold one. */
static inline void drop(struct fake *f)
{
    sched_unref(&f->task);
    ck_assert_int_eq(f->releases, 1);
    ck_assert_int_eq(f->wrong, 0);
}

static inline uint64_t in_ms(unsigned ms)
{
    return clock_now_ns() + ms * UINT64_C(1000000);
}
