/* SPDX-License-Identifier: Apache-2.0
 *
 * One host call that is not answered on the guest's stack. The guest is suspended; the operation is begun on the stack of the thread that polls the call, and answered
 * there or later, by any thread.
 *
 * Two owners: the call, until it has taken the answer or is over, and whoever has to answer. An operation outlives its call: then its answer goes nowhere. All
 * it carries is its own, so neither side waits for the other.
 *
 *     made -> begun -> answered            the call is woken and takes the answer
 *                   -> abandoned           the call is over first (deadline, cancelled): `on_abandon` is called, a later answer does nothing
 */
#pragma once
#include "host/host_fn.h"
#include "host/powers.h"
#include <cordon/limits.h>

enum { HOST_ANSWER_ERR_MAX = 2048, HOST_ANSWER_ITEMS_MAX = 1024 };

enum host_answer_kind { HOST_ANSWER_NOTHING, HOST_ANSWER_TEXT, HOST_ANSWER_LIST, HOST_ANSWER_NUMBER, HOST_ANSWER_ERR, HOST_ANSWER_DENIED };

struct host_answer {
    enum host_answer_kind kind;
    char *text;                 /* owned; TEXT and ERR: UTF-8, as what comes with a NUMBER, or NULL. DENIED: what was wanted, or NULL */
    size_t len;
    struct host_str *items;     /* owned, as is the data of each; LIST */
    size_t n_items;
    int32_t number;
    const char *capability;     /* DENIED: static */
    enum denial denial;
    bool wipe;                  /* `text` is a secret */
};

/* How the call is told. `wake` may be called from any thread; `drop` when it will not be called any more. */
struct host_waker { void (*wake)(void *data), (*drop)(void *data); void *data; };

struct host_op_opts {
    const struct host_fn *fn;
    struct powers *powers;      /* the operation takes a reference of its own */
    const char *skill, *bot, *invocation_id; /* copied */
    enum cordon_tier tier;
    uint64_t deadline_ns;       /* monotonic */
    size_t room;                /* bytes an answer may have */
    struct file_use *files;     /* the operation takes a reference of its own; NULL: the call has no folders */
    struct host_waker waker;
};

/* ---- the call's side ---- */

/* Copies the arguments. NULL without memory; the waker is then not taken. */
struct host_op *host_op_new(const struct host_op_opts *o, const struct host_str *strings, const uint32_t *numbers);
/* Would it be begun, or is it denied as it stands? Of functions whose grants are asked on the way: true. */
bool host_op_is_permitted(const struct host_op *op);
/* Once, on a thread's own stack: asks the grants, and starts what the descriptor says. */
void host_op_begin(struct host_op *op);
bool host_op_is_begun(const struct host_op *op);
/* NULL until it is answered. Lives as long as the operation. */
const struct host_answer *host_op_answer(struct host_op *op);
/* Gives up the call's reference. Not yet answered: it is abandoned. */
void host_op_forget(struct host_op *op);

/* ---- the side that answers ---- */

const struct host_fn *host_op_fn(const struct host_op *op);
/* NUL-terminated behind its end; may have a NUL inside. */
struct host_str host_op_arg(const struct host_op *op, unsigned i);
uint32_t host_op_number(const struct host_op *op, unsigned i);
const struct powers *host_op_powers(const struct host_op *op);
const char *host_op_skill(const struct host_op *op);
const char *host_op_bot(const struct host_op *op);
const char *host_op_invocation_id(const struct host_op *op);
enum cordon_tier host_op_tier(const struct host_op *op);
uint64_t host_op_deadline_ns(const struct host_op *op);
size_t host_op_room(const struct host_op *op);
/* What the call has done with files; NULL where it has no folders. */
struct file_use *host_op_files(const struct host_op *op);
/* True once nobody waits for the answer any more. */
bool host_op_is_abandoned(struct host_op *op);
/* Called at most once, on any thread, under a lock that answering takes too: `fn` only tells the other side to give up, it neither answers nor waits. To be set while the
 * operation is begun, before it is handed on. */
void host_op_on_abandon(struct host_op *op, void (*fn)(void *data), void *data);
/* From `fn` alone: the other side has given up on the spot, and will not answer. Ends its use of the operation. */
void host_op_let_go(struct host_op *op);

/* Exactly one of these, once; it ends the caller's use of the operation. What does not fit into its room is an err that says so. */
void host_op_answer_nothing(struct host_op *op);
/* Takes `text` (malloc'd, `len` bytes); what is not UTF-8 is an err that says so. */
void host_op_answer_text(struct host_op *op, char *text, size_t len);
/* A number, and a text that comes with it, as above; NULL: none. */
void host_op_answer_number(struct host_op *op, int32_t number, char *text, size_t len);
/* Takes `items` (malloc'd) and the data of each; of a list too long or too large the end is left out, and what is not UTF-8. */
void host_op_answer_list(struct host_op *op, struct host_str *items, size_t n);
void host_op_answer_err(struct host_op *op, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* `capability` is static (NULL: the function's), `wanted` is copied (NULL: the function's argument). */
void host_op_answer_denied(struct host_op *op, const char *capability, const char *wanted, enum denial why);
