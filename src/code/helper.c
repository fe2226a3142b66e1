/* SPDX-License-Identifier: Apache-2.0
 * One job in one fresh process; as many at once as there are cores, the others in the order they came. */
#include "base/cleanup.h"
#include "base/error.h"
#include "child/memfile.h"
#include "helper_process.h"
#include "helper_wire.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

struct helper {
    char *path;
    struct code_bounds bounds;
    unsigned at_once;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    /* Under the lock. Tickets next_in..; whoever holds next_out goes in as soon as fewer than at_once are running. */
    uint64_t next_in, next_out;
    unsigned running;
};

static unsigned cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (unsigned)CPU_COUNT(&set);
}

static int check_bounds(const struct code_bounds *b, cordon_error **err)
{
    if (b->memory_bytes < WIRE_MEMORY_MIN || b->memory_bytes > WIRE_MEMORY_MAX)
        return err_set(err, CORDON_E_BAD_LIMIT, NULL, "the helper's memory must be between 16 MiB and 1 TiB");
    if (!b->cpu_s || b->cpu_s > WIRE_SECONDS_MAX || !b->wall_s || b->wall_s > WIRE_SECONDS_MAX)
        return err_set(err, CORDON_E_BAD_LIMIT, NULL, "the helper's CPU and wall time must be between 1 s and 24 h");
    return 0;
}

int helper_new(const char *path, const struct code_bounds *bounds, struct helper **ret, cordon_error **err)
{
    int r = check_bounds(bounds, err);
    if (r < 0)
        return r;
    if (path[0] != '/')
        return err_set(err, CORDON_E_USAGE, path, "the helper's path is not absolute: %s", path);
    cleanup_free struct helper *h = calloc(1, sizeof *h);
    if (!h || !(h->path = strdup(path)))
        return err_nomem(err);
    h->bounds = *bounds;
    h->at_once = cores();
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->moved, NULL);
    *ret = take(h);
    return 0;
}

void helper_free(struct helper *h)
{
    if (!h)
        return;
    pthread_cond_destroy(&h->moved);
    pthread_mutex_destroy(&h->lock);
    free(h->path);
    free(h);
}

static void enter(struct helper *h)
{
    pthread_mutex_lock(&h->lock);
    uint64_t ticket = h->next_in++;
    while (ticket != h->next_out || h->running >= h->at_once)
        pthread_cond_wait(&h->moved, &h->lock);
    h->next_out++;
    h->running++;
    pthread_cond_broadcast(&h->moved);
    pthread_mutex_unlock(&h->lock);
}

static void leave(struct helper *h)
{
    pthread_mutex_lock(&h->lock);
    h->running--;
    pthread_cond_broadcast(&h->moved);
    pthread_mutex_unlock(&h->lock);
}

/* After the helper has ended: from here on the file cannot change. */
static int read_answer(struct helper *h, enum code_job job, int fd, char **ret_meta, uint64_t *ret_len, cordon_error **err)
{
    cordon_error *why = NULL;
    int r = memfile_seal(fd, err);
    if (r < 0)
        return r;
    r = answer_read(fd, ret_meta, ret_len, &why);
    if (r == -CORDON_E_NO_RESOURCES) {   /* it met its own bound in good order */
        r = helper_death_memory(job, &h->bounds, err);
        err_cause(err, "%s", cordon_error_message(why));
        cordon_error_free(why);
    } else if (r < 0 && err) {
        *err = why;
    } else {
        cordon_error_free(why);
    }
    return r;
}

static int run_one(struct helper *h, enum code_job job, int job_fd, int answer_fd, char **ret_meta, uint64_t *ret_len, cordon_error **err)
{
    struct helper_end end;
    enter(h);
    int r = helper_process_run(h->path, job_fd, answer_fd, h->bounds.wall_s, &end, err);
    leave(h);
    if (r < 0 || (r = helper_death(&end, job, h->path, &h->bounds, err)) < 0)
        return r;
    return read_answer(h, job, answer_fd, ret_meta, ret_len, err);
}

int helper_run(struct helper *h, enum code_job job, const char *arg, const uint8_t *in, size_t len, char **ret_meta, int *ret_body_fd,
               uint64_t *ret_body_len, cordon_error **err)
{
    cleanup_fd int job_fd = -1, answer_fd = -1;
    uint64_t body_len = 0;
    struct wire_job header = {.job = job, .memory_bytes = h->bounds.memory_bytes, .cpu_s = h->bounds.cpu_s, .wall_s = h->bounds.wall_s,
                              .parent = getpid()};
    int r = wire_job_write(&header, arg, in, len, &job_fd, err);
    if (r < 0 || (r = memfile_new("cordon-code", &answer_fd, err)) < 0 ||
        (r = run_one(h, job, job_fd, answer_fd, ret_meta, &body_len, err)) < 0)
        return r;
    *ret_body_fd = body_len ? take_fd(answer_fd) : -1;
    *ret_body_len = body_len;
    return 0;
}
