/* SPDX-License-Identifier: Apache-2.0
 * Nothing that has an effect begins before the audit knows of its call: who may go on, who waits, who is told. */
#include "host/effects.h"
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *suite_effects(void);

/* An audit that answers when it is let. */
struct keeper { _Atomic unsigned written, dropped; struct effects *e; };
static struct keeper keeper;

static void write_record(void *audit, void *record, struct effects *e)
{
    struct keeper *k = audit;
    ck_assert_str_eq(record, "record");
    k->e = e;
    atomic_fetch_add(&k->written, 1);
}

static void drop_record(void *record)
{
    ck_assert_str_eq(record, "record");
    atomic_fetch_add(&keeper.dropped, 1);
}

static char record[] = "record";

static struct effects *make(void)
{
    memset(&keeper, 0, sizeof keeper);
    struct effects *e = effects_new(&(struct effects_keeper){write_record, drop_record, &keeper}, record);
    ck_assert_ptr_nonnull(e);
    return e;
}

struct heard { _Atomic unsigned woken, dropped; };
static void wake(void *data) { atomic_fetch_add(&((struct heard *)data)->woken, 1); }
static void drop(void *data) { atomic_fetch_add(&((struct heard *)data)->dropped, 1); }
static struct host_waker waker(struct heard *h) { return (struct host_waker){wake, drop, h}; }

START_TEST(without_an_audit_everything_begins_at_once)
{
    struct heard h = {0};
    struct host_waker w = waker(&h);
    ck_assert_int_eq(effects_begin(NULL, EFFECT_NET, &w), EFFECTS_GO);
    ck_assert(effects_wait(NULL));
    ck_assert_uint_eq(effects_used(NULL), 0);
    ck_assert_uint_eq(h.woken + h.dropped, 0);
}
END_TEST

START_TEST(the_first_effect_waits_until_it_is_on_disk_and_the_next_do_not)
{
    struct heard h = {0};
    struct host_waker w = waker(&h);
    struct effects *e = make();
    ck_assert_int_eq(effects_begin(e, EFFECT_NET, &w), EFFECTS_PENDING);
    ck_assert_uint_eq(h.woken, 0);
    ck_assert_int_eq(effects_step(e), EFFECTS_PENDING);
    effects_told(keeper.e, NULL);
    ck_assert_uint_eq(h.woken, 1);
    ck_assert_uint_eq(h.dropped, 1);
    ck_assert_int_eq(effects_begin(e, EFFECT_SECRET, &w), EFFECTS_GO);
    ck_assert_uint_eq(effects_used(e), EFFECT_NET | EFFECT_SECRET);
    ck_assert_uint_eq(keeper.written, 1);
    effects_unref(e);
    ck_assert_uint_eq(keeper.dropped, 0);
}
END_TEST

START_TEST(several_that_wait_cost_one_record_and_all_are_woken)
{
    struct heard h[5] = {0};
    struct effects *e = make();
    for (int i = 0; i < 5; i++) {
        struct host_waker w = waker(&h[i]);
        ck_assert_int_eq(effects_begin(e, EFFECT_NET, &w), EFFECTS_PENDING);
    }
    ck_assert_uint_eq(keeper.written, 1);
    effects_told(keeper.e, NULL);
    for (int i = 0; i < 5; i++)
        ck_assert(h[i].woken == 1 && h[i].dropped == 1);
    effects_unref(e);
}
END_TEST

START_TEST(what_is_refused_is_refused_for_good_and_says_why)
{
    struct heard h = {0};
    struct host_waker w = waker(&h);
    struct effects *e = make();
    ck_assert_int_eq(effects_begin(e, EFFECT_WRITE, &w), EFFECTS_PENDING);
    effects_told(keeper.e, "the disk is full");
    ck_assert_uint_eq(h.woken, 1);
    ck_assert_int_eq(effects_begin(e, EFFECT_WRITE, &w), EFFECTS_REFUSED);
    ck_assert(!effects_wait(e));
    ck_assert_str_eq(effects_why(e), "the disk is full");
    effects_unref(e);
}
END_TEST

START_TEST(a_call_without_effects_writes_nothing)
{
    struct effects *e = make();
    effects_unref(e);
    ck_assert_uint_eq(keeper.written, 0);
    ck_assert_uint_eq(keeper.dropped, 1);
}
END_TEST

START_TEST(it_outlives_its_call_while_the_record_is_under_way)
{
    struct heard h = {0};
    struct host_waker w = waker(&h);
    struct effects *e = make();
    effects_begin(e, EFFECT_NET, &w);
    effects_unref(e); /* the call is over */
    effects_told(keeper.e, NULL);
    ck_assert_uint_eq(h.dropped, 1);
}
END_TEST

static void *wait_for(void *e) { return effects_wait(e) ? e : NULL; }

START_TEST(threads_that_may_block_wait_for_the_same_record)
{
    pthread_t t[4];
    struct effects *e = make();
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, wait_for, e);
    while (!keeper.written)
        usleep(100);
    usleep(5000);
    effects_told(keeper.e, NULL);
    for (int i = 0; i < 4; i++) {
        void *went_on;
        pthread_join(t[i], &went_on);
        ck_assert_ptr_eq(went_on, e);
    }
    ck_assert_uint_eq(keeper.written, 1);
    effects_unref(e);
}
END_TEST

START_TEST(every_kind_of_grant_is_an_effect_of_its_own)
{
    ck_assert_int_eq(effect_of(ASK_NET), EFFECT_NET);
    ck_assert_int_eq(effect_of(ASK_READ), EFFECT_READ);
    ck_assert_int_eq(effect_of(ASK_WRITE), EFFECT_WRITE);
    ck_assert_int_eq(effect_of(ASK_ENV), EFFECT_ENV);
    ck_assert_int_eq(effect_of(ASK_SECRET), EFFECT_SECRET);
    ck_assert_int_eq(effect_of(ASK_MEMORY), EFFECT_MEMORY);
    ck_assert_int_eq(effect_of(ASK_CALL), EFFECT_CALL);
    ck_assert_int_eq(effect_of(ASK_EXEC), EFFECT_EXEC);
}
END_TEST

Suite *suite_effects(void)
{
    Suite *s = suite_create("effects");
    TCase *c = tcase_create("effects");
    tcase_add_test(c, without_an_audit_everything_begins_at_once);
    tcase_add_test(c, the_first_effect_waits_until_it_is_on_disk_and_the_next_do_not);
    tcase_add_test(c, several_that_wait_cost_one_record_and_all_are_woken);
    tcase_add_test(c, what_is_refused_is_refused_for_good_and_says_why);
    tcase_add_test(c, a_call_without_effects_writes_nothing);
    tcase_add_test(c, it_outlives_its_call_while_the_record_is_under_way);
    tcase_add_test(c, threads_that_may_block_wait_for_the_same_record);
    tcase_add_test(c, every_kind_of_grant_is_an_effect_of_its_own);
    suite_add_tcase(s, c);
    return s;
}
