/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/call.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/carry.h"
#include "engine/ending.h"
#include "engine/files.h"
#include "engine/http_out.h"
#include "engine/values.h"
#include "host/question.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum call_state { CALL_ADMIT, CALL_WAITING, CALL_RUNNING, CALL_OVER };

enum { STDERR_LINE_MAX = 4096, ARGS_INLINE = 4, REFUSED_MAX = 16 * 1024 };

struct call {
    struct sched_task task;
    struct shim_wake_target wake;
    struct call_env env;
    struct call_spec *spec;
    struct shim_sandbox *sandbox;
    struct admission_waiter waiter;
    _Atomic bool granted;
    bool admitted, sync;
    enum call_state state;
    enum cordon_outcome_kind reason;        /* the first that a host function recorded; OK for none */
    enum cordon_limit limit;                /* that the reason is about, if it is about one */
    cordon_error *error;                    /* why it never started */
    call_done_fn *done;
    void *data;
    uint64_t start_ns, host_bytes;
    struct host_context context;
    char bot_slug[TEXT_SLUG_MAX + 1];
    struct file_use *files;                 /* a reference; made when first used */
    struct wasi_files *wasi_files;          /* a reference; NULL without folders */
    struct host_wait host_wait;
    struct http_out http_out;
    struct powers *powers;                  /* a reference: what the call may do since the operator was asked; NULL: what its spec says */
    struct buf refused;                     /* the grants that the operator refused, each between newlines */
    struct shim_answer answer;
    wasmtime_component_val_t result[1];
    wasmtime_component_val_t args_inline[ARGS_INLINE];
    wasmtime_component_val_t *args;
    struct cordon_outcome outcome;
    struct buf stderr_line;
    size_t told;                            /* log lines that the listener has heard */
};

#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

/* ---- what the sandbox tells (on the guest's fiber: check, copy, return) ---- */

/* The first reason counts. `limit`: the one it is about, for those that are about one. */
static void record(struct call *c, enum cordon_outcome_kind reason, enum cordon_limit limit)
{
    if (c->reason != CORDON_OUTCOME_OK)
        return;
    c->reason = reason;
    c->limit = limit;
}

static int on_tick(void *data)
{
    struct call *c = data;
    return (int)sched_tick(&c->task);
}

static bool keep(struct call *c, size_t bytes)
{
    if (shim_charge(bytes))
        return true;
    record(c, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_LIMIT_MEMORY_BYTES);
    return false;
}

static int write_stdout(struct call *c, const uint8_t *bytes, size_t len)
{
    size_t max = c->spec->limits.value[CORDON_LIMIT_OUTPUT_BYTES];
    if (len > max - c->outcome.output.len) {
        record(c, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_LIMIT_OUTPUT_BYTES);
        return -1;
    }
    if (!keep(c, len))
        return -1;
    return buf_add(&c->outcome.output, bytes, len);
}

/* What the log has kept since the last time. */
static void tell_log(struct call *c)
{
    const struct call_listener *l = &c->spec->listener;
    const struct cordon_outcome *o = &c->outcome;
    for (; l->tell && c->told < o->n_log; c->told++)
        l->tell(l, o->invocation_id, o->log[c->told].level, o->log_text.data + o->log[c->told].start);
}

static void flush_stderr(struct call *c)
{
    if (c->stderr_line.len)
        outcome_log(&c->outcome, LOG_WARN, c->stderr_line.data, c->stderr_line.len);
    c->stderr_line.len = 0;
    tell_log(c);
}

/* stderr becomes log lines of level warn; a line without an end is cut where the buffer ends. */
static void write_stderr(struct call *c, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            flush_stderr(c);
            continue;
        }
        if (c->stderr_line.len == STDERR_LINE_MAX)
            flush_stderr(c);
        buf_addc(&c->stderr_line, (char)bytes[i]); /* without memory it is lost, as the log would be */
    }
}

static int on_write(void *data, int stream, const uint8_t *bytes, size_t len)
{
    struct call *c = data;
    if (!call_count_host_call(c, stream == 1 ? 0 : len)) /* what is output has a limit of its own */
        return -1;
    if (stream == 1)
        return write_stdout(c, bytes, len);
    write_stderr(c, bytes, len);
    return 0;
}

