/* SPDX-License-Identifier: Apache-2.0
 * A pairing heap of deadlines. heap_prev is the left sibling, or the parent of a first child. */
#include "internal.h"

static struct sched_task *merge(struct sched_task *a, struct sched_task *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->deadline_ns < a->deadline_ns) {
        struct sched_task *c = a;
        a = b;
        b = c;
    }
    b->heap_prev = a;
    b->heap_next = a->heap_child;
    if (b->heap_next)
        b->heap_next->heap_prev = b;
    a->heap_child = b;
    return a;
}

/* Cuts the first off a list of siblings. */
static struct sched_task *cut(struct sched_task **list)
{
    struct sched_task *t = *list;
    if (t) {
        *list = t->heap_next;
        t->heap_next = t->heap_prev = NULL;
    }
    return t;
}

/* One heap of a list of siblings: in pairs from the left, then all into one from the right. */
static struct sched_task *merge_all(struct sched_task *list)
{
    struct sched_task *pairs = NULL, *root = NULL, *t;
    while (list) {
        struct sched_task *a = cut(&list), *b = cut(&list);
        a = merge(a, b);
        a->heap_next = pairs;
        pairs = a;
    }
    while ((t = cut(&pairs)))
        root = merge(root, t);
    return root;
}

void heap_add(struct heap *h, struct sched_task *t)
{
    if (t->deadline_ns == UINT64_MAX)
        return;
    t->heap_child = t->heap_next = t->heap_prev = NULL;
    h->min = merge(h->min, t);
    t->timed = true;
}

void heap_remove(struct heap *h, struct sched_task *t)
{
    if (!t->timed)
        return;
    t->timed = false;
    if (t == h->min) {
        h->min = merge_all(t->heap_child);
        return;
    }
    if (t->heap_prev->heap_child == t)
        t->heap_prev->heap_child = t->heap_next;
    else
        t->heap_prev->heap_next = t->heap_next;
    if (t->heap_next)
        t->heap_next->heap_prev = t->heap_prev;
    h->min = merge(h->min, merge_all(t->heap_child));
}
