/* SPDX-License-Identifier: Apache-2.0
 * Local scripts through the library. What they must not do is tried in tests/unit/test_script.c. */
#include "ground.h"
#include <cordon/script.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_scripts(void);

static char folder[64];

static void write_script(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/scripts/run.sh", folder);
    FILE *f = fopen(path, "w");
    ck_assert_msg(f && fputs(text, f) >= 0 && fclose(f) == 0, "cannot write %s", path);
}

static void make_folder(void)
{
    char path[128];
    snprintf(folder, sizeof folder, "/tmp/cordon-test-scripts-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/scripts", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    unsetenv("TMPDIR");
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* The tests may run as root. */
static cordon_host *host(void)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_supervisor(o, TEST_SUPERVISOR, &err), err);
    cordon_host_opts_set_scripts(o, true, false);
    return ground_host_with(o);
}

static cordon_script *load(cordon_host *h, const char *text)
{
    cordon_error *err = NULL;
    cordon_script *s = NULL;
    write_script(text);
    expect_ok(cordon_script_load(h, folder, "weather", &s, &err), err);
    expect_ok(cordon_script_allow(s, "exec", &err), err);
    return s;
}

static cordon_outcome *run(cordon_script *s)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    expect_ok(cordon_script_run(s, -1, &o, &err), err);
    return o;
}

/* Runs `text` and gives its outcome. */
static cordon_outcome *run_text(cordon_host *h, const char *text)
{
    cordon_script *s = load(h, text);
    cordon_outcome *o = run(s);
    cordon_script_free(s);
    return o;
}

START_TEST(a_script_answers_and_says_what_it_used)
{
    cordon_error *err = NULL;
    cordon_host *h = host();
    cordon_script *s = load(h, "read -r x; echo \"$x, $GREETING\"; echo one >&2; printf two >&2");
    const char *level, *line;
    char *json = NULL;
    expect_ok(cordon_script_set_input(s, "hello", 5, &err), err);
    expect_ok(cordon_script_set_env(s, "GREETING", "world", &err), err);
    cordon_outcome *o = run(s);
    expect_kind(o, CORDON_OUTCOME_OK);
    expect_output(o, "hello, world\n");
    ck_assert(cordon_outcome_log(o, 1, &level, &line));
    ck_assert_str_eq(level, "warn");
    ck_assert_str_eq(line, "two");
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_BYTES_IN), 5);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_BYTES_OUT), 13);
    ck_assert_uint_gt(cordon_outcome_usage(o, CORDON_USAGE_WALL_US), 0);
    ck_assert_uint_gt(cordon_outcome_usage(o, CORDON_USAGE_MEMORY_PEAK_BYTES), 100000);
    cordon_script_free(s);   /* an outcome stands alone */
    expect_ok(cordon_outcome_json(o, &json, &err), err);
    ck_assert_ptr_nonnull(strstr(json, "\"tier\":\"local\",\"outcome\":\"ok\",\"output\":\"hello, world\\n\",\"output_kind\":\"text\""));
    ck_assert_ptr_nonnull(strstr(json, "\"wall_ms\":60000"));
    cordon_free(json);
    cordon_outcome_free(o);
    cordon_host_free(h);
}
END_TEST

START_TEST(an_exit_status_is_the_skills_own_error_in_the_words_of_the_format)
{
    cordon_host *h = host();
    cordon_outcome *o = run_text(h, "echo partly; echo 'no such city' >&2; exit 3");
    expect_kind(o, CORDON_OUTCOME_ERR);
    ck_assert_str_eq(cordon_outcome_message(o), "Skill 'weather' exited with status 3: no such city");
    ck_assert_str_eq(cordon_outcome_err_json(o), "3");
    ck_assert_int_eq(cordon_outcome_exit_code(o), 1);
    expect_output(o, "partly\n");
    cordon_outcome_free(o);
    o = run_text(h, "head -c 5000 /dev/zero | tr '\\0' x >&2; printf '\\033[2J\\377\\n' >&2; exit 1");
    ck_assert_uint_lt(strlen(cordon_outcome_message(o)), 2200);
    ck_assert_ptr_null(strchr(cordon_outcome_message(o), '\033'));
    cordon_outcome_free(o);
    o = run_text(h, "printf '\\377'");
    expect_kind(o, CORDON_OUTCOME_ERR);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "not UTF-8"));
    cordon_outcome_free(o);
    cordon_host_free(h);
}
END_TEST

