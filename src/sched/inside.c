/* SPDX-License-Identifier: Apache-2.0
 *
 * Which schedulers the present thread is inside of. A thread-local, the only one of the room: the question is about the thread, and a poll may
 * itself run a task of another scheduler.
 */
#include "internal.h"

static _Thread_local struct sched_inside *innermost;

void sched_enter(struct sched_inside *frame, const struct sched *s)
{
    *frame = (struct sched_inside){ s, innermost };
    innermost = frame;
}

void sched_leave(const struct sched_inside *frame)
{
    innermost = frame->outer;
}

bool sched_is_inside(struct sched *s)
{
    for (const struct sched_inside *f = innermost; f; f = f->outer)
        if (f->sched == s)
            return true;
    return false;
}