static void on_denied(void *data, const char *capability, size_t capability_len, const char *wanted, size_t wanted_len, int not_offered)
{
    call_denied(data, capability, capability_len, wanted, wanted_len, not_offered ? "not-offered" : "not-granted");
}

static int on_carried(void *data, uint64_t bytes) { return call_count_host_call(data, bytes) ? 0 : -1; }
static uint64_t on_carry_room(void *data) { return call_carry_left(data); }

const char *call_skill_name(const struct call *c) { return c->spec->skill; }

/* What has been carried by host calls, and by bodies of wasi:http, which others count. */
static uint64_t carried(const struct call *c) { return c->host_bytes + atomic_load_explicit(&c->http_out.bytes, memory_order_relaxed); }

bool call_count_host_call(struct call *c, size_t bytes)
{
    c->outcome.usage[CORDON_USAGE_HOST_CALLS]++;
    c->host_bytes += bytes;
    if (carried(c) <= c->spec->limits.value[CORDON_LIMIT_HOST_BYTES])
        return true;
    record(c, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_LIMIT_HOST_BYTES);
    return false;
}

static struct powers *powers_of(const struct call *c) { return c->powers ? c->powers : c->spec->powers; }
const struct powers *call_powers(const struct call *c) { return powers_of(c); }
struct powers *call_own_powers(const struct call *c) { return powers_of(c); }
struct host_wait *call_host_wait(struct call *c) { return &c->host_wait; }

static void wake_task(void *task) { sched_wake(task); }
static void drop_task(void *task) { sched_unref(task); }

bool call_keep(struct call *c, size_t bytes) { return keep(c, bytes); }

struct http_out *call_http_out(struct call *c) { return &c->http_out; }
uint64_t call_deadline_ns(const struct call *c) { return c->task.deadline_ns; }

size_t call_carry_left(const struct call *c)
{
    uint64_t max = c->spec->limits.value[CORDON_LIMIT_HOST_BYTES], used = carried(c);
    return used < max ? max - used : 0;
}

size_t call_room(const struct call *c)
{
    size_t carry = call_carry_left(c), memory = shim_room();
    return carry < memory ? carry : memory;
}

/* NULL without folders, or without memory. */
static struct file_use *call_files(struct call *c)
{
    if (!c->files && powers_of(c)->roots)
        c->files = file_use_new();
    return c->files;
}

struct host_op *call_new_op(struct call *c, const struct host_fn *fn, const struct host_str *strings, const uint32_t *numbers, size_t room)
{
    sched_ref(&c->task);
    struct host_op *op = host_op_new(&(struct host_op_opts){
        .fn = fn, .powers = powers_of(c), .skill = c->spec->skill, .bot = c->spec->bot, .invocation_id = c->outcome.invocation_id, .tier = c->spec->tier,
        .deadline_ns = c->task.deadline_ns, .room = room, .files = call_files(c), .waker = {wake_task, drop_task, &c->task},
    }, strings, numbers);
    if (op)
        return op;
    sched_unref(&c->task);
    record(c, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_LIMIT_MEMORY_BYTES);
    return NULL;
}

