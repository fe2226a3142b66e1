/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls. A request says what to call, with what and within which limits; it can be run any number of times, also at
 * once. Every run is a fresh sandbox: its own memory, fuel, clock and log, and nothing of an earlier run.
 *
 * Arguments and results are JSON by the table in docs/reference.md ("Values").
 */
#ifndef CORDON_CALL_H
#define CORDON_CALL_H

#include <cordon/outcome.h>
#include <cordon/skill.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What to call, with what and within which limits. */
typedef struct cordon_request cordon_request;
/** A call that was started. */
typedef struct cordon_call cordon_call;

/** A request for `export_name`, in full ("docs:adder/add@0.1.0#add") or any unambiguous shortening ("add#add", "add").
 *  NULL: `execute` of the skill world, else `wasi:cli/run`, else the only callable export. Its limits are the host's
 *  defaults for the skill's tier. Errors: NO_SUCH_EXPORT (lists what there is), NOT_CALLABLE. The request keeps the
 *  skill alive. The caller frees. */
CORDON_API int cordon_request_new(cordon_skill *skill, const char *export_name, cordon_request **ret,
                                  cordon_error **err);
/** Frees the request; calls that were started from it go on. NULL allowed. */
CORDON_API void cordon_request_free(cordon_request *req);
/** The name of the export in full. Lives as long as the request. */
CORDON_API const char *cordon_request_export(const cordon_request *req);

/** The arguments as JSON: an object by parameter name, or an array in order. `json` is UTF-8 of `len` bytes. Replaces
 *  earlier arguments and input. Checked here against the types. Errors: BAD_ARGS names the field and what was expected
 *  (also for a command, which takes input and arguments instead); TOO_LARGE above the tier's ceiling of input (the
 *  request's own limit is checked when it is run). `run` of the blufio ABI takes {"input": VALUE} or [VALUE]. */
CORDON_API int cordon_request_set_args(cordon_request *req, const char *json, size_t len, cordon_error **err);
/** The input, `len` bytes, copied: stdin of a command, the one string or list<u8> parameter of any other export;
 *  for `run` of the blufio ABI the JSON it reads, compact, or, if this is none, a JSON string of it. Replaces earlier arguments and input. Errors: BAD_ARGS if the export takes neither, or takes text and this is not
 *  UTF-8; TOO_LARGE likewise. */
CORDON_API int cordon_request_set_input(cordon_request *req, const void *input, size_t len, cordon_error **err);
/** Appends an argument of a command (argv[1], ...; argv[0] is the skill's name). Errors: BAD_ARGS if the export is no
 *  command or the argument not UTF-8; TOO_LARGE for more than 1,024 arguments or 128 KiB in one. */
CORDON_API int cordon_request_add_arg(cordon_request *req, const char *arg, cordon_error **err);
/** One limit of each run, in the unit of its name. `origin` says where it came from ("--fuel"), for messages; it is not
 *  copied and outlives the request (NULL: "request"). Errors: BAD_LIMIT for 0 and above the tier's ceiling of this
 *  host. */
CORDON_API int cordon_request_set_limit(cordon_request *req, enum cordon_limit limit, uint64_t value,
                                        const char *origin, cordon_error **err);
/** The bot the guest's get-context speaks of, at most 256 bytes of UTF-8 (USAGE otherwise); default: empty. Copied. */
CORDON_API int cordon_request_set_bot(cordon_request *req, const char *name, cordon_error **err);

/** Lets the skill do one thing more in every run: a grant as `cordon help grants` has it, such as "net=api.x.com" or
 *  "read=papers::/data". Paths may start from the working directory or `~`. `env=NAME` gives the value the variable has
 *  now, `secret=NAME` (and `bearer=`, `header=`) the secret that is kept now (cordon/keep.h). Nothing is granted to a
 *  request that is not granted here. Errors: USAGE names the part that is wrong; TOO_LARGE above 1,024 grants;
 *  UNSAFE_PATH and DAMAGED of what is kept. */
CORDON_API int cordon_request_allow(cordon_request *req, const char *grant, cordon_error **err);
/** Grants the variable `name` and gives it `value` in every run, whatever this process has. Errors: USAGE (a name that
 *  cannot be granted, such as CORDON_HOME; a value that is not UTF-8), TOO_LARGE above 64 KiB. */
CORDON_API int cordon_request_set_env(cordon_request *req, const char *name, const char *value, cordon_error **err);

