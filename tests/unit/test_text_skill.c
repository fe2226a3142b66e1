/* SPDX-License-Identifier: Apache-2.0
 * Skills that run no code: a stub, told by what is in the file, and a prompt, which is made of its body. They are called as any other is. */
#include "cordon/internal.h"

#include <check.h>
#include <string.h>

#define STUB(body) "{\"boternity_wasm_stub\": true, \"version\": 1" body "}"

static cordon_host *host;

static void setup(void)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = cordon_host_opts_new();
    cordon_host_opts_set_workers(o, 1, NULL);
    cordon_host_opts_set_cache_dir(o, "/nonexistent/cordon-text-skill", NULL); /* nothing is compiled, so nothing is kept */
    int rc = cordon_host_new(o, &host, &err);
    cordon_host_opts_free(o);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
}

static void teardown(void)
{
    struct cordon_host_stats st;
    ck_assert_int_eq(cordon_host_quiesce(host, NULL), 0);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    ck_assert_uint_eq(st.skills_loaded, 0);
    cordon_host_free(host);
}

static cordon_skill *stub(const char *json)
{
    cordon_error *err = NULL;
    cordon_skill *s = NULL;
    int rc = cordon_skill_load_bytes(host, "greeter", json, strlen(json), CORDON_TIER_UNTRUSTED, &s, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    return s;
}

static cordon_outcome *call(cordon_skill *s, const char *args)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    int rc = cordon_call_json(s, NULL, args, &o, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    return o;
}

static void expect_answer(cordon_outcome *o, const char *text)
{
    enum cordon_output_kind kind;
    ck_assert_int_eq(cordon_outcome_kind(o), CORDON_OUTCOME_OK);
    ck_assert_str_eq(cordon_outcome_output(o, NULL, &kind), text);
    ck_assert_int_eq(kind, CORDON_OUTPUT_TEXT);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_FUEL), 0);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_FUEL_EXACT), 1);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_MEMORY_PEAK_BYTES), 0);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_HOST_CALLS), 0);
    cordon_outcome_free(o);
}

START_TEST(a_stub_answers_its_body_with_fuel_0)
{
    cordon_skill *s = stub(STUB(", \"body\": \"Say hello.\\nTwice: \\u00fc\""));
    expect_answer(call(s, NULL), "Say hello.\nTwice: ü");
    expect_answer(call(s, "{\"input\": \"whatever\"}"), "Say hello.\nTwice: ü");
    cordon_skill_free(s);
}
END_TEST

START_TEST(a_stub_without_a_body_answers_nothing)
{
    cordon_skill *s = stub(STUB(""));
    cordon_outcome *o = call(s, NULL);
    size_t len;
    ck_assert_int_eq(cordon_outcome_kind(o), CORDON_OUTCOME_OK);
    cordon_outcome_output(o, &len, NULL);
    ck_assert_uint_eq(len, 0);
    cordon_outcome_free(o);
    cordon_skill_free(s);
}
END_TEST

START_TEST(other_json_is_no_stub)
{
    static const char *const not[] = {
        "{}", "{\"boternity_wasm_stub\": false}", "{\"boternity_wasm_stub\": 1, \"body\": \"x\"}", "{\"boternity_wasm_stub\": true} and more", "{",
        STUB(", \"body\": 3"), "{\"boternity_wasm_stub\": true, \"body\": \"\xff\"}", "{\"boternity_wasm_stub\": true, \"body\": \"a\", \"body\": \"b\"}",
    };
    for (size_t i = 0; i < sizeof not / sizeof *not; i++) {
        cordon_error *err = NULL;
        cordon_skill *s = NULL;
        ck_assert_int_lt(cordon_skill_load_bytes(host, "x", not[i], strlen(not[i]), CORDON_TIER_UNTRUSTED, &s, &err), 0);
        ck_assert_msg(cordon_error_code(err) == CORDON_E_BAD_ARTIFACT, "%zu: %s", i, cordon_error_message(err));
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "JSON"));
        cordon_error_free(err);
    }
}
END_TEST

START_TEST(json_nested_deep_or_long_is_refused)
{
    static char deep[200000], *at = deep;
    cordon_error *err = NULL;
    cordon_skill *s = NULL;
    at += sprintf(at, "{\"boternity_wasm_stub\": true, \"x\": ");
    memset(at, '[', 100000);
    ck_assert_int_lt(cordon_skill_load_bytes(host, "deep", deep, 100000, CORDON_TIER_UNTRUSTED, &s, &err), 0);
    ck_assert_int_eq(cordon_error_code(err), CORDON_E_BAD_ARTIFACT);
    cordon_error_free(err);
    err = NULL;
    char *large = malloc(CODE_STUB_MAX + 1);
    memset(large, ' ', CODE_STUB_MAX + 1);
    memcpy(large, "{}", 2);
    ck_assert_int_lt(cordon_skill_load_bytes(host, "large", large, CODE_STUB_MAX + 1, CORDON_TIER_UNTRUSTED, &s, &err), 0);
    ck_assert_int_eq(cordon_error_code(err), CORDON_E_TOO_LARGE);
    cordon_error_free(err);
    free(large);
}
END_TEST

