/* SPDX-License-Identifier: Apache-2.0
 * Questions to the operator: a call waits for the decision without a thread and without its clock, and goes on with what was decided. */
#include "ground.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned worker_counts[] = {0, 1, 2};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts };

static cordon_host *host;
static cordon_skill *env;
static _Atomic int times;
static cordon_decision *kept;
static bool deny;

static void open_host(unsigned workers)
{
    times = 0;
    setenv("COLOUR", "green", 1);
    host = ground_host(workers, 16);
    env = ground_skill(host, "env", CORDON_TIER_UNTRUSTED);
}

static void close_host(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    cordon_skill_free(env);
    cordon_host_free(host);
}

static void decide(void *data, const struct cordon_question *q, cordon_decision *d)
{
    cordon_error *err = NULL;
    (void)data;
    times++;
    ck_assert_str_eq(q->skill, "env");
    ck_assert_str_eq(q->capability, "env");
    ck_assert_str_eq(q->wanted, "COLOUR");
    ck_assert_str_eq(q->grant, "env=COLOUR");
    if (deny)
        cordon_decision_deny(d);
    else
        expect_ok(cordon_decision_allow(d, &err), err);
}

static void keep(void *data, const struct cordon_question *q, cordon_decision *d)
{
    (void)data;
    (void)q;
    kept = d;
    times++;
}

static cordon_request *asking(cordon_ask_fn *fn)
{
    cordon_error *err = NULL;
    cordon_request *r = ground_request(env, "many", "[\"COLOUR\", 20]");
    expect_ok(cordon_request_set_ask(r, fn, NULL, &err), err);
    return r;
}

/* Loops over workers × {allow, deny}. */
START_TEST(one_decision_holds_for_the_call_and_for_no_other)
{
    deny = _i & 1;
    open_host(worker_counts[_i / 2]);
    cordon_request *r = asking(decide);
    for (int n = 1; n <= 3; n++) {
        struct end end = {0};
        end_start(r, &end, NULL);
        end_wait(host, &end, 1);
        ck_assert_int_eq(end_kind(&end), deny ? CORDON_OUTCOME_ERR : CORDON_OUTCOME_OK);
        ck_assert_int_eq(times, n);
        end_finish(&end);
    }
    cordon_request_free(r);
    close_host();
}
END_TEST

static void wait_for_question(void)
{
    for (uint64_t until = now_ms() + 30000; !times; sleep_ms(1)) {
        ck_assert_uint_lt(now_ms(), until);
        cordon_host_dispatch(host);
    }
}

START_TEST(the_clock_stands_still_until_the_decision)
{
    struct end end = {0};
    open_host(worker_counts[_i]);
    cordon_request *r = asking(keep);
    ground_limit(r, CORDON_LIMIT_WALL_MS, 200);
    end_start(r, &end, NULL);
    wait_for_question();
    for (uint64_t until = now_ms() + 500; now_ms() < until; sleep_ms(5))
        cordon_host_dispatch(host);
    ck_assert_int_eq(end.times, 0);
    cordon_error *err = NULL;
    expect_ok(cordon_decision_allow(kept, &err), err);
    end_wait(host, &end, 1);
    expect_output(end.outcome, "green");
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(a_call_is_cancelled_while_its_question_stands)
{
    struct end end = {0};
    cordon_call *call;
    open_host(worker_counts[_i]);
    cordon_request *r = asking(keep);
    end_start(r, &end, &call);
    wait_for_question();
    cordon_call_cancel(call);
    end_wait(host, &end, 1);
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_CANCELLED);
    cordon_decision_deny(kept); /* too late, and harmless */
    cordon_call_unref(call);
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

Suite *suite_ask(void);
Suite *suite_ask(void)
{
    Suite *s = suite_create("ask");
    TCase *c = ground_case(s, "ask", 120);
    tcase_add_loop_test(c, one_decision_holds_for_the_call_and_for_no_other, 0, 2 * COUNTS);
    tcase_add_loop_test(c, the_clock_stands_still_until_the_decision, 0, COUNTS);
    tcase_add_loop_test(c, a_call_is_cancelled_while_its_question_stands, 0, COUNTS);
    return s;
}
