/* SPDX-License-Identifier: Apache-2.0
 * Modules of the blufio ABI through the library: many at once, each with texts of its own; ended while they wait. */
#include "ground.h"

#include "../unit/net_server.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { MANY = 200 };

static const struct route routes[] = {{.path = "/silent"}, {.path = "/hello", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, {0}};
static cordon_host *host;
static struct server *server;
static struct end ends[MANY];

static void setup(void)
{
    server = server_start("127.0.0.1", 0, routes);
    host = ground_host(2, 32);
}

static void teardown(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    ck_assert_uint_eq(st.skills_loaded, 0);
    cordon_host_free(host);
    server_stop(server);
}

static cordon_request *fetch(cordon_skill *skill, const char *path)
{
    char url[64], grant[64];
    cordon_error *err = NULL;
    cordon_request *r = ground_request(skill, NULL, NULL);
    snprintf(url, sizeof url, "http://localhost:%u%s", server->port, path);
    snprintf(grant, sizeof grant, "net=localhost:%u", server->port);
    expect_ok(cordon_request_set_input(r, url, strlen(url), &err), err);
    expect_ok(cordon_request_allow(r, grant, &err), err);
    return r;
}

START_TEST(calls_at_once_have_texts_of_their_own)
{
    cordon_skill *skill = ground_skill(host, "blufio-echo", CORDON_TIER_UNTRUSTED);
    char text[64];
    cordon_error *err = NULL;
    for (int i = 0; i < MANY; i++) {
        cordon_request *r = ground_request(skill, "run", NULL);
        snprintf(text, sizeof text, "{ \"n\": %d }", i);
        expect_ok(cordon_request_set_input(r, text, strlen(text), &err), err);
        end_start(r, &ends[i], NULL);
        cordon_request_free(r);
    }
    cordon_skill_free(skill);
    end_wait(host, ends, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "{\"n\":%d}", i);
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        expect_output(ends[i].outcome, text);
        end_finish(&ends[i]);
    }
}
END_TEST

START_TEST(a_request_is_used_again_with_other_input)
{
    cordon_skill *skill = ground_skill(host, "blufio-echo", CORDON_TIER_VERIFIED);
    cordon_request *r = ground_request(skill, NULL, "{\"input\": [1, 2]}");
    cordon_error *err = NULL;
    cordon_outcome *first = ground_run(r);
    expect_ok(cordon_request_set_input(r, "two", 3, &err), err);
    cordon_outcome *second = ground_run(r);
    expect_output(first, "[1,2]");
    expect_output(second, "\"two\"");
    ck_assert_uint_eq(cordon_outcome_usage(first, CORDON_USAGE_BYTES_IN), 5);
    ck_assert_uint_eq(cordon_outcome_usage(first, CORDON_USAGE_HOST_CALLS), 4);
    cordon_outcome_free(first);
    cordon_outcome_free(second);
    expect_error(cordon_request_set_args(r, "{\"other\": 1}", 12, &err), err, CORDON_E_BAD_ARGS);
    expect_error(cordon_request_set_input(r, "\xff", 1, &err), err, CORDON_E_BAD_ARGS);
    cordon_request_free(r);
    cordon_skill_free(skill);
}
END_TEST

START_TEST(an_answer_comes_from_another_thread)
{
    cordon_skill *skill = ground_skill(host, "blufio-fetch", CORDON_TIER_UNTRUSTED);
    cordon_request *r = fetch(skill, "/hello");
    for (int i = 0; i < 3; i++) {
        const char *level, *message;
        cordon_outcome *o = ground_run(r);
        expect_kind(o, CORDON_OUTCOME_OK);
        expect_output(o, "hello");
        ck_assert(cordon_outcome_log(o, 0, &level, &message));
        ck_assert_str_eq(message, "200");
        cordon_outcome_free(o);
    }
    cordon_request_free(r);
    cordon_skill_free(skill);
}
END_TEST

