/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/features.h"
#include "engine/imports.h"
#include "engine/own_calls.h"

#include <stdlib.h>
#include <string.h>

enum cordon_tier engine_tier(enum cordon_tier tier)
{
    return tier == CORDON_TIER_LOCAL ? CORDON_TIER_VERIFIED : tier;
}

int engine_shim_error(int rc, struct shim_bytes text, enum cordon_errc code, const char *subject, const char *doing, cordon_error **err)
{
    int ret = err_set(err, rc == -2 ? CORDON_E_HOST_BUG : code, subject, "%s: %s", doing, text.data ? (const char *)text.data : "no reason given");
    shim_bytes_free(text);
    return ret;
}

void engine_error_text(wasmtime_error_t *why, struct buf *ret)
{
    wasm_name_t text;
    wasmtime_error_message(why, &text);
    /* "{:?}" of an error: the message, then "Caused by:" and one cause per line, with a number if there are several. */
    size_t n = text_is_utf8(text.data, text.size) ? text_cut(text.data, text.size, ERR_MESSAGE_MAX) : 0;
    bool blank = true;
    for (size_t i = 0; i < n; i++) {
        bool space = text.data[i] == '\n' || text.data[i] == ' ' || text.data[i] == '\t';
        if (!space && blank && ret->len)
            buf_addc(ret, ' ');
        if (!space)
            buf_addc(ret, text.data[i]);
        blank = space;
    }
    wasm_byte_vec_delete(&text);
    wasmtime_error_delete(why);
}

static void common_settings(struct shim_engine_settings *s, enum cordon_tier tier, const char **names)
{
    *s = (struct shim_engine_settings){
        .features = names,
        .n_features = features_on(tier, names),
        .max_core_instances_per_component = ENGINE_CORE_INSTANCES_MAX,
        .max_memories_per_component = ENGINE_MEMORIES_MAX,
        .max_tables_per_component = ENGINE_TABLES_MAX,
        .signals = true,
    };
}

int engine_new_compiler(enum cordon_tier tier, wasm_engine_t **ret, cordon_error **err)
{
    const char *names[FEATURES_ROOM];
    struct shim_engine_settings s;
    struct shim_bytes why = {0};
    common_settings(&s, engine_tier(tier), names);
    int rc = shim_engine_new(&s, ret, &why);
    return rc < 0 ? engine_shim_error(rc, why, CORDON_E_NO_RESOURCES, NULL, "cannot make a compiler", err) : 0;
}

/* A pool of `n` sandboxes. Most components have one memory and one or two tables; those with more take from the spare, by admission. */
static struct admission_need pool_of(uint32_t n)
{
    return (struct admission_need){.n = {
        [ADMIT_CALLS] = n,
        [ADMIT_MEMORIES] = n + n / 4 + ENGINE_MEMORIES_MAX,
        [ADMIT_TABLES] = n * 2 + ENGINE_TABLES_MAX,
    }};
}

static int make_wasm(struct engine *e, uint32_t sandboxes, size_t max_memory_bytes, size_t max_table_elements, cordon_error **err)
{
    const char *names[FEATURES_ROOM];
    struct shim_engine_settings s;
    struct shim_bytes why = {0};
    struct admission_need pool = pool_of(sandboxes);
    common_settings(&s, e->tier, names);
    s.sandboxes = sandboxes;
    s.core_instances = sandboxes * ENGINE_CORE_INSTANCES_MAX; /* a count without memory behind it: never the one that runs out */
    s.memories = pool.n[ADMIT_MEMORIES];
    s.tables = pool.n[ADMIT_TABLES];
    s.max_memory_bytes = max_memory_bytes;
    s.max_table_elements = max_table_elements;
    int rc = shim_engine_new(&s, &e->wasm, &why);
    if (rc < 0)
        return engine_shim_error(rc, why, CORDON_E_NO_RESOURCES, NULL, "cannot reserve the pool of sandboxes", err);
    return admission_new(&pool, &e->admission, err);
}

static int make_linker(struct engine *e, bool wasi, wasmtime_component_linker_t **ret, cordon_error **err)
{
    struct shim_bytes why = {0};
    wasmtime_component_linker_t *linker = wasmtime_component_linker_new(e->wasm);
    int rc = wasi ? shim_linker_add_wasi(linker, &why) : 0;
    rc = rc < 0 ? engine_shim_error(rc, why, CORDON_E_HOST_BUG, NULL, "cannot offer WASI", err) : imports_define(linker, err);
    if (rc == 0)
        rc = own_calls_define(linker, e->own, err);
    if (rc < 0) {
        wasmtime_component_linker_delete(linker);
        return rc;
    }
    *ret = linker;
    return 0;
}

int engine_linker(struct engine *e, bool wasi, const wasmtime_component_linker_t **ret, cordon_error **err)
{
    int rc = 0;
    if (wasi) {
        pthread_mutex_lock(&e->lock);
        rc = e->wasi_linker ? 0 : make_linker(e, true, &e->wasi_linker, err);
        pthread_mutex_unlock(&e->lock);
    }
    if (rc == 0)
        *ret = wasi ? e->wasi_linker : e->linker;
    return rc;
}

static int make_rest(struct engine *e, cordon_error **err)
{
    struct shim_bytes text = {0}, why = {0};
    int rc = shim_engine_identity(e->wasm, &text, &why);
    if (rc < 0)
        return engine_shim_error(rc, why, CORDON_E_HOST_BUG, NULL, "cannot name the engine", err);
    /* What the helper says beside the code, and what it refuses, is this version's. */
    int n = asprintf(&e->identity, "cordon %s, %s", CORDON_VERSION, (const char *)text.data);
    shim_bytes_free(text);
    if (n < 0) {
        e->identity = NULL;
        return err_nomem(err);
    }
    return make_linker(e, false, &e->linker, err);
}

int engine_new(enum cordon_tier tier, uint32_t sandboxes, size_t max_memory_bytes, size_t max_table_elements, const struct own_set *own, struct engine **ret, cordon_error **err)
{
    /* Half the slots as often as it takes: a container's limit or `ulimit -v` should cost concurrency, not the service. */
    enum { FEWEST = 16 };
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return err_nomem(err);
    pthread_mutex_init(&e->lock, NULL);
    e->tier = engine_tier(tier);
    e->own = own;
    e->clock_step_ns = e->tier == CORDON_TIER_UNTRUSTED ? 1000000 : 10000;
    int rc;
    for (uint32_t n = sandboxes;; n /= 2) {
        bool last = n / 2 < FEWEST;
        rc = make_wasm(e, n, max_memory_bytes, max_table_elements, last ? err : NULL);
        if (rc == 0 || last)
            break;
    }
    if (rc == 0)
        rc = make_rest(e, err);
    if (rc < 0) {
        engine_free(e);
        return rc;
    }
    *ret = e;
    return 0;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    if (e->linker)
        wasmtime_component_linker_delete(e->linker);
    if (e->wasi_linker)
        wasmtime_component_linker_delete(e->wasi_linker);
    if (e->wasm)
        wasm_engine_delete(e->wasm);
    admission_free(e->admission);
    free(e->identity);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void engine_instance_finish(wasmtime_component_linker_instance_t **p)
{
    if (*p)
        wasmtime_component_linker_instance_delete(*p);
}
