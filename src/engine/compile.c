/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/compile.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "code/code.h"
#include "engine/engine.h"
#include "engine/features.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { WIT_TEXT_MAX = 1 << 20 };

/* Bytes that are ours to free if they were made here, or borrowed. */
struct source {
    const uint8_t *bytes;
    size_t len;
    struct shim_bytes made;
    wasm_byte_vec_t text;
    const char *kind;   /* static */
};

static void source_finish(struct source *s)
{
    shim_bytes_free(s->made);
    if (s->text.data)
        wasm_byte_vec_delete(&s->text);
}

/* The proposal that a validation message speaks of, or NULL: "SIMD support is not enabled". */
static const struct feature *feature_in(const char *message)
{
    static const struct { const char *words, *feature; } known[] = {
        {"SIMD support is not enabled", "SIMD"}, {"relaxed SIMD support is not enabled", "RELAXED_SIMD"}, {"threads support is not enabled", "THREADS"},
        {"threads must be enabled", "THREADS"},
        {"multi-memory", "MULTI_MEMORY"}, {"multiple memories", "MULTI_MEMORY"}, {"memory64", "MEMORY64"}, {"exceptions", "EXCEPTIONS"}, {"tag section", "EXCEPTIONS"},
        {"gc support is not enabled", "GC"}, {"gc proposal", "GC"}, {"without the gc feature", "GC"}, {"type which requires gc", "GC_TYPES"}, {"function references", "FUNCTION_REFERENCES"}, {"wide arithmetic", "WIDE_ARITHMETIC"},
        {"stack switching", "STACK_SWITCHING"}, {"custom page sizes", "CUSTOM_PAGE_SIZES"}, {"component model async", "CM_ASYNC"}, {"component model `value`s", "CM_VALUES"}, {"error-context", "CM_ERROR_CONTEXT"},
        {"fixed-length lists", "CM_FIXED_LENGTH_LISTS"}, {"shared-everything", "SHARED_EVERYTHING_THREADS"},
    };
    const struct feature *found = NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (size_t f = 0; strstr(message, known[i].words) && f < n_features; f++)
            if (!strcmp(features[f].name, known[i].feature))
                found = &features[f];
    return found;
}

/* A panic on what a stranger gave is about that, unless the machine had no thread left for the compiler, which was tried just before.
 * (From the helper, `no-resources` means that it came to the bound of its memory.) */
static int gave_up(const char *message, cordon_error **err)
{
    if (strstr(message, "ThreadPoolBuildError"))
        return err_set(err, CORDON_E_IO, NULL, "the compiler's threads could not be started: %s", message);
    return err_set(err, CORDON_E_COMPILE_LIMIT, NULL, "the compiler gave up on the artifact: %s", message);
}

/* Takes `why`. */
static int module_refused(int rc, struct shim_bytes why, enum cordon_errc code, const char *doing, cordon_error **err)
{
    if (rc != -2)
        return engine_shim_error(rc, why, code, NULL, doing, err);
    rc = gave_up(why.data ? (const char *)why.data : "no reason given", err);
    shim_bytes_free(why);
    return rc;
}

/* Takes `why`. */
static int refused(enum cordon_tier tier, int rc, struct shim_bytes why, cordon_error **err)
{
    const char *message = why.data ? (const char *)why.data : "no reason given";
    const struct feature *f = feature_in(message);
    if (rc == -2)
        rc = gave_up(message, err);
    else if (f)
        rc = err_set(err, CORDON_E_UNSUPPORTED_FEATURE, f->what, "the component uses %s, which the %s tier does not have: %s", f->what,
                     cordon_tier_name(tier), message);
    else
        rc = err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "not a valid component: %s", message);
    shim_bytes_free(why);
    return rc;
}

