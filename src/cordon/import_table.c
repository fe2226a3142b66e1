/* SPDX-License-Identifier: Apache-2.0
 * blufio's table installed_skills: names, where the modules lie, manifests. The file is another program's, so SQLite is told to believe nothing of it, and to write nothing. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/import.h"
#include "keep/sqlite.h"

#include <fcntl.h>
#include <string.h>

static const char head[] = "SQLite format 3";
static const char query[] = "SELECT name, wasm_path, manifest_toml FROM installed_skills ORDER BY name";

bool import_is_table(const char *path)
{
    char first[sizeof head];
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && read(fd, first, sizeof first) == (ssize_t)sizeof first && !memcmp(first, head, sizeof head);
}

struct table {
    struct sqlite api;
    sqlite3 *db;
    sqlite3_stmt *rows;
};

static void table_finish(struct table *t)
{
    if (t->rows)
        t->api.finalize(t->rows);
    if (t->db)
        t->api.close_v2(t->db);
}

static int fail(const struct table *t, const char *path, int code, cordon_error **err)
{
    err_set(err, CORDON_E_BAD_ARTIFACT, path, "%s cannot be read as blufio's table of skills: %s", path, t->api.errstr(code));
    return err_hint(err, "It is a SQLite file with the table installed_skills; if blufio is running, end it first.");
}

static int open_table(struct table *t, const char *path, cordon_error **err)
{
    int rc = sqlite_load(&t->api, err), code;
    if (rc < 0)
        return rc;
    if ((code = t->api.open_v2(path, &t->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, NULL)) != SQLITE_OK)
        return fail(t, path, code, err);
    t->api.db_config(t->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    t->api.db_config(t->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    t->api.db_config(t->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    t->api.db_config(t->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    t->api.limit(t->db, SQLITE_LIMIT_LENGTH, 4 << 20);
    t->api.limit(t->db, SQLITE_LIMIT_ATTACHED, 0);
    code = t->api.prepare_v2(t->db, query, -1, &t->rows, NULL);
    return code == SQLITE_OK ? 0 : fail(t, path, code, err);
}

/* NULL for what is no text, or longer than a manifest may be. */
static char *text(const struct table *t, int column)
{
    const char *s = (const char *)t->api.column_text(t->rows, column);
    size_t len = s ? (size_t)t->api.column_bytes(t->rows, column) : 0;
    return s && len <= MANIFEST_MAX && strlen(s) == len && text_is_utf8(s, len) ? strdup(s) : NULL;
}

/* A module that is named by a path from somewhere unknown cannot be found. */
static int read_row(const struct table *t, const char *path, struct import_list *ret, cordon_error **err)
{
    cleanup_free char *name = text(t, 0), *wasm = text(t, 1), *manifest = text(t, 2);
    if (!name || !wasm || !manifest || wasm[0] != '/')
        return err_set(err, CORDON_E_BAD_ARTIFACT, path, "a row of %s has no name, no manifest, or no absolute path of its module", path);
    return import_add(ret, take(wasm), take(manifest), take(name), err);
}

int import_read_table(const char *path, struct import_list *ret, cordon_error **err)
{
    cleanup(table_finish) struct table t = {0};
    int rc = open_table(&t, path, err), code = SQLITE_ROW;
    while (rc == 0 && (code = t.api.step(t.rows)) == SQLITE_ROW)
        rc = read_row(&t, path, ret, err);
    if (rc < 0)
        return rc;
    return code == SQLITE_DONE ? 0 : fail(&t, path, code, err);
}
