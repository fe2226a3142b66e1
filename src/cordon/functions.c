/* SPDX-License-Identifier: Apache-2.0
 * Host functions of the program's own: how an operation of the engine gets to it, and its answer back. A reply is that operation. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/internal.h"

#include <string.h>

static struct host_op *op_of(cordon_reply *r) { return (struct host_op *)r; }

static void call_program(struct host_op *op)
{
    const struct own_fn *own = (const struct own_fn *)host_op_fn(op); /* its first member */
    struct host_str args = host_op_arg(op, 0);
    const struct cordon_function_call call = {
        .interface_name = own->interface, .name = own->name, .args = args.data, .args_len = args.len, .skill = host_op_skill(op), .bot = host_op_bot(op),
        .invocation_id = host_op_invocation_id(op), .tier = host_op_tier(op),
    };
    ((cordon_function_fn *)own->run)(own->data, &call, (cordon_reply *)op);
}

/* ---- those that run where the program dispatches ---- */

static void run_asked(struct asked *a) { call_program(a->op); }

static void ask_program(struct host_op *op)
{
    struct asked *a = malloc(sizeof *a);
    if (!a) {
        host_op_answer_err(op, "out of memory");
        return;
    }
    *a = (struct asked){.run = run_asked, .op = op};
    host_ask(((const struct own_fn *)host_op_fn(op))->host, a);
}

/* ---- public ---- */

int cordon_host_opts_add_function(cordon_host_opts *o, const char *interface_name, const char *name, const char *type, const char *capability,
                                  enum cordon_function_place place, cordon_function_fn *fn, void *data, cordon_error **err)
{
    err_wanted(err);
    cleanup(grant_finish) struct grant g = {0};
    cleanup_free char *grant = NULL;
    if (capability && asprintf(&grant, "call=%s", capability) < 0) {
        grant = NULL;
        return err_nomem(err);
    }
    int rc = grant ? grant_parse(grant, NULL, &g, err) : 0;
    if (rc < 0)
        return rc;
    const struct own_fn one = {
        .fn = {.begin = place == CORDON_FUNCTION_HERE ? call_program : ask_program},
        .interface = (char *)(uintptr_t)interface_name, .name = (char *)(uintptr_t)name, .type = (char *)(uintptr_t)type, .capability = (char *)(uintptr_t)capability,
        .run = (own_run *)fn, .data = data,
    };
    return own_set_add(&o->own, &one, err);
}

void cordon_reply_json(cordon_reply *r, const char *json, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy) {
        host_op_answer_err(op_of(r), "out of memory");
        return;
    }
    if (len)
        memcpy(copy, json, len);
    copy[len] = '\0';
    host_op_answer_text(op_of(r), copy, len);
}

void cordon_reply_err(cordon_reply *r, const char *text) { host_op_answer_err(op_of(r), "%s", text); }

void cordon_reply_drop(cordon_reply *r)
{
    if (r)
        host_op_answer_err(op_of(r), "the program gave no answer to %s", host_op_fn(op_of(r))->name);
}

bool cordon_reply_is_wanted(cordon_reply *r) { return !host_op_is_abandoned(op_of(r)); }
