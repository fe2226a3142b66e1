/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables. `installed_skills` and `publisher_keys` have the columns that programs of others query (contracts of the skill.toml format); what is ours stands
 * behind or in tables of its own. A new form adds a step below and never changes an old one.
 */
#include "registry/parts.h"


enum { FORM = 2, PAGES_MAX = 262144 /* 1 GiB */ };
#define APPLICATION 0x43725265 /* "CrRe" */

static const char form_1[] =
    "CREATE TABLE installed_skills ("
    " name TEXT PRIMARY KEY NOT NULL, version TEXT NOT NULL, description TEXT NOT NULL, author TEXT, wasm_path TEXT NOT NULL, manifest_toml TEXT NOT NULL,"
    " capabilities_json TEXT NOT NULL, verification_status TEXT NOT NULL DEFAULT 'unverified', installed_at TEXT NOT NULL, updated_at TEXT NOT NULL,"
    " content_hash TEXT, signature TEXT, publisher_id TEXT, version_id INTEGER NOT NULL, updated_ms INTEGER NOT NULL);"
    "CREATE TABLE publisher_keys ("
    " publisher_id TEXT PRIMARY KEY NOT NULL, public_key_hex TEXT NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, first_seen TEXT NOT NULL, last_used TEXT NOT NULL);"
    "CREATE TABLE versions ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, signed_name TEXT NOT NULL, version TEXT NOT NULL, description TEXT NOT NULL, author TEXT,"
    " source TEXT NOT NULL, source_digest TEXT, kind INTEGER NOT NULL, tier INTEGER NOT NULL, format TEXT, manifest TEXT, entry TEXT, export_name TEXT, body TEXT, asks TEXT,"
    " limits TEXT NOT NULL, capabilities TEXT NOT NULL, interface TEXT, parents TEXT, bundle BLOB NOT NULL, artifact BLOB NOT NULL, code BLOB NOT NULL,"
    " publisher TEXT NOT NULL, signature BLOB, installed_ms INTEGER NOT NULL, UNIQUE (name, bundle));"
    "CREATE TABLE grants (name TEXT NOT NULL, owner TEXT NOT NULL, what TEXT NOT NULL, by TEXT NOT NULL, how TEXT NOT NULL, at_ms INTEGER NOT NULL,"
    " PRIMARY KEY (name, owner, what)) WITHOUT ROWID;"
    "CREATE TABLE limits (name TEXT NOT NULL, what TEXT NOT NULL, value INTEGER NOT NULL, by TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (name, what)) WITHOUT ROWID;"
    "CREATE TABLE trusted_keys (publisher_id TEXT NOT NULL, pattern TEXT NOT NULL, by TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (publisher_id, pattern)) WITHOUT ROWID;"
    "CREATE TABLE pins (name TEXT PRIMARY KEY NOT NULL, publisher_id TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE highest_versions (name TEXT NOT NULL, publisher TEXT NOT NULL, version TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (name, publisher)) WITHOUT ROWID;"
    "CREATE TABLE migrations (form INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL);";

/* Which folder a grant is of. Grants of before have none, and hold for whatever lies at their path until they are given again. */
static const char form_2[] = "ALTER TABLE grants ADD COLUMN folder TEXT;";

/* forms[i] makes form i + 1 of form i. */
static const char *const forms[FORM] = {form_1, form_2};

static int migrate(struct db *db, int from, cordon_error **err)
{
    int r = 0;
    for (int form = from; r == 0 && form < FORM; form++) {
        r = db_run(db, forms[form], err);
        if (r == 0)
            r = db_do(db, err, "INSERT INTO migrations (form, at_ms) VALUES (?1, ?2)", "ii", (int64_t)form + 1, (int64_t)clock_wall_ms());
    }
    return r;
}

const struct db_kind registry_kind_of_db = {
    .what = "registry", .application = APPLICATION, .form = FORM, .pages_max = PAGES_MAX, .migrate = migrate, .keeps_wal = true,
    .when_full = "Nothing was changed. Make room on the disk of Cordon's home, or remove skills that are not needed: cordon remove NAME.",
};
