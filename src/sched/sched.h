/* SPDX-License-Identifier: Apache-2.0
 *
 * The scheduler of calls. It knows no Wasmtime: a task is something that can be polled until it is done, woken from any thread, and
 * stopped. That is what lets ThreadSanitizer test it with fake tasks.
 *
 * Life of a task:
 *     sched_task_init -> sched_run_here and/or sched_submit -> poll, poll, ... -> done (exactly once) -> last unref -> release
 *
 * States (one atomic word): NEW, IDLE (nobody polls; waits for a wake), QUEUED, RUNNING, WOKEN (while running), DONE. A wake only changes
 * that word and, from IDLE, puts the task into its worker's inbox; it takes no lock that the poller holds and may come during the
 * poll (every yield does that).
 *
 * A worker is one thread, one uv loop, three run queues by CPU used (< 1 ms, < 10 ms, more). A task that has started stays with its
 * worker; tasks not yet started wait in one queue that all workers take from. Every 8th slice goes to a low queue.
 *
 * Deadlines: while a task runs, sched_tick() (called from the engine's epoch callback, on the running thread) says when to stop it. While it is
 * suspended, its worker's timer heap does, and calls ops->stop on the worker's thread. A running task is never stopped from outside.
 */
#pragma once
#include <cordon/error.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct sched;
struct sched_task;

/* NO_WORKER: not one thread could be started for it (out of threads or memory); it was never polled. */
enum sched_stop { SCHED_STOP_NONE, SCHED_STOP_DEADLINE, SCHED_STOP_CANCEL, SCHED_STOP_NO_WORKER };
enum sched_tick { SCHED_TICK_GO_ON, SCHED_TICK_YIELD, SCHED_TICK_STOP };

struct sched_task_ops {
    /* Runs until finished (true) or pending (false). One thread at a time; not always the same one (run_here, then a worker). */
    bool (*poll)(struct sched_task *);
    /* Ends a suspended task (drop its future). Never during poll. After it `done` follows as if poll had returned true. */
    void (*stop)(struct sched_task *, enum sched_stop why);
    /* The task is over: deliver, tear down. On the thread that polled or stopped last. The task may be unref'd here. */
    void (*done)(struct sched_task *);
    /* The last reference is gone: give the memory back. Any thread. */
    void (*release)(struct sched_task *);
};

/* Embedded in its owner's object. `ops` and `deadline_ns` are given to sched_task_init; the rest belongs to the scheduler. */
struct sched_task {
    const struct sched_task_ops *ops;
    uint64_t deadline_ns;             /* monotonic; UINT64_MAX for none. Changed only by sched_hold_deadline and sched_resume_deadline. */
    uint64_t held_ns;                 /* what was left of it when it was held; 0: it is not */
    uint64_t cpu_ns;                  /* summed wall time of its slices so far; read it in done or later */
    _Atomic uint32_t refs, state;
    _Atomic int stop;                 /* enum sched_stop; the first reason written wins */
    bool here;                        /* a caller's own thread drives it */
    bool listed;                      /* in a run queue */
    uint64_t slice_start_ns;
    struct sched *sched;
    _Atomic(void *) worker;           /* struct worker *, once started there */
    struct sched_task *next;          /* in an inbox */
    struct sched_task *next_cancelled;
    TAILQ_ENTRY(sched_task) queue;    /* in a run queue */
    struct sched_task *heap_child, *heap_next, *heap_prev;
    bool timed;                       /* in a heap of deadlines */
    _Atomic uint32_t *finished;       /* the word a waiting sched_run_here is parked on */
};

struct sched_opts {
    unsigned workers;                 /* threads; 0: everything runs inside sched_dispatch */
    uint64_t slice_ns;                /* 0: 1 ms */
    /* Called about every ms by the ticker while any task runs: bump the engines' epochs. Any thread. */
    void (*tick)(void *data);
    void *data;
};

int sched_new(const struct sched_opts *opts, struct sched **ret, cordon_error **err);
/* Waits until every task is done (with workers = 0: dispatches until then), then ends the threads. References to tasks may outlive it: to wake,
 * cancel or unref a task that is done touches nothing but the task. NULL is allowed. */
void sched_free(struct sched *s);

/* Refs start at 1. */
void sched_task_init(struct sched_task *t, struct sched *s, const struct sched_task_ops *ops, uint64_t deadline_ns);
/* Queues a task that has not been started. Any thread, also from inside. The task may be over before this returns. */
void sched_submit(struct sched_task *t);
/* Starts the task on the calling thread and polls it once (at most one slice: sched_tick then yields). If that does not finish it, it is moved to
 * a worker, and this waits for done(); with workers = 0, or when no thread can be had, it goes on polling here, parked between wakes.
 * Either way the task is done on return. No lock and no system call if the first poll finishes it. Not from inside (sched_is_inside). */
void sched_run_here(struct sched_task *t);
/* True on a thread that is inside a poll, stop or done of this scheduler, or has entered it (a synchronous call here would deadlock). */
bool sched_is_inside(struct sched *s);
/* For what its owner runs in between and that must not wait for a task either: from enter to leave the thread is inside. Nested like calls; `frame` lives as long. */
struct sched_inside { const struct sched *sched; struct sched_inside *outer; };
void sched_enter(struct sched_inside *frame, const struct sched *s);
void sched_leave(const struct sched_inside *frame);

void sched_ref(struct sched_task *t);
void sched_unref(struct sched_task *t);
/* Any thread, any time while a reference is held, also after the task is done (then nothing happens). */
void sched_wake(struct sched_task *t);
/* Any thread, any number of times, async-signal-safe. The first of several reasons wins; a task that is done is left alone. */
void sched_cancel(struct sched_task *t);
/* From the epoch callback, on the thread that polls `t`: marks the deadline when it has passed. STOP: end it with the reason in t->stop. YIELD: its
 * slice is used and somebody waits (another task in this worker's queues or inbox, or one whose deadline has passed; always inside sched_dispatch and
 * when running on a caller's own thread with workers > 0). */
enum sched_tick sched_tick(struct sched_task *t);

/* From inside poll: from `hold` on no deadline is in force, from `resume` on there is as much time as there was. Each without the other does nothing. */
void sched_hold_deadline(struct sched_task *t);
void sched_resume_deadline(struct sched_task *t);

/* For workers = 0 and for callers with a loop of their own: a descriptor that is readable when there is something to dispatch, and the dispatch itself, which
 * never blocks longer than one slice. One thread at a time; from inside it does nothing. With workers > 0 the descriptor never becomes readable. */
int sched_fd(struct sched *s);
void sched_dispatch(struct sched *s);
/* How long, in ns, sched_dispatch may be left uncalled (its nearest timer); UINT64_MAX for any time, 0 for at once. */
uint64_t sched_dispatch_timeout_ns(struct sched *s);

/* Ends the ticker's thread and starts another from the calling one, whose confinement it then has. Before any task runs and any worker is started. */
int sched_renew_ticker(struct sched *s, cordon_error **err);

/* Blocks on this thread, and so on threads it starts, every signal but those of faults; *ret_before is for pthread_sigmask afterwards. */
void sched_block_signals(sigset_t *ret_before);

struct sched_stats { unsigned threads; uint64_t live_tasks; uint64_t slices; };
void sched_stats(struct sched *s, struct sched_stats *ret);
