/* SPDX-License-Identifier: Apache-2.0
 * The pool of threads for work that blocks: each job once, in turn by share, and no share on all threads. */
#include "base/error.h"
#include "sched/pool.h"
#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

Suite *suite_pool(void);

enum { THREADS = 4 };

/* A job that tells that it began, and ends when it is let go. */
struct held {
    struct pool_job job;
    sem_t *began, *go;
};

static void run_held(struct pool_job *j)
{
    struct held *h = (struct held *)j;
    sem_post(h->began);
    sem_wait(h->go);
}

/* A job that notes its turn. */
struct noted {
    struct pool_job job;
    _Atomic int *count;
    _Atomic int turn;
};

static void run_noted(struct pool_job *j)
{
    struct noted *n = (struct noted *)j;
    n->turn = atomic_fetch_add(n->count, 1) + 1;
}

static struct pool *make(unsigned threads)
{
    struct pool *p = NULL;
    ck_assert_int_eq(pool_new(threads, &p, NULL), 0);
    return p;
}

static struct pool_share *share(struct pool *p)
{
    struct pool_share *s = NULL;
    ck_assert_int_eq(pool_share_new(p, &s, NULL), 0);
    return s;
}

static void submit(struct pool_share *s, struct pool_job *j)
{
    ck_assert_int_eq(pool_submit(s, j, NULL), 0);
}

struct hold {
    sem_t began, go;
    struct held jobs[16];
};

static void hold_init(struct hold *h)
{
    memset(h, 0, sizeof *h);
    sem_init(&h->began, 0, 0);
    sem_init(&h->go, 0, 0);
    for (size_t i = 0; i < 16; i++)
        h->jobs[i] = (struct held){.job = {.run = run_held}, .began = &h->began, .go = &h->go};
}

static void let_go(struct hold *h, int n)
{
    while (n--)
        sem_post(&h->go);
}

START_TEST(a_skill_that_hangs_leaves_a_thread_to_others)
{
    struct pool *p = make(THREADS);
    struct pool_share *hog = share(p), *other = share(p);
    struct hold h;
    hold_init(&h);
    for (int i = 0; i < 16; i++)
        submit(hog, &h.jobs[i].job);
    for (int i = 0; i < THREADS - 1; i++)
        sem_wait(&h.began);

    sem_t ran;
    sem_init(&ran, 0, 0);
    struct held quick = {.job = {.run = run_held}, .began = &ran, .go = &h.go};
    submit(other, &quick.job);
    sem_wait(&ran); /* hangs, and the runner fails it, if the hog has all threads */
    int more;
    sem_getvalue(&h.began, &more);
    ck_assert_int_eq(more, 0);
    ck_assert_uint_eq(pool_threads(p), THREADS);
    let_go(&h, 17);
    pool_share_unref(hog);
    pool_share_unref(other);
    pool_free(p);
}
END_TEST

START_TEST(those_that_wait_are_served_in_turn_by_skill)
{
    struct pool *p = make(2);
    struct pool_share *a = share(p), *b = share(p), *blocker = share(p);
    struct hold h;
    hold_init(&h);
    submit(blocker, &h.jobs[0].job);
    sem_wait(&h.began);
    struct pool_share *second = share(p);
    submit(second, &h.jobs[1].job);
    sem_wait(&h.began); /* both threads are taken: what comes now waits */

    _Atomic int count = 0;
    struct noted of_a[8], of_b[2];
    for (int i = 0; i < 8; i++) {
        of_a[i] = (struct noted){.job = {.run = run_noted}, .count = &count};
        submit(a, &of_a[i].job);
    }
    for (int i = 0; i < 2; i++) {
        of_b[i] = (struct noted){.job = {.run = run_noted}, .count = &count};
        submit(b, &of_b[i].job);
    }
    let_go(&h, 1); /* one thread serves them all */
    while (atomic_load(&count) < 10)
        usleep(1000);
    let_go(&h, 1);
    pool_share_unref(a);
    pool_share_unref(b);
    pool_share_unref(blocker);
    pool_share_unref(second);
    pool_free(p);
    ck_assert_int_eq(of_a[0].turn, 1);
    ck_assert_int_eq(of_b[0].turn, 2);
    ck_assert_int_eq(of_a[1].turn, 3);
    ck_assert_int_eq(of_b[1].turn, 4);
    ck_assert_int_eq(of_a[7].turn, 10);
}
END_TEST

START_TEST(a_job_taken_back_is_never_run)
{
    struct pool *p = make(2);
    struct pool_share *s = share(p);
    struct hold h;
    hold_init(&h);
    submit(s, &h.jobs[0].job);
    sem_wait(&h.began);
    _Atomic int count = 0;
    struct noted back = {.job = {.run = run_noted}, .count = &count}, kept = back;
    submit(s, &back.job);
    submit(s, &kept.job);
    ck_assert(pool_abandon(s, &back.job));
    ck_assert(!pool_abandon(s, &back.job));
    ck_assert_msg(!pool_abandon(s, &h.jobs[0].job), "it has begun");
    let_go(&h, 1);
    pool_share_unref(s); /* what is queued keeps it */
    pool_free(p);
    ck_assert_int_eq(count, 1);
    ck_assert_int_eq(kept.turn, 1);
}
END_TEST

