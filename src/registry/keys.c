/* SPDX-License-Identifier: Apache-2.0
 * Keys that are trusted, keys that were seen, and what a signature is worth now. */
#include "registry/parts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "trust/trust.h"
#include <stdlib.h>
#include <string.h>

_Static_assert((int)REGISTRY_KEY == (int)TRUST_ID && (int)REGISTRY_DIGEST == (int)TRUST_DIGEST && (int)REGISTRY_SIGNATURE == (int)TRUST_SIGNATURE, "one signature");

void registry_keys_finish(struct registry_keys *k)
{
    for (size_t i = 0; i < k->n; i++) {
        free(k->item[i].pattern);
        free(k->item[i].by);
    }
    free(k->item);
    *k = (struct registry_keys){0};
}

/* ---- trusted ---- */

static int read_key(struct db *db, sqlite3_stmt *s, struct registry_key *ret, cordon_error **err)
{
    cleanup_free char *id = NULL;
    int rc = db_text(db, s, 0, &id, err);
    if (rc == 0)
        rc = db_text(db, s, 1, &ret->pattern, err);
    if (rc == 0)
        rc = db_text(db, s, 2, &ret->by, err);
    if (rc < 0)
        return rc;
    if (!id || strlen(id) != REGISTRY_KEY || !ret->pattern || !ret->by)
        return db_refuse(db, "a trusted key is none", err);
    strcpy(ret->id, id);
    ret->at_ms = (uint64_t)db_int(db, s, 3);
    return 0;
}

static int read_keys(struct db *db, sqlite3_stmt *s, struct registry_keys *ret, cordon_error **err)
{
    cleanup(registry_keys_finish) struct registry_keys all = {0};
    int rc;
    while ((rc = db_step(db, s, err)) > 0) {
        struct registry_key *more = all.n < REGISTRY_KEYS_MAX ? realloc(all.item, (all.n + 1) * sizeof *more) : NULL;
        if (!more)
            return all.n < REGISTRY_KEYS_MAX ? err_nomem(err) : db_refuse(db, "it holds more keys than can be", err);
        all.item = more;
        more[all.n++] = (struct registry_key){.at_ms = 0};
        if ((rc = read_key(db, s, &more[all.n - 1], err)) < 0)
            return rc;
    }
    if (rc < 0)
        return rc;
    *ret = all;
    all = (struct registry_keys){0};
    return 0;
}

/* `id` NULL: all. */
static int keys_of(struct registry *r, const char *id, struct registry_keys *ret, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int rc = db_query(&r->db, &s, err, "SELECT publisher_id, pattern, by, at_ms FROM trusted_keys WHERE ?1 IS NULL OR publisher_id = ?1 ORDER BY publisher_id, pattern", "s", id);
    if (rc < 0)
        return rc;
    rc = read_keys(&r->db, s, ret, err);
    db_done(&r->db, s);
    return rc;
}

int registry_keys(struct registry *r, struct registry_keys *ret, cordon_error **err) { return keys_of(r, NULL, ret, err); }

/* What others read as verification_status follows the keys. */
static int tell_standing(struct registry *r, const char *key, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    int rc = registry_all(r, &all, err);
    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        enum registry_standing standing;
        if (strcmp(all.item[i].publisher, key))
            continue;
        if ((rc = registry_standing(r, &all.item[i], &standing, err)) == 0)
            rc = db_do(&r->db, err, "UPDATE installed_skills SET verification_status = ?2 WHERE name = ?1", "ss", all.item[i].name,
                       standing == REGISTRY_TRUSTED ? "verified" : "unverified");
    }
    return rc;
}

