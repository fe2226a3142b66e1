/* SPDX-License-Identifier: Apache-2.0
 *
 * What Wasmtime alone needs: the least program on its C API that gives each call of the echo a sandbox of its own, with the engine settings
 * Cordon uses (engine/src/engine.rs): fuel, epochs, the pooling allocator, copy-on-write images, asynchronous calls, no concurrency support.
 * No limiter, no deadline, no outcome.
 *
 *     bare warm COMPONENT CALLS     a call's whole life: store, instance, call, drop
 *     bare load COMPONENT TIMES     load of precompiled code from a file and the first call
 *     bare allocations COMPONENT CALLS    how often a call asks the allocator
 *     bare waiting COMPONENT CALLS  memory while that many calls of a component that never ends are suspended
 */
#include "measure.h"
#include "process.h"
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <wasmtime.h>

enum { SANDBOXES = 1000, MEMORY_MAX = 256 << 20, TABLE_MAX = 100000, STACK = 1 << 20, FIBER = 2 << 20, KEEP_MEMORY = 128 << 10 };
static const uint64_t FUEL = 10000000000;
static const char export_name[] = "execute", input[] = "hello";

static void must(wasmtime_error_t *e)
{
    if (!e)
        return;
    wasm_name_t text;
    wasmtime_error_message(e, &text);
    fprintf(stderr, "%.*s\n", (int)text.size, text.data);
    exit(1);
}

static wasm_engine_t *make_engine(uint32_t sandboxes)
{
    wasm_config_t *c = wasm_config_new();
    wasmtime_config_consume_fuel_set(c, true);
    wasmtime_config_epoch_interruption_set(c, true);
    wasmtime_config_max_wasm_stack_set(c, STACK);
    wasmtime_config_async_stack_size_set(c, FIBER);
    wasmtime_config_memory_reservation_set(c, UINT64_C(4) << 30);
    wasmtime_config_memory_guard_size_set(c, 32 << 20);
    wasmtime_config_memory_may_move_set(c, false);
    wasmtime_config_concurrency_support_set(c, false);
    wasmtime_config_wasm_component_model_async_set(c, false);
    wasmtime_config_wasm_simd_set(c, false);
    wasmtime_config_wasm_relaxed_simd_set(c, false);
    wasmtime_config_wasm_memory64_set(c, false);
    wasmtime_config_wasm_multi_memory_set(c, false);
    wasmtime_pooling_allocation_config_t *p = wasmtime_pooling_allocation_config_new();
    wasmtime_pooling_allocation_config_total_component_instances_set(p, sandboxes);
    wasmtime_pooling_allocation_config_total_stacks_set(p, sandboxes);
    wasmtime_pooling_allocation_config_total_core_instances_set(p, sandboxes);
    wasmtime_pooling_allocation_config_total_memories_set(p, sandboxes);
    wasmtime_pooling_allocation_config_total_tables_set(p, sandboxes);
    wasmtime_pooling_allocation_config_max_memory_size_set(p, MEMORY_MAX);
    wasmtime_pooling_allocation_config_table_elements_set(p, TABLE_MAX);
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(p, KEEP_MEMORY);
    wasmtime_pooling_allocation_strategy_set(c, p);
    wasmtime_pooling_allocation_config_delete(p);
    return wasm_engine_new_with_config(c);
}

static void read_file(const char *path, wasm_byte_vec_t *ret)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) < 0) {
        perror(path);
        exit(1);
    }
    wasm_byte_vec_new_uninitialized(ret, (size_t)ftell(f));
    rewind(f);
    if (fread(ret->data, 1, ret->size, f) != ret->size) {
        perror(path);
        exit(1);
    }
    fclose(f);
}

static wasmtime_component_t *compile(wasm_engine_t *engine, const char *path)
{
    wasm_byte_vec_t file, wasm;
    wasmtime_component_t *component;
    read_file(path, &file);
    if (file.size >= 4 && !memcmp(file.data, "\0asm", 4))
        wasm_byte_vec_copy(&wasm, &file);
    else
        must(wasmtime_wat2wasm(file.data, file.size, &wasm));
    must(wasmtime_component_new(engine, (const uint8_t *)wasm.data, wasm.size, &component));
    wasm_byte_vec_delete(&wasm);
    wasm_byte_vec_delete(&file);
    return component;
}

/* What is made once, as Cordon makes it once per skill. */
struct callee {
    wasm_engine_t *engine;
    wasmtime_component_linker_t *linker;
    wasmtime_component_t *component;
    wasmtime_component_export_index_t *index;
};

static void find_export(struct callee *c)
{
    c->linker = wasmtime_component_linker_new(c->engine);
    c->index = wasmtime_component_get_export_index(c->component, NULL, export_name, strlen(export_name));
    if (!c->index) {
        fprintf(stderr, "there is no export %s\n", export_name);
        exit(1);
    }
}

static void finish(wasmtime_call_future_t *f, wasmtime_error_t **error)
{
    while (!wasmtime_call_future_poll(f))
        ;
    wasmtime_call_future_delete(f);
    must(*error);
}

/* The answer is what was asked. */
static void check(const wasmtime_component_val_t *v)
{
    const wasmtime_component_val_t *text = v->kind == WASMTIME_COMPONENT_RESULT ? v->of.result.val : NULL;
    if (text && text->kind == WASMTIME_COMPONENT_STRING && text->of.string.size == strlen(input) && !memcmp(text->of.string.data, input, strlen(input)))
        return;
    fputs("the echo answered something else\n", stderr);
    exit(1);
}

