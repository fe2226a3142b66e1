/* SPDX-License-Identifier: Apache-2.0
 * The audit of a host: what its calls leave behind becomes rows. */
#include "audit/audit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/script_parts.h"

#include <cordon/audit.h>
#include <sodium.h>
#include <string.h>

enum { AGAIN_NS = 1000000000 };
enum { DIGEST_NONE, DIGEST_BEING_KEPT, DIGEST_KEPT };

_Static_assert((int)AUDIT_USED_NET == (int)EFFECT_NET && (int)AUDIT_USED_READ == (int)EFFECT_READ && (int)AUDIT_USED_WRITE == (int)EFFECT_WRITE &&
               (int)AUDIT_USED_ENV == (int)EFFECT_ENV && (int)AUDIT_USED_SECRET == (int)EFFECT_SECRET && (int)AUDIT_USED_MEMORY == (int)EFFECT_MEMORY &&
               (int)AUDIT_USED_CALL == (int)EFFECT_CALL && (int)AUDIT_USED_EXEC == (int)EFFECT_EXEC, "one set of bits");

/* ---- opening ---- */

static struct audit_keep keep_of(const cordon_host_opts *o)
{
    return (struct audit_keep){.ms = o->audit_keep == SETTINGS_FOREVER ? 0 : o->audit_keep * 1000, .rows = o->audit_rows == SETTINGS_FOREVER ? 0 : o->audit_rows};
}

static int tell_why(const cordon_error *why, cordon_error **err)
{
    int rc = err_set(err, cordon_error_code(why), cordon_error_subject(why), "%s", cordon_error_message(why));
    if (err && cordon_error_hint(why))
        err_hint(err, "%s", cordon_error_hint(why));
    return rc;
}

/* Under the lock, as what follows. What went missing meanwhile is told in its first row. */
static int open_audit(cordon_host *h, struct audit **ret, cordon_error **err)
{
    const struct audit_keep keep = keep_of(&h->opts);
    cordon_error_free(take(h->audit_why));
    if (audit_new(h->opts.home, &keep, ret, &h->audit_why) < 0) {
        h->audit_again_ns = clock_now_ns() + AGAIN_NS;
        return tell_why(h->audit_why, err);
    }
    for (uint64_t n = atomic_exchange(&h->audit_missed, 0); n; n--)
        audit_put(*ret, NULL);
    atomic_store_explicit(&h->audit, *ret, memory_order_release);
    return 0;
}

/* What could not be opened a moment ago is not tried for each call. */
static int get_audit(cordon_host *h, struct audit **ret, cordon_error **err)
{
    *ret = atomic_load_explicit(&h->audit, memory_order_relaxed);
    if (*ret)
        return 0;
    return h->audit_why && clock_now_ns() < h->audit_again_ns ? tell_why(h->audit_why, err) : open_audit(h, ret, err);
}

int host_audit(cordon_host *h, struct audit **ret, cordon_error **err)
{
    *ret = atomic_load_explicit(&h->audit, memory_order_acquire);
    if (*ret)
        return 0;
    pthread_mutex_lock(&h->lock);
    int rc = get_audit(h, ret, err);
    pthread_mutex_unlock(&h->lock);
    return rc;
}

void host_audit_close(cordon_host *h)
{
    audit_free(h->audit);
    h->audit = NULL;
    cordon_error_free(take(h->audit_why));
}

/* A call without grants has nothing to be refused for. */
int audit_admit(cordon_host *h, const char *skill, const struct powers *powers, cordon_error **err)
{
    struct audit *a;
    cordon_error *why = NULL;
    if (host_audit(h, &a, &why) == 0)
        return 0;
    int rc = 0;
    if (powers->grants->n) {
        rc = err_wrap(&why, "%s has grants and is not run, because its call could not be audited", skill);
        if (err)
            *err = take(why);
    }
    cordon_error_free(why);
    return rc;
}

int audit_lock_in(cordon_host *h, const char *skill, const struct powers *powers, bool *ret_there, cordon_error **err)
{
    struct audit *a;
    int rc = audit_admit(h, skill, powers, err);
    if (rc < 0)
        return rc;
    *ret_there = host_audit(h, &a, NULL) == 0;
    if (*ret_there)
        audit_confine(a);
    h->audit_again_ns = UINT64_MAX;
    return 0;
}

/* ---- what a call is given ---- */

void audit_forget_input(struct call_spec *s)
{
    s->digest.state = DIGEST_NONE;
    s->digest.of_args = false;
}

void audit_note_args(struct call_spec *s, const char *json, size_t len)
{
    if (!s->auditor.ended)
        return;
    audit_forget_input(s);
    s->digest.of_args = true;
    crypto_hash_sha256(s->digest.args, (const unsigned char *)json, len);
}

