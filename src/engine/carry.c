/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/carry.h"
#include "engine/values.h"

/* What Wasmtime counts for a dynamic value; names and text are counted by their length besides. */
enum { VALUE_BYTES = 40, SPARE_BYTES = 4096 };

/* It counts neither what names take once they are allocated, nor the C API's copy of it all. Measured on lists of the dearest types. */
unsigned carry_dearness(const struct wit_type *t)
{
    enum { PLAIN = 2, NAMED = 4, FLAGGED = 64 };
    unsigned most = PLAIN;
    if (!t)
        return PLAIN;
    if (t->kind == WIT_FLAGS)
        return FLAGGED;
    if (t->kind == WIT_RECORD || t->kind == WIT_VARIANT || t->kind == WIT_ENUM)
        most = NAMED;
    unsigned parts[] = {carry_dearness(t->elem), carry_dearness(t->err)};
    for (size_t i = 0; i < 2; i++)
        most = parts[i] > most ? parts[i] : most;
    for (size_t i = 0; i < t->n_members; i++) {
        unsigned part = carry_dearness(t->members[i].type);
        most = part > most ? part : most;
    }
    return most;
}

static size_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

/*
 * A value that fits the output limit as JSON has at most as many parts as bytes there, and names and text that are no longer; its host calls, which the same bound is for, may carry
 * what they may carry. Nor may it take more of the host's memory than the call may have of its own, nor more time than VALUES_ANSWER_MAX parts take, since nothing interrupts that.
 */
size_t carry_of(const struct call_spec *s, enum carry_bound *ret_bound)
{
    const uint64_t *limit = s->limits.value;
    uint64_t output = limit[CORDON_LIMIT_OUTPUT_BYTES], host = limit[CORDON_LIMIT_HOST_BYTES];
    bool dynamic = s->export->shape == SHIM_DYNAMIC && s->export->func.result;
    const size_t bounds[] = {
        [CARRY_BYTES] = dynamic ? SIZE_MAX : larger(host, output),
        [CARRY_OUTPUT] = dynamic ? larger(host, (VALUE_BYTES + 1) * output + SPARE_BYTES) : SIZE_MAX,
        [CARRY_MEMORY] = dynamic ? limit[CORDON_LIMIT_MEMORY_BYTES] / s->export->dearness : SIZE_MAX,
        [CARRY_VALUES] = dynamic ? larger(host, (uint64_t)VALUE_BYTES * VALUES_ANSWER_MAX) : SIZE_MAX,
    };
    enum carry_bound least = CARRY_BYTES;
    for (enum carry_bound b = CARRY_OUTPUT; b <= CARRY_VALUES; b++)
        least = bounds[b] < bounds[least] ? b : least;
    if (ret_bound)
        *ret_bound = least;
    return bounds[least];
}
