/* SPDX-License-Identifier: Apache-2.0
 * More calls than sandboxes: they queue, fairly between skills, and `busy` comes only with the deadline. Kept outcomes exhaust nothing. */
#include "ground.h"

#include <stdio.h>
#include <string.h>

enum { SANDBOXES = 16 };
static const unsigned worker_counts[] = {0, 1, 2};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts };

static cordon_host *host;

static void close_host(void)
{
    cordon_error *err = NULL;
    struct cordon_host_stats st;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    cordon_host_free(host);
}

START_TEST(more_calls_than_sandboxes_wait_their_turn)
{
    enum { N = 100 };
    struct end ends[N] = {0};
    struct cordon_host_stats st;
    host = ground_host(worker_counts[_i], SANDBOXES);
    cordon_skill *s = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "sleep", "[20]");
    for (int i = 0; i < N; i++)
        end_start(r, &ends[i], NULL);
    for (int i = 0; i < N; i++) {
        end_wait(host, ends + i, 1);
        cordon_host_stats(host, &st);
        ck_assert_uint_le(st.sandboxes_in_use, SANDBOXES);
    }
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        end_finish(&ends[i]);
    }
    cordon_request_free(r);
    cordon_skill_free(s);
    close_host();
}
END_TEST

START_TEST(busy_comes_with_the_deadline_and_not_before)
{
    enum { N = SANDBOXES };
    struct end ends[N] = {0}, late = {0};
    cordon_call *calls[N];
    char *text = NULL;
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    host = ground_host(worker_counts[_i], SANDBOXES);
    cordon_skill *s = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    cordon_request *holds = ground_request(s, "sleep", "[30000]"), *r = ground_request(s, "add", "[1, 2]");
    ground_limit(holds, CORDON_LIMIT_WALL_MS, 60000);
    ground_limit(r, CORDON_LIMIT_WALL_MS, 120);
    for (int i = 0; i < N; i++)
        end_start(holds, &ends[i], &calls[i]);
    for (int i = 0; i < 20; i++) {
        cordon_host_dispatch(host);
        sleep_ms(2);
    }
    uint64_t start = now_ms();
    end_start(r, &late, NULL);
    end_wait(host, &late, 1);
    ck_assert_uint_ge(now_ms() - start, 119);
    ck_assert(!late.outcome && late.err);
    ck_assert_int_eq(cordon_error_code(late.err), CORDON_E_BUSY);
    ck_assert_int_eq(cordon_error_exit_code(late.err), 4);
    expect_ok(cordon_error_json(late.err, "ways", &text, &err), err);
    ck_assert_ptr_nonnull(strstr(text, "\"outcome\":\"not-started\""));
    cordon_free(text);
    start = now_ms();
    int rc = cordon_request_run(r, &o, &err);
    expect_error(rc, err, CORDON_E_BUSY);
    ck_assert_uint_ge(now_ms() - start, 119);
    for (int i = 0; i < N; i++)
        cordon_call_cancel(calls[i]);
    end_wait(host, ends, N);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_CANCELLED);
        cordon_call_unref(calls[i]);
        end_finish(&ends[i]);
    }
    o = ground_run(r); /* there is room again */
    expect_output(o, "3");
    cordon_outcome_free(o);
    end_finish(&late);
    cordon_request_free(holds);
    cordon_request_free(r);
    cordon_skill_free(s);
    close_host();
}
END_TEST

START_TEST(a_call_that_nobody_begins_in_time_is_busy_for_want_of_a_thread)
{
    struct end end = {0};
    host = ground_host(0, SANDBOXES); /* guests run in dispatch, which does not come */
    cordon_skill *s = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "add", "[1, 2]");
    ground_limit(r, CORDON_LIMIT_WALL_MS, 30);
    end_start(r, &end, NULL);
    sleep_ms(60);
    end_wait(host, &end, 1);
    ck_assert(!end.outcome && end.err);
    ck_assert_int_eq(cordon_error_code(end.err), CORDON_E_BUSY);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(end.err), "no thread"));
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(end.err), "workers"));
    end_finish(&end);
    cordon_request_free(r);
    cordon_skill_free(s);
    close_host();
}
END_TEST

