/* SPDX-License-Identifier: Apache-2.0
 * What registries and Docker's configuration say, word by word. */
#include "base/cleanup.h"
#include "fetch/challenge.h"
#include "fetch/credentials.h"
#include "fetch/digest.h"
#include "fetch/oci_manifest.h"
#include "fetch/url.h"
#include "policy/suffix.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- WWW-Authenticate ---- */

START_TEST(a_challenge_is_read_with_realm_and_service)
{
    static const struct { const char *field; enum challenge_scheme scheme; const char *realm, *service; } rows[] = {
        {"Bearer realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull,push\"", CHALLENGE_BEARER, "https://auth.example/token", "registry.example"},
        {"bearer  REALM=\"x\" , Service=y", CHALLENGE_BEARER, "x", "y"},
        {"Basic realm=\"a \\\"quoted\\\" \\\\ realm\"", CHALLENGE_BASIC, "a \"quoted\" \\ realm", NULL},
        {"BASIC realm=\"\"", CHALLENGE_BASIC, "", NULL},
        {"Bearer error=\"invalid_token\"", CHALLENGE_BEARER, NULL, NULL},
        {"Negotiate a=b", CHALLENGE_OTHER, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct challenge c;
        ck_assert_msg(challenge_parse(rows[i].field, &c), "%s", rows[i].field);
        ck_assert_int_eq(c.scheme, rows[i].scheme);
        ck_assert_pstr_eq(c.realm, rows[i].realm);
        ck_assert_pstr_eq(c.service, rows[i].service);
        challenge_finish(&c);
    }
}
END_TEST

START_TEST(a_challenge_that_is_not_to_the_letter_is_none)
{
    static const char *const fields[] = {"", " ", "Bearer", "Bearer ", "Bearer realm", "Bearer realm=", "Bearer realm=\"x", "Bearer realm=\"x\\", "Bearer realm=\"x\"y", "Bearer realm=\"x\",",
        "Bearer realm=\"x\",,service=y", "Bearer realm=\"x\" service=y", "Bearer realm=\"x\",realm=\"y\"", "Bearer service=a,service=b", "Bearer realm=\"a\tb\"", "Bearer realm=\"\xc3\xa9\"",
        "Bearer token68==", "Basic realm=\"x\", Bearer realm=\"y\"", "=x", "\"Bearer\" realm=x", "Bearer realm = x", NULL};
    for (size_t i = 0; fields[i]; i++) {
        struct challenge c;
        ck_assert_msg(!challenge_parse(fields[i], &c), "%s", fields[i]);
        ck_assert_ptr_null(c.realm);
        ck_assert_ptr_null(c.service);
    }
}
END_TEST

START_TEST(a_challenge_has_a_ceiling)
{
    char field[CHALLENGE_VALUE_MAX + 64];
    struct challenge c;
    memset(field, 'x', sizeof field);
    memcpy(field, "Bearer realm=\"", 14);
    strcpy(field + 14 + CHALLENGE_VALUE_MAX, "\"");
    ck_assert(challenge_parse(field, &c));
    ck_assert_uint_eq(strlen(c.realm), CHALLENGE_VALUE_MAX);
    challenge_finish(&c);
    strcpy(field + 14 + CHALLENGE_VALUE_MAX, "x\"");
    ck_assert(!challenge_parse(field, &c));
}
END_TEST

START_TEST(two_names_are_of_one_owner_beneath_one_registered_name)
{
    static const struct { const char *a, *b; bool same; } rows[] = {
        {"registry.one.example", "auth.one.example", true}, {"one.example", "auth.one.example", true}, {"one.example", "one.example", true}, {"a.example", "b.example", false},
        {"one.example", "two.example", false}, {"a.co.uk", "b.co.uk", false}, {"x.a.co.uk", "y.a.co.uk", true}, {"a.github.io", "b.github.io", false}, {"x.a.github.io", "a.github.io", true},
        {"com", "a.com", false}, {"localhost", "localhost", true}, {"a.localhost", "localhost", false}, {"10.0.0.1", "10.0.0.1", true}, {"10.0.0.1", "10.0.0.2", false},
        {"one.example", "one.example.evil.example", false}, {"xone.example", "one.example", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host a, b;
        ck_assert_ptr_null(host_parse(rows[i].a, strlen(rows[i].a), &a));
        ck_assert_ptr_null(host_parse(rows[i].b, strlen(rows[i].b), &b));
        ck_assert_msg(suffix_same_owner(&a, &b) == rows[i].same && suffix_same_owner(&b, &a) == rows[i].same, "%s %s", rows[i].a, rows[i].b);
    }
}
END_TEST

/* ---- Docker's configuration ---- */

static void expect_credential(const char *json, const char *registry, const char *user, const char *password, const char *token, const char *helper)
{
    struct credential c = {0};
    cleanup_free char *found = NULL;
    cordon_error *err = NULL;
    ck_assert_msg(credentials_parse("config.json", json, strlen(json), registry, &c, &found, &err) == 0, "%s: %s", json, err ? cordon_error_message(err) : "");
    ck_assert_pstr_eq(c.user, user);
    ck_assert_pstr_eq(c.password, password);
    ck_assert_pstr_eq(c.identity_token, token);
    ck_assert_pstr_eq(found, helper);
    credential_finish(&c);
}

#define ADA "{\"auth\": \"YWRhOnB3OjE=\"}" /* ada:pw:1 */

START_TEST(credentials_are_those_of_the_very_registry)
{
    expect_credential("{\"auths\": {\"r.example\": " ADA "}}", "r.example", "ada", "pw:1", NULL, NULL);
    expect_credential("{\"auths\": {\"https://R.example/v1/\": " ADA "}}", "r.example", "ada", "pw:1", NULL, NULL);
    expect_credential("{\"auths\": {\"r.example:443\": " ADA "}}", "r.example", "ada", "pw:1", NULL, NULL);
    expect_credential("{\"auths\": {\"r.example:5000\": " ADA "}}", "r.example:5000", "ada", "pw:1", NULL, NULL);
    expect_credential("{\"auths\": {\"http://r.example\": {}, \"r.example\": " ADA "}}", "r.example", "ada", "pw:1", NULL, NULL);
    expect_credential("{\"auths\": {\"r.example\": {\"username\": \"ada\", \"password\": \"x\"}}}", "r.example", "ada", "x", NULL, NULL);
    expect_credential("{\"auths\": {\"r.example\": {\"identitytoken\": \"tok\", \"auth\": \"YTpi\"}}}", "r.example", NULL, NULL, "tok", NULL);
    static const char *const others[] = {"r.example", "example", "xr.example", "r.example.evil", "r.example:80", "r.example:4433", "https://r.example:5001/v1/", "*", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"auths\": {\"%s\": " ADA "}}", others[i]);
        expect_credential(json, "r.example:5000", NULL, NULL, NULL, NULL);
    }
    expect_credential("{}", "r.example", NULL, NULL, NULL, NULL);
    expect_credential("{\"auths\": []}", "r.example", NULL, NULL, NULL, NULL);
    expect_credential("{\"auths\": {\"r.example\": 7}}", "r.example", NULL, NULL, NULL, NULL);
}
END_TEST

START_TEST(a_helper_of_the_registry_goes_before_one_for_all)
{
    expect_credential("{\"credsStore\": \"all\", \"credHelpers\": {\"r.example\": \"mine\"}}", "r.example", NULL, NULL, NULL, "mine");
    expect_credential("{\"credsStore\": \"all\", \"credHelpers\": {\"r.example\": \"mine\"}}", "s.example", NULL, NULL, NULL, "all");
    expect_credential("{\"credsStore\": \"\", \"auths\": {\"r.example\": " ADA "}}", "r.example", "ada", "pw:1", NULL, NULL);
}
END_TEST

START_TEST(credentials_that_could_break_a_line_or_a_path_are_refused)
{
    static const char *const texts[] = {"", "[]", "nonsense", "{\"auths\": {}, \"auths\": {}}", "{\"auths\": {\"r.example\": {\"auth\": \"%%\"}}}", "{\"auths\": {\"r.example\": {\"auth\": \"bm9jb2xvbg==\"}}}",
        "{\"auths\": {\"r.example\": {\"auth\": \"OnB3\"}}}", "{\"auths\": {\"r.example\": {\"auth\": \"YTpiDQpYOiB5\"}}}", "{\"credsStore\": \"../../bin/sh\"}", "{\"credsStore\": \"a b\"}",
        "{\"credHelpers\": {\"r.example\": \"/bin/sh\"}}", NULL};
    for (size_t i = 0; texts[i]; i++) {
        struct credential c = {0};
        cleanup_free char *helper = NULL;
        cordon_error *err = NULL;
        ck_assert_msg(credentials_parse("config.json", texts[i], strlen(texts[i]), "r.example", &c, &helper, &err) == -CORDON_E_BAD_CONFIG, "%s", texts[i]);
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "config.json"));
        ck_assert(!credential_is_there(&c) && !helper);
        cordon_error_free(err);
    }
    struct credential c;
    static const char answer[] = "{\"Username\": \"ada\", \"Secret\": \"a\\r\\nb\"}", colon[] = "{\"Username\": \"a:b\", \"Secret\": \"x\"}", token[] = "{\"Username\": \"<token>\", \"Secret\": \"tok\"}";
    ck_assert(!credentials_parse_answer(answer, strlen(answer), &c) && !credentials_parse_answer(colon, strlen(colon), &c));
    ck_assert(credentials_parse_answer(token, strlen(token), &c));
    ck_assert_str_eq(c.identity_token, "tok");
    credential_finish(&c);
}
END_TEST