START_TEST(a_call_that_waits_ends_at_its_deadline_in_the_formats_words)
{
    cordon_skill *skill = ground_skill(host, "blufio-fetch", CORDON_TIER_UNTRUSTED);
    cordon_request *r = fetch(skill, "/silent");
    ground_limit(r, CORDON_LIMIT_WALL_MS, 300);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_DEADLINE);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "Skill 'blufio-fetch' exceeded wall-clock timeout (0.3s)"));
    cordon_outcome_free(o);
    cordon_request_free(r);
    cordon_skill_free(skill);
}
END_TEST

START_TEST(a_call_that_waits_is_cancelled)
{
    cordon_skill *skill = ground_skill(host, "blufio-fetch", CORDON_TIER_UNTRUSTED);
    cordon_request *r = fetch(skill, "/silent");
    cordon_call *call;
    end_start(r, &ends[0], &call);
    while (server->requests < 1)
        sleep_ms(2);
    cordon_call_cancel(call);
    end_wait(host, ends, 1);
    ck_assert_int_eq(end_kind(&ends[0]), CORDON_OUTCOME_CANCELLED);
    cordon_call_unref(call);
    end_finish(&ends[0]);
    cordon_request_free(r);
    cordon_skill_free(skill);
}
END_TEST

START_TEST(a_denial_is_a_trap_and_is_listed)
{
    cordon_skill *skill = ground_skill(host, "blufio-fetch", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(skill, NULL, NULL);
    cordon_error *err = NULL;
    const char *capability, *wanted, *reason;
    uint64_t count;
    expect_ok(cordon_request_set_input(r, "https://example.com/a?token=1", 29, &err), err);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_TRAP);
    ck_assert_str_eq(cordon_outcome_message(o), "Skill 'blufio-fetch' capability denied: capability not permitted: skill lacks network permission");
    ck_assert_int_eq(cordon_outcome_exit_code(o), 3);
    ck_assert_ptr_nonnull(cordon_outcome_frame(o, 0));
    ck_assert(cordon_outcome_denial(o, 0, &capability, &wanted, &reason, &count));
    ck_assert_str_eq(capability, "net");
    ck_assert_str_eq(wanted, "https://example.com/a");
    ck_assert_str_eq(reason, "not-granted");
    cordon_outcome_free(o);
    cordon_request_free(r);
    cordon_skill_free(skill);
}
END_TEST

static void say_yes(void *data, const struct cordon_question *question, cordon_decision *decision)
{
    (void)question;
    ++*(int *)data;
    ck_assert_int_eq(cordon_decision_allow(decision, NULL), 0);
}

START_TEST(a_denial_can_be_a_question_first)
{
    int asked = 0;
    cordon_skill *skill = ground_skill(host, "blufio-fetch", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(skill, NULL, NULL);
    cordon_error *err = NULL;
    char url[64];
    snprintf(url, sizeof url, "http://localhost:%u/hello", server->port);
    expect_ok(cordon_request_set_input(r, url, strlen(url), &err), err);
    expect_ok(cordon_request_set_ask(r, say_yes, &asked, &err), err);
    end_start(r, &ends[0], NULL);
    end_wait(host, ends, 1);
    ck_assert_int_eq(end_kind(&ends[0]), CORDON_OUTCOME_OK);
    expect_output(ends[0].outcome, "hello");
    ck_assert_int_eq(asked, 1);
    end_finish(&ends[0]);
    cordon_request_free(r);
    cordon_skill_free(skill);
}
END_TEST

Suite *suite_blufio(void);
Suite *suite_blufio(void)
{
    Suite *s = suite_create("blufio");
    TCase *t = ground_case(s, "calls", 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, calls_at_once_have_texts_of_their_own);
    tcase_add_test(t, a_request_is_used_again_with_other_input);
    tcase_add_test(t, an_answer_comes_from_another_thread);
    tcase_add_test(t, a_call_that_waits_ends_at_its_deadline_in_the_formats_words);
    tcase_add_test(t, a_call_that_waits_is_cancelled);
    tcase_add_test(t, a_denial_is_a_trap_and_is_listed);
    tcase_add_test(t, a_denial_can_be_a_question_first);
    return s;
}
