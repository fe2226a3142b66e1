/* SPDX-License-Identifier: Apache-2.0
 * Chains. Each link is a call of its own; what one answers is bytes for the next, and nothing else goes over. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/chain_parts.h"
#include "cordon/script_parts.h"

#include <string.h>

int cordon_chain_new(cordon_host *host, cordon_chain **ret, cordon_error **err)
{
    err_wanted(err);
    cordon_chain *c = calloc(1, sizeof *c);
    json_t *told = json_array();
    if (!c || !told) {
        free(c);
        json_decref(told);
        return err_nomem(err);
    }
    *c = (cordon_chain){.host = host, .told = told, .usage = {[CORDON_USAGE_FUEL_EXACT] = 1}};
    *ret = c;
    return 0;
}

void cordon_chain_free(cordon_chain *c)
{
    if (!c)
        return;
    cordon_outcome_free(c->last); /* before what it is part of */
    for (size_t i = 0; i < c->n; i++) {
        cordon_request_free(c->link[i].request);
        cordon_script_free(c->link[i].script);
    }
    json_decref(c->told);
    free(c->input);
    free(c->why);
    free(c);
}

void cordon_chain_allow_script_input(cordon_chain *c) { c->may_feed_scripts = true; }

/* ---- links ---- */

static const char *name_of(const struct chain_link *l) { return l->script ? l->script->name : l->request->spec->skill; }
static enum cordon_tier tier_of(const struct chain_link *l) { return l->script ? CORDON_TIER_LOCAL : l->request->skill->tier; }

static int check_room(const cordon_chain *c, cordon_error **err)
{
    if (c->begun)
        return err_set(err, CORDON_E_USAGE, "chain", "a chain that has begun is not changed any more");
    return c->n < CORDON_CHAIN_MAX ? 0 : err_set(err, CORDON_E_USAGE, "chain", "a chain has at most %d links", CORDON_CHAIN_MAX);
}

/* A local script is a program with this user's rights: what a stranger's skill says may not steer one, unless the operator said so. */
static int refuse_feed(const char *script, const char *from, enum cordon_tier tier, cordon_error **err)
{
    err_set(err, CORDON_E_NOT_GRANTED, script, "%s is a local script, and what %s answers is %s: it may not become a script's input", script, from, cordon_tier_name(tier));
    return err_hint(err, "If you trust that answer with it, say --allow-script-input.");
}

int cordon_chain_add(cordon_chain *c, cordon_request *req, cordon_error **err)
{
    err_wanted(err);
    int rc = check_room(c, err);
    if (rc == 0)
        c->link[c->n++].request = req;
    return rc;
}

int cordon_chain_add_script(cordon_chain *c, cordon_script *script, cordon_error **err)
{
    err_wanted(err);
    const struct chain_link *before = c->n ? &c->link[c->n - 1] : NULL;
    int rc = check_room(c, err);
    if (rc == 0 && before && tier_of(before) != CORDON_TIER_LOCAL && !c->may_feed_scripts)
        rc = refuse_feed(script->name, name_of(before), tier_of(before), err);
    if (rc == 0)
        c->link[c->n++].script = script;
    return rc;
}

int cordon_chain_set_input(cordon_chain *c, const void *input, size_t len, cordon_error **err)
{
    err_wanted(err);
    if (c->begun)
        return err_set(err, CORDON_E_USAGE, "chain", "a chain that has begun is not changed any more");
    char *copy = malloc(len + 1);
    if (!copy)
        return err_nomem(err);
    if (len)
        memcpy(copy, input, len);
    free(c->input);
    c->input = copy;
    c->input_len = len;
    return 0;
}

/* ---- failures ---- */

static void fail(cordon_chain *c, const char *name)
{
    struct buf b;
    buf_init(&b, CHAIN_WHERE_MAX - 1);
    buf_addf(&b, "skill chain failed at position %zu (skill '", c->at);
    text_escape(&b, name, text_cut(name, strlen(name), 128), false);
    buf_adds(&b, "')");
    snprintf(c->failure, sizeof c->failure, "%s", b.data ? b.data : "");
    buf_finish(&b);
    c->begun = c->over = true;
}

static int tell_of(cordon_chain *c, char *json, cordon_error **err)
{
    int rc = json_array_append_new(c->told, json_string(json)) == 0 ? 0 : err_nomem(err);
    free(json);
    return rc;
}

