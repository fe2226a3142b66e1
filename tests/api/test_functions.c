/* SPDX-License-Identifier: Apache-2.0
 * Host functions of the program's own: they are called with JSON, answered from anywhere, and cannot be called without their capability. */
#include "ground.h"

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERFACE "demo:math/host@1.0.0"

static const unsigned worker_counts[] = {0, 1, 2};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts };

static cordon_host *host;
static cordon_skill *own;

/* What the functions do with a call, and what they saw. */
static enum manner { ANSWER, ERR, DROP, WRONG_TYPE, NO_JSON, KEEP, CALL_BACK } manner;
static _Atomic int times;
static char seen_args[256], seen_skill[64], seen_id[64];
static pthread_t seen_thread;
static cordon_reply *kept, *all_kept[1000];

static void answer(const struct cordon_function_call *call, cordon_reply *reply, const char *json)
{
    times++;
    snprintf(seen_args, sizeof seen_args, "%s", call->args);
    snprintf(seen_skill, sizeof seen_skill, "%s", call->skill);
    snprintf(seen_id, sizeof seen_id, "%s", call->invocation_id);
    seen_thread = pthread_self();
    switch (manner) {
    case ANSWER: cordon_reply_json(reply, json, strlen(json)); break;
    case ERR: cordon_reply_err(reply, "no such thing"); break;
    case DROP: cordon_reply_drop(reply); break;
    case WRONG_TYPE: cordon_reply_json(reply, "[true]", 6); break;
    case NO_JSON: cordon_reply_json(reply, "{", 1); break;
    case KEEP: kept = all_kept[(times - 1) % 1000] = reply; break;
    case CALL_BACK: {
        cordon_outcome *o;
        cordon_error *err = NULL;
        expect_error(cordon_call_json(own, "double", "[1]", &o, &err), err, CORDON_E_WOULD_DEADLOCK);
        cordon_reply_json(reply, json, strlen(json));
        break;
    }
    }
}

static void on_double(void *data, const struct cordon_function_call *call, cordon_reply *reply)
{
    (void)data;
    char text[32];
    json_t *args = json_loadb(call->args, call->args_len, 0, NULL);
    snprintf(text, sizeof text, "%lld", 2 * (long long)json_integer_value(json_object_get(args, "x")));
    json_decref(args);
    answer(call, reply, text);
}

static void on_greet(void *data, const struct cordon_function_call *call, cordon_reply *reply)
{
    answer(call, reply, data);
}

static void on_note(void *data, const struct cordon_function_call *call, cordon_reply *reply)
{
    (void)data;
    answer(call, reply, "");
}

static cordon_host_opts *offering(unsigned workers, enum cordon_function_place place, const char *capability)
{
    static char greeting[] = "\"hello, \\u00e9\"";
    cordon_error *err = NULL;
    cordon_host_opts *o = ground_opts(workers, 16);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "double", "func(x: u32) -> u32", capability, place, on_double, NULL, &err), err);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "greet", "func(who:string, warmly: bool)->result<string,string>", capability, place, on_greet, greeting, &err), err);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "note", "func(points: list<tuple<f64, f64>>)", NULL, place, on_note, NULL, &err), err);
    return o;
}

static void open_host(unsigned workers, enum cordon_function_place place, const char *capability)
{
    manner = ANSWER;
    times = 0;
    host = ground_host_with(offering(workers, place, capability));
    own = ground_skill(host, "own", CORDON_TIER_UNTRUSTED);
}

static void close_host(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    cordon_skill_free(own);
    cordon_host_free(host);
}

/* Runs it as an event loop would, which serves both places. */
static cordon_outcome *run(const char *export_name, const char *args, const char *grant)
{
    struct end end = {0};
    cordon_error *err = NULL;
    cordon_request *r = ground_request(own, export_name, args);
    if (grant)
        expect_ok(cordon_request_allow(r, grant, &err), err);
    end_start(r, &end, NULL);
    end_wait(host, &end, 1);
    cordon_request_free(r);
    ck_assert_ptr_nonnull(end.outcome);
    return end.outcome;
}

