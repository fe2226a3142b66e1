/* SPDX-License-Identifier: Apache-2.0
 * Reading an outcome, and both forms of the command's --json object (docs/reference.md). */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/internal.h"
#include "policy/grants.h"

#include <sodium.h>
#include <string.h>

static const struct { const char *text; int exit_code; } kinds[CORDON_OUTCOME_COUNT] = {
#define X(name, text, exit_code) {text, exit_code},
    CORDON_OUTCOME_MAP(X)
#undef X
};

static const char *const levels[] = {"trace", "debug", "info", "warn", "error"};

enum cordon_outcome_kind cordon_outcome_kind(const cordon_outcome *o) { return o->kind; }

const char *cordon_outcome_name(enum cordon_outcome_kind kind) { return (unsigned)kind < CORDON_OUTCOME_COUNT ? kinds[kind].text : NULL; }

int cordon_outcome_exit_code(const cordon_outcome *o)
{
    if (o->kind != CORDON_OUTCOME_OK && o->kind != CORDON_OUTCOME_HOST_BUG && o->n_denials)
        return 3;
    return kinds[o->kind].exit_code;
}

const char *cordon_outcome_output(const cordon_outcome *o, size_t *ret_len, enum cordon_output_kind *ret_kind)
{
    if (ret_len)
        *ret_len = o->output.len;
    if (ret_kind)
        *ret_kind = o->output_kind;
    return o->output.data ? o->output.data : "";
}

const char *cordon_outcome_message(const cordon_outcome *o) { return o->message; }
const char *cordon_outcome_hint(const cordon_outcome *o) { return o->hint; }
const char *cordon_outcome_err_json(const cordon_outcome *o) { return o->err_json; }
const char *cordon_outcome_trap(const cordon_outcome *o) { return o->trap; }
const char *cordon_outcome_frame(const cordon_outcome *o, size_t n) { return n < o->n_frames ? o->frames[n] : NULL; }
uint64_t cordon_outcome_usage(const cordon_outcome *o, enum cordon_usage what) { return (unsigned)what < CORDON_USAGE_COUNT ? o->usage[what] : 0; }

const char *outcome_level_name(enum log_level level) { return levels[level]; }

bool cordon_outcome_log(const cordon_outcome *o, size_t n, const char **ret_level, const char **ret_message)
{
    if (n >= o->n_log)
        return false;
    *ret_level = levels[o->log[n].level];
    *ret_message = o->log_text.data + o->log[n].start;
    return true;
}

bool cordon_outcome_denial(const cordon_outcome *o, size_t n, const char **ret_capability, const char **ret_wanted, const char **ret_reason, uint64_t *ret_count)
{
    if (n >= o->n_denials)
        return false;
    const struct outcome_denial *d = &o->denials[n];
    *ret_capability = d->capability;
    *ret_wanted = d->wanted;
    *ret_reason = d->reason;
    *ret_count = d->count;
    return true;
}

char *cordon_outcome_denial_grant(const cordon_outcome *o, size_t n)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, GRANT_TEXT_MAX);
    bool grantable = n < o->n_denials && !strcmp(o->denials[n].reason, denial_text(DENIAL_NOT_GRANTED));
    return grantable && grant_suggest(&b, o->denials[n].capability, o->denials[n].wanted) ? buf_take(&b, NULL) : NULL;
}

void cordon_outcome_free(cordon_outcome *o)
{
    if (o)
        o->release(o);
}

/* ---- JSON ---- */

static json_t *base64_of(const char *data, size_t len)
{
    size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    cleanup_free char *text = malloc(room);
    if (!text)
        return NULL;
    sodium_bin2base64(text, room, (const unsigned char *)data, len, sodium_base64_VARIANT_ORIGINAL);
    return json_string(text);
}

static json_t *text_or_null(const char *s) { return s ? json_string(s) : json_null(); }

static json_t *frames_json(const cordon_outcome *o)
{
    json_t *list = json_array();
    for (size_t i = 0; i < o->n_frames; i++)
        json_array_append_new(list, json_string(o->frames[i]));
    return list;
}

static json_t *log_json(const cordon_outcome *o)
{
    json_t *list = json_array();
    for (size_t i = 0; i < o->n_log; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "level", levels[o->log[i].level], "message", o->log_text.data + o->log[i].start));
    if (o->log_dropped) {
        char text[64];
        snprintf(text, sizeof text, "%llu more lines were dropped", (unsigned long long)o->log_dropped);
        json_array_append_new(list, json_pack("{s:s, s:s}", "level", "warn", "message", text));
    }
    return list;
}

static json_t *denials_json(const cordon_outcome *o)
{
    json_t *list = json_array();
    for (size_t i = 0; i < o->n_denials; i++) {
        const struct outcome_denial *d = &o->denials[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I}", "capability", d->capability, "wanted", d->wanted, "reason", d->reason, "count", (json_int_t)d->count));
    }
    return list;
}

json_t *outcome_usage_json(const uint64_t *u)
{
    return json_pack("{s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "fuel", (json_int_t)u[CORDON_USAGE_FUEL], "fuel_exact", (int)u[CORDON_USAGE_FUEL_EXACT],
                     "memory_peak_bytes", (json_int_t)u[CORDON_USAGE_MEMORY_PEAK_BYTES], "wall_us", (json_int_t)u[CORDON_USAGE_WALL_US], "cpu_us",
                     (json_int_t)u[CORDON_USAGE_CPU_US], "host_calls", (json_int_t)u[CORDON_USAGE_HOST_CALLS], "bytes_in", (json_int_t)u[CORDON_USAGE_BYTES_IN],
                     "bytes_out", (json_int_t)u[CORDON_USAGE_BYTES_OUT]);
}

