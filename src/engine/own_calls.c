/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/own_calls.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/call.h"
#include "engine/types.h"
#include "engine/values.h"

#include <string.h>

enum { ITEMS_MAX = 256, NODES_MAX = 4096, TEXT_MAX = 8192 };

typedef wasmtime_component_val_t val;

/* ---- at load ---- */

static int add(struct component_own **own, size_t *n_own, const struct own_fn *fn, struct wit_func *type, cordon_error **err)
{
    struct component_own *more = realloc(*own, (*n_own + 1) * sizeof *more);
    if (!more)
        return err_nomem(err);
    *own = more;
    more[(*n_own)++] = (struct component_own){fn, *type};
    *type = (struct wit_func){0};
    return 0;
}

static int check_type(const struct own_fn *fn, const struct wit_func *f, cordon_error **err)
{
    const char *what;
    cleanup(buf_finish) struct buf text;
    buf_init(&text, TEXT_MAX);
    wit_func_text(&text, f);
    if (text.full || !text.data || !own_same_type(text.data, fn->type))
        return err_set(err, CORDON_E_BAD_SIGNATURE, fn->name, "the component imports %s#%s as `%s`, the program offers it as `%s`", fn->interface, fn->name,
                       text.full || !text.data ? "a type too long to show" : text.data, fn->type);
    if (!wit_func_is_callable(f, &what))
        return err_set(err, CORDON_E_NOT_CALLABLE, fn->name, "the type of %s#%s holds a %s, which JSON cannot carry", fn->interface, fn->name, what);
    return 0;
}

static int check_one(const struct own_fn *fn, const wasmtime_component_item_t *item, struct component_own **own, size_t *n_own, cordon_error **err)
{
    cleanup(wit_func_finish) struct wit_func f = {0};
    size_t budget = NODES_MAX;
    int rc = types_func(item->of.component_func, fn->name, &budget, &f, err);
    if (rc == 0)
        rc = check_type(fn, &f, err);
    return rc == 0 ? add(own, n_own, fn, &f, err) : rc;
}

static void item_finish(wasmtime_component_item_t *i) { wasmtime_component_item_delete(i); }

int own_calls_check(const struct own_set *set, const char *interface, size_t len, const wasmtime_component_instance_type_t *ty, const wasm_engine_t *engine,
                    struct component_own **own, size_t *n_own, cordon_error **err)
{
    size_t n = wasmtime_component_instance_type_export_count(ty, engine);
    if (n > ITEMS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the component imports %zu things of %.*s (ceiling %d)", n, (int)len, interface, ITEMS_MAX);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const char *name;
        size_t name_len;
        cleanup(item_finish) wasmtime_component_item_t item = {.kind = WASMTIME_COMPONENT_ITEM_TYPE};
        if (!wasmtime_component_instance_type_export_nth(ty, engine, i, &name, &name_len, &item) || item.kind == WASMTIME_COMPONENT_ITEM_TYPE)
            continue;
        const struct own_fn *fn = item.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC ? own_set_find(set, interface, len, name, name_len) : NULL;
        rc = fn ? check_one(fn, &item, own, n_own, err)
                : err_set(err, CORDON_E_UNKNOWN_IMPORT, NULL, "the component imports %.*s#%.*s, which the program does not offer", (int)len, interface,
                          (int)(name_len > WIT_NAME_MAX ? WIT_NAME_MAX : name_len), name);
    }
    return rc;
}

void own_calls_finish(struct component_own *own, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wit_func_finish(&own[i].type);
    free(own);
}

/* ---- on the guest's fiber ---- */

static const struct component_own *find(const struct component *c, const struct own_fn *fn)
{
    for (size_t i = 0; i < c->n_own; i++)
        if (c->own[i].fn == fn)
            return &c->own[i];
    return NULL;
}

static bool take_value(void *env)
{
    struct host_wait *w = call_host_wait(env);
    if (!w->settled)
        return false;
    if (w->result) {
        *w->result = w->value;
        w->value = (val){.kind = WASMTIME_COMPONENT_BOOL};
    }
    return true;
}