static enum cordon_function_place place_of(int i) { return i & 1 ? CORDON_FUNCTION_DISPATCHED : CORDON_FUNCTION_HERE; }

START_TEST(a_guest_is_answered)
{
    open_host(worker_counts[_i / 2], place_of(_i), NULL);
    cordon_outcome *o = run("double", "[21]", NULL);
    expect_kind(o, CORDON_OUTCOME_OK);
    expect_output(o, "42");
    ck_assert_str_eq(seen_args, "{\"x\":21}");
    ck_assert_str_eq(seen_skill, "own");
    ck_assert_uint_eq(strlen(seen_id), 36);
    if (place_of(_i) == CORDON_FUNCTION_DISPATCHED)
        ck_assert(pthread_equal(seen_thread, pthread_self()));
    cordon_outcome_free(o);
    o = run("greet", "[\"Z\\u00fcrich \\\"x\\\"\"]", NULL);
    expect_output(o, "hello, é");
    ck_assert_str_eq(seen_args, "{\"who\":\"Zürich \\\"x\\\"\",\"warmly\":true}");
    cordon_outcome_free(o);
    o = run("note", NULL, NULL);
    expect_kind(o, CORDON_OUTCOME_OK);
    ck_assert_str_eq(seen_args, "{\"points\":[[1.5,-2.0]]}");
    cordon_outcome_free(o);
    close_host();
}
END_TEST

START_TEST(a_synchronous_call_is_served_on_its_own_thread)
{
    open_host(worker_counts[_i], CORDON_FUNCTION_HERE, NULL);
    cordon_request *r = ground_request(own, "power", "[20]");
    cordon_outcome *o = ground_run(r);
    expect_output(o, "1048576");
    ck_assert_int_eq(times, 20);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_HOST_CALLS), 20);
    cordon_outcome_free(o);
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(what_went_wrong_is_an_err_where_the_type_has_one)
{
    static const struct { enum manner manner; const char *says; } rows[] = {
        {ERR, "no such thing"}, {DROP, "gave no answer"}, {WRONG_TYPE, "does not fit"}, {NO_JSON, "does not fit"},
    };
    open_host(2, place_of(_i), NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        manner = rows[i].manner;
        cordon_outcome *o = run("greet", "[\"x\"]", NULL);
        expect_kind(o, CORDON_OUTCOME_ERR);
        ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), rows[i].says));
        cordon_outcome_free(o);
    }
    close_host();
}
END_TEST

START_TEST(what_went_wrong_ends_the_call_where_the_type_has_no_err)
{
    static const enum manner rows[] = {ERR, DROP, WRONG_TYPE, NO_JSON};
    open_host(2, place_of(_i), NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        manner = rows[i];
        cordon_outcome *o = run("double", "[1]", NULL);
        expect_kind(o, CORDON_OUTCOME_TRAP);
        ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "host function failed: double"));
        cordon_outcome_free(o);
    }
    manner = ANSWER;
    cordon_outcome *o = run("double", "[1]", NULL);
    expect_output(o, "2");
    cordon_outcome_free(o);
    close_host();
}
END_TEST

START_TEST(without_its_capability_no_function_is_called)
{
    const char *capability, *wanted, *reason;
    uint64_t count;
    open_host(2, place_of(_i), "sums");
    cordon_outcome *o = run("greet", "[\"x\"]", "call=other");
    expect_kind(o, CORDON_OUTCOME_ERR);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "capability denied: sums not granted for skill 'own'"));
    ck_assert(cordon_outcome_denial(o, 0, &capability, &wanted, &reason, &count));
    ck_assert_str_eq(capability, "call");
    ck_assert_str_eq(wanted, "sums");
    ck_assert_str_eq(reason, "not-granted");
    char *grant = cordon_outcome_denial_grant(o, 0);
    ck_assert_str_eq(grant, "call=sums");
    cordon_free(grant);
    cordon_outcome_free(o);
    o = run("double", "[1]", NULL);
    expect_kind(o, CORDON_OUTCOME_TRAP);
    cordon_outcome_free(o);
    ck_assert_int_eq(times, 0);
    o = run("double", "[1]", "call=sums");
    expect_output(o, "2");
    cordon_outcome_free(o);
    o = run("note", NULL, NULL); /* needs none */
    expect_kind(o, CORDON_OUTCOME_OK);
    cordon_outcome_free(o);
    close_host();
}
END_TEST

