/* SPDX-License-Identifier: Apache-2.0
 * What stands behind modules of the blufio ABI: components made of them, whatever they are; the words of denials; JSON on its way in; pieces of text. */
#include "base/text.h"
#include "engine/compile.h"
#include "engine/shim_wit.h"
#include "engine/values.h"
#include "host/blufio_words.h"
#include "host/fns.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <wasmtime.h>

/* ---- components ---- */

static const char whole[] =
    "(module (import \"blufio\" \"log\" (func (param i32 i32 i32))) (import \"blufio\" \"get_input\" (func (param i32))) (import \"blufio\" \"get_input_len\" (func (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32))) (memory (export \"memory\") 1 4) (table (export \"t\") 1 funcref) (global (export \"g\") i32 (i32.const 7))"
    " (func $start) (start $start) (func (export \"run\")) (data (i32.const 8) \"text\") (elem (i32.const 0) $start))";

static wasm_byte_vec_t assemble(const char *text)
{
    wasm_byte_vec_t wasm;
    ck_assert_ptr_null(wasmtime_wat2wasm(text, strlen(text), &wasm));
    return wasm;
}

static char *wit_of(const char *text)
{
    wasm_byte_vec_t wasm = assemble(text);
    struct shim_bytes made = {0}, why = {0}, wit = {0};
    ck_assert_msg(shim_wit_blufio((const uint8_t *)wasm.data, wasm.size, &made, &why) == 0, "%s", (const char *)why.data);
    ck_assert_int_eq(shim_wit_print(made.data, made.len, &wit, NULL), 0);
    char *copy = strdup((const char *)wit.data);
    shim_bytes_free(wit);
    shim_bytes_free(made);
    wasm_byte_vec_delete(&wasm);
    return copy;
}

START_TEST(a_module_imports_no_more_than_it_uses)
{
    char *wit = wit_of(whole);
    ck_assert_ptr_nonnull(strstr(wit, "import cordon:blufio/host@0.1.0"));
    ck_assert_ptr_nonnull(strstr(wit, "export run: func();"));
    ck_assert_ptr_nonnull(strstr(wit, "input-length: func() -> s32;"));
    ck_assert_ptr_null(strstr(wit, "http-request"));
    ck_assert_ptr_null(strstr(wit, "read-file"));
    free(wit);
    wit = wit_of("(module (func (export \"run\")))");
    ck_assert_ptr_null(strstr(wit, "import"));
    free(wit);
}
END_TEST

START_TEST(a_module_is_refused_with_what_is_wrong)
{
    static const struct { const char *text, *words; } refused[] = {
        {"(module)", "skill has no 'run' export"},
        {"(module (memory (export \"run\") 1))", "of another type, no function"},
        {"(module (func (export \"run\") (param i32) (result i64) (i64.const 0)))", "of another type, (i32) -> (i64)"},
        {"(module (import \"blufio\" \"log\" (func (param i32 i32 i32))) (func (export \"run\")))", "skill has no 'memory' export"},
        {"(module (import \"blufio\" \"log\" (func (param i32))) (memory (export \"memory\") 1) (func (export \"run\")))", "(i32) -> () instead of (i32, i32, i32) -> ()"},
        {"(module (import \"blufio\" \"memory\" (memory 1)) (export \"memory\" (memory 0)) (func (export \"run\")))", "does not exist"},
        {"(module (import \"x\" \"y\" (func)) (func (export \"run\")))", "x#y, which Cordon does not offer"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        wasm_byte_vec_t wasm = assemble(refused[i].text);
        struct shim_bytes made = {0}, why = {0};
        ck_assert_int_eq(shim_wit_blufio((const uint8_t *)wasm.data, wasm.size, &made, &why), -1);
        ck_assert_msg(strstr((const char *)why.data, refused[i].words) != NULL, "%s", (const char *)why.data);
        shim_bytes_free(why);
        wasm_byte_vec_delete(&wasm);
    }
}
END_TEST

/* -2 would be a panic. */
START_TEST(damaged_modules_are_errors_and_never_a_panic)
{
    wasm_byte_vec_t wasm = assemble(whole);
    uint8_t *bytes = malloc(wasm.size);
    for (size_t i = 0; i < 2 * wasm.size; i++) {
        struct shim_bytes made = {0}, why = {0};
        size_t len = i < wasm.size ? i : wasm.size;
        memcpy(bytes, wasm.data, wasm.size);
        if (i >= wasm.size)
            bytes[i - wasm.size] ^= (uint8_t)(1 + i % 255);
        int rc = shim_wit_blufio(bytes, len, &made, &why);
        ck_assert_msg(rc >= -1, "%zu: %s", i, (const char *)why.data);
        shim_bytes_free(made);
        shim_bytes_free(why);
    }
    free(bytes);
    wasm_byte_vec_delete(&wasm);
}
END_TEST

START_TEST(the_helper_tells_its_kind)
{
    static const struct { const char *text, *kind; } modules[] = {
        {whole, "\"kind\":\"blufio\""},
        {"(module (func (export \"run\")))", "\"kind\":\"blufio\""},
        {"(module (memory (export \"memory\") 1) (func (export \"run\")) (func (export \"_start\")))", "\"kind\":\"command\""},
        {"(module (import \"blufio\" \"get_input_len\" (func (result i32))) (memory (export \"memory\") 1) (func (export \"run\")) (func (export \"_start\")))", "\"kind\":\"blufio\""},
    };
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        struct buf meta, code;
        cordon_error *err = NULL;
        buf_init(&meta, 1 << 20);
        buf_init(&code, 64 << 20);
        ck_assert_msg(compile(CORDON_TIER_UNTRUSTED, (const uint8_t *)modules[i].text, strlen(modules[i].text), &meta, &code, &err) == 0, "%s", cordon_error_message(err));
        ck_assert_ptr_nonnull(strstr(meta.data, modules[i].kind));
        buf_finish(&meta);
        buf_finish(&code);
    }
}
END_TEST

