/* SPDX-License-Identifier: Apache-2.0
 * Requests: what is called, with what, within which limits. A spec that a running call holds is copied before it is changed. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/installed.h"
#include "cordon/request_blufio.h"
#include "engine/values.h"

#include <sodium.h>
#include <string.h>

enum { ARGV_MAX = 1024, ARG_BYTES_MAX = 128 * 1024, BOT_BYTES_MAX = 256 };

/* ---- the spec behind a request ---- */

static char *dup_bytes(const char *p, size_t len)
{
    char *copy = p ? malloc(len + 1) : NULL;
    if (copy) {
        memcpy(copy, p, len);
        copy[len] = '\0';
    }
    return copy;
}

struct call_spec *request_spec_copy(const struct call_spec *from)
{
    struct call_spec *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->refs = 1;
    s->component = from->component;
    component_ref(s->component);
    s->export = from->export;
    s->limits = from->limits;
    s->asker = from->asker;
    s->listener = from->listener;
    s->auditor = from->auditor;
    s->digest.of_args = from->digest.of_args;
    memcpy(s->digest.args, from->digest.args, sizeof s->digest.args);
    s->version = from->version ? strdup(from->version) : NULL;
    s->installed = from->installed;
    memcpy(s->ceiling, from->ceiling, sizeof s->ceiling);
    s->tier = from->tier;
    s->skill = strdup(from->skill);
    s->bot = from->bot ? strdup(from->bot) : NULL;
    s->powers = from->powers ? powers_copy(from->powers) : powers_new();
    s->args = json_deep_copy(from->args); /* jansson counts references, but not for two threads that let go at once */
    s->input = dup_bytes(from->input, from->input_len);
    s->input_len = from->input_len;
    s->argv_bytes = from->argv_bytes;
    s->args_bytes = from->args_bytes;
    s->argv = calloc(from->n_argv + 1, sizeof *s->argv);
    bool whole = s->skill && s->powers && s->argv && (s->bot || !from->bot) && (s->version || !from->version) && (s->input || !from->input) && (s->args || !from->args);
    for (size_t i = 0; whole && i < from->n_argv; i++, s->n_argv++)
        whole = (s->argv[i] = strdup(from->argv[i])) != NULL;
    if (whole)
        return s;
    call_spec_unref(s);
    return NULL;
}

int request_writable(cordon_request *r, cordon_error **err)
{
    if (atomic_load_explicit(&r->spec->refs, memory_order_acquire) == 1)
        return 0;
    struct call_spec *own = request_spec_copy(r->spec);
    if (!own)
        return err_nomem(err);
    call_spec_unref(r->spec);
    r->spec = own;
    return 0;
}

static void default_limits(const cordon_skill *skill, struct limit_set *set)
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        const struct skill_limit limit = skill_limit(skill, (enum cordon_limit)l);
        set->value[l] = limit.value;
        set->origin[l] = limit.origin;
    }
}

/* `said`: what the registry says of the calls of an installed one; NULL: an artifact. */
static int first_spec(cordon_skill *skill, const struct said *said, const struct component_export *ex, struct call_spec **ret, cordon_error **err)
{
    char *argv0 = skill->name;
    struct call_spec from = {.component = skill->component, .export = ex, .tier = skill->tier, .skill = skill->name, .argv = &argv0, .n_argv = 1,
                             .auditor = audit_of(skill->host)};
    default_limits(skill, &from.limits);
    from.version = skill->manifest ? skill->manifest->version : NULL;
    if (said) {
        from.limits = said->limits;
        from.version = said->version;
        from.installed = true;
        from.powers = said->powers;
    }
    memcpy(from.ceiling, skill->host->opts.ceiling[skill->tier], sizeof from.ceiling);
    struct gateway_scope *net;
    int rc = skill_net(skill, &net, err);
    if (rc < 0)
        return rc;
    struct call_spec *s = request_spec_copy(&from);
    if (!s)
        return err_nomem(err);
    pool_share_ref(s->powers->io = skill->io);
    if ((s->powers->net = net))
        gateway_scope_ref(net);
    rc = skill->manifest && !said ? grants_narrow(&s->powers->grants, skill->manifest->asks, err) : 0;
    if (rc < 0) {
        call_spec_unref(s);
        return rc;
    }
    *ret = s;
    return 0;
}