/* The input; of a command with words behind `--` these too, each with a NUL before it. */
static void make_digest(const struct call_spec *s, unsigned char ret[AUDIT_SHA])
{
    crypto_hash_sha256_state h;
    if (s->digest.of_args) {
        memcpy(ret, s->digest.args, AUDIT_SHA);
        return;
    }
    crypto_hash_sha256_init(&h);
    if (s->input)
        crypto_hash_sha256_update(&h, (const unsigned char *)s->input, s->input_len);
    for (size_t i = 1; i < s->n_argv; i++) {
        crypto_hash_sha256_update(&h, (const unsigned char *)"", 1);
        crypto_hash_sha256_update(&h, (const unsigned char *)s->argv[i], strlen(s->argv[i]));
    }
    crypto_hash_sha256_final(&h, ret);
}

/* Made once for all runs of a request; several may come to it at once. */
static void digest_of(const struct call_spec *spec, unsigned char ret[AUDIT_SHA])
{
    struct call_digest *d = (struct call_digest *)(uintptr_t)&spec->digest; /* what it keeps for itself while it is shared */
    int none = DIGEST_NONE;
    if (atomic_load_explicit(&d->state, memory_order_acquire) == DIGEST_KEPT) {
        memcpy(ret, d->sha, AUDIT_SHA);
        return;
    }
    make_digest(spec, ret);
    if (!atomic_compare_exchange_strong(&d->state, &none, DIGEST_BEING_KEPT))
        return;
    memcpy(d->sha, ret, AUDIT_SHA);
    atomic_store_explicit(&d->state, DIGEST_KEPT, memory_order_release);
}

/* ---- what became of it ---- */

static void tell_outcome(struct audit_told *t, const struct cordon_outcome *o)
{
    static const char *const words[CORDON_OUTCOME_COUNT] = {
        [CORDON_OUTCOME_ERR] = "the skill returned an error", [CORDON_OUTCOME_OUT_OF_FUEL] = "its fuel ran out", [CORDON_OUTCOME_OUT_OF_MEMORY] = "its memory ran out",
        [CORDON_OUTCOME_DEADLINE] = "its time ran out", [CORDON_OUTCOME_CANCELLED] = "it was cancelled",
        [CORDON_OUTCOME_OUTPUT_TOO_LARGE] = "it answered, or carried, more than it may", [CORDON_OUTCOME_HOST_BUG] = "Cordon itself failed",
    };
    t->outcome = cordon_outcome_name(o->kind);
    t->success = o->kind == CORDON_OUTCOME_OK;
    t->output = o->output.data ? o->output.data : "";
    t->output_len = o->output.len;
    t->fuel = o->usage[CORDON_USAGE_FUEL];
    t->memory_peak = o->usage[CORDON_USAGE_MEMORY_PEAK_BYTES];
    t->duration_ms = o->usage[CORDON_USAGE_WALL_US] / 1000;
    for (size_t i = 0; i < o->n_denials; i++)
        t->denials += o->denials[i].count;
    t->denials += o->denials_dropped;
    if (t->success)
        return;
    t->error_id = t->outcome;
    t->error_words = o->kind == CORDON_OUTCOME_TRAP ? (o->trap ? o->trap : "it trapped") : words[o->kind];
    if (o->kind == CORDON_OUTCOME_ERR) {
        t->guest_text = o->err_json ? o->err_json : o->message ? o->message : "";
        t->guest_len = strlen(t->guest_text);
    }
}

static void tell_error(struct audit_told *t, const cordon_error *why)
{
    t->outcome = "not-started";
    t->error_id = why ? cordon_error_id(why) : "no-resources";
    const struct cordon_error_info *info = cordon_error_info(why ? cordon_error_code(why) : CORDON_E_NO_RESOURCES);
    t->error_words = info ? info->meaning : "";
}

/* A bot is its slug; one without is known by its name. */
static const char *bot_of(const char *bot, char slug[TEXT_SLUG_MAX + 1])
{
    if (!bot || !*bot)
        return NULL;
    text_slug(bot, strlen(bot), slug);
    return *slug ? slug : bot;
}

/* ---- what calls tell ---- */

static void put(cordon_host *h, struct audit_record *r)
{
    struct audit *a = atomic_load_explicit(&h->audit, memory_order_acquire);
    if (a)
        audit_put(a, r);
    else
        audit_record_free(r);
    if (!a)
        atomic_fetch_add(&h->audit_missed, 1);
}

static void *on_started(const struct call_auditor *a, const struct call_spec *spec, const char *invocation_id)
{
    (void)a;
    char slug[TEXT_SLUG_MAX + 1];
    struct audit_told t = {
        .kind = AUDIT_STARTED, .invocation_id = invocation_id, .skill = spec->skill, .version = spec->version, .bot = bot_of(spec->bot, slug), .tier = cordon_tier_name(spec->tier),
    };
    digest_of(spec, t.input);
    struct audit_record *r = audit_record_new(&t);
    if (r)
        r->urgent = true;
    return r;
}

static void on_written(void *effects, const cordon_error *why) { effects_told(effects, why ? cordon_error_message(why) : NULL); }

