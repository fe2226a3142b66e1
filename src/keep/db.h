/* SPDX-License-Identifier: Apache-2.0
 *
 * A database of Cordon's own: one file in one of its folders, 0600, with the files that SQLite puts beside it. Opened by path, under a lock that openers share.
 *
 * What is in the file is not trusted to be well-formed: SQLite runs in its defensive mode, with limits far below its own, without triggers, views, extensions and
 * attached files. A connection is used by one thread at a time, and gives up at its deadline. Changes are in WAL mode: who reads waits for nobody.
 */
#pragma once
#include "keep/sqlite.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Until when, and whether anybody still wants it. */
struct db_patience {
    uint64_t deadline_ns;      /* monotonic */
    const atomic_bool *stop;   /* NULL: nobody stops it */
};

struct db;

/* What a file is; a constant of the room that keeps it. */
struct db_kind {
    const char *what;          /* how messages call it: "memory" */
    uint32_t application;      /* application_id */
    int form;                  /* user_version. A file with a higher one is NEWER_HOME */
    unsigned pages_max;        /* of 4 KiB; TOO_LARGE beyond */
    const char *when_full;     /* the hint then */
    /* Makes the tables of `form` from those of `from` (0: there are none), in the transaction that is open. */
    int (*migrate)(struct db *db, int from, cordon_error **err);
    bool secure_delete;        /* what is removed is overwritten */
    bool lazy;                 /* a commit may be lost with the machine's power, never the file: synchronous = NORMAL */
    bool keeps_wal;            /* the log stays when the last one closes it, so that opening it again makes no file */
};

struct db {
    struct sqlite api;
    sqlite3 *handle;           /* NULL: closed */
    const struct db_kind *kind;
    char *path;                /* owned; for messages */
    struct db_patience patience;
};

enum db_mode { DB_READ, DB_CHANGE, DB_MAKE };

/* The file `name` in `folder` (which `path` names). 1: open; 0: there is none (never with DB_MAKE). *ret stays where it is while it is open. UNSAFE_PATH, DAMAGED, NEWER_HOME, MISSING_TOOL, IO. */
int db_open(int folder, const char *path, const char *name, const struct db_kind *kind, enum db_mode mode, const struct db_patience *patience, struct db *ret, cordon_error **err);
/* What is not committed is taken back. Closed: nothing. */
void db_close(struct db *db);
/* The error for what SQLite said last. None tells anything of what is kept or looked for. DAMAGED, TOO_LARGE (full), IO. */
int db_fail(const struct db *db, cordon_error **err);
/* DAMAGED: "the WHAT PATH is damaged: WHY". */
int db_refuse(const struct db *db, const char *why, cordon_error **err);

int db_run(struct db *db, const char *sql, cordon_error **err);
int db_begin(struct db *db, cordon_error **err);   /* the only writer from here on */
int db_commit(struct db *db, cordon_error **err);  /* taken back if that fails */
void db_rollback(struct db *db);                   /* no transaction open: nothing */

int db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret, cordon_error **err);
/* Prepares, and binds the values in order; all are copied. `kinds` has a letter for each: s const char * (NULL: null), i int64_t, b const void * (NULL: null) and size_t. */
int db_query(struct db *db, sqlite3_stmt **ret, cordon_error **err, const char *sql, const char *kinds, ...);
/* 1: a row; 0: no more. */
int db_step(struct db *db, sqlite3_stmt *s, cordon_error **err);
void db_done(struct db *db, sqlite3_stmt *s); /* NULL allowed */
/* One that gives no rows, or whose first is of no interest. Values as of db_query. */
int db_do(struct db *db, cordon_error **err, const char *sql, const char *kinds, ...);

/* Of the row at hand: a copy of the text, UTF-8 without NUL (else DAMAGED), NULL for null. */
int db_text(struct db *db, sqlite3_stmt *s, int column, char **ret, cordon_error **err);
/* Exactly `len` bytes, else DAMAGED. 1; 0: it is null, and *ret is untouched. */
int db_bytes(struct db *db, sqlite3_stmt *s, int column, void *ret, size_t len, cordon_error **err);
static inline int64_t db_int(struct db *db, sqlite3_stmt *s, int column) { return db->api.column_int64(s, column); }
