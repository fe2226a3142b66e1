/* SPDX-License-Identifier: Apache-2.0
 * The audit's writer: nothing that was put is lost, whatever the disk does, and what must be is told. With a sink of its own: no database, so that the thread sanitizer can watch. */
#include "audit/writer.h"
#include "base/clock.h"
#include "base/error.h"
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *suite_audit_writer(void);

struct disk {
    _Atomic unsigned rows, batches, durable, told_lost;
    _Atomic bool broken;
    _Atomic unsigned slow_us;
    unsigned last[16];              /* of each putter: what came last. The writer's thread alone */
    bool out_of_order;
};

/* "PUTTER:NUMBER" */
static void note(struct disk *d, const struct audit_record *r)
{
    unsigned putter, number;
    if (r->lost) {
        atomic_fetch_add(&d->told_lost, (unsigned)r->lost);
        return;
    }
    if (sscanf(r->told.skill, "%u:%u", &putter, &number) == 2) {
        d->out_of_order |= number <= d->last[putter];
        d->last[putter] = number;
    }
    atomic_fetch_add(&d->rows, 1);
}

static int write_rows(void *data, const struct audit_record *first, bool durable, cordon_error **err)
{
    struct disk *d = data;
    if (d->slow_us)
        usleep(d->slow_us);
    if (d->broken)
        return err_set(err, CORDON_E_IO, "audit", "the disk is broken");
    for (; first; first = first->next)
        note(d, first);
    atomic_fetch_add(&d->batches, 1);
    atomic_fetch_add(&d->durable, durable);
    return 0;
}

static struct audit_writer *make(struct disk *d)
{
    struct audit_writer *w = NULL;
    ck_assert_int_eq(audit_writer_new(&(struct audit_sink){write_rows, d}, &w, NULL), 0);
    return w;
}

static struct audit_record *record(unsigned putter, unsigned number)
{
    char name[32];
    snprintf(name, sizeof name, "%u:%u", putter, number);
    struct audit_record *r = audit_record_new(&(struct audit_told){.kind = AUDIT_CALL, .invocation_id = "018f0000-0000-7000-8000-000000000001", .skill = name, .tier = "untrusted"});
    ck_assert_ptr_nonnull(r);
    return r;
}

/* ---- somebody who waits ---- */

struct waiter { pthread_mutex_t lock; pthread_cond_t cond; bool told, refused; };

static void tell(void *data, const cordon_error *why)
{
    struct waiter *w = data;
    pthread_mutex_lock(&w->lock);
    w->told = true;
    w->refused = why;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

/* True: it is on disk. */
static bool put_and_wait(struct audit_writer *writer, struct audit_record *r)
{
    struct waiter w = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    r->urgent = true;
    r->done = tell;
    r->data = &w;
    audit_writer_put(writer, r);
    pthread_mutex_lock(&w.lock);
    while (!w.told)
        pthread_cond_wait(&w.cond, &w.lock);
    pthread_mutex_unlock(&w.lock);
    return !w.refused;
}

/* ---- many at once ---- */

struct putter { struct audit_writer *writer; unsigned number, rows, urgent_every; pthread_t thread; };

static void *put_many(void *data)
{
    struct putter *p = data;
    for (unsigned i = 1; i <= p->rows; i++) {
        struct audit_record *r = record(p->number, i);
        if (p->urgent_every && i % p->urgent_every == 0)
            put_and_wait(p->writer, r);
        else
            audit_writer_put(p->writer, r);
    }
    return NULL;
}

static void run_putters(struct audit_writer *w, unsigned n, unsigned rows, unsigned urgent_every)
{
    struct putter p[8];
    for (unsigned i = 0; i < n; i++) {
        p[i] = (struct putter){w, i, rows, urgent_every, 0};
        pthread_create(&p[i].thread, NULL, put_many, &p[i]);
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(p[i].thread, NULL);
}

START_TEST(all_that_many_threads_put_is_written_once_and_in_their_order)
{
    struct disk d = {0};
    struct audit_writer *w = make(&d);
    run_putters(w, 4, 5000, 0);
    ck_assert_int_eq(audit_writer_flush(w, NULL), 0);
    ck_assert_uint_eq(d.rows, 20000);
    ck_assert(!d.out_of_order);
    audit_writer_free(w);
    ck_assert_uint_eq(d.rows, 20000);
}
END_TEST

START_TEST(those_who_wait_are_told_among_those_who_do_not)
{
    struct disk d = {0};
    struct audit_writer *w = make(&d);
    run_putters(w, 4, 500, 10);
    audit_writer_free(w);
    ck_assert_uint_eq(d.rows, 2000);
    ck_assert(!d.out_of_order);
    ck_assert_uint_gt(d.durable, 0);
}
END_TEST

START_TEST(rows_are_written_in_batches_and_soon)
{
    struct disk d = {0};
    struct audit_writer *w = make(&d);
    for (unsigned i = 1; i <= 1000; i++)
        audit_writer_put(w, record(0, i));
    uint64_t until = clock_now_ns() + 10000000000u; /* generous: what is promised is a tenth of a second */
    while (d.rows < 1000 && clock_now_ns() < until)
        usleep(1000);
    ck_assert_uint_eq(d.rows, 1000);
    ck_assert_uint_lt(d.batches, 200);
    audit_writer_free(w);
}
END_TEST

START_TEST(a_row_after_a_long_pause_is_written_too)
{
    struct disk d = {0};
    struct audit_writer *w = make(&d);
    for (unsigned i = 1; i <= 2; i++) {
        audit_writer_put(w, record(0, i));
        uint64_t until = clock_now_ns() + 10000000000u;
        while (d.rows < i && clock_now_ns() < until)
            usleep(1000);
        ck_assert_uint_eq(d.rows, i);
        usleep(1500000); /* it parks */
    }
    audit_writer_free(w);
}
END_TEST

START_TEST(who_waits_does_not_wait_for_the_batch)
{
    struct disk d = {0};
    struct audit_writer *w = make(&d);
    uint64_t start = clock_now_ns();
    for (unsigned i = 1; i <= 100; i++)
        ck_assert(put_and_wait(w, record(0, i)));
    ck_assert_uint_lt(clock_now_ns() - start, 100ull * AUDIT_NAP_MS * 1000000); /* far below, but for a machine that is very busy */
    ck_assert_uint_eq(d.durable, 100);
    audit_writer_free(w);
}
END_TEST

START_TEST(a_full_queue_makes_the_one_who_puts_wait_and_drops_nothing)
{
    struct disk d = {.slow_us = 20000};
    struct audit_writer *w = make(&d);
    run_putters(w, 4, AUDIT_QUEUE_MAX, 0);
    audit_writer_free(w);
    ck_assert_uint_eq(d.rows, 4 * AUDIT_QUEUE_MAX);
    ck_assert_uint_eq(d.told_lost, 0);
}
END_TEST

START_TEST(what_could_not_be_written_is_tried_again)
{
    struct disk d = {.broken = true};
    struct audit_writer *w = make(&d);
    cordon_error *err = NULL;
    for (unsigned i = 1; i <= 10; i++)
        audit_writer_put(w, record(0, i));
    ck_assert_int_eq(audit_writer_flush(w, &err), -CORDON_E_IO);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "the disk is broken"));
    cordon_error_free(err);
    d.broken = false;
    ck_assert_int_eq(audit_writer_flush(w, NULL), 0);
    ck_assert_uint_eq(d.rows, 10);
    ck_assert(!d.out_of_order);
    ck_assert_uint_eq(d.told_lost, 0);
    audit_writer_free(w);
}
END_TEST

