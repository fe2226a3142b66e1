/* SPDX-License-Identifier: Apache-2.0
 * How what is to be fetched is named. */
#include "fetch/fetch.h"
#include "fetch/origin.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect_ref(const char *text, const char *registry, const char *repository, const char *tag, const char *digest)
{
    struct oci_ref r;
    cordon_error *err = NULL;
    ck_assert_msg(oci_ref_parse(text, &r, &err) == 0, "%s: %s", text, err ? cordon_error_message(err) : "");
    ck_assert_str_eq(r.registry, registry);
    ck_assert_str_eq(r.repository, repository);
    ck_assert_pstr_eq(r.tag, tag);
    ck_assert_pstr_eq(r.digest, digest);
    char *again = oci_ref_text(&r);
    struct oci_ref twice;
    ck_assert_int_eq(oci_ref_parse(again, &twice, NULL), 0);
    ck_assert_str_eq(twice.registry, registry);
    ck_assert_pstr_eq(twice.tag, tag);
    ck_assert_pstr_eq(twice.digest, digest);
    free(again);
    oci_ref_finish(&twice);
    oci_ref_finish(&r);
}

START_TEST(a_reference_names_host_repository_tag_and_digest)
{
    expect_ref("oci://registry.example.com/team/hello:1.0", "registry.example.com", "team/hello", "1.0", NULL);
    expect_ref("oci://registry.example.com/hello", "registry.example.com", "hello", "latest", NULL);
    expect_ref("oci://Registry.Example.COM:443/a", "registry.example.com", "a", "latest", NULL);
    expect_ref("oci://r.example:8443/a/b-c__d.e_f---g/h", "r.example:8443", "a/b-c__d.e_f---g/h", "latest", NULL);
    expect_ref("oci://localhost:5000/a:v_1.2-3", "localhost:5000", "a", "v_1.2-3", NULL);
    expect_ref("oci://localhost/a", "localhost", "a", "latest", NULL);
    expect_ref("oci://[::1]:5000/a", "[::1]:5000", "a", "latest", NULL);
    expect_ref("oci://r.example/a@sha256:" HEX64, "r.example", "a", NULL, HEX64);
    expect_ref("oci://r.example/a:1@sha256:" HEX64, "r.example", "a", "1", HEX64);
}
END_TEST

static void expect_refused(const char *text, const char *why)
{
    struct oci_ref r;
    cordon_error *err = NULL;
    ck_assert_msg(oci_ref_parse(text, &r, &err) == -CORDON_E_USAGE, "%s", text);
    ck_assert_msg(strstr(cordon_error_message(err), why), "%s: %s", text, cordon_error_message(err));
    ck_assert_ptr_null(r.registry);
    ck_assert_ptr_null(r.repository);
    cordon_error_free(err);
}

START_TEST(a_reference_that_the_grammar_does_not_have_is_refused)
{
    static const char *const repositories[] = {"", "/", "A", "a//b", "a/", "/a", "-a", "a-", "a..b", "a___b", "a._b", "a/../b", "..", "a b", "a%2fb", "a?x", "a#b", "\xc3\xa9", NULL};
    for (size_t i = 0; repositories[i]; i++) {
        char text[64];
        snprintf(text, sizeof text, "oci://r.example/%s", repositories[i]);
        expect_refused(text, "lower-case letters");
    }
    expect_refused("oci://r.example/a:", "a tag");
    expect_refused("oci://r.example/a:.x", "a tag");
    expect_refused("oci://r.example/a:x/y", "a tag");
    expect_refused("oci://r.example/a:x:y", "a tag");
    expect_refused("oci://r.example/a@sha256:" HEX64 "0", "a digest");
    expect_refused("oci://r.example/a@sha256:0123", "a digest");
    expect_refused("oci://r.example/a@sha512:" HEX64, "a digest");
    expect_refused("oci://r.example/a@sha256:ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "a digest");
    expect_refused("oci://r.example/a@sha256:" HEX64 "@sha256:" HEX64, "a digest");
    expect_refused("oci://r.example", "no repository");
    expect_refused("oci:///a", "host is missing");
    expect_refused("oci://r.example:0/a", "port");
    expect_refused("oci://r.example:65536/a", "port");
    expect_refused("oci://r.example:/a", "port");
    expect_refused("oci://r.example:08/a", "port");
    expect_refused("oci://0x7f.1/a", "host ends in a number");
    expect_refused("oci://[::1/a", "bracket");
    expect_refused("oci://[::ffff:127.0.0.1]/a", "IPv4 address inside");
    expect_refused("docker://r.example/a", "begin with oci://");
}
END_TEST

START_TEST(a_user_name_in_a_reference_is_refused)
{
    expect_refused("oci://ada:pw@r.example/a", "user name");
    expect_refused("oci://r.example@evil.example/a", "user name");
}
END_TEST

START_TEST(a_reference_has_ceilings)
{
    char text[2048] = "oci://r.example/", *end = text + strlen(text);
    memset(end, 'a', OCI_REPOSITORY_MAX + 1);
    expect_refused(text, "255");
    end[OCI_REPOSITORY_MAX] = '\0';
    strcat(text, ":");
    memset(text + strlen(text), 't', OCI_TAG_MAX + 1);
    expect_refused(text, "a tag");
    memset(end, 'a', 1500);
    expect_refused(text, "1024");
}
END_TEST

START_TEST(a_registry_on_this_machine_is_spoken_to_by_http_and_every_other_by_https)
{
    static const struct { const char *authority, *origin; } rows[] = {
        {"localhost:5000", "http://localhost:5000"}, {"127.0.0.1:5000", "http://127.0.0.1:5000"}, {"[::1]:5000", "http://[::1]:5000"}, {"a.localhost", "http://a.localhost"},
        {"r.example", "https://r.example"}, {"r.example:80", "https://r.example:80"}, {"10.0.0.1:5000", "https://10.0.0.1:5000"}, {"localhost.example", "https://localhost.example"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct origin o;
        char text[ORIGIN_TEXT];
        ck_assert_ptr_null(origin_of_registry(rows[i].authority, strlen(rows[i].authority), &o));
        origin_print(&o, text);
        ck_assert_str_eq(text, rows[i].origin);
    }
}
END_TEST

Suite *suite_fetch_names(void);
Suite *suite_fetch_names(void)
{
    Suite *s = suite_create("fetch_names");
    TCase *t = tcase_create("names");
    tcase_add_test(t, a_reference_names_host_repository_tag_and_digest);
    tcase_add_test(t, a_reference_that_the_grammar_does_not_have_is_refused);
    tcase_add_test(t, a_user_name_in_a_reference_is_refused);
    tcase_add_test(t, a_reference_has_ceilings);
    tcase_add_test(t, a_registry_on_this_machine_is_spoken_to_by_http_and_every_other_by_https);
    suite_add_tcase(s, t);
    return s;
}
