/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/ending.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/blufio.h"
#include "engine/carry.h"
#include "engine/limit_words.h"
#include "engine/values.h"

#include <stdlib.h>
#include <string.h>

enum { ERR_TEXT_MAX = 2048 };

const char *ending_trap_words(int trap_code)
{
    switch (trap_code) {
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW: return "stack overflow";
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS: return "out-of-bounds memory access";
    case WASMTIME_TRAP_CODE_HEAP_MISALIGNED: return "misaligned memory access";
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS: return "out-of-bounds table access";
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL: return "indirect call to null";
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE: return "indirect call to a function of another type";
    case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW: return "integer overflow";
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO: return "integer division by zero";
    case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER: return "invalid conversion to integer";
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED: return "unreachable code reached";
    case WASMTIME_TRAP_CODE_OUT_OF_FUEL: return "out of fuel";
    case WASMTIME_TRAP_CODE_NULL_REFERENCE: return "null reference";
    case WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE: return "allocation too large";
    case WASMTIME_TRAP_CODE_CANNOT_ENTER_COMPONENT: return "cannot enter component instance";
    case WASMTIME_TRAP_CODE_CANNOT_LEAVE_COMPONENT: return "cannot leave component instance";
    case WASMTIME_TRAP_CODE_INVALID_CHAR: return "invalid character";
    case WASMTIME_TRAP_CODE_STRING_OUT_OF_BOUNDS: return "string out of bounds";
    case WASMTIME_TRAP_CODE_LIST_OUT_OF_BOUNDS: return "list out of bounds";
    case WASMTIME_TRAP_CODE_INVALID_DISCRIMINANT: return "invalid discriminant";
    case WASMTIME_TRAP_CODE_UNALIGNED_POINTER: return "unaligned pointer";
    default: return "trap";
    }
}

/* ---- usage ---- */

/* To make an answer into JSON is work for the call too. */
static void fill_times(const struct ending *e, uint64_t began_ns, uint64_t now_ns)
{
    e->outcome->usage[CORDON_USAGE_WALL_US] = (now_ns - e->start_ns) / 1000;
    e->outcome->usage[CORDON_USAGE_CPU_US] = (e->cpu_ns + now_ns - began_ns) / 1000;
}

static struct shim_usage fill_usage(const struct ending *e)
{
    uint64_t *u = e->outcome->usage;
    const uint64_t *limit = e->spec->limits.value;
    struct shim_usage used = {.fuel_left = limit[CORDON_LIMIT_FUEL]};
    if (e->sandbox)
        used = shim_sandbox_usage(e->sandbox);
    u[CORDON_USAGE_FUEL] = limit[CORDON_LIMIT_FUEL] - used.fuel_left;
    u[CORDON_USAGE_MEMORY_PEAK_BYTES] = e->sandbox ? used.memory_peak_bytes + call_spec_kept_bytes(e->spec) : 0;
    u[CORDON_USAGE_BYTES_IN] = call_spec_input_bytes(e->spec);
    return used;
}

/* ---- how it failed ---- */

static void copy_frames(struct cordon_outcome *o, const wasmtime_error_t *error)
{
    wasm_frame_vec_t trace;
    wasmtime_error_wasm_trace(error, &trace);
    for (size_t i = 0; i < trace.size && o->n_frames < OUTCOME_FRAMES_MAX; i++) {
        const wasm_name_t *func = wasmtime_frame_func_name(trace.data[i]);
        struct buf b;
        buf_init(&b, 8 * OUTCOME_FRAME_BYTES);
        if (func) {
            /* A name from a stranger's name section: UTF-8 by parsing, cut and escaped here. */
            text_escape(&b, func->data, text_cut(func->data, func->size, OUTCOME_FRAME_BYTES), false);
        } else {
            buf_addf(&b, "function %u", wasm_frame_func_index(trace.data[i]));
        }
        char *frame = buf_take(&b, NULL);
        if (frame)
            o->frames[o->n_frames++] = frame;
    }
    wasm_frame_vec_delete(&trace);
}