START_TEST(who_waits_is_told_at_once_when_the_disk_is_broken)
{
    struct disk d = {.broken = true};
    struct audit_writer *w = make(&d);
    ck_assert(!put_and_wait(w, record(0, 1)));
    d.broken = false;
    ck_assert(put_and_wait(w, record(0, 2)));
    ck_assert_uint_eq(d.rows, 1); /* what was refused is not written later */
    audit_writer_free(w);
}
END_TEST

START_TEST(what_had_to_be_dropped_is_counted_and_told)
{
    struct disk d = {.broken = true};
    struct audit_writer *w = make(&d);
    audit_writer_put(w, record(0, 1));
    audit_writer_flush(w, NULL);
    for (unsigned i = 2; i <= AUDIT_QUEUE_MAX + 100; i++)
        audit_writer_put(w, record(0, i)); /* would hang, and be killed, if it waited for a broken disk */
    d.broken = false;
    ck_assert_int_eq(audit_writer_flush(w, NULL), 0);
    ck_assert_uint_ge(d.told_lost, 100);
    ck_assert_uint_eq(d.rows + d.told_lost, AUDIT_QUEUE_MAX + 100);
    audit_writer_free(w);
}
END_TEST

START_TEST(a_record_without_memory_is_told)
{
    struct disk d = {0};
    struct audit_writer *w = make(&d);
    audit_writer_miss(w);
    audit_writer_put(w, record(0, 1));
    ck_assert_int_eq(audit_writer_flush(w, NULL), 0);
    ck_assert_uint_eq(d.told_lost, 1);
    ck_assert_uint_eq(d.rows, 1);
    audit_writer_free(w);
}
END_TEST

START_TEST(freeing_writes_what_is_left)
{
    for (unsigned n = 0; n < 50; n++) {
        struct disk d = {0};
        struct audit_writer *w = make(&d);
        for (unsigned i = 1; i <= n; i++)
            audit_writer_put(w, record(0, i));
        audit_writer_free(w);
        ck_assert_uint_eq(d.rows, n);
    }
}
END_TEST

Suite *suite_audit_writer(void)
{
    Suite *s = suite_create("audit_writer");
    TCase *c = tcase_create("writer");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, all_that_many_threads_put_is_written_once_and_in_their_order);
    tcase_add_test(c, those_who_wait_are_told_among_those_who_do_not);
    tcase_add_test(c, rows_are_written_in_batches_and_soon);
    tcase_add_test(c, a_row_after_a_long_pause_is_written_too);
    tcase_add_test(c, who_waits_does_not_wait_for_the_batch);
    tcase_add_test(c, a_full_queue_makes_the_one_who_puts_wait_and_drops_nothing);
    tcase_add_test(c, what_could_not_be_written_is_tried_again);
    tcase_add_test(c, who_waits_is_told_at_once_when_the_disk_is_broken);
    tcase_add_test(c, what_had_to_be_dropped_is_counted_and_told);
    tcase_add_test(c, a_record_without_memory_is_told);
    tcase_add_test(c, freeing_writes_what_is_left);
    suite_add_tcase(s, c);
    return s;
}