static void write_started(void *host, void *record, struct effects *e)
{
    cordon_host *h = host;
    struct audit_record *r = record;
    struct audit *a = atomic_load_explicit(&h->audit, memory_order_acquire);
    r->done = on_written;
    r->data = e;
    if (a) {
        audit_put(a, r);
        return;
    }
    audit_record_free(r);
    effects_told(e, "it could not be opened");
}

static void drop_started(void *record) { audit_record_free(record); }

static void on_ended(const struct call_auditor *a, const struct call_spec *spec, const char *invocation_id, unsigned used, const struct cordon_outcome *o, const cordon_error *err)
{
    char slug[TEXT_SLUG_MAX + 1];
    struct audit_told t = {
        .kind = AUDIT_CALL, .invocation_id = invocation_id, .skill = spec->skill, .version = spec->version, .bot = bot_of(spec->bot, slug), .tier = cordon_tier_name(spec->tier),
        .used = used,
    };
    digest_of(spec, t.input);
    if (o)
        tell_outcome(&t, o);
    else
        tell_error(&t, err);
    put(a->keeper.audit, audit_record_new(&t));
}

struct call_auditor audit_of(cordon_host *h)
{
    if (!h->opts.audit)
        return (struct call_auditor){.ended = NULL};
    return (struct call_auditor){.keeper = {write_started, drop_started, h}, .started = on_started, .ended = on_ended};
}

/* ---- local scripts ---- */

static struct audit_told told_of(const struct cordon_script *s, const char *kind, const char *id)
{
    struct audit_told t = {.kind = kind, .invocation_id = id, .skill = s->name, .version = s->version, .tier = cordon_tier_name(CORDON_TIER_LOCAL)};
    crypto_hash_sha256(t.input, (const unsigned char *)(s->input_len ? s->input : ""), s->input_len);
    return t;
}

int audit_script_started(const struct cordon_script *s, const char *id, cordon_error **err)
{
    struct audit *a;
    if (!s->host->opts.audit)
        return 0;
    int rc = host_audit(s->host, &a, err);
    if (rc == 0) {
        const struct audit_told t = told_of(s, AUDIT_STARTED, id);
        struct audit_record *r = audit_record_new(&t);
        if (!r)
            return err_nomem(err);
        r->urgent = true;
        audit_put(a, r);
        rc = audit_flush(a, err);
    }
    return rc < 0 ? err_wrap(err, "%s is not run, because it could not be audited", s->name) : 0;
}

void audit_script_ended(const struct cordon_script *s, const char *id, unsigned used, const struct cordon_outcome *o, const cordon_error *why)
{
    if (!s->host->opts.audit)
        return;
    struct audit_told t = told_of(s, AUDIT_CALL, id);
    t.used = used;
    if (o)
        tell_outcome(&t, o);
    else
        tell_error(&t, why);
    put(s->host, audit_record_new(&t));
}

/* ---- the public interface ---- */

int cordon_audit_flush(cordon_host *h, cordon_error **err)
{
    err_wanted(err);
    struct audit *a;
    if (!h->opts.audit)
        return 0;
    int rc = host_audit(h, &a, err);
    return rc < 0 ? rc : audit_flush(a, err);
}

int cordon_audit_query(const char *home, const char *skill, const char *bot, uint32_t limit, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    char slug[TEXT_SLUG_MAX + 1];
    if (limit < 1 || limit > AUDIT_QUERY_MAX)
        return err_set(err, CORDON_E_USAGE, "limit", "at most %d rows are given at once, and at least 1", AUDIT_QUERY_MAX);
    if ((skill && !text_is_utf8(skill, strlen(skill))) || (bot && !text_is_utf8(bot, strlen(bot))))
        return err_set(err, CORDON_E_USAGE, NULL, "a name is not UTF-8");
    return audit_query(home, &(struct audit_query){.skill = skill, .bot = bot_of(bot, slug), .limit = limit}, ret_json, err);
}

int cordon_audit_verify(const char *home, const char *head, bool *ret_ok, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    struct audit_head h;
    if (head && !audit_head_parse(head, strlen(head), &h)) {
        int bad = err_set(err, CORDON_E_USAGE, "head", "a head is a number, a colon and 64 hex digits, not %.100s", head);
        err_hint(err, "Give the line that was in audit.head, or that cordon audit --verify printed, when it was noted.");
        return bad;
    }
    int rc = audit_verify(home, head ? &h : NULL, ret_json, err);
    if (rc < 0)
        return rc;
    *ret_ok = rc;
    return 0;
}

int cordon_audit_prune(const cordon_host_opts *o, uint64_t *ret_n, cordon_error **err)
{
    err_wanted(err);
    enum { AT_ONCE = 5000 };
    struct audit_store s;
    const struct audit_keep keep = keep_of(o);
    uint64_t n = 0, sum = 0;
    int rc = audit_store_make(o->home, &s, err);
    if (rc < 0)
        return rc;
    do {
        rc = audit_store_prune(&s, &keep, AT_ONCE, &n, err);
        sum += n;
    } while (rc == 0 && n);
    audit_store_close(&s);
    if (rc == 0)
        *ret_n = sum;
    return rc;
}
