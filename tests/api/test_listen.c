/* SPDX-License-Identifier: Apache-2.0
 * Log lines are told as they are written: where the program dispatches, in order, before the call's end. */
#include "ground.h"

#include <stdio.h>
#include <string.h>

static const unsigned worker_counts[] = {0, 1, 2};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts, LINES_MAX = 64 };

static char heard[LINES_MAX][128];
static size_t n_heard;
static pthread_t heard_on;

static void on_line(void *data, const char *invocation_id, const char *level, const char *message)
{
    ck_assert_ptr_eq(data, heard);
    ck_assert_uint_eq(strlen(invocation_id), 36);
    ck_assert_uint_lt(n_heard, LINES_MAX);
    snprintf(heard[n_heard++], sizeof heard[0], "%s: %s", level, message);
    heard_on = pthread_self();
}

START_TEST(every_line_is_told_in_order_before_the_end)
{
    struct end end = {0};
    cordon_error *err = NULL;
    const char *level, *message;
    n_heard = 0;
    cordon_host *h = ground_host(worker_counts[_i], 16);
    cordon_skill *s = ground_skill(h, "log", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, "[\"mind\"]");
    expect_ok(cordon_request_set_log(r, on_line, heard, &err), err);
    end_start(r, &end, NULL);
    end_wait(h, &end, 1);
    ck_assert_uint_gt(n_heard, 0);
    ck_assert(pthread_equal(heard_on, pthread_self()));
    for (size_t i = 0; i < n_heard; i++) {
        char line[128];
        ck_assert(cordon_outcome_log(end.outcome, i, &level, &message));
        snprintf(line, sizeof line, "%s: %s", level, message);
        ck_assert_str_eq(heard[i], line);
    }
    ck_assert(!cordon_outcome_log(end.outcome, n_heard, &level, &message));
    end_finish(&end);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(nobody_is_told_who_does_not_listen)
{
    cordon_error *err = NULL;
    n_heard = 0;
    cordon_host *h = ground_host(2, 16);
    cordon_skill *s = ground_skill(h, "log", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, "[\"mind\"]");
    expect_ok(cordon_request_set_log(r, on_line, heard, &err), err);
    expect_ok(cordon_request_set_log(r, NULL, NULL, &err), err);
    cordon_outcome_free(ground_run(r));
    cordon_host_dispatch(h);
    ck_assert_uint_eq(n_heard, 0);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(lines_that_nobody_dispatched_are_given_back_with_the_host)
{
    cordon_error *err = NULL;
    n_heard = 0;
    cordon_host *h = ground_host(2, 16);
    cordon_skill *s = ground_skill(h, "log", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, "[\"mind\"]");
    expect_ok(cordon_request_set_log(r, on_line, heard, &err), err);
    cordon_outcome_free(ground_run(r));
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h); /* tells them */
    ck_assert_uint_gt(n_heard, 0);
}
END_TEST

Suite *suite_listen(void);
Suite *suite_listen(void)
{
    Suite *s = suite_create("listen");
    TCase *c = ground_case(s, "listen", 60);
    tcase_add_loop_test(c, every_line_is_told_in_order_before_the_end, 0, COUNTS);
    tcase_add_test(c, nobody_is_told_who_does_not_listen);
    tcase_add_test(c, lines_that_nobody_dispatched_are_given_back_with_the_host);
    return s;
}
