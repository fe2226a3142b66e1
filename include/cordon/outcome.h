/* SPDX-License-Identifier: Apache-2.0
 *
 * The outcome: how a call that was started ended. Immutable; may be read from any thread; freed by who got it, before
 * its host. What is read from it lives as long as it does. docs/reference.md ("Outcomes") says when each of them is
 * given.
 *
 * The answer is given before the sandbox is torn down: of synchronous calls at most 16 outcomes, and at most a quarter
 * of the host's sandboxes, still hold theirs until they are freed. Free outcomes soon.
 */
#ifndef CORDON_OUTCOME_H
#define CORDON_OUTCOME_H

#include <cordon/error.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The outcomes: name, text, exit code. */
#define CORDON_OUTCOME_MAP(X)                            \
    X(OK, "ok", 0)                                       \
    X(ERR, "err", 1)                                     \
    X(TRAP, "trap", 5)                                   \
    X(OUT_OF_FUEL, "out-of-fuel", 4)                     \
    X(OUT_OF_MEMORY, "out-of-memory", 4)                 \
    X(DEADLINE, "deadline", 4)                           \
    X(CANCELLED, "cancelled", 4)                         \
    X(OUTPUT_TOO_LARGE, "output-too-large", 4)           \
    X(HOST_BUG, "host-bug", 70)

/** How a call ended. */
enum cordon_outcome_kind {
#define X(name, text, exit_code) CORDON_OUTCOME_##name,
    CORDON_OUTCOME_MAP(X)
#undef X
    CORDON_OUTCOME_COUNT
};

/** An outcome. */
typedef struct cordon_outcome cordon_outcome;

/** How it ended. */
CORDON_API enum cordon_outcome_kind cordon_outcome_kind(const cordon_outcome *o);
/** Its text: "ok", "err", "trap", "out-of-fuel", "out-of-memory", "deadline", "cancelled", "output-too-large",
 *  "host-bug". Static storage; NULL outside the enum. */
CORDON_API const char *cordon_outcome_name(enum cordon_outcome_kind kind);
/** The exit code of `cordon run`: the kind's, or 3 if it is neither ok nor host-bug and something was denied. The exit
 *  status of a command component is not passed on: other than 0 it is an err. */
CORDON_API int cordon_outcome_exit_code(const cordon_outcome *o);

/** How an answer is written. */
enum cordon_output_kind { CORDON_OUTPUT_NONE, CORDON_OUTPUT_TEXT, CORDON_OUTPUT_JSON, CORDON_OUTPUT_BYTES };
/** The answer of an ok call (and what a command wrote to stdout, also when it failed): text as it is, JSON in one line,
 *  bytes raw. A stranger's text: cordon_escape makes it fit for a terminal. NUL-terminated behind *ret_len, never NULL.
 *  Both out-parameters may be NULL. */
CORDON_API const char *cordon_outcome_output(const cordon_outcome *o, size_t *ret_len,
                                             enum cordon_output_kind *ret_kind);

/** What went wrong, in one line, control characters escaped; NULL for ok. For err: the skill's own words, at most 2 KiB
 *  of them. */
CORDON_API const char *cordon_outcome_message(const cordon_outcome *o);
/** What to do next; NULL if there is nothing to say. */
CORDON_API const char *cordon_outcome_hint(const cordon_outcome *o);
/** The value of an err as JSON (of a command its exit status); NULL otherwise. */
CORDON_API const char *cordon_outcome_err_json(const cordon_outcome *o);
/** The trap in words ("integer division by zero", "host call failed"); NULL if it is none. Static storage. */
CORDON_API const char *cordon_outcome_trap(const cordon_outcome *o);
/** The n-th frame of the WebAssembly backtrace, innermost first, escaped, its name cut at 128 bytes; NULL past the last
 *  (at most 64). */
CORDON_API const char *cordon_outcome_frame(const cordon_outcome *o, size_t n);

/** What a call used. The unit is in the name. */
enum cordon_usage {
    CORDON_USAGE_FUEL,
    CORDON_USAGE_FUEL_EXACT,        /**< 1: exact; 0: a lower bound, the guest was stopped between two counts */
    CORDON_USAGE_MEMORY_PEAK_BYTES, /**< as CORDON_LIMIT_MEMORY_BYTES counts it */
    CORDON_USAGE_WALL_US,           /**< from the start of the call to its answer */
    CORDON_USAGE_CPU_US,            /**< of that, the time in which it was running */
    CORDON_USAGE_HOST_CALLS,        /**< functions of the skill world's host, and writes to stdout and stderr */
    CORDON_USAGE_BYTES_IN,          /**< of the input */
    CORDON_USAGE_BYTES_OUT,         /**< of the output */
    CORDON_USAGE_COUNT
};
/** What was used; 0 outside the enum. */
CORDON_API uint64_t cordon_outcome_usage(const cordon_outcome *o, enum cordon_usage what);

/** The n-th log line (log of the skill world, captured stderr), or false. `level`: trace, debug, info, warn, error. The
 *  message is UTF-8, made so with U+FFFD, and not escaped (cordon_escape). */
CORDON_API bool cordon_outcome_log(const cordon_outcome *o, size_t n, const char **ret_level, const char **ret_message);
/** The n-th denial, each thing that was wanted once with its count, or false (at most 64). `reason`: not-granted,
 *  not-asked, private-address, not-offered. `wanted` is escaped, cut at 512 bytes, a URL without userinfo and query. */
CORDON_API bool cordon_outcome_denial(const cordon_outcome *o, size_t n, const char **ret_capability,
                                      const char **ret_wanted, const char **ret_reason, uint64_t *ret_count);
/** The grant that would have allowed the n-th denial, as cordon_request_allow takes it ("net=https://api.x.com"); for an
 *  operator's eyes, never for a model's. NULL if there is none: nothing can be granted, or what was wanted does not read
 *  as a grant. Freed by the caller with cordon_free. */
CORDON_API char *cordon_outcome_denial_grant(const cordon_outcome *o, size_t n);
/** The whole outcome as the one-line JSON object of `cordon run --json` (docs/reference.md, "JSON"). Freed by the
 *  caller with cordon_free. */
CORDON_API int cordon_outcome_json(const cordon_outcome *o, char **ret_json, cordon_error **err);
/** The same object for a call that never started ("outcome":"not-started"); `skill` may be NULL. Freed by the caller
 *  with cordon_free. */
CORDON_API int cordon_error_json(const cordon_error *why, const char *skill, char **ret_json, cordon_error **err);
/** NULL allowed. */
CORDON_API void cordon_outcome_free(cordon_outcome *o);

#ifdef __cplusplus
}
#endif
#endif
