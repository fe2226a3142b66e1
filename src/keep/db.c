/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/db.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/safe.h"
#include "base/text.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>

enum {
    PAGE = 4096,
    STEPS_BETWEEN_LOOKS = 2000,           /* of SQLite's machine: well below a millisecond */
    WAIT_MAX_MS = 20,
    SETTINGS_MAX = 512,
};

/* ---- patience ---- */

static bool is_over(const struct db_patience *p) { return (p->stop && atomic_load(p->stop)) || clock_now_ns() >= p->deadline_ns; }

static int on_progress(void *db) { return is_over(&((struct db *)db)->patience); }

/* Another process or thread writes. */
static int on_busy(void *db, int tries)
{
    if (is_over(&((struct db *)db)->patience))
        return 0;
    usleep((useconds_t)(tries < WAIT_MAX_MS ? tries + 1 : WAIT_MAX_MS) * 1000);
    return 1;
}

/* ---- errors ---- */

int db_refuse(const struct db *db, const char *why, cordon_error **err)
{
    return err_set(err, CORDON_E_DAMAGED, db->path, "the %s %s is damaged: %s", db->kind->what, db->path, why);
}

static int refuse_full(const struct db *db, cordon_error **err)
{
    int r = err_set(err, CORDON_E_TOO_LARGE, db->path, "the %s %s is full, or the disk is (a %s has at most %u MiB)", db->kind->what, db->path, db->kind->what,
                    db->kind->pages_max / 1024 * PAGE / 1024);
    err_hint(err, "%s", db->kind->when_full);
    return r;
}

static int refuse_change(const struct db *db, const char *why, cordon_error **err)
{
    int r = err_set(err, CORDON_E_IO, db->path, "cannot change the %s %s: %s", db->kind->what, db->path, why);
    err_hint(err, "Nothing was changed. Cordon's home has to be on a file system that can be written; CORDON_HOME names another.");
    return r;
}

int db_fail(const struct db *db, cordon_error **err)
{
    int code = db->handle ? db->api.extended_errcode(db->handle) : SQLITE_NOMEM;
    const char *why = db->api.errstr(code);
    switch (code & 0xff) {
    case SQLITE_NOMEM: return err_nomem(err);
    case SQLITE_CORRUPT: case SQLITE_NOTADB: case SQLITE_FORMAT: case SQLITE_MISMATCH: case SQLITE_ERROR: case SQLITE_SCHEMA: case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
        return db_refuse(db, why, err);
    case SQLITE_INTERRUPT: case SQLITE_BUSY: case SQLITE_LOCKED:
        return err_set(err, CORDON_E_IO, db->path, "the %s %s did not answer in time: %s", db->kind->what, db->path, why);
    case SQLITE_FULL: return refuse_full(db, err);
    case SQLITE_READONLY: case SQLITE_PERM: return refuse_change(db, why, err);
    default: return err_set(err, CORDON_E_IO, db->path, "cannot use the %s %s: %s", db->kind->what, db->path, why);
    }
}

/* ---- statements ---- */

int db_run(struct db *db, const char *sql, cordon_error **err)
{
    return db->api.exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(db, err);
}

int db_begin(struct db *db, cordon_error **err) { return db_run(db, "BEGIN IMMEDIATE", err); }

int db_commit(struct db *db, cordon_error **err)
{
    int r = db_run(db, "COMMIT", err);
    if (r < 0)
        db_rollback(db);
    return r;
}

