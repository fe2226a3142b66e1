/* SPDX-License-Identifier: Apache-2.0
 *
 * Which schedulers the present thread is inside of. A thread-local, the only one of the room: the question is about the thread, and a poll may
 * itself run a task of another scheduler.
 */
#include "internal.h"

static _Thread_local struct inside *innermost;

void inside_enter(struct inside *frame, const struct sched *s)
{
    *frame = (struct inside){ s, innermost };
    innermost = frame;
}

void inside_leave(const struct inside *frame)
{
    innermost = frame->outer;
}

bool sched_is_inside(struct sched *s)
{
    for (const struct inside *f = innermost; f; f = f->outer)
        if (f->sched == s)
            return true;
    return false;
}
