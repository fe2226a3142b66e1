/* SPDX-License-Identifier: Apache-2.0
 * The whole chain, as it was at one moment, against its key, its head, and a head that was noted elsewhere. */
#include "audit/audit.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

enum { VERIFY_S = 3600 };

static void cleanup_json(json_t **j) { json_decref(*j); }

/* ---- in words ---- */

static const char *const names[] = {
    [AUDIT_CHANGED] = "changed", [AUDIT_MISSING] = "missing", [AUDIT_UNSEALED] = "unsealed", [AUDIT_CUT] = "cut", [AUDIT_OTHER_HEAD] = "other-head",
    [AUDIT_PRUNED_HEAD] = "pruned-head", [AUDIT_NO_HEAD] = "no-head", [AUDIT_MALFORMED] = "malformed",
};

static void write_message(const struct audit_finding *f, char ret[256])
{
    char rows[64];
    snprintf(rows, sizeof rows, f->first == f->last ? "row %" PRId64 : "rows %" PRId64 " to %" PRId64, f->first, f->last);
    const char *is = f->first == f->last ? "is" : "are", *was = f->first == f->last ? "was" : "were";
    switch (f->fault) {
    case AUDIT_CHANGED: snprintf(ret, 256, "%s was changed, put in, or moved: it does not follow from the row before it", rows); break;
    case AUDIT_MISSING: snprintf(ret, 256, "%s %s gone", rows, is); break;
    case AUDIT_UNSEALED: snprintf(ret, 256, "%s is a checkpoint that Cordon did not make there: what was before it was not pruned by Cordon", rows); break;
    case AUDIT_CUT: snprintf(ret, 256, "%s %s there once and %s gone: the end was cut off", rows, was, is); break;
    case AUDIT_OTHER_HEAD: snprintf(ret, 256, "%s is not the one that the head is of: the head, or the chain up to there, was replaced", rows); break;
    case AUDIT_PRUNED_HEAD: snprintf(ret, 256, "%s, which the head is of, was pruned: there is nothing to compare it with", rows); break;
    case AUDIT_NO_HEAD: snprintf(ret, 256, "audit.head is gone, or not as it was written"); break;
    case AUDIT_MALFORMED: snprintf(ret, 256, "%s holds what Cordon never writes", rows); break;
    }
}

static json_t *findings_json(const struct audit_chain *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_findings; i++) {
        char message[256];
        const struct audit_finding *f = &c->finding[i];
        write_message(f, message);
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s}", "fault", names[f->fault], "first", (json_int_t)f->first, "last", (json_int_t)f->last, "message", message));
    }
    return list;
}

/* ---- the walk ---- */

struct walk { struct audit_chain chain; int64_t gaps; };

static int walk(struct audit_store *s, struct walk *w, cordon_error **err)
{
    sqlite3_stmt *at = NULL;
    struct audit_row row;
    const uint8_t *seal;
    audit_store_patience(s, VERIFY_S);
    int r = db_query(&s->db, &at, err, "SELECT " AUDIT_SELECT " FROM audit ORDER BY seq", "");
    while (r == 0 && (r = db_step(&s->db, at, err)) > 0) {
        r = 0;
        if (!audit_store_row(s, at, &row, &seal)) {
            audit_chain_malformed(&w->chain, row.seq);
            continue;
        }
        w->gaps += audit_row_is(&row, AUDIT_LOST);
        audit_chain_next(&w->chain, &row, seal);
    }
    db_done(&s->db, at);
    if (r == 0)
        audit_chain_end(&w->chain);
    return r;
}

static int print(const struct walk *w, bool there, char **ret_json, cordon_error **err)
{
    char head[AUDIT_HEAD_TEXT];
    struct audit_head now;
    if (there) {
        audit_chain_head(&w->chain, &now);
        audit_head_print(&now, head);
    }
    cleanup(cleanup_json) json_t *j = json_pack(
        "{s:i, s:b, s:I, s:I, s:I, s:o, s:o, s:I}", "cordon", 1, "ok", (int)(w->chain.findings == 0), "rows", (json_int_t)w->chain.rows, "pruned", (json_int_t)w->chain.pruned,
        "gaps", (json_int_t)w->gaps, "head", there ? json_string(head) : json_null(), "findings", findings_json(&w->chain), "findings_total", (json_int_t)w->chain.findings);
    *ret_json = j ? json_dumps(j, JSON_COMPACT) : NULL;
    return *ret_json ? w->chain.findings == 0 : err_nomem(err);
}

int audit_verify(const char *home, const struct audit_head *head, char **ret_json, cordon_error **err)
{
    static const uint8_t no_key[AUDIT_KEY];
    cleanup(audit_store_close) struct audit_store s;
    struct audit_head own;
    struct walk w = {0};
    int r = audit_store_open(home, true, &s, err), has_own = 0;
    if (r < 0)
        return r;
    bool there = r > 0;
    audit_chain_init(&w.chain, there ? s.key : no_key);
    if (head)
        audit_chain_expect(&w.chain, head);
    /* The head first: rows that come while it is read only make the chain longer than it says. */
    if (there && (has_own = audit_head_read(&s.home, &own, err)) < 0)
        return has_own;
    if (has_own)
        audit_chain_expect(&w.chain, &own);
    if (there)
        r = walk(&s, &w, err);
    else
        audit_chain_end(&w.chain);
    if (there && !has_own && w.chain.seq)
        audit_chain_find(&w.chain, AUDIT_NO_HEAD, 0, 0);
    return r < 0 ? r : print(&w, there, ret_json, err);
}
