/* SPDX-License-Identifier: Apache-2.0
 * Installing through the library: in its order, with its answers, beside a host that goes on running what is installed. */
#include "base/cleanup.h"
#include "base/scratch.h"
#include "cordon/install_parts.h"
#include "cordon/registry_parts.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_install_flow(void);

#define FIXTURES TEST_SOURCE_ROOT "/tests/fixtures/"

static char root[64], skill[96];
static cordon_host *host;
static cordon_registry *reg;

static void ok(int rc, cordon_error *err) { ck_assert_msg(rc >= 0, "%d %s", rc, err ? cordon_error_message(err) : ""); }

static void setup(void)
{
    char home[96], cache[96];
    cordon_error *err = NULL;
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(home, sizeof home, "%s/home", root);
    snprintf(cache, sizeof cache, "%s/cache", root);
    snprintf(skill, sizeof skill, "%s/weather", root);
    ck_assert_int_eq(mkdir(skill, 0755), 0);
    cordon_host_opts *o = cordon_host_opts_new();
    ok(cordon_host_opts_set_home(o, home, &err), err);
    ok(cordon_host_opts_set_cache_dir(o, cache, &err), err);
    ok(cordon_host_opts_set_helper(o, TEST_HELPER, &err), err);
    ok(cordon_host_opts_set_workers(o, 1, &err), err);
    ok(cordon_host_opts_set_sandboxes(o, 16, &err), err);
    ok(cordon_host_new(o, &host, &err), err);
    cordon_host_opts_free(o);
    ok(cordon_registry_open(host, &reg, &err), err);
}

static void teardown(void)
{
    cordon_registry_close(reg);
    cordon_host_free(host);
    scratch_remove(strdup(root));
}

static void write_file(const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", skill, name);
    FILE *f = fopen(path, "we");
    ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void write_skill(const char *version, const char *asks, const char *entry)
{
    char text[512];
    snprintf(text, sizeof text, "[skill]\nname = \"weather\"\nversion = \"%s\"\ndescription = \"d\"\n[capabilities]\n%s\n[wasm]\nentry = \"%s\"\n", version, asks, entry);
    write_file("skill.toml", text);
}

static void copy_code(const char *fixture)
{
    char from[256], command[512];
    snprintf(from, sizeof from, FIXTURES "%s", fixture);
    snprintf(command, sizeof command, "cp '%s' '%s/skill.wasm'", from, skill);
    ck_assert_int_eq(system(command), 0);
}

static void install_drop(cordon_install **i) { cordon_install_free(*i); }

static cordon_install *fetched(const char *update)
{
    cordon_install *i = NULL;
    cordon_error *err = NULL;
    ok(update ? cordon_update_new(reg, update, &i, &err) : cordon_install_new(reg, skill, &i, &err), err);
    ok(cordon_install_fetch(i, &err), err);
    return i;
}

static int commit(cordon_install *i, enum cordon_errc *ret)
{
    cordon_error *err = NULL;
    char *json = NULL;
    int rc = cordon_install_commit(i, &json, &err);
    *ret = err ? cordon_error_code(err) : CORDON_OK;
    cordon_free(json);
    cordon_error_free(err);
    return rc;
}

static void install_now(const char *update)
{
    cleanup(install_drop) cordon_install *i = fetched(update);
    enum cordon_errc code;
    ck_assert_int_eq(cordon_install_allow_asked(i, NULL), 0);
    ck_assert_int_eq(commit(i, &code), 0);
}

static void answer(cordon_request *r, char ret[256])
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    size_t len;
    enum cordon_output_kind kind;
    ok(cordon_request_run(r, &o, &err), err);
    const char *output = cordon_outcome_output(o, &len, &kind);
    snprintf(ret, 256, "%s: %.*s", cordon_outcome_name(cordon_outcome_kind(o)), (int)len, output);
    cordon_outcome_free(o);
}

