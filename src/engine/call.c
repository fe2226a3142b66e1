/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/call_parts.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/carry.h"
#include "engine/ending.h"
#include "engine/files.h"
#include "engine/values.h"

#include <string.h>

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
        .hooks = call_hooks(c),
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
    struct effects *effects = NULL;
    if (c->spec->powers->roots && (!call_files(c) || !call_effects(c, &effects) || !(c->wasi_files = wasi_files_new(c->spec->powers, c->files, effects))))
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
    if (rc == 0 && effects_step(c->effects) == EFFECTS_REFUSED) {
        call_audit_fail(c); /* files and requests of WASI, which have told the guest that they failed */
        shim_sandbox_drop_work(c->sandbox, c->env.runtime);
        return true;
    }
    if (rc == 0)
        return false;
    if (rc < 0) {
        call_record(c, CORDON_OUTCOME_HOST_BUG, CORDON_LIMIT_WALL_MS);
        outcome_say(&c->outcome, "the engine failed: %s", why.data ? (const char *)why.data : "no reason given");
        shim_bytes_free(why);
    }
    return true;
}

/* Variables that a command or its like finds in its environment are handed over when its sandbox is made. */
static bool is_given_variables(const struct call *c)
{
    static const char environment[] = "wasi:cli/environment@";
    const struct component *comp = c->spec->component;
    for (size_t i = 0; c->spec->powers->n_env && i < comp->n_imports; i++)
        if (!strncmp(comp->imports[i].name, environment, strlen(environment)))
            return true;
    return false;
}

/* True: the sandbox may be made. False: it waits, or is over because of c->error. */
static bool let_begin(struct call *c)
{
    enum effects_step step = call_is_audited(c) && is_given_variables(c) ? call_begin_effect(c, EFFECT_ENV) : EFFECTS_GO;
    if (step == EFFECTS_REFUSED)
        err_set(&c->error, CORDON_E_IO, "audit", "the audit cannot be written (%s), and nothing that has an effect begins without it", effects_why(c->effects));
    return step == EFFECTS_GO;
}

static bool task_poll(struct sched_task *t)
{
    struct call *c = of(t);
    if (c->spec->component->text) {
        c->state = CALL_RUNNING;
        return true;
    }
    if (c->state <= CALL_WAITING) {
        if (!admit(c))
            return false;
        c->state = CALL_ADMITTED;
    }
    if (c->state == CALL_ADMITTED) {
        if (!let_begin(c))
            return c->error;
        c->state = CALL_RUNNING;
        if (open_sandbox(c, &c->error) < 0)
            return true;
    }
    return run(c);
}

static void task_stop(struct sched_task *t, enum sched_stop why)
{
    struct call *c = of(t);
    if (c->state == CALL_WAITING && !c->admitted) {
        if (admission_forget(c->spec->component->engine->admission, &c->waiter)) {
            sched_unref(&c->task); /* the waiter's, which will not be called */
        } else {
            c->admitted = true; /* granted at this very moment: it is given back with the rest */
        }
    }
    if (c->state == CALL_WAITING && why == SCHED_STOP_DEADLINE)
        err_set(&c->error, CORDON_E_BUSY, c->spec->skill, "no sandbox became free for %s within its deadline", c->spec->skill);
    if (c->state == CALL_ADMIT && why == SCHED_STOP_DEADLINE) {
        err_set(&c->error, CORDON_E_BUSY, c->spec->skill, "no thread had time to begin the call of %s within its deadline", c->spec->skill);
        err_hint(&c->error, "Try again, give the call a longer deadline, or the host more workers; without workers, dispatch more often.");
    }
    if (c->state <= CALL_WAITING && why == SCHED_STOP_NO_WORKER)
        err_set(&c->error, CORDON_E_NO_RESOURCES, c->spec->skill, "no thread could be started for the call of %s", c->spec->skill);
    call_record(c, why == SCHED_STOP_DEADLINE ? CORDON_OUTCOME_DEADLINE : CORDON_OUTCOME_CANCELLED, CORDON_LIMIT_WALL_MS);
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

static void tell_audit(const struct call *c, const struct cordon_outcome *o)
{
    const struct call_auditor *a = &c->spec->auditor;
    if (a->ended)
        a->ended(a, c->spec, c->outcome.invocation_id, effects_used(c->effects), o, c->error);
}

static void task_done(struct sched_task *t)
{
    struct call *c = of(t);
    if (c->files)
        atomic_store(&c->files->stop, true); /* of what it left behind on other threads */
    if (c->error) {
        close_sandbox(c);
        c->state = CALL_OVER;
        tell_audit(c, NULL);
        c->done(c, c->data, NULL, take(c->error));
        return;
    }
    call_flush_stderr(c);
    http_out_note(c, &c->http_out, true);
    ending_fill(&(struct ending){
        .outcome = &c->outcome, .spec = c->spec, .sandbox = c->sandbox, .answer = &c->answer, .result = c->result, .reason = c->reason, .limit = c->limit,
        .stop = (enum sched_stop)atomic_load(&c->task.stop), .start_ns = c->start_ns, .cpu_ns = c->task.cpu_ns, .slot = &c->slot,
    });
    call_tell_log(c);
    c->state = CALL_OVER;
    tell_audit(c, &c->outcome);
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
    call_slot_finish(c);
    powers_unref(c->powers);
    cordon_error_free(c->error);
    call_spec_unref(c->spec);
    file_use_unref(c->files);
    wasi_files_unref(c->wasi_files);
    effects_unref(c->effects);
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
    o->version = spec->version;
    buf_init(&o->output, spec->limits.value[CORDON_LIMIT_OUTPUT_BYTES]);
    buf_init(&o->log_text, spec->limits.value[CORDON_LIMIT_LOG_BYTES]);
    buf_init(&c->stderr_line, STDERR_LINE_MAX);
    buf_init(&c->refused, REFUSED_MAX);
    http_out_init(&c->http_out);
    call_slot_init(c);
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
    free(s->version);
    free(s->bot);
    powers_unref(s->powers);
    free(s);
}
