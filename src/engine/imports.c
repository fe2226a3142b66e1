/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/imports.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/call.h"
#include "engine/types.h"
#include "host/wasi_names.h"

#include <stdlib.h>
#include <string.h>

enum { TYPE_TEXT_MAX = 4096, DENIED_TEXT_MAX = 512, DENIED_SKILL_MAX = 200, IMPORT_NODES_MAX = 512, IMPORT_ITEMS_MAX = 256 };

typedef wasmtime_component_val_t val;

static wasm_name_t name_of(struct host_str s)
{
    wasm_name_t n;
    wasm_byte_vec_new(&n, s.len, s.data);
    return n;
}

static val string_val(struct host_str s)
{
    return (val){.kind = WASMTIME_COMPONENT_STRING, .of.string = name_of(s)};
}

static val number_val(int32_t n) { return (val){.kind = WASMTIME_COMPONENT_S32, .of.s32 = n}; }

static void set_entry(wasmtime_component_valrecord_entry_t *e, const char *name, struct host_str value)
{
    e->name = name_of((struct host_str){name, strlen(name)});
    e->val = string_val(value);
}

static void return_context(val *ret, const struct host_context *ctx)
{
    ret->kind = WASMTIME_COMPONENT_RECORD;
    wasmtime_component_valrecord_new_uninit(&ret->of.record, 4);
    set_entry(&ret->of.record.data[0], "bot-name", ctx->bot_name);
    set_entry(&ret->of.record.data[1], "bot-slug", ctx->bot_slug);
    set_entry(&ret->of.record.data[2], "skill-name", ctx->skill_name);
    set_entry(&ret->of.record.data[3], "invocation-id", ctx->invocation_id);
}

static void return_err(val *ret, struct host_str text)
{
    val payload = string_val(text);
    ret->kind = WASMTIME_COMPONENT_RESULT;
    ret->of.result.is_ok = false;
    ret->of.result.val = wasmtime_component_val_new(&payload);
}

static void return_denied(val *ret, const struct host_fn *fn, struct call *c)
{
    if (fn->denied == HOST_DENIED_MINUS_ONE) {
        *ret = number_val(-1);
        return;
    }
    if (fn->denied == HOST_DENIED_EMPTY_LIST) {
        ret->kind = WASMTIME_COMPONENT_LIST;
        wasmtime_component_vallist_new_empty(&ret->of.list);
        return;
    }
    char text[DENIED_TEXT_MAX];
    const char *skill = call_skill_name(c);
    int shown = (int)text_cut(skill, strlen(skill), DENIED_SKILL_MAX); /* half a character would be no text for Wasmtime */
    int n = snprintf(text, sizeof text, "capability denied: %s not granted for skill '%.*s'", fn->legacy_name, shown, skill);
    return_err(ret, (struct host_str){text, n < 0 ? 0 : (size_t)n});
}

static void return_list(val *ret, const struct host_answer *a)
{
    ret->kind = WASMTIME_COMPONENT_LIST;
    wasmtime_component_vallist_new_uninit(&ret->of.list, a->n_items);
    for (size_t i = 0; i < a->n_items; i++)
        ret->of.list.data[i] = string_val(a->items[i]);
}

static void return_ok(val *ret, const struct host_answer *a)
{
    val payload = string_val((struct host_str){a->text, a->len});
    ret->kind = WASMTIME_COMPONENT_RESULT;
    ret->of.result.is_ok = true;
    ret->of.result.val = a->kind == HOST_ANSWER_TEXT ? wasmtime_component_val_new(&payload) : NULL;
}

static void return_answer(val *ret, const struct host_fn *fn, const struct host_answer *a, struct call *c)
{
    switch (a->kind) {
    case HOST_ANSWER_NOTHING:
    case HOST_ANSWER_TEXT: return_ok(ret, a); break;
    case HOST_ANSWER_LIST: return_list(ret, a); break;
    case HOST_ANSWER_NUMBER:
        if (a->text)
            host_call_put((struct host_call *)c, fn->slot, (struct host_str){a->text, a->len}); /* without memory the call ends so, whatever it does now */
        *ret = number_val(a->number);
        break;
    case HOST_ANSWER_ERR: return_err(ret, (struct host_str){a->text, a->len}); break;
    case HOST_ANSWER_DENIED:
        call_denied(c, a->capability, strlen(a->capability), a->text ? a->text : "", a->len, denial_text(a->denial));
        return_denied(ret, fn, c);
        break;
    }
}

static void return_said(val *ret, const struct host_fn *fn, const struct host_said *said)
{
    switch (fn->result) {
    case HOST_RETURNS_CONTEXT: return_context(ret, said->context); break;
    case HOST_RETURNS_NUMBER: *ret = number_val(said->number); break;
    case HOST_RETURNS_TEXT: *ret = string_val(said->text); break;
    default: break;
    }
}