int cordon_chain_give_up(cordon_chain *c, const char *name, cordon_error *why, cordon_error **err)
{
    err_wanted(err);
    cordon_error *whole = NULL;
    char *json = NULL;
    if (!c->begun)
        c->at = c->n;
    fail(c, name);
    int rc = cordon_error_set(&whole, cordon_error_code(why), cordon_error_subject(why), cordon_error_hint(why), "%s: %s", c->failure, cordon_error_message(why));
    json_t *told = json_pack("{ss ss ss}", "id", cordon_error_id(why), "message", cordon_error_message(whole), "hint", cordon_error_hint(whole));
    free(c->why);
    c->why = told ? json_dumps(told, JSON_COMPACT) : NULL;
    json_decref(told);
    if (cordon_error_json(why, name, &json, NULL) == 0)
        tell_of(c, json, NULL);
    cordon_error_free(why);
    *err = whole;
    return rc;
}

/* ---- the way through ---- */

static int feed(struct chain_link *l, const char *data, size_t len, cordon_error **err)
{
    return l->script ? cordon_script_set_input(l->script, data, len, err) : cordon_request_set_input(l->request, data, len, err);
}

/* The tier is the one in which the call before really ran. */
static int feed_answer(cordon_chain *c, struct chain_link *l, cordon_error **err)
{
    const cordon_outcome *o = c->last;
    if (l->script && o->tier != CORDON_TIER_LOCAL && !c->may_feed_scripts)
        return refuse_feed(l->script->name, o->skill, o->tier, err);
    return o->output_kind == CORDON_OUTPUT_NONE ? 0 : feed(l, o->output.data ? o->output.data : "", o->output.len, err);
}

int cordon_chain_next(cordon_chain *c, cordon_request **ret_req, cordon_script **ret_script, cordon_error **err)
{
    err_wanted(err);
    cordon_error *why = NULL;
    struct chain_link *l = &c->link[c->at];
    if (!c->n)
        return err_set(err, CORDON_E_USAGE, "chain", "a chain needs links");
    c->begun = true;
    c->over = c->over || c->at == c->n;
    if (c->over)
        return 0;
    int rc = c->at ? feed_answer(c, l, &why) : c->input ? feed(l, c->input, c->input_len, &why) : 0;
    if (rc < 0)
        return cordon_chain_give_up(c, name_of(l), why, err);
    *ret_req = l->request;
    *ret_script = l->script;
    return 1;
}

static void add_usage(cordon_chain *c, const cordon_outcome *o)
{
    for (int i = 0; i < CORDON_USAGE_COUNT; i++) {
        uint64_t one = o->usage[i], *sum = &c->usage[i];
        if (i == CORDON_USAGE_FUEL_EXACT)
            *sum = *sum && one;
        else if (i == CORDON_USAGE_MEMORY_PEAK_BYTES)
            *sum = one > *sum ? one : *sum;
        else if (__builtin_add_overflow(*sum, one, sum) || *sum > INT64_MAX)
            *sum = INT64_MAX;
    }
}

/* The outcome before goes now, and with it the sandbox that it may keep. */
int cordon_chain_ended(cordon_chain *c, cordon_outcome *outcome, cordon_error **err)
{
    err_wanted(err);
    char *json = NULL;
    cordon_outcome_free(c->last);
    c->last = outcome;
    add_usage(c, outcome);
    if (outcome->kind != CORDON_OUTCOME_OK)
        fail(c, name_of(&c->link[c->at]));
    else if (++c->at == c->n)
        c->over = true;
    int rc = cordon_outcome_json(outcome, &json, err);
    return rc == 0 ? tell_of(c, json, err) : rc;
}

static int run_link(cordon_request *req, cordon_script *script, cordon_outcome **ret, cordon_error **err)
{
    return script ? cordon_script_run(script, -1, ret, err) : cordon_request_run(req, ret, err);
}

int cordon_chain_run(cordon_chain *c, cordon_error **err)
{
    err_wanted(err);
    cordon_request *req;
    cordon_script *script;
    int rc;
    while ((rc = cordon_chain_next(c, &req, &script, err)) > 0) {
        cordon_outcome *outcome = NULL;
        cordon_error *why = NULL;
        if (run_link(req, script, &outcome, &why) < 0)
            return cordon_chain_give_up(c, name_of(&c->link[c->at]), why, err);
        if ((rc = cordon_chain_ended(c, outcome, err)) < 0)
            return rc;
    }
    return rc;
}

/* ---- what came of it ---- */

const cordon_outcome *cordon_chain_outcome(const cordon_chain *c) { return c->last; }
const char *cordon_chain_failure(const cordon_chain *c) { return c->failure[0] ? c->failure : NULL; }
uint64_t cordon_chain_usage(const cordon_chain *c, enum cordon_usage what) { return (unsigned)what < CORDON_USAGE_COUNT ? c->usage[what] : 0; }
