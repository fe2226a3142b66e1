/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/memory_db.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "keep/home.h"

enum { PAGES_MAX = 32768 /* 128 MiB for each bot */ };
#define APPLICATION 0x43724d65 /* "CrMe" */

static int make(struct db *db, int from, cordon_error **err)
{
    (void)from;
    return db_run(db, "CREATE VIRTUAL TABLE recall USING fts5(text, added_at UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2')", err);
}

static const struct db_kind memory_kind = {
    .what = "memory", .application = APPLICATION, .form = 1, .pages_max = PAGES_MAX, .when_full = "Remove what is not needed any more: cordon memory remove.",
    .migrate = make, .secure_delete = true,
};

int memory_db_open(const char *home, const char *slug, enum db_mode mode, const struct db_patience *patience, struct db *ret, cordon_error **err)
{
    cleanup(home_finish) struct home h = HOME_NONE;
    cleanup_fd int folder = -1;
    cleanup_free char *path = NULL, *name = NULL;
    bool makes = mode == DB_MAKE;
    int r = makes ? home_make(home, &h, err) : home_open(home, &h, err);
    if (r < 0 || (!makes && !r) || (r = home_folder(&h, "memory", makes, &folder, &path, err)) <= 0)
        return r;
    if (asprintf(&name, "%s.db", slug) < 0) {
        name = NULL;
        return err_nomem(err);
    }
    return db_open(folder, path, name, &memory_kind, mode, patience, ret, err);
}
