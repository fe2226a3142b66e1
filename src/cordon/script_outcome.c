/* SPDX-License-Identifier: Apache-2.0
 * What came of a script, as an outcome. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/script_parts.h"
#include "engine/limit_words.h"

#include <signal.h>
#include <string.h>

enum { WORDS_MAX = 2048 };

struct ended {
    struct cordon_outcome outcome;
    struct limit_set limits;
    char *skill;             /* owned */
    char *version;           /* owned or NULL */
};

static void release(cordon_outcome *o)
{
    struct ended *e = (struct ended *)o;
    outcome_finish(o);
    free(e->skill);
    free(e->version);
    free(e);
}

/* ---- stderr ---- */

static void log_stderr(struct cordon_outcome *o, const struct script_result *r)
{
    const char *at = r->said.data, *end = at ? at + r->said.len : at;
    while (at < end) {
        const char *nl = memchr(at, '\n', (size_t)(end - at)), *stop = nl ? nl : end;
        outcome_log(o, LOG_WARN, at, (size_t)(stop - at));
        at = nl ? nl + 1 : end;
    }
    o->log_dropped += r->said_dropped != 0;   /* how many lines that were, nobody knows */
}

/* The end of what it said, which is where programs say why. */
static const char *last_words(const struct script_result *r, int *ret_len)
{
    size_t len = r->said.len, start;
    while (len && strchr("\n\r\t ", r->said.data[len - 1]))
        len--;
    for (start = len > WORDS_MAX ? len - WORDS_MAX : 0; start < len && ((unsigned char)r->said.data[start] & 0xc0) == 0x80;)
        start++;
    *ret_len = (int)(len - start);
    return len ? r->said.data + start : "";
}

/* ---- how it ended ---- */

static void fill_exit(struct ended *e, const struct script_result *r)
{
    struct cordon_outcome *o = &e->outcome;
    int len;
    const char *words = last_words(r, &len);
    if (!r->status && (o->output_kind == CORDON_OUTPUT_TEXT || !o->output.len))
        return;
    o->kind = CORDON_OUTCOME_ERR;
    if (!r->status) {
        outcome_say(o, "Skill '%s' wrote something that is not UTF-8 to stdout", e->skill);
        outcome_hint(o, "A skill's answer is text. Have the script encode bytes, with base64 for example.");
        return;
    }
    outcome_say(o, "Skill '%s' exited with status %d: %.*s", e->skill, r->status, len, words);
    if (asprintf(&o->err_json, "%d", r->status) < 0)
        o->err_json = NULL;
}

static void fill_signal(struct ended *e, int sig)
{
    struct cordon_outcome *o = &e->outcome;
    const char *name = sigabbrev_np(sig), *words = sigdescr_np(sig);
    o->kind = sig == SIGXCPU ? CORDON_OUTCOME_DEADLINE : CORDON_OUTCOME_TRAP;
    o->trap = sig == SIGXCPU ? NULL : words ? words : "ended by a signal";
    outcome_say(o, "Skill '%s' was ended by the signal SIG%s (%s)", e->skill, name ? name : "?", words ? words : "unknown");
    if (sig == SIGKILL)
        outcome_hint(o, "It did that itself, or somebody else did; or the machine ran out of memory.");
    else if (sig == SIGXFSZ)
        outcome_hint(o, "It wrote a file of more than %llu MiB.", (unsigned long long)(SCRIPT_FILE_BYTES >> 20));
    else if (sig == SIGXCPU)
        outcome_hint(o, "One of its processes used more CPU time than its time-out gives to all cores together.");
}

static void fill_limit(struct ended *e, const struct cordon_script *s, enum cordon_outcome_kind kind, enum cordon_limit limit)
{
    struct call_spec spec = {.limits = e->limits, .tier = CORDON_TIER_LOCAL, .skill = e->skill};
    memcpy(spec.ceiling, s->host->opts.ceiling[CORDON_TIER_LOCAL], sizeof spec.ceiling);
    e->outcome.kind = kind;
    limit_say(&e->outcome, &spec, limit, NULL);
}

static void fill_trap(struct cordon_outcome *o, const char *trap)
{
    o->kind = CORDON_OUTCOME_TRAP;
    o->trap = trap;
}

static void fill_end(struct ended *e, const struct cordon_script *s, const struct script_result *r)
{
    struct cordon_outcome *o = &e->outcome;
    switch (r->end) {
    case SCRIPT_EXITED: fill_exit(e, r); break;
    case SCRIPT_SIGNALLED: fill_signal(e, r->status); break;
    case SCRIPT_DEADLINE: fill_limit(e, s, CORDON_OUTCOME_DEADLINE, CORDON_LIMIT_WALL_MS); break;
    case SCRIPT_OUT_OF_MEMORY: fill_limit(e, s, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_LIMIT_MEMORY_BYTES); break;
    case SCRIPT_OUTPUT_TOO_LARGE: fill_limit(e, s, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_LIMIT_OUTPUT_BYTES); break;
    case SCRIPT_CANCELLED:
        o->kind = CORDON_OUTCOME_CANCELLED;
        outcome_say(o, "%s was cancelled", e->skill);
        break;
    case SCRIPT_OUT_OF_PROCESSES:
        fill_trap(o, "too many processes");
        outcome_say(o, "Skill '%s' had more than %d processes and threads at once", e->skill, SCRIPT_PROCESSES);
        break;
    case SCRIPT_OVER:
    case SCRIPT_LOST:
        fill_trap(o, "ended from outside");
        outcome_say(o, "Skill '%s' was ended together with its supervisor, which something outside Cordon killed", e->skill);
        break;
    }
}

static void fill_usage(struct cordon_outcome *o, const struct cordon_script *s, const struct script_result *r)
{
    o->usage[CORDON_USAGE_MEMORY_PEAK_BYTES] = r->memory_peak_bytes;
    o->usage[CORDON_USAGE_WALL_US] = r->wall_us;
    o->usage[CORDON_USAGE_CPU_US] = r->cpu_us;
    o->usage[CORDON_USAGE_BYTES_IN] = s->input_len;
    o->usage[CORDON_USAGE_BYTES_OUT] = o->output.len;
}

int script_outcome(const struct cordon_script *s, const char id[ID_TEXT], struct script_result *r, cordon_outcome **ret, cordon_error **err)
{
    struct ended *e = calloc(1, sizeof *e);
    if (!e || !(e->skill = strdup(s->name)) || (s->version && !(e->version = strdup(s->version)))) {
        free(e ? e->skill : NULL);
        free(e);
        script_result_finish(r);
        return err_nomem(err);
    }
    struct cordon_outcome *o = &e->outcome;
    e->limits = s->limits;
    o->limits = &e->limits;
    o->skill = e->skill;
    o->version = e->version;
    o->tier = CORDON_TIER_LOCAL;
    o->release = release;
    memcpy(o->invocation_id, id, sizeof o->invocation_id);
    o->output = r->output;
    r->output = (struct buf){0};
    if (o->output.len)
        o->output_kind = text_is_utf8(o->output.data, o->output.len) ? CORDON_OUTPUT_TEXT : CORDON_OUTPUT_BYTES;
    else if (r->end == SCRIPT_EXITED && !r->status)
        o->output_kind = CORDON_OUTPUT_TEXT;
    buf_init(&o->log_text, s->limits.value[CORDON_LIMIT_LOG_BYTES]);
    fill_usage(o, s, r);
    fill_end(e, s, r);
    log_stderr(o, r);
    script_result_finish(r);
    *ret = o;
    return 0;
}
