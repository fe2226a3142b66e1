/* SPDX-License-Identifier: Apache-2.0
 *
 * A bot's memory as a database of its own, HOME/memory/SLUG.db: so no search, no lock and no damage of one bot's reaches another's, nor does what is common in one weigh in
 * the ranking of another.
 *
 * What is in the file is not trusted to be well-formed: SQLite runs in its defensive mode, with limits far below its own, no extensions, no attached files.
 * A connection is used by one thread at a time, and gives up at its deadline.
 */
#pragma once
#include "keep/sqlite.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Until when, and whether anybody still wants it. */
struct memory_patience {
    uint64_t deadline_ns;      /* monotonic */
    const atomic_bool *stop;   /* NULL: nobody stops it */
};

struct memory_db {
    struct sqlite api;
    sqlite3 *handle;           /* NULL: closed */
    char *path;                /* owned; for messages */
    struct memory_patience patience;
};

enum memory_mode { MEMORY_READ, MEMORY_CHANGE, MEMORY_MAKE };

/* `slug` is a bot's (text_slug), not empty. 1: open; 0: there is none (never with MEMORY_MAKE). *ret stays where it is while it is open. UNSAFE_PATH, DAMAGED, MISSING_TOOL, IO. */
int memory_db_open(const char *home, const char *slug, enum memory_mode mode, const struct memory_patience *patience, struct memory_db *ret, cordon_error **err);
void memory_db_close(struct memory_db *db);
/* The error for what SQLite said last. None tells anything of what is kept or looked for. */
int memory_db_fail(const struct memory_db *db, cordon_error **err);
int memory_db_run(struct memory_db *db, const char *sql, cordon_error **err);
int memory_db_prepare(struct memory_db *db, const char *sql, sqlite3_stmt **ret, cordon_error **err);
/* 1: a row; 0: no more. */
int memory_db_step(struct memory_db *db, sqlite3_stmt *s, cordon_error **err);
