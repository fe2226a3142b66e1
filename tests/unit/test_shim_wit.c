/* SPDX-License-Identifier: Apache-2.0
 * The engine crate's WIT work: bindings, components out of core modules, doc comments. */
#include "engine/shim_wit.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_shim_wit(void);

/* (module (func) (export "f" (func 0)) (export "example:docs/deep@1.0.0#g" (func 0))) */
static const uint8_t two_exports[] = {
    0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 33, 2, 1, 'f', 0, 0, 25, 'e', 'x', 'a', 'm', 'p', 'l', 'e', ':', 'd', 'o',
    'c', 's', '/', 'd', 'e', 'e', 'p', '@', '1', '.', '0', '.', '0', '#', 'g', 0, 0, 10, 4, 1, 2, 0, 11,
};
/* (module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))) (memory (export "memory") 1) (func (export "_start"))) */
static const uint8_t command[] = {
    0, 'a', 's', 'm', 1, 0, 0, 0, 1, 8, 2, 0x60, 0, 1, 0x7f, 0x60, 0, 0, 2, 38, 1, 22, 'w', 'a', 's', 'i', '_', 's', 'n', 'a', 'p', 's', 'h', 'o', 't',
    '_', 'p', 'r', 'e', 'v', 'i', 'e', 'w', '1', 11, 's', 'c', 'h', 'e', 'd', '_', 'y', 'i', 'e', 'l', 'd', 0, 0, 3, 2, 1, 1, 5, 3, 1, 0, 1, 7, 19, 2,
    6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0, 6, '_', 's', 't', 'a', 'r', 't', 0, 1, 10, 4, 1, 2, 0, 11,
};
static const char documented[] = "package example:docs@1.0.0;\n"
                                 "/// Of the interface.\n"
                                 "interface deep { /// Of g.\n g: func(); }\n"
                                 "/// Of the world.\n"
                                 "world w { export deep; /// Of f.\n export f: func(); }\n";

static json_t *parsed(struct shim_bytes b)
{
    json_t *j = json_loadb((const char *)b.data, b.len, 0, NULL);
    ck_assert_msg(j, "not JSON: %s", (const char *)b.data);
    shim_bytes_free(b);
    return j;
}

/* One file of WIT as the shim wants its files. */
static char *sources_of(const char *wit)
{
    json_t *j = json_pack("[[s, s, s]]", "", "world.wit", wit);
    char *text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    return text;
}

static int componentize(const char *wit, struct shim_bytes *ret, struct shim_bytes *err)
{
    char *sources = sources_of(wit);
    int rc = shim_wit_componentize(two_exports, sizeof two_exports, (const uint8_t *)sources, strlen(sources), ret, err);
    free(sources);
    return rc;
}

static struct shim_bytes componentized(const char *wit)
{
    struct shim_bytes component = {0}, err = {0};
    int rc = componentize(wit, &component, &err);
    ck_assert_msg(rc == 0, "%s", (const char *)err.data);
    return component;
}

/* `rc` is an error of one line that says `wanted`. */
static void assert_error(int rc, struct shim_bytes err, const char *wanted)
{
    ck_assert_int_eq(rc, -1);
    ck_assert_uint_eq(strlen((const char *)err.data), err.len);
    ck_assert_msg(strstr((const char *)err.data, wanted), "got: %s", (const char *)err.data);
    ck_assert_ptr_null(strchr((const char *)err.data, '\n'));
    shim_bytes_free(err);
}

static int bindings(const char *sources, struct shim_bytes *ret, struct shim_bytes *err)
{
    return shim_wit_bindings_c((const uint8_t *)sources, strlen(sources), ret, err);
}

static void assert_sources_error(const char *sources, const char *wanted)
{
    struct shim_bytes ret = {0}, err = {0};
    assert_error(bindings(sources, &ret, &err), err, wanted);
    ck_assert_ptr_null(ret.data);
}

static void assert_wit_error(const char *wit, const char *wanted)
{
    char *sources = sources_of(wit);
    assert_sources_error(sources, wanted);
    free(sources);
}

START_TEST(bindings_define_the_symbol_they_refer_to)
{
    struct shim_bytes ret = {0};
    char *sources = sources_of("package a:b@1.2.3; world my-world { export f: func(s: string); }");
    ck_assert_int_eq(bindings(sources, &ret, NULL), 0);
    free(sources);
    json_t *j = parsed(ret), *files = json_object_get(j, "files");
    ck_assert_str_eq(json_string_value(json_object_get(j, "world")), "a:b/my-world@1.2.3");
    ck_assert_uint_eq(json_object_size(files), 2);
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(files, "my_world.h")), "exports_my_world_f("));
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(files, "my_world.c")), "\nvoid __component_type_object_force_link_my_world(void) {}"));
    json_decref(j);
}
END_TEST