static int new_request(cordon_skill *skill, const struct said *said, const char *export_name, cordon_request **ret, cordon_error **err)
{
    const struct component_export *ex;
    const char *usual = skill->manifest ? skill->manifest->export_name : NULL;
    int rc = component_find(skill->component, export_name ? export_name : usual, &ex, err);
    if (rc < 0)
        return rc;
    cordon_request *r = calloc(1, sizeof *r);
    if (!r)
        return err_nomem(err);
    rc = first_spec(skill, said, ex, &r->spec, err);
    if (rc < 0) {
        free(r);
        return rc;
    }
    r->skill = skill;
    skill_ref(skill);
    *ret = r;
    return 0;
}

static int new_of_installed(cordon_skill *front, const char *export_name, cordon_request **ret, cordon_error **err)
{
    cleanup(in_force_finish) struct in_force f = {0};
    int rc = installed_now(front, &f, err);
    if (rc < 0 || (rc = new_request(f.skill, f.said, export_name ? export_name : f.said->export_name, ret, err)) < 0)
        return rc;
    skill_ref((*ret)->front = front);
    said_ref((*ret)->said = f.said);
    (*ret)->gen = f.gen;
    return 0;
}

int cordon_request_new(cordon_skill *skill, const char *export_name, cordon_request **ret, cordon_error **err)
{
    err_wanted(err);
    return skill->installed ? new_of_installed(skill, export_name, ret, err) : new_request(skill, NULL, export_name, ret, err);
}

void cordon_request_free(cordon_request *r)
{
    if (!r)
        return;
    call_spec_unref(r->spec);
    cordon_skill_free(r->skill);
    cordon_skill_free(r->front);
    said_unref(r->said);
    powers_unref(r->own);
    free(r);
}

const char *cordon_request_export(const cordon_request *r) { return r->spec->export->func.name; }

/* ---- arguments and input ---- */

static void set_input(struct call_spec *s, char *bytes, size_t len)
{
    free(s->input);
    s->input = bytes;
    s->input_len = len;
    s->args_bytes = 0;
    audit_forget_input(s);
}

static bool takes_string(const struct call_spec *s)
{
    const struct wit_func *f = &s->export->func;
    return f->n_params == 1 && f->params[0].type->kind == WIT_STRING;
}

static bool takes_bytes(const struct call_spec *s)
{
    const struct wit_func *f = &s->export->func;
    return f->n_params == 1 && f->params[0].type->kind == WIT_LIST && f->params[0].type->elem->kind == WIT_U8;
}

/* A fixed-shape export is called with its bytes, not with a value. */
static int input_of_value(struct call_spec *s, const wasmtime_component_val_t *v, cordon_error **err)
{
    if (v->kind == WASMTIME_COMPONENT_STRING) {
        char *copy = dup_bytes(v->of.string.size ? v->of.string.data : "", v->of.string.size);
        if (!copy)
            return err_nomem(err);
        set_input(s, copy, v->of.string.size);
        return 0;
    }
    char *bytes = malloc(v->of.list.size + 1);
    if (!bytes)
        return err_nomem(err);
    for (size_t i = 0; i < v->of.list.size; i++)
        bytes[i] = (char)v->of.list.data[i].of.u8;
    set_input(s, bytes, v->of.list.size);
    return 0;
}

/* A skill of the blufio ABI reads its input as JSON, and has no parameters. */
static bool takes_json(const struct call_spec *s) { return s->component->is_blufio && s->export->func.n_params == 0; }

static int set_json(cordon_request *r, int (*read)(const char *, size_t, char **, size_t *, cordon_error **), const char *text, size_t len, cordon_error **err)
{
    char *json;
    size_t json_len;
    int rc = request_writable(r, err);
    if (rc == 0)
        rc = read(text, len, &json, &json_len, err);
    if (rc == 0)
        set_input(r->spec, json, json_len);
    return rc;
}

/* Tries the arguments against the types now, so that a mistake is told here and not when the call runs. *ret_bytes: see values_from_json. */
static int check_args(struct call_spec *s, const json_t *args, size_t *ret_bytes, cordon_error **err)
{
    size_t n = s->export->func.n_params;
    cleanup_free wasmtime_component_val_t *vals = calloc(n ? n : 1, sizeof *vals);
    if (!vals)
        return err_nomem(err);
    int rc = values_from_json(&s->export->func, args, vals, ret_bytes, err);
    if (rc < 0)
        return rc;
    if (s->export->shape != SHIM_DYNAMIC)
        rc = input_of_value(s, &vals[0], err);
    values_finish(vals, n);
    return rc;
}

