/* SPDX-License-Identifier: Apache-2.0
 * What a call's sandbox tells while it runs, on the guest's fiber: check, copy, return. */
#include "base/cleanup.h"
#include "engine/call_parts.h"

#include <string.h>

void call_record(struct call *c, enum cordon_outcome_kind reason, enum cordon_limit limit)
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

bool call_keep(struct call *c, size_t bytes)
{
    if (shim_charge(bytes))
        return true;
    call_record(c, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_LIMIT_MEMORY_BYTES);
    return false;
}

static int write_stdout(struct call *c, const uint8_t *bytes, size_t len)
{
    size_t max = c->spec->limits.value[CORDON_LIMIT_OUTPUT_BYTES];
    if (len > max - c->outcome.output.len) {
        call_record(c, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_LIMIT_OUTPUT_BYTES);
        return -1;
    }
    if (!call_keep(c, len))
        return -1;
    return buf_add(&c->outcome.output, bytes, len);
}

void call_tell_log(struct call *c)
{
    const struct call_listener *l = &c->spec->listener;
    const struct cordon_outcome *o = &c->outcome;
    for (; l->tell && c->told < o->n_log; c->told++)
        l->tell(l, o->invocation_id, o->log[c->told].level, o->log_text.data + o->log[c->told].start);
}

void call_flush_stderr(struct call *c)
{
    if (c->stderr_line.len)
        outcome_log(&c->outcome, LOG_WARN, c->stderr_line.data, c->stderr_line.len);
    c->stderr_line.len = 0;
    call_tell_log(c);
}

/* stderr becomes log lines of level warn; a line without an end is cut where the buffer ends. */
static void write_stderr(struct call *c, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            call_flush_stderr(c);
            continue;
        }
        if (c->stderr_line.len == STDERR_LINE_MAX)
            call_flush_stderr(c);
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

/* Of what WASI refused only files have anything to do with grants. */
static enum denial why_file(const struct call *c, bool writes, const char *wanted, size_t len)
{
    cleanup_free char *path = strndup(wanted, len);
    const struct ask a = {.kind = writes ? ASK_WRITE : ASK_READ, .path = path};
    return grants_why_not(call_powers(c)->grants, &a);
}

static void on_denied(void *data, const char *capability, size_t capability_len, const char *wanted, size_t wanted_len, int not_offered)
{
    enum denial why = not_offered ? DENIAL_NOT_OFFERED : DENIAL_NOT_GRANTED;
    bool reads = capability_len == 4 && !memcmp(capability, "read", 4), writes = capability_len == 5 && !memcmp(capability, "write", 5);
    if (!not_offered && (reads || writes))
        why = why_file(data, writes, wanted, wanted_len);
    call_denied(data, capability, capability_len, wanted, wanted_len, denial_text(why));
}

static int on_carried(void *data, uint64_t bytes) { return call_count_host_call(data, bytes) ? 0 : -1; }
static uint64_t on_carry_room(void *data) { return call_carry_left(data); }

struct shim_hooks call_hooks(struct call *c)
{
    return (struct shim_hooks){c, on_tick, on_write, on_denied, on_carried, on_carry_room, http_out_send, http_out_resume, http_out_drop};
}
