/* SPDX-License-Identifier: Apache-2.0
 *
 * The outcome: how a call that was started ended. Immutable; may be read from any thread; freed by who got it.
 *
 * The answer is given before the sandbox is torn down: a small number of outcomes still hold theirs until they are freed. Free outcomes soon.
 */
#ifndef CORDON_OUTCOME_H
#define CORDON_OUTCOME_H

#include <cordon/error.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, text, exit code */
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

enum cordon_outcome_kind {
#define X(name, text, exit_code) CORDON_OUTCOME_##name,
    CORDON_OUTCOME_MAP(X)
#undef X
    CORDON_OUTCOME_COUNT
};

typedef struct cordon_outcome cordon_outcome;

/** How it ended. */
CORDON_API enum cordon_outcome_kind cordon_outcome_kind(const cordon_outcome *o);
/** Its text: "ok", "err", "trap", "out-of-fuel", "out-of-memory", "deadline", "cancelled", "output-too-large", "host-bug". Static storage. */
CORDON_API const char *cordon_outcome_name(enum cordon_outcome_kind kind);
/** The command's exit code: the kind's, or 3 if it is not ok and something was denied; a command's own exit status is no exit code of ours. */
CORDON_API int cordon_outcome_exit_code(const cordon_outcome *o);

enum cordon_output_kind { CORDON_OUTPUT_NONE, CORDON_OUTPUT_TEXT, CORDON_OUTPUT_JSON, CORDON_OUTPUT_BYTES };
/** The answer of an ok call (and what a command wrote to stdout, also when it failed): text as it is, JSON in one line, bytes raw. NUL-terminated behind *ret_len.
 *  Never NULL. Lives as long as the outcome. */
CORDON_API const char *cordon_outcome_output(const cordon_outcome *o, size_t *ret_len, enum cordon_output_kind *ret_kind);

/** What went wrong, in one line; NULL for ok. For err: the skill's own words, escaped and capped. */
CORDON_API const char *cordon_outcome_message(const cordon_outcome *o);
/** What to do next; NULL if there is nothing to say. */
CORDON_API const char *cordon_outcome_hint(const cordon_outcome *o);
/** The value of an err as JSON; NULL otherwise. */
CORDON_API const char *cordon_outcome_err_json(const cordon_outcome *o);
/** The trap in words ("integer division by zero"); NULL if it is none. */
CORDON_API const char *cordon_outcome_trap(const cordon_outcome *o);
/** The n-th frame of the WebAssembly backtrace, innermost first; NULL past the last (at most 64). */
CORDON_API const char *cordon_outcome_frame(const cordon_outcome *o, size_t n);

enum cordon_usage {
    CORDON_USAGE_FUEL, CORDON_USAGE_FUEL_EXACT /**< 1: exact; 0: a lower bound, the guest was stopped between two counts */,
    CORDON_USAGE_MEMORY_PEAK_BYTES, CORDON_USAGE_WALL_US, CORDON_USAGE_CPU_US, CORDON_USAGE_HOST_CALLS,
    CORDON_USAGE_BYTES_IN, CORDON_USAGE_BYTES_OUT, CORDON_USAGE_COUNT
};
CORDON_API uint64_t cordon_outcome_usage(const cordon_outcome *o, enum cordon_usage what);

/** The n-th log line (log of the skill world, captured stderr), or false. `level`: trace, debug, info, warn, error. The message is UTF-8, not escaped. */
CORDON_API bool cordon_outcome_log(const cordon_outcome *o, size_t n, const char **ret_level, const char **ret_message);
/** The n-th denial, each kind once with its count, or false. `reason`: not-granted, not-asked, private-address, not-offered. */
CORDON_API bool cordon_outcome_denial(const cordon_outcome *o, size_t n, const char **ret_capability, const char **ret_wanted, const char **ret_reason,
                                      uint64_t *ret_count);
/** The whole outcome as the one-line JSON object of the command's --json (product §5). Freed by the caller with cordon_free. */
CORDON_API int cordon_outcome_json(const cordon_outcome *o, char **ret_json, cordon_error **err);
/** The same object for a call that never started ("outcome":"not-started"); `skill` may be NULL. */
CORDON_API int cordon_error_json(const cordon_error *why, const char *skill, char **ret_json, cordon_error **err);
/** NULL allowed. Any thread. */
CORDON_API void cordon_outcome_free(cordon_outcome *o);

#ifdef __cplusplus
}
#endif
#endif
