/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/memory_db.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/safe.h"
#include "keep/home.h"
#include <errno.h>
#include <string.h>
#include <sys/file.h>

enum {
    PAGE = 4096, PAGES_MAX = 32768,       /* 128 MiB for each bot */
    STEPS_BETWEEN_LOOKS = 2000,           /* of SQLite's machine: well below a millisecond */
    WAIT_MAX_MS = 20,
    FORM = 1,                             /* user_version */
};
#define APPLICATION 0x43724d65 /* "CrMe" */
#define TEXT_OF(x) #x
#define AS_TEXT(x) TEXT_OF(x)

/* ---- patience ---- */

static bool is_over(const struct memory_patience *p) { return (p->stop && atomic_load(p->stop)) || clock_now_ns() >= p->deadline_ns; }

static int on_progress(void *db) { return is_over(&((struct memory_db *)db)->patience); }

/* Another process or thread writes. */
static int on_busy(void *db, int tries)
{
    if (is_over(&((struct memory_db *)db)->patience))
        return 0;
    usleep((useconds_t)(tries < WAIT_MAX_MS ? tries + 1 : WAIT_MAX_MS) * 1000);
    return 1;
}

/* ---- errors ---- */

static int refuse_damaged(const struct memory_db *db, const char *why, cordon_error **err)
{
    return err_set(err, CORDON_E_DAMAGED, db->path, "the memory %s is damaged: %s", db->path, why);
}

int memory_db_fail(const struct memory_db *db, cordon_error **err)
{
    int code = db->handle ? db->api.extended_errcode(db->handle) : SQLITE_NOMEM;
    const char *why = db->api.errstr(code);
    switch (code & 0xff) {
    case SQLITE_NOMEM: return err_nomem(err);
    case SQLITE_CORRUPT: case SQLITE_NOTADB: case SQLITE_FORMAT: case SQLITE_MISMATCH: case SQLITE_ERROR: case SQLITE_SCHEMA: case SQLITE_TOOBIG:
        return refuse_damaged(db, why, err);
    case SQLITE_INTERRUPT: case SQLITE_BUSY: case SQLITE_LOCKED:
        return err_set(err, CORDON_E_IO, db->path, "the memory %s did not answer in time: %s", db->path, why);
    case SQLITE_FULL: {
        int r = err_set(err, CORDON_E_TOO_LARGE, db->path, "the memory %s is full, or the disk is (a memory has at most %d MiB)", db->path, PAGES_MAX / 1024 * PAGE / 1024);
        err_hint(err, "Remove what is not needed any more: cordon memory remove.");
        return r;
    }
    default: return err_set(err, CORDON_E_IO, db->path, "cannot use the memory %s: %s", db->path, why);
    }
}

/* ---- statements ---- */

int memory_db_run(struct memory_db *db, const char *sql, cordon_error **err)
{
    return db->api.exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : memory_db_fail(db, err);
}

int memory_db_prepare(struct memory_db *db, const char *sql, sqlite3_stmt **ret, cordon_error **err)
{
    return db->api.prepare_v2(db->handle, sql, -1, ret, NULL) == SQLITE_OK ? 0 : memory_db_fail(db, err);
}

int memory_db_step(struct memory_db *db, sqlite3_stmt *s, cordon_error **err)
{
    int code = db->api.step(s);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : memory_db_fail(db, err);
}

/* ---- opening ---- */

