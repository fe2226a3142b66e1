/* SPDX-License-Identifier: Apache-2.0
 * The audit of a host: each of its calls is a row, whatever its end; nothing that the program offers is called before it is on disk that the call has started; and a host
 * without an audit writes nothing. */
#include "ground.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_audit(void);

#define INTERFACE "demo:math/host@1.0.0"

static const unsigned worker_counts[] = {0, 1, 2};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts };

static char root[64], home[96];

static void make_root(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(home, sizeof home, "%s/home", root);
}

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

static cordon_host_opts *keeping(unsigned workers)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = ground_opts(workers, 64);
    expect_ok(cordon_host_opts_set_home(o, home, &err), err);
    cordon_host_opts_set_audit(o, true);
    return o;
}

/* What is on disk now. */
static json_t *rows_of(const char *skill, const char *bot)
{
    cordon_error *err = NULL;
    char *text = NULL;
    expect_ok(cordon_audit_query(home, skill, bot, 10000, &text, &err), err);
    json_t *whole = json_loads(text, 0, NULL), *rows = json_incref(json_object_get(whole, "rows"));
    json_decref(whole);
    cordon_free(text);
    return rows;
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static size_t count_of(const char *skill, const char *bot)
{
    json_t *rows = rows_of(skill, bot);
    size_t n = json_array_size(rows);
    json_decref(rows);
    return n;
}

static void holds(void)
{
    cordon_error *err = NULL;
    char *text = NULL;
    bool ok = false;
    expect_ok(cordon_audit_verify(home, NULL, &ok, &text, &err), err);
    ck_assert_msg(ok, "%s", text);
    cordon_free(text);
}

static void flush(cordon_host *h)
{
    cordon_error *err = NULL;
    expect_ok(cordon_audit_flush(h, &err), err);
}

static void allow(cordon_request *r, const char *grant)
{
    cordon_error *err = NULL;
    expect_ok(cordon_request_allow(r, grant, &err), err);
}

static void input(cordon_request *r, const char *text)
{
    cordon_error *err = NULL;
    expect_ok(cordon_request_set_input(r, text, strlen(text), &err), err);
}

/* Ends it as an event loop would. */
static enum cordon_outcome_kind run(cordon_host *h, cordon_request *r)
{
    struct end end = {0};
    end_start(r, &end, NULL);
    end_wait(h, &end, 1);
    enum cordon_outcome_kind kind = end_kind(&end);
    end_finish(&end);
    return kind;
}

START_TEST(every_ending_of_a_call_is_a_row)
{
    static const struct { const char *skill, *input, *outcome, *error; } ends[] = {
        {"echo", "hi", "ok", ""}, {"err", "x", "err", "err: the skill returned an error (sha256:"}, {"spin", "x", "out-of-fuel", "out-of-fuel: its fuel ran out"},
    };
    cordon_host *h = ground_host_with(keeping(worker_counts[_i]));
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        cordon_skill *s = ground_skill(h, ends[i].skill, CORDON_TIER_UNTRUSTED);
        cordon_request *r = ground_request(s, NULL, NULL);
        input(r, ends[i].input);
        ground_limit(r, CORDON_LIMIT_FUEL, 1000000);
        ck_assert_str_eq(cordon_outcome_name(run(h, r)), ends[i].outcome);
        flush(h);
        json_t *rows = rows_of(ends[i].skill, NULL), *row = json_array_get(rows, 0);
        ck_assert_uint_eq(json_array_size(rows), 1);
        ck_assert_str_eq(text_of(row, "outcome"), ends[i].outcome);
        ck_assert_int_eq(json_is_true(json_object_get(row, "success")), i == 0);
        ck_assert_msg(!strncmp(text_of(row, "error"), ends[i].error, strlen(ends[i].error)), "%s", text_of(row, "error"));
        json_decref(rows);
        cordon_request_free(r);
        cordon_skill_free(s);
    }
    cordon_host_free(h);
    holds();
}
END_TEST

