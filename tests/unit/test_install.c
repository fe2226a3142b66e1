/* SPDX-License-Identifier: Apache-2.0
 * The pure parts of installing: sources, versions, what changed, what is asked and answered. */
#include "base/cleanup.h"
#include "cordon/install_parts.h"

#include <check.h>
#include <string.h>

Suite *suite_install(void);

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- sources ---- */

static int parse(const char *text, struct install_source *ret)
{
    cordon_error *err = NULL;
    int rc = install_source_parse(text, "/work", ret, &err);
    cordon_error_free(err);
    return rc;
}

START_TEST(a_path_is_made_whole)
{
    struct install_source s;
    ck_assert_int_eq(parse("./weather", &s), 0);
    ck_assert_int_eq(s.from, INSTALL_FROM_PATH);
    ck_assert_str_eq(s.place, "/work/./weather");
    ck_assert_ptr_null(s.digest);
    install_source_finish(&s);
    ck_assert_int_lt(install_source_parse("./weather", NULL, &s, NULL), 0);
}
END_TEST

START_TEST(a_url_is_kept_without_its_digest_and_pinned_by_it)
{
    struct install_source s;
    ck_assert_int_eq(parse("https://x.example/a.tar.gz?k=1#sha256=" HEX, &s), 0);
    ck_assert_int_eq(s.from, INSTALL_FROM_URL);
    ck_assert_str_eq(s.text, "https://x.example/a.tar.gz?k=1");
    ck_assert_str_eq(s.digest, "sha256:" HEX);
    install_source_finish(&s);
}
END_TEST

START_TEST(a_reference_is_kept_without_its_digest_and_pinned_by_it)
{
    struct install_source s;
    ck_assert_int_eq(parse("oci://localhost:5000/team/skill:1@sha256:" HEX, &s), 0);
    ck_assert_int_eq(s.from, INSTALL_FROM_OCI);
    ck_assert_str_eq(s.text, "oci://localhost:5000/team/skill:1");
    ck_assert_str_eq(s.digest, "sha256:" HEX);
    install_source_finish(&s);
}
END_TEST

static const char *const no_sources[] = {
    "", "ftp://x.example/a", "file:///etc", "https://user:pw@x.example/a", "https://x.example/a#sha256=12", "https://x.example/a#frag", "oci://nothing", "\xff/x"};

START_TEST(what_is_no_source_is_a_usage_error)
{
    struct install_source s;
    ck_assert_int_eq(parse(no_sources[_i], &s), -CORDON_E_USAGE);
}
END_TEST

START_TEST(a_query_is_not_shown)
{
    char *shown = install_source_show("https://x.example/a?token=secret");
    ck_assert_str_eq(shown, "https://x.example/a");
    free(shown);
}
END_TEST

/* ---- versions ---- */

static const char *const rising[] = {"0.0.0", "0.0.1", "0.9", "0.10.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1",
                                     "2", "18446744073709551616.0.0", "18446744073709551617.0.0"};

START_TEST(versions_are_ordered_as_semver_has_it)
{
    enum { N = sizeof rising / sizeof *rising };
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++)
            ck_assert_msg(install_version_compare(rising[a], rising[b]) == (a > b) - (a < b), "%s %s", rising[a], rising[b]);
    ck_assert_int_eq(install_version_compare("1.0.0+a", "1.0.0+b"), 0);
    ck_assert_int_eq(install_version_compare("1.0", "1.0.0"), 0);
    ck_assert_int_eq(install_version_compare("v1.2.0", "1.2.0"), 0);
}
END_TEST

/* ---- changes ---- */

static json_t *tool(const char *name, const char *description, const char *schema)
{
    return json_pack("{s:s, s:s, s:s, s:[{s:s, s:s, s:o}]}", "name", "w", "description", "d", "x", "", "tools", "name", name, "description", description, "inputSchema",
                     json_loads(schema, 0, NULL));
}

static size_t n_changes(json_t *before, json_t *after, const char *first)
{
    json_t *list = json_array();
    ck_assert(install_changes(list, before, after));
    size_t n = json_array_size(list);
    if (n)
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "what")), first);
    json_decref(list);
    json_decref(before);
    json_decref(after);
    return n;
}

START_TEST(a_changed_tool_is_found_and_the_same_is_not)
{
    ck_assert_uint_eq(n_changes(tool("t", "d", "{}"), tool("t", "d", "{}"), ""), 0);
    ck_assert_uint_eq(n_changes(tool("t", "d", "{}"), tool("t", "other", "{}"), "description of t"), 1);
    ck_assert_uint_eq(n_changes(tool("t", "d", "{}"), tool("t", "d", "{\"type\":\"object\"}"), "schema of t"), 1);
    ck_assert_uint_eq(n_changes(tool("t", "d", "{}"), tool("u", "d", "{}"), "tool"), 2);
}
END_TEST

/* ---- what is asked ---- */

static struct grants *asks_of(const char *lines)
{
    struct grants *set;
    ck_assert_int_eq(install_grants_read(lines, true, &set, NULL), 0);
    return set;
}

