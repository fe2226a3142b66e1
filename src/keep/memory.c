/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/memory.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "keep/memory_query.h"
#include <string.h>

static void cleanup_buf(struct buf *b) { buf_finish(b); }

void memory_rows_finish(struct memory_rows *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->item[i].text);
    r->n = 0;
}

/* ---- adding ---- */

static int check_text(const char *text, size_t len, cordon_error **err)
{
    if (len == 0)
        return err_set(err, CORDON_E_USAGE, NULL, "the text is empty");
    if (len > MEMORY_TEXT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the text is longer than %d KiB", MEMORY_TEXT_MAX >> 10);
    return text_is_utf8(text, len) ? 0 : err_set(err, CORDON_E_USAGE, NULL, "the text is not UTF-8");
}

static int check_room(struct db *db, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int r = db_prepare(db, "SELECT count(*) FROM recall", &s, err);
    bool full = r == 0 && (r = db_step(db, s, err)) > 0 && db->api.column_int64(s, 0) >= MEMORY_ROWS_MAX;
    db->api.finalize(s);
    if (r < 0 || !full)
        return r < 0 ? r : 0;
    r = err_set(err, CORDON_E_TOO_LARGE, db->path, "the memory %s has %d texts, and no more are kept", db->path, MEMORY_ROWS_MAX);
    err_hint(err, "Remove what is not needed any more: cordon memory remove.");
    return r;
}

static int insert(struct db *db, const char *text, size_t len, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int r = db_prepare(db, "INSERT INTO recall (text, added_at) VALUES (?1, ?2)", &s, err);
    if (r < 0)
        return r;
    db->api.bind_text(s, 1, text, (int)len, SQLITE_STATIC);
    db->api.bind_int64(s, 2, (sqlite3_int64)clock_wall_ms());
    r = db_step(db, s, err);
    db->api.finalize(s);
    return r;
}

int memory_add(const char *home, const char *slug, const char *text, size_t len, const struct db_patience *p, int64_t *ret_id, cordon_error **err)
{
    cleanup(db_close) struct db db = {0};
    int r = check_text(text, len, err);
    if (r < 0 || (r = memory_db_open(home, slug, DB_MAKE, p, &db, err)) < 0 || (r = db_run(&db, "BEGIN IMMEDIATE", err)) < 0 ||
        (r = check_room(&db, err)) < 0 || (r = insert(&db, text, len, err)) < 0 || (r = db_run(&db, "COMMIT", err)) < 0)
        return r; /* closing takes back what is not committed */
    *ret_id = db.api.last_insert_rowid(db.handle);
    return 0;
}

int memory_remove(const char *home, const char *slug, int64_t id, const struct db_patience *p, cordon_error **err)
{
    cleanup(db_close) struct db db = {0};
    sqlite3_stmt *s = NULL;
    int r = memory_db_open(home, slug, DB_CHANGE, p, &db, err);
    if (r <= 0 || (r = db_prepare(&db, "DELETE FROM recall WHERE rowid = ?1", &s, err)) < 0)
        return r;
    db.api.bind_int64(s, 1, id);
    r = db_step(&db, s, err);
    db.api.finalize(s);
    return r < 0 ? r : db.api.changes(db.handle) > 0;
}

/* ---- finding ---- */

static int prepare_search(struct db *db, const struct buf *query, uint32_t limit, sqlite3_stmt **ret, cordon_error **err)
{
    static const char by_rank[] = "SELECT rowid, text, added_at FROM recall WHERE recall MATCH ?1 ORDER BY rank, rowid DESC LIMIT ?2";
    static const char newest[] = "SELECT rowid, text, added_at FROM recall ORDER BY rowid DESC LIMIT ?2";
    int r = db_prepare(db, query->len ? by_rank : newest, ret, err);
    if (r < 0)
        return r;
    if (query->len)
        db->api.bind_text(*ret, 1, query->data, (int)query->len, SQLITE_STATIC);
    db->api.bind_int64(*ret, 2, limit);
    return 0;
}

/* What the file holds may be anything; what a guest is given is UTF-8. */
static int take_row(struct db *db, sqlite3_stmt *s, size_t room, size_t *used, struct memory_rows *ret, cordon_error **err)
{
    const char *text = (const char *)db->api.column_text(s, 1);
    int len = db->api.column_bytes(s, 1);
    int64_t at = db->api.column_int64(s, 2);
    if (!text || len < 0 || at < 0 || !text_is_utf8(text, (size_t)len))
        return err_set(err, CORDON_E_DAMAGED, db->path, "the memory %s is damaged: it holds what is not text", db->path);
    if ((size_t)len > room - *used)
        return 0;
    struct memory_row *row = &ret->item[ret->n];
    *row = (struct memory_row){.id = db->api.column_int64(s, 0), .added_at_ms = (uint64_t)at, .text = malloc((size_t)len + 1), .len = (size_t)len};
    if (!row->text)
        return err_nomem(err);
    memcpy(row->text, text, (size_t)len);
    row->text[len] = '\0';
    *used += (size_t)len;
    ret->n++;
    return 0;
}

static int take_rows(struct db *db, sqlite3_stmt *s, size_t room, struct memory_rows *ret, cordon_error **err)
{
    size_t used = 0;
    int r;
    while ((r = db_step(db, s, err)) > 0 && ret->n < MEMORY_FOUND_MAX)
        if ((r = take_row(db, s, room, &used, ret, err)) < 0)
            break;
    return r < 0 ? r : 0;
}

int memory_find(struct db *db, const char *query, size_t len, uint32_t limit, size_t room, struct memory_rows *ret, cordon_error **err)
{
    cleanup(cleanup_buf) struct buf expression;
    cleanup(memory_rows_finish) struct memory_rows rows = {.n = 0};
    sqlite3_stmt *s = NULL;
    buf_init(&expression, QUERY_TEXT_MAX);
    ret->n = 0;
    if ((!memory_query(&expression, query, len) && len) || !limit)
        return expression.full ? err_nomem(err) : 0;
    if (expression.full)
        return err_nomem(err);
    int r = prepare_search(db, &expression, limit < MEMORY_FOUND_MAX ? limit : MEMORY_FOUND_MAX, &s, err);
    if (r == 0)
        r = take_rows(db, s, room < MEMORY_BYTES_MAX ? room : MEMORY_BYTES_MAX, &rows, err);
    db->api.finalize(s);
    if (r < 0)
        return r;
    *ret = rows;
    rows.n = 0;
    return 0;
}

int memory_search(const char *home, const char *slug, const char *query, size_t len, uint32_t limit, size_t room, const struct db_patience *p, struct memory_rows *ret,
                  cordon_error **err)
{
    cleanup(db_close) struct db db = {0};
    ret->n = 0;
    int r = memory_db_open(home, slug, DB_READ, p, &db, err);
    return r <= 0 ? r : memory_find(&db, query, len, limit, room, ret, err);
}