START_TEST(synchronous_calls_are_rows_too_and_a_free_of_the_host_writes_them)
{
    cordon_host *h = ground_host_with(keeping(1));
    cordon_skill *s = ground_skill(h, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, NULL);
    for (int i = 0; i < 500; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        input(r, text);
        cordon_outcome_free(ground_run(r));
    }
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
    ck_assert_uint_eq(count_of("echo", NULL), 500);
    holds();
}
END_TEST

START_TEST(a_host_without_an_audit_writes_nothing)
{
    struct stat st;
    cordon_error *err = NULL;
    cordon_host_opts *o = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_home(o, home, &err), err);
    cordon_host *h = ground_host_with(o);
    cordon_skill *s = ground_skill(h, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, NULL);
    input(r, "x");
    cordon_outcome_free(ground_run(r));
    flush(h);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
    ck_assert_int_eq(stat(home, &st), -1);
}
END_TEST

START_TEST(rows_are_there_within_a_moment_without_a_flush)
{
    cordon_host *h = ground_host_with(keeping(1));
    cordon_skill *s = ground_skill(h, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, NULL);
    input(r, "x");
    cordon_outcome_free(ground_run(r));
    uint64_t until = now_ms() + 20000; /* generous: it is a tenth of a second */
    while (count_of("echo", NULL) == 0 && now_ms() < until)
        sleep_ms(5);
    ck_assert_uint_eq(count_of("echo", NULL), 1);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(rows_are_found_by_the_bot_whatever_its_name_looks_like)
{
    cordon_error *err = NULL;
    cordon_host *h = ground_host_with(keeping(1));
    cordon_skill *s = ground_skill(h, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, NULL);
    input(r, "x");
    static const char *const bots[] = {"Weather Bot", "weather-bot", "\xc3\xa9", NULL};
    for (size_t i = 0; bots[i]; i++) {
        expect_ok(cordon_request_set_bot(r, bots[i], &err), err);
        cordon_outcome_free(ground_run(r));
    }
    flush(h);
    ck_assert_uint_eq(count_of(NULL, "WEATHER BOT"), 2); /* bots of one slug are one */
    ck_assert_uint_eq(count_of(NULL, "\xc3\xa9"), 1);
    ck_assert_uint_eq(count_of("echo", "other"), 0);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

/* ---- effects ---- */

static _Atomic int calls, calls_known;

/* A function of the program's: when it is called, its call is on disk. */
static void on_double(void *data, const struct cordon_function_call *call, cordon_reply *reply)
{
    (void)data;
    json_t *rows = rows_of(NULL, NULL);
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (!strcmp(text_of(json_array_get(rows, i), "invocation_id"), call->invocation_id) && !strcmp(text_of(json_array_get(rows, i), "outcome"), "unfinished"))
            calls_known++;
    json_decref(rows);
    calls++;
    cordon_reply_json(reply, "4", 1);
}

static cordon_host *offering(unsigned workers, enum cordon_function_place place, const char *capability)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = keeping(workers);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "double", "func(x: u32) -> u32", capability, place, on_double, NULL, &err), err);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "greet", "func(who:string, warmly: bool)->result<string,string>", capability, place, on_double, NULL, &err), err);
    expect_ok(cordon_host_opts_add_function(o, INTERFACE, "note", "func(points: list<tuple<f64, f64>>)", NULL, place, on_double, NULL, &err), err);
    calls = calls_known = 0;
    return ground_host_with(o);
}

START_TEST(a_function_of_the_programs_is_called_when_it_is_on_disk_that_its_call_has_started)
{
    enum cordon_function_place place = _i % 2 ? CORDON_FUNCTION_DISPATCHED : CORDON_FUNCTION_HERE;
    cordon_host *h = offering(worker_counts[_i / 2], place, "math");
    cordon_skill *s = ground_skill(h, "own", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "power", "[5]");
    allow(r, "call=math");
    ck_assert_int_eq(run(h, r), CORDON_OUTCOME_OK);
    ck_assert_int_eq(calls, 5);
    ck_assert_int_eq(calls_known, 5);
    flush(h);
    json_t *rows = rows_of("own", NULL), *used = json_object_get(json_array_get(rows, 0), "capabilities_used");
    ck_assert_uint_eq(json_array_size(rows), 1);
    ck_assert_uint_eq(json_array_size(used), 1);
    ck_assert_str_eq(json_string_value(json_array_get(used, 0)), "call");
    json_decref(rows);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
    holds();
}
END_TEST