/* What the guest answered with was no value of its type. Only then is nothing of the guest on the stack any more. */
static bool is_about_the_answer(const struct ending *e, const struct shim_ending *how)
{
    return how->failed && how->trap_code < 0 && e->outcome->n_frames == 0;
}

static void fill_trap(const struct ending *e, const struct shim_ending *how)
{
    struct cordon_outcome *o = e->outcome;
    o->kind = CORDON_OUTCOME_TRAP;
    o->trap = how->trap_code >= 0 ? ending_trap_words(how->trap_code) : is_about_the_answer(e, how) ? "malformed answer" : "host call failed";
    if (how->trap_code >= 0)
        outcome_say(o, "%s trapped: %s", e->spec->skill, o->trap);
    else
        outcome_say(o, "%s was ended: %s", e->spec->skill, how->message.data ? (const char *)how->message.data : "no reason given");
}

/* `limit`: the one it ran into, for the kinds that are about one. */
static void fill_failure(const struct ending *e, enum cordon_outcome_kind kind, enum cordon_limit limit)
{
    struct cordon_outcome *o = e->outcome;
    o->kind = kind;
    if (kind == CORDON_OUTCOME_CANCELLED)
        outcome_say(o, "%s was cancelled", e->spec->skill);
    else
        limit_say(e->outcome, e->spec, limit, NULL);
}

/* An answer that is more than carry_of allows, or a host call with too much. */
static void fill_carried_too_much(const struct ending *e, const struct shim_ending *how)
{
    enum carry_bound bound;
    bool answer = is_about_the_answer(e, how);
    carry_of(e->spec, &bound);
    fill_failure(e, CORDON_OUTCOME_OUTPUT_TOO_LARGE, answer ? CORDON_LIMIT_OUTPUT_BYTES : CORDON_LIMIT_HOST_BYTES);
    if (answer && bound == CARRY_MEMORY)
        limit_say(e->outcome, e->spec, CORDON_LIMIT_MEMORY_BYTES, "answered with more values than its memory has room for");
    else if (answer && bound == CARRY_VALUES)
        outcome_say(e->outcome, "%s answered with more values than any answer may have: the ceiling is %d", e->spec->skill, VALUES_ANSWER_MAX);
}

/* A host function of the program failed, and its type has no place to say so. What went wrong has been said. */
static void fill_host_failure(struct cordon_outcome *o)
{
    o->kind = CORDON_OUTCOME_TRAP;
    o->trap = o->trap ? o->trap : "a host function failed";
}

/* Of several reasons the first recorded wins: a host function's, then a stop's, then the trap itself. */
static void classify(const struct ending *e, const struct shim_usage *used, const struct shim_ending *how)
{
    if (e->reason == CORDON_OUTCOME_TRAP)
        fill_host_failure(e->outcome);
    else if (e->reason != CORDON_OUTCOME_OK)
        fill_failure(e, e->reason, e->limit);
    else if (how->trap_code == WASMTIME_TRAP_CODE_OUT_OF_FUEL)
        fill_failure(e, CORDON_OUTCOME_OUT_OF_FUEL, CORDON_LIMIT_FUEL);
    else if (how->trap_code < 0 && e->stop == SCHED_STOP_DEADLINE)
        fill_failure(e, CORDON_OUTCOME_DEADLINE, CORDON_LIMIT_WALL_MS);
    else if (how->trap_code < 0 && e->stop == SCHED_STOP_CANCEL)
        fill_failure(e, CORDON_OUTCOME_CANCELLED, CORDON_LIMIT_WALL_MS);
    else if (used->refused != SHIM_REFUSED_NOTHING)
        fill_failure(e, CORDON_OUTCOME_OUT_OF_MEMORY, used->refused == SHIM_REFUSED_ELEMENTS ? CORDON_LIMIT_TABLE_ELEMENTS : CORDON_LIMIT_MEMORY_BYTES);
    else if (how->carried_too_much)
        fill_carried_too_much(e, how);
    else
        fill_trap(e, how);
}

/* ---- the answer ---- */

static void say_err(const struct ending *e, const char *text, size_t len)
{
    size_t cut = text_cut(text, len, ERR_TEXT_MAX);
    outcome_say(e->outcome, "skill '%s' returned error: %.*s", e->spec->skill, (int)cut, text);
}