/* ---- words ---- */

static char *words(const struct host_fn *fn, const char *const *grants, const char *wanted, enum denial why)
{
    struct grants *g = grants_new();
    struct buf b;
    const struct grant_source source = {.cwd = "/", .home = "/home/u"};
    for (; grants && *grants; grants++) {
        struct grant one;
        ck_assert_int_eq(grant_parse(*grants, &source, &one, NULL), 0);
        ck_assert_int_eq(grants_add(&g, &one, NULL), 0);
    }
    buf_init(&b, 4096);
    blufio_denied_words(&b, fn, g, (struct host_str){wanted, strlen(wanted)}, why);
    grants_unref(g);
    return buf_take(&b, NULL);
}

START_TEST(denials_are_in_the_formats_words)
{
    static const char *const some[] = {"net=api.x.com", "net=*.y.org", "read=/data", "write=/tmp/out::/out", NULL}, *const env[] = {"env=HOME", NULL};
    static const struct { const struct host_fn *fn; const char *const *grants; const char *wanted; enum denial why; const char *words; } denials[] = {
        {&blufio_http_request, env, "https://a.com/x", DENIAL_NOT_GRANTED, "capability not permitted: skill lacks network permission"},
        {&blufio_read_file, env, "/x", DENIAL_NOT_GRANTED, "capability not permitted: skill lacks filesystem read permission"},
        {&blufio_write_file, env, "/x", DENIAL_NOT_GRANTED, "capability not permitted: skill lacks filesystem write permission"},
        {&blufio_http_request, some, "https://u:p@Evil.com:8443/x@y?z", DENIAL_NOT_GRANTED,
         "capability not permitted: domain 'Evil.com' not in allowed list [\"api.x.com\", \"*.y.org\"]"},
        {&blufio_http_request, some, "http://[::1]:80/", DENIAL_NOT_GRANTED, "capability not permitted: domain '[::1]' not in allowed list [\"api.x.com\", \"*.y.org\"]"},
        {&blufio_http_request, some, "nonsense", DENIAL_NOT_GRANTED, "capability not permitted: domain 'nonsense' not in allowed list [\"api.x.com\", \"*.y.org\"]"},
        {&blufio_read_file, some, "/database", DENIAL_NOT_GRANTED, "capability not permitted: path '/database' not within allowed read paths [\"/data\"]"},
        {&blufio_write_file, some, "/data/x", DENIAL_NOT_GRANTED, "capability not permitted: path '/data/x' not within allowed write paths [\"/out\"]"},
        {&blufio_http_request, some, "https://api.x.com", DENIAL_PRIVATE_ADDRESS, "SSRF blocked: 'api.x.com' leads to an address that is not on the open internet"},
    };
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++) {
        char *said = words(denials[i].fn, denials[i].grants, denials[i].wanted, denials[i].why);
        ck_assert_str_eq(said, denials[i].words);
        free(said);
    }
}
END_TEST

