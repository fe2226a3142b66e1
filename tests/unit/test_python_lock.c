/* SPDX-License-Identifier: Apache-2.0
 * requirements.txt of a stranger: what is taken, and all that is not. And which Python it is fetched with. */
#include "author/build.h"
#include "author/python_lock.h"
#include "base/error.h"
#include "base/scratch.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_python_lock(void);

#define H "--hash=sha256:8623cd8cab8453cb0cd8bf03f3c7103420d06f2f3d360186a280a70a1ca5e89f"
#define H2 "--hash=sha256:7b6a87c520358166843af0daa86d2312d7af4cbcbbf1e598951085cf7f2991ca"
#define TOOL "componentize-py==0.25.1 " H "\n"

static int check_bytes(const char *text, size_t len, json_t *items, cordon_error **err)
{
    /* In memory of its own size, so that a byte read behind it is seen. */
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    int rc = python_lock_check(PYTHON_LOCK, copy, len, items, err);
    free(copy);
    return rc;
}

static void takes(const char *text, const char *printed)
{
    cordon_error *err = NULL;
    struct buf b;
    json_t *items = json_array();
    int rc = check_bytes(text, strlen(text), items, &err);
    ck_assert_msg(rc == 0, "%s: %s", text, err ? cordon_error_message(err) : "");
    buf_init(&b, 1 << 20);
    ck_assert_int_eq(python_lock_print(text, strlen(text), &b, NULL), 0);
    ck_assert_str_eq(b.data, printed);
    buf_finish(&b);
    json_decref(items);
}

static void refuses(const char *text, size_t len, const char *words)
{
    cordon_error *err = NULL;
    json_t *items = json_array();
    int rc = check_bytes(text, len, items, &err);
    ck_assert_msg(rc == -CORDON_E_BAD_MANIFEST, "%d for %s", rc, text);
    ck_assert_msg(strstr(cordon_error_message(err), words), "%s: %s", text, cordon_error_message(err));
    cordon_error_free(err);
    json_decref(items);
}

START_TEST(what_names_packages_versions_and_digests_is_taken)
{
    takes(TOOL, TOOL);
    takes("componentize-py==0.25.1 " H, TOOL);
    takes("# what it is built with\n\n  \t\ncomponentize-py==0.25.1 \\\n    " H " \\\n    " H2 "\n    # via nothing\n", "componentize-py==0.25.1 " H " " H2 "\n");
    takes("componentize-py==0.25.1 \\\r\n    " H "\r\n", TOOL);
    takes(TOOL "PyYAML==6.0.1 " H2 "  # of a comment -r other.txt\n", TOOL "pyyaml==6.0.1 " H2 "\n");
    takes(TOOL "a.b__c==1!2.0rc1.post2+local_1.x " H2, TOOL "a-b-c==1!2.0rc1.post2+local_1.x " H2 "\n");
    takes(TOOL "six==1.16.0 \\\n \\\n " H2 "\t# a comment", TOOL "six==1.16.0 " H2 "\n");
}
END_TEST

START_TEST(each_package_is_told_with_its_version)
{
    json_t *items = json_array();
    const char *text = TOOL "PyYAML==6.0.1 " H2;
    ck_assert_int_eq(check_bytes(text, strlen(text), items, NULL), 0);
    ck_assert_uint_eq(json_array_size(items), 2);
    json_t *second = json_array_get(items, 1);
    ck_assert_str_eq(json_string_value(json_object_get(second, "name")), "pyyaml");
    ck_assert_str_eq(json_string_value(json_object_get(second, "version")), "6.0.1");
    json_decref(items);
}
END_TEST