int cordon_request_set_args(cordon_request *r, const char *json, size_t len, cordon_error **err)
{
    err_wanted(err);
    if (r->spec->export->is_command)
        return err_set(err, CORDON_E_BAD_ARGS, "args", "%s is a command: it takes input and arguments after --, not JSON", r->spec->skill);
    uint64_t max = r->skill->host->opts.ceiling[r->skill->tier][CORDON_LIMIT_INPUT_BYTES];
    if (len > max)
        return err_set(err, CORDON_E_TOO_LARGE, "args", "the arguments have %zu bytes (ceiling %llu)", len, (unsigned long long)max);
    if (takes_json(r->spec))
        return set_json(r, blufio_args, json, len, err);
    json_t *args = NULL;
    size_t bytes = 0;
    int rc = request_writable(r, err);
    if (rc == 0)
        rc = values_parse_args(json, len, &args, err);
    if (rc == 0)
        rc = check_args(r->spec, args, &bytes, err);
    if (rc < 0) {
        json_decref(args);
        return rc;
    }
    json_decref(r->spec->args);
    r->spec->args = args;
    if (r->spec->export->shape == SHIM_DYNAMIC) {
        set_input(r->spec, NULL, len);
        r->spec->args_bytes = bytes;
    }
    audit_note_args(r->spec, json, len);
    return 0;
}

/* The one parameter as JSON, for exports whose result is no plain text. */
static json_t *args_of_input(const struct call_spec *s, const char *input, size_t len)
{
    if (takes_string(s))
        return json_pack("[s%]", input, len);
    size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    cleanup_free char *text = malloc(room);
    if (!text)
        return NULL;
    sodium_bin2base64(text, room, (const unsigned char *)input, len, sodium_base64_VARIANT_ORIGINAL);
    return json_pack("[s]", text);
}

static int check_input(const struct call_spec *s, const char *input, size_t len, cordon_error **err)
{
    if (!s->export->is_command && !takes_string(s) && !takes_bytes(s))
        return err_set(err, CORDON_E_BAD_ARGS, "input", "%s does not take one text or byte list, so input has no place to go: give its arguments as JSON with --args",
                       s->export->func.name);
    if (takes_string(s) && !text_is_utf8(input, len))
        return err_set(err, CORDON_E_BAD_ARGS, "input", "%s takes text, and the input is not UTF-8", s->export->func.name);
    return 0;
}

int cordon_request_set_input(cordon_request *r, const void *input, size_t len, cordon_error **err)
{
    err_wanted(err);
    uint64_t max = r->skill->host->opts.ceiling[r->skill->tier][CORDON_LIMIT_INPUT_BYTES];
    if (len > max)
        return err_set(err, CORDON_E_TOO_LARGE, "input", "the input has %zu bytes (ceiling %llu)", len, (unsigned long long)max);
    if (takes_json(r->spec))
        return set_json(r, blufio_input, input, len, err);
    int rc = check_input(r->spec, input, len, err);
    if (rc == 0)
        rc = request_writable(r, err);
    if (rc < 0)
        return rc;
    json_t *args = NULL;
    size_t bytes = 0;
    if (!r->spec->export->is_command && r->spec->export->shape == SHIM_DYNAMIC) {
        if (!(args = args_of_input(r->spec, input, len)))
            return err_nomem(err);
        rc = check_args(r->spec, args, &bytes, err);
    }
    char *copy = rc < 0 ? NULL : dup_bytes(len ? input : "", len);
    if (!copy) {
        json_decref(args);
        return rc < 0 ? rc : err_nomem(err);
    }
    json_decref(r->spec->args);
    r->spec->args = args;
    set_input(r->spec, copy, len);
    r->spec->args_bytes = bytes;
    return 0;
}

int cordon_request_add_arg(cordon_request *r, const char *arg, cordon_error **err)
{
    err_wanted(err);
    if (!r->spec->export->is_command)
        return err_set(err, CORDON_E_BAD_ARGS, arg, "%s is no command, so it takes no arguments after --", r->spec->export->func.name);
    if (!text_is_utf8(arg, strlen(arg)))
        return err_set(err, CORDON_E_BAD_ARGS, arg, "an argument is not UTF-8");
    size_t len = strlen(arg);
    if (r->spec->n_argv >= ARGV_MAX || len > ARG_BYTES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "arguments", "at most %d arguments of at most %d bytes each", ARGV_MAX, ARG_BYTES_MAX);
    uint64_t max = r->skill->host->opts.ceiling[r->skill->tier][CORDON_LIMIT_INPUT_BYTES];
    if (len > max || r->spec->argv_bytes > max - len)
        return err_set(err, CORDON_E_TOO_LARGE, "arguments", "the arguments have more bytes than input may have (ceiling %llu)", (unsigned long long)max);
    int rc = request_writable(r, err);
    if (rc < 0)
        return rc;
    struct call_spec *s = r->spec;
    char **more = realloc(s->argv, (s->n_argv + 2) * sizeof *more);
    if (!more)
        return err_nomem(err);
    s->argv = more;
    char *copy = strdup(arg);
    if (!copy)
        return err_nomem(err);
    s->argv[s->n_argv++] = copy;
    s->argv_bytes += len;
    s->digest.state = 0;
    return 0;
}

