/* SPDX-License-Identifier: Apache-2.0
 *
 * A few threads for work that blocks: files, look-ups in a database. Jobs are queued by share, one share for each loaded skill; whoever waits is
 * served round robin by share, and no share ever runs on all threads. So one skill on a slow disk delays itself, and others find a thread.
 *
 * A job is embedded in its owner's object. It is run exactly once, or taken back by pool_abandon; either way the pool then no longer touches it.
 */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <sys/queue.h>

enum { POOL_THREADS_MAX = 4, POOL_QUEUE_MAX = 4096 /* jobs of one share that wait */ };

struct pool;
struct pool_share;
struct pool_job {
    /* On a thread of the pool. The job may be gone when it returns. */
    void (*run)(struct pool_job *);
    bool queued; /* from here on: the pool's own */
    TAILQ_ENTRY(pool_job) queue;
};

/* Starts no thread: they come with the jobs, named cordon-io-N, with signals blocked. `threads`: 2 to POOL_THREADS_MAX. */
int pool_new(unsigned threads, struct pool **ret, cordon_error **err);
/* Waits until every job that was queued has run, then ends the threads; nothing may be submitted meanwhile. NULL allowed. */
void pool_free(struct pool *p);

int pool_share_new(struct pool *p, struct pool_share **ret, cordon_error **err);
void pool_share_ref(struct pool_share *s);
/* Jobs of it that are queued or run keep it, and it may outlive the pool. NULL allowed. */
void pool_share_unref(struct pool_share *s);

/* Any thread. BUSY: POOL_QUEUE_MAX jobs of this share wait already. NO_RESOURCES: not one thread can be started. The job may have run before this returns. */
int pool_submit(struct pool_share *s, struct pool_job *j, cordon_error **err);
/* Any thread, after pool_submit, while the caller keeps job and share. True: it has not begun and never will. False: it runs, or has run. */
bool pool_abandon(struct pool_share *s, struct pool_job *j);

unsigned pool_threads(struct pool *p);
