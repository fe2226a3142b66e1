/* SPDX-License-Identifier: Apache-2.0
 * Building C skills, as far as it takes a made-up toolchain or a made-up helper; what people see of it is in tests/cli/test_build.py. */
#include "author/bindings.h"
#include "author/build.h"
#include "author/core_imports.h"
#include "author/lang.h"
#include "author/output.h"
#include "base/scratch.h"
#include "author/sources.h"
#include "author/toolchain.h"
#include "author/wit_files.h"
#include "code/code.h"
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_author(void);

static char folder[64];   /* of this test alone: each test is a process */

static void make_folder(void)
{
    strcpy(folder, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    scratch_remove(strdup(folder));
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    fchmod(fd, mode);
    close(fd);
}

static void assert_error(int rc, cordon_error *const *err, enum cordon_errc code, const char *message)
{
    ck_assert_ptr_nonnull(*err);
    ck_assert_msg(rc == -(int)code, "got %d: %s", -rc, cordon_error_message(*err));
    ck_assert_msg(strstr(cordon_error_message(*err), message), "got: %s", cordon_error_message(*err));
}

/* Builds a skill of one file, with what is in `folder` for a toolchain. */
static int build_with_folder(cordon_error **err)
{
    struct author_built built = {.fd = -1};
    put("skill.c", "#include \"skill_plugin.h\"\n", 0600);
    struct author_build b = {.dir = folder, .helper_path = TEST_HELPER, .log_fd = -1, .tool_folders = folder, .no_sandbox = true, .seconds = 60};
    int rc = author_build(&b, &built, err);
    ck_assert_int_eq(built.fd, -1);
    return rc;
}

/* ---- the toolchain ---- */

START_TEST(without_clang_the_packages_are_named)
{
    cordon_error *err = NULL;
    assert_error(build_with_folder(&err), &err, CORDON_E_MISSING_TOOL, "clang is not installed (Debian package clang-14)");
    ck_assert_str_eq(cordon_error_hint(err), "apt-get install clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32");
    cordon_error_free(err);
}
END_TEST

START_TEST(what_is_no_program_is_not_taken_for_clang)
{
    cordon_error *err = NULL;
    put("clang-14", "#!/bin/sh\nexit 0\n", 0600);
    mkdir(in_folder("clang"), 0700);
    assert_error(build_with_folder(&err), &err, CORDON_E_MISSING_TOOL, "clang is not installed");
    cordon_error_free(err);
}
END_TEST

/* A clang that always fails, and says what it would link when it is asked. */
static void put_clang(const char *name, const char *link_line)
{
    char text[1024];
    snprintf(text, sizeof text, "#!/bin/sh\nfor word; do [ \"$word\" = '-###' ] && { echo ' \"/usr/lib/clang\" \"-cc1\"' >&2; echo ' %s' >&2; exit 0; }; done\nexit 1\n",
             link_line);
    put(name, text, 0700);
}

static void assert_missing(const char *clang, const char *link_line, const char *message)
{
    cordon_error *err = NULL;
    put_clang(clang, link_line);
    assert_error(build_with_folder(&err), &err, CORDON_E_MISSING_TOOL, message);
    cordon_error_free(err);
    unlink(in_folder(clang));
}

START_TEST(a_missing_part_of_the_toolchain_is_named_with_its_package)
{
    assert_missing("clang-14", "\"wasm-ld\" \"crt1-reactor.o\"", "wasm-ld is not installed (Debian package lld-14)");
    assert_missing("clang-17", "\"/usr/bin/wasm-ld\" \"crt1-reactor.o\"", "(Debian package wasi-libc)");
    assert_missing("clang-16", "\"/usr/bin/wasm-ld\" \"/usr/lib/wasm32-wasi/crt1-reactor.o\" \"-lc\" \"/nowhere/libclang_rt.builtins-wasm32.a\"",
                   "(Debian package libclang-rt-16-dev-wasm32)");
}
END_TEST

START_TEST(a_whole_toolchain_that_fails_is_a_failed_build)
{
    cordon_error *err = NULL;
    put_clang("clang-14", "\"/usr/bin/wasm-ld\" \"/usr/lib/wasm32-wasi/crt1-reactor.o\"");
    assert_error(build_with_folder(&err), &err, CORDON_E_BUILD_FAILED, "ended with status 1");
    cordon_error_free(err);
}
END_TEST

START_TEST(a_toolchain_that_dies_of_a_signal_is_a_failed_build)
{
    cordon_error *err = NULL;
    put("clang-14", "#!/bin/sh\nkill -SEGV $$\n", 0700);
    assert_error(build_with_folder(&err), &err, CORDON_E_BUILD_FAILED, "ended with the signal SIGSEGV");
    cordon_error_free(err);
}
END_TEST

START_TEST(a_toolchain_that_makes_nothing_is_an_error)
{
    cordon_error *err = NULL;
    put("clang-14", "#!/bin/sh\nexit 0\n", 0700);
    assert_error(build_with_folder(&err), &err, CORDON_E_IO, "cannot read");
    cordon_error_free(err);
}
END_TEST

/* Runs a line of sh in the folder. */
static int sh(const char *line)
{
    char command[512];
    snprintf(command, sizeof command, "cd %s && %s", folder, line);
    return system(command);
}

START_TEST(the_toolchain_inherits_nothing)
{
    char script[256];
    snprintf(script, sizeof script, "#!/bin/sh\n{ env; ls -l /proc/$$/fd; } > %s/seen\nexit 1\n", folder);
    put("clang-14", script, 0700);
    put("secret", "", 0600);
    setenv("CPATH", "/secret", 1);
    int fd = open(in_folder("secret"), O_RDONLY);   /* not close-on-exec */
    ck_assert_int_lt(build_with_folder(NULL), 0);
    close(fd);
    ck_assert_int_eq(sh("grep -q PATH= seen && ! grep secret seen"), 0);
}
END_TEST

/* ---- languages ---- */

/* src/bundle/path.c: names that begin with a dot, target, node_modules. */
START_TEST(what_is_fetched_for_a_project_is_left_out_of_bundles)
{
    const struct lang *l;
    for (size_t i = 0; (l = lang_at(i)); i++) {
        ck_assert(!l->packages || l->packages[0] == '.' || !strcmp(l->packages, "node_modules"));
        ck_assert(!l->packages == !l->fetch && !l->packages == !l->locks && !l->packages == !l->check);
        ck_assert_ptr_eq(lang_named(l->name), l);
    }
}
END_TEST

/* ---- what the helper says ---- */

static void assert_not_believed(const char *meta)
{
    cordon_error *err = NULL;
    struct bindings b = {0};
    int rc = bindings_take(meta, folder, &b, &err);
    assert_error(rc, &err, CORDON_E_HOST_BUG, "the helper made bindings");
    cordon_error_free(err);
}

START_TEST(a_helper_that_was_taken_over_writes_nowhere_else)
{
    char deep[128];
    snprintf(deep, sizeof deep, "{\"world\": \"w\", \"files\": {\"../%s.x.h\": \"\"}}", strrchr(folder, '/') + 1);
    assert_not_believed(deep);
    assert_not_believed("{\"world\": \"w\", \"files\": {\"/tmp/x.h\": \"\", \"x.c\": \"\"}}");
    assert_not_believed("{\"world\": \"w\", \"files\": {\".h\": \"\", \"x.c\": \"\"}}");
    assert_not_believed("{\"world\": \"w\", \"files\": {\"x.so\": \"\"}}");
    assert_not_believed("{\"world\": \"w\", \"files\": {\"a.h\": \"\", \"b.h\": \"\", \"c.c\": \"\"}}");
    assert_not_believed("{\"world\": \"w\", \"files\": {\"a.h\": 3}}");
    assert_not_believed("{\"world\": \"w\", \"files\": {}}");
    assert_not_believed("{\"world\": 1}");
    assert_not_believed("nonsense");
}
END_TEST

START_TEST(sound_bindings_are_written)
{
    cordon_error *err = NULL;
    struct bindings b;
    ck_assert_int_eq(bindings_take("{\"world\": \"a:b/w\", \"files\": {\"w.h\": \"h\", \"w.c\": \"c\"}}", folder, &b, &err), 0);
    ck_assert_str_eq(b.world, "a:b/w");
    ck_assert_str_eq(b.header, "w.h");
    struct stat st;
    ck_assert_int_eq(stat(in_folder("w.c"), &st), 0);
    ck_assert_int_eq(st.st_size, 1);
    bindings_finish(&b);
}
END_TEST

/* ---- ceilings ---- */

START_TEST(too_many_sources_are_refused)
{
    cordon_error *err = NULL;
    struct sources s;
    for (int i = 0; i <= SOURCES_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.c", i);
        put(name, "", 0600);
    }
    assert_error(sources_list(folder, &s, &err), &err, CORDON_E_TOO_LARGE, "257 C sources (ceiling 256)");
    cordon_error_free(err);
    unlink(in_folder("7.c"));
    ck_assert_int_eq(sources_list(folder, &s, NULL), 0);
    ck_assert_uint_eq(s.n, SOURCES_MAX);
    sources_finish(&s);
}
END_TEST

START_TEST(too_much_wit_is_refused)
{
    cordon_error *err = NULL;
    struct wit_files w;
    mkdir(in_folder("wit"), 0700);
    char *big = calloc(WIT_BYTES_MAX + 2, 1);
    memset(big, ' ', WIT_BYTES_MAX);
    put("wit/a.wit", big, 0600);
    ck_assert_int_eq(wit_files_read(folder, &w, NULL), 0);
    ck_assert(w.is_own);
    free(w.json);
    put("wit/b.wit", " ", 0600);
    assert_error(wit_files_read(folder, &w, &err), &err, CORDON_E_TOO_LARGE, "more than 1048576 bytes");
    cordon_error_free(err);
    free(big);
}
END_TEST

START_TEST(too_many_files_of_wit_are_refused)
{
    cordon_error *err = NULL;
    struct wit_files w;
    mkdir(in_folder("wit"), 0700);
    mkdir(in_folder("wit/deps"), 0700);
    for (int i = 0; i < WIT_FILES_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "wit/%d.wit", i);
        put(name, "", 0600);
    }
    ck_assert_int_eq(wit_files_read(folder, &w, NULL), 0);
    free(w.json);
    put("wit/deps/d.wit", "", 0600);
    assert_error(wit_files_read(folder, &w, &err), &err, CORDON_E_TOO_LARGE, "more than 256 files");
    cordon_error_free(err);
}
END_TEST

