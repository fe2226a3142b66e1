/* SPDX-License-Identifier: Apache-2.0
 * What a call's host calls are counted against, what they may do, and what is asked and noted about them. */
#include "base/cleanup.h"
#include "engine/call_parts.h"
#include "host/question.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *call_skill_name(const struct call *c) { return c->spec->skill; }

/* What has been carried by host calls, and by bodies of wasi:http, which others count. */
static uint64_t carried(const struct call *c) { return c->host_bytes + atomic_load_explicit(&c->http_out.bytes, memory_order_relaxed); }

bool call_count_host_call(struct call *c, size_t bytes)
{
    c->outcome.usage[CORDON_USAGE_HOST_CALLS]++;
    c->host_bytes += bytes;
    if (carried(c) <= c->spec->limits.value[CORDON_LIMIT_HOST_BYTES])
        return true;
    call_record(c, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_LIMIT_HOST_BYTES);
    return false;
}

static struct powers *powers_of(const struct call *c) { return c->powers ? c->powers : c->spec->powers; }
const struct powers *call_powers(const struct call *c) { return powers_of(c); }
struct powers *call_own_powers(const struct call *c) { return powers_of(c); }
struct host_wait *call_host_wait(struct call *c) { return &c->host_wait; }

static void wake_task(void *task) { sched_wake(task); }
static void drop_task(void *task) { sched_unref(task); }

/* ---- what the audit has to know first ---- */

bool call_is_audited(const struct call *c) { return c->spec->auditor.ended; }

bool call_effects(struct call *c, struct effects **ret)
{
    const struct call_auditor *a = &c->spec->auditor;
    if (call_is_audited(c) && !c->effects) {
        void *record = a->started(a, c->spec, c->outcome.invocation_id);
        c->effects = record ? effects_new(&a->keeper, record) : NULL;
    }
    *ret = c->effects;
    return c->effects || !call_is_audited(c);
}

enum effects_step call_begin_effect(struct call *c, enum effect kind)
{
    struct effects *e;
    if (!call_effects(c, &e))
        return EFFECTS_REFUSED;
    if (c->awaits_audit && effects_step(e) == EFFECTS_PENDING)
        return EFFECTS_PENDING;
    sched_ref(&c->task);
    enum effects_step step = effects_begin(e, kind, &(struct host_waker){wake_task, drop_task, &c->task});
    c->awaits_audit = step == EFFECTS_PENDING;
    if (!c->awaits_audit)
        sched_unref(&c->task);
    return step;
}

void call_audit_fail(struct call *c) { call_fail(c, "the audit cannot be written (%s), and nothing that has an effect begins without it", effects_why(c->effects)); }

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
struct file_use *call_files(struct call *c)
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
    call_record(c, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_LIMIT_MEMORY_BYTES);
    return NULL;
}

void call_fail(struct call *c, const char *fmt, ...)
{
    char text[OUTCOME_MESSAGE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    call_record(c, CORDON_OUTCOME_TRAP, CORDON_LIMIT_WALL_MS);
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
    call_tell_log(c);
}