static int from_text(struct source *s, cordon_error **err)
{
    if (s->len > CODE_TEXT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the text has %zu bytes (ceiling %d)", s->len, CODE_TEXT_MAX);
    if (!text_is_utf8((const char *)s->bytes, s->len))
        return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the file is neither WebAssembly nor text (it is not UTF-8)");
    wasmtime_error_t *why = wasmtime_wat2wasm((const char *)s->bytes, s->len, &s->text);
    if (!why) {
        s->bytes = (const uint8_t *)s->text.data;
        s->len = s->text.size;
        return 0;
    }
    struct buf text;
    buf_init(&text, 2 * ERR_MESSAGE_MAX);
    engine_error_text(why, &text);
    int rc = err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the WebAssembly text has an error: %s", text.data ? text.data : "no reason given");
    buf_finish(&text);
    return rc;
}

/* Is there one of that name, in that column? */
static bool has_entry(json_t *list, size_t column, const char *name)
{
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row) {
        const char *s = json_string_value(json_array_get(row, column));
        if (s && !strcmp(s, name))
            return true;
    }
    return false;
}

static bool is_func(json_t *exports, const char *name)
{
    size_t i;
    json_t *row;
    json_array_foreach(exports, i, row) {
        const char *s = json_string_value(json_array_get(row, 0)), *kind = json_string_value(json_array_get(row, 1));
        if (s && kind && !strcmp(s, name) && !strcmp(kind, "func"))
            return true;
    }
    return false;
}

static bool imports_only_wasi(json_t *imports)
{
    size_t i;
    json_t *row;
    json_array_foreach(imports, i, row) {
        const char *module = json_string_value(json_array_get(row, 0));
        if (!module || strcmp(module, "wasi_snapshot_preview1"))
            return false;
    }
    return true;
}

enum core_kind { CORE_OTHER, CORE_COMMAND, CORE_BLUFIO };

/* What a core module is told by what it imports and exports. One of the blufio ABI may do without the ABI's functions, and without any import. */
static int core_kind(const struct source *s, enum core_kind *ret, cordon_error **err)
{
    struct shim_bytes info = {0}, why = {0};
    int rc = shim_wit_core_info(s->bytes, s->len, &info, &why);
    if (rc < 0)
        return module_refused(rc, why, CORDON_E_BAD_ARTIFACT, "not a valid core module", err);
    json_t *j = json_loadb((const char *)info.data, info.len, 0, NULL);
    shim_bytes_free(info);
    json_t *imports = json_object_get(j, "imports"), *exports = json_object_get(j, "exports");
    if (has_entry(imports, 0, "blufio"))
        *ret = CORE_BLUFIO;
    else if (has_entry(exports, 0, "_start"))
        *ret = CORE_COMMAND;
    else
        *ret = is_func(exports, "run") && imports_only_wasi(imports) ? CORE_BLUFIO : CORE_OTHER;
    json_decref(j);
    return 0;
}

/* Takes `why`. */
static int blufio_refused(int rc, struct shim_bytes why, cordon_error **err)
{
    const char *text = why.data ? (const char *)why.data : "";
    enum cordon_errc code = strstr(text, "of another type")                                     ? CORDON_E_BAD_SIGNATURE
                            : strstr(text, "does not exist") || strstr(text, "does not offer") ? CORDON_E_UNKNOWN_IMPORT
                                                                                                : CORDON_E_BAD_ARTIFACT;
    return module_refused(rc, why, code, "not a module of the blufio ABI", err);
}

/* A core module becomes a command if it is one of WASI preview 1, or what the blufio ABI is to us; anything else is refused with what it is. */
static int from_core(struct source *s, cordon_error **err)
{
    struct shim_bytes why = {0};
    enum core_kind kind = CORE_OTHER;
    int rc = core_kind(s, &kind, err);
    if (rc < 0)
        return rc;
    if (kind == CORE_OTHER)
        return err_set(err, CORDON_E_NOT_A_COMPONENT, NULL, "this is a core module, a component is needed: it exports neither `run`, as one of the blufio ABI does, nor `_start`, as a command");
    rc = kind == CORE_BLUFIO ? shim_wit_blufio(s->bytes, s->len, &s->made, &why) : shim_wit_command(s->bytes, s->len, &s->made, &why);
    if (rc < 0)
        return kind == CORE_BLUFIO ? blufio_refused(rc, why, err) : module_refused(rc, why, CORDON_E_NOT_A_COMPONENT, "the core module cannot be made a command", err);
    s->bytes = s->made.data;
    s->len = s->made.len;
    s->kind = kind == CORE_BLUFIO ? "blufio" : "command";
    return 0;
}