START_TEST(errors_of_wit_are_one_line_with_their_place)
{
    assert_wit_error("package a:b;\nworld w { export f: func(x: nope); }", "world.wit:2:29: name `nope` does not exist");
    assert_wit_error("package a:b;\n\nworld {}", "world.wit:3:7: ");
    assert_wit_error("", "no `package` header");
}
END_TEST

START_TEST(the_main_package_has_exactly_one_world)
{
    assert_wit_error("package a:b; world w {} world x {}", "the package a:b has 2 worlds, leave one: w, x");
    assert_wit_error("package a:b; interface i {}", "the package a:b has no world");
}
END_TEST

START_TEST(a_list_of_files_that_is_none_is_refused)
{
    assert_sources_error("", "the list of WIT files is malformed");
    assert_sources_error("[[\"\", 1]]", "the list of WIT files is malformed");
    assert_sources_error("[]", "no WIT given");
    assert_sources_error("[[\"dep\", \"d.wit\", \"package c:d;\"]]", "no WIT given");
    assert_sources_error("[[\"\", \"w.wit\", \"package a:b; \xff\"]]", "the list of WIT files is malformed");
}
END_TEST

static char *four_files(const char *dependency)
{
    json_t *j = json_pack("[[s,s,s],[s,s,s],[s,s,s],[s,s,s]]", "", "world.wit", "package a:b; world w { import c:d/i; import j; }", "d", "d/two.wit",
                          "interface k { type t = u8; }", "", "more.wit", "interface j { f: func(); }", "d", "d/one.wit", dependency);
    char *text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    return text;
}

START_TEST(packages_are_put_together_of_several_files)
{
    struct shim_bytes ret = {0}, err = {0};
    char *sources = four_files("package c:d; interface i { use k.{t}; g: func() -> t; }");
    ck_assert_msg(bindings(sources, &ret, &err) == 0, "%s", (const char *)err.data);
    ck_assert_ptr_nonnull(strstr((const char *)ret.data, "c_d_i_g("));
    shim_bytes_free(ret);
    free(sources);
}
END_TEST

START_TEST(an_error_in_a_dependency_is_told_with_its_place)
{
    char *sources = four_files("package c:d; interface i { use missing:pkg/i.{t}; }");
    assert_sources_error(sources, "d/one.wit:1:");
    free(sources);
    sources = four_files("package c:d;\ninterface i { g: func( }");
    assert_sources_error(sources, "d/one.wit:2:");
    free(sources);
}
END_TEST

START_TEST(doc_comments_survive_in_the_component)
{
    struct shim_bytes component = componentized(documented), docs = {0}, text = {0};
    ck_assert_int_eq(shim_wit_describe(component.data, component.len, &docs, NULL), 0);
    ck_assert_int_eq(shim_wit_print(component.data, component.len, &text, NULL), 0);
    json_t *got = parsed(docs);
    json_t *wanted = json_pack("{s:{s:{s:s}, s:{s:s}}, s:[], s:s}", "functions", "f", "docs", "Of f.", "example:docs/deep@1.0.0#g", "docs", "Of g.",
                               "imports", "world_docs", "Of the world.");
    ck_assert(json_equal(got, wanted));
    ck_assert_ptr_nonnull(strstr((const char *)text.data, "/// Of the interface."));
    json_decref(got);
    json_decref(wanted);
    shim_bytes_free(text);
    shim_bytes_free(component);
}
END_TEST

START_TEST(a_doc_comment_over_4_KiB_is_cut_between_characters)
{
    enum { UNITS = 3000 };
    char *wit = malloc(sizeof documented + UNITS * 2), *end;
    end = strcpy(wit, "package example:docs@1.0.0; interface deep { g: func(); } world w { export deep; /// x") + strlen(wit);
    for (int i = 0; i < UNITS; i++)
        end = stpcpy(end, "\xc3\xa4");
    strcpy(end, "\n export f: func(); }");
    struct shim_bytes component = componentized(wit), docs = {0};
    ck_assert_int_eq(shim_wit_describe(component.data, component.len, &docs, NULL), 0);
    json_t *j = parsed(docs);
    const char *text = json_string_value(json_object_get(json_object_get(json_object_get(j, "functions"), "f"), "docs"));
    ck_assert_uint_eq(strlen(text), 4095);
    json_decref(j);
    shim_bytes_free(component);
    free(wit);
}
END_TEST

