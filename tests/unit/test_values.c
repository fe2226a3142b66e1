/* SPDX-License-Identifier: Apache-2.0
 * JSON to component values and back: each type, each way to be wrong, and whatever types and values chance makes. */
#include "engine/values.h"
#include "wit_make.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include <locale.h>
#include <malloc.h>
#include <math.h>

Suite *suite_values(void);

enum { BIG = 1 << 20 };

static char *quoted(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return copy;
}

/* A function of one parameter `x` of that type. */
static struct wit_func func_of(const char *type)
{
    struct wit_func f = {.name = strdup("f")};
    struct wit_member *m = make_add(&f.params, &f.n_params);
    m->name = strdup("x");
    m->name_len = 1;
    m->type = make_type(type);
    return f;
}

static json_t *parse(const char *text)
{
    cordon_error *err = NULL;
    json_t *j = NULL;
    int rc = values_parse_args(text, strlen(text), &j, &err);
    ck_assert_msg(rc == 0, "%s: %s", text, err ? cordon_error_message(err) : "");
    return j;
}

/* `json` as the only argument. 0 or the error. */
static int read_one(const struct wit_func *f, const char *json, wasmtime_component_val_t *v, cordon_error **err)
{
    json_t *arg = parse(json), *args = json_pack("[o]", arg);
    memset(v, 0, sizeof(*v));
    int rc = values_from_json(f, args, v, NULL, err);
    json_decref(args);
    return rc;
}

static char *text_of(const struct wit_type *t, const wasmtime_component_val_t *v)
{
    char *text = NULL;
    size_t len = 0;
    ck_assert_int_eq(values_to_text(t, v, BIG, &text, &len, NULL), 0);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_uint_eq(values_measure(t, v, BIG), len);
    ck_assert_uint_eq(values_measure(t, v, len), len);
    ck_assert_uint_eq(values_measure(t, v, len - 1), len);
    return text;
}

/* JSON in which ' stands for "; `out` NULL: the same again. */
static void assert_carried(const char *type, const char *in, const char *out)
{
    struct wit_func f = func_of(type);
    char *give = quoted(in), *want = quoted(out ? out : in);
    wasmtime_component_val_t v;
    cordon_error *err = NULL;
    int rc = read_one(&f, give, &v, &err);
    ck_assert_msg(rc == 0, "%s as %s: %s", give, type, err ? cordon_error_message(err) : "");
    char *got = text_of(f.params[0].type, &v);
    ck_assert_msg(strcmp(got, want) == 0, "%s: got %s, want %s", type, got, want);
    json_t *j = NULL;
    ck_assert_int_eq(values_to_json(f.params[0].type, &v, BIG, &j, NULL), 0);
    json_t *w = parse(want);
    ck_assert(json_equal(j, w));
    json_decref(w);
    json_decref(j);
    free(got);
    free(want);
    free(give);
    values_finish(&v, 1);
    wit_func_finish(&f);
}

static void assert_refused(const char *type, const char *in, const char *subject, const char *says)
{
    struct wit_func f = func_of(type);
    char *give = quoted(in);
    wasmtime_component_val_t v;
    cordon_error *err = NULL;
    int rc = read_one(&f, give, &v, &err);
    ck_assert_msg(rc == -CORDON_E_BAD_ARGS, "%s as %s: %d", give, type, rc);
    ck_assert_uint_eq(v.kind, WASMTIME_COMPONENT_BOOL);
    ck_assert_str_eq(cordon_error_subject(err), subject);
    ck_assert_msg(strstr(cordon_error_message(err), says), "%s as %s: %s", give, type, cordon_error_message(err));
    cordon_error_free(err);
    ck_assert_int_eq(read_one(&f, give, &v, NULL), -CORDON_E_BAD_ARGS);
    free(give);
    wit_func_finish(&f);
}