void call_fail(struct call *c, const char *fmt, ...)
{
    char text[OUTCOME_MESSAGE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    record(c, CORDON_OUTCOME_TRAP, CORDON_LIMIT_WALL_MS);
    outcome_say(&c->outcome, "a host function failed: %s", text);
}

const struct component *call_component(const struct call *c) { return c->spec->component; }

void call_count_bytes(struct call *c, size_t bytes) { c->host_bytes += bytes; }

bool call_can_ask(const struct call *c) { return c->spec->asker.ask; }

static bool was_refused(struct call *c, const char *grant)
{
    cleanup(buf_finish) struct buf line;
    buf_init(&line, REFUSED_MAX);
    buf_addf(&line, "\n%s\n", grant);
    return line.full || c->refused.full || (c->refused.data && line.data && strstr(c->refused.data, line.data));
}

struct question *call_ask(struct call *c, const char *capability, const char *wanted, size_t len)
{
    if (!call_can_ask(c))
        return NULL;
    sched_ref(&c->task);
    struct question *q = question_new(capability, wanted, len, c->spec->skill, powers_of(c), (struct host_waker){wake_task, drop_task, &c->task});
    if (!q) {
        sched_unref(&c->task);
        return NULL;
    }
    if (was_refused(c, q->grant)) {
        question_unref(q);
        question_unref(q);
        return NULL;
    }
    sched_hold_deadline(&c->task);
    c->spec->asker.ask(&c->spec->asker, q);
    return q;
}

bool call_hear(struct call *c, struct question *q)
{
    bool yes = question_state(q) == QUESTION_YES;
    sched_resume_deadline(&c->task);
    if (yes) {
        powers_unref(c->powers);
        c->powers = q->powers;
        powers_ref(c->powers);
    } else {
        buf_addf(&c->refused, "\n%s\n", q->grant);
    }
    return yes;
}

static size_t answer_bytes(const struct host_answer *a)
{
    size_t sum = a->len;
    for (size_t i = 0; i < a->n_items; i++)
        sum += a->items[i].len;
    return sum;
}

void call_count_answer(struct call *c, const struct host_answer *a)
{
    size_t bytes = answer_bytes(a);
    c->host_bytes += bytes;
    shim_give_back(c->host_wait.bytes);
    if (shim_charge(bytes)) /* for the peak: it is the guest's own memory from here on */
        shim_give_back(bytes);
}

/* A URL is named without query, fragment and userinfo. */
static struct host_str without_private_parts(struct host_str url, char *room, size_t size)
{
    size_t end = 0;
    while (end < url.len && url.data[end] != '?' && url.data[end] != '#')
        end++;
    size_t scheme = 0;
    while (scheme + 3 <= end && memcmp(url.data + scheme, "://", 3))
        scheme++;
    if (scheme + 3 > end)
        return (struct host_str){url.data, end};
    size_t authority = scheme + 3, slash = authority, host = authority;
    for (; slash < end && url.data[slash] != '/' && url.data[slash] != '\\'; slash++)
        if (url.data[slash] == '@')
            host = slash + 1;
    int n = snprintf(room, size, "%.*s%.*s", (int)authority, url.data, (int)(end - host), url.data + host);
    return (struct host_str){room, n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1};
}

void call_denied(struct call *c, const char *capability, size_t capability_len, const char *wanted, size_t wanted_len, const char *reason)
{
    static const char *const kinds[] = {"net", "read", "write", "secret", "env", "memory", "call", "socket"};
    char room[512];
    struct host_str shown = {wanted, wanted_len < 2048 ? wanted_len : 2048};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i]) != capability_len || memcmp(kinds[i], capability, capability_len))
            continue;
        if (i == 0)
            shown = without_private_parts(shown, room, sizeof room);
        /* What a bot was asked to remember is payload. */
        if (!strcmp(kinds[i], "memory"))
            shown.len = 0;
        outcome_deny(&c->outcome, kinds[i], shown.data, shown.len, reason);
    }
}

const struct host_context *host_call_context(struct host_call *hc)
{
    return &((struct call *)hc)->context;
}

void host_call_log(struct host_call *hc, struct host_str level, struct host_str message)
{
    struct call *c = (struct call *)hc;
    outcome_log(&c->outcome, outcome_log_level(level.data, level.len), message.data, message.len);
    tell_log(c);
}

/* ---- before the guest runs ---- */

static int prepare_args(struct call *c, struct shim_invocation *inv, cordon_error **err)
{
    const struct wit_func *f = &c->spec->export->func;
    inv->results = c->result;
    inv->n_results = f->result ? 1 : 0;
    inv->n_args = f->n_params;
    if (f->n_params > ARGS_INLINE) {
        c->args = calloc(f->n_params, sizeof *c->args);
        if (!c->args)
            return err_nomem(err);
    }
    inv->args = c->args;
    return f->n_params ? values_from_json(f, c->spec->args, c->args, NULL, err) : 0;
}

