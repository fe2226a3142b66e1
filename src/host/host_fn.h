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
/* The one that stands behind the functions of the blufio ABI (engine/src/wit/blufio.wit). */
#define BLUFIO_INTERFACE "cordon:blufio/host@0.1.0"

struct host_str { const char *data; size_t len; };

/* How a denied call is answered. None of the skill world's traps; of the blufio ABI those do that have no other way to say it, when they fail too. */
enum host_denied { HOST_NEVER_DENIED, HOST_DENIED_EMPTY_LIST, HOST_DENIED_ERR, HOST_DENIED_TRAP, HOST_DENIED_MINUS_ONE };
/* What its type returns. */
enum host_result { HOST_RETURNS_NOTHING, HOST_RETURNS_CONTEXT, HOST_RETURNS_LIST, HOST_RETURNS_RESULT, HOST_RETURNS_NUMBER /* s32 */, HOST_RETURNS_TEXT };

/* Texts that a call of the blufio ABI has at hand: its input, its result so far, and the variable it asked for last. UTF-8. The input lives as long as the call. */
enum host_slot_text { HOST_SLOT_INPUT, HOST_SLOT_RESULT, HOST_SLOT_ENV, HOST_SLOT_TEXTS };
struct host_slot {
    struct host_str text[HOST_SLOT_TEXTS]; /* those behind the input are owned; NULL: not set */
    uint64_t ignored;                      /* calls with what was no text */
};

/* What a body works on: the call it serves, seen only through these. */
struct host_call;
struct host_op;
/* The guest's context. Strings live as long as the call. */
struct host_context { struct host_str bot_name, bot_slug, skill_name, invocation_id; };
const struct host_context *host_call_context(struct host_call *c);
/* Adds a log line (any thread of the call); caps are the call's. Levels other than error, warn, info, debug are trace. */
void host_call_log(struct host_call *c, struct host_str level, struct host_str message);

const struct host_slot *host_call_slot(struct host_call *c);
/* Copies `text` into the place of what was there. False: there is no memory for it, and the call has to end. */
bool host_call_put(struct host_call *c, enum host_slot_text which, struct host_str text);
void host_call_ignored(struct host_call *c);

enum { HOST_ARGS_MAX = 4 };

/* What a body is given, and what it says; texts are borrowed. */
struct host_given { const struct host_str *strings; const uint32_t *numbers; };
struct host_said { const struct host_context *context; int32_t number; struct host_str text; };

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
    enum host_slot_text slot;  /* HOST_RETURNS_NUMBER: where the text goes that comes with the number */
    bool part;                 /* of another call, and not counted as one */
    /* One of the two. `body` answers at once, as its type returns; false: the call has to end. `begin` answers now or later, and must not block; NULL: there is no power behind it in
     * this version, every call is denied. */
    bool (*body)(struct host_call *c, const struct host_given *in, struct host_said *ret);
    void (*begin)(struct host_op *op);
    /* What this call wants, to be decided before `begin`; false: nothing that could be granted. NULL where it takes more than one question (a redirect asks anew): then
     * whoever serves it asks the grants. */
    bool (*want)(const struct host_op *op, struct ask *ret);
};

/* An interface that components import functions from. */
struct host_interface {
    const char *name;
    const struct host_fn *const *fns;
    size_t n;
};
/* The skill world's, and the one behind the blufio ABI, which only what was made of such a module may import. */
enum { HOST_WORLD_SKILL, HOST_WORLD_BLUFIO, HOST_WORLDS };
extern const struct host_interface host_interfaces[HOST_WORLDS];
