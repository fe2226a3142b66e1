/* SPDX-License-Identifier: Apache-2.0
 * Opening, committing, closing. */
#include "registry/parts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <string.h>
#include <sys/mman.h>

#define FILE_NAME "registry.db"

const char *const registry_points[] = {"stored", "written", "committed", "told", "thrown-out", "swept", NULL};

void registry_set_hook(struct registry *r, registry_hook_fn *fn, void *data)
{
    r->hook = fn;
    r->hook_data = data;
}

void registry_point(struct registry *r, const char *point)
{
    if (r->hook)
        r->hook(r->hook_data, point);
}

const char *registry_home(const struct registry *r) { return r->home.path; }

static struct db_patience patience(void) { return (struct db_patience){.deadline_ns = clock_now_ns() + REGISTRY_PATIENCE_S * 1000000000ull}; }

static void cleanup_registry(struct registry **r) { registry_close(*r); }

/* One state of it for all that is read. */
static int open_to_read(struct registry *r, const char *home, cordon_error **err)
{
    const struct db_patience p = patience();
    int rc = home_open(home, &r->home, err);
    if (rc <= 0 || (rc = db_open(r->home.fd, r->home.path, FILE_NAME, &registry_kind_of_db, DB_READ, &p, &r->db, err)) <= 0)
        return rc;
    return (rc = db_run(&r->db, "BEGIN", err)) < 0 ? rc : 1;
}

/* A number left odd is told once more, for what it was to tell. */
static int open_to_write(struct registry *r, const char *home, cordon_error **err)
{
    const struct db_patience p = patience();
    int rc = home_make(home, &r->home, err);
    r->db.patience = p;
    if (rc < 0 || (rc = registry_lock(r, err)) < 0 || (rc = registry_gen_make(r, err)) < 0 ||
        (rc = db_open(r->home.fd, r->home.path, FILE_NAME, &registry_kind_of_db, DB_MAKE, &p, &r->db, err)) < 0 || (rc = db_begin(&r->db, err)) < 0)
        return rc;
    if (atomic_load(r->gen) & 1)
        registry_gen_end(r);
    registry_store_sweep(r);
    return 1;
}

int registry_open(const char *home, enum registry_mode mode, struct registry **ret, cordon_error **err)
{
    cleanup(cleanup_registry) struct registry *r = calloc(1, sizeof *r);
    if (!r)
        return err_nomem(err);
    r->home.fd = r->lock = -1;
    int rc = mode == REGISTRY_READ ? open_to_read(r, home, err) : open_to_write(r, home, err);
    if (rc > 0)
        *ret = take(r);
    return rc;
}

int registry_commit(struct registry *r, cordon_error **err)
{
    registry_point(r, "written");
    registry_gen_begin(r);
    int rc = db_commit(&r->db, err);
    registry_point(r, "committed");
    registry_gen_end(r);
    registry_point(r, "told");
    r->over = true;
    if (rc == 0)
        registry_store_sweep(r);
    registry_point(r, "swept");
    return rc;
}

void registry_close(struct registry *r)
{
    if (!r)
        return;
    db_close(&r->db);
    if (r->gen)
        munmap(r->gen, sizeof *r->gen);
    registry_unlock(r);
    home_finish(&r->home);
    free(r);
}