static void open_sandbox_opts(struct call *c, struct shim_sandbox_opts *o)
{
    const uint64_t *limit = c->spec->limits.value;
    *o = (struct shim_sandbox_opts){
        .hooks = {c, on_tick, on_write, on_denied, on_carried, on_carry_room, http_out_send, http_out_resume, http_out_drop},
        .fuel = limit[CORDON_LIMIT_FUEL],
        .memory_bytes = limit[CORDON_LIMIT_MEMORY_BYTES] - call_spec_kept_bytes(c->spec),
        .table_elements = limit[CORDON_LIMIT_TABLE_ELEMENTS],
        .hostcall_bytes = carry_of(c->spec, NULL),
        .max_handles = ENGINE_HANDLES_MAX,
        .max_instances = ENGINE_CORE_INSTANCES_MAX,
        .max_memories = ENGINE_MEMORIES_MAX,
        .max_tables = ENGINE_TABLES_MAX,
        .wasi = {
            .clock_step_ns = c->spec->component->engine->clock_step_ns,
            .stdin_bytes = c->spec->export->is_command ? (const uint8_t *)c->spec->input : NULL,
            .stdin_len = c->spec->export->is_command ? c->spec->input_len : 0,
            .args = (const char *const *)c->spec->argv,
            .n_args = c->spec->n_argv,
            .env = (const char *const *)c->spec->powers->env, /* pairs of pointers, laid out as the shim reads them */
            .n_env = c->spec->powers->n_env,
            .files = wasi_files_shim(c->wasi_files),
        },
    };
}

static int open_sandbox(struct call *c, cordon_error **err)
{
    struct shim_sandbox_opts opts;
    struct shim_bytes why = {0};
    if (c->spec->powers->roots && (!call_files(c) || !(c->wasi_files = wasi_files_new(c->spec->powers, c->files))))
        return err_nomem(err);
    open_sandbox_opts(c, &opts);
    int rc = shim_sandbox_new(c->spec->component->engine->wasm, &opts, &c->sandbox, &why);
    if (rc < 0)
        return engine_shim_error(rc, why, CORDON_E_NO_RESOURCES, c->spec->skill, "cannot make a sandbox", err);
    struct shim_invocation inv = {
        .pre = c->spec->component->pre,
        .export = c->spec->export->index,
        .shape = c->spec->export->shape,
        .input = (const uint8_t *)c->spec->input,
        .input_len = c->spec->input_len,
        .answer = &c->answer,
    };
    rc = inv.shape == SHIM_DYNAMIC ? prepare_args(c, &inv, err) : 0;
    if (rc == 0)
        shim_sandbox_start(c->sandbox, inv);
    return rc;
}

static void on_granted(struct admission_waiter *w)
{
    struct call *c = container_of(w, struct call, waiter);
    atomic_store(&c->granted, true);
    sched_wake(&c->task);
    sched_unref(&c->task);
}

/* True if a place is reserved; else the call waits and will be woken. */
static bool admit(struct call *c)
{
    struct component *comp = c->spec->component;
    if (c->state == CALL_WAITING)
        return c->admitted = atomic_load(&c->granted);
    if (admission_try(comp->engine->admission, &comp->share, &comp->need))
        return c->admitted = true;
    c->state = CALL_WAITING;
    c->waiter.need = comp->need;
    c->waiter.share = &comp->share;
    c->waiter.granted = on_granted;
    sched_ref(&c->task); /* the waiter's */
    admission_wait(comp->engine->admission, &comp->share, &c->waiter);
    return c->admitted = atomic_load(&c->granted);
}

/* ---- the task ---- */

static struct call *of(struct sched_task *t) { return container_of(t, struct call, task); }

static bool run(struct call *c)
{
    struct shim_bytes why = {0};
    int rc;
    do {
        enum host_wait_step step = host_wait_step(c);
        if (step == HOST_WAIT_PENDING)
            return false;
        if (step == HOST_WAIT_END) {
            shim_sandbox_drop_work(c->sandbox, c->env.runtime);
            return true;
        }
        rc = shim_sandbox_poll(c->sandbox, &c->wake, c->spec->component->waits ? c->env.runtime : NULL, &why);
    } while (rc == 0 && host_wait_is_fresh(&c->host_wait));
    http_out_note(c, &c->http_out, false);
    if (rc == 0)
        return false;
    if (rc < 0) {
        record(c, CORDON_OUTCOME_HOST_BUG, CORDON_LIMIT_WALL_MS);
        outcome_say(&c->outcome, "the engine failed: %s", why.data ? (const char *)why.data : "no reason given");
        shim_bytes_free(why);
    }
    return true;
}