int host_check_limit(const cordon_host *h, enum cordon_tier tier, enum cordon_limit limit, uint64_t value, cordon_error **err)
{
    uint64_t ceiling = h->opts.ceiling[tier][limit];
    const char *name = cordon_limit_name(limit);
    if (value == 0)
        return err_set(err, CORDON_E_BAD_LIMIT, name, "%s must be above zero", name);
    if (value > ceiling) {
        char text[64];
        cordon_limit_format(limit, ceiling, text, sizeof text);
        return err_set(err, CORDON_E_BAD_LIMIT, name, "%s is above the ceiling of the %s tier, which is %s", name, cordon_tier_name(tier), text);
    }
    return 0;
}

int cordon_request_set_limit(cordon_request *r, enum cordon_limit limit, uint64_t value, const char *origin, cordon_error **err)
{
    err_wanted(err);
    if ((unsigned)limit >= CORDON_LIMIT_COUNT)
        return err_set(err, CORDON_E_USAGE, NULL, "there is no limit %d", (int)limit);
    int rc = host_check_limit(r->skill->host, r->skill->tier, limit, value, err);
    if (rc == 0)
        rc = request_writable(r, err);
    if (rc < 0)
        return rc;
    r->spec->limits.value[limit] = value;
    r->spec->limits.origin[limit] = origin ? origin : "request";
    r->limited[limit] = true;
    return 0;
}

int cordon_request_set_bot(cordon_request *r, const char *name, cordon_error **err)
{
    err_wanted(err);
    if (strlen(name) > BOT_BYTES_MAX || !text_is_utf8(name, strlen(name)))
        return err_set(err, CORDON_E_USAGE, "bot", "a bot's name is UTF-8 of at most %d bytes", BOT_BYTES_MAX);
    int rc = request_writable(r, err);
    if (rc < 0)
        return rc;
    char *copy = strdup(name);
    if (!copy)
        return err_nomem(err);
    free(r->spec->bot);
    r->spec->bot = copy;
    return 0;
}

int request_spec_check(struct call_spec *s, cordon_error **err)
{
    size_t bytes = 0;
    int rc = s->args ? check_args(s, s->args, &bytes, err) : s->input ? check_input(s, s->input, s->input_len, err) : 0;
    if (rc == 0 && s->args && s->export->shape == SHIM_DYNAMIC)
        s->args_bytes = bytes;
    return rc;
}

/* ---- running ---- */

