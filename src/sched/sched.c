/* SPDX-License-Identifier: Apache-2.0
 * The scheduler's own life, and the ways into it: submit, run here, dispatch. */
#include "internal.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

enum { SLICE_NS = 1000000, FREE_POLL_MS = 10 };

/* What sched_dispatch runs on, or the descriptor that stands in for it. */
static int open_fd(struct sched *s, cordon_error **err)
{
    if (s->opts.workers) {
        s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return s->fd < 0 ? err_errno(err, errno, "create", "an eventfd") : 0;
    }
    struct worker *w = &s->workers[0];
    int r = worker_init(w, s);
    if (r < 0)
        return err_errno(err, -r, "create", "an event loop");
    s->fd = uv_backend_fd(&w->loop);
    uv_run(&w->loop, UV_RUN_NOWAIT); /* libuv adds a handle to its descriptor only when it runs */
    atomic_store(&w->asleep, true);
    return 0;
}

static void close_fd(struct sched *s)
{
    if (s->opts.workers)
        close(s->fd);
    else
        worker_finish(&s->workers[0]);
}

int sched_new(const struct sched_opts *opts, struct sched **ret, cordon_error **err)
{
    if (opts->workers > SCHED_WORKERS_MAX)
        return err_set(err, CORDON_E_USAGE, NULL, "%u workers are more than %d", opts->workers, SCHED_WORKERS_MAX);
    cleanup_free struct sched *s = calloc(1, sizeof *s);
    cleanup_free struct worker *workers = calloc(opts->workers ? opts->workers : 1, sizeof *workers);
    if (!s || !workers)
        return err_nomem(err);
    s->opts = *opts;
    s->workers = workers;
    if (!s->opts.slice_ns)
        s->opts.slice_ns = SLICE_NS;
    atomic_init(&s->ticker, TICKER_PARKED);
    pthread_mutex_init(&s->start_lock, NULL);
    pthread_mutex_init(&s->fresh.lock, NULL);
    runq_init(&s->fresh.runq);
    int r = open_fd(s, err);
    if (r < 0)
        return r;
    r = ticker_start(s, err);
    if (r < 0) {
        close_fd(s);
        return r;
    }
    (void)take(workers);
    *ret = take(s);
    return 0;
}

static void wait_for_tasks(struct sched *s)
{
    uint32_t live = atomic_fetch_or(&s->live, LIVE_CLOSING) | LIVE_CLOSING;
    for (; live != LIVE_CLOSING; live = atomic_load(&s->live)) {
        if (s->opts.workers) {
            futex_wait(&s->live, live, UINT64_MAX);
            continue;
        }
        uint64_t ms = sched_dispatch_timeout_ns(s) / 1000000;
        poll(&(struct pollfd){ .fd = s->fd, .events = POLLIN }, 1, ms < FREE_POLL_MS ? (int)ms : FREE_POLL_MS);
        sched_dispatch(s);
    }
}

void sched_free(struct sched *s)
{
    if (!s)
        return;
    wait_for_tasks(s);
    ticker_stop(s);
    for (unsigned i = 0; i < atomic_load(&s->threads); i++) {
        uv_async_send(&s->workers[i].async);
        pthread_join(s->workers[i].thread, NULL);
        worker_finish(&s->workers[i]);
    }
    fresh_reap(s, 0);
    close_fd(s);
    pthread_mutex_destroy(&s->fresh.lock);
    pthread_mutex_destroy(&s->start_lock);
    free(s->workers);
    free(s);
}

void sched_submit(struct sched_task *t)
{
    struct sched *s = t->sched;
    if (s->opts.workers && !workers_start(s))
        ticker_unpark(s);
    atomic_fetch_add(&s->live, 1);
    task_move(t, TASK_NEW, TASK_QUEUED);
    fresh_put(t);
}

/* From its caller's thread to a worker: queued for all of them if it is to be polled again, else to one, where it waits. */
static void hand_over(struct sched_task *t, _Atomic uint32_t *finished)
{
    struct sched *s = t->sched;
    struct worker *w = &s->workers[atomic_fetch_add(&s->next_worker, 1) % atomic_load(&s->threads)];
    t->finished = finished;
    t->here = false;
    if (task_move(t, TASK_WOKEN, TASK_QUEUED)) {
        fresh_put(t);
        return;
    }
    task_pin(t);
    atomic_store(&t->worker, w);
    worker_post(w, t);
    task_unpin(t);
}

/* Polls it on this thread until it is over, parked on its state between wakes. */
static void drive_here(struct sched_task *t)
{
    do {
        if (task_move(t, TASK_RUNNING, TASK_IDLE)) {
            uint32_t s;
            while (((s = atomic_load(&t->state)) & TASK_STATE) == TASK_IDLE && clock_now_ns() < t->deadline_ns)
                futex_wait(&t->state, s, t->deadline_ns);
        }
        task_claim(t);
    } while (!task_poll(t));
}

void sched_run_here(struct sched_task *t)
{
    struct sched *s = t->sched;
    struct sched_inside frame;
    sched_enter(&frame, s);
    t->here = true;
    atomic_fetch_add(&s->live, 1);
    task_move(t, TASK_NEW, TASK_RUNNING);
    if (!task_poll(t)) {
        if (s->opts.workers && workers_start(s)) {
            _Atomic uint32_t finished = 0;
            hand_over(t, &finished);
            while (!atomic_load(&finished))
                futex_wait(&finished, 0, UINT64_MAX);
        } else {
            drive_here(t);
        }
    }
    sched_leave(&frame);
}

int sched_fd(struct sched *s)
{
    return s->fd;
}

void sched_dispatch(struct sched *s)
{
    if (s->opts.workers || sched_is_inside(s))
        return;
    struct worker *w = &s->workers[0];
    struct sched_inside frame;
    sched_enter(&frame, s);
    atomic_store(&w->asleep, false);
    w->dispatch_ns = clock_now_ns();
    w->looped_ns = 0;
    while (worker_turn(w) && clock_now_ns() - w->dispatch_ns < s->opts.slice_ns)
        ;
    atomic_store(&w->asleep, true);
    if (worker_has_work(w, clock_now_ns()))
        worker_poke(w);
    sched_leave(&frame);
}

uint64_t sched_dispatch_timeout_ns(struct sched *s)
{
    struct worker *w = &s->workers[0];
    if (s->opts.workers)
        return UINT64_MAX;
    uint64_t now = clock_now_ns(), due = heap_due_ns(&w->deadlines);
    return worker_has_work(w, now) ? 0 : due == UINT64_MAX ? UINT64_MAX : due - now;
}

void sched_stats(struct sched *s, struct sched_stats *ret)
{
    ret->threads = atomic_load(&s->threads) + 1;
    ret->live_tasks = atomic_load(&s->live) & ~LIVE_CLOSING;
    ret->slices = atomic_load(&s->activity) / ACTIVITY_SLICE;
}
