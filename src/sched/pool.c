/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"
#include "internal.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <stdio.h>

TAILQ_HEAD(pool_jobs, pool_job);

/* In `ready` while it has a job that may begin: something is queued, and fewer than threads - 1 run. */
struct pool_share {
    struct pool *pool;
    _Atomic unsigned refs; /* its owners', and one for each job queued or running */
    unsigned queued, running;
    bool ready;
    struct pool_jobs jobs;
    TAILQ_ENTRY(pool_share) ring;
};

struct pool {
    pthread_mutex_t lock; /* over all of it, and over the shares */
    pthread_cond_t work;
    unsigned max, n;
    unsigned idle;  /* asleep, and not told to wake */
    unsigned tokens; /* told to wake, and not awake yet */
    bool ending;
    TAILQ_HEAD(, pool_share) ready;
    pthread_t threads[POOL_THREADS_MAX];
};

int pool_new(unsigned threads, struct pool **ret, cordon_error **err)
{
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        return err_nomem(err);
    p->max = threads < 2 ? 2 : threads > POOL_THREADS_MAX ? POOL_THREADS_MAX : threads;
    TAILQ_INIT(&p->ready);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    *ret = p;
    return 0;
}

int pool_share_new(struct pool *p, struct pool_share **ret, cordon_error **err)
{
    struct pool_share *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err);
    s->pool = p;
    s->refs = 1;
    TAILQ_INIT(&s->jobs);
    *ret = s;
    return 0;
}

void pool_share_ref(struct pool_share *s) { atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); }

void pool_share_unref(struct pool_share *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
        free(s);
}

/* Puts the share at the ring's end, or takes it out, by what it could begin now. */
static void share_settle(struct pool_share *s)
{
    struct pool *p = s->pool;
    bool ready = s->queued && s->running < p->max - 1;
    if (ready == s->ready)
        return;
    if (ready)
        TAILQ_INSERT_TAIL(&p->ready, s, ring);
    else
        TAILQ_REMOVE(&p->ready, s, ring);
    s->ready = ready;
}

static void job_remove(struct pool_share *s, struct pool_job *j)
{
    TAILQ_REMOVE(&s->jobs, j, queue);
    j->queued = false;
    s->queued--;
}

/* The next job, in turn; its share goes to the ring's end. */
static struct pool_job *take_job(struct pool *p, struct pool_share **ret)
{
    struct pool_share *s = TAILQ_FIRST(&p->ready);
    if (!s)
        return NULL;
    TAILQ_REMOVE(&p->ready, s, ring);
    s->ready = false;
    struct pool_job *j = TAILQ_FIRST(&s->jobs);
    job_remove(s, j);
    s->running++;
    share_settle(s);
    *ret = s;
    return j;
}

/* Runs with the lock held, but for the job itself. */
static void run_one(struct pool *p, struct pool_share *s, struct pool_job *j)
{
    pthread_mutex_unlock(&p->lock);
    j->run(j);
    pthread_mutex_lock(&p->lock);
    s->running--;
    share_settle(s); /* what may begin now, this thread takes */
    pool_share_unref(s);
}

static void sleep_until_told(struct pool *p)
{
    p->idle++;
    while (!p->tokens && !p->ending)
        pthread_cond_wait(&p->work, &p->lock);
    if (p->tokens)
        p->tokens--;
    else
        p->idle--;
}

static void *pool_main(void *data)
{
    struct pool *p = data;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct pool_share *s;
        struct pool_job *j = take_job(p, &s);
        if (j) {
            run_one(p, s, j);
        } else if (p->ending) {
            break;
        } else {
            sleep_until_told(p);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static bool wake_one(struct pool *p)
{
    if (!p->idle)
        return false;
    p->idle--;
    p->tokens++;
    pthread_cond_signal(&p->work);
    return true;
}

/* A thread for what was just queued. Only the first must succeed: the others would have made it faster. */
static int find_thread(struct pool *p, cordon_error **err)
{
    if (wake_one(p) || p->n == p->max)
        return 0;
    char name[16];
    snprintf(name, sizeof name, "cordon-io-%u", p->n);
    int r = thread_start(&p->threads[p->n], name, pool_main, p);
    if (!r)
        p->n++;
    return r && !p->n ? err_errno(err, r, "start a thread", NULL) : 0;
}

static void job_add(struct pool_share *s, struct pool_job *j)
{
    j->queued = true;
    TAILQ_INSERT_TAIL(&s->jobs, j, queue);
    s->queued++;
    pool_share_ref(s);
    share_settle(s);
}

static void job_withdraw(struct pool_share *s, struct pool_job *j)
{
    job_remove(s, j);
    share_settle(s);
    pool_share_unref(s); /* not the last: the caller has one */
}

static int submit_locked(struct pool_share *s, struct pool_job *j, cordon_error **err)
{
    if (s->queued >= POOL_QUEUE_MAX)
        return err_set(err, CORDON_E_BUSY, NULL, "%d operations of this skill wait for a thread already", POOL_QUEUE_MAX);
    job_add(s, j);
    int r = s->ready ? find_thread(s->pool, err) : 0;
    if (r < 0)
        job_withdraw(s, j);
    return r;
}

int pool_submit(struct pool_share *s, struct pool_job *j, cordon_error **err)
{
    struct pool *p = s->pool;
    pthread_mutex_lock(&p->lock);
    int r = submit_locked(s, j, err);
    pthread_mutex_unlock(&p->lock);
    return r;
}

bool pool_abandon(struct pool_share *s, struct pool_job *j)
{
    struct pool *p = s->pool;
    pthread_mutex_lock(&p->lock);
    bool queued = j->queued;
    if (queued)
        job_withdraw(s, j);
    pthread_mutex_unlock(&p->lock);
    return queued;
}

unsigned pool_threads(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = p->n;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