START_TEST(every_type_is_carried_both_ways)
{
    static const struct { const char *type, *in, *out; } cases[] = {
        {"bool", "true", NULL}, {"bool", "false", NULL},
        {"s8", "-128", NULL}, {"s8", "127", NULL}, {"u8", "0", NULL}, {"u8", "255", NULL},
        {"s16", "-32768", NULL}, {"s16", "32767", NULL}, {"u16", "65535", NULL},
        {"s32", "-2147483648", NULL}, {"s32", "2147483647", NULL}, {"u32", "4294967295", NULL},
        {"u8", "3.0", "3"}, {"u16", "1e3", "1000"}, {"s8", "-0.0", "0"},
        {"s64", "-9007199254740991", NULL}, {"s64", "9007199254740991", NULL}, {"u64", "9007199254740991", NULL},
        {"s64", "9007199254740992", "'9007199254740992'"}, {"s64", "-9007199254740992", "'-9007199254740992'"},
        {"s64", "-9223372036854775808", "'-9223372036854775808'"}, {"s64", "'-9223372036854775808'", NULL},
        {"s64", "'9223372036854775807'", NULL}, {"s64", "'12'", "12"}, {"s64", "'-7'", "-7"}, {"s64", "'-0'", "0"},
        {"u64", "9223372036854775807", "'9223372036854775807'"}, {"u64", "'18446744073709551615'", NULL}, {"u64", "'007'", "7"},
        {"f64", "1.5", NULL}, {"f64", "0.1", NULL}, {"f64", "1", "1.0"}, {"f64", "-0.0", NULL}, {"f64", "1e300", NULL},
        {"f64", "5e-324", NULL}, {"f64", "0.30000000000000004", NULL}, {"f64", "123456789012345680.0", "1.2345678901234568e17"},
        {"f64", "'NaN'", NULL}, {"f64", "'inf'", NULL}, {"f64", "'-inf'", NULL},
        {"f32", "0.1", NULL}, {"f32", "16777217", "16777216.0"}, {"f32", "3.4028234e38", "3.4028235e38"}, {"f32", "'NaN'", NULL}, {"f32", "'-inf'", NULL},
        {"char", "'a'", NULL}, {"char", "'\xc3\xa9'", NULL}, {"char", "'\xe2\x82\xac'", NULL}, {"char", "'\xf0\x9f\x98\x80'", NULL},
        {"char", "'\\u0000'", NULL}, {"char", "'\\u00e9'", "'\xc3\xa9'"}, {"char", "'\\ud83d\\ude00'", "'\xf0\x9f\x98\x80'"}, {"char", "'\\n'", NULL},
        {"string", "''", NULL}, {"string", "'a\\u0000b'", NULL}, 
        {"string", "'\xe2\x80\xae \xf0\x9f\x98\x80'", NULL},
        {"list<u8>", "''", NULL}, {"list<u8>", "'AA=='", NULL}, {"list<u8>", "'AP8='", NULL}, {"list<u8>", "'AP+/'", NULL},
        {"list<s8>", "[-1,0]", NULL}, {"list<string>", "[]", NULL}, {"list<list<u8>>", "['','AA==']", NULL},
        {"tuple<u8, string>", "[1,'x']", NULL},
        {"record { bot-name: string, n: option<u8> }", "{'bot-name':'b','n':1}", NULL},
        {"record { bot-name: string, n: option<u8> }", "{'bot-name':'b','n':null}", NULL},
        {"record { bot-name: string, n: option<u8> }", "{'bot-name':'b'}", "{'bot-name':'b','n':null}"},
        {"record { a: u8, b: u8 }", "{'b':2,'a':1}", "{'a':1,'b':2}"},
        {"option<u8>", "null", NULL}, {"option<u8>", "7", NULL},
        {"option<option<u8>>", "null", NULL}, {"option<option<u8>>", "{'some':null}", NULL}, {"option<option<u8>>", "{'some':7}", NULL},
        {"option<option<option<u8>>>", "{'some':{'some':7}}", NULL}, {"option<option<option<u8>>>", "{'some':{'some':null}}", NULL},
        {"variant { a, b(u8), c(option<u8>) }", "'a'", NULL}, {"variant { a, b(u8), c(option<u8>) }", "{'b':1}", NULL},
        {"variant { a, b(u8), c(option<u8>) }", "{'c':null}", NULL},
        {"enum { a, b }", "'b'", NULL},
        {"flags { r, w, x }", "[]", NULL}, {"flags { r, w, x }", "['r','x']", NULL},
        {"result<u8, string>", "{'ok':1}", NULL}, {"result<u8, string>", "{'err':'no'}", NULL},
        {"result<_, string>", "{'ok':null}", NULL}, {"result<u8>", "{'err':null}", NULL}, {"result", "{'ok':null}", NULL}, {"result", "{'err':null}", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_carried(cases[i].type, cases[i].in, cases[i].out);
    }
}
END_TEST

START_TEST(strings_are_escaped_as_json_wants_it)
{
    struct wit_func f = func_of("string");
    static const char in[] = "\"\\\\ \\\" / \\b\\f\\n\\r\\t \\u001F \x7f\"";
    wasmtime_component_val_t v;
    ck_assert_int_eq(read_one(&f, in, &v, NULL), 0);
    char *got = text_of(f.params[0].type, &v);
    ck_assert_str_eq(got, in);
    free(got);
    values_finish(&v, 1);
    wit_func_finish(&f);
}
END_TEST

START_TEST(wrong_input_is_refused_by_path)
{
    static const struct { const char *type, *in, *subject, *says; } cases[] = {
        {"bool", "1", "x", "expected true or false (bool), got 1"}, {"bool", "null", "x", "got null"}, {"bool", "'true'", "x", "got a string"},
        {"s8", "128", "x", "-128 to 127 (s8), got 128"}, {"s8", "-129", "x", "got -129"}, {"u8", "256", "x", "0 to 255"}, {"u8", "-1", "x", "got -1"},
        {"u16", "65536", "x", "65535"}, {"s16", "32768", "x", "32767"}, {"u32", "4294967296", "x", "4294967295"}, {"u32", "-1", "x", "got -1"},
        {"s32", "2147483648", "x", "2147483647"}, {"u8", "1.5", "x", "got 1.5"}, {"u8", "'1'", "x", "got a string"}, {"u8", "true", "x", "got true"},
        {"u64", "-1", "x", "got -1"}, {"u64", "'18446744073709551616'", "x", "decimal string"}, {"u64", "'-1'", "x", "decimal string"},
        {"u64", "''", "x", "decimal"}, {"u64", "'-'", "x", "decimal"}, {"u64", "' 1'", "x", "decimal"}, {"u64", "'1e3'", "x", "decimal"},
        {"u64", "'0x10'", "x", "decimal"}, {"u64", "'1\\u0000'", "x", "decimal"}, {"u64", "'000000000000000000000000001'", "x", "decimal"},
        {"s64", "'9223372036854775808'", "x", "decimal"}, {"s64", "'-9223372036854775809'", "x", "decimal"}, {"s64", "9.3e18", "x", "got 9.3"},
        {"u64", "1e300", "x", "got 1e+300"}, {"s64", "9007199254740994.0", "x", "decimal"},
        {"f64", "'1.5'", "x", "NaN"}, {"f64", "'nan'", "x", "NaN"}, {"f64", "null", "x", "got null"}, {"f32", "1e39", "x", "32 bits"}, {"f64", "[]", "x", "an array"},
        {"char", "''", "x", "one of none"}, {"char", "'ab'", "x", "one of several"}, {"char", "'e\xcc\x81'", "x", "several"}, {"char", "97", "x", "got 97"},
        {"string", "7", "x", "expected a string (string), got 7"}, {"string", "{}", "x", "got an object"},
        {"list<u8>", "[1,2]", "x", "base64"}, {"list<u8>", "'AA='", "x", "base64"}, {"list<u8>", "'AA'", "x", "base64"}, {"list<u8>", "'AP-_'", "x", "character 3"},
        {"list<u8>", "'AB=='", "x", "base64"}, {"list<u8>", "'AA==AA=='", "x", "character 5"}, {"list<u8>", "'A A='", "x", "base64"},
        {"list<u16>", "[1,'x']", "x[1]", "got a string"}, {"list<u16>", "{}", "x", "expected an array"},
        {"tuple<u8, u8>", "[1]", "x", "array of 2 (tuple), got one of 1"}, {"tuple<u8, u8>", "[1,2,3]", "x", "got one of 3"}, {"tuple<u8, u8>", "[1,true]", "x[1]", "u8"},
        {"tuple<u8, u8>", "7", "x", "an array"},
        {"record { items: list<record { when: s64, what: string }> }", "{'items':[{'when':1,'what':'a'},{'when':[],'what':'b'}]}", "x.items[1].when", "s64"},
        {"record { when: s64 }", "{'whem':1}", "x.whem", "no field \"whem\"; did you mean when?"},
        {"record { when: s64, who: u8 }", "{'zebra':1}", "x.zebra", "there is when, who"},
        {"record { when: s64 }", "{'when':1,'extra':2}", "x.extra", "no field"},
        {"record { when: s64 }", "{}", "x.when", "the field is missing"}, {"record { when: s64 }", "[1]", "x", "expected an object"},
        {"record { a-b: u8 }", "{'a_b':1}", "x.a_b", "did you mean a-b?"},
        {"option<u8>", "'x'", "x", "u8"}, {"option<option<u8>>", "7", "x", "{\"some\": …}"}, {"option<option<u8>>", "{'soem':7}", "x", "some"},
        {"option<option<u8>>", "{'some':true}", "x.some", "u8"}, {"option<option<u8>>", "{'some':1,'b':2}", "x", "some"},
        {"variant { aaa, bbb(u8) }", "'aab'", "x", "did you mean aaa?"}, {"variant { aaa, bbb(u8) }", "'bbb'", "x", "{\"bbb\": …}"},
        {"variant { aaa, bbb(u8) }", "{'aaa':null}", "x", "the string \"aaa\""}, {"variant { aaa, bbb(u8) }", "{'bbb':-1}", "x.bbb", "u8"},
        {"variant { aaa, bbb(u8) }", "{}", "x", "case"}, {"variant { aaa, bbb(u8) }", "{'aaa':1,'bbb':1}", "x", "case"}, {"variant { aaa, bbb(u8) }", "7", "x", "case"},
        {"enum { open, closed }", "'opne'", "x", "did you mean open?"}, {"enum { open, closed }", "0", "x", "got 0"}, {"enum { open }", "'open\\u0000'", "x", "no case"},
        {"flags { read, write }", "['reed']", "x[0]", "did you mean read?"}, {"flags { read, write }", "['read','read']", "x[1]", "twice"},
        {"flags { read, write }", "'read'", "x", "array of names"}, {"flags { read, write }", "[7]", "x[0]", "a name"}, {"flags { read }", "['read','read']", "x", "at most 1"},
        {"result<u8, u8>", "1", "x", "{\"ok\": …}"}, {"result<u8, u8>", "{'ok':1,'err':1}", "x", "{\"ok\": …}"}, {"result<u8, u8>", "{'okay':1}", "x", "{\"ok\": …}"},
        {"result<u8, u8>", "{'err':'x'}", "x.err", "u8"}, {"result", "{'ok':1}", "x.ok", "expected null"},
        {"list<resource>", "[1]", "x[0]", "cannot carry a resource"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_refused(cases[i].type, cases[i].in, cases[i].subject, cases[i].says);
}
END_TEST

START_TEST(text_of_the_client_is_not_repeated_in_errors)
{
    struct wit_func f = func_of("u8");
    wasmtime_component_val_t v;
    cordon_error *err = NULL;
    ck_assert_int_lt(read_one(&f, "\"hunter2\"", &v, &err), 0);
    ck_assert_ptr_null(strstr(cordon_error_message(err), "hunter2"));
    cordon_error_free(err);
    json_t *j;
    ck_assert_int_eq(values_parse_args("[\"hunter2\" x]", 13, &j, &err), -CORDON_E_BAD_ARGS);
    ck_assert_ptr_null(strstr(cordon_error_message(err), "hunter2"));
    cordon_error_free(err);
    wit_func_finish(&f);
}
END_TEST

START_TEST(hostile_names_are_shown_escaped_and_cut)
{
    struct wit_func f = func_of("record { a: u8 }");
    char name[20001];
    memset(name, 'n', sizeof(name));
    memcpy(name, "\x1b[2J\xe2\x80\xae", 7);
    name[20000] = '\0';
    json_t *args = json_pack("[{s:i}]", name, 1);
    wasmtime_component_val_t v = {0};
    cordon_error *err = NULL;
    ck_assert_int_eq(values_from_json(&f, args, &v, NULL, &err), -CORDON_E_BAD_ARGS);
    ck_assert_uint_le(strlen(cordon_error_message(err)), 400);
    for (const char *p = cordon_error_message(err); *p; p++)
        ck_assert((unsigned char)*p >= ' ');
    ck_assert_ptr_null(strstr(cordon_error_message(err), "\xe2\x80\xae"));
    cordon_error_free(err);
    json_decref(args);
    wit_func_finish(&f);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_never_become_values)
{
    static const char *const types[] = {"string", "char", "enum { a }", "variant { a }", "flags { a }"};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        struct wit_func f = func_of(types[i]);
        static const char *const bad[] = {"\xff", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};
        for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
            json_t *s = json_string_nocheck(bad[k]), *args = json_pack("[o]", strncmp(types[i], "flags", 5) == 0 ? json_pack("[o]", s) : s);
            wasmtime_component_val_t v = {0};
            ck_assert_int_eq(values_from_json(&f, args, &v, NULL, NULL), -CORDON_E_BAD_ARGS);
            json_decref(args);
        }
        wit_func_finish(&f);
    }
}
END_TEST

/* ---- what arguments take ---- */

static size_t allocated(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* A list of `n` times `json`. */
static void assert_told_what_it_takes(const char *type, const char *json, int n)
{
    cleanup(buf_finish) struct buf text;
    struct wit_func f = func_of(type);
    wasmtime_component_val_t v = {0};
    size_t told = 0;
    buf_init(&text, 64 << 20);
    buf_adds(&text, "[[");
    for (int i = 0; i < n; i++) {
        buf_adds(&text, i ? "," : "");
        buf_adds(&text, json);
    }
    buf_adds(&text, "]]");
    size_t before = allocated();
    json_t *args = parse(text.data);
    ck_assert_int_eq(values_from_json(&f, args, &v, &told, NULL), 0);
    size_t took = allocated() - before;
    ck_assert_msg(took <= text.len + told, "%s: %zu bytes were said, %zu taken for %zu of text", type, told, took, text.len);
    values_finish(&v, 1);
    json_decref(args);
    wit_func_finish(&f);
}

START_TEST(arguments_tell_what_they_take_in_memory)
{
    if (!allocated()) {
        puts("SKIPPED: a sanitizer's allocator does not tell what it has given");
        return;
    }
    assert_told_what_it_takes("list<bool>", "true", 50000);
    assert_told_what_it_takes("list<u32>", "1", 50000);
    assert_told_what_it_takes("list<f64>", "1.5", 50000);
    assert_told_what_it_takes("list<string>", "\"\"", 50000);
    assert_told_what_it_takes("list<string>", "\"a text of more than a few bytes, as they mostly are\"", 50000);
    assert_told_what_it_takes("list<option<u8>>", "7", 50000);
    assert_told_what_it_takes("list<list<bool>>", "[]", 50000);
    assert_told_what_it_takes("list<list<bool>>", "[true]", 50000);
    assert_told_what_it_takes("list<tuple<u8, u8>>", "[1,2]", 50000);
    assert_told_what_it_takes("list<record { a: u8, b: option<string> }>", "{\"a\":1}", 50000);
    assert_told_what_it_takes("list<variant { a, b(u8) }>", "\"a\"", 50000);
    assert_told_what_it_takes("list<list<u8>>", "\"AAECAwQFBgcICQoLDA0ODw==\"", 50000);
}
END_TEST

/* ---- arguments as a whole ---- */

static int read_args(const char *func, const char *json, char *ret_text, cordon_error **err)
{
    struct wit_func f = make_func(func);
    char *text = json ? quoted(json) : NULL;
    json_t *args = text ? parse(text) : NULL;
    wasmtime_component_val_t *v = calloc(f.n_params + 1, sizeof(*v));
    int rc = values_from_json(&f, args, v, NULL, err);
    *ret_text = '\0';
    for (size_t i = 0; rc == 0 && i < f.n_params; i++) {
        char *one = text_of(f.params[i].type, &v[i]);
        strcat(strcat(ret_text, i ? " " : ""), one);
        free(one);
    }
    for (size_t i = 0; rc < 0 && i < f.n_params; i++)
        ck_assert_uint_eq(v[i].kind, WASMTIME_COMPONENT_BOOL);
    values_finish(v, f.n_params);
    free(v);
    free(text);
    json_decref(args);
    wit_func_finish(&f);
    return rc;
}

START_TEST(arguments_go_by_name_or_in_order)
{
    char got[256];
    ck_assert_int_eq(read_args("func(a: u8, b: option<u8>)", "{'a':1,'b':2}", got, NULL), 0);
    ck_assert_str_eq(got, "1 2");
    ck_assert_int_eq(read_args("func(a: u8, b: option<u8>)", "{'a':1}", got, NULL), 0);
    ck_assert_str_eq(got, "1 null");
    ck_assert_int_eq(read_args("func(a: u8, b: option<u8>)", "[1,2]", got, NULL), 0);
    ck_assert_str_eq(got, "1 2");
    ck_assert_int_eq(read_args("func(a: u8, b: option<u8>)", "[1]", got, NULL), 0);
    ck_assert_str_eq(got, "1 null");
    ck_assert_int_eq(read_args("func()", "{}", got, NULL), 0);
    ck_assert_int_eq(read_args("func()", "[]", got, NULL), 0);
    ck_assert_int_eq(read_args("func()", NULL, got, NULL), 0);
    ck_assert_int_eq(read_args("func(a: option<u8>)", NULL, got, NULL), 0);
    ck_assert_str_eq(got, "null");
}
END_TEST

START_TEST(arguments_that_do_not_fit_are_refused)
{
    static const struct { const char *func, *json, *subject, *says; } cases[] = {
        {"func(url: string, n: u8)", "{'url':'x'}", "n", "n: the argument is missing"},
        {"func(url: string, n: u8)", "['x']", "n", "missing"},
        {"func(url: string, n: u8)", NULL, "url", "missing"},
        {"func(url: string)", "{'ulr':'x'}", "ulr", "no parameter \"ulr\"; did you mean url?"},
        {"func(url: string)", "{'url':'x','more':1}", "more", "no parameter"},
        {"func(url: string)", "['a','b']", NULL, "at most 1, got 2"},
        {"func(url: string)", "'a'", NULL, "expected an object by parameter names, or an array in order, got a string"},
        {"func(url: string)", "null", NULL, "got null"},
        {"func(a: string, b: list<string>, c: u8)", "{'a':'made','b':['made','made'],'c':'not'}", "c", "u8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char got[256];
        cordon_error *err = NULL;
        ck_assert_int_eq(read_args(cases[i].func, cases[i].json, got, &err), -CORDON_E_BAD_ARGS);
        ck_assert_pstr_eq(cordon_error_subject(err), cases[i].subject);
        ck_assert_msg(strstr(cordon_error_message(err), cases[i].says), "%s", cordon_error_message(err));
        cordon_error_free(err);
    }
}
END_TEST

/* ---- text ---- */

static void assert_bad_text(const char *text, size_t len, const char *says)
{
    cordon_error *err = NULL;
    json_t *j = NULL;
    ck_assert_int_eq(values_parse_args(text, len, &j, &err), -CORDON_E_BAD_ARGS);
    ck_assert_ptr_null(j);
    ck_assert_msg(strstr(cordon_error_message(err), says), "%.40s: %s", text, cordon_error_message(err));
    cordon_error_free(err);
    ck_assert_int_eq(values_parse_args(text, len, &j, NULL), -CORDON_E_BAD_ARGS);
}

START_TEST(text_that_is_not_json_is_refused_with_its_place)
{
    static const struct { const char *text, *says; } cases[] = {
        {"", "line 1"}, {"{", "line 1, column 1"}, {"{\"a\":1,\n \"a\":2}", "line 2, column 4: not valid JSON: duplicate object key"},
        {"[1,\n2,\n x]", "line 3, column 2"}, {"[1] 2", "column 5"}, {"nul", "column 3"}, {"\"\xff\"", "not valid JSON"}, {"\"\\ud800\"", "not valid JSON"},
        {"{\"a\\u0000\":1}", "not valid JSON"}, {"\"abc", "not valid JSON"}, {"\"abc\\", "not valid JSON"}, {"1e999", "overflow"}, {"18446744073709551615", "too big"},
        {"[1,]", "not valid JSON"}, {"NaN", "not valid JSON"}, {"}]}", "not valid JSON"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_bad_text(cases[i].text, strlen(cases[i].text), cases[i].says);
    assert_bad_text("[1\0]", 4, "line 1, column 3: not valid JSON: a NUL byte");
    assert_bad_text("\"a\0\"", 4, "NUL byte");
    json_t *j;
    cordon_error *err = NULL;
    ck_assert_int_lt(values_parse_args("18446744073709551615", 20, &j, &err), 0);
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(err), "decimal string"));
    cordon_error_free(err);
}
END_TEST

static char *repeated(const char *unit, size_t n)
{
    size_t len = strlen(unit);
    char *text = malloc(len * n + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(text + len * i, unit, len);
    text[len * n] = '\0';
    return text;
}

START_TEST(text_is_bounded_in_depth)
{
    char *text = repeated("[", VALUES_DEPTH_MAX), *close = repeated("]", VALUES_DEPTH_MAX), whole[2 * VALUES_DEPTH_MAX + 1];
    snprintf(whole, sizeof(whole), "%s%s", text, close);
    json_decref(parse(whole));
    free(text);
    free(close);
    text = repeated("[{\"[[[[\":", 1000000);
    text[0] = '\n';
    assert_bad_text(text, 9000000, "line 2, column 289: nested too deep"); /* the 65th opening that is in no string */
    free(text);
}
END_TEST

START_TEST(text_is_bounded_in_what_its_tree_costs)
{
    char *text = repeated("{},", 300000);
    text[0] = '[';
    text[1] = ' ';
    assert_bad_text(text, 900000, "too many values");
    free(text);
    text = repeated("1,", VALUES_JSON_COST_MAX);
    assert_bad_text(text, 2 * VALUES_JSON_COST_MAX, "too many values");
    free(text);
    text = repeated("1,", 1000000); /* this many are fine */
    text[0] = '[';
    text[1999999] = ']';
    text[1] = '1';
    json_decref(parse(text));
    memset(text, ',', 1000000); /* inside a string nothing counts */
    text[0] = text[1999999] = '"';
    memset(text + 1, '[', 1999998);
    json_decref(parse(text));
    free(text);
}
END_TEST

/* ---- ceilings of values ---- */

static json_t *filled(size_t n, json_t *with)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append(list, with);
    json_decref(with);
    return list;
}

static void assert_too_many(const char *type, json_t *arg)
{
    struct wit_func f = func_of(type);
    json_t *args = json_pack("[o]", arg);
    wasmtime_component_val_t v = {0};
    cordon_error *err = NULL;
    ck_assert_int_eq(values_from_json(&f, args, &v, NULL, &err), -CORDON_E_BAD_ARGS);
    ck_assert_msg(strstr(cordon_error_message(err), "too many"), "%s", cordon_error_message(err));
    cordon_error_free(err);
    json_decref(args);
    wit_func_finish(&f);
}

START_TEST(values_are_bounded_in_number)
{
    assert_too_many("list<bool>", filled(VALUES_NODES_MAX + 1, json_true()));
    assert_too_many("list<option<bool>>", filled(VALUES_NODES_MAX / 2 + 1, json_true()));
    char *base64 = repeated("AAAA", VALUES_NODES_MAX / 3 + 1);
    assert_too_many("list<u8>", json_string(base64));
    free(base64);
    char type[1000] = "list<record { ", field[32];
    for (int i = 0; i < 40; i++) /* `{}` is small as JSON, and forty values */
        strcat(type, (snprintf(field, sizeof(field), "f%d: option<u8>, ", i), field));
    strcat(type, "}>");
    assert_too_many(type, filled(VALUES_NODES_MAX / 80, json_object()));
}
END_TEST

/* `enum { c0, c1, … }`, or a variant of as many. */
static char *many_cases(const char *kind, int n)
{
    char *type = malloc(32 + (size_t)n * 8);
    size_t len = (size_t)sprintf(type, "list<%s { ", kind);
    for (int i = 0; i < n; i++)
        len += (size_t)sprintf(type + len, "c%d, ", i);
    sprintf(type + len, "}>");
    return type;
}

START_TEST(looking_up_names_is_bounded)
{
    char *type = many_cases("enum", 8000);
    assert_too_many(type, filled(5000, json_string("c7999")));
    free(type);

    type = many_cases("variant", 8000);
    struct wit_func f = func_of(type);
    json_t *args = json_pack("[o]", filled(4000, json_string("c7999")));
    wasmtime_component_val_t v = {0};
    ck_assert_int_eq(values_from_json(&f, args, &v, NULL, NULL), 0);
    size_t size = values_measure(f.params[0].type, &v, BIG);
    ck_assert_uint_eq(size, 4000 * 8 + 1);
    wasmtime_component_val_t twice = {.kind = WASMTIME_COMPONENT_LIST}; /* as a guest could send it */
    struct wit_type list = {.kind = WIT_LIST, .elem = f.params[0].type};
    wasmtime_component_vallist_new_uninit(&twice.of.list, 2);
    wasmtime_component_val_clone(&v, &twice.of.list.data[0]);
    wasmtime_component_val_clone(&v, &twice.of.list.data[1]);
    char *text = NULL;
    size_t len;
    ck_assert_uint_eq(values_measure(&list, &twice, BIG), BIG + 1);
    ck_assert_int_eq(values_to_text(&list, &twice, BIG, &text, &len, NULL), -CORDON_E_TOO_LARGE);
    values_finish(&twice, 1);
    values_finish(&v, 1);
    json_decref(args);
    wit_func_finish(&f);
    free(type);
}
END_TEST

START_TEST(a_value_over_its_cap_is_refused_whole)
{
    struct wit_func f = func_of("list<string>");
    wasmtime_component_val_t v;
    ck_assert_int_eq(read_one(&f, "[\"abc\",\"def\"]", &v, NULL), 0);
    for (size_t max = 0; max < 13; max++) {
        char *text = NULL;
        size_t len = 0;
        json_t *j = NULL;
        ck_assert_uint_eq(values_measure(f.params[0].type, &v, max), max + 1);
        ck_assert_int_eq(values_to_text(f.params[0].type, &v, max, &text, &len, NULL), -CORDON_E_TOO_LARGE);
        ck_assert_int_eq(values_to_json(f.params[0].type, &v, max, &j, NULL), -CORDON_E_TOO_LARGE);
        ck_assert(!text && !j);
    }
    values_finish(&v, 1);
    wit_func_finish(&f);
}
END_TEST

START_TEST(a_value_with_too_many_parts_for_json_is_text_only)
{
    struct wit_type *t = make_type("list<list<bool>>");
    wasmtime_component_val_t v = {.kind = WASMTIME_COMPONENT_LIST};
    size_t n = VALUES_JSON_COST_MAX / 8, len;
    wasmtime_component_vallist_new_uninit(&v.of.list, n);
    for (size_t i = 0; i < n; i++)
        v.of.list.data[i].kind = WASMTIME_COMPONENT_LIST, v.of.list.data[i].of.list = (wasmtime_component_vallist_t){0};
    char *text = NULL;
    json_t *j = NULL;
    ck_assert_int_eq(values_to_text(t, &v, BIG, &text, &len, NULL), 0);
    ck_assert_uint_eq(len, 3 * n + 1);
    cordon_error *err = NULL;
    ck_assert_int_eq(values_to_json(t, &v, BIG, &j, &err), -CORDON_E_TOO_LARGE);
    cordon_error_free(err);
    free(text);
    values_finish(&v, 1);
    wit_type_free(t);
}
END_TEST

START_TEST(a_value_that_is_not_of_its_type_is_a_bug_not_a_crash)
{
    static const char *const types[] = {"bool", "u8", "u64", "f32", "char", "string", "list<u8>", "list<bool>", "record { a: u8 }", "tuple<u8>", "variant { a }",
                                        "enum { a }", "option<u8>", "result", "flags { a }", "resource"};
    enum { N = sizeof(types) / sizeof(*types) };
    static const char *const json[N] = {"true", "1", "1", "1", "'a'", "'a'", "'AA=='", "[true]", "{'a':1}", "[1]", "'a'", "'a'", "1", "{'ok':null}", "['a']", NULL};
    for (size_t i = 0; i < N - 1; i++) {
        struct wit_func f = func_of(types[i]);
        char *give = quoted(json[i]);
        wasmtime_component_val_t v;
        ck_assert_int_eq(read_one(&f, give, &v, NULL), 0);
        for (size_t k = 0; k < N; k++) {
            struct wit_type *other = make_type(types[k]);
            char *text;
            size_t len;
            if (other->kind != f.params[0].type->kind)
                ck_assert_int_eq(values_to_text(other, &v, BIG, &text, &len, NULL), -CORDON_E_HOST_BUG);
            wit_type_free(other);
        }
        values_finish(&v, 1);
        free(give);
        wit_func_finish(&f);
    }
}
END_TEST

static int text_as(const char *type, const wasmtime_component_val_t *v)
{
    struct wit_type *t = make_type(type);
    char *text = NULL;
    size_t len;
    int rc = values_to_text(t, v, BIG, &text, &len, NULL);
    free(text);
    wit_type_free(t);
    return rc;
}

START_TEST(a_value_of_another_shape_is_a_bug_not_a_crash)
{
    static const struct { const char *type, *json, *as; } cases[] = {
        {"record { a: u8 }", "{'a':1}", "record { a: u8, b: u8 }"}, {"tuple<u8>", "[1]", "tuple<u8, u8>"}, {"list<bool>", "[true]", "list<u8>"},
        {"variant { a }", "'a'", "variant { b }"}, {"variant { a }", "'a'", "variant { a(u8) }"}, {"variant { a(u8) }", "{'a':1}", "variant { a }"},
        {"result", "{'ok':null}", "result<u8>"}, {"result<u8>", "{'ok':1}", "result"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct wit_func f = func_of(cases[i].type);
        char *give = quoted(cases[i].json);
        wasmtime_component_val_t v;
        ck_assert_int_eq(read_one(&f, give, &v, NULL), 0);
        ck_assert_int_eq(text_as(cases[i].type, &v), 0);
        ck_assert_int_eq(text_as(cases[i].as, &v), -CORDON_E_HOST_BUG);
        values_finish(&v, 1);
        free(give);
        wit_func_finish(&f);
    }
    static const uint32_t bad_chars[] = {0xD800, 0xDFFF, 0x110000, 0xFFFFFFFF};
    for (size_t i = 0; i < 4; i++) {
        wasmtime_component_val_t v = {.kind = WASMTIME_COMPONENT_CHAR, .of.character = bad_chars[i]};
        ck_assert_int_eq(text_as("char", &v), -CORDON_E_HOST_BUG);
    }
}
END_TEST

START_TEST(a_result_is_taken_apart)
{
    static const struct { const char *type, *json; bool ok; const char *payload; } cases[] = {
        {"result<u8, string>", "{'ok':1}", true, "1"}, {"result<u8, string>", "{'err':'no'}", false, "'no'"}, {"result<_, string>", "{'ok':null}", true, "null"},
        {"result", "{'err':null}", false, "null"}, {"u8", "7", true, "7"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct wit_func f = func_of(cases[i].type);
        char *give = quoted(cases[i].json), *want = quoted(cases[i].payload);
        wasmtime_component_val_t v;
        ck_assert_int_eq(read_one(&f, give, &v, NULL), 0);
        bool ok;
        const struct wit_type *t;
        const wasmtime_component_val_t *payload;
        ck_assert(values_split_result(f.params[0].type, &v, &ok, &t, &payload));
        ck_assert_int_eq(ok, cases[i].ok);
        char *got = text_of(t, payload);
        ck_assert_str_eq(got, want);
        free(got);
        values_finish(&v, 1);
        free(give);
        free(want);
        wit_func_finish(&f);
    }
    bool ok;
    const struct wit_type *t;
    const wasmtime_component_val_t *payload, stray = {0};
    struct wit_type result = {.kind = WIT_RESULT};
    ck_assert(!values_split_result(&result, &stray, &ok, &t, &payload));
    ck_assert(values_split_result(NULL, &stray, &ok, &t, &payload)); /* a function without result */
    ck_assert(ok && !t && !payload);
}
END_TEST

START_TEST(numbers_do_not_depend_on_the_locale)
{
    static const char *const comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < sizeof(comma) / sizeof(*comma); i++)
        setlocale(LC_NUMERIC, comma[i]);
    assert_carried("f64", "0.5", NULL);
    assert_carried("f64", "1.25e30", NULL);
    assert_carried("f64", "1e30", NULL);
}
END_TEST

/* ---- whatever chance makes ---- */

static uint64_t chance(uint64_t *seed, uint64_t n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % n;
}

static void random_type(uint64_t *seed, int depth, struct buf *b);

static void random_members(uint64_t *seed, int depth, struct buf *b, int payloads)
{
    size_t n = 1 + chance(seed, 5);
    for (size_t i = 0; i < n; i++) {
        buf_addf(b, "%sname-%zu", i ? ", " : "", i);
        if (payloads == 2 || (payloads == 1 && chance(seed, 2))) {
            buf_adds(b, payloads == 2 ? ": " : "(");
            random_type(seed, depth - 1, b);
            buf_adds(b, payloads == 2 ? "" : ")");
        }
    }
    buf_adds(b, " }");
}

static void random_type(uint64_t *seed, int depth, struct buf *b)
{
    enum wit_kind k = (enum wit_kind)chance(seed, depth > 0 ? WIT_OPAQUE : WIT_LIST);
    buf_adds(b, wit_kind_name(k));
    if (k < WIT_LIST)
        return;
    if (k == WIT_RECORD || k == WIT_VARIANT || k == WIT_ENUM || k == WIT_FLAGS) {
        buf_adds(b, " { ");
        random_members(seed, depth, b, k == WIT_RECORD ? 2 : k == WIT_VARIANT);
        return;
    }
    buf_addc(b, '<');
    if (k == WIT_RESULT && chance(seed, 3) == 0)
        buf_addc(b, '_');
    else
        random_type(seed, depth - 1, b);
    if (k == WIT_RESULT || k == WIT_TUPLE) {
        buf_adds(b, ", ");
        random_type(seed, depth - 1, b);
    }
    buf_addc(b, '>');
}

static json_t *random_json(uint64_t *seed, const struct wit_type *t);

static json_t *random_wide(uint64_t *seed, bool is_signed)
{
    uint64_t u = *seed >> chance(seed, 64);
    char text[32];
    if (u < (UINT64_C(1) << 53))
        return json_integer(is_signed && chance(seed, 2) ? -(json_int_t)u : (json_int_t)u);
    snprintf(text, sizeof(text), is_signed ? "%lld" : "%llu", (long long)u);
    if (is_signed && llabs((long long)u) < (1LL << 53))
        return json_integer((json_int_t)u);
    return json_string(text);
}

static json_t *random_float(uint64_t *seed, bool narrow)
{
    static const char *const special[] = {"NaN", "inf", "-inf"};
    if (chance(seed, 4) == 0)
        return json_string(special[chance(seed, 3)]);
    uint64_t bits = *seed;
    double d;
    memcpy(&d, &bits, sizeof(d));
    if (!isfinite(d) || narrow)
        d = (double)chance(seed, 100000) / 4; /* its shortest text is the same in 32 bits */
    return json_real(d);
}

static json_t *random_bytes(uint64_t *seed)
{
    static const char *const texts[] = {"", "AA==", "AP8=", "AP+/", "3q2+7w=="};
    return json_string(texts[chance(seed, 5)]);
}

static json_t *random_members_json(uint64_t *seed, const struct wit_type *t)
{
    json_t *j = t->kind == WIT_RECORD ? json_object() : json_array();
    for (size_t i = 0; i < t->n_members; i++) {
        const struct wit_member *m = &t->members[i];
        if (t->kind == WIT_RECORD)
            json_object_set_new(j, m->name, random_json(seed, m->type));
        else if (t->kind == WIT_TUPLE)
            json_array_append_new(j, random_json(seed, m->type));
        else if (chance(seed, 2))
            json_array_append_new(j, json_string(m->name));
    }
    return j;
}

static json_t *random_choice(uint64_t *seed, const struct wit_type *t)
{
    bool ok = chance(seed, 2);
    const struct wit_type *side = ok ? t->elem : t->err;
    if (t->kind == WIT_OPTION) {
        if (!ok)
            return json_null();
        return t->elem->kind == WIT_OPTION ? json_pack("{s:o}", "some", random_json(seed, t->elem)) : random_json(seed, t->elem);
    }
    if (t->kind == WIT_RESULT)
        return json_pack("{s:o}", ok ? "ok" : "err", side ? random_json(seed, side) : json_null());
    const struct wit_member *m = &t->members[chance(seed, t->n_members)];
    return m->type ? json_pack("{s:o}", m->name, random_json(seed, m->type)) : json_string(m->name);
}

/* In the form in which it comes back. */
static json_t *random_json(uint64_t *seed, const struct wit_type *t)
{
    static const char *const chars[] = {"a", "\"", "\n", "\xc3\xa9", "\xe2\x80\xae", "\xf0\x9f\x98\x80"};
    json_int_t bits = (json_int_t)(*seed >> 7);
    json_t *j;
    switch (t->kind) {
    case WIT_BOOL: return json_boolean(chance(seed, 2));
    case WIT_S8: return json_integer((int8_t)bits);
    case WIT_U8: return json_integer((uint8_t)bits);
    case WIT_S16: return json_integer((int16_t)bits);
    case WIT_U16: return json_integer((uint16_t)bits);
    case WIT_S32: return json_integer((int32_t)bits);
    case WIT_U32: return json_integer((uint32_t)bits);
    case WIT_S64:
    case WIT_U64: return random_wide(seed, t->kind == WIT_S64);
    case WIT_F32:
    case WIT_F64: return random_float(seed, t->kind == WIT_F32);
    case WIT_CHAR: return json_string(chars[chance(seed, 6)]);
    case WIT_STRING: return json_sprintf("%s%s", chars[chance(seed, 6)], chars[chance(seed, 6)]);
    case WIT_LIST:
        if (t->elem->kind == WIT_U8)
            return random_bytes(seed);
        j = json_array();
        for (uint64_t n = chance(seed, 4); n > 0; n--)
            json_array_append_new(j, random_json(seed, t->elem));
        return j;
    case WIT_RECORD:
    case WIT_TUPLE:
    case WIT_FLAGS: return random_members_json(seed, t);
    default: return random_choice(seed, t);
    }
}

START_TEST(any_value_of_any_type_comes_back_as_it_went_in)
{
    uint64_t seed = 0x9E3779B97F4A7C15u + (uint64_t)_i;
    for (int round = 0; round < 2000; round++) {
        struct buf b;
        buf_init(&b, BIG);
        random_type(&seed, 1 + (int)chance(&seed, 4), &b);
        struct wit_func f = func_of(b.data);
        json_t *in = chance(&seed, 8) && f.params[0].type->kind == WIT_ENUM ? json_string(f.params[0].type->members[0].name) : NULL;
        if (!in)
            in = random_json(&seed, f.params[0].type);
        json_t *args = json_pack("{s:O}", "x", in), *out = NULL;
        wasmtime_component_val_t v = {0};
        cordon_error *err = NULL;
        char *text = json_dumps(in, JSON_COMPACT | JSON_ENCODE_ANY);
        int rc = values_from_json(&f, args, &v, NULL, &err);
        ck_assert_msg(rc == 0, "%s as %s: %s", text, b.data, err ? cordon_error_message(err) : "");
        ck_assert_int_eq(values_to_json(f.params[0].type, &v, BIG, &out, NULL), 0);
        char *got = text_of(f.params[0].type, &v);
        ck_assert_msg(json_equal(in, out), "%s: %s became %s", b.data, text, got);
        free(got);
        free(text);
        json_decref(out);
        json_decref(args);
        json_decref(in);
        values_finish(&v, 1);
        wit_func_finish(&f);
        buf_finish(&b);
    }
}
END_TEST

/* Random types, and JSON of another: nothing but 0 or BAD_ARGS, nothing leaked, nothing made on refusal. */
START_TEST(json_of_another_type_is_refused_or_read_never_more)
{
    uint64_t seed = 0xD1B54A32D192ED03u + (uint64_t)_i;
    for (int round = 0; round < 2000; round++) {
        struct buf b, other;
        buf_init(&b, BIG);
        buf_init(&other, BIG);
        random_type(&seed, 3, &b);
        random_type(&seed, 3, &other);
        struct wit_func f = func_of(b.data);
        struct wit_type *t = make_type(other.data);
        json_t *args = json_pack("[o]", random_json(&seed, t));
        char *text = json_dumps(args, JSON_COMPACT);
        text[chance(&seed, strlen(text))] = "{}[]\",:0e\\n\xff"[chance(&seed, 13)]; /* and a byte of it broken */
        json_t *broken = NULL;
        wasmtime_component_val_t v = {0};
        for (int i = 0; i < 2; i++) {
            int rc = values_from_json(&f, i ? broken : args, &v, NULL, NULL);
            ck_assert(rc == 0 || rc == -CORDON_E_BAD_ARGS);
            ck_assert(rc == 0 || v.kind == WASMTIME_COMPONENT_BOOL);
            values_finish(&v, 1);
            if (i == 0 && values_parse_args(text, strlen(text), &broken, NULL) < 0)
                break;
        }
        json_decref(broken);
        json_decref(args);
        free(text);
        wit_type_free(t);
        wit_func_finish(&f);
        buf_finish(&b);
        buf_finish(&other);
    }
}
END_TEST

Suite *suite_values(void)
{
    Suite *s = suite_create("values");
    TCase *t = tcase_create("values");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_type_is_carried_both_ways);
    tcase_add_test(t, strings_are_escaped_as_json_wants_it);
    tcase_add_test(t, arguments_tell_what_they_take_in_memory);
    tcase_add_test(t, wrong_input_is_refused_by_path);
    tcase_add_test(t, text_of_the_client_is_not_repeated_in_errors);
    tcase_add_test(t, hostile_names_are_shown_escaped_and_cut);
    tcase_add_test(t, bytes_that_are_not_utf8_never_become_values);
    tcase_add_test(t, arguments_go_by_name_or_in_order);
    tcase_add_test(t, arguments_that_do_not_fit_are_refused);
    tcase_add_test(t, text_that_is_not_json_is_refused_with_its_place);
    tcase_add_test(t, text_is_bounded_in_depth);
    tcase_add_test(t, text_is_bounded_in_what_its_tree_costs);
    tcase_add_test(t, values_are_bounded_in_number);
    tcase_add_test(t, looking_up_names_is_bounded);
    tcase_add_test(t, a_value_over_its_cap_is_refused_whole);
    tcase_add_test(t, a_value_with_too_many_parts_for_json_is_text_only);
    tcase_add_test(t, a_value_that_is_not_of_its_type_is_a_bug_not_a_crash);
    tcase_add_test(t, a_value_of_another_shape_is_a_bug_not_a_crash);
    tcase_add_test(t, a_result_is_taken_apart);
    tcase_add_test(t, numbers_do_not_depend_on_the_locale);
    tcase_add_loop_test(t, any_value_of_any_type_comes_back_as_it_went_in, 0, 4);
    tcase_add_loop_test(t, json_of_another_type_is_refused_or_read_never_more, 0, 4);
    suite_add_tcase(s, t);
    return s;
}
