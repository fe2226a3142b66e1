/* SPDX-License-Identifier: Apache-2.0
 * What a guest looks for: whatever it is, words in quotes come of it, and FTS5 takes them. */
#include "fuzz.h"

#include "base/text.h"
#include "keep/memory_query.h"
#include "keep/sqlite.h"

/* One for the life of the process, with nothing in it to find. NULL: there is no SQLite, or none with FTS5. */
static sqlite3_stmt *the_search(struct sqlite *api)
{
    static sqlite3 *db;
    static sqlite3_stmt *s;
    if (sqlite_load(api, NULL) < 0)
        return NULL;
    if (!db) {
        HOLDS(api->open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK);
        if (api->exec(db, "CREATE VIRTUAL TABLE recall USING fts5(text)", NULL, NULL, NULL) == SQLITE_OK)
            HOLDS(api->prepare_v2(db, "SELECT rowid FROM recall WHERE recall MATCH ?1", -1, &s, NULL) == SQLITE_OK);
    }
    return s;
}

static void check_taken(const struct buf *b)
{
    struct sqlite api;
    sqlite3_stmt *s = the_search(&api);
    if (!s)
        return;
    api.bind_text(s, 1, b->data, (int)b->len, SQLITE_STATIC);
    HOLDS(api.step(s) == SQLITE_DONE);
    api.reset(s);
}

/* "word" OR "word": nothing but a word within quotes. */
static void check_form(const char *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        HOLDS(*s == '"');
        size_t len = strcspn(++s, "\"");
        HOLDS(len > 0 && len <= QUERY_TERM_MAX && s[len] == '"');
        for (size_t at = 0; at < len; at++)
            HOLDS((unsigned char)s[at] >= 0x80 || strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", s[at]));
        s += len + 1;
        if (i + 1 < n) {
            HOLDS(!strncmp(s, " OR ", 4));
            s += 4;
        }
    }
    HOLDS(!*s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t len;
    char *text = feed_rest(&f, &len);
    struct buf b;
    buf_init(&b, QUERY_TEXT_MAX);
    if (text_is_utf8(text, len)) {
        unsigned n = memory_query(&b, text, len);
        HOLDS(!b.full && n <= QUERY_TERMS_MAX && !n == !b.len);
        if (n) {
            HOLDS(fuzz_is_utf8(b.data, b.len));
            check_form(b.data, n);
            check_taken(&b);
        }
    }
    buf_finish(&b);
    free(text);
    return 0;
}
