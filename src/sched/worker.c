/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker: takes in what was woken, cancelled or is past its deadline, runs one slice, and sleeps in its loop when there is nothing.
 *
 * No push is missed: a pusher pushes, then reads `asleep`; a worker writes `asleep`, then looks for work.
 */
#include "internal.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>

/* Every 8th slice goes to a low class, the lowest and the middle one in turns: else the middle one would starve between the two. */
enum { LOW_EVERY = 8 };
static const unsigned char orders[][SCHED_CLASSES] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 } };

bool worker_poke(struct worker *w)
{
    if (!atomic_load(&w->asleep) || !atomic_exchange(&w->asleep, false))
        return false;
    uv_async_send(&w->async);
    return true;
}

void worker_post(struct worker *w, struct sched_task *t)
{
    stack_push(&w->inbox, t, &t->next);
    worker_poke(w);
}

bool worker_has_work(struct worker *w, uint64_t now)
{
    return w->runq.len || atomic_load(&w->inbox) || atomic_load(&w->cancelled) || heap_due_ns(&w->deadlines) <= now
        || fresh_has_work(w->sched);
}

/* A QUEUED task of this worker, in no queue: into its run queue, or to its end. */
static void enqueue(struct worker *w, struct sched_task *t)
{
    if (task_stop(t))
        task_end(t);
    else
        runq_add(&w->runq, t);
}

/* A task that is RUNNING or WOKEN, between two slices. */
static void settle(struct worker *w, struct sched_task *t)
{
    if (!task_move(t, TASK_RUNNING, TASK_IDLE) && task_move(t, TASK_WOKEN, TASK_QUEUED))
        enqueue(w, t);
}

static void drain_inbox(struct worker *w)
{
    if (!atomic_load(&w->inbox))
        return;
    struct sched_task *t = atomic_exchange(&w->inbox, NULL), *oldest_first = NULL, *next;
    for (; t; t = next) {
        next = t->next;
        t->next = oldest_first;
        oldest_first = t;
    }
    for (t = oldest_first; t; t = next) {
        next = t->next;
        if ((atomic_load(&t->state) & TASK_STATE) == TASK_QUEUED) {
            enqueue(w, t);
        } else {
            heap_add(&w->deadlines, t);
            settle(w, t);
        }
    }
}

/* Ends a task that has a reason to stop, unless it is in the inbox: the reason is seen there. */
static void stop_now(struct worker *w, struct sched_task *t)
{
    bool ours = t->listed || task_move(t, TASK_IDLE, TASK_RUNNING);
    if (t->listed)
        runq_remove(&w->runq, t);
    if (ours)
        task_end(t);
}

static void reap(struct worker *w, uint64_t now)
{
    struct sched_task *t = atomic_load(&w->cancelled) ? atomic_exchange(&w->cancelled, NULL) : NULL;
    while (t) {
        struct sched_task *next = t->next_cancelled;
        if (t->listed)
            stop_now(w, t);
        sched_unref(t);
        t = next;
    }
    while (heap_due_ns(&w->deadlines) <= now) {
        t = w->deadlines.min;
        heap_remove(&w->deadlines, t);
        task_mark(t, SCHED_STOP_DEADLINE);
        stop_now(w, t);
    }
}

/* The next of a class: tasks of this worker and tasks nobody has started, in turns. */
static struct sched_task *take_class(struct worker *w, unsigned cls)
{
    bool own_first = !w->own_last[cls];
    struct sched_task *t = own_first ? runq_take(&w->runq, cls) : NULL;
    w->own_last[cls] = t;
    if (!t && (t = fresh_take(w->sched, cls))) {
        atomic_store(&t->worker, w);
        heap_add(&w->deadlines, t);
    }
    return t || own_first ? t : runq_take(&w->runq, cls);
}

static struct sched_task *pick(struct worker *w)
{
    unsigned turn = w->turns++;
    const unsigned char *order = orders[turn % LOW_EVERY ? 0 : 1 + turn / LOW_EVERY % 2];
    struct sched_task *t = NULL;
    for (unsigned i = 0; !t && i < SCHED_CLASSES; i++)
        t = take_class(w, order[i]);
    return t;
}

bool worker_turn(struct worker *w)
{
    uint64_t now = clock_now_ns();
    if (now - w->looped_ns >= w->sched->opts.slice_ns) {
        w->looped_ns = now;
        uv_run(&w->loop, UV_RUN_NOWAIT);
    }
    drain_inbox(w);
    reap(w, now);
    fresh_reap(w->sched, now);
    struct sched_task *t = pick(w);
    if (!t)
        return false;
    task_claim(t);
    if (!task_poll(t))
        settle(w, t);
    return true;
}

/* Its loop needs no call-backs: to return from uv_run is all that is asked of it. */
static void on_async(uv_async_t *a)
{
    (void)a;
}

static void on_timer(uv_timer_t *t)
{
    (void)t;
}

static void worker_sleep(struct worker *w)
{
    atomic_store(&w->asleep, true);
    uint64_t now = clock_now_ns(), due = heap_due_ns(&w->deadlines);
    if (!worker_has_work(w, now) && !atomic_load(&w->sched->ending)) {
        uv_timer_stop(&w->timer);
        uv_update_time(&w->loop);
        if (due != UINT64_MAX)
            uv_timer_start(&w->timer, on_timer, (due - now) / 1000000 + 1, 0);
        uv_run(&w->loop, UV_RUN_ONCE);
        w->looped_ns = clock_now_ns();
    }
    atomic_store(&w->asleep, false);
}

static void *worker_main(void *data)
{
    struct worker *w = data;
    struct sched_inside frame;
    sched_enter(&frame, w->sched);
    while (!atomic_load(&w->sched->ending))
        if (!worker_turn(w))
            worker_sleep(w);
    return NULL;
}

int worker_init(struct worker *w, struct sched *s)
{
    *w = (struct worker){ .sched = s, .turns = 1 };
    runq_init(&w->runq);
    int r = uv_loop_init(&w->loop);
    if (r < 0)
        return r;
    r = uv_async_init(&w->loop, &w->async, on_async);
    if (r < 0) {
        uv_loop_close(&w->loop);
        return r;
    }
    uv_timer_init(&w->loop, &w->timer);
    return 0;
}

void worker_finish(struct worker *w)
{
    for (struct sched_task *t = atomic_exchange(&w->cancelled, NULL), *next; t; t = next) {
        next = t->next_cancelled;
        sched_unref(t);
    }
    uv_close((uv_handle_t *)&w->async, NULL);
    uv_close((uv_handle_t *)&w->timer, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_loop_close(&w->loop);
}

bool workers_start(struct sched *s)
{
    if (atomic_load(&s->threads))
        return true;
    pthread_mutex_lock(&s->start_lock);
    unsigned n = atomic_load(&s->threads);
    while (n < s->opts.workers) {
        struct worker *w = &s->workers[n];
        if (worker_init(w, s) < 0)
            break;
        char name[16];
        snprintf(name, sizeof name, "cordon-work-%u", n % 1000);
        if (thread_start(&w->thread, name, worker_main, w)) {
            worker_finish(w);
            break;
        }
        atomic_store(&s->threads, ++n);
    }
    pthread_mutex_unlock(&s->start_lock);
    return n;
}