/* Each is something that pip understands and does. */
static const struct { const char *line, *words; } bad[] = {
    {"six==1.16.0", "digest"},
    {"six==1.16.0 # " H, "digest"},
    {"six " H, "\"==\""},
    {"six>=1.16.0 " H, "\"==\""},
    {"six~=1.16.0 " H, "\"==\""},
    {"six==1.* " H, "digests"},
    {"six===1.16.0 " H, "a version"},
    {"six==1.16.0,!=2 " H, "digests"},
    {"six == 1.16.0 " H, "\"==\""},
    {"six[extra]==1.16.0 " H, "\"==\""},
    {"six==1.16.0 ; python_version > '3' " H, "digest"},
    {"six==1.16.0; python_version > '3' " H, "digests"},
    {"six==1.16.0 --hash=md5:0123456789abcdef0123456789abcdef", "digest"},
    {"six==1.16.0 --hash=sha256:0123", "64 digits"},
    {"six==1.16.0 " H "0", "64 digits"},
    {"six==1.16.0 --hash=sha256:8623CD8CAB8453CB0CD8BF03F3C7103420D06F2F3D360186A280A70A1CA5E89F", "64 digits"},
    {"six==1.16.0 --hash sha256:8623cd8cab8453cb0cd8bf03f3c7103420d06f2f3d360186a280a70a1ca5e89f", "digest"},
    {"six==1.16.0 " H " --global-option=x", "digest"},
    {"six==1.16.0 " H " --config-settings=x=y", "digest"},
    {"six @ https://h.example/six.whl " H, "\"==\""},
    {"six@file:///etc/passwd " H, "\"==\""},
    {"https://h.example/six-1.16.0.tar.gz " H, "\"==\""},
    {"git+https://h.example/six.git@main#egg=six", "\"==\""},
    {"./six " H, "a package's name"},
    {"/srv/six " H, "a package's name"},
    {"~/six " H, "a package's name"},
    {"six/ " H, "\"==\""},
    {"-r other.txt", "a package's name"},
    {"-rother.txt", "a package's name"},
    {"-c constraints.txt", "a package's name"},
    {"-e .", "a package's name"},
    {"-f https://h.example/", "a package's name"},
    {"-i https://h.example/simple", "a package's name"},
    {"--index-url https://h.example/simple", "a package's name"},
    {"--index-url=https://h.example/simple", "a package's name"},
    {"--extra-index-url https://h.example/simple", "a package's name"},
    {"--find-links /tmp", "a package's name"},
    {"--trusted-host h.example", "a package's name"},
    {"--no-binary :all:", "a package's name"},
    {"--pre", "a package's name"},
    {"--requirement other.txt", "a package's name"},
    {"--use-feature=x", "a package's name"},
    {"${HOME}==1 " H, "a package's name"},
    {"six==${VERSION} " H, "a version"},
    {"six==1${HOME} " H, "digests"},
    {"six==1.16.0 --hash=sha256:${HASH}", "64 digits"},
    {"six==-1 " H, "a version"},
    {"-six==1 " H, "a package's name"},
    {"six-==1 " H, "a package's name"},
    {"six==1.16.0 \\ " H, "digest"},
    {"six==1.16.0 \\\n-r other.txt", "digest"},
    {"six==1.16.0 " H " \\\n-r other.txt", "digest"},
    {"six==1.16.0 " H "\r-r other.txt", "nothing but digests"},
    {"six==1.16.0 " H "\f-r other.txt", "nothing but digests"},
    {"six==1.16.0 " H "#", "nothing but digests"},
    {"s\xc3\xafx==1 " H, "\"==\""},
    {"COMPONENTIZE_PY==2 " H, "twice"},
};

START_TEST(anything_else_that_pip_would_follow_is_refused)
{
    char text[1024];
    snprintf(text, sizeof text, TOOL "%s\n", bad[_i].line);
    refuses(text, strlen(text), bad[_i].words);
    ck_assert(strncmp(text, "componentize-py", 15) == 0);
    snprintf(text, sizeof text, "%s\n" TOOL, bad[_i].line);
    if (!strstr(bad[_i].words, "twice"))
        refuses(text, strlen(text), bad[_i].words);
}
END_TEST

START_TEST(an_error_says_where)
{
    refuses(TOOL "\n  six==1.16.0 https://h.example/\n", strlen(TOOL "\n  six==1.16.0 https://h.example/\n"), "requirements.txt:3:15: ");
    refuses(TOOL "six==1.16.0 \\\n  " H " \\\n  -r x\n", strlen(TOOL "six==1.16.0 \\\n  " H " \\\n  -r x\n"), "requirements.txt:4:3: ");
    refuses(TOOL "six==1\n", strlen(TOOL "six==1\n"), "requirements.txt:2:7: ");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused_where_they_are_no_comment)
{
    refuses("componentize-py\0==1 " H, sizeof "componentize-py\0==1 " H - 1, "\"==\"");
    refuses("\xef\xbb\xbf" TOOL, strlen("\xef\xbb\xbf" TOOL), "a package's name");
    refuses("\xff\xfe" TOOL, strlen("\xff\xfe" TOOL), "a package's name");
    takes("# -*- coding: utf-16 -*- \xff\n" TOOL, TOOL);
}
END_TEST

