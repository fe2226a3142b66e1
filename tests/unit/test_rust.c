/* SPDX-License-Identifier: Apache-2.0
 * Cargo.lock, which is a stranger's: what of it gets to cargo while that has a network. And what is said where there is no Rust. */
#include "author/rust.h"
#include "base/scratch.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_rust(void);

#define CRATES_IO "registry+https://github.com/rust-lang/crates.io-index"
#define HASH "330a5ed07fa54e4702c9d6c4174f74427fc0ef6e214bbd677ae50a5099946470"
#define HEAD "version = 4\n[[package]]\n"
#define NAMED HEAD "name = \"anyhow\"\nversion = \"1.0.104\"\n"

static int check(const char *text, json_t *items, cordon_error **err) { return rust_lock_check("Cargo.lock", text, strlen(text), items, err); }

START_TEST(test_crates_of_crates_io_with_their_hashes_are_taken)
{
    cordon_error *err = NULL;
    json_t *items = json_array();
    ck_assert_int_eq(check(NAMED "source = \"" CRATES_IO "\"\nchecksum = \"" HASH "\"\ndependencies = [\n \"x\",\n]\n"
                           "[[package]]\nname = \"weather\"\nversion = \"0.1.0\"\n", items, &err), 0);
    ck_assert_uint_eq(json_array_size(items), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 0), "name")), "anyhow");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 0), "version")), "1.0.104");
    json_decref(items);
}
END_TEST

START_TEST(test_a_project_that_needs_nothing_has_nothing_to_fetch)
{
    cordon_error *err = NULL;
    json_t *items = json_array();
    ck_assert_int_eq(check("version = 3\n", items, &err), 0);
    ck_assert_uint_eq(json_array_size(items), 0);
    json_decref(items);
}
END_TEST

static const struct { const char *text, *why; } poisoned[] = {
    {NAMED "source = \"git+https://example.com/anyhow#0123\"\n", "does not come from crates.io"},
    {NAMED "source = \"git+https://example.com/anyhow#0123\"\nchecksum = \"" HASH "\"\n", "does not come from crates.io"},
    {NAMED "source = \"registry+https://example.com/index\"\nchecksum = \"" HASH "\"\n", "does not come from crates.io"},
    {NAMED "source = \"sparse+https://example.com/index/\"\nchecksum = \"" HASH "\"\n", "does not come from crates.io"},
    {NAMED "source = \"" CRATES_IO "/\"\nchecksum = \"" HASH "\"\n", "does not come from crates.io"},
    {NAMED "source = \"path+file:///etc\"\nchecksum = \"" HASH "\"\n", "does not come from crates.io"},
    {NAMED "source = 3\nchecksum = \"" HASH "\"\n", "does not come from crates.io"},
    {NAMED "source = \"" CRATES_IO "\"\n", "has no SHA-256"},
    {NAMED "source = \"" CRATES_IO "\"\nchecksum = \"\"\n", "has no SHA-256"},
    {NAMED "source = \"" CRATES_IO "\"\nchecksum = \"<none>\"\n", "has no SHA-256"},
    {NAMED "source = \"" CRATES_IO "\"\nchecksum = \"" HASH "0\"\n", "has no SHA-256"},
    {NAMED "source = \"" CRATES_IO "\"\nchecksum = \"G" HASH "\"\n", "has no SHA-256"},
    {NAMED "source = \"" CRATES_IO "\"\nchecksum = [\"" HASH "\"]\n", "has no SHA-256"},
    {NAMED "checksum = \"" HASH "\"\n", "does not come from crates.io"},
    {NAMED "replace = \"other 1.0.0\"\n", "no such key"},
    {HEAD "name = \"a\\\"\\n[x]\"\nversion = \"1.0.0\"\n", "the name of a crate"},
    {HEAD "name = \"../a\"\nversion = \"1.0.0\"\n", "the name of a crate"},
    {HEAD "name = \"\"\nversion = \"1.0.0\"\n", "the name of a crate"},
    {HEAD "name = \"-a\"\nversion = \"1.0.0\"\n", "the name of a crate"},
    {HEAD "name = \"\\u00e4\"\nversion = \"1.0.0\"\n", "the name of a crate"},
    {HEAD "name = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\nversion = \"1.0.0\"\n", "the name of a crate"},
    {HEAD "version = \"1.0.0\"\n", "the name of a crate"},
    {HEAD "name = \"a\"\n", "no version"},
    {HEAD "name = \"a\"\nversion = \"*\"\n", "no version"},
    {HEAD "name = \"a\"\nversion = \"1, path = '/'\"\n", "no version"},
    {HEAD "name = \"a\"\nversion = 1\n", "no version"},
    {"version = 4\npackage = \"x\"\n", "an array of tables"},
    {"version = 4\npackage = [\"x\"]\n", "a table is expected"},
    {"version = 4\n[[patch.unused]]\nname = \"a\"\nversion = \"1.0.0\"\n", "no such key"},
    {"version = 4\n[metadata]\n\"checksum a\" = \"b\"\n", "no such key"},
    {"version = 5\n", "3 or 4"},
    {"version = \"4\"\n", "3 or 4"},
    {"[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n", "3 or 4"},
    {"version = 4\n[[package]\n", "Cargo.lock:2"},
    {"\xff", "Cargo.lock"},
};