START_TEST(a_changed_local_skill_is_what_a_running_host_calls_next)
{
    char text[256];
    cordon_skill *s = NULL;
    cordon_request *r = NULL;
    cordon_error *err = NULL;
    write_skill("1.0.0", "", "skill.wasm");
    copy_code("echo.wat");
    install_now(NULL);
    ok(cordon_skill_load_installed(reg, "weather", &s, &err), err);
    ok(cordon_request_new(s, NULL, &r, &err), err);
    ok(cordon_request_set_input(r, "hello", 5, &err), err);
    answer(r, text);
    ck_assert_str_eq(text, "ok: hello");
    write_skill("1.1.0", "", "skill.wasm");
    copy_code("err.wat");
    answer(r, text);
    ck_assert_str_eq(text, "ok: hello"); /* what lies in the author's folder is not what is installed */
    install_now("weather");
    answer(r, text);
    ck_assert_msg(!strncmp(text, "err", 3), "%s", text);
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

START_TEST(nothing_is_installed_before_it_is_answered)
{
    cleanup(install_drop) cordon_install *i = NULL;
    enum cordon_errc code;
    write_skill("1.0.0", "env = [\"LANG\"]", "skill.wasm");
    copy_code("echo.wat");
    i = fetched(NULL);
    ck_assert_int_lt(commit(i, &code), 0);
    ck_assert_int_eq(code, CORDON_E_CONSENT);
    ck_assert_int_eq(cordon_install_allow_nothing(i, false, NULL), 0);
    ck_assert_int_eq(commit(i, &code), 0);
    ck_assert_int_lt(commit(i, &code), 0);
    ck_assert_int_eq(code, CORDON_E_USAGE);
}
END_TEST

START_TEST(nothing_is_answered_or_shown_before_it_is_fetched)
{
    cleanup(install_drop) cordon_install *i = NULL;
    char *json = NULL;
    enum cordon_errc code;
    write_skill("1.0.0", "", "skill.wasm");
    ck_assert_int_eq(cordon_install_new(reg, skill, &i, NULL), 0);
    ck_assert_int_eq(cordon_install_describe(i, &json, NULL), -CORDON_E_USAGE);
    ck_assert_int_eq(cordon_install_allow(i, "env=LANG", NULL), -CORDON_E_USAGE);
    ck_assert_int_eq(cordon_install_allow_asked(i, NULL), -CORDON_E_USAGE);
    ck_assert_int_lt(commit(i, &code), 0);
    ck_assert_int_eq(code, CORDON_E_USAGE);
}
END_TEST

START_TEST(what_failed_is_not_fetched_once_more)
{
    cleanup(install_drop) cordon_install *i = NULL;
    write_skill("1.0.0", "", "skill.wasm");
    write_file("skill.wasm", "nothing that runs");
    ck_assert_int_eq(cordon_install_new(reg, skill, &i, NULL), 0);
    ck_assert_int_lt(cordon_install_fetch(i, NULL), 0);
    ck_assert_int_eq(cordon_install_fetch(i, NULL), -CORDON_E_USAGE);
}
END_TEST

START_TEST(what_was_shown_is_what_is_installed)
{
    cleanup(install_drop) cordon_install *i = NULL;
    cleanup_free char *shown = NULL, *list = NULL;
    enum cordon_errc code;
    char digest[INSTALL_DIGEST_TEXT];
    write_skill("1.0.0", "", "skill.wasm");
    copy_code("echo.wat");
    i = fetched(NULL);
    ck_assert_int_eq(cordon_install_describe(i, &shown, NULL), 0);
    write_skill("6.6.6", "env = [\"LANG\"]", "skill.wasm");
    copy_code("spin.wat");
    ck_assert_int_eq(commit(i, &code), 0);
    install_digest_write(i->next.bundle, digest);
    ck_assert_ptr_nonnull(strstr(shown, digest));
    ck_assert_int_eq(cordon_registry_list(reg, &list, NULL), 0);
    ck_assert(strstr(list, digest) && strstr(list, "1.0.0") && !strstr(list, "6.6.6"));
}
END_TEST

START_TEST(of_two_at_once_the_second_is_told_that_what_it_showed_has_changed)
{
    cleanup(install_drop) cordon_install *first = NULL, *second = NULL;
    enum cordon_errc code;
    write_skill("1.0.0", "", "skill.wasm");
    copy_code("echo.wat");
    first = fetched(NULL);
    write_skill("1.1.0", "", "skill.wasm");
    second = fetched(NULL);
    ck_assert_int_eq(commit(first, &code), 0);
    ck_assert_int_lt(commit(second, &code), 0);
    ck_assert_int_eq(code, CORDON_E_CONFLICT);
}
END_TEST

static void remove_weather(void *other, const char *point)
{
    cordon_error *err = NULL;
    if (!strcmp(point, "staged"))
        ok(cordon_registry_remove(other, "weather", &err), err);
}

START_TEST(a_file_is_not_applied_to_what_was_removed_while_it_fetched)
{
    char path[160], *json = NULL;
    cleanup_free char *list = NULL;
    cordon_registry *other;
    cordon_error *err = NULL;
    write_skill("1.0.0", "env = [\"LANG\"]", "skill.wasm");
    copy_code("echo.wat");
    install_now(NULL);
    snprintf(path, sizeof path, "%s/skills.toml", root);
    FILE *f = fopen(path, "we");
    ck_assert(f && fprintf(f, "[skills.weather]\nsource = \"%s\"\ngrants = [\"env=LANG\"]\n[skills.new]\nsource = \"%s\"\n", skill, skill) > 0 && fclose(f) == 0);
    ok(cordon_registry_open(host, &other, &err), err);
    reg->hook = remove_weather;
    reg->hook_data = other;
    ck_assert_int_eq(cordon_apply(reg, path, false, false, &json, &err), -CORDON_E_CONFLICT);
    reg->hook = NULL;
    cordon_error_free(err);
    cordon_registry_close(other);
    ck_assert_int_eq(cordon_registry_list(reg, &list, NULL), 0);
    ck_assert_str_eq(list, "{\"cordon\":1,\"skills\":[]}");
}
END_TEST

START_TEST(what_is_given_up_leaves_nothing)
{
    char staging[128];
    struct stat st;
    write_skill("1.0.0", "", "skill.wasm");
    copy_code("echo.wat");
    cordon_install *i = fetched(NULL);
    snprintf(staging, sizeof staging, "%s", i->bundle.path);
    ck_assert_int_eq(stat(staging, &st), 0);
    cordon_install_free(i);
    ck_assert_int_lt(stat(staging, &st), 0);
}
END_TEST

Suite *suite_install_flow(void)
{
    Suite *s = suite_create("install_flow");
    TCase *t = tcase_create("install_flow");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_changed_local_skill_is_what_a_running_host_calls_next);
    tcase_add_test(t, nothing_is_installed_before_it_is_answered);
    tcase_add_test(t, nothing_is_answered_or_shown_before_it_is_fetched);
    tcase_add_test(t, what_failed_is_not_fetched_once_more);
    tcase_add_test(t, what_was_shown_is_what_is_installed);
    tcase_add_test(t, of_two_at_once_the_second_is_told_that_what_it_showed_has_changed);
    tcase_add_test(t, a_file_is_not_applied_to_what_was_removed_while_it_fetched);
    tcase_add_test(t, what_is_given_up_leaves_nothing);
    suite_add_tcase(s, t);
    return s;
}