/* ---- the output ---- */

START_TEST(an_output_that_cannot_be_written_whole_leaves_what_was_there)
{
    cordon_error *err = NULL;
    put("out.wasm", "old", 0600);
    put("new", "new", 0600);
    int fd = open(in_folder("new"), O_RDONLY | O_CLOEXEC);
    char out[256];
    snprintf(out, sizeof out, "%s", in_folder("out.wasm"));
    assert_error(output_write(out, fd, 10, &err), &err, CORDON_E_IO, "cannot write");   /* 3 bytes are there */
    cordon_error_free(err);
    struct stat st;
    ck_assert_int_eq(stat(out, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(output_write(out, fd, 3, NULL), 0);
    ck_assert_int_eq(stat(out, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0644);
    close(fd);
    ck_assert_int_eq(sh("[ \"$(ls | wc -l)\" = 2 ]"), 0);   /* no temporary file is left */
}
END_TEST

/* ---- the helper's path ---- */

START_TEST(a_helper_that_is_given_must_be_there)
{
    cordon_error *err = NULL;
    char *path = NULL;
    assert_error(helper_find("cordon-helper", &path, &err), &err, CORDON_E_USAGE, "not absolute");
    cordon_error_free(err);
    err = NULL;
    assert_error(helper_find("/nowhere/cordon-helper", &path, &err), &err, CORDON_E_MISSING_TOOL, "/nowhere/cordon-helper");
    cordon_error_free(err);
    ck_assert_ptr_null(path);
    ck_assert_int_eq(helper_find(TEST_HELPER, &path, NULL), 0);
    ck_assert_str_eq(path, TEST_HELPER);
    free(path);
}
END_TEST

/* A type section, then functions `log` and `get_env` of blufio and `f` of w. */
static const uint8_t module_bytes[] =
    "\0asm\1\0\0\0" "\1\4\1\x60\0\0" "\2\x26\3" "\6blufio\3log\0\0" "\6blufio\7get_env\0\x80\0" "\1w\1f\0\0";
enum { MODULE_LEN = sizeof module_bytes - 1 };

START_TEST(modules_that_are_imported_from_are_listed_once)
{
    json_t *list = core_imports(module_bytes, MODULE_LEN);
    ck_assert_ptr_nonnull(list);
    ck_assert_uint_eq(json_array_size(list), 2);
    ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "blufio");
    ck_assert_str_eq(json_string_value(json_array_get(list, 1)), "w");
    json_decref(list);
}
END_TEST

/* In memory of their own size, so that a sanitizer sees a step too far. */
START_TEST(a_module_that_is_cut_off_is_none)
{
    for (size_t len = 0; len < MODULE_LEN; len++) {
        uint8_t *copy = malloc(len + !len);
        memcpy(copy, module_bytes, len);
        json_t *list = core_imports(copy, len);
        ck_assert(len == 8 || len == 14 ? list && json_array_size(list) == 0 : !list);
        json_decref(list);
        free(copy);
    }
}
END_TEST

START_TEST(lengths_of_a_module_that_lead_out_of_it_are_refused)
{
    uint8_t copy[MODULE_LEN];
    for (size_t at = 8; at < MODULE_LEN; at++) {
        memcpy(copy, module_bytes, MODULE_LEN);
        copy[at] = 0xff;
        json_decref(core_imports(copy, MODULE_LEN));
    }
    memcpy(copy, module_bytes, MODULE_LEN);
    copy[17] = 0x7f;
    ck_assert_ptr_null(core_imports(copy, MODULE_LEN));
}
END_TEST

Suite *suite_author(void)
{
    Suite *s = suite_create("author");
    TCase *t = tcase_create("author");
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, without_clang_the_packages_are_named);
    tcase_add_test(t, what_is_no_program_is_not_taken_for_clang);
    tcase_add_test(t, a_missing_part_of_the_toolchain_is_named_with_its_package);
    tcase_add_test(t, a_whole_toolchain_that_fails_is_a_failed_build);
    tcase_add_test(t, a_toolchain_that_dies_of_a_signal_is_a_failed_build);
    tcase_add_test(t, a_toolchain_that_makes_nothing_is_an_error);
    tcase_add_test(t, the_toolchain_inherits_nothing);
    tcase_add_test(t, what_is_fetched_for_a_project_is_left_out_of_bundles);
    tcase_add_test(t, a_helper_that_was_taken_over_writes_nowhere_else);
    tcase_add_test(t, sound_bindings_are_written);
    tcase_add_test(t, too_many_sources_are_refused);
    tcase_add_test(t, too_much_wit_is_refused);
    tcase_add_test(t, too_many_files_of_wit_are_refused);
    tcase_add_test(t, an_output_that_cannot_be_written_whole_leaves_what_was_there);
    tcase_add_test(t, a_helper_that_is_given_must_be_there);
    tcase_add_test(t, modules_that_are_imported_from_are_listed_once);
    tcase_add_test(t, a_module_that_is_cut_off_is_none);
    tcase_add_test(t, lengths_of_a_module_that_lead_out_of_it_are_refused);
    suite_add_tcase(s, t);
    return s;
}
