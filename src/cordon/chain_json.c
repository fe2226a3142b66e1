/* SPDX-License-Identifier: Apache-2.0
 * The JSON object of a chain. Links and answers go in as texts: what a skill answered may hold numbers that a JSON value of ours cannot. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/chain_parts.h"

#include <string.h>

static const char *outcome_of(const cordon_chain *c)
{
    return c->why || !c->last ? "not-started" : cordon_outcome_name(c->last->kind);
}

static bool is_answered(const cordon_chain *c) { return !c->failure[0] && c->last && c->at == c->n; }

/* Of a link that ended in another way than ok. NULL without memory. */
static char *failure_text(const cordon_chain *c)
{
    const cordon_outcome *o = c->last;
    const char *id = cordon_outcome_name(o->kind);
    cleanup_free char *message = NULL;
    if (asprintf(&message, "%s: %s", c->failure, o->message ? o->message : id) < 0) {
        message = NULL;
        return NULL;
    }
    json_t *j = json_pack("{ss ss ss?}", "id", id, "message", message, "hint", o->hint);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return text;
}

static void add_failure(struct buf *b, const cordon_chain *c)
{
    if (!c->failure[0]) {
        buf_adds(b, ",\"position\":null,\"error\":null");
        return;
    }
    cleanup_free char *made = c->why ? NULL : failure_text(c);
    const char *text = c->why ? c->why : made;
    buf_addf(b, ",\"position\":%zu,\"error\":", c->at);
    if (text)
        buf_adds(b, text);
    else
        b->full = true;
}

static void add_links(struct buf *b, const json_t *told)
{
    size_t i;
    json_t *one;
    buf_adds(b, ",\"links\":[");
    json_array_foreach(told, i, one) {
        buf_adds(b, i ? "," : "");
        buf_add(b, json_string_value(one), json_string_length(one));
    }
    buf_addc(b, ']');
}

static void add_usage(struct buf *b, const uint64_t *usage)
{
    json_t *j = outcome_usage_json(usage);
    cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    buf_adds(b, ",\"usage\":");
    if (text)
        buf_adds(b, text);
    else
        b->full = true;
}

int cordon_chain_json(const cordon_chain *c, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(buf_finish) struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_addf(&b, "{\"cordon\":1,\"outcome\":\"%s\"", outcome_of(c));
    if (is_answered(c))
        outcome_add_output(&b, c->last);
    else
        buf_adds(&b, ",\"output\":null,\"output_kind\":\"json\"");
    add_failure(&b, c);
    add_links(&b, c->told);
    add_usage(&b, c->usage);
    buf_addc(&b, '}');
    char *text = buf_take(&b, NULL);
    if (!text)
        return err_nomem(err);
    *ret_json = text;
    return 0;
}