START_TEST(a_skill_with_many_calls_does_not_keep_another_out)
{
    enum { MANY = 200, FEW = 10 };
    struct end many[MANY] = {0}, few[FEW] = {0};
    host = ground_host(worker_counts[_i], SANDBOXES);
    cordon_skill *greedy = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED), *modest = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(greedy, "sleep", "[20]"), *q = ground_request(modest, "sleep", "[20]");
    for (int i = 0; i < MANY; i++)
        end_start(r, &many[i], NULL);
    for (int i = 0; i < 10; i++) {
        cordon_host_dispatch(host);
        sleep_ms(1);
    }
    for (int i = 0; i < FEW; i++)
        end_start(q, &few[i], NULL);
    end_wait(host, few, FEW);
    int before = 0;
    for (int i = 0; i < MANY; i++)
        before += many[i].times;
    printf("of %d calls queued earlier by another skill %d ended before ten late ones did\n", MANY, before);
    ck_assert_int_lt(before, MANY / 2);
    end_wait(host, many, MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(end_kind(&many[i]), CORDON_OUTCOME_OK);
        end_finish(&many[i]);
    }
    for (int i = 0; i < FEW; i++) {
        ck_assert_int_eq(end_kind(&few[i]), CORDON_OUTCOME_OK);
        end_finish(&few[i]);
    }
    cordon_request_free(r);
    cordon_request_free(q);
    cordon_skill_free(greedy);
    cordon_skill_free(modest);
    close_host();
}
END_TEST

START_TEST(kept_outcomes_do_not_use_up_the_pool)
{
    enum { KEPT = 200 };
    static cordon_outcome *kept[KEPT];
    struct end ends[30] = {0};
    struct cordon_host_stats st;
    char want[32], args[32];
    host = ground_host(worker_counts[_i], SANDBOXES);
    cordon_skill *s[2] = {ground_skill(host, "ways", CORDON_TIER_UNTRUSTED), ground_skill(host, "ways", CORDON_TIER_VERIFIED)};
    for (int i = 0; i < KEPT; i++) {
        snprintf(args, sizeof args, "[\"kept %d\"]", i);
        cordon_request *r = ground_request(s[i & 1], i % 3 ? "echo" : "fail", args);
        kept[i] = ground_run(r);
        cordon_request_free(r);
    }
    cordon_host_stats(host, &st);
    ck_assert_uint_le(st.sandboxes_in_use, SANDBOXES / 4);
    cordon_request *r = ground_request(s[0], "sleep", "[10]");
    for (int i = 0; i < 30; i++)
        end_start(r, &ends[i], NULL);
    end_wait(host, ends, 30);
    for (int i = 0; i < 30; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        end_finish(&ends[i]);
    }
    for (int i = 0; i < KEPT; i++) {
        snprintf(want, sizeof want, i % 3 ? "kept %d" : "\"kept %d\"", i);
        ck_assert_str_eq(i % 3 ? cordon_outcome_output(kept[i], NULL, NULL) : cordon_outcome_err_json(kept[i]), want);
        cordon_outcome_free(kept[i]);
    }
    cordon_request_free(r);
    cordon_skill_free(s[0]);
    cordon_skill_free(s[1]);
    close_host();
}
END_TEST

static void *run_some(void *data)
{
    for (intptr_t i = 0; i < 20; i++) {
        cordon_outcome *o = NULL;
        if (cordon_request_run(data, &o, NULL) < 0 || cordon_outcome_kind(o) != CORDON_OUTCOME_OK)
            return (void *)(i + 1);
        cordon_outcome_free(o);
    }
    return NULL;
}

START_TEST(synchronous_calls_from_more_threads_than_sandboxes_all_succeed)
{
    enum { THREADS = 40 };
    pthread_t t[THREADS];
    host = ground_host(worker_counts[_i], SANDBOXES);
    cordon_skill *s = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "doze", "[2]");
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, run_some, r), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(t[i], &failed);
        ck_assert_ptr_null(failed);
    }
    cordon_request_free(r);
    cordon_skill_free(s);
    close_host();
}
END_TEST

Suite *suite_pool(void);
Suite *suite_pool(void)
{
    Suite *s = suite_create("pool");
    TCase *c = ground_case(s, "pool", 120);
    tcase_add_loop_test(c, more_calls_than_sandboxes_wait_their_turn, 0, COUNTS);
    tcase_add_loop_test(c, busy_comes_with_the_deadline_and_not_before, 0, COUNTS);
    tcase_add_test(c, a_call_that_nobody_begins_in_time_is_busy_for_want_of_a_thread);
    tcase_add_loop_test(c, a_skill_with_many_calls_does_not_keep_another_out, 0, COUNTS);
    tcase_add_loop_test(c, kept_outcomes_do_not_use_up_the_pool, 0, COUNTS);
    tcase_add_loop_test(c, synchronous_calls_from_more_threads_than_sandboxes_all_succeed, 0, COUNTS);
    return s;
}
