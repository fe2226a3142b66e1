/* SPDX-License-Identifier: Apache-2.0
 *
 * Host functions of the program's own: what it offers its skills beside what Cordon does. A component imports them by
 * interface and name; their type is compared with what the program declared when the skill is loaded. On the program's
 * side arguments and answers are JSON, by the table in docs/reference.md ("Values").
 */
#ifndef CORDON_FUNCTION_H
#define CORDON_FUNCTION_H

#include <cordon/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A guest's call of a host function. All of it lives until the function returns. */
struct cordon_function_call {
    const char *interface_name;        /**< as declared */
    const char *name;                  /**< as declared */
    const char *args;                  /**< the arguments: a JSON object by parameter name */
    size_t args_len;                   /**< of args */
    const char *skill;                 /**< its name */
    const char *bot;                   /**< empty where the request names none */
    const char *invocation_id;         /**< of the call, a UUID */
    enum cordon_tier tier;             /**< of the skill */
};

/** What a function answers through. It is answered exactly once, by one of the three below, which frees it: in the
 *  function or later, from any thread, also after the call is gone (then nothing happens), but before the host is
 *  freed. Until it is answered the guest waits, at most to its deadline; waiting costs no thread. */
typedef struct cordon_reply cordon_reply;

/** A host function. It may call anything of the library but a synchronous call (WOULD_DEADLOCK) and cordon_host_free. */
typedef void cordon_function_fn(void *data, const struct cordon_function_call *call, cordon_reply *reply);

/** Where a function runs. */
enum cordon_function_place {
    /** On the thread that runs the guest, on that thread's own stack: a worker, or the caller of cordon_request_run. For
     *  what is quick; several threads may be in it at once. */
    CORDON_FUNCTION_HERE,
    /** In cordon_host_dispatch, on the thread that dispatches. A synchronous call needs another thread that does. */
    CORDON_FUNCTION_DISPATCHED,
};

/** Offers one function. `interface_name` as components import it, "demo:math/host@1.0.0"; `type` as WIT writes it, named
 *  types written out: "func(x: u32) -> result<u32, string>"; blanks do not matter. `capability` (ASCII letters, digits,
 *  `-` and `_`): only requests with the grant `call=CAPABILITY` may call it; NULL: every skill may. A denied call and an
 *  unanswered one are an err to the guest if the type's result is a `result<_, string>`; of any other type they end the
 *  call (outcome `trap`). Names and type are copied; `fn` and `data` outlive the host. Errors: USAGE (a name or type that
 *  cannot be one, a namespace of Cordon's or WASI's, offered already), TOO_LARGE above 256 functions. */
CORDON_API int cordon_host_opts_add_function(cordon_host_opts *opts, const char *interface_name, const char *name,
                                             const char *type, const char *capability,
                                             enum cordon_function_place place, cordon_function_fn *fn, void *data,
                                             cordon_error **err);

/** Answers with a value: the result, or the ok part of a `result`, as `len` bytes of JSON, copied; nothing (len 0) where
 *  there is no value. What is not of the type is an err to the guest, or the end of the call, that says so. */
CORDON_API void cordon_reply_json(cordon_reply *reply, const char *json, size_t len);
/** Answers with an err: `text`, UTF-8, copied, cut at 2 KiB. */
CORDON_API void cordon_reply_err(cordon_reply *reply, const char *text);
/** Gives up without an answer: an err that says so. NULL allowed. */
CORDON_API void cordon_reply_drop(cordon_reply *reply);
/** False once nobody waits for the answer: the call was cancelled, or ran out of time. For long work; answering is right
 *  either way. */
CORDON_API bool cordon_reply_is_wanted(cordon_reply *reply);

#ifdef __cplusplus
}
#endif
#endif