START_TEST(words_of_a_denial_have_bounds)
{
    const char *grants[401] = {0};
    char text[400][300], *wanted = calloc(1, 100001);
    for (int i = 0; i < 400; i++) {
        snprintf(text[i], sizeof text[i], "read=/%0200d", i);
        grants[i] = text[i];
    }
    memset(wanted, 'x', 100000);
    char *said = words(&blufio_read_file, grants, wanted, DENIAL_NOT_GRANTED);
    ck_assert_uint_lt(strlen(said), 3000);
    ck_assert_ptr_nonnull(strstr(said, ", …]"));
    free(said);
    free(wanted);
}
END_TEST

/* ---- JSON ---- */

START_TEST(json_is_told_from_text)
{
    static const char *const json[] = {"{}", " [1, 2] ", "\"x\"", "-1.5e3", "true", "null", "123456789012345678901234567890", "{\"a\": 1, \"a\": 2}", "\"\\u0000\""};
    static const char *const text[] = {"", " ", "{", "hello", "[1,", "1 2", "{'a': 1}", "\"x", "nul", "\xff", "01"};
    cordon_error *err = NULL;
    bool is;
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        ck_assert_msg(values_is_json(json[i], strlen(json[i]), &is, &err) == 0 && is, "%s", json[i]);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        ck_assert_msg(values_is_json(text[i], strlen(text[i]), &is, &err) == 0 && !is, "%s", text[i]);
    ck_assert(values_is_json("1\0", 2, &is, &err) == 0 && !is);
    char deep[200];
    memset(deep, '[', sizeof deep);
    ck_assert_int_lt(values_is_json(deep, sizeof deep, &is, &err), 0);
    ck_assert_int_eq(cordon_error_code(err), CORDON_E_BAD_ARGS);
    cordon_error_free(err);
}
END_TEST

START_TEST(json_is_made_compact_in_place)
{
    static const struct { const char *json, *compact; } texts[] = {
        {" { \"a b\" : [ 1 ,\t2.50 ] ,\r\n\"c\": \"x \\\" : y\" } ", "{\"a b\":[1,2.50],\"c\":\"x \\\" : y\"}"}, {"\"\\\\\" ", "\"\\\\\""}, {" 7 ", "7"}, {"\" \"", "\" \""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char copy[100];
        strcpy(copy, texts[i].json);
        copy[values_compact(copy, strlen(copy))] = '\0';
        ck_assert_str_eq(copy, texts[i].compact);
    }
}
END_TEST

START_TEST(the_only_part_is_found)
{
    static const struct { const char *json, *part; } texts[] = {
        {"[1]", "1"}, {" [ {\"a\": [2]} ] \n", "{\"a\": [2]} "}, {"{\"input\":\"x\"}", "\"x\""}, {"{ \"inp\\u0075t\" : {\"}\": 1} }\n", " {\"}\": 1} "}, {"{\"input\":[]}", "[]"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *part = texts[i].json;
        size_t len = strlen(part);
        values_only_part(&part, &len);
        ck_assert_msg(len == strlen(texts[i].part) && !memcmp(part, texts[i].part, len), "%s: %.*s", texts[i].json, (int)len, part);
    }
}
END_TEST

START_TEST(bytes_that_are_no_text_are_mended)
{
    static const struct { const char *bytes, *text; } texts[] = {
        {"gr\xfcn", "gr\xef\xbf\xbdn"}, {"", ""}, {"abcdefghijkl", "abcdefghijkl"}, {"\xc3\xa4\xff\xc3", "\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd"}, {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf b;
        buf_init(&b, 100);
        ck_assert_int_eq(text_mend(&b, texts[i].bytes, strlen(texts[i].bytes)), 0);
        ck_assert_str_eq(b.data ? b.data : "", texts[i].text);
        buf_finish(&b);
    }
    struct buf small;
    buf_init(&small, 4);
    ck_assert_int_lt(text_mend(&small, "\xff\xff", 2), 0);
    buf_finish(&small);
}
END_TEST

Suite *suite_blufio(void);
Suite *suite_blufio(void)
{
    Suite *s = suite_create("blufio");
    TCase *t = tcase_create("blufio");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_module_imports_no_more_than_it_uses);
    tcase_add_test(t, a_module_is_refused_with_what_is_wrong);
    tcase_add_test(t, damaged_modules_are_errors_and_never_a_panic);
    tcase_add_test(t, the_helper_tells_its_kind);
    tcase_add_test(t, denials_are_in_the_formats_words);
    tcase_add_test(t, words_of_a_denial_have_bounds);
    tcase_add_test(t, json_is_told_from_text);
    tcase_add_test(t, json_is_made_compact_in_place);
    tcase_add_test(t, the_only_part_is_found);
    tcase_add_test(t, bytes_that_are_no_text_are_mended);
    suite_add_tcase(s, t);
    return s;
}
