/* SPDX-License-Identifier: Apache-2.0
 *
 * The host call that a call waits in: at most one, since a guest has one thread. The guest's side (making it, taking the answer) runs on its fiber; what is between runs
 * on the stack of the thread that polls.
 */
#pragma once
#include "host/op.h"
#include <wasmtime.h>

struct call;
struct component_own;
struct question;

struct host_wait {
    bool active;                         /* from the guest's call until it has taken the answer, or is gone */
    bool settled;                        /* the answer is there, and is a value if it has to be one */
    struct host_op *op;                  /* NULL until it is begun, for a function of the program */
    wasmtime_component_val_t *result;    /* where the guest finds the answer; NULL: it returns nothing */
    size_t room;                         /* bytes an answer may have */
    size_t bytes;                        /* of the arguments, kept meanwhile */
    /* A function of the program: its arguments, and the answer. Owned. */
    const struct component_own *own;
    wasmtime_component_val_t *args;
    size_t n_args;
    wasmtime_component_val_t value;
    const char *denied;                  /* the capability it was denied; then nothing is begun */
    struct question *question;           /* the operator is being asked about it; a reference */
};

enum host_wait_step { HOST_WAIT_GO, HOST_WAIT_PENDING, HOST_WAIT_END };

/* Before each poll: begins what has not been, and turns an answer into values. GO: the guest can be polled. PENDING: it waits, and will be woken. END: the host function
 * failed in a way that its type cannot say; call_fail has been called. */
enum host_wait_step host_wait_step(struct call *c);
/* The guest has been suspended for something that is not yet begun. */
bool host_wait_is_fresh(const struct host_wait *w);
/* The waiting call is over, with its answer or without. */
void host_wait_finish(struct host_wait *w);

/* What a host function goes on with: nothing, it has answered; or `take`, which is asked after each poll whether it could put the answer in its place. */
wasmtime_async_continuation_t host_wait_none(void);
wasmtime_async_continuation_t host_wait_on(struct call *c, bool (*take)(void *call));
