/* SPDX-License-Identifier: Apache-2.0
 * What a stranger chooses (a name, docs, the shape of an answer) turned against the host that handles it. */
#include "ground.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 300000 };

static cordon_host *host;

static void setup(void) { host = ground_host(2, 16); }

static void teardown(void) { cordon_host_free(host); }

static cordon_skill *load(const char *name, const char *text)
{
    cordon_error *err = NULL;
    cordon_skill *s = NULL;
    expect_ok(cordon_skill_load_bytes(host, name, text, strlen(text), CORDON_TIER_UNTRUSTED, &s, &err), err);
    return s;
}

static const char asks[] =
    "(component"
    "  (import \"boternity:skill/host\" (instance $host"
    "    (export \"read-env\" (func (param \"name\" string) (result (result string (error string)))))))"
    "  (core module $mem (memory (export \"memory\") 1)"
    "    (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))"
    "  (core instance $i (instantiate $mem))"
    "  (core func $env (canon lower (func $host \"read-env\") (memory (core memory $i \"memory\")) (realloc (core func $i \"realloc\"))))"
    "  (core module $m (import \"host\" \"env\" (func $env (param i32 i32 i32)))"
    "    (func (export \"ask\") (result i32) (call $env (i32.const 0) (i32.const 0) (i32.const 64)) (i32.const 64)))"
    "  (core instance $s (instantiate $m (with \"host\" (instance (export \"env\" (func $env))))))"
    "  (func (export \"ask\") (result (result string (error string))) (canon lift (core func $s \"ask\") (memory (core memory $i \"memory\")))))";

/* The answer to a denied call names the skill as far as there is room. The name grows when it is escaped, and has characters of several bytes. */
START_TEST(a_denied_call_is_answered_whatever_the_skill_is_called)
{
    for (size_t shift = 0; shift < 2; shift++) {
        char name[129] = {0};
        memset(name, 1, 36);
        memset(name + 36, 'x', shift);
        for (size_t i = 36 + shift; i + 2 <= 128; i += 2)
            memcpy(name + i, "\xc3\xa9", 2);
        cordon_skill *s = load(name, asks);
        cordon_request *r = ground_request(s, "ask", NULL);
        cordon_outcome *o = ground_run(r);
        expect_kind(o, CORDON_OUTCOME_ERR);
        ck_assert_ptr_nonnull(strstr(cordon_outcome_err_json(o), "capability denied: ReadEnv not granted for skill '"));
        cordon_outcome_free(o);
        cordon_request_free(r);
        cordon_skill_free(s);
    }
}
END_TEST

/* Docs on a field, and none on the function. */
static const char documented[] =
    "(component"
    "  (core module $m (func (export \"f\") (param i32) (result i32) (local.get 0)))"
    "  (core instance $i (instantiate $m))"
    "  (type $r0 (record (field \"x\" u32)))"
    "  (func $f0 (param \"a\" $r0) (result u32) (canon lift (core func $i \"f\")))"
    "  (component $c (type $r1 (record (field \"x\" u32))) (import \"r\" (type $r (eq $r1))) (import \"f\" (func $f (param \"a\" $r) (result u32)))"
    "    (export $out \"r\" (type $r1)) (export \"f\" (func $f) (func (param \"a\" $out) (result u32))))"
    "  (instance $o (instantiate $c (with \"r\" (type $r0)) (with \"f\" (func $f0))))"
    "  (export \"a:b/i\" (instance $o))"
    "  (@custom \"cordon-docs\" \"{\\\"a:b\\\":\\\"\\\\u0001{\\\\\\\"interfaces\\\\\\\":{\\\\\\\"i\\\\\\\":{\\\\\\\"types\\\\\\\":{\\\\\\\"r\\\\\\\":"
    "{\\\\\\\"items\\\\\\\":{\\\\\\\"x\\\\\\\":\\\\\\\"how many\\\\\\\"}}}}}}\\\"}\"))";

static void *describe(void *skill)
{
    for (int i = 0; i < 300; i++) {
        char *json = NULL, *tools = NULL;
        cordon_error *err = NULL;
        expect_ok(cordon_skill_describe(skill, &json, &err), err);
        expect_ok(cordon_skill_tools(skill, CORDON_TOOLS_MCP, &tools, &err), err);
        ck_assert_ptr_nonnull(strstr(json, "how many"));
        ck_assert_ptr_nonnull(strstr(tools, "how many"));
        cordon_free(json);
        cordon_free(tools);
    }
    return NULL;
}

START_TEST(a_skill_may_be_described_by_several_threads_at_once)
{
    pthread_t t[3];
    cordon_skill *s = load("documented", documented);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, describe, s), 0);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_join(t[i], NULL), 0);
    cordon_skill_free(s);
}
END_TEST

static const char lists[] =
    "(component"
    "  (core module $m (memory (export \"memory\") 64)"
    "    (func (export \"lists\") (param $n i32) (result i32) (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (local.get $n)) (i32.const 0)))"
    "  (core instance $i (instantiate $m))"
    "  (func (export \"lists\") (param \"n\" u32) (result (list (list bool))) (canon lift (core func $i \"lists\") (memory (core memory $i \"memory\")))))";