/* A metered-only limit is null. */
static json_t *limit_json(uint64_t v) { return v > INT64_MAX ? json_null() : json_integer((json_int_t)v); }

static json_t *limits_json(const uint64_t *v)
{
    if (!v)
        return json_pack("{s:n, s:n, s:n}", "fuel", "memory_bytes", "wall_ms");
    return json_pack("{s:o, s:o, s:o}", "fuel", limit_json(v[CORDON_LIMIT_FUEL]), "memory_bytes", limit_json(v[CORDON_LIMIT_MEMORY_BYTES]), "wall_ms",
                     limit_json(v[CORDON_LIMIT_WALL_MS]));
}

static int dump(json_t *j, char **ret, cordon_error **err)
{
    *ret = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return *ret ? 0 : err_nomem(err);
}

/* The outcome is written member by member: the guest's own values are JSON text already, and as trees they would take forty times as much. */

static void add_raw(struct buf *b, const char *key, const char *text, size_t len)
{
    buf_addf(b, "%s\"%s\":", b->len && b->data[b->len - 1] == '{' ? "" : ",", key);
    buf_add(b, text, len);
}

/* Takes `value`; NULL is out of memory. */
static void add(struct buf *b, const char *key, json_t *value)
{
    cleanup_free char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(value);
    if (text)
        add_raw(b, key, text, strlen(text));
    else
        b->full = true;
}

void outcome_add_output(struct buf *b, const cordon_outcome *o)
{
    static const char *const output_kinds[] = {
        [CORDON_OUTPUT_NONE] = "json", [CORDON_OUTPUT_TEXT] = "text", [CORDON_OUTPUT_JSON] = "json", [CORDON_OUTPUT_BYTES] = "base64"};
    const char *data = o->output.data ? o->output.data : "";
    switch (o->output_kind) {
    case CORDON_OUTPUT_JSON: add_raw(b, "output", data, o->output.len); break;
    case CORDON_OUTPUT_BYTES: add(b, "output", base64_of(data, o->output.len)); break;
    case CORDON_OUTPUT_TEXT: add(b, "output", json_stringn(data, o->output.len)); break;
    default: add(b, "output", json_null());
    }
    add(b, "output_kind", json_string(output_kinds[o->output_kind]));
}

static void add_failure(struct buf *b, const cordon_outcome *o)
{
    const char *value = o->err_json ? o->err_json : "null";
    if (o->kind == CORDON_OUTCOME_OK) {
        add(b, "error", json_null());
        return;
    }
    add_raw(b, "error", "{", 1);
    add(b, "id", json_string(kinds[o->kind].text));
    add(b, "category", json_string("outcome"));
    add(b, "message", text_or_null(o->message));
    add(b, "hint", text_or_null(o->hint));
    add(b, "subject", json_string(o->skill));
    add(b, "causes", json_array());
    add_raw(b, "value", value, strlen(value));
    add(b, "trap", text_or_null(o->trap));
    add(b, "backtrace", frames_json(o));
    buf_addc(b, '}');
}

int cordon_outcome_json(const cordon_outcome *o, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(buf_finish) struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_addc(&b, '{');
    add(&b, "cordon", json_integer(1));
    add(&b, "invocation_id", json_string(o->invocation_id));
    add(&b, "skill", json_string(o->skill));
    add(&b, "version", text_or_null(o->version));
    add(&b, "tier", json_string(cordon_tier_name(o->tier)));
    add(&b, "outcome", json_string(kinds[o->kind].text));
    outcome_add_output(&b, o);
    add_failure(&b, o);
    add(&b, "limits", limits_json(o->limits->value));
    add(&b, "usage", outcome_usage_json(o->usage));
    add(&b, "log", log_json(o));
    add(&b, "denials", denials_json(o));
    buf_addc(&b, '}');
    char *text = buf_take(&b, NULL);
    if (!text)
        return err_nomem(err);
    *ret_json = text;
    return 0;
}

static json_t *error_json(const cordon_error *why)
{
    json_t *causes = json_array();
    for (size_t i = 0; cordon_error_cause(why, i); i++)
        json_array_append_new(causes, json_string(cordon_error_cause(why, i)));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:n, s:n, s:[]}", "id", cordon_error_id(why), "category", cordon_error_category(why), "message",
                     cordon_error_message(why), "hint", cordon_error_hint(why), "subject", text_or_null(cordon_error_subject(why)), "causes", causes, "value", "trap", "backtrace");
}

int cordon_error_json(const cordon_error *why, const char *skill, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    static const uint64_t nothing[CORDON_USAGE_COUNT] = {[CORDON_USAGE_FUEL_EXACT] = 1};
    struct buf name;
    buf_init(&name, 4096);
    if (skill)
        text_escape(&name, skill, strnlen(skill, 512), false);
    json_t *j = json_pack("{s:i, s:n, s:o, s:n, s:n, s:s, s:n, s:s, s:o, s:o, s:o, s:[], s:[]}", "cordon", 1, "invocation_id", "skill",
                          text_or_null(skill && name.data ? name.data : NULL), "version", "tier", "outcome", "not-started", "output", "output_kind", "json", "error",
                          error_json(why), "limits", limits_json(NULL), "usage", outcome_usage_json(nothing), "log", "denials");
    buf_finish(&name);
    return dump(j, ret_json, err);
}
