/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the scheduler. Who may touch a task: whoever moved its state to QUEUED (until it is in a queue), the holder of the queue it is in
 * (a worker's own thread, or fresh.lock), and whoever moved it to RUNNING. Everybody else only changes `state` and `stop`.
 */
#pragma once
#include "sched.h"
#include <pthread.h>
#include <uv.h>

/* The low bits of a task's state. NEW: not started. IDLE: waits for a wake. QUEUED: will be polled. RUNNING: being polled, or on its way from
 * its caller's thread to a worker. WOKEN: as RUNNING, and to be polled again. DONE. */
enum {
    TASK_NEW, TASK_IDLE, TASK_QUEUED, TASK_RUNNING, TASK_WOKEN, TASK_DONE, TASK_STATE = 7,
    /* The rest counts pins. Whoever puts a task somewhere, or wakes a thread for it, holds one for as long as it touches the scheduler:
     * a task is not done while it is pinned, and the scheduler outlives its tasks. */
    TASK_PIN = 8,
};

enum { SCHED_CLASSES = 3, SCHED_WORKERS_MAX = 256 };

TAILQ_HEAD(task_list, sched_task);
/* Tasks that wait for their turn, by CPU used. */
struct runq {
    struct task_list lists[SCHED_CLASSES];
    unsigned len;
};
void runq_init(struct runq *q);
void runq_add(struct runq *q, struct sched_task *t);
void runq_remove(struct runq *q, struct sched_task *t);
/* NULL if that class is empty. */
struct sched_task *runq_take(struct runq *q, unsigned cls);

/* A pairing heap through the tasks themselves: nothing to allocate, so nothing to fail. Tasks without a deadline are left out. */
struct heap { struct sched_task *min; };
void heap_add(struct heap *h, struct sched_task *t);
/* Does nothing if `t` is in no heap. */
void heap_remove(struct heap *h, struct sched_task *t);
static inline uint64_t heap_due_ns(const struct heap *h) { return h->min ? h->min->deadline_ns : UINT64_MAX; }

/* A stack that any thread (and a signal handler) pushes to and one reader empties at once. `link` is the task's own link for this stack. */
typedef _Atomic(struct sched_task *) task_stack;
void stack_push(task_stack *s, struct sched_task *t, struct sched_task **link);

struct worker {
    struct sched *sched;
    task_stack inbox, cancelled;
    _Atomic bool asleep;              /* in its loop, or (workers = 0) outside sched_dispatch: to be poked after a push */
    struct runq runq;                 /* from here on: its own thread only */
    struct heap deadlines;            /* of all its tasks, whatever their state */
    unsigned turns;
    bool own_last[SCHED_CLASSES];     /* the last task of this class came from runq, not from sched.fresh */
    uint64_t looped_ns;               /* when the loop ran last */
    uint64_t dispatch_ns;             /* workers = 0: when this sched_dispatch began */
    uv_loop_t loop;
    uv_async_t async;
    uv_timer_t timer;
    pthread_t thread;
};

struct sched {
    struct sched_opts opts;
    _Atomic uint32_t live;            /* tasks not done; LIVE_CLOSING once sched_free waits for the last */
    _Atomic uint64_t activity;        /* slices begun * ACTIVITY_SLICE + polls under way */
    _Atomic uint32_t ticker;          /* TICKER_*; the futex it parks on */
    _Atomic bool ending;
    pthread_t ticker_thread;
    pthread_mutex_t start_lock;
    _Atomic unsigned threads;         /* workers started, the first of `workers` */
    _Atomic unsigned next_worker;
    int fd;                           /* workers > 0: an eventfd that nobody ever writes to */
    /* Tasks not started by a worker: whoever has time takes one. */
    struct {
        pthread_mutex_t lock;
        struct runq runq;
        struct heap deadlines;
        _Atomic unsigned len;
        task_stack cancelled;
    } fresh;
    struct worker *workers;           /* opts.workers of them; one without a thread if that is 0 */
};
#define LIVE_CLOSING (UINT32_C(1) << 31)
#define ACTIVITY_SLICE (UINT64_C(1) << 16)
enum { TICKER_AWAKE, TICKER_PARKED, TICKER_ENDING };

/* task.c: the states */
/* From state `from` to `to`; false if it is in another. */
bool task_move(struct sched_task *t, uint32_t from, uint32_t to);
/* From any state but DONE to RUNNING, by the one who may poll it. */
void task_claim(struct sched_task *t);
void task_pin(struct sched_task *t);
void task_unpin(struct sched_task *t);
enum sched_stop task_stop(struct sched_task *t);
/* Of a task that is RUNNING: one slice, or its end if there is a reason for it. True: it is over and must not be touched again. */
bool task_poll(struct sched_task *t);
/* Ends a QUEUED or IDLE task that has a reason to stop. */
void task_end(struct sched_task *t);
/* Gives it that reason unless it has one. */
void task_mark(struct sched_task *t, enum sched_stop why);

/* fresh.c: the queue of tasks not yet started */
/* Queues a task in state QUEUED and pokes a sleeping worker. Not touched afterwards: it may be over. */
void fresh_put(struct sched_task *t);
struct sched_task *fresh_take(struct sched *s, unsigned cls);
/* Ends what was cancelled or is past its deadline at `now`. */
void fresh_reap(struct sched *s, uint64_t now);
bool fresh_has_work(struct sched *s);

/* worker.c */
int worker_init(struct worker *w, struct sched *s);
void worker_finish(struct worker *w);
/* Starts the threads if they do not run yet; false if not one could be. */
bool workers_start(struct sched *s);
/* Wakes it if it sleeps. */
bool worker_poke(struct worker *w);
/* Puts a pinned task into its inbox: one that was woken, or one that is RUNNING and handed over. */
void worker_post(struct worker *w, struct sched_task *t);
bool worker_has_work(struct worker *w, uint64_t now);
/* One slice of one task, after all that has come in. False if there was nothing to run. */
bool worker_turn(struct worker *w);

/* ticker.c */
int ticker_start(struct sched *s, cordon_error **err);
void ticker_stop(struct sched *s);
void ticker_unpark(struct sched *s);

/* thread.c */
/* A named thread with all signals blocked but those that a fault raises on the thread itself. 0 or an errno. */
int thread_start(pthread_t *ret, const char *name, void *(*main)(void *), void *arg);
/* Waits while *word == value, at most until `until_ns` (monotonic; UINT64_MAX: no end). May return early. */
void futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t until_ns);
/* Touches nothing at `word`, which may be gone. */
void futex_wake(_Atomic uint32_t *word);
