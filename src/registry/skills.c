/* SPDX-License-Identifier: Apache-2.0
 * Rows of what is installed. */
#include "registry/parts.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LIMITS_TEXT_MAX = 512 };

#define COLUMNS                                                                                                                                             \
    "v.id, v.name, v.signed_name, v.version, v.description, v.author, v.source, v.source_digest, v.kind, v.tier, v.format, v.manifest, v.entry, v.body, "   \
    "v.asks, v.limits, v.capabilities, v.interface, v.parents, v.bundle, v.artifact, v.code, v.publisher, v.signature, v.installed_ms, "                    \
    "coalesce(i.updated_ms, v.installed_ms), v.export_name"
#define FROM " FROM versions v LEFT JOIN installed_skills i ON i.version_id = v.id "

/* ---- limits of a manifest, as text: "fuel=1000 memory=65536" ---- */

static void write_limits(const uint64_t limit[CORDON_LIMIT_COUNT], char ret[LIMITS_TEXT_MAX])
{
    size_t at = 0;
    ret[0] = '\0';
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        if (limit[l])
            at += (size_t)snprintf(ret + at, LIMITS_TEXT_MAX - at, "%s%s=%llu", at ? " " : "", cordon_limit_name((enum cordon_limit)l), (unsigned long long)limit[l]);
}

static int find_limit(const char *name, size_t len)
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        const char *n = cordon_limit_name((enum cordon_limit)l);
        if (strlen(n) == len && !memcmp(n, name, len))
            return l;
    }
    return -1;
}

static int read_limits(struct db *db, const char *text, uint64_t ret[CORDON_LIMIT_COUNT], cordon_error **err)
{
    while (*text) {
        size_t name = strcspn(text, "= ");
        int l = find_limit(text, name);
        char *end = NULL;
        errno = 0;
        bool is_number = text[name] == '=' && text[name + 1] >= '0' && text[name + 1] <= '9';
        unsigned long long value = is_number ? strtoull(text + name + 1, &end, 10) : 0;
        if (l < 0 || !value || errno || (*end && *end != ' '))
            return db_refuse(db, "limits of a manifest cannot be read", err);
        ret[l] = value;
        text = end + (*end == ' ');
    }
    return 0;
}

/* ---- reading a row ---- */

static int read_texts(struct db *db, sqlite3_stmt *s, struct registry_version *v, cordon_error **err)
{
    const struct { int column; char **to; bool needed; } texts[] = {
        {1, &v->name, true}, {2, &v->signed_name, true}, {3, &v->version, true}, {4, &v->description, true}, {5, &v->author, false}, {6, &v->source, true},
        {7, &v->source_digest, false}, {10, &v->format, false}, {11, &v->manifest, false}, {12, &v->entry, false}, {13, &v->body, false}, {14, &v->asks, false},
        {16, &v->capabilities, true}, {17, &v->interface, false}, {18, &v->parents, false}, {26, &v->export_name, false},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int r = db_text(db, s, texts[i].column, texts[i].to, err);
        if (r < 0)
            return r;
        if (texts[i].needed && !*texts[i].to)
            return db_refuse(db, "a row of what is installed has a gap", err);
    }
    return 0;
}

static int read_signature(struct db *db, sqlite3_stmt *s, struct registry_version *v, cordon_error **err)
{
    cleanup_free char *publisher = NULL;
    int r = db_text(db, s, 22, &publisher, err);
    if (r < 0)
        return r;
    if (!publisher || (*publisher && (strlen(publisher) != REGISTRY_KEY || strspn(publisher, "0123456789abcdef") != REGISTRY_KEY)))
        return db_refuse(db, "the publisher of a skill is no key", err);
    strcpy(v->publisher, publisher);
    if (*publisher && (r = db_bytes(db, s, 23, v->signature, sizeof v->signature, err)) == 0)
        r = db_refuse(db, "the signature of a skill is gone", err);
    return r < 0 ? r : 0;
}

static int read_digests(struct db *db, sqlite3_stmt *s, struct registry_version *v, cordon_error **err)
{
    uint8_t *const to[] = {v->bundle, v->artifact, v->code};
    for (int i = 0; i < 3; i++) {
        int r = db_bytes(db, s, 19 + i, to[i], REGISTRY_DIGEST, err);
        if (r <= 0)
            return r < 0 ? r : db_refuse(db, "a digest is gone", err);
    }
    return 0;
}

