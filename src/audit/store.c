/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/store.h"

#include "audit/key.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/cleanup.h"
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { FORM = 1, PAGES_MAX = 16 << 20 /* 64 GiB */, LOG_BYTES = 64 * 4120 };
#define FILE_NAME "audit.db"

/* ---- the file ---- */

static int migrate(struct db *db, int from, cordon_error **err)
{
    (void)from;
    return db_run(db,
                  "CREATE TABLE audit (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, invocation_id TEXT, skill_name TEXT, skill_version TEXT, trust_tier TEXT,"
                  " capabilities_used TEXT, input_hash TEXT, output_hash TEXT, fuel_consumed INTEGER, memory_peak_bytes INTEGER, duration_ms INTEGER, success INTEGER,"
                  " error TEXT, timestamp TEXT, bot_id TEXT, outcome TEXT, denials INTEGER, link BLOB NOT NULL, seal BLOB);"
                  "CREATE INDEX audit_call ON audit (invocation_id);"
                  "CREATE INDEX audit_skill ON audit (skill_name);"
                  "CREATE INDEX audit_bot ON audit (bot_id) WHERE bot_id IS NOT NULL",
                  err);
}

static const struct db_kind kind = {
    .what = "audit", .application = 0x43724175 /* "CrAu" */, .form = FORM, .pages_max = PAGES_MAX, .migrate = migrate, .lazy = true, .keeps_wal = true,
    .when_full = "Make room on the disk, or keep less: cordon audit --prune, and [audit] in the settings.",
};

void audit_store_patience(struct audit_store *s, unsigned seconds) { s->db.patience.deadline_ns = clock_now_ns() + seconds * 1000000000ull; }

static struct db_patience patience(void) { return (struct db_patience){.deadline_ns = clock_now_ns() + AUDIT_PATIENCE_S * 1000000000ull}; }

void audit_store_close(struct audit_store *s)
{
    if (s->db.handle) {
        db_done(&s->db, s->insert);
        db_done(&s->db, s->last);
    }
    db_close(&s->db);
    sodium_free(s->key);
    if (s->head_fd >= 0)
        close(s->head_fd);
    home_finish(&s->home);
    *s = (struct audit_store){.home = HOME_NONE, .head_fd = -1};
}

/* ---- rows ---- */

int audit_store_last(struct audit_store *s, struct audit_head *ret, cordon_error **err)
{
    *ret = (struct audit_head){0};
    int r = s->last ? 0 : db_prepare(&s->db, "SELECT seq, link FROM audit ORDER BY seq DESC LIMIT 1", &s->last, err);
    if (r < 0 || (r = db_step(&s->db, s->last, err)) <= 0) {
        if (s->last)
            s->db.api.reset(s->last);
        return r;
    }
    ret->seq = db_int(&s->db, s->last, 0);
    r = db_bytes(&s->db, s->last, 1, ret->hash, AUDIT_LINK, err);
    s->db.api.reset(s->last);
    if (r > 0 && !audit_seq_fits(ret->seq)) {
        r = db_refuse(&s->db, "its last row has a number that no row gets", err);
        err_hint(err, "`cordon audit --verify` says what is wrong with it. Keep it as it is and begin another: move audit.* of Cordon's home to a folder of their own.");
        return r;
    }
    return r < 0 ? r : r ? 0 : db_refuse(&s->db, "its last row has no link", err);
}

static bool read_value(struct audit_store *s, sqlite3_stmt *at, int column, bool number, struct audit_value *ret)
{
    int type = s->db.api.column_type(at, column);
    *ret = (struct audit_value){.there = type != SQLITE_NULL};
    if (type == SQLITE_NULL)
        return true;
    if (type != (number ? SQLITE_INTEGER : SQLITE_TEXT))
        return false;
    if (number) {
        ret->number = s->db.api.column_int64(at, column);
        return true;
    }
    ret->text = (const char *)s->db.api.column_text(at, column);
    ret->len = (size_t)s->db.api.column_bytes(at, column);
    return ret->text;
}

static const uint8_t *read_hash(struct audit_store *s, sqlite3_stmt *at, int column)
{
    const uint8_t *bytes = s->db.api.column_type(at, column) == SQLITE_BLOB ? s->db.api.column_blob(at, column) : NULL;
    return bytes && s->db.api.column_bytes(at, column) == AUDIT_LINK ? bytes : NULL;
}

bool audit_store_row(struct audit_store *s, sqlite3_stmt *at, struct audit_row *ret, const uint8_t **ret_seal)
{
    ret->seq = db_int(&s->db, at, 0);
    for (int c = 0; c < AUDIT_COLUMN_COUNT; c++)
        if (!read_value(s, at, c + 1, audit_column_is_number((enum audit_column)c), &ret->at[c]))
            return false;
    const uint8_t *link = read_hash(s, at, AUDIT_COLUMN_COUNT + 1);
    *ret_seal = read_hash(s, at, AUDIT_COLUMN_COUNT + 2);
    if (link)
        memcpy(ret->link, link, AUDIT_LINK);
    return link;
}

