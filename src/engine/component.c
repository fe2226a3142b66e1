/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/component.h"
#include "engine/carry.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/imports.h"
#include "engine/types.h"
#include "host/host_fn.h"

#include <stdlib.h>
#include <string.h>

#define SKILL_EXECUTE "func(input: string) -> result<string, string>"
#define COMMAND_RUN "func() -> result"

static void type_finish(wasmtime_component_type_t **t)
{
    if (*t)
        wasmtime_component_type_delete(*t);
}

static void item_finish(wasmtime_component_item_t *i) { wasmtime_component_item_delete(i); }

/* What is left of the ceilings for all imports together, or all exports. */
struct budget { size_t items, nodes; };

static int take_items(struct budget *left, size_t n, const char *verb, cordon_error **err)
{
    if (n > left->items)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the component and its interfaces %s more than %d things", verb, COMPONENT_ITEMS_MAX);
    left->items -= n;
    return 0;
}

/* ---- imports ---- */

/* An interface that only names types, as `use k.{t}` in a world imports it: there is nothing to offer. A resource would be something. */
static int only_types(const struct component *c, const wasmtime_component_item_t *item, struct budget *left, bool *ret, cordon_error **err)
{
    *ret = item->kind == WASMTIME_COMPONENT_ITEM_TYPE;
    if (item->kind != WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE)
        return 0;
    const wasmtime_component_instance_type_t *ty = item->of.component_instance;
    size_t n = wasmtime_component_instance_type_export_count(ty, c->engine->wasm);
    int rc = take_items(left, n, "import", err);
    if (rc < 0)
        return rc;
    bool types = true;
    for (size_t i = 0; types && i < n; i++) {
        const char *name;
        size_t len;
        cleanup(item_finish) wasmtime_component_item_t inner = {.kind = WASMTIME_COMPONENT_ITEM_TYPE};
        types = wasmtime_component_instance_type_export_nth(ty, c->engine->wasm, i, &name, &len, &inner) && inner.kind == WASMTIME_COMPONENT_ITEM_TYPE;
    }
    *ret = types;
    return 0;
}

static int read_import(struct component *c, const char *name, size_t len, const wasmtime_component_item_t *item, cordon_error **err)
{
    struct component_import *im = &c->imports[c->n_imports];
    bool waits = false;
    if (len > WIT_NAME_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "an import's name has %zu bytes (ceiling %d)", len, WIT_NAME_MAX);
    const struct own_set *own = c->engine->own;
    const struct host_interface *host = imports_interface(name, len);
    bool is_own = own_set_has_interface(own, name, len), is_host = host != NULL, is_anothers = host == &host_interfaces[HOST_WORLD_BLUFIO] && !c->is_blufio;
    if (is_anothers || (!is_own && !imports_offered(name, len, &im->asks, &waits)))
        return err_set(err, CORDON_E_UNKNOWN_IMPORT, NULL, "the component imports `%.*s`, which Cordon does not offer", (int)len, name);
    if (is_own || is_host) {
        if (item->kind != WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE)
            return err_set(err, CORDON_E_BAD_SIGNATURE, NULL, "the component imports `%.*s` as something other than an interface", (int)len, name);
        const wasmtime_component_instance_type_t *ty = item->of.component_instance;
        int rc = is_own ? own_calls_check(own, name, len, ty, c->engine->wasm, &c->own, &c->n_own, err)
                        : imports_check_host(host, ty, c->engine->wasm, &c->host_asks, err);
        if (rc < 0)
            return rc;
    }
    im->wasi = !is_own && !is_host;
    im->name = strndup(name, len);
    if (!im->name)
        return err_nomem(err);
    c->n_imports++;
    c->waits |= waits;
    return 0;
}