void db_rollback(struct db *db)
{
    if (db->handle && !db->api.get_autocommit(db->handle))
        db->api.exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int db_prepare(struct db *db, const char *sql, sqlite3_stmt **ret, cordon_error **err)
{
    return db->api.prepare_v2(db->handle, sql, -1, ret, NULL) == SQLITE_OK ? 0 : db_fail(db, err);
}

int db_step(struct db *db, sqlite3_stmt *s, cordon_error **err)
{
    int code = db->api.step(s);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : db_fail(db, err);
}

void db_done(struct db *db, sqlite3_stmt *s)
{
    if (s)
        db->api.finalize(s);
}

static int bind_one(struct db *db, sqlite3_stmt *s, int at, char kind, va_list *args)
{
    if (kind == 'i')
        return db->api.bind_int64(s, at, va_arg(*args, int64_t));
    const void *p = va_arg(*args, const void *);
    size_t len = kind == 'b' ? va_arg(*args, size_t) : p ? strlen(p) : 0;
    if (!p)
        return db->api.bind_null(s, at);
    if (len > INT32_MAX)
        return SQLITE_TOOBIG;
    return kind == 'b' ? db->api.bind_blob(s, at, p, (int)len, SQLITE_TRANSIENT) : db->api.bind_text(s, at, p, (int)len, SQLITE_TRANSIENT);
}

static int query(struct db *db, sqlite3_stmt **ret, cordon_error **err, const char *sql, const char *kinds, va_list *args)
{
    sqlite3_stmt *s = NULL;
    int r = db_prepare(db, sql, &s, err);
    for (int i = 0; r == 0 && kinds[i]; i++)
        if (bind_one(db, s, i + 1, kinds[i], args) != SQLITE_OK)
            r = db_fail(db, err);
    if (r < 0) {
        db_done(db, s);
        return r;
    }
    *ret = s;
    return 0;
}

int db_query(struct db *db, sqlite3_stmt **ret, cordon_error **err, const char *sql, const char *kinds, ...)
{
    va_list args;
    va_start(args, kinds);
    int r = query(db, ret, err, sql, kinds, &args);
    va_end(args);
    return r;
}

int db_do(struct db *db, cordon_error **err, const char *sql, const char *kinds, ...)
{
    sqlite3_stmt *s = NULL;
    va_list args;
    va_start(args, kinds);
    int r = query(db, &s, err, sql, kinds, &args);
    va_end(args);
    if (r == 0)
        r = db_step(db, s, err);
    db_done(db, s);
    return r < 0 ? r : 0;
}

/* ---- columns ---- */

int db_text(struct db *db, sqlite3_stmt *s, int column, char **ret, cordon_error **err)
{
    if (db->api.column_type(s, column) == SQLITE_NULL) {
        *ret = NULL;
        return 0;
    }
    const char *text = (const char *)db->api.column_text(s, column);
    int len = db->api.column_bytes(s, column);
    if (!text || len < 0)
        return err_nomem(err);
    if (strlen(text) != (size_t)len || !text_is_utf8(text, (size_t)len))
        return db_refuse(db, "it holds what is not text", err);
    return (*ret = strdup(text)) ? 0 : err_nomem(err);
}

int db_bytes(struct db *db, sqlite3_stmt *s, int column, void *ret, size_t len, cordon_error **err)
{
    if (db->api.column_type(s, column) == SQLITE_NULL)
        return 0;
    const void *bytes = db->api.column_blob(s, column);
    if (db->api.column_type(s, column) != SQLITE_BLOB || db->api.column_bytes(s, column) != (int)len || !bytes)
        return db_refuse(db, "it holds what has another length than it should", err);
    memcpy(ret, bytes, len);
    return 1;
}

/* ---- opening ---- */

static void harden(struct db *db)
{
    static const struct { int what, value; } configs[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_DQS_DML, 0}, {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    static const struct { int what, value; } limits[] = {
        {SQLITE_LIMIT_LENGTH, 4 << 20}, {SQLITE_LIMIT_SQL_LENGTH, 16 << 10}, {SQLITE_LIMIT_COLUMN, 64}, {SQLITE_LIMIT_EXPR_DEPTH, 64}, {SQLITE_LIMIT_VDBE_OP, 25000},
        {SQLITE_LIMIT_FUNCTION_ARG, 16}, {SQLITE_LIMIT_ATTACHED, 0}, {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64}, {SQLITE_LIMIT_VARIABLE_NUMBER, 64},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1}, {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        db->api.db_config(db->handle, configs[i].what, configs[i].value, (int *)NULL);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        db->api.limit(db->handle, limits[i].what, limits[i].value);
    db->api.busy_handler(db->handle, on_busy, db);
    db->api.progress_handler(db->handle, STEPS_BETWEEN_LOOKS, on_progress, db);
    if (db->kind->keeps_wal)
        db->api.file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &(int){1});
}

/* The number that a query answers. */
static int number(struct db *db, const char *sql, int64_t *ret, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int r = db_prepare(db, sql, &s, err);
    if (r == 0 && (r = db_step(db, s, err)) >= 0)
        *ret = r ? db_int(db, s, 0) : 0;
    db_done(db, s);
    return r < 0 ? r : 0;
}

static int refuse_newer(const struct db *db, cordon_error **err)
{
    return err_set(err, CORDON_E_NEWER_HOME, db->path, "the %s %s was written by a newer version of Cordon", db->kind->what, db->path);
}

/* 0: empty, because its maker was killed; else which form of ours it has. Tables first: their maker may commit them, with the two numbers, meanwhile. */
static int read_form(struct db *db, int *ret, cordon_error **err)
{
    int64_t application = 0, form = 0, tables = 0;
    int r = number(db, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (r < 0 || (r = number(db, "PRAGMA application_id", &application, err)) < 0 || (r = number(db, "PRAGMA user_version", &form, err)) < 0)
        return r;
    if (tables == 0) {
        *ret = 0;
        return 0;
    }
    if ((uint32_t)application != db->kind->application || form < 1)
        return db_refuse(db, "it is a database of another program", err);
    if (form > db->kind->form)
        return refuse_newer(db, err);
    *ret = (int)form;
    return 0;
}

static int migrate(struct db *db, cordon_error **err)
{
    char mark[SETTINGS_MAX];
    int form = 0, r = db_begin(db, err);
    if (r < 0 || (r = read_form(db, &form, err)) < 0) /* again: another may have been faster */
        return r;
    if (form == db->kind->form)
        return db_commit(db, err);
    snprintf(mark, sizeof mark, "PRAGMA application_id = %u; PRAGMA user_version = %d", db->kind->application, db->kind->form);
    if ((r = db->kind->migrate(db, form, err)) < 0 || (r = db_run(db, mark, err)) < 0) {
        db_rollback(db);
        return r;
    }
    return db_commit(db, err);
}

/* Of a connection that changes: the ceilings are the connection's, not the file's. */
static int prepare_changes(struct db *db, int form, cordon_error **err)
{
    char settings[SETTINGS_MAX];
    snprintf(settings, sizeof settings, "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; PRAGMA secure_delete = %s; PRAGMA max_page_count = %u",
             db->kind->lazy ? "NORMAL" : "FULL", db->kind->secure_delete ? "ON" : "OFF", db->kind->pages_max);
    int r = db_run(db, settings, err);
    return r < 0 || form == db->kind->form ? r : migrate(db, err);
}

static void hang_up(struct db *db)
{
    if (db->handle)
        db->api.close_v2(db->handle);
    db->handle = NULL;
}

static int connect(struct db *db, int flags, int *ret_form, cordon_error **err)
{
    hang_up(db);
    if (db->api.open_v2(db->path, &db->handle, SQLITE_OPEN_NOMUTEX | flags, NULL) != SQLITE_OK)
        return db_fail(db, err);
    harden(db);
    int r = db_run(db, "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON", err);
    return r < 0 ? r : read_form(db, ret_form, err);
}

/* What a killed writer left has to be put in order first, which a connection that only reads cannot, nor can it bring an older form to this one: then one that
 * could write, and is told not to. */
static int connect_for_reading(struct db *db, cordon_error **err)
{
    int form = 0;
    int r = connect(db, SQLITE_OPEN_READONLY, &form, NULL);
    if (r == 0 && form == 0)
        return 0;
    if (r == 0 && form == db->kind->form)
        return 1;
    if ((r = connect(db, SQLITE_OPEN_READWRITE, &form, err)) < 0 || form == 0)
        return r;
    if (form < db->kind->form && (r = prepare_changes(db, form, err)) < 0)
        return r;
    return (r = db_run(db, "PRAGMA query_only = ON", err)) < 0 ? r : 1;
}

static int connect_for_changes(struct db *db, cordon_error **err)
{
    int form = 0;
    int r = connect(db, SQLITE_OPEN_READWRITE, &form, err);
    return r < 0 || (r = prepare_changes(db, form, err)) < 0 ? r : 1;
}

static int lock_within(int fd, int how, const struct db_patience *p)
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
static int check_file(int folder, const char *path, const char *name, enum db_mode mode, const struct db_patience *p, cordon_error **err)
{
    if (lock_within(folder, mode == DB_MAKE ? LOCK_EX : LOCK_SH, p) < 0)
        return err_errno(err, errno, "lock", path);
    int r = safe_file_look(folder, path, name, err);
    if (r == 0 && mode == DB_MAKE)
        r = safe_write(folder, path, name, "", 0, true, err);
    flock(folder, LOCK_UN);
    return r;
}

int db_open(int folder, const char *path, const char *name, const struct db_kind *kind, enum db_mode mode, const struct db_patience *patience, struct db *ret, cordon_error **err)
{
    cleanup(db_close) struct db db = {.kind = kind, .patience = *patience};
    if (asprintf(&db.path, "%s/%s", path, name) < 0) {
        db.path = NULL;
        return err_nomem(err);
    }
    int r = check_file(folder, path, name, mode, patience, err);
    if (r <= 0 || (r = sqlite_load(&db.api, err)) < 0)
        return r;
    *ret = db; /* from here on SQLite knows it by its address */
    db = (struct db){0};
    r = mode == DB_READ ? connect_for_reading(ret, err) : connect_for_changes(ret, err);
    if (r <= 0)
        db_close(ret);
    return r;
}

void db_close(struct db *db)
{
    hang_up(db);
    free(db->path);
    *db = (struct db){0};
}