static struct grants *grants_of(const char *lines)
{
    struct grants *set;
    ck_assert_int_eq(install_grants_read(lines, false, &set, NULL), 0);
    return set;
}

static void ask(struct install_asks *a, const char *lines)
{
    struct grants *set = asks_of(lines);
    ck_assert_int_eq(install_asks_add(a, set, NULL, NULL), 0);
    grants_unref(set);
}

START_TEST(what_needs_a_word_comes_last)
{
    struct install_asks a = {0};
    ask(&a, "secret=k\nnet=a.example\nwrite=/out\nenv=LANG\nnet\n");
    ck_assert_uint_eq(a.n, 5);
    ck_assert_str_eq(a.item[0].text, "net=a.example");
    ck_assert_str_eq(a.item[1].text, "env=LANG");
    ck_assert_str_eq(a.item[2].text, "secret=k");
    ck_assert_str_eq(a.item[4].text, "net");
    ck_assert(a.item[4].needs_scope && !a.item[2].needs_scope && a.item[2].needs_word && !a.item[0].needs_word);
    install_asks_finish(&a);
}
END_TEST

static bool wants(const char *now, const char *before, const char *granted, bool same)
{
    struct install_asks a = {0};
    struct grants *b = before ? asks_of(before) : NULL, *g = grants_of(granted);
    ask(&a, now);
    install_asks_compare(&a, b, g, same);
    bool wanted = a.wants_answer;
    install_asks_finish(&a);
    grants_unref(b);
    grants_unref(g);
    return wanted;
}

START_TEST(an_unchanged_set_is_not_asked_again)
{
    ck_assert(wants("net=a.example\n", NULL, "", false));
    ck_assert(!wants("net=a.example\n", "net=a.example\n", "", true));
    ck_assert(!wants("net=a.example\n", "net=a.example\nenv=LANG\n", "", true));
    ck_assert(wants("net=a.example\nenv=LANG\n", "net=a.example\n", "net=a.example\n", true));
    ck_assert(wants("net=GET:https://a.example\nenv=LANG\n", "env=LANG\nnet=a.example\n", "", true));
}
END_TEST

START_TEST(answers_given_to_another_do_not_count)
{
    ck_assert(wants("net=a.example\n", "net=a.example\n", "net=a.example\n", false));
    ck_assert(!wants("", "net=a.example\n", "", false));
}
END_TEST

START_TEST(an_inherited_ask_names_its_parent_and_is_listed_once)
{
    struct install_asks a = {0};
    struct grants *set = asks_of("net=a.example\nenv=LANG\n");
    ask(&a, "net=a.example\n");
    ck_assert_int_eq(install_asks_add(&a, set, "base", NULL), 0);
    ck_assert_uint_eq(a.n, 2);
    ck_assert_ptr_null(a.item[0].from);
    ck_assert_str_eq(a.item[1].from, "base");
    grants_unref(set);
    install_asks_finish(&a);
}
END_TEST

START_TEST(what_is_not_asked_cannot_be_answered)
{
    struct install_answer answer = {0};
    struct grants *asked = asks_of("net=a.example\n");
    struct grant one, other;
    ck_assert_int_eq(grant_parse("net=b.example", NULL, &other, NULL), 0);
    ck_assert_int_eq(install_answer_allow(&answer, asked, &other, NULL), -CORDON_E_NOT_ASKED);
    ck_assert(!answer.given);
    ck_assert_int_eq(grant_parse("net=a.example", NULL, &one, NULL), 0);
    ck_assert_int_eq(install_answer_allow(&answer, asked, &one, NULL), 0);
    ck_assert(answer.given && answer.granted->n == 1);
    ck_assert_int_eq(install_answer_allow(&answer, NULL, &other, NULL), 0);
    grant_finish(&one);
    grant_finish(&other);
    install_answer_finish(&answer);
    grants_unref(asked);
}
END_TEST

Suite *suite_install(void)
{
    Suite *s = suite_create("install");
    TCase *t = tcase_create("install");
    tcase_add_test(t, a_path_is_made_whole);
    tcase_add_test(t, a_url_is_kept_without_its_digest_and_pinned_by_it);
    tcase_add_test(t, a_reference_is_kept_without_its_digest_and_pinned_by_it);
    tcase_add_loop_test(t, what_is_no_source_is_a_usage_error, 0, sizeof no_sources / sizeof *no_sources);
    tcase_add_test(t, a_query_is_not_shown);
    tcase_add_test(t, versions_are_ordered_as_semver_has_it);
    tcase_add_test(t, a_changed_tool_is_found_and_the_same_is_not);
    tcase_add_test(t, what_needs_a_word_comes_last);
    tcase_add_test(t, an_unchanged_set_is_not_asked_again);
    tcase_add_test(t, answers_given_to_another_do_not_count);
    tcase_add_test(t, an_inherited_ask_names_its_parent_and_is_listed_once);
    tcase_add_test(t, what_is_not_asked_cannot_be_answered);
    suite_add_tcase(s, t);
    return s;
}
