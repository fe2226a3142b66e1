/* SPDX-License-Identifier: Apache-2.0
 *
 * The echo on Extism (its prebuilt library, opened at run time): calls of one plugin that is reused, which keeps its memory from call to call, and the
 * whole life of a fresh one from code that is compiled already.
 *
 *     extism LIBRARY MODULE CALLS
 */
#include "measure.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static const char input[] = "hello";
enum { FRESH = 200 };

struct plugin;
struct compiled;
static struct {
    struct compiled *(*compile)(const uint8_t *wasm, uint64_t len, const void *const *functions, uint64_t n_functions, bool wasi, char **err);
    struct plugin *(*create)(const struct compiled *code, char **err);
    int32_t (*call)(struct plugin *p, const char *name, const uint8_t *data, uint64_t len);
    uint64_t (*output_length)(struct plugin *p);
    const uint8_t *(*output_data)(struct plugin *p);
    void (*destroy)(struct plugin *p);
} extism;

static void resolve(void *library, const char *name, void *slot)
{
    void *symbol = dlsym(library, name);
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    memcpy(slot, &symbol, sizeof symbol);
}

static void open_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    resolve(library, "extism_compiled_plugin_new", &extism.compile);
    resolve(library, "extism_plugin_new_from_compiled", &extism.create);
    resolve(library, "extism_plugin_call", &extism.call);
    resolve(library, "extism_plugin_output_length", &extism.output_length);
    resolve(library, "extism_plugin_output_data", &extism.output_data);
    resolve(library, "extism_plugin_free", &extism.destroy);
}

static void *must(void *made, const char *err)
{
    if (made)
        return made;
    fprintf(stderr, "%s\n", err ? err : "Extism failed without a word");
    exit(1);
}

static struct plugin *create(const struct compiled *code)
{
    char *err = NULL;
    struct plugin *p = extism.create(code, &err);
    return must(p, err);
}

static void call(struct plugin *p)
{
    if (extism.call(p, "execute", (const uint8_t *)input, strlen(input)) == 0 && extism.output_length(p) == strlen(input) &&
        !memcmp(extism.output_data(p), input, strlen(input)))
        return;
    fputs("the echo answered something else\n", stderr);
    exit(1);
}

static double reused_ns(const struct compiled *code, size_t n)
{
    struct plugin *p = create(code);
    for (size_t i = 0; i < n / 10 + 100; i++)
        call(p);
    uint64_t start = now_ns();
    for (size_t i = 0; i < n; i++)
        call(p);
    double each = (double)(now_ns() - start) / (double)n;
    extism.destroy(p);
    return each;
}

static double fresh_ns(const struct compiled *code)
{
    uint64_t *samples = samples_of(FRESH);
    for (size_t i = 0; i < FRESH; i++) {
        uint64_t start = now_ns();
        struct plugin *p = create(code);
        call(p);
        extism.destroy(p);
        samples[i] = now_ns() - start;
    }
    double middle = percentile(samples, FRESH, 50);
    free(samples);
    return middle;
}

int main(int argc, char **argv)
{
    static uint8_t wasm[1 << 16];
    char *err = NULL;
    if (argc != 4)
        return fputs("usage: extism LIBRARY MODULE CALLS\n", stderr), 2;
    open_library(argv[1]);
    FILE *f = fopen(argv[2], "rb");
    if (!f)
        return perror(argv[2]), 1;
    size_t len = fread(wasm, 1, sizeof wasm, f);
    fclose(f);
    struct compiled *code = extism.compile(wasm, len, NULL, 0, false, &err);
    must(code, err);
    printf("{\"reused_ns\": %.1f, \"fresh_ns\": %.1f}\n", reused_ns(code, count_of(argv[3])), fresh_ns(code));
    return 0;
}
