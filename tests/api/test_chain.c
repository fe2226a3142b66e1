/* SPDX-License-Identifier: Apache-2.0
 * Chains through the library. */
#include "ground.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_chain(void);

static cordon_host *host;
static cordon_skill *ways;
static cordon_chain *chain;

static void setup(void)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_supervisor(o, TEST_SUPERVISOR, &err), err);
    cordon_host_opts_set_scripts(o, true, false); /* the tests may run as root */
    host = ground_host_with(o);
    ways = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    expect_ok(cordon_chain_new(host, &chain, &err), err);
}

static void teardown(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    cordon_chain_free(chain);
    cordon_skill_free(ways);
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    cordon_host_free(host);
}

static void add(const char *export_name)
{
    cordon_error *err = NULL;
    expect_ok(cordon_chain_add(chain, ground_request(ways, export_name, NULL), &err), err);
}

static void input(const char *text)
{
    cordon_error *err = NULL;
    expect_ok(cordon_chain_set_input(chain, text, strlen(text), &err), err);
}

/* The member of the chain's object, as JSON. The caller frees. */
static char *told(const char *key)
{
    cordon_error *err = NULL;
    char *json = NULL;
    expect_ok(cordon_chain_json(chain, &json, &err), err);
    json_t *j = json_loads(json, 0, NULL);
    cordon_free(json);
    ck_assert_ptr_nonnull(j);
    char *text = json_dumps(json_object_get(j, key), JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(j);
    return text;
}

static void expect_told(const char *key, const char *want)
{
    char *text = told(key);
    ck_assert_str_eq(text, want);
    free(text);
}

static void make_script(char folder[64], const char *text)
{
    char path[128];
    snprintf(folder, 64, "/tmp/cordon-test-chain-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/scripts", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/scripts/run.sh", folder);
    FILE *f = fopen(path, "w");
    ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
    unsetenv("TMPDIR");
}

static void remove_script(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static cordon_script *script(const char *folder)
{
    cordon_error *err = NULL;
    cordon_script *s = NULL;
    expect_ok(cordon_script_load(host, folder, "shout", &s, &err), err);
    expect_ok(cordon_script_allow(s, "exec", &err), err);
    return s;
}

START_TEST(the_answer_of_one_is_the_input_of_the_next)
{
    cordon_error *err = NULL;
    add("echo");
    add("echo");
    add("echo");
    input("some text");
    expect_ok(cordon_chain_run(chain, &err), err);
    expect_output(cordon_chain_outcome(chain), "some text");
    ck_assert_ptr_null(cordon_chain_failure(chain));
    ck_assert_uint_eq(cordon_chain_usage(chain, CORDON_USAGE_BYTES_OUT), 27);
    expect_told("position", "null");
    expect_told("error", "null");
    expect_told("output", "\"some text\"");
}
END_TEST

START_TEST(each_link_may_be_another_export)
{
    cordon_error *err = NULL;
    add("echo");
    add("fail");
    add("echo");
    input("no luck");
    expect_ok(cordon_chain_run(chain, &err), err);
    expect_kind(cordon_chain_outcome(chain), CORDON_OUTCOME_ERR);
    ck_assert_str_eq(cordon_chain_failure(chain), "skill chain failed at position 1 (skill 'ways')");
    expect_told("position", "1");
    expect_told("outcome", "\"err\"");
    expect_told("output", "null");
}
END_TEST

START_TEST(a_link_that_does_not_start_is_an_error_with_its_position)
{
    cordon_error *err = NULL;
    add("echo");
    add("add");
    input("x");
    int rc = cordon_chain_run(chain, &err);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "skill chain failed at position 1 (skill 'ways'): "));
    expect_error(rc, err, CORDON_E_BAD_ARGS);
    expect_told("outcome", "\"not-started\"");
    expect_told("position", "1");
}
END_TEST

START_TEST(it_is_driven_step_by_step)
{
    cordon_error *err = NULL;
    cordon_request *req = NULL;
    cordon_script *s = NULL;
    int steps = 0, rc;
    add("echo");
    add("echo");
    input("x");
    while ((rc = cordon_chain_next(chain, &req, &s, &err)) > 0) {
        ck_assert(req && !s);
        steps++;
        expect_ok(cordon_chain_ended(chain, ground_run(req), &err), err);
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(steps, 2);
    expect_error(cordon_chain_set_input(chain, "y", 1, &err), err, CORDON_E_USAGE);
    ck_assert_int_eq(cordon_chain_next(chain, &req, &s, &err), 0);
}
END_TEST

START_TEST(a_chain_without_links_or_with_too_many_is_refused)
{
    cordon_error *err = NULL;
    cordon_request *more = ground_request(ways, "echo", NULL);
    expect_error(cordon_chain_run(chain, &err), err, CORDON_E_USAGE);
    for (int i = 0; i < CORDON_CHAIN_MAX; i++)
        add("echo");
    expect_error(cordon_chain_add(chain, more, &err), err, CORDON_E_USAGE);
    cordon_request_free(more);
}
END_TEST

START_TEST(an_untrusted_answer_is_no_input_of_a_script_unless_the_operator_says_so)
{
    char folder[64];
    cordon_error *err = NULL;
    make_script(folder, "tr a-z A-Z\n");
    cordon_script *shout = script(folder);
    add("echo");
    expect_error(cordon_chain_add_script(chain, shout, &err), err, CORDON_E_NOT_GRANTED);
    cordon_chain_allow_script_input(chain);
    expect_ok(cordon_chain_add_script(chain, shout, &err), err);
    input("abc");
    expect_ok(cordon_chain_run(chain, &err), err);
    expect_output(cordon_chain_outcome(chain), "ABC");
    remove_script(folder);
}
END_TEST

START_TEST(a_script_s_answer_goes_to_whatever_is_next)
{
    char folder[64];
    cordon_error *err = NULL;
    make_script(folder, "tr a-z A-Z\n");
    expect_ok(cordon_chain_add_script(chain, script(folder), &err), err);
    expect_ok(cordon_chain_add_script(chain, script(folder), &err), err);
    add("echo");
    input("abc");
    expect_ok(cordon_chain_run(chain, &err), err);
    expect_output(cordon_chain_outcome(chain), "ABC");
    remove_script(folder);
}
END_TEST

Suite *suite_chain(void)
{
    Suite *s = suite_create("chain");
    TCase *tc = ground_case(s, "chain", 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_answer_of_one_is_the_input_of_the_next);
    tcase_add_test(tc, each_link_may_be_another_export);
    tcase_add_test(tc, a_link_that_does_not_start_is_an_error_with_its_position);
    tcase_add_test(tc, it_is_driven_step_by_step);
    tcase_add_test(tc, a_chain_without_links_or_with_too_many_is_refused);
    tcase_add_test(tc, an_untrusted_answer_is_no_input_of_a_script_unless_the_operator_says_so);
    tcase_add_test(tc, a_script_s_answer_goes_to_whatever_is_next);
    return s;
}