START_TEST(test_a_poisoned_lock_file_is_refused_with_its_place)
{
    cordon_error *err = NULL;
    json_t *items = json_array();
    int rc = check(poisoned[_i].text, items, &err);
    ck_assert_msg(rc == -CORDON_E_BAD_MANIFEST, "%s", poisoned[_i].text);
    ck_assert_msg(strstr(cordon_error_message(err), poisoned[_i].why), "%s", cordon_error_message(err));
    ck_assert_msg(strncmp(cordon_error_message(err), "Cargo.lock:", 11) == 0, "%s", cordon_error_message(err));
    cordon_error_free(err);
    json_decref(items);
}
END_TEST

START_TEST(test_cargo_is_shown_names_versions_and_hashes_and_nothing_else)
{
    cordon_error *err = NULL;
    json_t *items = json_array();
    char *manifest = NULL, *lock = NULL;
    ck_assert_int_eq(check(NAMED "source = \"" CRATES_IO "\"\nchecksum = \"" HASH "\"\n"
                           "[[package]]\nname = \"anyhow\"\nversion = \"0.9.0+old\"\nsource = \"" CRATES_IO "\"\nchecksum = \"" HASH "\"\n"
                           "[[package]]\nname = \"weather\"\nversion = \"0.1.0\"\n", items, &err), 0);
    ck_assert_int_eq(rust_lock_manifest(items, &manifest, &lock, &err), 0);
    ck_assert_ptr_nonnull(strstr(manifest, "\n[workspace]\n"));
    ck_assert_ptr_nonnull(strstr(manifest, "\np0 = { package = \"anyhow\", version = \"=1.0.104\", default-features = false }\n"
                                           "p1 = { package = \"anyhow\", version = \"=0.9.0+old\", default-features = false }\n"));
    ck_assert_ptr_null(strstr(manifest, "weather"));
    json_t *again = json_array();
    ck_assert_int_eq(check(lock, again, &err), 0);
    ck_assert(json_equal(items, again));
    free(manifest);
    free(lock);
    json_decref(items);
    json_decref(again);
}
END_TEST

static int find_in(const char *folder, cordon_error **err)
{
    struct author_build want = {.dir = "/", .tool_folders = folder, .seconds = 60, .log_fd = -1};
    struct build b = {.want = &want, .dir = (char *)"/", .scratch = (char *)folder};
    struct rust found = {0};
    ck_assert_int_eq(hold_begin(&b.hold, NULL), 0);
    int rc = rust_find(&b, &found, err);
    hold_end(&b.hold);
    return rc;
}

START_TEST(test_a_missing_rust_is_named_with_the_command_that_installs_it)
{
    cordon_error *err = NULL;
    char *folder = NULL;
    ck_assert_int_eq(scratch_make("cordon-test", &folder, NULL), 0);
    ck_assert_int_eq(find_in(folder, &err), -CORDON_E_MISSING_TOOL);
    ck_assert_str_eq(cordon_error_hint(err), "apt-get install rustc-web rust-web-src cargo-web lld-14");
    cordon_error_free(err);
    scratch_remove(folder);
}
END_TEST

START_TEST(test_a_rust_that_cannot_compile_for_webassembly_is_told_so)
{
    cordon_error *err = NULL;
    char *folder = NULL, path[256], text[256];
    ck_assert_int_eq(scratch_make("cordon-test", &folder, NULL), 0);
    snprintf(path, sizeof path, "%s/rustc", folder);
    int n = snprintf(text, sizeof text, "#!/bin/sh\necho %s\n", folder);
    ck_assert_int_eq(scratch_write(folder, "rustc", text, (size_t)n, NULL), 0);
    ck_assert_int_eq(chmod(path, 0700), 0);
    ck_assert_int_eq(find_in(folder, &err), -CORDON_E_MISSING_TOOL);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "neither its library for WebAssembly nor the source of it"));
    cordon_error_free(err);
    scratch_remove(folder);
}
END_TEST

Suite *suite_rust(void)
{
    Suite *s = suite_create("rust");
    TCase *t = tcase_create("lock");
    tcase_add_test(t, test_crates_of_crates_io_with_their_hashes_are_taken);
    tcase_add_test(t, test_a_project_that_needs_nothing_has_nothing_to_fetch);
    tcase_add_loop_test(t, test_a_poisoned_lock_file_is_refused_with_its_place, 0, (int)(sizeof poisoned / sizeof *poisoned));
    tcase_add_test(t, test_cargo_is_shown_names_versions_and_hashes_and_nothing_else);
    suite_add_tcase(s, t);
    t = tcase_create("tools");
    tcase_add_test(t, test_a_missing_rust_is_named_with_the_command_that_installs_it);
    tcase_add_test(t, test_a_rust_that_cannot_compile_for_webassembly_is_told_so);
    suite_add_tcase(s, t);
    return s;
}