int registry_trust(struct registry *r, const char *key, const char *pattern, cordon_error **err)
{
    char by[REGISTRY_BY_MAX];
    struct trust_key k;
    cleanup(registry_keys_finish) struct registry_keys has = {0};
    int rc = trust_key_parse(key, &k, err);
    if (rc < 0 || (rc = trust_pattern_check(pattern, err)) < 0 || (rc = registry_keys(r, &has, err)) < 0)
        return rc;
    if (has.n >= REGISTRY_KEYS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, k.id, "%d keys are trusted, and no more can be", REGISTRY_KEYS_MAX);
    registry_by(by);
    rc = db_do(&r->db, err, "INSERT OR IGNORE INTO trusted_keys (publisher_id, pattern, by, at_ms) VALUES (?1, ?2, ?3, ?4)", "sssi", k.id, pattern, by, (int64_t)clock_wall_ms());
    return rc < 0 ? rc : tell_standing(r, k.id, err);
}

int registry_untrust(struct registry *r, const char *key, const char *pattern, cordon_error **err)
{
    int rc = db_do(&r->db, err, "DELETE FROM trusted_keys WHERE publisher_id = ?1 AND (?2 IS NULL OR pattern = ?2)", "ss", key, pattern);
    int n = rc < 0 ? 0 : r->db.api.changes(r->db.handle);
    if (rc == 0 && n > 0)
        rc = tell_standing(r, key, err);
    return rc < 0 ? rc : n;
}

/* ---- standing ---- */

const char *registry_standing_words(enum registry_standing s)
{
    static const char *const words[] = {"unsigned", "bad-signature", "unknown-key", "trusted"};
    return words[s];
}

static bool holds(const struct registry_version *v)
{
    struct trust_signature sig;
    if (trust_key_parse(v->publisher, &sig.publisher, NULL) < 0)
        return false;
    memcpy(sig.digest, v->bundle, sizeof sig.digest);
    memcpy(sig.signature, v->signature, sizeof sig.signature);
    return trust_verify(&sig, v->signed_name, v->version, v->bundle, NULL) == 0;
}

/* A pattern is about the name that the publisher gave and signed: what it is called here is not his to choose. */
int registry_standing(struct registry *r, const struct registry_version *v, enum registry_standing *ret, cordon_error **err)
{
    cleanup(registry_keys_finish) struct registry_keys keys = {0};
    if (!v->publisher[0] || !holds(v)) {
        *ret = v->publisher[0] ? REGISTRY_BAD_SIGNATURE : REGISTRY_UNSIGNED;
        return 0;
    }
    int rc = keys_of(r, v->publisher, &keys, err);
    if (rc < 0)
        return rc;
    *ret = REGISTRY_UNKNOWN_KEY;
    for (size_t i = 0; i < keys.n; i++)
        if (trust_pattern_fits(keys.item[i].pattern, v->signed_name))
            *ret = REGISTRY_TRUSTED;
    return 0;
}

enum cordon_tier registry_tier(const struct registry_version *v, enum registry_standing standing)
{
    switch (standing) {
    case REGISTRY_BAD_SIGNATURE: return CORDON_TIER_UNTRUSTED;
    case REGISTRY_TRUSTED: return v->tier;
    default: return v->tier == CORDON_TIER_VERIFIED ? CORDON_TIER_UNTRUSTED : v->tier; /* local is the operator's word, not a key's */
    }
}

/* ---- seen ---- */

int registry_pin(struct registry *r, const char *name, char ret[REGISTRY_KEY + 1], cordon_error **err)
{
    cleanup_free char *id = NULL;
    sqlite3_stmt *s = NULL;
    int rc = db_query(&r->db, &s, err, "SELECT publisher_id FROM pins WHERE name = ?1", "s", name);
    if (rc == 0 && (rc = db_step(&r->db, s, err)) > 0 && (rc = db_text(&r->db, s, 0, &id, err)) == 0)
        rc = id && strlen(id) == REGISTRY_KEY ? 1 : db_refuse(&r->db, "a pinned key is none", err);
    db_done(&r->db, s);
    if (rc > 0)
        strcpy(ret, id);
    return rc;
}

