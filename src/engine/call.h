/* SPDX-License-Identifier: Apache-2.0
 *
 * One call: a task of the scheduler around one sandbox, ending in one outcome (or in an error, if it never started).
 *
 *     admit (wait for a place in the pool) -> instantiate -> run -> answer -> outcome given -> sandbox torn down
 *
 * References: the scheduler's wakers, the owner of the outcome, and whoever may cancel. The last one frees the call.
 */
#pragma once
#include "engine/component.h"
#include "engine/outcome.h"
#include "engine/host_wait.h"
#include "host/effects.h"
#include "host/op.h"
#include "sched/sched.h"
#include <cordon/error.h>
#include <jansson.h>

/* What is called and with which limits: prepared once, shared by the runs, immutable while shared. */
struct question;

/* Who is asked about what is not granted. `ask` takes one reference of the question. */
struct call_asker { void (*ask)(const struct call_asker *asker, struct question *q); void *host; void (*fn)(void); void *data; };

/* Who is told of log lines as they are written. Text is UTF-8. On the polling thread, mostly on the guest's fiber: it copies. */
struct call_listener { void (*tell)(const struct call_listener *l, const char *invocation_id, enum log_level level, const char *text); void *host; void (*fn)(void); void *data; };

struct call_spec;
/* Who keeps the audit; `ended` is NULL where none is kept. */
struct call_auditor {
    struct effects_keeper keeper;
    /* What is written before the call's first effect; NULL without memory. */
    void *(*started)(const struct call_auditor *a, const struct call_spec *spec, const char *invocation_id);
    /* The call is over, or (`o` is NULL) never began, because of `err`. On the thread that ended it, before the answer is given. It must not wait but for room. */
    void (*ended)(const struct call_auditor *a, const struct call_spec *spec, const char *invocation_id, unsigned used, const struct cordon_outcome *o, const cordon_error *err);
};

/* The SHA-256 of what a call is given, made with the first call that is audited; of JSON arguments with them, since their text is not kept. */
struct call_digest { _Atomic int state; bool of_args; unsigned char args[32], sha[32]; };

struct call_spec {
    _Atomic uint32_t refs;
    struct component *component;           /* a reference */
    const struct component_export *export;
    struct limit_set limits;
    uint64_t ceiling[CORDON_LIMIT_COUNT];  /* how far each could be raised, for what is said when it is hit */
    char *skill;                           /* owned: the name */
    char *version;                         /* owned: of the installed one, or its manifest's; NULL: an artifact without */
    bool installed;
    enum cordon_tier tier;
    json_t *args;                          /* owned or NULL */
    char *input;                           /* owned or NULL */
    size_t input_len;                      /* bytes of the input, or else of the arguments' text */
    char **argv;                           /* owned, argv[0] the skill's name */
    size_t n_argv;
    size_t argv_bytes;                     /* without argv[0] */
    size_t args_bytes;                     /* what `args` and the values made of them take, beyond their text */
    char *bot;                             /* owned */
    struct powers *powers;                 /* a reference */
    struct call_asker asker;               /* `ask` is NULL where nobody is asked */
    struct call_listener listener;         /* `tell` is NULL where nobody listens */
    struct call_auditor auditor;
    struct call_digest digest;
};
void call_spec_ref(struct call_spec *s);
void call_spec_unref(struct call_spec *s); /* NULL allowed */

/* What counts as its input: the input or the arguments' text, and the words after `--`. */
size_t call_spec_input_bytes(const struct call_spec *s);
/* What the host keeps for a run from before its start; part of the run's memory. */
size_t call_spec_kept_bytes(const struct call_spec *s);

struct call;
/* The call is over: exactly one of outcome and err. The outcome is a reference to the call, dropped with its `release`. On the thread that ended it. */
typedef void call_done_fn(struct call *c, void *data, struct cordon_outcome *outcome, cordon_error *err);

struct call_env {
    struct sched *sched;
    struct shim_runtime *runtime;          /* NULL if no skill can wait */
    /* How many outcomes may keep their sandbox until they are freed, and how many do. */
    _Atomic uint32_t *lingering;
    uint32_t lingering_max;
};

/* `done` is called once. *ret holds one reference for the caller. */
int call_new(const struct call_env *env, struct call_spec *spec, const char *invocation_id, call_done_fn *done, void *data, struct call **ret, cordon_error **err);
/* Starts on a worker. */
void call_start(struct call *c);
/* Runs on the calling thread first; done() has been called on return. The answer comes before the teardown: a few outcomes keep their sandbox. */
void call_run(struct call *c);
void call_cancel(struct call *c);   /* async-signal-safe */
void call_unref(struct call *c);    /* NULL allowed */

/* For the dispatcher of imports, on the guest's fiber. */
const char *call_skill_name(const struct call *c);
/* Counts a host call that carries `bytes`; false: over the limit, the guest must end. */
bool call_count_host_call(struct call *c, size_t bytes);
void call_denied(struct call *c, const char *capability, size_t capability_len, const char *wanted, size_t wanted_len, const char *reason);
const struct powers *call_powers(const struct call *c);
struct powers *call_own_powers(const struct call *c); /* the same, to be held */
bool call_can_ask(const struct call *c);
/* Asks the operator; the clock stands still meanwhile. NULL: it cannot be asked, or was answered with no before. On the polling thread. */
struct question *call_ask(struct call *c, const char *capability, const char *wanted, size_t len);
/* The question has been answered: the clock runs on. True: yes, and the call may do it from now on. */
bool call_hear(struct call *c, struct question *q);
struct host_wait *call_host_wait(struct call *c);
/* Is an audit kept of it? */
bool call_is_audited(const struct call *c);
/* Something is about to begin outside the sandbox. PENDING: the call is woken when it may. REFUSED: the audit cannot be written (call_audit_fail). On the polling thread. */
enum effects_step call_begin_effect(struct call *c, enum effect kind);
/* What it has done outside, to be held; NULL where no audit is kept. False without memory: it may do nothing. */
bool call_effects(struct call *c, struct effects **ret);
/* The call ends because the audit cannot be written. */
void call_audit_fail(struct call *c);
/* Counts memory that the host keeps while the guest waits; false: there is no room for it, the guest must end. */
bool call_keep(struct call *c, size_t bytes);
/* How large an answer may be: what the call may still carry, and may still have of memory. On the guest's fiber. */
size_t call_room(const struct call *c);
/* An operation of this call; NULL without memory. */
struct host_op *call_new_op(struct call *c, const struct host_fn *fn, const struct host_str *strings, const uint32_t *numbers, size_t room);
/* Counts what an answer brings, and that what was kept is gone. On the guest's fiber. */
void call_count_answer(struct call *c, const struct host_answer *a);
void call_count_bytes(struct call *c, size_t bytes);
/* A host function failed in a way that the guest cannot be told: the reason for the end that follows. */
void call_fail(struct call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for a function of the blufio ABI, in its words: the call ends in a trap, of a denial, or of what an answer says. */
void call_trap_denied(struct call *c, const struct host_fn *fn, struct host_str wanted, enum denial why);
void call_trap_answer(struct call *c, const struct host_fn *fn, const struct host_answer *a);
const struct component *call_component(const struct call *c);
struct http_out *call_http_out(struct call *c);
uint64_t call_deadline_ns(const struct call *c);
/* Bytes that host calls may still carry. */
size_t call_carry_left(const struct call *c);
void call_ref(struct call *c);