START_TEST(a_queue_has_a_ceiling_of_its_own)
{
    struct pool *p = make(2);
    struct pool_share *s = share(p), *other = share(p);
    struct hold h;
    hold_init(&h);
    submit(s, &h.jobs[0].job);
    sem_wait(&h.began);
    _Atomic int count = 0;
    struct noted *many = calloc(POOL_QUEUE_MAX + 1, sizeof *many);
    for (int i = 0; i <= POOL_QUEUE_MAX; i++)
        many[i] = (struct noted){.job = {.run = run_noted}, .count = &count};
    for (int i = 0; i < POOL_QUEUE_MAX; i++)
        submit(s, &many[i].job);
    cordon_error *err = NULL;
    ck_assert_int_eq(pool_submit(s, &many[POOL_QUEUE_MAX].job, &err), -CORDON_E_BUSY);
    cordon_error_free(err);
    struct noted beside = {.job = {.run = run_noted}, .count = &count};
    submit(other, &beside.job);
    let_go(&h, 1);
    pool_share_unref(s);
    pool_share_unref(other);
    pool_free(p);
    ck_assert_int_eq(count, POOL_QUEUE_MAX + 1);
    free(many);
}
END_TEST

/* Each job is its owner's to free, from the job itself. */
struct owned {
    struct pool_job job;
    _Atomic int *count;
};

static void run_owned(struct pool_job *j)
{
    struct owned *o = (struct owned *)j;
    atomic_fetch_add(o->count, 1);
    free(o);
}

struct crowd {
    struct pool *pool;
    _Atomic int *run;
    int taken_back;
};

static void *crowd_main(void *data)
{
    struct crowd *c = data;
    struct pool_share *s = share(c->pool);
    for (int i = 0; i < 2000; i++) {
        struct owned *o = malloc(sizeof *o);
        *o = (struct owned){.job = {.run = run_owned}, .count = c->run};
        submit(s, &o->job);
        struct noted back = {.job = {.run = run_noted}, .count = c->run};
        submit(s, &back.job);
        if (pool_abandon(s, &back.job))
            c->taken_back++;
        else
            while (!atomic_load(&back.turn))
                sched_yield();
    }
    pool_share_unref(s);
    return NULL;
}

START_TEST(of_many_at_once_each_is_run_or_taken_back)
{
    struct pool *p = make(THREADS);
    _Atomic int run = 0;
    struct crowd crowds[4];
    pthread_t threads[4];
    int taken_back = 0;
    for (int i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){.pool = p, .run = &run};
        pthread_create(&threads[i], NULL, crowd_main, &crowds[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        taken_back += crowds[i].taken_back;
    }
    pool_free(p);
    ck_assert_int_eq(run + taken_back, 4 * 2 * 2000);
}
END_TEST

static void run_look(struct pool_job *j)
{
    struct held *h = (struct held *)j;
    sigset_t blocked;
    char name[16] = "";
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    pthread_getname_np(pthread_self(), name, sizeof name);
    ck_assert(sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGXFSZ) && !sigismember(&blocked, SIGSEGV));
    ck_assert_str_eq(name, "cordon-io-0");
    sem_post(h->began);
}

START_TEST(threads_come_with_the_jobs_and_leave_signals_to_the_program)
{
    struct pool *p = make(THREADS);
    ck_assert_uint_eq(pool_threads(p), 0);
    struct pool_share *s = share(p);
    struct hold h;
    hold_init(&h);
    h.jobs[0].job.run = run_look;
    submit(s, &h.jobs[0].job);
    sem_wait(&h.began);
    ck_assert_uint_eq(pool_threads(p), 1);
    pool_share_unref(s);
    pool_free(p);
    pool_free(NULL);
    pool_share_unref(NULL);
}
END_TEST

START_TEST(without_a_single_thread_a_job_is_refused)
{
#ifdef __SANITIZE_ADDRESS__
    puts("SKIPPED: the address sanitizer does not live within a bounded address space");
    return;
#endif
    /* Root is not bound by the number of processes, but everybody is by address space. */
    struct pool *p = make(THREADS);
    struct pool_share *s = share(p);
    _Atomic int count = 0;
    struct noted job = {.job = {.run = run_noted}, .count = &count};
    struct rlimit before, none = {.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    getrlimit(RLIMIT_AS, &before);
    none.rlim_max = before.rlim_max;
    if (setrlimit(RLIMIT_AS, &none) < 0) {
        puts("SKIPPED: address space cannot be bounded here");
        return;
    }
    cordon_error *err = NULL;
    int r = pool_submit(s, &job.job, &err);
    setrlimit(RLIMIT_AS, &before);
    ck_assert_int_eq(r, -CORDON_E_NO_RESOURCES);
    cordon_error_free(err);
    ck_assert_msg(!pool_abandon(s, &job.job), "it is the caller's again");
    submit(s, &job.job);
    pool_share_unref(s);
    pool_free(p);
    ck_assert_int_eq(count, 1);
}
END_TEST

Suite *suite_pool(void)
{
    Suite *s = suite_create("pool");
    TCase *c = tcase_create("pool");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_skill_that_hangs_leaves_a_thread_to_others);
    tcase_add_test(c, those_that_wait_are_served_in_turn_by_skill);
    tcase_add_test(c, a_job_taken_back_is_never_run);
    tcase_add_test(c, a_queue_has_a_ceiling_of_its_own);
    tcase_add_test(c, of_many_at_once_each_is_run_or_taken_back);
    tcase_add_test(c, threads_come_with_the_jobs_and_leave_signals_to_the_program);
    tcase_add_test(c, without_a_single_thread_a_job_is_refused);
    suite_add_tcase(s, c);
    return s;
}
