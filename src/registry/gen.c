/* SPDX-License-Identifier: Apache-2.0
 *
 * HOME/registry.gen: one number, mapped by whoever wants to know whether anything has been committed. It is odd from just before a commit until just after it: whoever
 * reads an odd number asks the registry itself, each time. So one that was killed between the two leaves a number that nobody trusts, until the next one writes.
 */
#include "registry/parts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#define FILE_NAME "registry.gen"

static int map(const struct home *h, int protection, void **ret, cordon_error **err)
{
    cleanup_fd int fd = -1;
    struct stat st;
    int r = safe_file_open(h->fd, h->path, FILE_NAME, protection & PROT_WRITE ? O_RDWR : O_RDONLY, &fd, &st, err);
    if (r <= 0)
        return r;
    if (st.st_size < (off_t)sizeof(uint64_t))
        return err_set(err, CORDON_E_DAMAGED, FILE_NAME, "%s/%s is damaged: it is too short", h->path, FILE_NAME);
    void *at = mmap(NULL, sizeof(uint64_t), protection, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return err_errno(err, errno, "map", FILE_NAME);
    *ret = at;
    return 1;
}

int registry_gen_make(struct registry *r, cordon_error **err)
{
    static const uint64_t zero = 0;
    void *at = NULL;
    int rc = map(&r->home, PROT_READ | PROT_WRITE, &at, err);
    if (rc == 0 && (rc = safe_write(r->home.fd, r->home.path, FILE_NAME, &zero, sizeof zero, true, err)) >= 0)
        rc = map(&r->home, PROT_READ | PROT_WRITE, &at, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, CORDON_E_IO, FILE_NAME, "%s/%s is gone again", r->home.path, FILE_NAME);
    r->gen = at;
    return 0;
}

void registry_gen_begin(struct registry *r) { atomic_store(r->gen, atomic_load(r->gen) | 1); }
void registry_gen_end(struct registry *r) { atomic_store(r->gen, (atomic_load(r->gen) | 1) + 1); }

int registry_gen_open(const char *home, struct registry_gen *ret, cordon_error **err)
{
    cleanup(home_finish) struct home h = HOME_NONE;
    void *at = NULL;
    int r = home_open(home, &h, err);
    if (r <= 0 || (r = map(&h, PROT_READ, &at, err)) <= 0)
        return r;
    ret->now = at;
    return 1;
}

void registry_gen_close(struct registry_gen *g)
{
    if (g->now)
        munmap((void *)(uintptr_t)g->now, sizeof(uint64_t));
    g->now = NULL;
}