/* Moves the arguments out: they are freed when this returns. */
static bool take_args(struct host_wait *w, val *args, size_t n)
{
    w->args = calloc(n ? n : 1, sizeof *w->args);
    if (!w->args)
        return false;
    for (size_t i = 0; i < n; i++) {
        w->args[i] = args[i];
        args[i] = (val){.kind = WASMTIME_COMPONENT_BOOL};
    }
    w->n_args = n;
    return true;
}

static bool is_granted(const struct call *c, const struct own_fn *fn)
{
    return !fn->capability || grants_find(call_powers(c)->grants, &(struct ask){.kind = ASK_CALL, .name = fn->capability});
}

static void dispatch(void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *ty, val *args, size_t n_args, val *results, size_t n_results,
                     wasmtime_error_t **ret_error, wasmtime_async_continuation_t *ret_continuation)
{
    (void)ty;
    struct call *c = wasmtime_context_get_data(context);
    const struct own_fn *fn = data;
    const struct component_own *own = find(call_component(c), fn);
    struct host_wait *w = call_host_wait(c);
    *ret_continuation = host_wait_none();
    bool fits = own && !w->active && n_args == own->type.n_params && n_results == (own->type.result != NULL);
    if (!fits || !call_count_host_call(c, 0) || !take_args(w, args, n_args)) {
        *ret_error = wasmtime_error_new(fits ? "stopped by the host" : "a host function was called with another type than it was declared with");
        return;
    }
    if (!is_granted(c, fn)) {
        w->denied = fn->capability;
        if (!call_can_ask(c))
            call_denied(c, "call", 4, fn->capability, strlen(fn->capability), denial_text(DENIAL_NOT_GRANTED));
    }
    w->active = true;
    w->own = own;
    w->room = call_room(c);
    w->result = n_results ? &results[0] : NULL;
    *ret_continuation = host_wait_on(c, take_value);
}

/* The functions of one interface, from the i-th on; those before it are defined already. */
static wasmtime_error_t *define_interface(wasmtime_component_linker_t *linker, const struct own_set *set, size_t i)
{
    cleanup(engine_instance_finish) wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(linker);
    cleanup(engine_instance_finish) wasmtime_component_linker_instance_t *instance = NULL;
    const char *interface = set->item[i]->interface;
    wasmtime_error_t *why = wasmtime_component_linker_instance_add_instance(root, interface, strlen(interface), &instance);
    for (; !why && i < set->n; i++)
        if (!strcmp(set->item[i]->interface, interface))
            why = wasmtime_component_linker_instance_add_func_async(instance, set->item[i]->name, strlen(set->item[i]->name), dispatch, set->item[i], NULL);
    return why;
}

static bool is_first_of_its_interface(const struct own_set *set, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (!strcmp(set->item[j]->interface, set->item[i]->interface))
            return false;
    return true;
}

int own_calls_define(wasmtime_component_linker_t *linker, const struct own_set *set, cordon_error **err)
{
    for (size_t i = 0; i < set->n; i++) {
        wasmtime_error_t *why = is_first_of_its_interface(set, i) ? define_interface(linker, set, i) : NULL;
        if (!why)
            continue;
        cleanup(buf_finish) struct buf text;
        buf_init(&text, ERR_MESSAGE_MAX);
        engine_error_text(why, &text);
        return err_set(err, CORDON_E_USAGE, set->item[i]->interface, "%s cannot be offered: %s", set->item[i]->interface, text.data ? text.data : "no reason given");
    }
    return 0;
}

/* ---- on a thread's own stack ---- */

static const struct wit_type *err_text_of(const struct wit_type *result)
{
    return result && result->kind == WIT_RESULT && result->err && result->err->kind == WIT_STRING ? result->err : NULL;
}

/* What went wrong, to the guest where its type has a place for it, else as the end of the call. */
static bool answer_err(struct call *c, struct host_wait *w, const char *text, size_t len)
{
    const struct wit_type *t = w->own->type.result;
    if (!err_text_of(t)) {
        call_fail(c, "%s: %.*s", w->own->fn->name, (int)(len > 1024 ? 1024 : len), text);
        return false;
    }
    val payload = {.kind = WASMTIME_COMPONENT_STRING};
    wasm_byte_vec_new(&payload.of.string, len, text);
    w->value.kind = WASMTIME_COMPONENT_RESULT;
    w->value.of.result.is_ok = false;
    w->value.of.result.val = wasmtime_component_val_new(&payload);
    return true;
}

