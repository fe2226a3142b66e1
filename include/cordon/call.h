/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls. A request says what to call and with which limits; it can be run any number of times, also at once. Every run is a fresh sandbox.
 */
#ifndef CORDON_CALL_H
#define CORDON_CALL_H

#include <cordon/outcome.h>
#include <cordon/skill.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cordon_request cordon_request;
typedef struct cordon_call cordon_call;

/** A request for `export_name`, in full ("docs:adder/add@0.1.0#add") or any unambiguous shortening ("add#add", "add"). NULL: `execute` of the skill world, else
 *  `wasi:cli/run`, else the only callable export. Errors: NO_SUCH_EXPORT (lists them), NOT_CALLABLE. The request keeps the skill alive. The caller frees. */
CORDON_API int cordon_request_new(cordon_skill *skill, const char *export_name, cordon_request **ret, cordon_error **err);
CORDON_API void cordon_request_free(cordon_request *req);
/** The name of the export in full. */
CORDON_API const char *cordon_request_export(const cordon_request *req);

/** The arguments as JSON: an object by parameter name, or an array in order. Checked here against the types: BAD_ARGS names the field. `json` is UTF-8 of `len` bytes. */
CORDON_API int cordon_request_set_args(cordon_request *req, const char *json, size_t len, cordon_error **err);
/** The input: stdin of a command, the one string (must be UTF-8) or list<u8> parameter of any other export. Copied. TOO_LARGE above the input limit. */
CORDON_API int cordon_request_set_input(cordon_request *req, const void *input, size_t len, cordon_error **err);
/** Appends an argument of a command (argv[1], ...). */
CORDON_API int cordon_request_add_arg(cordon_request *req, const char *arg, cordon_error **err);
/** One limit of each run; `origin` says where it came from ("--fuel"), for messages (static or NULL: "request"). BAD_LIMIT above the tier's ceiling. */
CORDON_API int cordon_request_set_limit(cordon_request *req, enum cordon_limit limit, uint64_t value, const char *origin, cordon_error **err);
/** The bot the guest's get-context speaks of; default: empty. */
CORDON_API int cordon_request_set_bot(cordon_request *req, const char *name, cordon_error **err);

/** Runs the request and gives its outcome: starts on the calling thread, moves to a worker when it first waits or has used a slice. Error only if the call was not
 *  started: BUSY, WOULD_DEADLOCK, NO_RESOURCES. Any thread; blocks until the outcome is there. */
CORDON_API int cordon_request_run(cordon_request *req, cordon_outcome **ret, cordon_error **err);

/** Called by cordon_host_dispatch once for every started call: exactly one of `outcome` and `err` is not NULL, and both are the callee's to free. */
typedef void cordon_done_fn(void *data, cordon_outcome *outcome, cordon_error *err);
/** Starts the request on a worker and returns at once. `ret` may be NULL if it will not be cancelled. */
CORDON_API int cordon_request_start(cordon_request *req, cordon_done_fn *done, void *data, cordon_call **ret, cordon_error **err);
/** Cancels: a guest ends at its next tick (1 ms), a waiting call at once. Any thread, any number of times, async-signal-safe. A finished answer wins. */
CORDON_API void cordon_call_cancel(cordon_call *call);
/** Gives up the handle (the call goes on). NULL allowed. */
CORDON_API void cordon_call_unref(cordon_call *call);

/** In one line: request, arguments, run. `args_json` is NUL-terminated, may be NULL for none. */
CORDON_API int cordon_call_json(cordon_skill *skill, const char *export_name, const char *args_json, cordon_outcome **ret, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