int registry_set_pin(struct registry *r, const char *name, const char *key, cordon_error **err)
{
    char now[CLOCK_TEXT];
    uint64_t ms = clock_wall_ms();
    struct trust_key k;
    int rc = trust_key_parse(key, &k, err);
    clock_write(ms, now);
    if (rc == 0)
        rc = db_do(&r->db, err, "INSERT OR REPLACE INTO pins (name, publisher_id, at_ms) VALUES (?1, ?2, ?3)", "ssi", name, key, (int64_t)ms);
    if (rc == 0)
        rc = db_do(&r->db, err,
                   "INSERT INTO publisher_keys (publisher_id, public_key_hex, pinned, first_seen, last_used) VALUES (?1, ?1, 1, ?2, ?2)"
                   " ON CONFLICT (publisher_id) DO UPDATE SET pinned = 1, last_used = excluded.last_used",
                   "ss", key, now);
    if (rc == 0) /* one that no name is pinned to any more is not pinned */
        rc = db_run(&r->db, "UPDATE publisher_keys SET pinned = 0 WHERE publisher_id NOT IN (SELECT publisher_id FROM pins)", err);
    return rc;
}

void registry_seen_finish(struct registry_seen *k)
{
    for (size_t i = 0; i < k->n; i++) {
        free(k->item[i].id);
        free(k->item[i].names);
        free(k->item[i].first_seen);
        free(k->item[i].last_used);
    }
    free(k->item);
    *k = (struct registry_seen){0};
}

static int read_seen(struct db *db, sqlite3_stmt *s, struct registry_seen *all, cordon_error **err)
{
    struct registry_seen_key *more = all->n < REGISTRY_SKILLS_MAX ? realloc(all->item, (all->n + 1) * sizeof *more) : NULL;
    if (!more)
        return all->n < REGISTRY_SKILLS_MAX ? err_nomem(err) : db_refuse(db, "it holds more keys than can be", err);
    all->item = more;
    struct registry_seen_key *k = &more[all->n++];
    *k = (struct registry_seen_key){0};
    char **const to[] = {&k->id, &k->first_seen, &k->last_used, &k->names};
    int rc = 0;
    for (int i = 0; rc == 0 && i < 4; i++)
        rc = db_text(db, s, i, to[i], err);
    return rc < 0 || (k->id && k->first_seen && k->last_used) ? rc : db_refuse(db, "a key has a gap", err);
}

int registry_seen(struct registry *r, struct registry_seen *ret, cordon_error **err)
{
    cleanup(registry_seen_finish) struct registry_seen all = {0};
    sqlite3_stmt *s = NULL;
    int rc = db_query(&r->db, &s, err,
                      "SELECT k.publisher_id, k.first_seen, k.last_used, (SELECT '[' || group_concat('\"' || p.name || '\"', ',') || ']' FROM pins p"
                      " WHERE p.publisher_id = k.publisher_id) FROM publisher_keys k ORDER BY k.publisher_id",
                      "");
    while (rc == 0 && (rc = db_step(&r->db, s, err)) > 0)
        rc = read_seen(&r->db, s, &all, err);
    db_done(&r->db, s);
    if (rc == 0) {
        *ret = all;
        all = (struct registry_seen){0};
    }
    return rc;
}

int registry_highest(struct registry *r, const char *name, const char *publisher, char **ret, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    char *version = NULL;
    int rc = db_query(&r->db, &s, err, "SELECT version FROM highest_versions WHERE name = ?1 AND publisher = ?2", "ss", name, publisher);
    if (rc == 0 && (rc = db_step(&r->db, s, err)) > 0 && (rc = db_text(&r->db, s, 0, &version, err)) == 0)
        rc = version ? 1 : db_refuse(&r->db, "a version is gone", err);
    db_done(&r->db, s);
    if (rc > 0)
        *ret = version;
    return rc;
}

int registry_set_highest(struct registry *r, const char *name, const char *publisher, const char *version, cordon_error **err)
{
    return db_do(&r->db, err, "INSERT OR REPLACE INTO highest_versions (name, publisher, version, at_ms) VALUES (?1, ?2, ?3, ?4)", "sssi", name, publisher, version,
                 (int64_t)clock_wall_ms());
}
