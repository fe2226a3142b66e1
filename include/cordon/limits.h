/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiers of trust and the limits of a call. Limits are on by default and cannot be switched off; every one has a
 * ceiling. The values as shipped are in docs/reference.md ("Limits"), and src/policy/limits.c is where they are made.
 * All functions here are pure: any thread, no host needed.
 */
#ifndef CORDON_LIMITS_H
#define CORDON_LIMITS_H

#include <cordon/error.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How far a skill is trusted. The host decides it (where the skill came from, who signed it), never the skill's own
 *  files. Untrusted and verified have an engine each, never shared; local is named, and refused by cordon_skill_load.
 *  */
enum cordon_tier { CORDON_TIER_UNTRUSTED, CORDON_TIER_VERIFIED, CORDON_TIER_LOCAL, CORDON_TIER_COUNT };

/** What is limited. The unit is in the name. */
enum cordon_limit {
    CORDON_LIMIT_FUEL,            /**< Wasmtime fuel, about one per WebAssembly instruction (1 G is about 0.2 s) */
    CORDON_LIMIT_MEMORY_BYTES,    /**< all linear memories and tables of the call, plus what the host keeps for it */
    CORDON_LIMIT_WALL_MS,         /**< from the call's start to its answer, waiting and host calls included */
    CORDON_LIMIT_TABLE_ELEMENTS,  /**< over all tables */
    CORDON_LIMIT_INPUT_BYTES,     /**< input text and JSON arguments */
    CORDON_LIMIT_OUTPUT_BYTES,    /**< the answer, as it is handed out */
    CORDON_LIMIT_LOG_BYTES,       /**< log lines and captured stderr; what is beyond is dropped, the call goes on */
    CORDON_LIMIT_LOG_LINES,       /**< likewise */
    CORDON_LIMIT_HOST_BYTES,      /**< bytes that host functions carry in and out over the whole call */
    CORDON_LIMIT_COUNT
};

/** Short name as flags and JSON use it: "fuel", "memory", "timeout", ... Static storage; NULL outside the enum. */
CORDON_API const char *cordon_limit_name(enum cordon_limit limit);
/** "untrusted", "verified", "local"; NULL outside the enum. */
CORDON_API const char *cordon_tier_name(enum cordon_tier tier);
/** Reads a tier's name. Errors: USAGE. */
CORDON_API int cordon_tier_parse(const char *name, enum cordon_tier *ret, cordon_error **err);
/** The default of a tier as shipped, in the unit of the limit's name. Fuel of the local tier: UINT64_MAX, metered only.
 *  0 outside the enums. */
CORDON_API uint64_t cordon_limit_default(enum cordon_tier tier, enum cordon_limit limit);
/** The ceiling of a tier as shipped; likewise. */
CORDON_API uint64_t cordon_limit_ceiling(enum cordon_tier tier, enum cordon_limit limit);
/** Reads `text` as people write that limit ("20G", "64MiB", "250ms"). Zero, a sign, an unknown unit and anything above
 *  the ceiling of `tier` as shipped are BAD_LIMIT, naming the ceiling. */
CORDON_API int cordon_limit_parse(enum cordon_limit limit, enum cordon_tier tier, const char *text, uint64_t *ret,
                                  cordon_error **err);
/** Writes `value` as people read that limit ("64 MiB", "10 s", "10 G") into buf, NUL-terminated, cut to `size`. */
CORDON_API void cordon_limit_format(enum cordon_limit limit, uint64_t value, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
