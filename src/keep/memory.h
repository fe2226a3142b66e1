/* SPDX-License-Identifier: Apache-2.0
 *
 * What bots remember: short texts, found again by their words. One database for each bot (memory_db.h). Blocks, up to the caller's deadline.
 *
 * `slug` is a bot's slug (text_slug), never empty.
 */
#pragma once
#include "keep/memory_db.h"
#include <stddef.h>

enum {
    MEMORY_TEXT_MAX = 64 << 10, /* of one text */
    MEMORY_ROWS_MAX = 10000,    /* of one bot */
    MEMORY_FOUND_MAX = 32,      /* of one search */
    MEMORY_BYTES_MAX = 64 << 10,
};

struct memory_row {
    int64_t id;
    uint64_t added_at_ms;
    char *text; /* owned; UTF-8 with a NUL behind it */
    size_t len;
};
struct memory_rows {
    struct memory_row item[MEMORY_FOUND_MAX];
    size_t n;
};
void memory_rows_finish(struct memory_rows *r);

/* `text` is UTF-8 and not empty. USAGE, TOO_LARGE, and what memory_db_open says. */
int memory_add(const char *home, const char *slug, const char *text, size_t len, const struct db_patience *p, int64_t *ret_id, cordon_error **err);
/* 1: removed; 0: there was none. */
int memory_remove(const char *home, const char *slug, int64_t id, const struct db_patience *p, cordon_error **err);
/* What has any of the words of `query` (UTF-8), best first (bm25); of an empty one, the newest. At most `limit` and MEMORY_FOUND_MAX rows, and MEMORY_BYTES_MAX bytes
 * or `room`, if that is less: a row that does not fit is left out. */
int memory_find(struct db *db, const char *query, size_t len, uint32_t limit, size_t room, struct memory_rows *ret, cordon_error **err);
/* The same with a connection of its own. */
int memory_search(const char *home, const char *slug, const char *query, size_t len, uint32_t limit, size_t room, const struct db_patience *p, struct memory_rows *ret,
                  cordon_error **err);