START_TEST(a_prompt_answers_its_body_in_every_tier)
{
    static const char body[] = "# Greeter\n\nSay hello to whoever asks.\n";
    for (enum cordon_tier tier = 0; tier < CORDON_TIER_COUNT; tier++) {
        cordon_skill *s = NULL;
        cordon_error *err = NULL;
        ck_assert_int_eq(skill_new_text(host, "greeter", tier, body, strlen(body), "prompt", &s, &err), 0);
        expect_answer(call(s, "{\"input\": \"hi\"}"), body);
        cordon_skill_free(s);
    }
    cordon_skill *s = NULL;
    cordon_error *err = NULL;
    ck_assert_int_lt(skill_new_text(host, "greeter", CORDON_TIER_UNTRUSTED, "\xff", 1, "prompt", &s, &err), 0);
    cordon_error_free(err);
}
END_TEST

START_TEST(a_text_is_under_the_limit_of_output)
{
    cordon_skill *s = stub(STUB(", \"body\": \"0123456789\""));
    cordon_request *r = NULL;
    cordon_outcome *o = NULL;
    cordon_error *err = NULL;
    ck_assert_int_eq(cordon_request_new(s, "execute", &r, &err), 0);
    ck_assert_int_eq(cordon_request_set_limit(r, CORDON_LIMIT_OUTPUT_BYTES, 9, NULL, &err), 0);
    ck_assert_int_eq(cordon_request_run(r, &o, &err), 0);
    ck_assert_int_eq(cordon_outcome_kind(o), CORDON_OUTCOME_OUTPUT_TOO_LARGE);
    cordon_outcome_free(o);
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

static void on_done(void *data, cordon_outcome *o, cordon_error *err)
{
    ck_assert_ptr_null(err);
    expect_answer(o, "later");
    ++*(int *)data;
}

START_TEST(a_text_answers_asynchronous_calls_too)
{
    int ended = 0;
    cordon_skill *s = stub(STUB(", \"body\": \"later\""));
    cordon_request *r = NULL;
    cordon_error *err = NULL;
    ck_assert_int_eq(cordon_request_new(s, NULL, &r, &err), 0);
    for (int i = 0; i < 20; i++) {
        cordon_call *c = NULL;
        ck_assert_int_eq(cordon_request_start(r, on_done, &ended, &c, &err), 0);
        cordon_call_unref(c);
    }
    cordon_request_free(r);
    cordon_skill_free(s);
    ck_assert_int_eq(cordon_host_quiesce(host, &err), 0);
    ck_assert_int_eq(ended, 20);
}
END_TEST

START_TEST(a_text_describes_itself)
{
    char *json = NULL, *tools = NULL, *wit = NULL;
    cordon_error *err = NULL;
    cordon_skill *s = stub(STUB(", \"body\": \"x\""));
    ck_assert_int_eq(cordon_skill_describe(s, &json, &err), 0);
    json_t *j = json_loads(json, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(j, "kind")), "stub");
    ck_assert_str_eq(json_string_value(json_object_get(j, "default_export")), "execute");
    ck_assert_uint_eq(json_array_size(json_object_get(j, "imports")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(j, "asks")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(j, "missing")), 0);
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(j, "digest"))), 71);
    json_decref(j);
    ck_assert_int_eq(cordon_skill_tools(s, CORDON_TOOLS_MCP, &tools, &err), 0);
    ck_assert_ptr_nonnull(strstr(tools, "\"greeter\""));
    ck_assert_int_lt(cordon_skill_wit(s, &wit, &err), 0);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "has no WIT"));
    cordon_error_free(err);
    cordon_free(json);
    cordon_free(tools);
    cordon_skill_free(s);
}
END_TEST

Suite *suite_text_skill(void);
Suite *suite_text_skill(void)
{
    Suite *s = suite_create("text_skill");
    TCase *t = tcase_create("texts");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_stub_answers_its_body_with_fuel_0);
    tcase_add_test(t, a_stub_without_a_body_answers_nothing);
    tcase_add_test(t, other_json_is_no_stub);
    tcase_add_test(t, json_nested_deep_or_long_is_refused);
    tcase_add_test(t, a_prompt_answers_its_body_in_every_tier);
    tcase_add_test(t, a_text_is_under_the_limit_of_output);
    tcase_add_test(t, a_text_answers_asynchronous_calls_too);
    tcase_add_test(t, a_text_describes_itself);
    suite_add_tcase(s, t);
    return s;
}