static int bind_value(struct audit_store *s, int at, const struct audit_value *v, bool number)
{
    if (!v->there)
        return s->db.api.bind_null(s->insert, at);
    return number ? s->db.api.bind_int64(s->insert, at, v->number) : s->db.api.bind_text(s->insert, at, v->text, (int)v->len, SQLITE_TRANSIENT);
}

int audit_store_insert(struct audit_store *s, const struct audit_row *row, const uint8_t *seal, cordon_error **err)
{
    static const char sql[] = "INSERT INTO audit (" AUDIT_SELECT ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    int r = s->insert ? 0 : db_prepare(&s->db, sql, &s->insert, err), code = SQLITE_OK;
    if (r < 0)
        return r;
    code |= s->db.api.bind_int64(s->insert, 1, row->seq);
    for (int c = 0; c < AUDIT_COLUMN_COUNT; c++)
        code |= bind_value(s, c + 2, &row->at[c], audit_column_is_number((enum audit_column)c));
    code |= s->db.api.bind_blob(s->insert, AUDIT_COLUMN_COUNT + 2, row->link, AUDIT_LINK, SQLITE_TRANSIENT);
    code |= seal ? s->db.api.bind_blob(s->insert, AUDIT_COLUMN_COUNT + 3, seal, AUDIT_LINK, SQLITE_TRANSIENT) : s->db.api.bind_null(s->insert, AUDIT_COLUMN_COUNT + 3);
    r = code == SQLITE_OK ? db_step(&s->db, s->insert, err) : err_nomem(err);
    s->db.api.reset(s->insert);
    return r < 0 ? r : 0;
}

/* ---- in a process that has locked itself in ---- */

/* fstat of the C library is newfstatat by now, which could name any file, and is not allowed there. The kernel's structure is the C library's. */
static int look_at(int fd, struct stat *ret)
{
#if defined(__x86_64__) || defined(__aarch64__)
    return (int)syscall(SYS_fstat, fd, ret);
#else
    return fstat(fd, ret);
#endif
}

void audit_store_confine(struct audit_store *s)
{
    sqlite3_vfs *vfs = s->db.api.vfs_find(NULL);
    if (vfs && vfs->iVersion >= 3)
        vfs->xSetSystemCall(vfs, "fstat", (sqlite3_syscall_ptr)look_at);
}

/* ---- appending ---- */

/* The next row of the chain: number and link are made here, behind what `end` says is the last. */
static int chain_row(struct audit_store *s, struct audit_row *row, struct audit_head *end, cordon_error **err)
{
    row->seq = end->seq + 1;
    audit_row_link(s->key, end->hash, row, row->link);
    int r = audit_store_insert(s, row, NULL, err);
    if (r < 0)
        return r;
    end->seq = row->seq;
    memcpy(end->hash, row->link, AUDIT_LINK);
    return 0;
}

static int chain_record(struct audit_store *s, const struct audit_record *record, struct audit_head *end, cordon_error **err)
{
    struct audit_texts texts;
    struct audit_row row;
    audit_record_row(record, &texts, &row);
    return chain_row(s, &row, end, err);
}

static int chain_note(struct audit_store *s, uint64_t n, const char *words, struct audit_head *end, cordon_error **err)
{
    struct audit_record *note = audit_record_lost(n, words);
    int r = note ? chain_record(s, note, end, err) : err_nomem(err);
    audit_record_free(note);
    return r;
}

static void head_of(const struct audit_store *s, const struct audit_head *end, struct audit_head *ret)
{
    ret->seq = end->seq;
    audit_row_head(s->key, end->seq, end->hash, ret->hash);
}

/* The file was removed while it was open: another in its place, that says nothing. */
static int renew_head(struct audit_store *s, cordon_error **err)
{
    int fd = -1, r = audit_head_open(&s->home, NULL, &fd, err);
    if (r < 0)
        return r;
    close(s->head_fd);
    s->head_fd = fd;
    return 0;
}

/* What the head tells of must be there. If it is not, that is kept as a row of its own (1), since what comes would hide it. */
static int compare_head(struct audit_store *s, struct audit_head *end, cordon_error **err)
{
    struct audit_head there, now;
    struct stat st;
    const char *words = NULL;
    int64_t missing = 0;
    int r = look_at(s->head_fd, &st) == 0 && st.st_nlink == 0 ? renew_head(s, err) : 0;
    if (r < 0)
        return r;
    head_of(s, end, &now);
    if (!audit_head_fetch(s->head_fd, &there))
        words = "audit.head was gone, or not as it was written";
    else if ((missing = there.seq - end->seq) > 0)
        words = "rows that audit.head told of are gone from here on: cut off, or lost with the machine's power";
    else if (missing == 0 && sodium_memcmp(there.hash, now.hash, AUDIT_LINK))
        words = "audit.head was of another chain";
    if (!words)
        return 0;
    r = chain_note(s, missing > 0 ? (uint64_t)missing : 0, words, end, err);
    return r < 0 ? r : 1;
}