START_TEST(a_signal_a_deadline_and_too_much_output_have_their_outcomes)
{
    cordon_error *err = NULL;
    cordon_host *h = host();
    cordon_outcome *o = run_text(h, "kill -SEGV $$");
    expect_kind(o, CORDON_OUTCOME_TRAP);
    ck_assert_str_eq(cordon_outcome_trap(o), "Segmentation fault");
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "SIGSEGV"));
    cordon_outcome_free(o);
    cordon_script *s = load(h, "sleep 100");
    expect_ok(cordon_script_set_limit(s, CORDON_LIMIT_WALL_MS, 300, "--timeout", &err), err);
    o = run(s);
    expect_kind(o, CORDON_OUTCOME_DEADLINE);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "limit 300 ms (--timeout)"));
    ck_assert_ptr_nonnull(strstr(cordon_outcome_hint(o), "--timeout 600ms"));
    cordon_outcome_free(o);
    cordon_script_free(s);
    s = load(h, "yes");
    expect_ok(cordon_script_set_limit(s, CORDON_LIMIT_OUTPUT_BYTES, 1000, NULL, &err), err);
    o = run(s);
    expect_kind(o, CORDON_OUTCOME_OUTPUT_TOO_LARGE);
    cordon_outcome_free(o);
    cordon_script_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(a_signal_of_its_own_says_what_may_be_behind_it)
{
    cordon_host *h = host();
    static const struct { const char *text, *name, *hint; } rows[] = {
        {"kill -KILL $$", "SIGKILL", "ran out of memory"}, {"kill -XFSZ $$", "SIGXFSZ", "256 MiB"}, {"kill -ABRT $$", "SIGABRT", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cordon_outcome *o = run_text(h, rows[i].text);
        expect_kind(o, CORDON_OUTCOME_TRAP);
        ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), rows[i].name));
        ck_assert(!rows[i].hint || strstr(cordon_outcome_hint(o), rows[i].hint));
        cordon_outcome_free(o);
    }
    cordon_outcome *o = run_text(h, "kill -XCPU $$");   /* what the kernel sends at the end of the CPU time */
    expect_kind(o, CORDON_OUTCOME_DEADLINE);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_hint(o), "CPU time"));
    cordon_outcome_free(o);
    cordon_host_free(h);
}
END_TEST

START_TEST(too_many_processes_are_an_outcome)
{
    cordon_host *h = host();
    cordon_outcome *o = run_text(h, "i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i + 1)); done 2>/dev/null; wait; echo all");
    expect_kind(o, CORDON_OUTCOME_TRAP);
    ck_assert_str_eq(cordon_outcome_trap(o), "too many processes");
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(o), "more than 64"));
    cordon_outcome_free(o);
    cordon_host_free(h);
}
END_TEST