static void call(const struct callee *c)
{
    wasmtime_error_t *error = NULL;
    wasmtime_component_instance_t instance;
    wasmtime_component_func_t func;
    wasmtime_component_val_t arg = {.kind = WASMTIME_COMPONENT_STRING}, result = {.kind = WASMTIME_COMPONENT_BOOL};
    wasmtime_store_t *store = wasmtime_store_new(c->engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    must(wasmtime_context_set_fuel(context, FUEL));
    wasmtime_context_set_epoch_deadline(context, 1);
    must(wasmtime_context_epoch_deadline_async_yield_and_update(context, 1));
    finish(wasmtime_component_linker_instantiate_async(c->linker, context, c->component, &instance, &error), &error);
    wasmtime_component_instance_get_func(&instance, context, c->index, &func);
    wasm_byte_vec_new(&arg.of.string, strlen(input), input);
    finish(wasmtime_component_func_call_async(&func, context, &arg, 1, &result, 1, &error), &error);
    check(&result);
    wasmtime_component_val_delete(&arg);
    wasmtime_component_val_delete(&result);
    wasmtime_store_delete(store);
}

static void open_warm(struct callee *c, const char *path, size_t n)
{
    *c = (struct callee){.engine = make_engine(SANDBOXES)};
    c->component = compile(c->engine, path);
    find_export(c);
    for (size_t i = 0; i < n / 10 + 100; i++)
        call(c);
}

static void warm(const char *path, size_t n)
{
    struct callee c;
    open_warm(&c, path, n);
    uint64_t start = now_ns();
    for (size_t i = 0; i < n; i++)
        call(&c);
    printf("{\"life_ns\": %.1f}\n", (double)(now_ns() - start) / (double)n);
}

static void count(const char *path, size_t n)
{
    struct callee c;
    open_warm(&c, path, n);
    size_t before = allocations();
    for (size_t i = 0; i < n; i++)
        call(&c);
    printf("{\"allocations\": %.3f}\n", (double)(allocations() - before) / (double)n);
}

static void save(const struct callee *c, char *path)
{
    wasm_byte_vec_t code;
    must(wasmtime_component_serialize(c->component, &code));
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, code.data, code.size) != (ssize_t)code.size) {
        perror(path);
        exit(1);
    }
    close(fd);
    wasm_byte_vec_delete(&code);
}

static void load(const char *path, size_t n)
{
    char saved[] = "/tmp/cordon-bench-XXXXXX";
    struct callee c = {.engine = make_engine(SANDBOXES)};
    uint64_t *samples = samples_of(n);
    c.component = compile(c.engine, path);
    save(&c, saved);
    for (size_t i = 0; i < n; i++) {
        uint64_t start = now_ns();
        must(wasmtime_component_deserialize_file(c.engine, saved, &c.component));
        find_export(&c);
        call(&c);
        samples[i] = now_ns() - start;
        wasmtime_component_export_index_delete(c.index);
        wasmtime_component_linker_delete(c.linker);
        wasmtime_component_delete(c.component);
    }
    unlink(saved);
    printf("{\"load_ns\": %.1f}\n", percentile(samples, n, 50));
}

/* ---- suspended ---- */

struct suspended { wasmtime_store_t *store; wasmtime_call_future_t *future; wasmtime_component_val_t arg, result; wasmtime_error_t *error; };

/* The deadline is there at once, so that the guest yields at its first look at the epoch. */
static void suspend(const struct callee *c, struct suspended *s)
{
    wasmtime_component_instance_t instance;
    wasmtime_component_func_t func;
    s->store = wasmtime_store_new(c->engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(s->store);
    must(wasmtime_context_set_fuel(context, FUEL));
    wasmtime_context_set_epoch_deadline(context, 1);
    must(wasmtime_context_epoch_deadline_async_yield_and_update(context, 1));
    finish(wasmtime_component_linker_instantiate_async(c->linker, context, c->component, &instance, &s->error), &s->error);
    wasmtime_component_instance_get_func(&instance, context, c->index, &func);
    s->arg.kind = WASMTIME_COMPONENT_STRING;
    s->result.kind = WASMTIME_COMPONENT_BOOL;
    wasm_byte_vec_new(&s->arg.of.string, strlen(input), input);
    wasmtime_context_set_epoch_deadline(context, 0);
    s->future = wasmtime_component_func_call_async(&func, context, &s->arg, 1, &s->result, 1, &s->error);
    if (wasmtime_call_future_poll(s->future)) {
        fputs("the call ended, where it had to be suspended\n", stderr);
        exit(1);
    }
}

static void waiting(const char *path, size_t n)
{
    struct callee c = {.engine = make_engine((uint32_t)n + 16)};
    struct suspended *calls = calloc(n, sizeof *calls);
    if (!calls)
        exit(1);
    c.component = compile(c.engine, path);
    find_export(&c);
    suspend(&c, &calls[0]);
    size_t before = process_resident_kib();
    for (size_t i = 1; i < n; i++)
        suspend(&c, &calls[i]);
    printf("{\"each_kib\": %.2f}\n", (double)(process_resident_kib() - before) / (double)(n - 1));
    for (size_t i = 0; i < n; i++) {
        wasmtime_call_future_delete(calls[i].future);
        wasmtime_store_delete(calls[i].store);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "warm"))
        warm(argv[2], count_of(argv[3]));
    else if (argc == 4 && !strcmp(argv[1], "load"))
        load(argv[2], count_of(argv[3]));
    else if (argc == 4 && !strcmp(argv[1], "allocations"))
        count(argv[2], count_of(argv[3]));
    else if (argc == 4 && !strcmp(argv[1], "waiting"))
        waiting(argv[2], count_of(argv[3]));
    else
        return fputs("usage: bare warm|load|allocations|waiting COMPONENT COUNT\n", stderr), 2;
    return 0;
}