static bool task_poll(struct sched_task *t)
{
    struct call *c = of(t);
    if (c->state <= CALL_WAITING) {
        if (!admit(c))
            return false;
        c->state = CALL_RUNNING;
        if (open_sandbox(c, &c->error) < 0)
            return true;
    }
    return run(c);
}

static void task_stop(struct sched_task *t, enum sched_stop why)
{
    struct call *c = of(t);
    struct admission *a = c->spec->component->engine->admission;
    if (c->state == CALL_WAITING && !c->admitted) {
        if (admission_forget(a, &c->waiter)) {
            sched_unref(&c->task); /* the waiter's, which will not be called */
        } else {
            c->admitted = true; /* granted at this very moment: it is given back with the rest */
        }
    }
    if (c->state <= CALL_WAITING && why == SCHED_STOP_DEADLINE)
        err_set(&c->error, CORDON_E_BUSY, c->spec->skill, "no sandbox became free for %s within its deadline", c->spec->skill);
    if (c->state <= CALL_WAITING && why == SCHED_STOP_NO_WORKER)
        err_set(&c->error, CORDON_E_NO_RESOURCES, c->spec->skill, "no thread could be started for the call of %s", c->spec->skill);
    record(c, why == SCHED_STOP_DEADLINE ? CORDON_OUTCOME_DEADLINE : CORDON_OUTCOME_CANCELLED, CORDON_LIMIT_WALL_MS);
    if (c->sandbox)
        shim_sandbox_drop_work(c->sandbox, c->env.runtime);
}

static void close_sandbox(struct call *c)
{
    if (c->sandbox)
        shim_sandbox_delete(take(c->sandbox), c->env.runtime);
    if (c->admitted) {
        struct component *comp = c->spec->component;
        c->admitted = false;
        admission_release(comp->engine->admission, &comp->share, &comp->need);
    }
}

static bool may_linger(struct call *c)
{
    if (!c->sync || !c->sandbox)
        return false;
    if (atomic_fetch_add(c->env.lingering, 1) < c->env.lingering_max)
        return true;
    atomic_fetch_sub(c->env.lingering, 1);
    return false;
}

static void release_outcome(cordon_outcome *o);

static void task_done(struct sched_task *t)
{
    struct call *c = of(t);
    if (c->files)
        atomic_store(&c->files->stop, true); /* of what it left behind on other threads */
    if (c->error) {
        close_sandbox(c);
        c->state = CALL_OVER;
        c->done(c, c->data, NULL, take(c->error));
        return;
    }
    flush_stderr(c);
    http_out_note(c, &c->http_out, true);
    ending_fill(&(struct ending){
        .outcome = &c->outcome, .spec = c->spec, .sandbox = c->sandbox, .answer = &c->answer, .result = c->result, .reason = c->reason, .limit = c->limit,
        .stop = (enum sched_stop)atomic_load(&c->task.stop), .start_ns = c->start_ns, .cpu_ns = c->task.cpu_ns,
    });
    tell_log(c);
    c->state = CALL_OVER;
    c->outcome.release = release_outcome;
    bool lingers = may_linger(c);
    sched_ref(&c->task); /* the outcome's */
    if (c->sync) {
        if (!lingers)
            close_sandbox(c);
        c->done(c, c->data, &c->outcome, NULL);
        return;
    }
    /* The answer first, then the teardown: the outcome may be freed meanwhile, so the call is held. */
    sched_ref(&c->task);
    c->done(c, c->data, &c->outcome, NULL);
    close_sandbox(c);
    sched_unref(&c->task);
}

static void free_values(struct call *c)
{
    values_finish(c->result, 1);
    if (c->args)
        values_finish(c->args, c->spec->export->func.n_params);
    if (c->args != c->args_inline)
        free(c->args);
}

static void task_release(struct sched_task *t)
{
    struct call *c = of(t);
    close_sandbox(c);
    free_values(c);
    shim_bytes_free(c->answer.bytes);
    outcome_finish(&c->outcome);
    buf_finish(&c->stderr_line);
    buf_finish(&c->refused);
    http_out_finish(&c->http_out);
    powers_unref(c->powers);
    cordon_error_free(c->error);
    call_spec_unref(c->spec);
    file_use_unref(c->files);
    wasi_files_unref(c->wasi_files);
    free(c);
}