/** Called by cordon_host_dispatch with each line a guest logs, in order, and with all of a call's before its completion.
 *  `level` as of cordon_outcome_log; the message is a stranger's (for a terminal: cordon_escape). Both live until the
 *  function returns. */
typedef void cordon_log_fn(void *data, const char *invocation_id, const char *level, const char *message);
/** Has `fn` told of log lines as they are written, within the caps of the log; the outcome lists them all the same.
 *  `data` outlives the request's calls; NULL `fn`: nobody is told, the default. */
CORDON_API int cordon_request_set_log(cordon_request *req, cordon_log_fn *fn, void *data, cordon_error **err);

/** A question to the operator: `skill` wants something that is not granted. Texts are UTF-8, `wanted` a stranger's (for a
 *  terminal: cordon_escape). They live until the function returns. */
struct cordon_question {
    const char *skill;      /**< its name */
    const char *capability; /**< such as "net" */
    const char *wanted;     /**< as a denial would list it */
    const char *grant;      /**< what would allow it, as cordon_request_allow takes it */
};
/** What a question is answered through, by exactly one of the two functions below, once, from any thread. */
typedef struct cordon_decision cordon_decision;
/** Called by cordon_host_dispatch. The call waits until the question is answered, and its clock stands still. */
typedef void cordon_ask_fn(void *data, const struct cordon_question *question, cordon_decision *decision);
/** Has `fn` asked, before a call of this request is denied something that an operator may grant in passing: never `exec`,
 *  a secret, or what no grant can give. What was refused once is not asked again in that call. `data` outlives the
 *  request's calls; NULL `fn`: nobody is asked, the default. A call of cordon_request_run needs another thread that
 *  dispatches. */
CORDON_API int cordon_request_set_ask(cordon_request *req, cordon_ask_fn *fn, void *data, cordon_error **err);
/** Yes, for the rest of this call. An error says why it cannot be given (a folder that may not be a root); the call is
 *  then denied it. */
CORDON_API int cordon_decision_allow(cordon_decision *decision, cordon_error **err);
/** No. NULL allowed. */
CORDON_API void cordon_decision_deny(cordon_decision *decision);

/** Runs the request and gives its outcome: starts on the calling thread, and moves to a worker when it first waits or
 *  has used its first slice (1 ms); with workers = 0 it stays here. Blocks until the outcome is there, so at most for
 *  the call's wall-clock limit. An error means that the call was not started: BUSY (no sandbox within the deadline),
 *  TOO_LARGE (input above the request's limit), BAD_ARGS (an argument is missing), WOULD_DEADLOCK (from inside a
 *  completion or a host function: use cordon_request_start there). The caller frees *ret. */
CORDON_API int cordon_request_run(cordon_request *req, cordon_outcome **ret, cordon_error **err);

/** Called by cordon_host_dispatch, on the thread that dispatches, once for every call that cordon_request_start
 *  started. Exactly one of `outcome` and `err` is not NULL, and it is the callee's to free. `err` (BUSY, NO_RESOURCES):
 *  it never got a sandbox. */
typedef void cordon_done_fn(void *data, cordon_outcome *outcome, cordon_error *err);
/** Starts the request on a worker (workers = 0: in cordon_host_dispatch) and returns at once. `done` is called if and
 *  only if this returns 0. `ret` may be NULL if the call will not be cancelled; else the caller gives *ret back with
 *  cordon_call_unref. Errors: TOO_LARGE and BAD_ARGS, as of cordon_request_run; USAGE while the host is being freed. */
CORDON_API int cordon_request_start(cordon_request *req, cordon_done_fn *done, void *data, cordon_call **ret,
                                    cordon_error **err);
/** Cancels: a guest ends at its next tick (about 1 ms), a waiting call at once; `done` is called as for any other
 *  ending. Any number of times, also after the end; a finished answer wins. Async-signal-safe. */
CORDON_API void cordon_call_cancel(cordon_call *call);
/** Gives up the handle; the call goes on. NULL allowed. */
CORDON_API void cordon_call_unref(cordon_call *call);

/** In one line: cordon_request_new, _set_args, _run and _free, with their errors. `export_name` may be NULL as there;
 *  `args_json` may be NULL for none. The caller frees *ret. */
CORDON_API int cordon_call_json(cordon_skill *skill, const char *export_name, const char *args_json,
                                cordon_outcome **ret, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