static void *reply_from_elsewhere(void *reply)
{
    sleep_ms(20);
    cordon_reply_json(reply, "7", 1);
    return NULL;
}

START_TEST(an_answer_may_come_from_any_thread)
{
    struct end end = {0};
    pthread_t thread;
    open_host(worker_counts[_i / 2], place_of(_i), NULL);
    manner = KEEP;
    kept = NULL;
    cordon_request *r = ground_request(own, "double", "[1]");
    end_start(r, &end, NULL);
    while (!times) {
        cordon_host_dispatch(host);
        sleep_ms(1);
    }
    ck_assert(cordon_reply_is_wanted(kept));
    ck_assert_int_eq(pthread_create(&thread, NULL, reply_from_elsewhere, kept), 0);
    end_wait(host, &end, 1);
    pthread_join(thread, NULL);
    expect_output(end.outcome, "7");
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(an_answer_to_a_call_that_is_gone_goes_nowhere)
{
    struct end end = {0};
    cordon_call *call;
    open_host(worker_counts[_i / 2], place_of(_i), NULL);
    manner = KEEP;
    kept = NULL;
    cordon_request *r = ground_request(own, "double", "[1]");
    end_start(r, &end, &call);
    while (!times) {
        cordon_host_dispatch(host);
        sleep_ms(1);
    }
    cordon_call_cancel(call);
    end_wait(host, &end, 1);
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_CANCELLED);
    ck_assert(!cordon_reply_is_wanted(kept));
    cordon_call_unref(call);
    end_finish(&end);
    cordon_request_free(r);
    cordon_error *err = NULL;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_reply_json(kept, "7", 1);
    close_host();
}
END_TEST

START_TEST(a_host_function_cannot_outlive_a_deadline)
{
    struct end end = {0};
    open_host(2, place_of(_i), NULL);
    manner = KEEP;
    cordon_request *r = ground_request(own, "double", "[1]");
    ground_limit(r, CORDON_LIMIT_WALL_MS, 50);
    end_start(r, &end, NULL);
    end_wait(host, &end, 1);
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_DEADLINE);
    cordon_reply_drop(kept);
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(a_synchronous_call_from_inside_a_function_is_refused)
{
    open_host(worker_counts[_i / 2], place_of(_i), NULL);
    manner = CALL_BACK;
    cordon_outcome *o = run("double", "[4]", NULL);
    expect_output(o, "8");
    cordon_outcome_free(o);
    close_host();
}
END_TEST