static int to_component(struct source *s, cordon_error **err)
{
    int rc = 0;
    if (code_sniff(s->bytes, s->len) == CODE_TEXT)
        rc = from_text(s, err);
    if (rc == 0 && code_sniff(s->bytes, s->len) == CODE_CORE_MODULE)
        rc = from_core(s, err);
    if (rc < 0)
        return rc;
    switch (code_sniff(s->bytes, s->len)) {
    case CODE_COMPONENT: return 0;
    case CODE_EMPTY: return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the file is empty");
    case CODE_PRECOMPILED: return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "this is precompiled native code, which is never accepted from outside");
    default: return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the file is no WebAssembly component, module or text");
    }
}

static void engine_finish(wasm_engine_t **e)
{
    if (*e)
        wasm_engine_delete(*e);
}

static void component_finish(wasmtime_component_t **c)
{
    if (*c)
        wasmtime_component_delete(*c);
}

/* Docs are decoration: a component whose docs cannot be read is as good as one without. */
static json_t *docs_of(const struct source *s)
{
    struct shim_bytes text = {0};
    if (shim_wit_describe(s->bytes, s->len, &text, NULL) < 0)
        return json_object();
    json_t *docs = json_loadb((const char *)text.data, text.len, 0, NULL);
    shim_bytes_free(text);
    return docs ? docs : json_object();
}

/* The printer panics on some valid components, and a component is as good without its text. */
static json_t *wit_of(const struct source *s)
{
    struct shim_bytes text = {0};
    if (shim_wit_print(s->bytes, s->len, &text, NULL) < 0)
        return json_null();
    json_t *wit = text.len <= WIT_TEXT_MAX ? json_stringn((const char *)text.data, text.len) : NULL;
    shim_bytes_free(text);
    return wit ? wit : json_null();
}

static int write_meta(const struct source *s, struct buf *meta, cordon_error **err)
{
    json_t *j = json_pack("{s:s, s:I, s:o, s:o}", "kind", s->kind ? s->kind : "component", "component_bytes", (json_int_t)s->len, "docs", docs_of(s), "wit",
                          wit_of(s));
    cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return text && buf_adds(meta, text) == 0 ? 0 : err_nomem(err);
}

static int serialize(wasmtime_component_t *c, struct buf *code, cordon_error **err)
{
    wasm_byte_vec_t image;
    wasmtime_error_t *why = wasmtime_component_serialize(c, &image);
    if (why) {
        struct buf text;
        buf_init(&text, ERR_MESSAGE_MAX);
        engine_error_text(why, &text);
        int rc = err_set(err, CORDON_E_HOST_BUG, NULL, "the compiled code cannot be written: %s", text.data ? text.data : "no reason given");
        buf_finish(&text);
        return rc;
    }
    int rc = buf_add(code, image.data, image.size) < 0 ? err_set(err, CORDON_E_TOO_LARGE, NULL, "the compiled code has %zu bytes (ceiling %zu)", image.size, code->max) : 0;
    wasm_byte_vec_delete(&image);
    return rc;
}

int compile(enum cordon_tier tier, const uint8_t *bytes, size_t len, struct buf *meta, struct buf *code, cordon_error **err)
{
    cleanup(source_finish) struct source s = {.bytes = bytes, .len = len};
    int rc = to_component(&s, err);
    if (rc < 0)
        return rc;
    cleanup(engine_finish) wasm_engine_t *engine = NULL;
    rc = engine_new_compiler(tier, &engine, err);
    if (rc < 0)
        return rc;
    const char *names[FEATURES_ROOM];
    size_t n_names = features_on(engine_tier(tier), names);
    cleanup(component_finish) wasmtime_component_t *c = NULL;
    struct shim_bytes why = {0};
    rc = shim_component_new(engine, names, n_names, s.bytes, s.len, &c, &why);
    if (rc < 0)
        return refused(tier, rc, why, err);
    rc = serialize(c, code, err);
    return rc < 0 ? rc : write_meta(&s, meta, err);
}
