/* SPDX-License-Identifier: Apache-2.0
 *
 * One engine per sandboxed tier: its features, its pool of sandboxes, its linker with everything a guest may import. Never shared between tiers.
 */
#pragma once
#include "base/buf.h"
#include "engine/shim.h"
#include "host/own.h"
#include "sched/admission.h"
#include <cordon/error.h>
#include <cordon/limits.h>
#include <pthread.h>

/* Ceilings of one component, and of one call on the host's side; Wasmtime's own defaults are none or far above. */
enum {
    ENGINE_CORE_INSTANCES_MAX = 128,
    ENGINE_MEMORIES_MAX = 8,
    ENGINE_TABLES_MAX = 16,
    ENGINE_HANDLES_MAX = 10000,
    ENGINE_SANDBOXES_MAX = 20000,   /* about 5 mappings each: vm.max_map_count is 65,530 as shipped */
};

struct engine {
    enum cordon_tier tier;   /* UNTRUSTED or VERIFIED */
    wasm_engine_t *wasm;
    wasmtime_component_linker_t *linker;        /* what Cordon itself offers */
    wasmtime_component_linker_t *wasi_linker;   /* that and WASI; made when the first component wants it, under `lock` */
    const struct own_set *own;                  /* what the program offers; borrowed, lives as long */
    pthread_mutex_t lock;
    struct admission *admission;
    char *identity;          /* part of every cache key */
    uint64_t clock_step_ns;  /* what a guest's clocks move in */
};

/* The tier whose engine runs skills of `tier`. */
enum cordon_tier engine_tier(enum cordon_tier tier);
/* `max_memory_bytes`: the tier's memory ceiling. `signals`: traps by signal (the default); without, every access is checked in code. */
int engine_new(enum cordon_tier tier, uint32_t sandboxes, size_t max_memory_bytes, size_t max_table_elements, const struct own_set *own, struct engine **ret, cordon_error **err);
void engine_free(struct engine *e);
/* What a component is linked with: `wasi` if it imports any of WASI, whose hundred functions are worth a tenth of a start. Borrowed. Any thread. */
int engine_linker(struct engine *e, bool wasi, const wasmtime_component_linker_t **ret, cordon_error **err);
/* For the helper: the same compiler without pool and linker. */
int engine_new_compiler(enum cordon_tier tier, wasm_engine_t **ret, cordon_error **err);
/* Wasmtime's message with its causes in one line, cut at ERR_MESSAGE_MAX. Takes `why`. */
void engine_error_text(wasmtime_error_t *why, struct buf *ret);
/* Sets `err` from a shim function's text, which is freed. `code` is used for -1; a panic is always HOST_BUG. Returns its negative. */
int engine_shim_error(int rc, struct shim_bytes text, enum cordon_errc code, const char *subject, const char *doing, cordon_error **err);
/* For cleanup(): an instance of a linker. */
void engine_instance_finish(wasmtime_component_linker_instance_t **p);
