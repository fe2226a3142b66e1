/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the audit that something else than Cordon has written, read along the chain. The first line is a head that was noted ("N:HASH"); each later line is a row: its
 * number, a letter for its kind (c, call; l, lost; k, checkpoint), a letter for its link (r, the right one), and a text, or, behind #, bytes.
 */
#include "fuzz.h"

#include "audit/store.h"

#include <sodium.h>

enum { ROWS_MAX = 200 };
static const uint8_t key[AUDIT_KEY] = {7};

/* One for the life of the process, in memory. */
static struct audit_store *the_store(void)
{
#define X(name, number) "," #name
    static const char table[] = "CREATE TABLE audit (seq INTEGER PRIMARY KEY" AUDIT_COLUMNS(X) ", link, seal)";
#undef X
    static struct audit_store s;
    if (s.db.handle)
        return &s;
    HOLDS(sodium_init() >= 0);
    if (sqlite_load(&s.db.api, NULL) < 0)
        return NULL;
    s.db.path = (char *)"audit.db";
    HOLDS(s.db.api.open_v2(":memory:", &s.db.handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK);
    HOLDS(s.db.api.exec(s.db.handle, table, NULL, NULL, NULL) == SQLITE_OK);
    return &s;
}

/* As its writer would have linked it, behind what was put last. */
static void put(struct audit_store *s, const char *line, size_t len, uint8_t link[AUDIT_LINK])
{
    char *rest;
    struct audit_row row = {.seq = strtoll(line, &rest, 10)};
    char kind = *rest ? *rest++ : 'c', how = *rest ? *rest++ : 'r';
    const char *name = kind == 'l' ? AUDIT_LOST : kind == 'k' ? AUDIT_CHECKPOINT : AUDIT_CALL;
    size_t left = len - (size_t)(rest - line);
    sqlite3_stmt *at = NULL;
    uint8_t seal[AUDIT_LINK];
    audit_row_text(&row, AUDIT_AT_kind, name);
    audit_row_text(&row, AUDIT_AT_skill_name, rest);
    if (how == 'r')
        audit_row_link(key, link, &row, link);
    else
        memset(link, how, AUDIT_LINK);
    memcpy(row.link, link, AUDIT_LINK);
    audit_row_seal(key, &row, seal);
    HOLDS(s->db.api.prepare_v2(s->db.handle, "INSERT OR REPLACE INTO audit (seq, kind, skill_name, link, seal) VALUES (?,?,?,?,?)", -1, &at, NULL) == SQLITE_OK);
    s->db.api.bind_int64(at, 1, row.seq);
    s->db.api.bind_text(at, 2, name, (int)strlen(name), SQLITE_STATIC);
    if (*rest == '#')
        s->db.api.bind_blob(at, 3, rest + 1, (int)left - 1, SQLITE_TRANSIENT);
    else
        s->db.api.bind_text(at, 3, rest, (int)left, SQLITE_TRANSIENT);
    s->db.api.bind_blob(at, 4, link, how == 's' ? 3 : AUDIT_LINK, SQLITE_TRANSIENT);
    s->db.api.bind_blob(at, 5, seal, AUDIT_LINK, SQLITE_TRANSIENT);
    HOLDS(s->db.api.step(at) == SQLITE_DONE);
    s->db.api.finalize(at);
}

static void walk(struct audit_store *s, const struct audit_head *head)
{
    static struct audit_chain c;
    struct audit_head now, end;
    struct audit_row row;
    const uint8_t *seal;
    sqlite3_stmt *at = NULL;
    int64_t before = INT64_MIN;
    audit_chain_init(&c, key);
    if (head)
        audit_chain_expect(&c, head);
    HOLDS(s->db.api.prepare_v2(s->db.handle, "SELECT " AUDIT_SELECT " FROM audit ORDER BY seq", -1, &at, NULL) == SQLITE_OK);
    while (s->db.api.step(at) == SQLITE_ROW) {
        if (audit_store_row(s, at, &row, &seal))
            audit_chain_next(&c, &row, seal);
        else
            audit_chain_malformed(&c, row.seq);
        HOLDS(c.seq >= before);
        before = c.seq;
    }
    s->db.api.finalize(at);
    audit_chain_end(&c);
    audit_chain_head(&c, &now);
    HOLDS(c.n_findings <= AUDIT_FINDINGS_MAX && c.n_findings <= c.findings && c.seq >= 0);
    HOLDS(!head || c.findings || head->seq < now.seq || !memcmp(head->hash, now.hash, AUDIT_LINK));
    cordon_error *err = NULL;
    int rc = audit_store_last(s, &end, &err);
    if (rc < 0)
        fuzz_check_error(rc, err);
    else
        HOLDS(end.seq >= 0 && end.seq <= AUDIT_SEQ_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct db_kind kind = {.what = "audit", .when_full = ""};
    struct feed f = {data, size};
    struct audit_store *s = the_store();
    struct audit_head head;
    uint8_t link[AUDIT_LINK] = {0};
    char text[AUDIT_HEAD_TEXT];
    size_t len;
    if (!s)
        return 0;
    s->db.kind = &kind;
    char *line = feed_line(&f, &len);
    bool has_head = audit_head_parse(line, len, &head);
    free(line);
    if (has_head) {
        struct audit_head again;
        audit_head_print(&head, text);
        HOLDS(audit_head_parse(text, strlen(text), &again) && again.seq == head.seq && !memcmp(again.hash, head.hash, AUDIT_LINK));
    }
    HOLDS(s->db.api.exec(s->db.handle, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    for (int n = 0; f.left && n < ROWS_MAX; n++) {
        line = feed_line(&f, &len);
        put(s, line, len, link);
        free(line);
    }
    walk(s, has_head ? &head : NULL);
    HOLDS(s->db.api.exec(s->db.handle, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
    return 0;
}