START_TEST(without_the_compiler_there_is_nothing_to_build_with)
{
    refuses("", 0, "does not name componentize-py");
    refuses("# nothing\n", 10, "does not name componentize-py");
    refuses("six==1.16.0 " H, strlen("six==1.16.0 " H), "does not name componentize-py");
}
END_TEST

static void fill(struct buf *b, unsigned packages, unsigned digests)
{
    buf_init(b, 4 << 20);
    buf_adds(b, TOOL);
    for (unsigned i = 1; i < packages; i++)
        buf_addf(b, "p%u==1 " H "\n", i);
    buf_adds(b, "last==1");
    for (unsigned i = 0; i < digests; i++)
        buf_adds(b, " " H);
    ck_assert(!b->full);
}

START_TEST(packages_digests_and_names_are_bounded)
{
    struct buf b;
    json_t *items = json_array();
    fill(&b, 999, 500);
    ck_assert_int_eq(check_bytes(b.data, b.len, items, NULL), 0);
    ck_assert_uint_eq(json_array_size(items), 1000);
    buf_finish(&b);
    fill(&b, 1000, 1);
    refuses(b.data, b.len, "more than 1000 packages");
    buf_finish(&b);
    fill(&b, 1, 501);
    refuses(b.data, b.len, "more than 500 digests");
    buf_finish(&b);
    json_decref(items);

    char text[400];
    snprintf(text, sizeof text, TOOL "%0*d==1 " H, 128, 0);
    ck_assert_int_eq(check_bytes(text, strlen(text), NULL, NULL), 0);
    snprintf(text, sizeof text, TOOL "%0*d==1 " H, 129, 0);
    refuses(text, strlen(text), "a package's name");
    snprintf(text, sizeof text, TOOL "six==%0*d " H, 65, 0);
    refuses(text, strlen(text), "a version");
}
END_TEST

/* ---- the Python that fetches ---- */

static char folder[64];   /* of this test alone: each test is a process */

static void make_project(void)
{
    strcpy(folder, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(scratch_write(folder, "skill.py", "", 0, NULL), 0);
    ck_assert_int_eq(scratch_write(folder, PYTHON_LOCK, TOOL, strlen(TOOL), NULL), 0);
}

static void remove_project(void) { scratch_remove(strdup(folder)); }

static void misses(const char *words)
{
    cordon_error *err = NULL;
    json_t *said = NULL;
    struct author_build b = {.dir = folder, .helper_path = TEST_HELPER, .log_fd = -1, .tool_folders = folder, .seconds = 60};
    int rc = author_fetch(&b, &said, &err);
    ck_assert_msg(rc == -CORDON_E_MISSING_TOOL, "%d: %s", rc, err ? cordon_error_message(err) : "");
    ck_assert_msg(strstr(cordon_error_message(err), words), "%s", cordon_error_message(err));
    cordon_error_free(err);
}

START_TEST(without_python_the_package_is_named)
{
    misses("python3 is not installed (Debian: python3)");
}
END_TEST

START_TEST(a_python_that_the_sandbox_cannot_read_is_not_taken)
{
    char path[100];
    ck_assert_int_eq(scratch_write(folder, "python3", "#!/bin/sh\n", 10, NULL), 0);
    snprintf(path, sizeof path, "%s/python3", folder);
    ck_assert_int_eq(chmod(path, 0700), 0);
    misses("lies outside of /usr");
}
END_TEST

Suite *suite_python_lock(void)
{
    Suite *s = suite_create("python_lock");
    TCase *tc = tcase_create("requirements.txt");
    tcase_add_test(tc, what_names_packages_versions_and_digests_is_taken);
    tcase_add_test(tc, each_package_is_told_with_its_version);
    tcase_add_loop_test(tc, anything_else_that_pip_would_follow_is_refused, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tc, an_error_says_where);
    tcase_add_test(tc, bytes_that_are_no_text_are_refused_where_they_are_no_comment);
    tcase_add_test(tc, without_the_compiler_there_is_nothing_to_build_with);
    tcase_add_test(tc, packages_digests_and_names_are_bounded);
    suite_add_tcase(s, tc);
    TCase *tools = tcase_create("Python");
    tcase_add_checked_fixture(tools, make_project, remove_project);
    tcase_add_test(tools, without_python_the_package_is_named);
    tcase_add_test(tools, a_python_that_the_sandbox_cannot_read_is_not_taken);
    suite_add_tcase(s, tools);
    return s;
}