static int read_row(struct db *db, sqlite3_stmt *s, struct registry_version *v, cordon_error **err)
{
    cleanup_free char *limits = NULL;
    int64_t kind = db_int(db, s, 8), tier = db_int(db, s, 9);
    int r = read_texts(db, s, v, err);
    if (r < 0 || (r = read_signature(db, s, v, err)) < 0 || (r = read_digests(db, s, v, err)) < 0 || (r = db_text(db, s, 15, &limits, err)) < 0)
        return r;
    if (kind < 0 || kind >= REGISTRY_KIND_COUNT || tier < 0 || tier >= CORDON_TIER_COUNT || !limits || registry_check_name(v->name, NULL) < 0)
        return db_refuse(db, "a row of what is installed makes no sense", err);
    v->id = db_int(db, s, 0);
    v->kind = (enum registry_kind)kind;
    v->tier = (enum cordon_tier)tier;
    v->installed_at_ms = (uint64_t)db_int(db, s, 24);
    v->updated_at_ms = (uint64_t)db_int(db, s, 25);
    return read_limits(db, limits, v->limit, err);
}

static int read_rows(struct db *db, sqlite3_stmt *s, struct registry_versions *ret, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    int r;
    while ((r = db_step(db, s, err)) > 0) {
        struct registry_version *more = all.n < REGISTRY_SKILLS_MAX ? realloc(all.item, (all.n + 1) * sizeof *more) : NULL;
        if (!more)
            return all.n < REGISTRY_SKILLS_MAX ? err_nomem(err) : db_refuse(db, "it holds more skills than can be", err);
        all.item = more;
        more[all.n++] = (struct registry_version){0};
        if ((r = read_row(db, s, &more[all.n - 1], err)) < 0)
            return r;
    }
    if (r < 0)
        return r;
    *ret = all;
    all = (struct registry_versions){0};
    return 0;
}

/* ---- asking ---- */

int registry_get(struct registry *r, const char *name, const char *version, struct registry_version *ret, cordon_error **err)
{
    static const char in_force[] = "SELECT " COLUMNS FROM "WHERE i.name = ?1";
    static const char kept[] = "SELECT " COLUMNS FROM "WHERE v.name = ?1 AND v.version = ?2 ORDER BY (i.name IS NULL), v.id DESC LIMIT 1";
    cleanup(registry_version_finish) struct registry_version v = {0};
    sqlite3_stmt *s = NULL;
    int rc = version ? db_query(&r->db, &s, err, kept, "ss", name, version) : db_query(&r->db, &s, err, in_force, "s", name);
    bool found = rc == 0 && (rc = db_step(&r->db, s, err)) > 0;
    if (found)
        rc = read_row(&r->db, s, &v, err);
    db_done(&r->db, s);
    if (rc < 0 || !found)
        return rc;
    *ret = v;
    v = (struct registry_version){0};
    return 1;
}

static int many(struct registry *r, sqlite3_stmt *s, struct registry_versions *ret, cordon_error **err)
{
    int rc = read_rows(&r->db, s, ret, err);
    db_done(&r->db, s);
    return rc;
}

int registry_all(struct registry *r, struct registry_versions *ret, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int rc = db_query(&r->db, &s, err, "SELECT " COLUMNS FROM "WHERE i.name IS NOT NULL ORDER BY i.name", "");
    return rc < 0 ? rc : many(r, s, ret, err);
}

int registry_kept(struct registry *r, const char *name, struct registry_versions *ret, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int rc = db_query(&r->db, &s, err, "SELECT " COLUMNS FROM "WHERE v.name = ?1 ORDER BY v.id DESC", "s", name);
    return rc < 0 ? rc : many(r, s, ret, err);
}

/* ---- checks of what is to be written ---- */

static int check_text(const char *what, const char *text, size_t max, bool needed, cordon_error **err)
{
    if (!text)
        return needed ? err_set(err, CORDON_E_HOST_BUG, what, "an installed skill without %s", what) : 0;
    size_t len = strnlen(text, max + 1);
    if (len > max)
        return err_set(err, CORDON_E_TOO_LARGE, what, "the %s of a skill is longer than %zu bytes", what, max);
    return text_is_utf8(text, len) ? 0 : err_set(err, CORDON_E_BAD_MANIFEST, what, "the %s of a skill is not UTF-8", what);
}