static const struct sched_task_ops task_ops = {task_poll, task_stop, task_done, task_release};

static void release_outcome(cordon_outcome *o)
{
    struct call *c = container_of(o, struct call, outcome);
    if (c->sync && c->sandbox)
        atomic_fetch_sub(c->env.lingering, 1);
    if (c->sync)
        close_sandbox(c);
    sched_unref(&c->task);
}

/* ---- wakers: references to the task ---- */

static struct call *of_wake(const struct shim_wake_target *w)
{
    return (struct call *)((uintptr_t)w - offsetof(struct call, wake));
}
static void wake_hold(const struct shim_wake_target *w) { sched_ref(&of_wake(w)->task); }
static void wake_release(const struct shim_wake_target *w) { sched_unref(&of_wake(w)->task); }
static void wake_wake(const struct shim_wake_target *w) { sched_wake(&of_wake(w)->task); }

/* ---- life ---- */

static struct host_str str_of(const char *s) { return s ? (struct host_str){s, strlen(s)} : (struct host_str){"", 0}; }

int call_new(const struct call_env *env, struct call_spec *spec, const char *invocation_id, call_done_fn *done, void *data, struct call **ret,
             cordon_error **err)
{
    struct call *c = calloc(1, sizeof *c);
    if (!c)
        return err_nomem(err);
    uint64_t now = clock_now_ns(), wall = spec->limits.value[CORDON_LIMIT_WALL_MS] * 1000000;
    sched_task_init(&c->task, env->sched, &task_ops, now + wall);
    c->wake = (struct shim_wake_target){wake_hold, wake_release, wake_wake};
    c->env = *env;
    c->spec = spec;
    call_spec_ref(spec);
    c->done = done;
    c->data = data;
    c->start_ns = now;
    c->args = c->args_inline;
    c->result[0].kind = WASMTIME_COMPONENT_BOOL;
    struct cordon_outcome *o = &c->outcome;
    o->limits = &spec->limits;
    o->skill = spec->skill;
    o->tier = spec->tier;
    buf_init(&o->output, spec->limits.value[CORDON_LIMIT_OUTPUT_BYTES]);
    buf_init(&o->log_text, spec->limits.value[CORDON_LIMIT_LOG_BYTES]);
    buf_init(&c->stderr_line, STDERR_LINE_MAX);
    buf_init(&c->refused, REFUSED_MAX);
    http_out_init(&c->http_out);
    memcpy(o->invocation_id, invocation_id, sizeof o->invocation_id);
    text_slug(spec->bot ? spec->bot : "", str_of(spec->bot).len, c->bot_slug);
    c->context = (struct host_context){str_of(spec->bot), str_of(c->bot_slug), str_of(spec->skill), str_of(o->invocation_id)};
    *ret = c;
    return 0;
}

void call_start(struct call *c) { sched_submit(&c->task); }

void call_run(struct call *c)
{
    c->sync = true;
    sched_run_here(&c->task);
}

void call_cancel(struct call *c) { sched_cancel(&c->task); }

void call_ref(struct call *c) { sched_ref(&c->task); }

void call_unref(struct call *c)
{
    if (c)
        sched_unref(&c->task);
}

size_t call_spec_input_bytes(const struct call_spec *s) { return s->input_len + s->argv_bytes; }

size_t call_spec_kept_bytes(const struct call_spec *s)
{
    size_t limit = s->limits.value[CORDON_LIMIT_MEMORY_BYTES], kept = call_spec_input_bytes(s) + s->args_bytes;
    return kept < limit ? kept : limit;
}

void call_spec_ref(struct call_spec *s) { atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); }

void call_spec_unref(struct call_spec *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    component_unref(s->component);
    json_decref(s->args);
    for (size_t i = 0; i < s->n_argv; i++)
        free(s->argv[i]);
    free(s->argv);
    free(s->input);
    free(s->skill);
    free(s->bot);
    powers_unref(s->powers);
    free(s);
}