START_TEST(a_thousand_calls_wait_in_a_function_without_a_thread_each)
{
    enum { N = 1000 };
    static struct end ends[N];
    cordon_host_opts *o = offering(2, CORDON_FUNCTION_DISPATCHED, NULL);
    cordon_error *err = NULL;
    expect_ok(cordon_host_opts_set_sandboxes(o, 2 * N, &err), err);
    host = ground_host_with(o);
    own = ground_skill(host, "own", CORDON_TIER_UNTRUSTED);
    manner = KEEP;
    times = 0;
    cordon_request *r = ground_request(own, "double", "[1]");
    ground_limit(r, CORDON_LIMIT_WALL_MS, 60000);
    for (int i = 0; i < N; i++)
        end_start(r, &ends[i], NULL);
    while (times < N) {
        struct pollfd p = {.fd = cordon_host_fd(host), .events = POLLIN};
        poll(&p, 1, 10);
        cordon_host_dispatch(host);
    }
    ck_assert_uint_le(holding_now().threads, 8);
    for (int i = 0; i < N; i++)
        cordon_reply_json(all_kept[i], "3", 1);
    end_wait(host, ends, N);
    for (int i = 0; i < N; i++) {
        expect_output(ends[i].outcome, "3");
        end_finish(&ends[i]);
    }
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(another_type_is_refused_at_load)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = ground_opts(2, 16);
    cordon_skill *s = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s/tests/fixtures/own.wat", TEST_SOURCE_ROOT);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "double", "func(x: u64) -> u32", NULL, CORDON_FUNCTION_HERE, on_double, NULL, &err), err);
    host = ground_host_with(o);
    expect_error(cordon_skill_load(host, path, CORDON_TIER_UNTRUSTED, &s, &err), err, CORDON_E_BAD_SIGNATURE);
    cordon_host_free(host);
    o = ground_opts(2, 16);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "double", "func(x: u32) -> u32", NULL, CORDON_FUNCTION_HERE, on_double, NULL, &err), err);
    host = ground_host_with(o);
    expect_error(cordon_skill_load(host, path, CORDON_TIER_UNTRUSTED, &s, &err), err, CORDON_E_UNKNOWN_IMPORT);
    cordon_host_free(host);
}
END_TEST

START_TEST(what_cannot_be_offered_is_refused)
{
    static const struct { const char *interface, *name, *type, *capability; } rows[] = {
        {"math", "double", "func()", NULL}, {"wasi:cli/environment@0.2.0", "double", "func()", NULL}, {"boternity:skill/host", "log", "func()", NULL},
        {"a:b/", "double", "func()", NULL}, {"a:b/c", "", "func()", NULL}, {"a:b/c", "x y", "func()", NULL}, {"a:b/c", "x", "u32", NULL},
        {"a:b/c", "x", "func()", "no blanks"}, {"a:b/c", "x", "func()", ""},
    };
    cordon_error *err = NULL;
    cordon_host_opts *o = ground_opts(2, 16);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_error(cordon_host_opts_add_function(o, rows[i].interface, rows[i].name, rows[i].type, rows[i].capability, CORDON_FUNCTION_HERE, on_note, NULL, &err), err, CORDON_E_USAGE);
    expect_ok(cordon_host_opts_add_function(o, "a:b/c", "x", "func()", NULL, CORDON_FUNCTION_HERE, on_note, NULL, &err), err);
    expect_error(cordon_host_opts_add_function(o, "a:b/c", "x", "func()", NULL, CORDON_FUNCTION_HERE, on_note, NULL, &err), err, CORDON_E_USAGE);
    cordon_host_opts_free(o);
}
END_TEST

Suite *suite_functions(void);
Suite *suite_functions(void)
{
    Suite *s = suite_create("functions");
    TCase *c = ground_case(s, "functions", 120);
    tcase_add_loop_test(c, a_guest_is_answered, 0, 2 * COUNTS);
    tcase_add_loop_test(c, a_synchronous_call_is_served_on_its_own_thread, 0, COUNTS);
    tcase_add_loop_test(c, what_went_wrong_is_an_err_where_the_type_has_one, 0, 2);
    tcase_add_loop_test(c, what_went_wrong_ends_the_call_where_the_type_has_no_err, 0, 2);
    tcase_add_loop_test(c, without_its_capability_no_function_is_called, 0, 2);
    tcase_add_loop_test(c, an_answer_may_come_from_any_thread, 0, 2 * COUNTS);
    tcase_add_loop_test(c, an_answer_to_a_call_that_is_gone_goes_nowhere, 0, 2 * COUNTS);
    tcase_add_loop_test(c, a_host_function_cannot_outlive_a_deadline, 0, 2);
    tcase_add_loop_test(c, a_synchronous_call_from_inside_a_function_is_refused, 0, 2 * COUNTS);
    tcase_add_test(c, a_thousand_calls_wait_in_a_function_without_a_thread_each);
    tcase_add_test(c, another_type_is_refused_at_load);
    tcase_add_test(c, what_cannot_be_offered_is_refused);
    return s;
}