static int check(const struct registry_version *v, cordon_error **err)
{
    const struct { const char *what, *text; size_t max; bool needed; } texts[] = {
        {"name in its manifest", v->signed_name, REGISTRY_TEXT_MAX, true}, {"version", v->version, REGISTRY_VERSION_MAX, true}, {"description", v->description, REGISTRY_TEXT_MAX, true},
        {"author", v->author, REGISTRY_TEXT_MAX, false}, {"source", v->source, REGISTRY_SOURCE_MAX, true}, {"digest of its source", v->source_digest, REGISTRY_SOURCE_MAX, false},
        {"format", v->format, 64, false}, {"manifest", v->manifest, REGISTRY_TEXT_MAX, false}, {"path of the code", v->entry, REGISTRY_SOURCE_MAX, false}, {"export", v->export_name, REGISTRY_SOURCE_MAX, false},
        {"text", v->body, REGISTRY_TEXT_MAX * 4 - 1, v->kind == REGISTRY_TEXT}, {"list of asks", v->asks, REGISTRY_TEXT_MAX, false},
        {"capabilities", v->capabilities, REGISTRY_TEXT_MAX, true}, {"interface", v->interface, REGISTRY_TEXT_MAX * 4 - 1, false}, {"list of parents", v->parents, REGISTRY_TEXT_MAX, false},
    };
    int r = v->name ? registry_check_name(v->name, err) : err_set(err, CORDON_E_HOST_BUG, NULL, "an installed skill without a name");
    for (size_t i = 0; r == 0 && i < sizeof texts / sizeof *texts; i++)
        r = check_text(texts[i].what, texts[i].text, texts[i].max, texts[i].needed, err);
    return r;
}

/* Names that differ in nothing but case are taken for one another. */
static int check_apart(struct registry *r, const char *name, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    cleanup_free char *other = NULL;
    int64_t n = 0;
    int rc = db_query(&r->db, &s, err, "SELECT name, (SELECT count(*) FROM installed_skills) FROM installed_skills WHERE name = ?1 COLLATE NOCASE AND name <> ?1 LIMIT 1", "s", name);
    if (rc == 0 && (rc = db_step(&r->db, s, err)) > 0)
        rc = db_text(&r->db, s, 0, &other, err);
    db_done(&r->db, s);
    if (rc < 0)
        return rc;
    if (other)
        return err_set(err, CORDON_E_CONFLICT, name, "%s differs from the installed skill %s in nothing but upper and lower case", name, other);
    s = NULL;
    if ((rc = db_query(&r->db, &s, err, "SELECT count(*) FROM installed_skills WHERE name <> ?1", "s", name)) == 0 && (rc = db_step(&r->db, s, err)) > 0)
        n = db_int(&r->db, s, 0);
    db_done(&r->db, s);
    if (rc < 0)
        return rc;
    return n < REGISTRY_SKILLS_MAX - 1 ? 0 : err_set(err, CORDON_E_TOO_LARGE, name, "%d skills are installed, and no more can be", REGISTRY_SKILLS_MAX - 1);
}

/* ---- writing ---- */

static int insert_version(struct registry *r, const struct registry_version *v, int64_t *ret_id, cordon_error **err)
{
    static const char sql[] =
        "INSERT INTO versions (name, signed_name, version, description, author, source, source_digest, kind, tier, format, manifest, entry, body, asks, limits, capabilities,"
        " interface, parents, bundle, artifact, code, publisher, signature, installed_ms, export_name)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)";
    char limits[LIMITS_TEXT_MAX];
    size_t d = REGISTRY_DIGEST;
    write_limits(v->limit, limits);
    int rc = db_do(&r->db, err, "DELETE FROM versions WHERE name = ?1 AND bundle = ?2", "sb", v->name, v->bundle, d);
    if (rc == 0)
        rc = db_do(&r->db, err, sql, "sssssssiisssssssssbbbsbis", v->name, v->signed_name, v->version, v->description, v->author, v->source, v->source_digest, (int64_t)v->kind,
                   (int64_t)v->tier, v->format, v->manifest, v->entry, v->body, v->asks, limits, v->capabilities, v->interface, v->parents, v->bundle, d, v->artifact, d,
                   v->code, d, v->publisher, v->publisher[0] ? v->signature : NULL, sizeof v->signature,
                   (int64_t)(v->installed_at_ms ? v->installed_at_ms : clock_wall_ms()), v->export_name);
    if (rc == 0)
        *ret_id = r->db.api.last_insert_rowid(r->db.handle);
    return rc;
}

