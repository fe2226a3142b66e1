/* SPDX-License-Identifier: Apache-2.0
 * What the operator said of a skill: grants and limits. */
#include "registry/parts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <stdlib.h>
#include <string.h>

/* ---- grants ---- */

void registry_grants_finish(struct registry_grants *g)
{
    for (size_t i = 0; i < g->n; i++) {
        free(g->item[i].grant);
        free(g->item[i].folder);
        free(g->item[i].by);
        free(g->item[i].how);
    }
    free(g->item);
    *g = (struct registry_grants){0};
}

static int read_grant(struct db *db, sqlite3_stmt *s, struct registry_grant *ret, cordon_error **err)
{
    int rc = db_text(db, s, 0, &ret->grant, err);
    if (rc == 0)
        rc = db_text(db, s, 1, &ret->by, err);
    if (rc == 0)
        rc = db_text(db, s, 2, &ret->how, err);
    if (rc == 0)
        rc = db_text(db, s, 4, &ret->folder, err);
    ret->at_ms = (uint64_t)db_int(db, s, 3);
    return rc < 0 || (ret->grant && ret->by && ret->how) ? rc : db_refuse(db, "a grant has a gap", err);
}

static int read_grants(struct db *db, sqlite3_stmt *s, struct registry_grants *ret, cordon_error **err)
{
    cleanup(registry_grants_finish) struct registry_grants all = {0};
    int rc;
    while ((rc = db_step(db, s, err)) > 0) {
        struct registry_grant *more = all.n < REGISTRY_GRANTS_MAX ? realloc(all.item, (all.n + 1) * sizeof *more) : NULL;
        if (!more)
            return all.n < REGISTRY_GRANTS_MAX ? err_nomem(err) : db_refuse(db, "a skill has more grants than can be", err);
        all.item = more;
        more[all.n++] = (struct registry_grant){0};
        if ((rc = read_grant(db, s, &more[all.n - 1], err)) < 0)
            return rc;
    }
    if (rc < 0)
        return rc;
    *ret = all;
    all = (struct registry_grants){0};
    return 0;
}

int registry_grants(struct registry *r, const struct registry_version *v, struct registry_grants *ret, cordon_error **err)
{
    cleanup_free char *owner = NULL;
    sqlite3_stmt *s = NULL;
    int rc = registry_owner(v, &owner, err);
    if (rc < 0 || (rc = db_query(&r->db, &s, err, "SELECT what, by, how, at_ms, folder FROM grants WHERE name = ?1 AND owner = ?2 ORDER BY what", "ss", v->name, owner)) < 0)
        return rc;
    rc = read_grants(&r->db, s, ret, err);
    db_done(&r->db, s);
    return rc;
}

static const struct registry_grant *find_grant(const struct registry_grants *has, const char *grant)
{
    for (size_t i = 0; i < has->n; i++)
        if (!strcmp(has->item[i].grant, grant))
            return &has->item[i];
    return NULL;
}

static bool is_of(const struct registry_grant *g, const char *folder) { return !folder || (g->folder && !strcmp(g->folder, folder)); }

int registry_grant(struct registry *r, const struct registry_version *v, const char *grant, const char *folder, const char *how, cordon_error **err)
{
    char by[REGISTRY_BY_MAX];
    cleanup_free char *owner = NULL;
    cleanup(registry_grants_finish) struct registry_grants has = {0};
    int rc = registry_owner(v, &owner, err);
    if (rc < 0 || (rc = registry_grants(r, v, &has, err)) < 0)
        return rc;
    const struct registry_grant *there = find_grant(&has, grant);
    if (there && is_of(there, folder))
        return 0;
    if (!there && has.n >= REGISTRY_GRANTS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, v->name, "%s has %d grants, and can have no more", v->name, REGISTRY_GRANTS_MAX);
    registry_by(by);
    return db_do(&r->db, err, "INSERT OR REPLACE INTO grants (name, owner, what, folder, by, how, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", "ssssssi", v->name, owner, grant,
                 folder, by, how, (int64_t)clock_wall_ms());
}

int registry_revoke(struct registry *r, const struct registry_version *v, const char *grant, cordon_error **err)
{
    cleanup_free char *owner = NULL;
    int rc = registry_owner(v, &owner, err);
    if (rc == 0 && grant)
        rc = db_do(&r->db, err, "DELETE FROM grants WHERE name = ?1 AND owner = ?2 AND what = ?3", "sss", v->name, owner, grant);
    else if (rc == 0)
        rc = db_do(&r->db, err, "DELETE FROM grants WHERE name = ?1", "s", v->name);
    return rc < 0 ? rc : r->db.api.changes(r->db.handle);
}

/* ---- limits ---- */

static int find_limit(const char *name)
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        if (!strcmp(cordon_limit_name((enum cordon_limit)l), name))
            return l;
    return -1;
}

static int read_limit(struct db *db, sqlite3_stmt *s, struct registry_limits *ret, cordon_error **err)
{
    cleanup_free char *name = NULL;
    int rc = db_text(db, s, 0, &name, err);
    if (rc < 0)
        return rc;
    int l = name ? find_limit(name) : -1;
    int64_t value = db_int(db, s, 1);
    if (l < 0 || value <= 0)
        return db_refuse(db, "a limit makes no sense", err);
    ret->value[l] = (uint64_t)value;
    return 0;
}

int registry_limits(struct registry *r, const char *name, struct registry_limits *ret, cordon_error **err)
{
    struct registry_limits limits = {{0}};
    sqlite3_stmt *s = NULL;
    int rc = db_query(&r->db, &s, err, "SELECT what, value FROM limits WHERE name = ?1", "s", name);
    while (rc == 0 && (rc = db_step(&r->db, s, err)) > 0)
        rc = read_limit(&r->db, s, &limits, err);
    db_done(&r->db, s);
    if (rc == 0)
        *ret = limits;
    return rc;
}

int registry_set_limit(struct registry *r, const char *name, enum cordon_limit limit, uint64_t value, cordon_error **err)
{
    char by[REGISTRY_BY_MAX];
    const char *what = cordon_limit_name(limit);
    int rc = db_do(&r->db, err, "DELETE FROM limits WHERE name = ?1 AND what = ?2", "ss", name, what);
    if (rc < 0 || !value)
        return rc;
    if (value > INT64_MAX)
        return err_set(err, CORDON_E_BAD_LIMIT, what, "%s is larger than any limit can be", what);
    registry_by(by);
    return db_do(&r->db, err, "INSERT INTO limits (name, what, value, by, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)", "ssisi", name, what, (int64_t)value, by, (int64_t)clock_wall_ms());
}
