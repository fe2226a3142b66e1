/* SPDX-License-Identifier: Apache-2.0
 * Run queues by CPU used, and the stacks that bring tasks in from other threads. */
#include "internal.h"

static unsigned class_of(const struct sched_task *t)
{
    return t->cpu_ns < 1000000 ? 0 : t->cpu_ns < 10000000 ? 1 : 2;
}

void runq_init(struct runq *q)
{
    for (unsigned i = 0; i < SCHED_CLASSES; i++)
        TAILQ_INIT(&q->lists[i]);
    q->len = 0;
}

void runq_add(struct runq *q, struct sched_task *t)
{
    struct task_list *list = &q->lists[class_of(t)];
    if (task_stop(t))
        TAILQ_INSERT_HEAD(list, t, queue); /* nothing to run: to its end at once */
    else
        TAILQ_INSERT_TAIL(list, t, queue);
    t->listed = true;
    q->len++;
}

void runq_remove(struct runq *q, struct sched_task *t)
{
    TAILQ_REMOVE(&q->lists[class_of(t)], t, queue);
    t->listed = false;
    q->len--;
}

struct sched_task *runq_take(struct runq *q, unsigned cls)
{
    struct sched_task *t = TAILQ_FIRST(&q->lists[cls]);
    if (t)
        runq_remove(q, t);
    return t;
}

void stack_push(task_stack *s, struct sched_task *t, struct sched_task **link)
{
    struct sched_task *top = atomic_load(s);
    do
        *link = top;
    while (!atomic_compare_exchange_weak(s, &top, t));
}