/* ---- a call of a guest ---- */

/* What a guest hands to a host function. */
struct handed { struct host_str strings[HOST_ARGS_MAX]; uint32_t numbers[HOST_ARGS_MAX]; size_t bytes; };

/* The values as the descriptor says they are, or false: then the component was linked with another type, which load must have refused. */
static bool read_args(const struct host_fn *fn, const val *args, size_t n_args, size_t n_results, struct handed *ret)
{
    ret->bytes = 0;
    if (n_args != fn->strings + fn->numbers || n_args > HOST_ARGS_MAX || n_results != (fn->result != HOST_RETURNS_NOTHING))
        return false;
    for (size_t i = 0; i < n_args; i++) {
        uint8_t kind = i < fn->strings ? WASMTIME_COMPONENT_STRING : WASMTIME_COMPONENT_U32;
        if (args[i].kind != kind)
            return false;
        if (i < fn->strings) {
            ret->strings[i] = (struct host_str){args[i].of.string.data, args[i].of.string.size};
            ret->bytes += ret->strings[i].len;
        } else {
            ret->numbers[i - fn->strings] = args[i].of.u32;
        }
    }
    return true;
}

static wasmtime_error_t *refused(void) { return wasmtime_error_new("stopped by the host"); }
static wasmtime_error_t *of_other_type(void) { return wasmtime_error_new("a host function was called with another type than it was declared with"); }

/* Of functions that answer at once. */
static wasmtime_error_t *dispatch(void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *ty, val *args, size_t n_args,
                                  val *results, size_t n_results)
{
    (void)ty;
    const struct host_fn *fn = data;
    struct call *c = wasmtime_context_get_data(context);
    struct handed h;
    if (!read_args(fn, args, n_args, n_results, &h))
        return of_other_type();
    if (!fn->part && !call_count_host_call(c, h.bytes))
        return refused();
    struct host_said said = {0};
    if (!fn->body((struct host_call *)c, &(struct host_given){h.strings, h.numbers}, &said))
        return refused();
    return_said(results, fn, &said);
    return NULL;
}

/* On the guest's fiber, each time the call is polled. What the answer has was bounded by what the call had room for, and nothing of it has run since. */
static bool take_answer(void *env)
{
    struct call *c = env;
    struct host_wait *w = call_host_wait(c);
    if (!w->settled)
        return false;
    const struct host_answer *a = host_op_answer(w->op);
    call_count_answer(c, a);
    return_answer(w->result, host_op_fn(w->op), a, c);
    return true;
}

/* Of functions that need a capability: what no grant could serve is denied here, and the rest suspends the guest. This is the one way from a guest to a power. */
static void dispatch_waiting(void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *ty, val *args, size_t n_args, val *results,
                             size_t n_results, wasmtime_error_t **ret_error, wasmtime_async_continuation_t *ret_continuation)
{
    (void)ty;
    const struct host_fn *fn = data;
    struct call *c = wasmtime_context_get_data(context);
    struct handed h;
    *ret_continuation = host_wait_none();
    if (!read_args(fn, args, n_args, n_results, &h)) {
        *ret_error = of_other_type();
        return;
    }
    if (!call_count_host_call(c, h.bytes)) {
        *ret_error = refused();
        return;
    }
    const struct grants *grants = call_powers(c)->grants;
    bool asks = grants_asks_any(grants, fn->ask);
    if (!fn->begin || !asks || !(call_can_ask(c) || grants_any(grants, fn->ask))) {
        struct host_str wanted = h.strings[fn->wanted_arg];
        enum denial why = asks ? DENIAL_NOT_GRANTED : DENIAL_NOT_ASKED;
        call_denied(c, fn->capability, strlen(fn->capability), wanted.data, wanted.len, denial_text(why));
        if (fn->denied == HOST_DENIED_TRAP) {
            call_trap_denied(c, fn, wanted, why);
            *ret_error = refused();
        } else {
            return_denied(&results[0], fn, c);
        }
        return;
    }
    struct host_wait *w = call_host_wait(c);
    if (w->active || !call_keep(c, h.bytes) || !(w->op = call_new_op(c, fn, h.strings, h.numbers, call_room(c)))) {
        *ret_error = refused();
        return;
    }
    w->active = true;
    w->bytes = h.bytes;
    w->result = &results[0];
    *ret_continuation = host_wait_on(c, take_answer);
}

static int linker_error(wasmtime_error_t *why, const char *interface, cordon_error **err)
{
    wasm_name_t text;
    wasmtime_error_message(why, &text);
    int rc = err_set(err, CORDON_E_HOST_BUG, interface, "cannot define the host functions: %.*s", (int)text.size, text.data);
    wasm_byte_vec_delete(&text);
    wasmtime_error_delete(why);
    return rc;
}

