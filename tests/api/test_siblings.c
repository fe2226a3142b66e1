/* SPDX-License-Identifier: Apache-2.0
 * One call never harms another: whatever happens to one, its sibling lives its whole time. */
#include "ground.h"

#include <string.h>

enum { WORKERS = 2 };

static cordon_host *host;
static cordon_skill *skills[2]; /* of the untrusted and the verified tier */

static void setup(void)
{
    host = ground_host(WORKERS, 16);
    skills[0] = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    skills[1] = ground_skill(host, "ways", CORDON_TIER_VERIFIED);
}

static void teardown(void)
{
    cordon_error *err = NULL;
    struct cordon_host_stats st;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    cordon_skill_free(skills[0]);
    cordon_skill_free(skills[1]);
    cordon_host_free(host);
}

/* What befalls one of two. */
enum fate { DEADLINE_ASLEEP, DEADLINE_BUSY, CANCEL_ASLEEP, CANCEL_BUSY, TRAP, MEMORY, FUEL, FATES };
static const enum cordon_outcome_kind fate_kinds[FATES] = {
    CORDON_OUTCOME_DEADLINE, CORDON_OUTCOME_DEADLINE, CORDON_OUTCOME_CANCELLED, CORDON_OUTCOME_CANCELLED,
    CORDON_OUTCOME_TRAP, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_OUTCOME_OUT_OF_FUEL,
};

static cordon_request *victim(cordon_skill *s, enum fate f)
{
    static const char *const exports[FATES] = {"sleep", "spin", "sleep", "spin", "divide", "grow", "spin"};
    cordon_request *r = ground_request(s, exports[f], strcmp(exports[f], "sleep") ? NULL : "[30000]");
    ground_limit(r, CORDON_LIMIT_FUEL, f == FUEL ? 1000000 : cordon_limit_ceiling(cordon_skill_tier(s), CORDON_LIMIT_FUEL));
    if (f == DEADLINE_ASLEEP || f == DEADLINE_BUSY)
        ground_limit(r, CORDON_LIMIT_WALL_MS, 100);
    return r;
}

/* Loops over fates × tier of the victim × tier of the sibling. */
START_TEST(one_is_stopped_and_its_siblings_live_on)
{
    enum fate fate = (enum fate)(_i / 4);
    struct end ends[3] = {0};
    cordon_call *call;
    cordon_skill *sibling = skills[_i & 1];
    cordon_request *v = victim(skills[_i >> 1 & 1], fate), *sleeps = ground_request(sibling, "sleep", "[250]"), *dozes = ground_request(sibling, "doze", "[120]");
    end_start(sleeps, &ends[1], NULL);
    end_start(dozes, &ends[2], NULL);
    end_start(v, &ends[0], &call);
    sleep_ms(60);
    if (fate == CANCEL_ASLEEP || fate == CANCEL_BUSY)
        cordon_call_cancel(call);
    end_wait(host, ends, 3);
    expect_kind(ends[0].outcome, fate_kinds[fate]);
    for (int i = 1; i < 3; i++)
        ck_assert_msg(end_kind(&ends[i]) == CORDON_OUTCOME_OK, "sibling %d: %s", i, cordon_outcome_message(ends[i].outcome));
    expect_output(ends[1].outcome, "250");
    ck_assert_uint_ge(cordon_outcome_usage(ends[1].outcome, CORDON_USAGE_WALL_US), 250000);
    expect_output(ends[2].outcome, "120");
    for (int i = 0; i < 3; i++)
        end_finish(&ends[i]);
    cordon_call_unref(call);
    cordon_request_free(v);
    cordon_request_free(sleeps);
    cordon_request_free(dozes);
}
END_TEST

/* ---- both compute ---- */

START_TEST(a_computing_sibling_keeps_its_time_when_others_run_out_of_theirs)
{
    enum { HOGS = 6 };
    struct end hogs[HOGS] = {0}, end = {0};
    cordon_request *r = ground_request(skills[_i], "count", "[200000000]"), *hog = victim(skills[_i], DEADLINE_BUSY);
    ground_limit(r, CORDON_LIMIT_FUEL, cordon_limit_ceiling(cordon_skill_tier(skills[_i]), CORDON_LIMIT_FUEL));
    ground_limit(r, CORDON_LIMIT_WALL_MS, 60000);
    end_start(r, &end, NULL);
    for (int i = 0; i < HOGS; i++)
        end_start(hog, &hogs[i], NULL);
    end_wait(host, hogs, HOGS);
    for (int i = 0; i < HOGS; i++) {
        expect_kind(hogs[i].outcome, CORDON_OUTCOME_DEADLINE);
        end_finish(&hogs[i]);
    }
    end_wait(host, &end, 1);
    ck_assert_msg(end_kind(&end) == CORDON_OUTCOME_OK, "%s", cordon_outcome_message(end.outcome));
    expect_output(end.outcome, "200000000");
    end_finish(&end);
    cordon_request_free(r);
    cordon_request_free(hog);
}
END_TEST

static void *run_count(void *data)
{
    cordon_outcome *o = NULL;
    return cordon_request_run(data, &o, NULL) < 0 ? NULL : o;
}

START_TEST(synchronous_siblings_on_two_threads_keep_apart)
{
    pthread_t t;
    void *other;
    cordon_request *r = ground_request(skills[_i & 1], "count", "[100000000]"), *v = victim(skills[_i >> 1], DEADLINE_BUSY);
    pthread_create(&t, NULL, run_count, r);
    for (int i = 0; i < 4; i++) {
        cordon_outcome *o = ground_run(v);
        expect_kind(o, CORDON_OUTCOME_DEADLINE);
        cordon_outcome_free(o);
    }
    pthread_join(t, &other);
    ck_assert_ptr_nonnull(other);
    expect_output(other, "100000000");
    cordon_outcome_free(other);
    cordon_request_free(r);
    cordon_request_free(v);
}
END_TEST

/* ---- nothing of one is seen by the next ---- */

START_TEST(each_call_finds_fresh_memory)
{
    cordon_error *err = NULL;
    cordon_request *mark = ground_request(skills[0], "repeat", "[171, 100000]"), *look = ground_request(skills[0], "bytes", NULL);
    char zeros[64] = {0};
    for (int i = 0; i < 50; i++) {
        size_t len;
        cordon_outcome *o = ground_run(mark);
        expect_kind(o, CORDON_OUTCOME_OK);
        cordon_outcome_free(o);
        expect_ok(cordon_request_set_input(look, zeros, sizeof zeros, &err), err);
        o = ground_run(look);
        const char *out = cordon_outcome_output(o, &len, NULL);
        ck_assert(len == sizeof zeros && !memcmp(out, zeros, len));
        ck_assert_uint_lt(cordon_outcome_usage(o, CORDON_USAGE_MEMORY_PEAK_BYTES), 2 * 65536);
        cordon_outcome_free(o);
    }
    cordon_request_free(mark);
    cordon_request_free(look);
}
END_TEST

Suite *suite_siblings(void);
Suite *suite_siblings(void)
{
    Suite *s = suite_create("siblings");
    TCase *c = ground_case(s, "siblings", 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, one_is_stopped_and_its_siblings_live_on, 0, FATES * 4);
    tcase_add_loop_test(c, a_computing_sibling_keeps_its_time_when_others_run_out_of_theirs, 0, 2);
    tcase_add_loop_test(c, synchronous_siblings_on_two_threads_keep_apart, 0, 4);
    tcase_add_test(c, each_call_finds_fresh_memory);
    return s;
}
