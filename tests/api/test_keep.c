/* SPDX-License-Identifier: Apache-2.0
 * Secrets and memories of a home that the program names, given to calls on any thread. */
#include "ground.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 200 };

static char home[64];

static void make_home(void)
{
    strcpy(home, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(home));
}

static void remove_home(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", home);
    ck_assert_int_eq(system(command), 0);
}

static cordon_host *host_of_home(unsigned workers)
{
    cordon_error *err = NULL;
    cordon_host_opts *opts = ground_opts(workers, 300);
    expect_ok(cordon_host_opts_set_home(opts, home, &err), err);
    return ground_host_with(opts);
}

static void keep(const char *name, const char *value)
{
    cordon_error *err = NULL;
    expect_ok(cordon_secret_set(home, name, value, strlen(value), &err), err);
}

static void remember(const char *bot, const char *text)
{
    int64_t id;
    cordon_error *err = NULL;
    expect_ok(cordon_memory_add(home, bot, text, strlen(text), &id, &err), err);
}

static void allow(cordon_request *r, const char *grant)
{
    cordon_error *err = NULL;
    expect_ok(cordon_request_allow(r, grant, &err), err);
}

START_TEST(a_secret_of_the_hosts_home_is_given)
{
    cordon_error *err = NULL;
    keep("key", "value one");
    cordon_host *h = host_of_home(0);
    cordon_skill *s = ground_skill(h, "keep", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "execute", "[\"key\"]");
    allow(r, "secret=key");
    cordon_outcome *o = ground_run(r);
    expect_output(o, "value one");
    cordon_outcome_free(o);

    keep("key", "value two"); /* the request has what was kept when it was allowed */
    o = ground_run(r);
    expect_output(o, "value one");
    cordon_outcome_free(o);
    allow(r, "secret=key");
    o = ground_run(r);
    expect_output(o, "value two");
    cordon_outcome_free(o);

    expect_ok(cordon_secret_remove(home, "key", &err), err);
    int rc = cordon_secret_remove(home, "key", &err);
    expect_error(rc, err, CORDON_E_NOT_KEPT);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(what_one_request_is_given_another_is_not)
{
    keep("key", "value");
    cordon_host *h = host_of_home(0);
    cordon_skill *s = ground_skill(h, "keep", CORDON_TIER_UNTRUSTED);
    cordon_request *with = ground_request(s, "execute", "[\"key\"]"), *without = ground_request(s, "execute", "[\"key\"]");
    allow(with, "secret=key");
    cordon_outcome *o = ground_run(with);
    expect_kind(o, CORDON_OUTCOME_OK);
    cordon_outcome_free(o);
    o = ground_run(without);
    expect_kind(o, CORDON_OUTCOME_ERR);
    const char *capability, *wanted, *reason;
    uint64_t count;
    ck_assert(cordon_outcome_denial(o, 0, &capability, &wanted, &reason, &count));
    ck_assert(!strcmp(capability, "secret") && !strcmp(wanted, "key") && !strcmp(reason, "not-granted") && count == 1);
    cordon_outcome_free(o);
    cordon_request_free(with);
    cordon_request_free(without);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

static cordon_request *recall(cordon_skill *s, const char *bot)
{
    cordon_error *err = NULL;
    cordon_request *r = ground_request(s, "recall", "[\"word\", 32]");
    allow(r, "memory");
    expect_ok(cordon_request_set_bot(r, bot, &err), err);
    return r;
}

START_TEST(many_calls_recall_at_once)
{
    static struct end ends[CALLS];
    remember("a", "word of a");
    remember("b", "word of b");
    cordon_host *h = host_of_home(_i ? 2 : 0);
    cordon_skill *s = ground_skill(h, "keep", CORDON_TIER_UNTRUSTED);
    cordon_request *of[2] = {recall(s, "a"), recall(s, "b")};
    for (int i = 0; i < CALLS; i++)
        end_start(of[i % 2], &ends[i], NULL);
    end_wait(h, ends, CALLS);
    for (int i = 0; i < CALLS; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        expect_output(ends[i].outcome, i % 2 ? "[\"word of b\"]" : "[\"word of a\"]");
        end_finish(&ends[i]);
    }
    cordon_request_free(of[0]);
    cordon_request_free(of[1]);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(calls_that_are_cancelled_while_they_recall_give_all_back)
{
    static struct end ends[CALLS];
    static cordon_call *calls[CALLS];
    char text[64];
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "word %d and another word", i);
        remember("a", text);
    }
    cordon_host *h = host_of_home(2);
    cordon_skill *s = ground_skill(h, "keep", CORDON_TIER_UNTRUSTED);
    cordon_request *r = recall(s, "a");
    struct holding before = {0};
    for (int round = 0; round < 3; round++) {
        cordon_error *err = NULL;
        for (int i = 0; i < CALLS; i++)
            end_start(r, &ends[i], &calls[i]);
        for (int i = 0; i < CALLS; i++)
            cordon_call_cancel(calls[i]);
        end_wait(h, ends, CALLS);
        for (int i = 0; i < CALLS; i++) {
            if (ends[i].outcome)
                ck_assert(end_kind(&ends[i]) == CORDON_OUTCOME_OK || end_kind(&ends[i]) == CORDON_OUTCOME_CANCELLED);
            cordon_call_unref(calls[i]);
            end_finish(&ends[i]);
        }
        memset(ends, 0, sizeof ends);
        expect_ok(cordon_host_quiesce(h, &err), err);
        sleep_ms(200); /* a search that has begun ends by itself */
        if (!round)
            before = holding_now();
    }
    ck_assert_uint_le(holding_now().descriptors, before.descriptors);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(the_home_is_absolute)
{
    cordon_error *err = NULL;
    cordon_host_opts *opts = ground_opts(0, 16);
    int rc = cordon_host_opts_set_home(opts, "home", &err);
    expect_error(rc, err, CORDON_E_USAGE);
    cordon_host_opts_free(opts);
}
END_TEST

Suite *suite_keep(void);
Suite *suite_keep(void)
{
    Suite *s = suite_create("keep");
    TCase *c = ground_case(s, "keep", 120);
    tcase_add_checked_fixture(c, make_home, remove_home);
    tcase_add_test(c, a_secret_of_the_hosts_home_is_given);
    tcase_add_test(c, what_one_request_is_given_another_is_not);
    tcase_add_loop_test(c, many_calls_recall_at_once, 0, 2);
    tcase_add_test(c, calls_that_are_cancelled_while_they_recall_give_all_back);
    tcase_add_test(c, the_home_is_absolute);
    return s;
}
