/* SPDX-License-Identifier: Apache-2.0
 * The one place where Wasmtime's errors, traps and values become an outcome. */
#pragma once
#include "engine/call.h"

struct ending {
    struct cordon_outcome *outcome;
    const struct call_spec *spec;
    struct shim_sandbox *sandbox;               /* NULL: it was stopped before it had one */
    struct shim_answer *answer;
    const wasmtime_component_val_t *result;
    enum cordon_outcome_kind reason;            /* recorded by a host function or a stop; OK for none */
    enum cordon_limit limit;                    /* the limit that `reason` is about, if it is about one */
    enum sched_stop stop;
    uint64_t start_ns, cpu_ns;
    const struct host_slot *slot;               /* its texts, for a call of the blufio ABI */
};
void ending_fill(const struct ending *e);
/* The trap in words, for a wasmtime_trap_code_t; static. */
const char *ending_trap_words(int trap_code);