/* As a tree of JSON values such an answer takes forty times its text. */
START_TEST(an_answer_of_many_parts_costs_no_more_as_json_than_its_text)
{
    char args[32], *json = NULL;
    size_t len;
    cordon_error *err = NULL;
    snprintf(args, sizeof args, "[%d]", PARTS_MAX);
    cordon_skill *s = load("lists", lists);
    cordon_request *r = ground_request(s, NULL, args);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_OK);
    const char *output = cordon_outcome_output(o, &len, NULL);
    ck_assert_uint_eq(len, 3 * PARTS_MAX + 1);
    size_t before = holding_now().resident_kib;
    expect_ok(cordon_outcome_json(o, &json, &err), err);
    size_t after = holding_now().resident_kib;
    ck_assert_ptr_nonnull(strstr(json, "\"output\":[[],[],"));
    ck_assert_ptr_nonnull(strstr(json, "[]],\"output_kind\":\"json\""));
    ck_assert_uint_lt(strlen(json), strlen(output) + 4096);
    if (!is_sanitized())
        ck_assert_uint_lt(after, before + 8 * 1024);
    cordon_free(json);
    cordon_outcome_free(o);
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

/* A list of as many bools as are asked for, all at one place; and one that takes any list of bools. */
static const char bools[] =
    "(component"
    "  (core module $m (memory (export \"memory\") 64)"
    "    (func (export \"make\") (param $n i32) (result i32) (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (local.get $n)) (i32.const 0))"
    "    (func (export \"take\") (param i32 i32) (result i32) (local.get 1))"
    "    (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 64)))"
    "  (core instance $i (instantiate $m))"
    "  (func (export \"make\") (param \"n\" u32) (result (list bool)) (canon lift (core func $i \"make\") (memory (core memory $i \"memory\"))))"
    "  (func (export \"take\") (param \"list\" (list bool)) (result u32)"
    "    (canon lift (core func $i \"take\") (memory (core memory $i \"memory\")) (realloc (core func $i \"realloc\")))))";

static cordon_outcome *make_bools(cordon_skill *s, const char *args, uint64_t output, uint64_t memory)
{
    cordon_request *r = ground_request(s, "make", args);
    ground_limit(r, CORDON_LIMIT_OUTPUT_BYTES, output);
    ground_limit(r, CORDON_LIMIT_MEMORY_BYTES, memory);
    cordon_outcome *o = ground_run(r);
    cordon_request_free(r);
    return o;
}

START_TEST(an_answer_has_a_ceiling_of_values_whatever_its_limits)
{
    cordon_skill *s = load("bools", bools);
    uint64_t most = cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_OUTPUT_BYTES), memory = cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_MEMORY_BYTES);
    cordon_outcome *o = make_bools(s, "[1200000]", most, memory);
    expect_kind(o, CORDON_OUTCOME_OK);
    /* Making it into JSON is the call's work too. */
    ck_assert_uint_ge(cordon_outcome_usage(o, CORDON_USAGE_CPU_US), 1000);
    cordon_outcome_free(o);
    o = make_bools(s, "[3000000]", most, memory);
    expect_kind(o, CORDON_OUTCOME_OUTPUT_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "more values than any answer may have"));
    cordon_outcome_free(o);
    o = make_bools(s, "[1500000]", 1 << 20, memory); /* more values than a megabyte of JSON can have */
    expect_kind(o, CORDON_OUTCOME_OUTPUT_TOO_LARGE);
    cordon_outcome_free(o);
    cordon_skill_free(s);
}
END_TEST

START_TEST(what_arguments_take_as_values_counts_as_memory)
{
    enum { N = 400000 };
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    char *args = malloc(6 * N + 4), *p = stpcpy(args, "[[");
    for (int i = 0; i < N; i++)
        p = stpcpy(p, i ? ",true" : "true");
    strcpy(p, "]]");
    cordon_skill *s = load("bools", bools);
    cordon_request *r = ground_request(s, "take", args);
    o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_OK);
    ck_assert_uint_ge(cordon_outcome_usage(o, CORDON_USAGE_MEMORY_PEAK_BYTES), 64 * N);
    cordon_outcome_free(o);
    ground_limit(r, CORDON_LIMIT_MEMORY_BYTES, 16 << 20);
    int rc = cordon_request_run(r, &o, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    cordon_request_free(r);
    cordon_skill_free(s);
    free(args);
}
END_TEST

Suite *suite_strangers(void);
Suite *suite_strangers(void)
{
    Suite *s = suite_create("strangers");
    TCase *c = ground_case(s, "strangers", 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_denied_call_is_answered_whatever_the_skill_is_called);
    tcase_add_test(c, a_skill_may_be_described_by_several_threads_at_once);
    tcase_add_test(c, an_answer_of_many_parts_costs_no_more_as_json_than_its_text);
    tcase_add_test(c, an_answer_has_a_ceiling_of_values_whatever_its_limits);
    tcase_add_test(c, what_arguments_take_as_values_counts_as_memory);
    return s;
}
