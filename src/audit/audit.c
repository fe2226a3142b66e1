/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"
#include "base/error.h"

#include <stdlib.h>

enum { PRUNE_EVERY = 1000, PRUNE_MAX = 2000 }; /* rows: old ones go twice as fast as new ones come */

struct audit {
    struct audit_store store;       /* the writer's thread has it */
    struct audit_keep keep;
    struct audit_writer *writer;
    unsigned since;                 /* rows since it was last pruned */
};

static unsigned count(const struct audit_record *r)
{
    unsigned n = 0;
    for (; r; r = r->next)
        n++;
    return n;
}

static int write_rows(void *data, const struct audit_record *first, bool durable, cordon_error **err)
{
    struct audit *a = data;
    uint64_t n;
    int r = audit_store_append(&a->store, first, durable, err);
    if (r < 0)
        return r;
    a->since += count(first);
    if (a->since < PRUNE_EVERY)
        return 0;
    a->since = 0;
    audit_store_prune(&a->store, &a->keep, PRUNE_MAX, &n, NULL); /* else the next time */
    return 0;
}

int audit_new(const char *home, const struct audit_keep *keep, struct audit **ret, cordon_error **err)
{
    struct audit *a = calloc(1, sizeof *a);
    if (!a)
        return err_nomem(err);
    a->keep = *keep;
    a->since = PRUNE_EVERY - 1; /* a process with few calls prunes too */
    int r = audit_store_make(home, &a->store, err);
    if (r == 0)
        r = audit_writer_new(&(struct audit_sink){write_rows, a}, &a->writer, err);
    if (r < 0) {
        audit_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

void audit_put(struct audit *a, struct audit_record *r)
{
    if (r)
        audit_writer_put(a->writer, r);
    else
        audit_writer_miss(a->writer);
}

int audit_flush(struct audit *a, cordon_error **err) { return audit_writer_flush(a->writer, err); }

void audit_confine(struct audit *a) { audit_store_confine(&a->store); }

void audit_free(struct audit *a)
{
    if (!a)
        return;
    audit_writer_free(a->writer);
    audit_store_close(&a->store);
    free(a);
}