START_TEST(a_module_that_lacks_an_export_of_its_world_is_refused_by_name)
{
    struct shim_bytes ret = {0}, err = {0};
    assert_error(componentize("package a:b; world w { export missing: func(); }", &ret, &err), err, "`missing`");
}
END_TEST

START_TEST(a_preview_1_module_becomes_a_command)
{
    struct shim_bytes component = {0}, err = {0}, text = {0};
    ck_assert_msg(shim_wit_command(command, sizeof command, &component, &err) == 0, "%s", (const char *)err.data);
    ck_assert_int_eq(shim_wit_print(component.data, component.len, &text, NULL), 0);
    ck_assert_ptr_nonnull(strstr((const char *)text.data, "export wasi:cli/run@0.2"));
    shim_bytes_free(text);
    shim_bytes_free(component);
}
END_TEST

START_TEST(imports_and_exports_of_a_core_module_are_listed)
{
    struct shim_bytes ret = {0};
    ck_assert_int_eq(shim_wit_core_info(command, sizeof command, &ret, NULL), 0);
    ck_assert_str_eq((const char *)ret.data, "{\"exports\":[[\"memory\",\"memory\"],[\"_start\",\"func\"]],"
                                             "\"imports\":[[\"wasi_snapshot_preview1\",\"sched_yield\",\"func\"]]}");
    shim_bytes_free(ret);
}
END_TEST

/* Every prefix is either refused with a text or was complete; -2 would be a panic. */
START_TEST(truncated_input_is_an_error_and_never_a_panic)
{
    struct shim_bytes component = componentized(documented);
    for (size_t len = 0; len < component.len; len++) {
        struct shim_bytes ret = {0}, err = {0};
        ck_assert_int_ge(shim_wit_describe(component.data, len, &ret, &err), -1);
        shim_bytes_free(ret);
        shim_bytes_free(err);
    }
    for (size_t len = 0; len < sizeof command; len++) {
        struct shim_bytes info = {0}, made = {0}, no_info = {0}, not_made = {0};
        ck_assert_int_ge(shim_wit_core_info(command, len, &info, &no_info), -1);
        ck_assert_int_eq(shim_wit_command(command, len, &made, &not_made), -1);
        shim_bytes_free(info);
        shim_bytes_free(no_info);
        shim_bytes_free(not_made);
    }
    shim_bytes_free(component);
}
END_TEST

START_TEST(components_and_modules_are_told_apart)
{
    struct shim_bytes component = componentized(documented), ret = {0}, err = {0};
    assert_error(shim_wit_describe(two_exports, sizeof two_exports, &ret, &err), err, "not a WebAssembly component");
    assert_error(shim_wit_core_info(component.data, component.len, &ret, &err), err, "not a core WebAssembly module");
    assert_error(shim_wit_command(component.data, component.len, &ret, &err), err, "not a core WebAssembly module");
    assert_error(shim_wit_print(NULL, 0, &ret, &err), err, "not a WebAssembly component");
    ck_assert_ptr_null(ret.data);
    shim_bytes_free(component);
}
END_TEST

Suite *suite_shim_wit(void)
{
    Suite *s = suite_create("shim_wit");
    TCase *t = tcase_create("shim_wit");
    tcase_add_test(t, bindings_define_the_symbol_they_refer_to);
    tcase_add_test(t, errors_of_wit_are_one_line_with_their_place);
    tcase_add_test(t, the_main_package_has_exactly_one_world);
    tcase_add_test(t, a_list_of_files_that_is_none_is_refused);
    tcase_add_test(t, packages_are_put_together_of_several_files);
    tcase_add_test(t, an_error_in_a_dependency_is_told_with_its_place);
    tcase_add_test(t, doc_comments_survive_in_the_component);
    tcase_add_test(t, a_doc_comment_over_4_KiB_is_cut_between_characters);
    tcase_add_test(t, a_module_that_lacks_an_export_of_its_world_is_refused_by_name);
    tcase_add_test(t, a_preview_1_module_becomes_a_command);
    tcase_add_test(t, imports_and_exports_of_a_core_module_are_listed);
    tcase_add_test(t, truncated_input_is_an_error_and_never_a_panic);
    tcase_add_test(t, components_and_modules_are_told_apart);
    suite_add_tcase(s, t);
    return s;
}
