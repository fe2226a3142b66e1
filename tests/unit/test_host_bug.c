/* SPDX-License-Identifier: Apache-2.0
 *
 * A panic below the shim is the outcome host-bug of that call, and the process lives on.
 *
 * The panic is a real one: a skill that sleeps is told to need no timers, so that the engine's timer code finds no runtime to register with, in the middle of
 * a host function, on the guest's own stack.
 */
#include "cordon/internal.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char cache_dir[64];
static cordon_host *host;
static cordon_skill *skill;

static void make_cache(void)
{
    snprintf(cache_dir, sizeof cache_dir, "/tmp/cordon-bug-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(cache_dir));
}

static void remove_cache(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", cache_dir);
    ck_assert_int_eq(system(command), 0);
}

static void setup(void)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = cordon_host_opts_new();
    cordon_host_opts_set_workers(o, 2, NULL);
    cordon_host_opts_set_sandboxes(o, 16, NULL);
    cordon_host_opts_set_cache_dir(o, cache_dir, NULL);
    cordon_host_opts_set_helper(o, TEST_HELPER, NULL);
    int rc = cordon_host_new(o, &host, &err);
    cordon_host_opts_free(o);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    rc = cordon_skill_load(host, TEST_SOURCE_ROOT "/tests/fixtures/ways.wat", CORDON_TIER_UNTRUSTED, &skill, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    ck_assert(skill->component->waits);
}

static void teardown(void)
{
    struct cordon_host_stats st;
    ck_assert_int_eq(cordon_host_quiesce(host, NULL), 0);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    cordon_skill_free(skill);
    cordon_host_free(host);
}

static void expect_host_bug(cordon_outcome *o)
{
    char *json = NULL;
    ck_assert_str_eq(cordon_outcome_name(cordon_outcome_kind(o)), "host-bug");
    ck_assert_int_eq(cordon_outcome_exit_code(o), 70);
    /* what and where, but nothing of the machine that built it */
    ck_assert_msg(strstr(cordon_outcome_message(o), "panic: there is no reactor running"), "%s", cordon_outcome_message(o));
    ck_assert_msg(strstr(cordon_outcome_message(o), "(wasmtime-wasi-"), "%s", cordon_outcome_message(o));
    ck_assert_int_eq(cordon_outcome_json(o, &json, NULL), 0);
    ck_assert_ptr_nonnull(strstr(json, "\"outcome\":\"host-bug\""));
    cordon_free(json);
}

static void expect_well(const char *export_name, const char *args, const char *want)
{
    cordon_outcome *o = NULL;
    ck_assert_int_eq(cordon_call_json(skill, export_name, args, &o, NULL), 0);
    ck_assert_str_eq(cordon_outcome_output(o, NULL, NULL), want);
    cordon_outcome_free(o);
}

START_TEST(a_panic_ends_one_synchronous_call)
{
    for (int i = 0; i < 40; i++) {
        cordon_outcome *o = NULL;
        skill->component->waits = false;
        ck_assert_int_eq(cordon_call_json(skill, "sleep", "[1]", &o, NULL), 0);
        expect_host_bug(o);
        cordon_outcome_free(o);
        expect_well("add", "[1, 2]", "3");
        skill->component->waits = true;
        expect_well("sleep", "[1]", "1");
    }
}
END_TEST

struct ended { int n; };

static void on_done(void *data, cordon_outcome *o, cordon_error *e)
{
    ck_assert(o && !e);
    expect_host_bug(o);
    cordon_outcome_free(o);
    ((struct ended *)data)->n++;
}

static void on_sibling(void *data, cordon_outcome *o, cordon_error *e)
{
    ck_assert(o && !e);
    ck_assert_str_eq(cordon_outcome_output(o, NULL, NULL), "50000000");
    cordon_outcome_free(o);
    ((struct ended *)data)->n++;
}

START_TEST(a_panic_leaves_other_calls_alone)
{
    enum { PANICS = 60, SIBLINGS = 4 };
    struct ended panics = {0}, siblings = {0};
    cordon_request *sleeps = NULL, *counts = NULL;
    skill->component->waits = false;
    ck_assert_int_eq(cordon_request_new(skill, "sleep", &sleeps, NULL), 0);
    ck_assert_int_eq(cordon_request_set_args(sleeps, "[1]", 3, NULL), 0);
    ck_assert_int_eq(cordon_request_new(skill, "count", &counts, NULL), 0);
    ck_assert_int_eq(cordon_request_set_args(counts, "[50000000]", 10, NULL), 0);
    for (int i = 0; i < PANICS + SIBLINGS; i++) {
        bool sibling = i % 16 == 0;
        ck_assert_int_eq(cordon_request_start(sibling ? counts : sleeps, sibling ? on_sibling : on_done, sibling ? &siblings : &panics, NULL, NULL), 0);
    }
    ck_assert_int_eq(cordon_host_quiesce(host, NULL), 0);
    ck_assert_int_eq(siblings.n, SIBLINGS);
    ck_assert_int_eq(panics.n, PANICS);
    cordon_request_free(sleeps);
    cordon_request_free(counts);
}
END_TEST

START_TEST(a_panic_prints_nothing)
{
    cordon_outcome *first = NULL;
    skill->component->waits = false;
    ck_assert_int_eq(cordon_call_json(skill, "sleep", "[1]", &first, NULL), 0); /* the address sanitizer says once that it knows no fibers */
    cordon_outcome_free(first);
    int file = open(cache_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), terminal = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
    cordon_outcome *o = NULL;
    int rc = cordon_call_json(skill, "sleep", "[1]", &o, NULL);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    ck_assert_int_eq(rc, 0);
    expect_host_bug(o);
    ck_assert_int_eq((int)lseek(file, 0, SEEK_END), 0);
    cordon_outcome_free(o);
    close(file);
}
END_TEST

Suite *suite_host_bug(void);
Suite *suite_host_bug(void)
{
    Suite *s = suite_create("host_bug");
    TCase *c = tcase_create("panics");
    tcase_set_timeout(c, 60);
    tcase_add_unchecked_fixture(c, make_cache, remove_cache);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_panic_ends_one_synchronous_call);
    tcase_add_test(c, a_panic_leaves_other_calls_alone);
    tcase_add_test(c, a_panic_prints_nothing);
    suite_add_tcase(s, c);
    return s;
}
