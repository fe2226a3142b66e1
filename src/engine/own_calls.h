/* SPDX-License-Identifier: Apache-2.0
 * Calls of host functions of the embedding program: JSON on its side, component values on the guest's. */
#pragma once
#include "engine/host_wait.h"
#include "host/own.h"
#include "wit/type.h"
#include <cordon/error.h>

/* A function of the program's that a component imports, with its type as the component has it. */
struct component_own {
    const struct own_fn *fn;
    struct wit_func type;    /* owned */
};

/* Defines all of them in the linker. */
int own_calls_define(wasmtime_component_linker_t *linker, const struct own_set *set, cordon_error **err);
/* Compares what a component imports from an interface of the program's, type by type, and appends it to `*own`. UNKNOWN_IMPORT, BAD_SIGNATURE, NOT_CALLABLE. */
int own_calls_check(const struct own_set *set, const char *interface, size_t len, const wasmtime_component_instance_type_t *ty, const wasm_engine_t *engine,
                    struct component_own **own, size_t *n_own, cordon_error **err);
void own_calls_finish(struct component_own *own, size_t n);

/* On the polling thread's own stack. False: the call has to end, call_fail has been called. */
bool own_call_prepare(struct call *c, struct host_wait *w);
bool own_call_settle(struct call *c, struct host_wait *w, const struct host_answer *a);
