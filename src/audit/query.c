/* SPDX-License-Identifier: Apache-2.0
 * What the audit says of calls, newest first: of each call the row of its end, or, where there is none, that it has begun. */
#include "audit/audit.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <jansson.h>
#include <string.h>

#define SHOWN                                                                                                                          \
    "(kind = 'call' OR kind = 'lost' OR (kind = 'started' AND NOT EXISTS "                                                            \
    "(SELECT 1 FROM audit AS e WHERE e.invocation_id = audit.invocation_id AND e.kind = 'call')))"

static void cleanup_json(json_t **j) { json_decref(*j); }

static json_t *text_json(const struct audit_value *v) { return v->there ? json_stringn(v->text, v->len) : json_null(); }

static json_t *value_json(const struct audit_row *r, enum audit_column c)
{
    const struct audit_value *v = &r->at[c];
    json_t *list = NULL;
    if (!v->there)
        return json_null();
    if (c == AUDIT_AT_success)
        return json_boolean(v->number != 0);
    if (audit_column_is_number(c))
        return json_integer(v->number);
    if (c == AUDIT_AT_capabilities_used)
        list = json_loadb(v->text, v->len, 0, NULL);
    return list ? list : text_json(v);
}

/* NULL for what is no text: somebody wrote it who is not Cordon, which is for --verify to tell. */
static json_t *row_json(const struct audit_row *r)
{
    json_t *j = json_object();
    int rc = json_object_set_new(j, "seq", json_integer(r->seq));
    for (enum audit_column c = 0; c < AUDIT_COLUMN_COUNT; c++)
        rc |= json_object_set_new(j, audit_column_name(c), value_json(r, c));
    if (rc == 0 && audit_row_is(r, AUDIT_STARTED))
        rc = json_object_set_new(j, "outcome", json_string("unfinished"));
    if (rc == 0)
        return j;
    json_decref(j);
    return NULL;
}

static int prepare(struct audit_store *s, const struct audit_query *q, sqlite3_stmt **ret, cordon_error **err)
{
    int64_t limit = q->limit;
    if (q->skill && q->bot)
        return db_query(&s->db, ret, err, "SELECT " AUDIT_SELECT " FROM audit WHERE " SHOWN " AND skill_name = ? AND bot_id = ? ORDER BY seq DESC LIMIT ?", "ssi",
                        q->skill, q->bot, limit);
    if (q->skill)
        return db_query(&s->db, ret, err, "SELECT " AUDIT_SELECT " FROM audit WHERE " SHOWN " AND skill_name = ? ORDER BY seq DESC LIMIT ?", "si", q->skill, limit);
    if (q->bot)
        return db_query(&s->db, ret, err, "SELECT " AUDIT_SELECT " FROM audit WHERE " SHOWN " AND bot_id = ? ORDER BY seq DESC LIMIT ?", "si", q->bot, limit);
    return db_query(&s->db, ret, err, "SELECT " AUDIT_SELECT " FROM audit WHERE " SHOWN " ORDER BY seq DESC LIMIT ?", "i", limit);
}

static int collect(struct audit_store *s, const struct audit_query *q, json_t *rows, cordon_error **err)
{
    sqlite3_stmt *at = NULL;
    struct audit_row row;
    const uint8_t *seal;
    int r = prepare(s, q, &at, err);
    while (r == 0 && (r = db_step(&s->db, at, err)) > 0) {
        json_t *one = audit_store_row(s, at, &row, &seal) ? row_json(&row) : NULL;
        r = one ? json_array_append_new(rows, one) : json_array_append_new(rows, json_pack("{s:I, s:s}", "seq", (json_int_t)row.seq, "kind", "malformed"));
    }
    db_done(&s->db, at);
    return r;
}

int audit_query(const char *home, const struct audit_query *q, char **ret_json, cordon_error **err)
{
    cleanup(audit_store_close) struct audit_store s;
    cleanup(cleanup_json) json_t *whole = json_pack("{s:i, s:[]}", "cordon", 1, "rows");
    if (!whole)
        return err_nomem(err);
    int r = audit_store_open(home, false, &s, err);
    if (r < 0 || (r > 0 && (r = collect(&s, q, json_object_get(whole, "rows"), err)) < 0))
        return r;
    return (*ret_json = json_dumps(whole, JSON_COMPACT)) ? 0 : err_nomem(err);
}