static int read_imports(struct component *c, const wasmtime_component_type_t *ty, cordon_error **err)
{
    struct budget left = {.items = COMPONENT_ITEMS_MAX};
    size_t n = wasmtime_component_type_import_count(ty, c->engine->wasm);
    if (n > COMPONENT_IMPORTS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the component has %zu imports (ceiling %d)", n, COMPONENT_IMPORTS_MAX);
    c->imports = calloc(n ? n : 1, sizeof *c->imports);
    if (!c->imports)
        return err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *name;
        size_t len;
        cleanup(item_finish) wasmtime_component_item_t item = {.kind = WASMTIME_COMPONENT_ITEM_TYPE};
        if (!wasmtime_component_type_import_nth(ty, c->engine->wasm, i, &name, &len, &item))
            return err_set(err, CORDON_E_HOST_BUG, NULL, "the component lost its import %zu", i);
        bool nothing = false;
        int rc = only_types(c, &item, &left, &nothing, err);
        if (rc == 0 && !nothing)
            rc = read_import(c, name, len, &item, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- exports ---- */

static bool is_kind(const struct wit_type *t, enum wit_kind k) { return t && t->kind == k; }
static bool is_bytes(const struct wit_type *t) { return is_kind(t, WIT_LIST) && is_kind(t->elem, WIT_U8); }

static enum shim_shape shape_of(const struct wit_func *f)
{
    if (f->n_params != 1 || !f->result)
        return SHIM_DYNAMIC;
    bool bytes = is_bytes(f->params[0].type);
    if (!bytes && !is_kind(f->params[0].type, WIT_STRING))
        return SHIM_DYNAMIC;
    const struct wit_type *r = f->result;
    if (is_kind(r, WIT_STRING))
        return bytes ? SHIM_BYTES_TO_STRING : SHIM_STRING_TO_STRING;
    if (is_bytes(r))
        return bytes ? SHIM_BYTES_TO_BYTES : SHIM_STRING_TO_BYTES;
    if (!is_kind(r, WIT_RESULT) || !is_kind(r->err, WIT_STRING))
        return SHIM_DYNAMIC;
    if (is_kind(r->elem, WIT_STRING))
        return bytes ? SHIM_BYTES_TO_RESULT : SHIM_STRING_TO_RESULT;
    if (is_bytes(r->elem))
        return bytes ? SHIM_BYTES_TO_BYTES_RESULT : SHIM_STRING_TO_BYTES_RESULT;
    return SHIM_DYNAMIC;
}

static bool has_type(const struct wit_func *f, const char *text)
{
    struct buf b;
    buf_init(&b, 256);
    wit_func_text(&b, f);
    bool same = !b.full && b.data && !strcmp(b.data, text);
    buf_finish(&b);
    return same;
}

static bool starts_with(const char *s, const char *prefix) { return !strncmp(s, prefix, strlen(prefix)); }

static int not_callable(struct component_export *ex, const char *why, cordon_error **err)
{
    ex->why_not = strdup(why);
    return ex->why_not ? 0 : err_nomem(err);
}

/* What toolchains export for themselves, to be called while they build and never after. Named by the first parameter too, since a skill may have an `init`. */
static bool is_toolchains_own(const struct wit_func *f)
{
    static const struct { const char *name, *first_param; } known[] = {
        {"init", "shim"},             /* componentize-qjs */
        {"exports#init", "app-name"}, /* componentize-py */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(f->name, known[i].name) && f->n_params && !strcmp(f->params[0].name, known[i].first_param))
            return true;
    return false;
}

/* Types too large or too deep make one export uncallable, not the component unusable. */
static int read_func(struct component_export *ex, const char *full_name, const wasmtime_component_func_type_t *ty, size_t *nodes, cordon_error **err)
{
    cordon_error *why = NULL;
    if (wasmtime_component_func_type_async(ty)) {
        ex->func.name = strdup(full_name);
        return ex->func.name ? not_callable(ex, "it is an asynchronous function", err) : err_nomem(err);
    }
    if (types_func(ty, full_name, nodes, &ex->func, &why) < 0) {
        ex->func.name = strdup(full_name);
        int rc = ex->func.name ? not_callable(ex, cordon_error_message(why), err) : err_nomem(err);
        cordon_error_free(why);
        return rc;
    }
    if (is_toolchains_own(&ex->func))
        return not_callable(ex, "the toolchain made it for itself", err);
    const char *what;
    if (!wit_func_is_callable(&ex->func, &what)) {
        char text[96];
        snprintf(text, sizeof text, "its type holds a %s, which JSON cannot carry", what);
        return not_callable(ex, text, err);
    }
    ex->shape = shape_of(&ex->func);
    ex->dearness = carry_dearness(ex->func.result);
    ex->is_command = starts_with(full_name, "wasi:cli/run@0.2.") && has_type(&ex->func, COMMAND_RUN);
    return 0;
}

static int add_func(struct component *c, const char *iface, size_t iface_len, const wasmtime_component_export_index_t *iface_index, const char *name,
                    size_t len, const wasmtime_component_func_type_t *ty, struct budget *left, cordon_error **err)
{
    if (c->n_exports == COMPONENT_EXPORTS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the component exports more than %d functions", COMPONENT_EXPORTS_MAX);
    if (len > WIT_NAME_MAX || iface_len > WIT_NAME_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "an export's name has %zu bytes (ceiling %d)", len > iface_len ? len : iface_len, WIT_NAME_MAX);
    char full[2 * WIT_NAME_MAX + 2];
    snprintf(full, sizeof full, "%.*s%s%.*s", (int)iface_len, iface, iface_len ? "#" : "", (int)len, name);
    struct component_export *ex = &c->exports[c->n_exports++];
    int rc = read_func(ex, full, ty, &left->nodes, err);
    if (rc < 0)
        return rc;
    ex->index = wasmtime_component_get_export_index(c->wasm, iface_index, name, len);
    return ex->index ? 0 : err_set(err, CORDON_E_HOST_BUG, NULL, "the component lost its export %s", full);
}

static void index_finish(wasmtime_component_export_index_t **i)
{
    if (*i)
        wasmtime_component_export_index_delete(*i);
}

static int add_instance(struct component *c, const char *iface, size_t iface_len, const wasmtime_component_instance_type_t *ty, struct budget *left, cordon_error **err)
{
    cleanup(index_finish) wasmtime_component_export_index_t *index = wasmtime_component_get_export_index(c->wasm, NULL, iface, iface_len);
    size_t n = wasmtime_component_instance_type_export_count(ty, c->engine->wasm);
    int fits = take_items(left, n, "export", err);
    if (fits < 0)
        return fits;
    for (size_t i = 0; index && i < n; i++) {
        const char *name;
        size_t len;
        cleanup(item_finish) wasmtime_component_item_t item = {.kind = WASMTIME_COMPONENT_ITEM_TYPE};
        if (!wasmtime_component_instance_type_export_nth(ty, c->engine->wasm, i, &name, &len, &item))
            return err_set(err, CORDON_E_HOST_BUG, NULL, "an interface lost its export %zu", i);
        if (item.kind != WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC)
            continue;
        int rc = add_func(c, iface, iface_len, index, name, len, item.of.component_func, left, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_exports(struct component *c, const wasmtime_component_type_t *ty, cordon_error **err)
{
    struct budget left = {.items = COMPONENT_ITEMS_MAX, .nodes = TYPES_NODES_MAX};
    size_t n = wasmtime_component_type_export_count(ty, c->engine->wasm);
    int fits = take_items(&left, n, "export", err);
    if (fits < 0)
        return fits;
    c->exports = calloc(COMPONENT_EXPORTS_MAX, sizeof *c->exports);
    if (!c->exports)
        return err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *name;
        size_t len;
        cleanup(item_finish) wasmtime_component_item_t item = {.kind = WASMTIME_COMPONENT_ITEM_TYPE};
        if (!wasmtime_component_type_export_nth(ty, c->engine->wasm, i, &name, &len, &item))
            return err_set(err, CORDON_E_HOST_BUG, NULL, "the component lost its export %zu", i);
        int rc = 0;
        if (item.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC)
            rc = add_func(c, "", 0, NULL, name, len, item.of.component_func, &left, err);
        else if (item.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE)
            rc = add_instance(c, name, len, item.of.component_instance, &left, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static const struct component_export *find_exact(const struct component *c, const char *name)
{
    for (size_t i = 0; i < c->n_exports; i++)
        if (!strcmp(c->exports[i].func.name, name))
            return &c->exports[i];
    return NULL;
}

static bool imports_host(const struct component *c)
{
    for (size_t i = 0; i < c->n_imports; i++)
        if (!strcmp(c->imports[i].name, HOST_INTERFACE))
            return true;
    return false;
}

/* A component that presents itself as a skill must have the skill's `execute`; any other component may use the name as it likes. */
static int check_world(struct component *c, cordon_error **err)
{
    const struct component_export *ex = find_exact(c, "execute");
    if (!ex)
        return 0;
    c->is_skill_world = !ex->why_not && has_type(&ex->func, SKILL_EXECUTE);
    if (c->is_skill_world || !(imports_host(c) || (find_exact(c, "get-name") && find_exact(c, "get-description"))))
        return 0;
    struct buf text;
    buf_init(&text, 2048);
    wit_func_text(&text, &ex->func);
    int rc = err_set(err, CORDON_E_BAD_SIGNATURE, "execute", "the skill exports execute as `%s`, it must be `" SKILL_EXECUTE "`",
                     ex->why_not || text.full || !text.data ? "another type" : text.data);
    buf_finish(&text);
    return rc;
}

/* ---- load ---- */

static int measure(struct component *c, cordon_error **err)
{
    struct shim_bytes why = {0};
    int rc = shim_component_resources(c->wasm, &c->resources, &why);
    if (rc < 0)
        return engine_shim_error(rc, why, CORDON_E_BAD_ARTIFACT, NULL, "cannot tell what the component needs", err);
    if (c->resources.memories > ENGINE_MEMORIES_MAX || c->resources.tables > ENGINE_TABLES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the component has %u memories and %u tables (ceilings %d and %d)", c->resources.memories,
                       c->resources.tables, ENGINE_MEMORIES_MAX, ENGINE_TABLES_MAX);
    c->need.n[ADMIT_CALLS] = 1;
    c->need.n[ADMIT_MEMORIES] = c->resources.memories;
    c->need.n[ADMIT_TABLES] = c->resources.tables;
    if (!admission_possible(c->engine->admission, &c->need))
        return err_set(err, CORDON_E_NO_RESOURCES, NULL, "one call of the component takes %u memories and %u tables, more than the whole pool has",
                       c->resources.memories, c->resources.tables);
    return 0;
}

static int deserialize(struct component *c, int fd, cordon_error **err)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    wasmtime_error_t *why = wasmtime_component_deserialize_file(c->engine->wasm, path, &c->wasm);
    if (!why)
        return 0;
    struct buf text;
    buf_init(&text, ERR_MESSAGE_MAX);
    engine_error_text(why, &text);
    const char *message = text.data ? text.data : "no reason given";
    /* What does not fit into a sandbox is told by Wasmtime's pool, whose error has no other mark than its words. */
    int rc = strstr(message, "pooling allocator") ? err_set(err, CORDON_E_TOO_LARGE, NULL, "the component needs more than a sandbox has: %s", message)
                                                  : err_set(err, CORDON_E_NO_RESOURCES, NULL, "cannot load compiled code: %s", message);
    buf_finish(&text);
    return rc;
}

static bool imports_wasi(const struct component *c)
{
    for (size_t i = 0; i < c->n_imports; i++)
        if (c->imports[i].wasi)
            return true;
    return false;
}

static int link_once(struct component *c, cordon_error **err)
{
    struct shim_bytes why = {0};
    const wasmtime_component_linker_t *linker;
    int rc = engine_linker(c->engine, imports_wasi(c), &linker, err);
    if (rc < 0)
        return rc;
    rc = shim_pre_new(linker, c->wasm, &c->pre, &why);
    if (rc == 0)
        return 0;
    bool other_type = why.data && strstr((const char *)why.data, "type mismatch");
    return engine_shim_error(rc, why, other_type ? CORDON_E_BAD_SIGNATURE : CORDON_E_UNKNOWN_IMPORT, NULL, "the component cannot be linked", err);
}

int component_load(struct engine *e, int fd, bool blufio, struct component **ret, cordon_error **err)
{
    struct component *c = calloc(1, sizeof *c);
    if (!c)
        return err_nomem(err);
    c->refs = 1;
    c->engine = e;
    c->is_blufio = blufio;
    int rc = deserialize(c, fd, err);
    if (rc == 0) {
        cleanup(type_finish) wasmtime_component_type_t *ty = wasmtime_component_type(c->wasm);
        rc = read_imports(c, ty, err);
        if (rc == 0)
            rc = read_exports(c, ty, err);
    }
    if (rc == 0)
        rc = check_world(c, err);
    if (rc == 0)
        rc = measure(c, err);
    if (rc == 0)
        rc = link_once(c, err);
    if (rc < 0) {
        component_unref(c);
        return rc;
    }
    *ret = c;
    return 0;
}

void component_ref(struct component *c) { atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed); }

void component_unref(struct component *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < c->n_exports; i++) {
        wit_func_finish(&c->exports[i].func);
        free(c->exports[i].why_not);
        if (c->exports[i].index)
            wasmtime_component_export_index_delete(c->exports[i].index);
    }
    for (size_t i = 0; i < c->n_imports; i++)
        free(c->imports[i].name);
    own_calls_finish(c->own, c->n_own);
    free(c->exports);
    free(c->imports);
    free(c->text);
    shim_pre_delete(c->pre);
    if (c->wasm)
        wasmtime_component_delete(c->wasm);
    free(c);
}

/* ---- finding an export ---- */

/* `name` means `full` if it is all of it, or its tail at a boundary: "add" and "add#add" mean "docs:adder/add@0.1.0#add". The version may be left out. */
static bool means(const char *full, const char *name)
{
    if (!strcmp(full, name))
        return true;
    const char *hash = strchr(full, '#');
    if (!hash)
        return false;
    const char *name_hash = strchr(name, '#');
    if (!name_hash)
        return !strcmp(hash + 1, name);
    if (strcmp(hash, name_hash))
        return false;
    size_t iface = (size_t)(hash - full), want = (size_t)(name_hash - name);
    const char *at = memchr(full, '@', iface);
    for (int without_version = 0; without_version < 2; without_version++) {
        size_t end = without_version ? (at ? (size_t)(at - full) : iface) : iface;
        if (want > end || memcmp(full + end - want, name, want))
            continue;
        if (want == end || full[end - want - 1] == '/' || full[end - want - 1] == ':')
            return true;
    }
    return false;
}

static int list_exports(const struct component *c, const char *name, const char *problem, cordon_error **err)
{
    struct buf b;
    buf_init(&b, ERR_MESSAGE_MAX);
    for (size_t i = 0; i < c->n_exports && i < 20; i++) {
        buf_adds(&b, i ? "; " : "");
        buf_adds(&b, c->exports[i].func.name);
        if (!c->exports[i].why_not)
            buf_adds(&b, ": ");
        if (!c->exports[i].why_not)
            wit_func_text(&b, &c->exports[i].func);
    }
    int rc = err_set(err, CORDON_E_NO_SUCH_EXPORT, name, "%s%s%s. The component exports %s", problem, name ? " " : "", name ? name : "",
                     c->n_exports == 0 ? "no function" : b.data ? b.data : "many functions");
    buf_finish(&b);
    return rc;
}

static int usable(const struct component_export *ex, const struct component_export **ret, cordon_error **err)
{
    if (ex->why_not)
        return err_set(err, CORDON_E_NOT_CALLABLE, ex->func.name, "%s cannot be called: %s", ex->func.name, ex->why_not);
    *ret = ex;
    return 0;
}

static int find_named(const struct component *c, const char *name, const struct component_export **ret, cordon_error **err)
{
    const struct component_export *found = find_exact(c, name);
    if (found)
        return usable(found, ret, err);
    for (size_t i = 0; i < c->n_exports; i++) {
        if (!means(c->exports[i].func.name, name))
            continue;
        if (found)
            return list_exports(c, name, "several exports could be meant by", err);
        found = &c->exports[i];
    }
    return found ? usable(found, ret, err) : list_exports(c, name, "there is no export", err);
}

int component_find(const struct component *c, const char *name, const struct component_export **ret, cordon_error **err)
{
    if (name)
        return find_named(c, name, ret, err);
    const struct component_export *execute = find_exact(c, "execute"), *run = find_exact(c, "run"), *only = NULL;
    if (run && c->is_blufio)
        return usable(run, ret, err);
    if (execute && c->is_skill_world)
        return usable(execute, ret, err);
    size_t callable = 0;
    for (size_t i = 0; i < c->n_exports; i++) {
        if (c->exports[i].is_command)
            return usable(&c->exports[i], ret, err);
        if (!c->exports[i].why_not) {
            only = &c->exports[i];
            callable++;
        }
    }
    if (callable == 1)
        return usable(only, ret, err);
    return list_exports(c, NULL, callable ? "say which export to call with --call" : "nothing here can be called", err);
}
