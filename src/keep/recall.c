/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/recall.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include <pthread.h>
#include <string.h>

enum { HOLD_S = 5 };

struct recall {
    _Atomic uint32_t refs;
    char *home;                    /* owned or NULL */
    pthread_mutex_t lock;          /* of what follows */
    char held[TEXT_SLUG_MAX + 1];  /* empty: none */
    struct db db;           /* of `held`; closed if it remembers nothing */
};

struct recall *recall_new(const char *home)
{
    struct recall *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->refs = 1;
    if (home && !(r->home = strdup(home))) {
        free(r);
        return NULL;
    }
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

void recall_ref(struct recall *r) { atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed); }

void recall_unref(struct recall *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    db_close(&r->db);
    pthread_mutex_destroy(&r->lock);
    free(r->home);
    free(r);
}

/* From its first read on, a transaction needs no lock, and no file but those that are open. */
static int begin_reading(struct db *db, cordon_error **err)
{
    sqlite3_stmt *s = NULL;
    int r = db_run(db, "BEGIN", err);
    if (r < 0 || (r = db_prepare(db, "SELECT rowid FROM recall LIMIT 1", &s, err)) < 0)
        return r;
    r = db_step(db, s, err);
    db->api.finalize(s);
    return r < 0 ? r : 0;
}

static int hold(struct recall *r, const char *slug, cordon_error **err)
{
    const struct db_patience p = {.deadline_ns = clock_now_ns() + HOLD_S * 1000000000ull};
    db_close(&r->db);
    r->held[0] = '\0';
    int rc = memory_db_open(r->home, slug, DB_READ, &p, &r->db, err);
    if (rc > 0 && (rc = begin_reading(&r->db, err)) < 0)
        db_close(&r->db);
    if (rc < 0)
        return rc;
    snprintf(r->held, sizeof r->held, "%s", slug);
    return 0;
}

int recall_hold(struct recall *r, const char *slug, cordon_error **err)
{
    pthread_mutex_lock(&r->lock);
    int rc = hold(r, slug, err);
    pthread_mutex_unlock(&r->lock);
    return rc;
}

/* 1: this is what is held, and *ret has what was found in it. */
static int search_held(struct recall *r, const char *slug, const char *query, size_t len, uint32_t limit, size_t room, const struct db_patience *p,
                       struct memory_rows *ret, cordon_error **err)
{
    if (strcmp(r->held, slug) != 0)
        return 0;
    ret->n = 0;
    r->db.patience = *p;
    int rc = r->db.handle ? memory_find(&r->db, query, len, limit, room, ret, err) : 0;
    return rc < 0 ? rc : 1;
}

int recall_search(struct recall *r, const char *slug, const char *query, size_t len, uint32_t limit, size_t room, const struct db_patience *p, struct memory_rows *ret,
                  cordon_error **err)
{
    pthread_mutex_lock(&r->lock);
    int rc = search_held(r, slug, query, len, limit, room, p, ret, err);
    pthread_mutex_unlock(&r->lock);
    if (rc)
        return rc < 0 ? rc : 0;
    return memory_search(r->home, slug, query, len, limit, room, p, ret, err);
}