START_TEST(what_is_denied_is_no_effect)
{
    cordon_host *h = offering(1, CORDON_FUNCTION_HERE, "math");
    cordon_skill *s = ground_skill(h, "own", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "power", "[5]");
    ck_assert_int_eq(run(h, r), CORDON_OUTCOME_TRAP);
    ck_assert_int_eq(calls, 0);
    flush(h);
    json_t *rows = rows_of("own", NULL), *row = json_array_get(rows, 0);
    ck_assert_uint_eq(json_array_size(json_object_get(row, "capabilities_used")), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(row, "denials")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(row, "seq")), 1);
    json_decref(rows);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

static void damage(void)
{
    char path[160];
    ck_assert_int_eq(mkdir(home, 0700), 0);
    snprintf(path, sizeof path, "%s/audit.db", home);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("no database", f);
    fclose(f);
    chmod(path, 0600);
}

START_TEST(while_the_audit_is_broken_nothing_with_an_effect_is_run)
{
    damage();
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    cordon_host *h = offering(worker_counts[_i], CORDON_FUNCTION_HERE, NULL);
    cordon_skill *s = ground_skill(h, "own", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "power", "[5]");
    /* Without a grant it is run, and stopped where it would have an effect. */
    struct end end = {0};
    end_start(r, &end, NULL);
    end_wait(h, &end, 1);
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_TRAP);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(end.outcome), "the audit cannot be written"));
    end_finish(&end);
    ck_assert_int_eq(calls, 0);
    /* With one it is not even run. */
    allow(r, "net=example.com");
    expect_error(cordon_request_run(r, &o, &err), err, CORDON_E_DAMAGED);
    expect_error(cordon_audit_flush(h, &err), err, CORDON_E_DAMAGED);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(what_was_run_without_an_audit_is_told_when_there_is_one_again)
{
    char path[160];
    damage();
    cordon_host *h = ground_host_with(keeping(1));
    cordon_skill *s = ground_skill(h, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, NULL);
    input(r, "x");
    for (int i = 0; i < 3; i++)
        cordon_outcome_free(ground_run(r));
    snprintf(path, sizeof path, "%s/audit.db", home);
    ck_assert_int_eq(unlink(path), 0);
    sleep_ms(1100); /* it is not tried for each call */
    cordon_outcome_free(ground_run(r));
    flush(h);
    json_t *rows = rows_of(NULL, NULL);
    ck_assert_uint_eq(json_array_size(rows), 2);
    ck_assert_ptr_nonnull(strstr(text_of(json_array_get(rows, 1), "error"), "3 rows before this one could not be written"));
    json_decref(rows);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
    holds();
}
END_TEST