START_TEST(an_input_above_its_limit_is_refused_before_the_start)
{
    cordon_error *err = NULL;
    cordon_host *h = host();
    cordon_script *s = load(h, "cat");
    cordon_outcome *o = NULL;
    expect_ok(cordon_script_set_input(s, "", 0, &err), err);
    expect_ok(cordon_script_set_limit(s, CORDON_LIMIT_INPUT_BYTES, 4, NULL, &err), err);
    expect_ok(cordon_script_set_input(s, "12345", 5, &err), err);
    expect_error(cordon_script_run(s, -1, &o, &err), err, CORDON_E_TOO_LARGE);
    expect_ok(cordon_script_set_input(s, "1234", 4, &err), err);
    o = run(s);
    expect_output(o, "1234");
    cordon_outcome_free(o);
    expect_error(cordon_script_set_input(s, "", SIZE_MAX, &err), err, CORDON_E_TOO_LARGE);
    expect_error(cordon_script_set_limit(s, CORDON_LIMIT_COUNT, 1, NULL, &err), err, CORDON_E_USAGE);
    cordon_script_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(a_script_is_cancelled_by_a_descriptor)
{
    cordon_error *err = NULL;
    cordon_host *h = host();
    cordon_script *s = load(h, "sleep 100");
    cordon_outcome *o = NULL;
    int p[2];
    ck_assert_int_eq(pipe(p), 0);
    close(p[1]);
    expect_ok(cordon_script_run(s, p[0], &o, &err), err);
    expect_kind(o, CORDON_OUTCOME_CANCELLED);
    close(p[0]);
    cordon_outcome_free(o);
    cordon_script_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(granted_folders_are_there_and_what_a_script_cannot_use_is_refused)
{
    cordon_error *err = NULL;
    cordon_host *h = host();
    char grant[128], text[512], data[96];
    static const char *const useless[] = {"net=example.org", "secret=X", "memory", "bearer=S@example.org", "header=X-Y:S@example.org"};
    cordon_script *s = load(h, "true");
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        expect_error(cordon_script_allow(s, useless[i], &err), err, CORDON_E_USAGE);
    expect_error(cordon_script_allow(s, "read=/tmp::/data", &err), err, CORDON_E_USAGE);
    expect_error(cordon_script_allow(s, "read=/proc", &err), err, CORDON_E_USAGE);
    expect_error(cordon_script_allow(s, "read=/", &err), err, CORDON_E_USAGE);
    expect_error(cordon_script_allow(s, "env=LD_PRELOAD", &err), err, CORDON_E_USAGE);
    expect_error(cordon_script_set_limit(s, CORDON_LIMIT_FUEL, 1, NULL, &err), err, CORDON_E_USAGE);
    expect_error(cordon_script_set_limit(s, CORDON_LIMIT_MEMORY_BYTES, 0, NULL, &err), err, CORDON_E_BAD_LIMIT);
    expect_error(cordon_script_set_limit(s, CORDON_LIMIT_MEMORY_BYTES, UINT64_C(1) << 50, NULL, &err), err, CORDON_E_BAD_LIMIT);
    cordon_script_free(s);
    snprintf(data, sizeof data, "%s-data", folder);
    ck_assert_int_eq(mkdir(data, 0700), 0);
    snprintf(text, sizeof text, "echo x > %s/file && cat %s/file; ls /root /home > /dev/null 2>&1 || echo refused", data, data);
    s = load(h, text);
    snprintf(grant, sizeof grant, "rw=%s", data);
    expect_ok(cordon_script_allow(s, grant, &err), err);
    cordon_outcome *o = run(s);
    expect_output(o, "x\nrefused\n");
    cordon_outcome_free(o);
    snprintf(text, sizeof text, "rm -r %s; mkdir %s", data, data);
    ck_assert_int_eq(system(text), 0);
    expect_error(cordon_script_run(s, -1, &o, &err), err, CORDON_E_NOT_FOUND);
    ck_assert_int_eq(rmdir(data), 0);
    cordon_script_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(without_exec_and_as_root_nothing_runs)
{
    cordon_error *err = NULL;
    cordon_host *h = host();
    cordon_script *s = NULL;
    cordon_outcome *o = NULL;
    write_script("echo ran");
    expect_ok(cordon_script_load(h, folder, "weather", &s, &err), err);
    expect_error(cordon_script_run(s, -1, &o, &err), err, CORDON_E_NOT_GRANTED);
    cordon_script_free(s);
    cordon_host_free(h);
    if (geteuid()) {
        puts("SKIPPED: this is about root");
        return;
    }
    cordon_host_opts *opts = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_supervisor(opts, TEST_SUPERVISOR, &err), err);
    h = ground_host_with(opts);
    s = load(h, "echo ran");
    expect_error(cordon_script_run(s, -1, &o, &err), err, CORDON_E_NOT_GRANTED);
    cordon_script_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(a_home_folder_and_what_holds_it_are_no_skills)
{
    cordon_error *err = NULL;
    cordon_host *h = host();
    cordon_script *s = NULL;
    char home[96];
    write_script("echo ran");
    expect_error(cordon_script_load(h, "/nowhere/at/all", "x", &s, &err), err, CORDON_E_NOT_FOUND);
    expect_error(cordon_script_load(h, folder, "", &s, &err), err, CORDON_E_USAGE);
    expect_error(cordon_script_load(h, folder, "\xff", &s, &err), err, CORDON_E_USAGE);
    setenv("HOME", folder, 1);
    expect_error(cordon_script_load(h, folder, "x", &s, &err), err, CORDON_E_USAGE);
    snprintf(home, sizeof home, "%s/scripts", folder);
    setenv("HOME", home, 1);
    expect_error(cordon_script_load(h, folder, "x", &s, &err), err, CORDON_E_USAGE);
    cordon_host_free(h);
}
END_TEST

START_TEST(a_script_leaves_no_descriptor_and_no_thread)
{
    cordon_host *h = host();
    cordon_script *s = load(h, "sleep 0.05; echo yes");
    cordon_outcome_free(run(s));
    struct holding before = holding_now();
    for (int i = 0; i < 10; i++)
        cordon_outcome_free(run(s));
    struct holding after = holding_now();
    ck_assert_uint_eq(after.descriptors, before.descriptors);
    ck_assert_uint_eq(after.threads, before.threads);
    cordon_script_free(s);
    cordon_host_free(h);
}
END_TEST

START_TEST(a_script_of_a_host_that_keeps_an_audit_is_a_row_before_and_after)
{
    char home[96], path[160];
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    snprintf(home, sizeof home, "%s-home", folder);
    cordon_host_opts *opts = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_supervisor(opts, TEST_SUPERVISOR, &err), err);
    expect_ok(cordon_host_opts_set_home(opts, home, &err), err);
    cordon_host_opts_set_scripts(opts, true, false);
    cordon_host_opts_set_audit(opts, true);
    cordon_host *h = ground_host_with(opts);
    cordon_script *s = load(h, "cat; echo secret words >&2; exit 3");
    expect_ok(cordon_script_set_input(s, "hello", 5, &err), err);
    o = run(s);
    expect_kind(o, CORDON_OUTCOME_ERR);
    cordon_outcome_free(o);
    expect_ok(cordon_audit_flush(h, &err), err);
    char *rows = NULL;
    expect_ok(cordon_audit_query(home, "weather", NULL, 10, &rows, &err), err);
    ck_assert_msg(strstr(rows, "\"seq\":2,\"kind\":\"call\"") != NULL, "%s", rows); /* 1 told that it started */
    ck_assert_ptr_nonnull(strstr(rows, "\"trust_tier\":\"local\",\"capabilities_used\":[\"exec\"]"));
    /* printf hello | sha256sum */
    ck_assert_ptr_nonnull(strstr(rows, "\"input_hash\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\""));
    ck_assert_ptr_null(strstr(rows, "secret"));
    cordon_free(rows);
    /* Without a place for its row it is not run. */
    snprintf(path, sizeof path, "%s/audit.key", home);
    ck_assert_int_eq(unlink(path), 0);
    cordon_script_free(s);
    cordon_host_free(h);
    opts = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_supervisor(opts, TEST_SUPERVISOR, &err), err);
    expect_ok(cordon_host_opts_set_home(opts, home, &err), err);
    cordon_host_opts_set_scripts(opts, true, false);
    cordon_host_opts_set_audit(opts, true);
    h = ground_host_with(opts);
    snprintf(path, sizeof path, "touch %s/ran", folder);
    s = load(h, path);
    expect_error(cordon_script_run(s, -1, &o, &err), err, CORDON_E_DAMAGED);
    snprintf(path, sizeof path, "%s/ran", folder);
    ck_assert_int_eq(access(path, F_OK), -1);
    cordon_script_free(s);
    cordon_host_free(h);
    snprintf(path, sizeof path, "rm -rf %s", home);
    ck_assert_int_eq(system(path), 0);
}
END_TEST

Suite *suite_scripts(void)
{
    Suite *s = suite_create("scripts");
    TCase *tc = ground_case(s, "scripts", 120);
    tcase_add_checked_fixture(tc, make_folder, remove_folder);
    tcase_add_test(tc, a_script_answers_and_says_what_it_used);
    tcase_add_test(tc, an_exit_status_is_the_skills_own_error_in_the_words_of_the_format);
    tcase_add_test(tc, a_signal_a_deadline_and_too_much_output_have_their_outcomes);
    tcase_add_test(tc, a_signal_of_its_own_says_what_may_be_behind_it);
    tcase_add_test(tc, too_many_processes_are_an_outcome);
    tcase_add_test(tc, an_input_above_its_limit_is_refused_before_the_start);
    tcase_add_test(tc, a_script_is_cancelled_by_a_descriptor);
    tcase_add_test(tc, granted_folders_are_there_and_what_a_script_cannot_use_is_refused);
    tcase_add_test(tc, without_exec_and_as_root_nothing_runs);
    tcase_add_test(tc, a_home_folder_and_what_holds_it_are_no_skills);
    tcase_add_test(tc, a_script_leaves_no_descriptor_and_no_thread);
    tcase_add_test(tc, a_script_of_a_host_that_keeps_an_audit_is_a_row_before_and_after);
    return s;
}
