/* SPDX-License-Identifier: Apache-2.0
 * Rows that are no longer kept, and the checkpoint in their place. */
#include "audit/store.h"
#include "base/clock.h"
#include "base/error.h"

/* The number that the query answers; `none` if it gives no row. */
static int number(struct audit_store *s, const char *sql, const char *kinds, const char *text, int64_t none, int64_t *ret, cordon_error **err)
{
    sqlite3_stmt *at = NULL;
    int r = db_query(&s->db, &at, err, sql, kinds, text);
    if (r == 0 && (r = db_step(&s->db, at, err)) >= 0)
        *ret = r ? db_int(&s->db, at, 0) : none;
    db_done(&s->db, at);
    return r < 0 ? r : 0;
}

/* From the oldest row to the last that is not kept: 1; 0: there is none. */
static int find_old(struct audit_store *s, const struct audit_keep *keep, uint64_t max, int64_t *ret_first, int64_t *ret_last, cordon_error **err)
{
    struct audit_head end;
    int64_t first = 0, young = 0, last = 0;
    uint64_t now = clock_wall_ms();
    int r = audit_store_last(s, &end, err);
    if (r < 0 || (r = number(s, "SELECT seq FROM audit WHERE kind <> 'checkpoint' ORDER BY seq LIMIT 1", "", NULL, 0, &first, err)) < 0 || first == 0)
        return r;
    if (!audit_seq_fits(first))
        return db_refuse(&s->db, "its first row has a number that no row gets", err);
    if (keep->rows && (uint64_t)(end.seq - first + 1) > keep->rows)
        last = end.seq - (int64_t)keep->rows;
    if (keep->ms && keep->ms < now) {
        char before[32];
        audit_time(now - keep->ms, before);
        if ((r = number(s, "SELECT seq FROM audit WHERE kind <> 'checkpoint' AND timestamp >= ? ORDER BY seq LIMIT 1", "s", before, end.seq + 1, &young, err)) < 0)
            return r;
        last = young - 1 > last ? young - 1 : last;
    }
    *ret_first = first;
    *ret_last = last >= first && (uint64_t)(last - first) >= max ? first + (int64_t)max - 1 : last;
    return last >= first;
}

static int read_link(struct audit_store *s, int64_t seq, uint8_t ret[AUDIT_LINK], cordon_error **err)
{
    sqlite3_stmt *at = NULL;
    int r = db_query(&s->db, &at, err, "SELECT link FROM audit WHERE seq = ?", "i", seq);
    if (r == 0 && (r = db_step(&s->db, at, err)) > 0)
        r = db_bytes(&s->db, at, 0, ret, AUDIT_LINK, err);
    db_done(&s->db, at);
    return r < 0 ? r : r ? 0 : db_refuse(&s->db, "a row is missing where rows were to be pruned", err);
}

static int replace(struct audit_store *s, int64_t last, cordon_error **err)
{
    char now[32];
    uint8_t seal[AUDIT_LINK];
    struct audit_row row = {.seq = last};
    audit_time(clock_wall_ms(), now);
    audit_row_text(&row, AUDIT_AT_kind, AUDIT_CHECKPOINT);
    audit_row_text(&row, AUDIT_AT_timestamp, now);
    int r = read_link(s, last, row.link, err);
    if (r < 0 || (r = db_do(&s->db, err, "DELETE FROM audit WHERE seq <= ?", "i", last)) < 0)
        return r;
    audit_row_seal(s->key, &row, seal);
    return audit_store_insert(s, &row, seal, err);
}

int audit_store_prune(struct audit_store *s, const struct audit_keep *keep, uint64_t max, uint64_t *ret_n, cordon_error **err)
{
    int64_t first = 0, last = 0;
    *ret_n = 0;
    if (!keep->ms && !keep->rows)
        return 0;
    audit_store_patience(s, AUDIT_PATIENCE_S);
    int r = db_begin(&s->db, err), old;
    if (r < 0)
        return r;
    if ((r = old = find_old(s, keep, max, &first, &last, err)) > 0)
        r = replace(s, last, err);
    if (r < 0 || !old) {
        db_rollback(&s->db);
        return r;
    }
    if ((r = db_commit(&s->db, err)) < 0)
        return r;
    *ret_n = (uint64_t)(last - first + 1);
    return 0;
}