/* Where the contracts' readers find the code: the path, as it is now. */
static int code_path(const struct registry *r, const struct registry_version *v, char **ret, cordon_error **err)
{
    char bundle[2 * REGISTRY_DIGEST + 1], *path;
    registry_hex(v->bundle, REGISTRY_DIGEST, bundle);
    if (asprintf(&path, "%s/store/%s/%s", r->home.path, bundle, v->entry ? v->entry : "") < 0)
        return err_nomem(err);
    *ret = path;
    return 0;
}

/* The row that others query, made of the version's. */
static int put_in_force(struct registry *r, const struct registry_version *v, int64_t id, cordon_error **err)
{
    static const char sql[] =
        "INSERT INTO installed_skills (name, version, description, author, wasm_path, manifest_toml, capabilities_json, verification_status, installed_at, updated_at,"
        " content_hash, signature, publisher_id, version_id, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14)"
        " ON CONFLICT (name) DO UPDATE SET version = excluded.version, description = excluded.description, author = excluded.author, wasm_path = excluded.wasm_path,"
        " manifest_toml = excluded.manifest_toml, capabilities_json = excluded.capabilities_json, verification_status = excluded.verification_status,"
        " updated_at = excluded.updated_at, content_hash = excluded.content_hash, signature = excluded.signature, publisher_id = excluded.publisher_id,"
        " version_id = excluded.version_id, updated_ms = excluded.updated_ms";
    char now[CLOCK_TEXT], hash[2 * REGISTRY_DIGEST + 1], signature[2 * REGISTRY_SIGNATURE + 1];
    cleanup_free char *path = NULL;
    enum registry_standing standing;
    uint64_t ms = v->updated_at_ms ? v->updated_at_ms : clock_wall_ms();
    bool is_signed = v->publisher[0];
    int rc = code_path(r, v, &path, err);
    if (rc < 0 || (rc = registry_standing(r, v, &standing, err)) < 0)
        return rc;
    clock_write(ms, now);
    registry_hex(v->artifact, REGISTRY_DIGEST, hash);
    registry_hex(v->signature, REGISTRY_SIGNATURE, signature);
    return db_do(&r->db, err, sql, "ssssssssssssii", v->name, v->version, v->description, v->author, path, v->manifest ? v->manifest : "", v->capabilities,
                 standing == REGISTRY_TRUSTED ? "verified" : "unverified", now, v->entry ? hash : NULL, is_signed ? signature : NULL, is_signed ? v->publisher : NULL,
                 id, (int64_t)ms);
}

static int drop_old(struct registry *r, const char *name, int64_t in_force, cordon_error **err)
{
    return db_do(&r->db, err, "DELETE FROM versions WHERE name = ?1 AND id <> ?2 AND id NOT IN (SELECT id FROM versions WHERE name = ?1 ORDER BY id DESC LIMIT ?3)", "sii", name,
                 in_force, (int64_t)REGISTRY_VERSIONS_KEPT);
}

int registry_put(struct registry *r, const struct registry_version *v, cordon_error **err)
{
    int64_t id = 0;
    int rc = check(v, err);
    if (rc < 0 || (rc = check_apart(r, v->name, err)) < 0 || (rc = insert_version(r, v, &id, err)) < 0 || (rc = put_in_force(r, v, id, err)) < 0)
        return rc;
    return drop_old(r, v->name, id, err);
}

int registry_use(struct registry *r, const char *name, int64_t id, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version v = {0};
    sqlite3_stmt *s = NULL;
    int rc = db_query(&r->db, &s, err, "SELECT " COLUMNS FROM "WHERE v.name = ?1 AND v.id = ?2", "si", name, id);
    bool found = rc == 0 && (rc = db_step(&r->db, s, err)) > 0;
    if (found)
        rc = read_row(&r->db, s, &v, err);
    db_done(&r->db, s);
    if (rc < 0 || !found)
        return rc < 0 ? rc : err_set(err, CORDON_E_NOT_FOUND, name, "%s has no such version any more", name);
    v.updated_at_ms = 0;
    return put_in_force(r, &v, id, err);
}

int registry_remove(struct registry *r, const char *name, cordon_error **err)
{
    static const char *const sql[] = {"DELETE FROM versions WHERE name = ?1", "DELETE FROM grants WHERE name = ?1", "DELETE FROM limits WHERE name = ?1"};
    int rc = db_do(&r->db, err, "DELETE FROM installed_skills WHERE name = ?1", "s", name);
    bool was = rc == 0 && r->db.api.changes(r->db.handle) > 0;
    for (size_t i = 0; rc == 0 && i < sizeof sql / sizeof *sql; i++)
        rc = db_do(&r->db, err, sql[i], "s", name);
    return rc < 0 ? rc : was;
}
