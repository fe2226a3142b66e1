/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_wait.h"
#include "base/cleanup.h"
#include "engine/call.h"
#include "engine/own_calls.h"
#include "engine/values.h"
#include "host/question.h"

#include <string.h>

bool host_wait_is_fresh(const struct host_wait *w) { return w->active && !w->settled && !w->question && (!w->op || !host_op_is_begun(w->op)); }

void host_wait_finish(struct host_wait *w)
{
    if (w->op)
        host_op_forget(w->op);
    values_finish(w->args, w->n_args);
    free(w->args);
    values_finish(&w->value, 1);
    question_unref(w->question);
    *w = (struct host_wait){0};
}

static bool is_there(void *env)
{
    (void)env;
    return true;
}

static void finish(void *env) { host_wait_finish(call_host_wait(env)); }

wasmtime_async_continuation_t host_wait_none(void) { return (wasmtime_async_continuation_t){.callback = is_there}; }

wasmtime_async_continuation_t host_wait_on(struct call *c, bool (*take)(void *call))
{
    return (wasmtime_async_continuation_t){.callback = take, .env = c, .finalizer = finish};
}

/* ---- asking the operator ---- */

/* What would be begun once more must not have been done in part: a request that was sent on to another place is not sent again. */
static bool may_begin_again(const struct host_op *op, const struct host_answer *a)
{
    struct host_str arg = host_op_arg(op, host_op_fn(op)->wanted_arg);
    return !host_op_fn(op)->once || (arg.len >= a->len && !memcmp(arg.data, a->text, a->len));
}

static bool is_worth_asking(const struct host_wait *w, const struct host_answer *a)
{
    return a->kind == HOST_ANSWER_DENIED && a->denial == DENIAL_NOT_GRANTED && a->text && may_begin_again(w->op, a);
}

/* The same operation, with what the call may do now. */
static bool begin_again(struct call *c, struct host_wait *w)
{
    const struct host_fn *fn = host_op_fn(w->op);
    struct host_str strings[HOST_ARGS_MAX];
    uint32_t numbers[HOST_ARGS_MAX];
    for (unsigned i = 0; i < fn->strings; i++)
        strings[i] = host_op_arg(w->op, i);
    for (unsigned i = 0; i < fn->numbers; i++)
        numbers[i] = host_op_number(w->op, i);
    struct host_op *again = call_new_op(c, fn, strings, numbers, host_op_room(w->op));
    if (!again)
        return false;
    host_op_forget(w->op);
    w->op = again;
    return true;
}

/* ---- the steps ---- */

/* The answer is there. */
static enum host_wait_step settle(struct call *c, struct host_wait *w, const struct host_answer *a)
{
    if (w->own && !own_call_settle(c, w, a))
        return HOST_WAIT_END;
    bool refused = a->kind == HOST_ANSWER_ERR || a->kind == HOST_ANSWER_DENIED;
    if (refused && host_op_fn(w->op)->denied == HOST_DENIED_TRAP) {
        call_trap_answer(c, host_op_fn(w->op), a);
        return HOST_WAIT_END;
    }
    w->settled = true;
    return HOST_WAIT_GO;
}

/* Where an audit is kept: what is permitted waits until it is on disk that the call has started. */
static enum host_wait_step let_begin(struct call *c, struct host_wait *w)
{
    if (!call_is_audited(c) || !host_op_is_permitted(w->op))
        return HOST_WAIT_GO;
    switch (call_begin_effect(c, w->own ? EFFECT_CALL : effect_of(host_op_fn(w->op)->ask))) {
    case EFFECTS_GO: return HOST_WAIT_GO;
    case EFFECTS_PENDING: return HOST_WAIT_PENDING;
    case EFFECTS_REFUSED: break;
    }
    call_audit_fail(c);
    return HOST_WAIT_END;
}

static enum host_wait_step begin(struct call *c, struct host_wait *w)
{
    if (!host_op_is_begun(w->op)) {
        enum host_wait_step step = let_begin(c, w);
        if (step != HOST_WAIT_GO)
            return step;
        host_op_begin(w->op);
    }
    const struct host_answer *a = host_op_answer(w->op);
    if (!a)
        return HOST_WAIT_PENDING;
    if (is_worth_asking(w, a) && (w->question = call_ask(c, a->capability, a->text, a->len)))
        return HOST_WAIT_PENDING;
    return settle(c, w, a);
}

static enum host_wait_step begin_own(struct call *c, struct host_wait *w)
{
    if (w->denied && (w->question = call_ask(c, "call", w->denied, strlen(w->denied))))
        return HOST_WAIT_PENDING;
    if (!own_call_prepare(c, w))
        return HOST_WAIT_END;
    return w->settled ? HOST_WAIT_GO : begin(c, w);
}

/* After a yes it is begun anew, after a no the guest is told what it would have been told at once. */
static enum host_wait_step hear(struct call *c, struct host_wait *w)
{
    if (question_state(w->question) == QUESTION_OPEN)
        return HOST_WAIT_PENDING;
    bool yes = call_hear(c, w->question);
    question_unref(take(w->question));
    if (w->denied) {
        if (yes)
            w->denied = NULL;
        else
            call_denied(c, "call", 4, w->denied, strlen(w->denied), denial_text(DENIAL_NOT_GRANTED));
        return own_call_prepare(c, w) ? w->settled ? HOST_WAIT_GO : begin(c, w) : HOST_WAIT_END;
    }
    return yes && begin_again(c, w) ? begin(c, w) : settle(c, w, host_op_answer(w->op));
}

enum host_wait_step host_wait_step(struct call *c)
{
    struct host_wait *w = call_host_wait(c);
    if (!w->active || w->settled)
        return HOST_WAIT_GO;
    if (w->question)
        return hear(c, w);
    return w->own && !w->op ? begin_own(c, w) : begin(c, w);
}