static int append_all(struct audit_store *s, const struct audit_record *first, struct audit_head *end, bool *ret_anew, cordon_error **err)
{
    int r = audit_store_last(s, end, err);
    if (r < 0 || (r = compare_head(s, end, err)) < 0)
        return r;
    *ret_anew = r;
    r = 0;
    for (const struct audit_record *record = first; r == 0 && record; record = record->next)
        r = chain_record(s, record, end, err);
    return r;
}

static int set_durable(struct audit_store *s, bool durable, cordon_error **err)
{
    if (s->durable == durable)
        return 0;
    int r = db_run(&s->db, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
    if (r == 0)
        s->durable = durable;
    return r;
}

int audit_store_append(struct audit_store *s, const struct audit_record *first, bool durable, cordon_error **err)
{
    struct audit_head end, head;
    bool anew = false;
    audit_store_patience(s, AUDIT_PATIENCE_S);
    int r = set_durable(s, durable, err);
    if (r < 0 || (r = db_begin(&s->db, err)) < 0)
        return r;
    if ((r = append_all(s, first, &end, &anew, err)) < 0) {
        db_rollback(&s->db);
        return r;
    }
    if ((r = db_commit(&s->db, err)) < 0)
        return r;
    head_of(s, &end, &head);
    audit_head_write(s->head_fd, &head, anew, NULL); /* the rows are there; the next batch brings the head up to them */
    return 0;
}

/* ---- opening ---- */

static void cleanup_store(struct audit_store **s)
{
    if (*s)
        audit_store_close(*s);
}

/* A key is made for a chain that has not begun, and for no other. */
static int take_key(struct audit_store *s, bool begun, cordon_error **err)
{
    int r = audit_key_read(&s->home, &s->key, err);
    if (r == 0)
        r = begun ? audit_key_lost(&s->home, "is gone", err) : audit_key_make(&s->home, &s->key, err);
    if (r > 0)
        sodium_mprotect_readonly(s->key);
    return r < 0 ? r : 0;
}

/* It is made with the chain. Where there are rows already, it was there once, and the next batch tells that it was not. */
static int take_head(struct audit_store *s, const struct audit_head *end, cordon_error **err)
{
    struct audit_head begin;
    head_of(s, end, &begin);
    return audit_head_open(&s->home, end->seq ? NULL : &begin, &s->head_fd, err);
}

static int start_sodium(cordon_error **err) { return sodium_init() < 0 ? err_set(err, CORDON_E_NO_RESOURCES, NULL, "cannot start the source of random numbers") : 0; }

/* Whoever opens the log first reads it whole: a long one is moved into the database now, as far as nobody else reads it. The next commit begins it anew and cuts it. */
static int shorten_log(struct audit_store *s, cordon_error **err)
{
    struct stat st;
    bool is_long = fstatat(s->home.fd, FILE_NAME "-wal", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > LOG_BYTES;
    return is_long ? db_run(&s->db, "PRAGMA wal_checkpoint(PASSIVE)", err) : 0;
}

static int make(const char *home, struct audit_store *s, cordon_error **err)
{
    struct audit_head end;
    struct db_patience p = patience();
    int r = start_sodium(err);
    if (r < 0 || (r = home_make(home, &s->home, err)) < 0 || (r = db_open(s->home.fd, s->home.path, FILE_NAME, &kind, DB_MAKE, &p, &s->db, err)) < 0)
        return r;
    s->db.api.db_config(s->db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    audit_store_patience(s, AUDIT_PATIENCE_S);
    if ((r = db_run(&s->db, "PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 263680; SELECT randomblob(8)", err)) < 0 || (r = shorten_log(s, err)) < 0 ||
        (r = audit_store_last(s, &end, err)) < 0 || (r = take_key(s, end.seq > 0, err)) < 0)
        return r;
    _Static_assert(LOG_BYTES == 263680, "as above");
    return take_head(s, &end, err);
}

int audit_store_make(const char *home, struct audit_store *ret, cordon_error **err)
{
    *ret = (struct audit_store){.home = HOME_NONE, .head_fd = -1};
    cleanup(cleanup_store) struct audit_store *s = ret;
    int r = make(home, s, err);
    if (r == 0)
        s = NULL;
    return r;
}

static int open_for_reading(const char *home, bool keyed, struct audit_store *s, cordon_error **err)
{
    struct db_patience p = patience();
    int r = start_sodium(err);
    if (r < 0 || (r = home_open(home, &s->home, err)) <= 0 || (r = db_open(s->home.fd, s->home.path, FILE_NAME, &kind, DB_READ, &p, &s->db, err)) <= 0)
        return r;
    struct audit_head end;
    if (!keyed || (r = audit_key_read(&s->home, &s->key, err)) != 0)
        return keyed ? r : 1;
    /* The first one to write may have been killed before it made the key. */
    r = audit_store_last(s, &end, err);
    return r < 0 ? r : end.seq ? audit_key_lost(&s->home, "is gone", err) : 0;
}

int audit_store_open(const char *home, bool keyed, struct audit_store *ret, cordon_error **err)
{
    *ret = (struct audit_store){.home = HOME_NONE, .head_fd = -1};
    cleanup(cleanup_store) struct audit_store *s = ret;
    int r = open_for_reading(home, keyed, s, err);
    if (r > 0)
        s = NULL;
    return r;
}
