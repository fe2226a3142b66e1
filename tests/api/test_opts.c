/* SPDX-License-Identifier: Apache-2.0
 * The options of a host: each is taken within its bounds, refused outside them, and what was refused changes nothing. */
#include "ground.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_opts(void);

static cordon_host_opts *opts;

static void make_opts(void) { ck_assert_ptr_nonnull(opts = cordon_host_opts_new()); }

static void free_opts(void) { cordon_host_opts_free(opts); }

START_TEST(workers_and_sandboxes_have_bounds)
{
    cordon_error *err = NULL;
    static const unsigned workers[] = {0, 1, 64}, sandboxes[] = {16, 1000, 20000}, no_sandboxes[] = {0, 15, 20001, ~0u};
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++)
        expect_ok(cordon_host_opts_set_workers(opts, workers[i], &err), err);
    for (size_t i = 0; i < sizeof sandboxes / sizeof *sandboxes; i++)
        expect_ok(cordon_host_opts_set_sandboxes(opts, sandboxes[i], &err), err);
    expect_error(cordon_host_opts_set_workers(opts, 65, &err), err, CORDON_E_USAGE);
    for (size_t i = 0; i < sizeof no_sandboxes / sizeof *no_sandboxes; i++)
        expect_error(cordon_host_opts_set_sandboxes(opts, no_sandboxes[i], &err), err, CORDON_E_USAGE);
}
END_TEST

START_TEST(a_relative_path_is_refused_by_name)
{
    static int (*const set[])(cordon_host_opts *, const char *, cordon_error **) = {
        cordon_host_opts_set_cache_dir, cordon_host_opts_set_home, cordon_host_opts_set_helper, cordon_host_opts_set_supervisor,
        cordon_host_opts_set_ca_file};
    static const char *const relative[] = {"", "x", "./x", "../x", "~/x"};
    cordon_error *err = NULL;
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
        for (size_t k = 0; k < sizeof relative / sizeof *relative; k++) {
            int rc = set[i](opts, relative[k], &err);
            ck_assert_ptr_nonnull(strstr(cordon_error_message(err), relative[k]));
            expect_error(rc, err, CORDON_E_USAGE);
        }
        expect_ok(set[i](opts, "/nowhere/at/all", &err), err);
        expect_ok(set[i](opts, "/nowhere/else", &err), err);
    }
}
END_TEST

START_TEST(the_bounds_of_a_compilation_are_taken_all_or_none)
{
    cordon_error *err = NULL;
    static const struct { uint64_t memory; unsigned cpu, wall; bool is_good; } rows[] = {
        {0, 0, 0, true}, {64ull << 20, 1, 1, true}, {64ull << 30, 3600, 3600, true}, {1ull << 30, 0, 0, true}, {(64ull << 20) - 1, 1, 1, false},
        {(64ull << 30) + 1, 1, 1, false}, {0, 3601, 1, false}, {0, 1, 3601, false}, {UINT64_MAX, ~0u, ~0u, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int rc = cordon_host_opts_set_compile_bounds(opts, rows[i].memory, rows[i].cpu, rows[i].wall, &err);
        if (rows[i].is_good)
            expect_ok(rc, err);
        else
            expect_error(rc, err, CORDON_E_BAD_LIMIT);
    }
}
END_TEST

START_TEST(the_cache_has_a_least_and_a_most_size)
{
    cordon_error *err = NULL;
    expect_ok(cordon_host_opts_set_cache_max(opts, 16ull << 20, &err), err);
    expect_ok(cordon_host_opts_set_cache_max(opts, 16ull << 40, &err), err);
    expect_error(cordon_host_opts_set_cache_max(opts, (16ull << 20) - 1, &err), err, CORDON_E_USAGE);
    expect_error(cordon_host_opts_set_cache_max(opts, (16ull << 40) + 1, &err), err, CORDON_E_USAGE);
}
END_TEST

START_TEST(what_is_no_range_and_no_proxy_is_refused_with_its_words)
{
    static const char *const ranges[] = {"", "10.0.0.0/33", "10.0.0.256", "example.org", "10.0.0.1/", "fd00::/129"};
    static const char *const proxies[] = {"", "proxy.example:8080", "https://proxy.example:8080", "http://a:b@proxy.example:8080", "http://proxy.example:0",
                                          "http://proxy.example:8080/path"};
    cordon_error *err = NULL;
    char range[32];
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        int rc = cordon_host_opts_allow_private(opts, ranges[i], &err);
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "the range of addresses"));
        expect_error(rc, err, CORDON_E_USAGE);
    }
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        int rc = cordon_host_opts_set_proxy(opts, proxies[i], &err);
        ck_assert_msg(rc < 0, "%s was taken for a proxy", proxies[i]);
        expect_error(rc, err, CORDON_E_USAGE);
    }
    expect_ok(cordon_host_opts_set_proxy(opts, "http://proxy.example:8080", &err), err);
    for (int i = 0; i < 64; i++) {
        snprintf(range, sizeof range, "10.%d.0.0/16", i);
        expect_ok(cordon_host_opts_allow_private(opts, range, &err), err);
    }
    int rc = cordon_host_opts_allow_private(opts, "10.64.0.0/16", &err);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "64"));
    expect_error(rc, err, CORDON_E_USAGE);
}
END_TEST