static int define(wasmtime_component_linker_t *linker, const struct host_interface *interface, cordon_error **err)
{
    cleanup(engine_instance_finish) wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(linker);
    cleanup(engine_instance_finish) wasmtime_component_linker_instance_t *host = NULL;
    wasmtime_error_t *why = wasmtime_component_linker_instance_add_instance(root, interface->name, strlen(interface->name), &host);
    for (size_t i = 0; !why && i < interface->n; i++) {
        const struct host_fn *fn = interface->fns[i];
        void *data = (void *)(uintptr_t)fn; /* the linker hands it back unchanged, as const again */
        why = fn->body ? wasmtime_component_linker_instance_add_func(host, fn->name, strlen(fn->name), dispatch, data, NULL)
                       : wasmtime_component_linker_instance_add_func_async(host, fn->name, strlen(fn->name), dispatch_waiting, data, NULL);
    }
    return why ? linker_error(why, interface->name, err) : 0;
}

int imports_define(wasmtime_component_linker_t *linker, cordon_error **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < HOST_WORLDS; i++)
        rc = define(linker, &host_interfaces[i], err);
    return rc;
}

const struct host_interface *imports_interface(const char *name, size_t len)
{
    for (size_t i = 0; i < HOST_WORLDS; i++)
        if (strlen(host_interfaces[i].name) == len && !memcmp(host_interfaces[i].name, name, len))
            return &host_interfaces[i];
    return NULL;
}

bool imports_offered(const char *name, size_t len, const char **ret_asks, bool *ret_waits)
{
    *ret_asks = NULL;
    *ret_waits = false;
    if (imports_interface(name, len))
        return true;
    const struct wasi_name *w = wasi_name_find(name, len);
    if (!w)
        return false;
    *ret_asks = w->asks;
    *ret_waits = w->waits;
    return true;
}

static const struct host_fn *find_fn(const struct host_interface *host, const char *name, size_t len)
{
    for (size_t i = 0; i < host->n; i++)
        if (strlen(host->fns[i]->name) == len && !memcmp(host->fns[i]->name, name, len))
            return host->fns[i];
    return NULL;
}

static int check_type(const struct host_interface *host, const struct host_fn *fn, const wasmtime_component_func_type_t *ty, cordon_error **err)
{
    cleanup(wit_func_finish) struct wit_func f = {0};
    size_t budget = IMPORT_NODES_MAX;
    int rc = types_func(ty, fn->name, &budget, &f, err);
    if (rc < 0)
        return rc;
    struct buf text;
    buf_init(&text, TYPE_TEXT_MAX);
    wit_func_text(&text, &f);
    bool same = !text.full && text.data && !strcmp(text.data, fn->type);
    if (!same)
        rc = err_set(err, CORDON_E_BAD_SIGNATURE, fn->name, "the component imports %s#%s as `%s`, it is `%s`", host->name, fn->name,
                     text.data && !text.full ? text.data : "a type too long to show", fn->type);
    buf_finish(&text);
    return rc;
}

static void add_ask(struct import_asks *asks, const char *kind)
{
    if (kind && asks->n < IMPORT_ASKS_MAX)
        asks->kind[asks->n++] = kind;
}

int imports_check_host(const struct host_interface *host, const wasmtime_component_instance_type_t *ty, const wasm_engine_t *engine, struct import_asks *asks, cordon_error **err)
{
    size_t n = wasmtime_component_instance_type_export_count(ty, engine);
    if (n > IMPORT_ITEMS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the component imports %zu things of %s (ceiling %d)", n, host->name, IMPORT_ITEMS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *name;
        size_t len;
        wasmtime_component_item_t item;
        if (!wasmtime_component_instance_type_export_nth(ty, engine, i, &name, &len, &item))
            continue;
        int rc = 0;
        if (item.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC) {
            const struct host_fn *fn = find_fn(host, name, len);
            rc = fn ? check_type(host, fn, item.of.component_func, err)
                    : err_set(err, CORDON_E_UNKNOWN_IMPORT, NULL, "the component imports %s#%.*s, which does not exist", host->name,
                              (int)(len > WIT_NAME_MAX ? WIT_NAME_MAX : len), name);
            if (fn)
                add_ask(asks, fn->capability);
        } else if (item.kind != WASMTIME_COMPONENT_ITEM_TYPE) {
            rc = err_set(err, CORDON_E_BAD_SIGNATURE, NULL, "the component imports %s#%.*s as something other than a function", host->name,
                         (int)(len > WIT_NAME_MAX ? WIT_NAME_MAX : len), name);
        }
        wasmtime_component_item_delete(&item);
        if (rc < 0)
            return rc;
    }
    return 0;
}