static bool fits(const struct ending *e, size_t len)
{
    if (len <= e->spec->limits.value[CORDON_LIMIT_OUTPUT_BYTES])
        return true;
    fill_failure(e, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_LIMIT_OUTPUT_BYTES);
    return false;
}

static char *json_of(const struct wit_type *t, const wasmtime_component_val_t *v, const struct ending *e, size_t *ret_len)
{
    char *text = NULL;
    cordon_error *err = NULL;
    if (values_to_text(t, v, e->spec->limits.value[CORDON_LIMIT_OUTPUT_BYTES], &text, ret_len, &err) == 0)
        return text;
    if (cordon_error_code(err) == CORDON_E_TOO_LARGE) {
        fill_failure(e, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_LIMIT_OUTPUT_BYTES);
    } else {
        e->outcome->kind = CORDON_OUTCOME_HOST_BUG;
        outcome_say(e->outcome, "%s", cordon_error_message(err));
    }
    cordon_error_free(err);
    return NULL;
}

static char *string_json(const char *text, size_t len)
{
    json_t *s = json_stringn(text, len);
    char *ret = s ? json_dumps(s, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    json_decref(s);
    return ret;
}

static bool shape_gives_bytes(enum shim_shape s)
{
    return s == SHIM_STRING_TO_BYTES || s == SHIM_STRING_TO_BYTES_RESULT || s == SHIM_BYTES_TO_BYTES || s == SHIM_BYTES_TO_BYTES_RESULT;
}

static void put_output(struct cordon_outcome *o, const char *data, size_t len, enum cordon_output_kind kind)
{
    o->output_kind = kind;
    if (len && buf_add(&o->output, data, len) < 0) {
        o->kind = CORDON_OUTCOME_HOST_BUG;
        outcome_say(o, "no memory for the answer");
    }
}

static void fill_fixed(const struct ending *e)
{
    const char *data = (const char *)e->answer->bytes.data;
    size_t len = e->answer->bytes.len;
    if (!fits(e, len))
        return;
    if (e->answer->is_err) {
        e->outcome->kind = CORDON_OUTCOME_ERR;
        e->outcome->err_json = string_json(data, len);
        say_err(e, data, len);
        return;
    }
    put_output(e->outcome, data, len, shape_gives_bytes(e->spec->export->shape) ? CORDON_OUTPUT_BYTES : CORDON_OUTPUT_TEXT);
}

static bool is_bytes(const struct wit_type *t) { return t && t->kind == WIT_LIST && t->elem->kind == WIT_U8; }

static void fill_bytes(const struct ending *e, const wasmtime_component_val_t *v)
{
    const wasmtime_component_vallist_t *list = &v->of.list;
    if (!fits(e, list->size))
        return;
    e->outcome->output_kind = CORDON_OUTPUT_BYTES;
    for (size_t i = 0; i < list->size; i++)
        buf_addc(&e->outcome->output, (char)list->data[i].of.u8);
}

static void fill_dynamic(const struct ending *e)
{
    const struct wit_type *t = e->spec->export->func.result, *payload_t = NULL;
    const wasmtime_component_val_t *payload = NULL;
    bool ok = true;
    size_t len = 0;
    if (!t)
        return;
    if (!values_split_result(t, e->result, &ok, &payload_t, &payload)) {
        e->outcome->kind = CORDON_OUTCOME_HOST_BUG;
        outcome_say(e->outcome, "the engine gave a value that is not of the export's type");
        return;
    }
    if (ok && payload_t && payload_t->kind == WIT_STRING) {
        if (fits(e, payload->of.string.size))
            put_output(e->outcome, payload->of.string.data, payload->of.string.size, CORDON_OUTPUT_TEXT);
        return;
    }
    if (ok && is_bytes(payload_t)) {
        fill_bytes(e, payload);
        return;
    }
    if (ok && !payload_t)
        return;
    char *text = json_of(payload_t, payload, e, &len);
    if (!text)
        return;
    if (ok) {
        put_output(e->outcome, text, len, CORDON_OUTPUT_JSON);
        free(text);
        return;
    }
    e->outcome->kind = CORDON_OUTCOME_ERR;
    e->outcome->err_json = text;
    if (payload_t && payload_t->kind == WIT_STRING)
        say_err(e, payload->of.string.data, payload->of.string.size);
    else
        say_err(e, text, len);
}

/* A command's answer is what it wrote; its exit status decides between ok and err. */
static void fill_command(const struct ending *e, int status)
{
    struct cordon_outcome *o = e->outcome;
    if (status == 0)
        return;
    char text[16];
    snprintf(text, sizeof text, "%d", status);
    o->kind = CORDON_OUTCOME_ERR;
    o->err_json = strdup(text);
    outcome_say(o, "%s exited with status %d", e->spec->skill, status);
}

static void fill_blufio(const struct ending *e)
{
    cleanup(buf_finish) struct buf room;
    struct host_str text = blufio_result(e->outcome, e->slot, &room);
    if (fits(e, text.len))
        put_output(e->outcome, text.data, text.len, CORDON_OUTPUT_TEXT);
}

static void fill_answer(const struct ending *e, const struct shim_ending *how)
{
    const struct component *comp = e->spec->component;
    e->outcome->kind = CORDON_OUTCOME_OK;
    if (comp->text) {
        if (fits(e, comp->text_len))
            put_output(e->outcome, comp->text, comp->text_len, CORDON_OUTPUT_TEXT);
    } else if (comp->is_blufio && !strcmp(e->spec->export->func.name, "run")) {
        fill_blufio(e);
    } else if (e->spec->export->is_command) {
        bool failed = !how->failed && e->result->kind == WASMTIME_COMPONENT_RESULT && !e->result->of.result.is_ok;
        fill_command(e, how->exit_status >= 0 ? how->exit_status : failed);
    } else if (e->spec->export->shape != SHIM_DYNAMIC) {
        fill_fixed(e);
    } else {
        fill_dynamic(e);
    }
}

static void name_stdout(struct cordon_outcome *o)
{
    if (o->output.len && o->output_kind == CORDON_OUTPUT_NONE)
        o->output_kind = text_is_utf8(o->output.data, o->output.len) ? CORDON_OUTPUT_TEXT : CORDON_OUTPUT_BYTES;
}

void ending_fill(const struct ending *e)
{
    struct cordon_outcome *o = e->outcome;
    uint64_t began_ns = clock_now_ns();
    struct shim_ending how = {.trap_code = -1, .exit_status = -1};
    struct shim_usage used = fill_usage(e);
    fill_times(e, began_ns, began_ns); /* for what is said of the wall clock */
    if (e->sandbox)
        how = shim_sandbox_ending(e->sandbox);
    bool exited = how.failed && how.exit_status >= 0 && e->spec->export->is_command;
    bool finished = exited || (!how.failed && e->reason == CORDON_OUTCOME_OK && (e->sandbox || e->spec->component->text));
    /* A typed export may print as well; what it answers is its output then, and what it printed only debugging. */
    if (!e->spec->export->is_command && o->output.len) {
        outcome_log(o, LOG_INFO, o->output.data, o->output.len);
        o->output.len = 0;
    }
    if (how.failed && !exited) {
        wasmtime_error_t *error = shim_sandbox_error(e->sandbox);
        copy_frames(o, error);
        wasmtime_error_delete(error);
    }
    if (finished)
        fill_answer(e, &how);
    else if (e->reason == CORDON_OUTCOME_HOST_BUG)
        o->kind = CORDON_OUTCOME_HOST_BUG;
    else
        classify(e, &used, &how);
    if (e->spec->component->is_blufio)
        blufio_end(o, e->spec, e->slot);
    shim_bytes_free(how.message);
    name_stdout(o);
    o->usage[CORDON_USAGE_FUEL_EXACT] = finished || o->kind == CORDON_OUTCOME_OUT_OF_FUEL;
    o->usage[CORDON_USAGE_BYTES_OUT] = o->output.len;
    fill_times(e, began_ns, clock_now_ns());
}