static void harden(struct memory_db *db)
{
    static const struct { int what, value; } configs[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_DQS_DML, 0}, {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    static const struct { int what, value; } limits[] = {
        {SQLITE_LIMIT_LENGTH, 4 << 20}, {SQLITE_LIMIT_SQL_LENGTH, 16 << 10}, {SQLITE_LIMIT_COLUMN, 64}, {SQLITE_LIMIT_EXPR_DEPTH, 64}, {SQLITE_LIMIT_VDBE_OP, 25000},
        {SQLITE_LIMIT_FUNCTION_ARG, 16}, {SQLITE_LIMIT_ATTACHED, 0}, {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64}, {SQLITE_LIMIT_VARIABLE_NUMBER, 32},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1}, {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        db->api.db_config(db->handle, configs[i].what, configs[i].value, (int *)NULL);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        db->api.limit(db->handle, limits[i].what, limits[i].value);
    db->api.busy_handler(db->handle, on_busy, db);
    db->api.progress_handler(db->handle, STEPS_BETWEEN_LOOKS, on_progress, db);
}

/* The number that a pragma answers; -1 if none. */
static int64_t pragma(struct memory_db *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t n = -1;
    if (memory_db_prepare(db, sql, &s, NULL) == 0 && memory_db_step(db, s, NULL) > 0)
        n = db->api.column_int64(s, 0);
    db->api.finalize(s);
    return n;
}

/* Empty, because its maker was killed, or ours. */
static int check_form(struct memory_db *db, bool *ret_empty, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int r = memory_db_prepare(db, "SELECT count(*) FROM sqlite_master", &s, err);
    if (r == 0 && (r = memory_db_step(db, s, err)) >= 0)
        *ret_empty = r == 0 || db->api.column_int64(s, 0) == 0;
    db->api.finalize(s);
    if (r < 0 || *ret_empty)
        return r < 0 ? r : 0;
    if (pragma(db, "PRAGMA application_id") != APPLICATION)
        return refuse_damaged(db, "it is a database of another program", err);
    if (pragma(db, "PRAGMA user_version") != FORM)
        return err_set(err, CORDON_E_IO, db->path, "the memory %s was written by another version of Cordon", db->path);
    return 0;
}

static int make_form(struct memory_db *db, cordon_error **err)
{
    static const char sql[] = "BEGIN IMMEDIATE;"
                              "CREATE VIRTUAL TABLE IF NOT EXISTS recall USING fts5(text, added_at UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2');"
                              "PRAGMA application_id = " AS_TEXT(APPLICATION) ";"
                              "PRAGMA user_version = 1;"
                              "COMMIT";
    _Static_assert(FORM == 1, "as above");
    return memory_db_run(db, sql, err);
}

/* Of a connection that changes: the ceilings are the connection's, not the file's. */
static int prepare_changes(struct memory_db *db, bool empty, cordon_error **err)
{
    int r = memory_db_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA max_page_count = 32768", err);
    _Static_assert(PAGES_MAX == 32768, "as above");
    return r < 0 || !empty ? r : make_form(db, err);
}

static void hang_up(struct memory_db *db)
{
    if (db->handle)
        db->api.close_v2(db->handle);
    db->handle = NULL;
}

static int connect(struct memory_db *db, int flags, bool *ret_empty, cordon_error **err)
{
    hang_up(db);
    if (db->api.open_v2(db->path, &db->handle, SQLITE_OPEN_NOMUTEX | flags, NULL) != SQLITE_OK)
        return memory_db_fail(db, err);
    harden(db);
    int r = memory_db_run(db, "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON", err);
    return r < 0 ? r : check_form(db, ret_empty, err);
}

/* What a killed writer left has to be put in order first, which a connection that only reads cannot: then one that could write, and is told not to. */
static int connect_for_reading(struct memory_db *db, cordon_error **err)
{
    bool empty = false;
    int r = connect(db, SQLITE_OPEN_READONLY, &empty, NULL);
    if (r < 0 && ((r = connect(db, SQLITE_OPEN_READWRITE, &empty, err)) < 0 || (r = memory_db_run(db, "PRAGMA query_only = ON", err)) < 0))
        return r;
    return !empty;
}

static int connect_for_changes(struct memory_db *db, cordon_error **err)
{
    bool empty = false;
    int r = connect(db, SQLITE_OPEN_READWRITE, &empty, err);
    if (r < 0 || (r = prepare_changes(db, empty, err)) < 0)
        return r;
    return 1;
}

static int lock_within(int fd, int how, const struct memory_patience *p)
{
    while (flock(fd, how | LOCK_NB) < 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || is_over(p))
            return -1;
        usleep(1000);
    }
    return 0;
}

/* The file is ours, 0600; made if it is to be. Under a lock that openers share: a maker closes the file it made, and with it would go the locks that SQLite holds
 * on it elsewhere in this process. */
static int check_file(int folder, const char *path, const char *name, enum memory_mode mode, const struct memory_patience *p, cordon_error **err)
{
    if (lock_within(folder, mode == MEMORY_MAKE ? LOCK_EX : LOCK_SH, p) < 0)
        return err_errno(err, errno, "lock", path);
    int r = safe_file_look(folder, path, name, err);
    if (r == 0 && mode == MEMORY_MAKE)
        r = safe_write(folder, path, name, "", 0, true, err);
    flock(folder, LOCK_UN);
    return r;
}

int memory_db_open(const char *home, const char *slug, enum memory_mode mode, const struct memory_patience *patience, struct memory_db *ret, cordon_error **err)
{
    cleanup(home_finish) struct home h = HOME_NONE;
    cleanup_fd int folder = -1;
    cleanup_free char *path = NULL, *name = NULL;
    cleanup(memory_db_close) struct memory_db db = {.patience = *patience};
    bool make = mode == MEMORY_MAKE;
    int r = make ? home_make(home, &h, err) : home_open(home, &h, err);
    if (r < 0 || (!make && !r) || (r = home_folder(&h, "memory", make, &folder, &path, err)) <= 0)
        return r;
    if (asprintf(&name, "%s.db", slug) < 0 || asprintf(&db.path, "%s/%s", path, name) < 0)
        return err_nomem(err);
    if ((r = check_file(folder, path, name, mode, patience, err)) <= 0 || (r = sqlite_load(&db.api, err)) < 0)
        return r;
    *ret = db; /* from here on SQLite knows it by its address */
    db = (struct memory_db){0};
    r = mode == MEMORY_READ ? connect_for_reading(ret, err) : connect_for_changes(ret, err);
    if (r <= 0)
        memory_db_close(ret);
    return r;
}

void memory_db_close(struct memory_db *db)
{
    hang_up(db);
    free(db->path);
    *db = (struct memory_db){0};
}
