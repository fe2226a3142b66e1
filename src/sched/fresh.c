/* SPDX-License-Identifier: Apache-2.0
 * Tasks that no worker has started: one queue for all workers, the only lock between them. */
#include "internal.h"

static void take_out(struct sched *s, struct sched_task *t)
{
    runq_remove(&s->fresh.runq, t);
    heap_remove(&s->fresh.deadlines, t);
    atomic_store(&s->fresh.len, s->fresh.runq.len);
}

/* One worker is enough: it takes the task, or is busy with others and another was poked for this one. */
static void poke_one(struct sched *s)
{
    unsigned n = s->opts.workers ? atomic_load(&s->threads) : 1;
    for (unsigned i = 0; i < n; i++)
        if (worker_poke(&s->workers[i]))
            return;
}

void fresh_put(struct sched_task *t)
{
    struct sched *s = t->sched;
    task_pin(t);
    pthread_mutex_lock(&s->fresh.lock);
    runq_add(&s->fresh.runq, t);
    heap_add(&s->fresh.deadlines, t);
    atomic_store(&s->fresh.len, s->fresh.runq.len);
    pthread_mutex_unlock(&s->fresh.lock);
    poke_one(s);
    task_unpin(t);
}

struct sched_task *fresh_take(struct sched *s, unsigned cls)
{
    if (!atomic_load(&s->fresh.len))
        return NULL;
    pthread_mutex_lock(&s->fresh.lock);
    struct sched_task *t = TAILQ_FIRST(&s->fresh.runq.lists[cls]);
    if (t)
        take_out(s, t);
    pthread_mutex_unlock(&s->fresh.lock);
    return t;
}

static struct sched_task *take_due(struct sched *s, uint64_t now)
{
    pthread_mutex_lock(&s->fresh.lock);
    struct sched_task *t = heap_due_ns(&s->fresh.deadlines) <= now ? s->fresh.deadlines.min : NULL;
    if (t)
        take_out(s, t);
    pthread_mutex_unlock(&s->fresh.lock);
    return t;
}

/* False if somebody else has it, who sees the reason to stop before polling it. */
static bool take_this(struct sched *s, struct sched_task *t)
{
    pthread_mutex_lock(&s->fresh.lock);
    bool ours = t->listed;
    if (ours)
        take_out(s, t);
    pthread_mutex_unlock(&s->fresh.lock);
    return ours;
}

void fresh_reap(struct sched *s, uint64_t now)
{
    struct sched_task *t = atomic_load(&s->fresh.cancelled) ? atomic_exchange(&s->fresh.cancelled, NULL) : NULL;
    while (t) {
        struct sched_task *next = t->next_cancelled;
        if (take_this(s, t))
            task_end(t);
        sched_unref(t);
        t = next;
    }
    while (atomic_load(&s->fresh.len) && (t = take_due(s, now))) {
        task_mark(t, SCHED_STOP_DEADLINE);
        task_end(t);
    }
}

bool fresh_has_work(struct sched *s)
{
    return atomic_load(&s->fresh.len) || atomic_load(&s->fresh.cancelled);
}
