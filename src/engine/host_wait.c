/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_wait.h"
#include "base/cleanup.h"
#include "engine/call.h"
#include "engine/own_calls.h"
#include "engine/values.h"

#include <string.h>

bool host_wait_is_fresh(const struct host_wait *w) { return w->active && !w->settled && (!w->op || !host_op_is_begun(w->op)); }

void host_wait_finish(struct host_wait *w)
{
    if (w->op)
        host_op_forget(w->op);
    values_finish(w->args, w->n_args);
    free(w->args);
    values_finish(&w->value, 1);
    *w = (struct host_wait){0};
}

enum host_wait_step host_wait_step(struct call *c)
{
    struct host_wait *w = call_host_wait(c);
    if (!w->active || w->settled)
        return HOST_WAIT_GO;
    if (w->own && !w->op && !own_call_prepare(c, w))
        return HOST_WAIT_END;
    if (w->settled)
        return HOST_WAIT_GO; /* denied */
    if (!host_op_is_begun(w->op))
        host_op_begin(w->op);
    const struct host_answer *a = host_op_answer(w->op);
    if (!a)
        return HOST_WAIT_PENDING;
    if (w->own && !own_call_settle(c, w, a))
        return HOST_WAIT_END;
    w->settled = true;
    return HOST_WAIT_GO;
}
