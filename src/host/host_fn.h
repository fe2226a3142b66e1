/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions a guest of the skill world may call. One descriptor per function, each in a file of its own; the table is in table.c. The dispatcher (src/engine/imports.c)
 * checks types and capability before a body runs, so a body can rely on both.
 *
 * A function either answers at once (`body`, on the guest's fiber stack: it checks, copies and returns; no allocation in proportion to anything, no I/O, frames
 * below 4 KiB), or suspends the guest (`begin`, on a thread's own stack, see host/op.h).
 */
#pragma once
#include "policy/grant.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The instance that components import them from, unversioned. */
#define HOST_INTERFACE "boternity:skill/host"

struct host_str { const char *data; size_t len; };

/* How a denied call is answered: none of them traps. */
enum host_denied { HOST_NEVER_DENIED, HOST_DENIED_EMPTY_LIST, HOST_DENIED_ERR };
/* What its type returns. */
enum host_result { HOST_RETURNS_NOTHING, HOST_RETURNS_CONTEXT, HOST_RETURNS_LIST, HOST_RETURNS_RESULT };

/* What a body works on: the call it serves, seen only through these. */
struct host_call;
struct host_op;
/* The guest's context. Strings live as long as the call. */
struct host_context { struct host_str bot_name, bot_slug, skill_name, invocation_id; };
const struct host_context *host_call_context(struct host_call *c);
/* Adds a log line (any thread of the call); caps are the call's. Levels other than error, warn, info, debug are trace. */
void host_call_log(struct host_call *c, struct host_str level, struct host_str message);

enum { HOST_ARGS_MAX = 4 };

struct host_fn {
    const char *name;          /* as in the WIT */
    const char *type;          /* canonical text, as wit_func_text gives it; a component that imports it with another is refused */
    unsigned strings, numbers; /* its parameters: strings first, then u32 */
    const char *capability;    /* grant kind ("net", "read", ...), NULL if it needs none */
    const char *legacy_name;   /* the capability as skill.toml and messages of the format name it ("HttpGet") */
    enum host_denied denied;
    enum host_result result;
    unsigned wanted_arg;       /* the argument that says what is wanted, for the record of a denial */
    const char *doc;
    enum ask_kind ask;         /* what its calls are, for those with a capability */
    bool once;                 /* it changes something elsewhere: once begun it is not begun again */
    /* One of the two. `body` answers at once and returns a context, or nothing. `begin` answers now or later, and must not block; NULL: there is no power behind it in
     * this version, every call is denied. */
    void (*body)(struct host_call *c, const struct host_str *args, const struct host_context **ret_context);
    void (*begin)(struct host_op *op);
    /* What this call wants, to be decided before `begin`; false: nothing that could be granted. NULL where it takes more than one question (a redirect asks anew): then
     * whoever serves it asks the grants. */
    bool (*want)(const struct host_op *op, struct ask *ret);
};

extern const struct host_fn *const host_fns[];
extern const size_t n_host_fns;