/* ---- manifests ---- */

static void written(enum oci_kind kind)
{
    struct buf b;
    uint8_t layer[32], config[32];
    struct oci_promise p;
    char hex[DIGEST_TEXT];
    const struct oci_push what = {.kind = kind, .title = "hello", .version = "1", .description = "\xc3\xa9 \"x\""};
    buf_init(&b, FETCH_MANIFEST_MAX);
    ck_assert(digest_read(HEX64, layer));
    memset(config, 7, sizeof config);
    ck_assert_int_eq(oci_manifest_write(&b, &what, layer, 1234, config, 2, NULL), 0);
    ck_assert_int_eq(oci_manifest_parse(b.data, b.len, OCI_IMAGE_TYPE "; charset=utf-8", "x", &p, NULL), 0);
    digest_write(p.digest, hex);
    ck_assert(!p.is_manifest && p.kind == kind && p.len == 1234);
    ck_assert_str_eq(hex, HEX64);
    buf_finish(&b);
}

START_TEST(a_manifest_that_is_written_is_read_as_it_was_meant)
{
    written(OCI_WASM);
    written(OCI_BUNDLE);
}
END_TEST

START_TEST(a_manifest_that_two_readers_could_read_in_two_ways_is_refused)
{
    static const char both[] = "{\"schemaVersion\": 2, \"layers\": [], \"manifests\": []}", twice[] = "{\"schemaVersion\": 2, \"layers\": [], \"layers\": []}";
    struct oci_promise p;
    cordon_error *err = NULL;
    ck_assert_int_eq(oci_manifest_parse(both, strlen(both), OCI_IMAGE_TYPE, "x", &p, &err), -CORDON_E_BAD_ARTIFACT);
    cordon_error_free(take(err));
    ck_assert_int_eq(oci_manifest_parse(twice, strlen(twice), OCI_IMAGE_TYPE, "x", &p, &err), -CORDON_E_BAD_ARTIFACT);
    cordon_error_free(err);
}
END_TEST

