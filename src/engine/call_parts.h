/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside a call, for its own files: call.c (its life as a task), call_told.c (what its sandbox tells), call_host.c (what its host calls are counted against and may do).
 */
#pragma once
#include "base/text.h"
#include "engine/call.h"
#include "engine/http_out.h"

#include <stddef.h>

enum call_state { CALL_ADMIT, CALL_WAITING, CALL_ADMITTED, CALL_RUNNING, CALL_OVER };

enum { STDERR_LINE_MAX = 4096, ARGS_INLINE = 4, REFUSED_MAX = 16 * 1024 };

struct call {
    struct sched_task task;
    struct shim_wake_target wake;
    struct call_env env;
    struct call_spec *spec;
    struct shim_sandbox *sandbox;
    struct admission_waiter waiter;
    _Atomic bool granted;
    bool admitted, sync;
    enum call_state state;
    enum cordon_outcome_kind reason;        /* the first that a host function recorded; OK for none */
    enum cordon_limit limit;                /* that the reason is about, if it is about one */
    cordon_error *error;                    /* why it never started */
    call_done_fn *done;
    void *data;
    uint64_t start_ns, host_bytes;
    struct host_context context;
    char bot_slug[TEXT_SLUG_MAX + 1];
    struct file_use *files;                 /* a reference; made when first used */
    struct wasi_files *wasi_files;          /* a reference; NULL without folders */
    struct effects *effects;                /* a reference; made with the first, where an audit is kept */
    bool awaits_audit;                      /* it will be woken when they may begin */
    struct host_wait host_wait;
    struct http_out http_out;
    struct host_slot slot;                  /* its texts, for a call of the blufio ABI */
    struct powers *powers;                  /* a reference: what the call may do since the operator was asked; NULL: what its spec says */
    struct buf refused;                     /* the grants that the operator refused, each between newlines */
    struct shim_answer answer;
    wasmtime_component_val_t result[1];
    wasmtime_component_val_t args_inline[ARGS_INLINE];
    wasmtime_component_val_t *args;
    struct cordon_outcome outcome;
    struct buf stderr_line;
    size_t told;                            /* log lines that the listener has heard */
};

#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

/* Why it ends: the first reason counts. `limit`: the one it is about, for those that are about one. */
void call_record(struct call *c, enum cordon_outcome_kind reason, enum cordon_limit limit);

/* ---- call_told.c ---- */
struct shim_hooks call_hooks(struct call *c);
/* What is left of a line on stderr goes into the log. */
void call_flush_stderr(struct call *c);
/* Tells the listener what the log has kept since the last time. */
void call_tell_log(struct call *c);

/* ---- call_slot.c ---- */
void call_slot_init(struct call *c);
void call_slot_finish(struct call *c);

/* ---- call_host.c ---- */
/* What the call has used of its ceilings on files, made when first asked for; NULL without memory. Borrowed. */
struct file_use *call_files(struct call *c);