static int check_ready(const cordon_request *r, cordon_error **err)
{
    const struct call_spec *s = r->spec;
    uint64_t max = s->limits.value[CORDON_LIMIT_INPUT_BYTES], memory = s->limits.value[CORDON_LIMIT_MEMORY_BYTES];
    size_t len = call_spec_input_bytes(s);
    if (len > max)
        return err_set(err, CORDON_E_TOO_LARGE, "input", "the input has %zu bytes, the limit is %llu (%s)", len, (unsigned long long)max,
                       s->limits.origin[CORDON_LIMIT_INPUT_BYTES]);
    if (call_spec_kept_bytes(s) >= memory) {
        char text[64];
        cordon_limit_format(CORDON_LIMIT_MEMORY_BYTES, memory, text, sizeof text);
        return err_set(err, CORDON_E_TOO_LARGE, "input", "the arguments alone take more memory than the call may have, which is %s (%s)", text,
                       s->limits.origin[CORDON_LIMIT_MEMORY_BYTES]);
    }
    bool has_input = s->args || s->input || s->export->func.n_params == 0;
    /* A skill may be asked nothing. */
    if (has_input || (r->skill->component->is_skill_world && !strcmp(s->export->func.name, "execute")))
        return 0;
    if (s->export->shape != SHIM_DYNAMIC)
        return err_set(err, CORDON_E_BAD_ARGS, s->export->func.params[0].name, "%s needs its argument `%s`", s->export->func.name, s->export->func.params[0].name);
    cordon_error *why = NULL;
    cleanup_free wasmtime_component_val_t *vals = calloc(s->export->func.n_params, sizeof *vals);
    if (!vals)
        return err_nomem(err);
    int rc = values_from_json(&s->export->func, NULL, vals, NULL, &why);
    if (rc == 0)
        values_finish(vals, s->export->func.n_params);
    if (rc < 0 && err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}

static int new_call(cordon_request *r, call_done_fn *done, void *data, struct call **ret, cordon_error **err)
{
    struct call_env env;
    char id[ID_TEXT];
    struct timespec now;
    cordon_host *h = r->skill->host;
    int rc = request_follow(r, err);
    if (rc == 0)
        rc = check_ready(r, err);
    if (rc == 0 && h->opts.audit)
        rc = audit_admit(h, r->spec->skill, r->spec->powers, err);
    if (rc == 0 && r->skill->component->waits && !atomic_load_explicit(&h->runtime, memory_order_acquire))
        rc = host_runtime(h, err);
    if (rc < 0)
        return rc;
    clock_gettime(CLOCK_REALTIME, &now);
    id_next(&h->ids, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, id);
    host_env(h, &env);
    return call_new(&env, r->spec, id, done, data, ret, err);
}

struct sync_end { cordon_outcome *outcome; cordon_error *err; };

static void on_sync_done(struct call *c, void *data, struct cordon_outcome *outcome, cordon_error *err)
{
    (void)c;
    *(struct sync_end *)data = (struct sync_end){outcome, err};
}

int cordon_request_run(cordon_request *r, cordon_outcome **ret, cordon_error **err)
{
    err_wanted(err);
    cordon_host *h = r->skill->host;
    struct sync_end end = {0};
    struct call *c;
    if (sched_is_inside(h->sched))
        return err_set(err, CORDON_E_WOULD_DEADLOCK, r->spec->skill, "a synchronous call of %s from inside a call or a completion of the same host would wait for itself", r->spec->skill);
    int rc = new_call(r, on_sync_done, &end, &c, err);
    if (rc < 0)
        return rc;
    atomic_fetch_add_explicit(&h->calls_started, 1, memory_order_relaxed);
    call_run(c);
    atomic_fetch_add_explicit(&h->calls_ended, 1, memory_order_relaxed);
    call_unref(c);
    if (end.outcome) {
        *ret = end.outcome;
        return 0;
    }
    *err = end.err;
    return -(int)cordon_error_code(end.err);
}

/* ---- asynchronously ---- */

static void handle_unref(struct cordon_call *c)
{
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    call_unref(c->call);
    cordon_outcome_free(c->outcome);
    cordon_error_free(c->err);
    free(c);
}

static void on_async_done(struct call *call, void *data, struct cordon_outcome *outcome, cordon_error *err)
{
    (void)call;
    struct cordon_call *c = data;
    c->outcome = outcome;
    c->err = err;
    atomic_fetch_add(&c->host->calls_ended, 1);
    host_deliver(c->host, c);
}

int cordon_request_start(cordon_request *r, cordon_done_fn *done, void *data, cordon_call **ret, cordon_error **err)
{
    err_wanted(err);
    cordon_host *h = r->skill->host;
    struct cordon_call *c = calloc(1, sizeof *c);
    if (!c)
        return err_nomem(err);
    c->refs = ret ? 2 : 1; /* the delivery's, and the caller's */
    c->host = h;
    c->done = done;
    c->data = data;
    int rc = new_call(r, on_async_done, c, &c->call, err);
    if (rc < 0) {
        free(c);
        return rc;
    }
    rc = host_list(h, c, err);
    if (rc < 0) {
        call_unref(c->call);
        free(c);
        return rc;
    }
    atomic_fetch_add(&h->calls_started, 1);
    if (ret)
        *ret = c;
    call_start(c->call);
    return 0;
}

void cordon_call_cancel(cordon_call *c) { call_cancel(c->call); }

void cordon_call_unref(cordon_call *c)
{
    if (c)
        handle_unref(c);
}

int cordon_call_json(cordon_skill *skill, const char *export_name, const char *args_json, cordon_outcome **ret, cordon_error **err)
{
    err_wanted(err);
    cordon_request *r = NULL;
    int rc = cordon_request_new(skill, export_name, &r, err);
    if (rc == 0 && args_json)
        rc = cordon_request_set_args(r, args_json, strlen(args_json), err);
    if (rc == 0)
        rc = cordon_request_run(r, ret, err);
    cordon_request_free(r);
    return rc;
}