START_TEST(a_cancelled_call_is_a_row)
{
    cordon_host *h = ground_host_with(keeping(worker_counts[_i]));
    cordon_skill *s = ground_skill(h, "spin", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, NULL);
    cordon_call *call = NULL;
    struct end end = {0};
    input(r, "x");
    end_start(r, &end, &call);
    cordon_call_cancel(call);
    cordon_call_unref(call);
    end_wait(h, &end, 1);
    end_finish(&end);
    flush(h);
    json_t *rows = rows_of("spin", NULL);
    ck_assert_uint_eq(json_array_size(rows), 1);
    ck_assert_str_eq(text_of(json_array_get(rows, 0), "error"), "cancelled: it was cancelled");
    json_decref(rows);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

enum { MANY = 2000 };

START_TEST(many_calls_with_effects_at_once_all_have_their_rows)
{
    static struct end ends[MANY];
    memset(ends, 0, sizeof ends);
    cordon_host *h = offering(2, CORDON_FUNCTION_HERE, NULL);
    cordon_skill *s = ground_skill(h, "own", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "double", "[2]"), *plain = ground_request(s, "power", "[0]");
    calls_known = -1000000; /* they need not all look */
    for (size_t i = 0; i < MANY; i++) {
        cordon_call *call = NULL;
        end_start(i % 2 ? r : plain, &ends[i], &call);
        if (i % 50 == 1)
            cordon_call_cancel(call); /* perhaps while it waits for its row */
        cordon_call_unref(call);
    }
    end_wait(h, ends, MANY);
    for (size_t i = 0; i < MANY; i++)
        end_finish(&ends[i]);
    flush(h);
    ck_assert_uint_eq(count_of("own", NULL), MANY);
    cordon_request_free(r);
    cordon_request_free(plain);
    cordon_skill_free(s);
    cordon_host_free(h);
    holds();
}
END_TEST

static void count_and_free(void *data, cordon_outcome *o, cordon_error *err)
{
    ++*(int *)data;
    cordon_outcome_free(o);
    cordon_error_free(err);
}

START_TEST(a_host_that_is_freed_while_calls_wait_for_their_rows_gives_everything_back)
{
    for (int i = 0; i < 20; i++) {
        cordon_host *h = offering(2, CORDON_FUNCTION_HERE, NULL);
        cordon_skill *s = ground_skill(h, "own", CORDON_TIER_UNTRUSTED);
        cordon_request *r = ground_request(s, "double", "[2]");
        int ended = 0;
        cordon_error *err = NULL;
        for (int n = 0; n < 20; n++)
            expect_ok(cordon_request_start(r, count_and_free, &ended, NULL, &err), err);
        cordon_request_free(r);
        cordon_skill_free(s);
        cordon_host_free(h); /* cancels and delivers */
        ck_assert_int_eq(ended, 20);
    }
    ck_assert_uint_eq(count_of("own", NULL), 400);
    holds();
}
END_TEST

START_TEST(what_is_kept_is_bounded_by_the_options)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = keeping(1);
    uint64_t n = 0;
    expect_error(cordon_host_opts_set_audit_keep(o, 60, 0, &err), err, CORDON_E_USAGE);
    expect_error(cordon_host_opts_set_audit_keep(o, 0, 5, &err), err, CORDON_E_USAGE);
    expect_ok(cordon_host_opts_set_audit_keep(o, 0, 100, &err), err);
    cordon_host *h = NULL;
    expect_ok(cordon_host_new(o, &h, &err), err);
    cordon_skill *s = ground_skill(h, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, NULL, NULL);
    input(r, "x");
    for (int i = 0; i < 250; i++)
        cordon_outcome_free(ground_run(r));
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
    expect_ok(cordon_audit_prune(o, &n, &err), err);
    cordon_host_opts_free(o);
    ck_assert_uint_eq(count_of("echo", NULL), 100);
    ck_assert_uint_le(n, 150); /* the host may have pruned by itself */
    holds();
}
END_TEST

Suite *suite_audit(void)
{
    Suite *s = suite_create("audit");
    TCase *c = ground_case(s, "audit", 120);
    tcase_add_checked_fixture(c, make_root, remove_root);
    tcase_add_loop_test(c, every_ending_of_a_call_is_a_row, 0, COUNTS);
    tcase_add_test(c, synchronous_calls_are_rows_too_and_a_free_of_the_host_writes_them);
    tcase_add_test(c, a_host_without_an_audit_writes_nothing);
    tcase_add_test(c, rows_are_there_within_a_moment_without_a_flush);
    tcase_add_test(c, rows_are_found_by_the_bot_whatever_its_name_looks_like);
    tcase_add_loop_test(c, a_function_of_the_programs_is_called_when_it_is_on_disk_that_its_call_has_started, 0, 2 * COUNTS);
    tcase_add_test(c, what_is_denied_is_no_effect);
    tcase_add_loop_test(c, while_the_audit_is_broken_nothing_with_an_effect_is_run, 0, COUNTS);
    tcase_add_test(c, what_was_run_without_an_audit_is_told_when_there_is_one_again);
    tcase_add_loop_test(c, a_cancelled_call_is_a_row, 0, COUNTS);
    tcase_add_test(c, many_calls_with_effects_at_once_all_have_their_rows);
    tcase_add_test(c, a_host_that_is_freed_while_calls_wait_for_their_rows_gives_everything_back);
    tcase_add_test(c, what_is_kept_is_bounded_by_the_options);
    return s;
}