static int args_as_json(const struct host_wait *w, struct buf *b, cordon_error **err)
{
    const struct wit_func *f = &w->own->type;
    buf_addc(b, '{');
    for (size_t i = 0; i < f->n_params && !b->full; i++) {
        cleanup_free char *text = NULL;
        size_t len = 0;
        int rc = values_to_text(f->params[i].type, &w->args[i], b->max - b->len, &text, &len, err);
        if (rc < 0)
            return rc;
        buf_addf(b, "%s\"%s\":", i ? "," : "", f->params[i].name); /* names of WIT need no escapes */
        buf_add(b, text, len);
    }
    buf_addc(b, '}');
    return b->full ? err_set(err, CORDON_E_TOO_LARGE, f->name, "the arguments of %s are more than the call may still hand to its host", f->name) : 0;
}

static bool make_op(struct call *c, struct host_wait *w)
{
    cordon_error *why = NULL;
    cleanup(buf_finish) struct buf b;
    buf_init(&b, w->room);
    if (args_as_json(w, &b, &why) < 0) {
        call_fail(c, "%s", cordon_error_message(why));
        cordon_error_free(why);
        return false;
    }
    w->op = call_new_op(c, &w->own->fn->fn, &(struct host_str){b.data, b.len}, NULL, w->room);
    if (!w->op)
        call_fail(c, "%s: out of memory", w->own->fn->name);
    return w->op;
}

bool own_call_prepare(struct call *c, struct host_wait *w)
{
    if (w->denied) {
        char text[256];
        int n = snprintf(text, sizeof text, "capability denied: %s not granted for skill '%.128s'", w->denied, call_skill_name(c));
        w->settled = answer_err(c, w, text, n < 0 ? 0 : (size_t)n);
        return w->settled;
    }
    return make_op(c, w);
}

/* The JSON of an answer as a value of `t`. */
static int value_of(const struct wit_type *t, const struct host_answer *a, val *ret, cordon_error **err)
{
    struct wit_member result = {.name = (char *)(uintptr_t)"result", .name_len = 6, .type = (struct wit_type *)(uintptr_t)t};
    const struct wit_func as_argument = {.name = (char *)(uintptr_t)"the answer", .params = &result, .n_params = 1};
    json_t *json = NULL;
    int rc = values_parse_args(a->len ? a->text : "null", a->len ? a->len : 4, &json, err);
    if (rc < 0)
        return rc;
    json_t *list = json_pack("[o]", json);
    rc = list ? values_from_json(&as_argument, list, ret, NULL, err) : err_nomem(err);
    json_decref(list);
    return rc;
}

static bool settle_ok(struct call *c, struct host_wait *w, const struct host_answer *a)
{
    const struct wit_type *t = w->own->type.result;
    const struct wit_type *payload = t && t->kind == WIT_RESULT ? t->elem : t;
    cordon_error *why = NULL;
    val v = {0};
    if (payload && value_of(payload, a, &v, &why) < 0) {
        char text[1200];
        int n = snprintf(text, sizeof text, "the program's answer does not fit: %.1024s", cordon_error_message(why));
        cordon_error_free(why);
        return answer_err(c, w, text, n < 0 ? 0 : (size_t)n);
    }
    if (t && t->kind == WIT_RESULT) {
        w->value.kind = WASMTIME_COMPONENT_RESULT;
        w->value.of.result.is_ok = true;
        w->value.of.result.val = payload ? wasmtime_component_val_new(&v) : NULL;
    } else if (t) {
        w->value = v;
    }
    return true;
}

bool own_call_settle(struct call *c, struct host_wait *w, const struct host_answer *a)
{
    call_count_bytes(c, a->len);
    if (a->kind == HOST_ANSWER_ERR)
        return answer_err(c, w, a->text ? a->text : "", a->len);
    return settle_ok(c, w, a);
}