START_TEST(outside_the_enums_there_is_no_limit_and_no_tier)
{
    cordon_error *err = NULL;
    expect_error(cordon_host_opts_set_ceiling(opts, CORDON_TIER_COUNT, CORDON_LIMIT_FUEL, 1, &err), err, CORDON_E_USAGE);
    expect_error(cordon_host_opts_set_default(opts, CORDON_TIER_LOCAL, CORDON_LIMIT_COUNT, 1, &err), err, CORDON_E_USAGE);
    ck_assert_uint_eq(cordon_host_opts_ceiling(opts, CORDON_TIER_COUNT, CORDON_LIMIT_FUEL), 0);
    ck_assert_uint_eq(cordon_host_opts_default(opts, CORDON_TIER_LOCAL, CORDON_LIMIT_COUNT), 0);
    expect_ok(cordon_host_opts_set_ceiling(opts, CORDON_TIER_VERIFIED, CORDON_LIMIT_WALL_MS, 1000, &err), err);
    expect_ok(cordon_host_opts_set_default(opts, CORDON_TIER_VERIFIED, CORDON_LIMIT_WALL_MS, 900, &err), err);
    ck_assert_uint_eq(cordon_host_opts_ceiling(opts, CORDON_TIER_VERIFIED, CORDON_LIMIT_WALL_MS), 1000);
    ck_assert_uint_eq(cordon_host_opts_default(opts, CORDON_TIER_VERIFIED, CORDON_LIMIT_WALL_MS), 900);
}
END_TEST

/* A file of settings for this test alone; the folder is its own, as settings want it. */
static const char *settings(char path[96], const char *text)
{
    snprintf(path, 96, "/tmp/cordon-test-opts-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    strcat(path, "/config.toml");
    FILE *f = fopen(path, "w");
    ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0);
    return path;
}

static void forget(char path[96])
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

START_TEST(what_a_file_sets_is_taken_and_all_else_stays)
{
    cordon_error *err = NULL;
    char path[96];
    uint64_t value;
    uint64_t memory = cordon_host_opts_default(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_MEMORY_BYTES);
    expect_ok(cordon_host_opts_load(opts, settings(path, "[tiers.untrusted]\ndefault = { fuel = 1000 }\n[policy]\nflags = false\n"), &err), err);
    forget(path);
    ck_assert_uint_eq(cordon_host_opts_default(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL), 1000);
    ck_assert_uint_eq(cordon_host_opts_default(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_MEMORY_BYTES), memory);
    ck_assert(!cordon_host_opts_flags(opts));
    expect_ok(cordon_host_opts_parse_limit(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, "1000", &value, &err), err);
    ck_assert_uint_eq(value, 1000);
    expect_error(cordon_host_opts_parse_limit(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, "1001", &value, &err), err, CORDON_E_BAD_LIMIT);
}
END_TEST

START_TEST(a_file_with_a_mistake_changes_nothing)
{
    static const char *const wrong[] = {"[tiers.untrusted]\ndefault = { fuel = 1000, fule = 1 }\n", "[tiers.untrusted]\ndefault = { fuel = 1000 }\n[", "[cache]\nmax = \"1\"\n"};
    cordon_error *err = NULL;
    char path[96];
    uint64_t fuel = cordon_host_opts_default(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int rc = cordon_host_opts_load(opts, settings(path, wrong[i]), &err);
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "config.toml:"));
        expect_error(rc, err, CORDON_E_BAD_CONFIG);
        forget(path);
    }
    expect_error(cordon_host_opts_load(opts, "/nowhere/config.toml", &err), err, CORDON_E_IO);
    ck_assert_uint_eq(cordon_host_opts_default(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL), fuel);
    ck_assert(cordon_host_opts_flags(opts));
}
END_TEST

Suite *suite_opts(void)
{
    Suite *s = suite_create("opts");
    TCase *tc = tcase_create("opts");
    tcase_add_checked_fixture(tc, make_opts, free_opts);
    tcase_add_test(tc, workers_and_sandboxes_have_bounds);
    tcase_add_test(tc, a_relative_path_is_refused_by_name);
    tcase_add_test(tc, the_bounds_of_a_compilation_are_taken_all_or_none);
    tcase_add_test(tc, the_cache_has_a_least_and_a_most_size);
    tcase_add_test(tc, what_is_no_range_and_no_proxy_is_refused_with_its_words);
    tcase_add_test(tc, outside_the_enums_there_is_no_limit_and_no_tier);
    tcase_add_test(tc, what_a_file_sets_is_taken_and_all_else_stays);
    tcase_add_test(tc, a_file_with_a_mistake_changes_nothing);
    suite_add_tcase(s, tc);
    return s;
}