/* ---- URLs ---- */

START_TEST(a_url_is_shown_without_query_and_fragment)
{
    char *shown = NULL;
    ck_assert_int_eq(fetch_url_shown("https://Files.example/a/b.wasm?token=1#sha256=" HEX64, &shown, NULL), 0);
    ck_assert_str_eq(shown, "https://Files.example/a/b.wasm");
    free(shown);
}
END_TEST

START_TEST(a_url_that_is_refused_shows_no_secret_of_it)
{
    static const char *const urls[] = {"https://ada:s3cret@files.example/x", "http://files.example/x?k=s3cret", "https://files.example/ x?s3cret", "https://files.example/x#s3cret", "s3://x?s3cret", NULL};
    for (size_t i = 0; urls[i]; i++) {
        struct web_url u;
        cordon_error *err = NULL;
        ck_assert_int_eq(web_url_parse(urls[i], &u, &err), -CORDON_E_USAGE);
        ck_assert_msg(!strstr(cordon_error_message(err), "s3cret"), "%s", cordon_error_message(err));
        ck_assert_ptr_null(u.text);
        cordon_error_free(err);
    }
}
END_TEST

Suite *suite_fetch_words(void);
Suite *suite_fetch_words(void)
{
    Suite *s = suite_create("fetch_words");
    TCase *t = tcase_create("words");
    tcase_add_test(t, a_challenge_is_read_with_realm_and_service);
    tcase_add_test(t, a_challenge_that_is_not_to_the_letter_is_none);
    tcase_add_test(t, a_challenge_has_a_ceiling);
    tcase_add_test(t, two_names_are_of_one_owner_beneath_one_registered_name);
    tcase_add_test(t, credentials_are_those_of_the_very_registry);
    tcase_add_test(t, a_helper_of_the_registry_goes_before_one_for_all);
    tcase_add_test(t, credentials_that_could_break_a_line_or_a_path_are_refused);
    tcase_add_test(t, a_manifest_that_is_written_is_read_as_it_was_meant);
    tcase_add_test(t, a_manifest_that_two_readers_could_read_in_two_ways_is_refused);
    tcase_add_test(t, a_url_is_shown_without_query_and_fragment);
    tcase_add_test(t, a_url_that_is_refused_shows_no_secret_of_it);
    suite_add_tcase(s, t);
    return s;
}
