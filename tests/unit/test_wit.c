/* SPDX-License-Identifier: Apache-2.0
 * Types as text, JSON Schema, doc comments, tools. */
#include "base/text.h"
#include "wit/schema.h"
#include "wit_make.h"
#include <ctype.h>

Suite *suite_wit(void);

/* Compares a JSON value, which is given back, with text in which ' stands for ". */
static void assert_json(json_t *j, const char *wanted)
{
    char *text = strdup(wanted), *got;
    for (char *p = text; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json_t *w = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_msg(w, "not JSON: %s", text);
    got = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    ck_assert_msg(json_equal(j, w), "\n got  %s\n want %s", got, text);
    free(got);
    free(text);
    json_decref(w);
    json_decref(j);
}

static json_t *type_schema_of(const char *type)
{
    struct wit_type *t = make_type(type);
    json_t *j = NULL;
    ck_assert_int_eq(schema_of_type(t, &j, NULL), 0);
    wit_type_free(t);
    return j;
}

START_TEST(text_of_a_type_is_canonical)
{
    static const char *const texts[] = {
        "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string", "list<list<u8>>",
        "record { bot-name: string, id: u64 }", "variant { a, b(u8), c(tuple<u8, char>) }", "enum { a, b }", "flags { r, w }",
        "option<option<f64>>", "result", "result<_, string>", "result<u8>", "result<u8, list<string>>", "resource", "list<stream>",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct wit_type *t = make_type(texts[i]);
        struct buf b;
        buf_init(&b, 4096);
        ck_assert_int_eq(wit_type_text(&b, t), 0);
        ck_assert_str_eq(b.data, texts[i]);
        buf_finish(&b);
        wit_type_free(t);
    }
}
END_TEST

START_TEST(text_of_a_function_is_canonical)
{
    static const char *const texts[] = {"func()", "func() -> u8", "func(url: string) -> result<string, string>", "func(a: u8, b: flags { x })"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct wit_func f = make_func(texts[i]);
        struct buf b;
        buf_init(&b, 4096);
        ck_assert_int_eq(wit_func_text(&b, &f), 0);
        ck_assert_str_eq(b.data, texts[i]);
        buf_finish(&b);
        wit_func_finish(&f);
    }
}
END_TEST

START_TEST(text_over_its_ceiling_fails)
{
    static const char *const texts[] = {"record { abc: u8 }", "result<string, string>", "option<string>", "tuple<u8, u8, u8>"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct wit_type *t = make_type(texts[i]);
        for (size_t max = 0; max < strlen(texts[i]); max++) {
            struct buf b;
            buf_init(&b, max);
            ck_assert_int_eq(wit_type_text(&b, t), -1);
            buf_finish(&b);
        }
        wit_type_free(t);
    }
}
END_TEST

START_TEST(a_function_is_callable_unless_something_in_it_is_opaque)
{
    static const struct { const char *text, *what; } cases[] = {
        {"func(a: u8) -> string", NULL},
        {"func(a: list<record { h: option<resource> }>)", "resource"},
        {"func() -> result<u8, stream>", "stream"},
        {"func() -> variant { a, b(tuple<stream>) }", "stream"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct wit_func f = make_func(cases[i].text);
        const char *what = "untouched";
        ck_assert_int_eq(wit_func_is_callable(&f, &what), !cases[i].what);
        ck_assert_str_eq(what, cases[i].what ? cases[i].what : "untouched");
        wit_func_finish(&f);
    }
}
END_TEST

START_TEST(schema_follows_the_mapping)
{
    static const struct { const char *type, *schema; } cases[] = {
        {"bool", "{'type':'boolean'}"},
        {"s8", "{'type':'integer','minimum':-128,'maximum':127}"},
        {"u8", "{'type':'integer','minimum':0,'maximum':255}"},
        {"s16", "{'type':'integer','minimum':-32768,'maximum':32767}"},
        {"u16", "{'type':'integer','minimum':0,'maximum':65535}"},
        {"s32", "{'type':'integer','minimum':-2147483648,'maximum':2147483647}"},
        {"u32", "{'type':'integer','minimum':0,'maximum':4294967295}"},
        {"s64", "{'type':['integer','string'],'pattern':'^-?[0-9]{1,19}$'}"},
        {"u64", "{'type':['integer','string'],'minimum':0,'pattern':'^[0-9]{1,20}$'}"},
        {"f32", "{'anyOf':[{'type':'number'},{'type':'string','enum':['NaN','inf','-inf']}]}"},
        {"f64", "{'anyOf':[{'type':'number'},{'type':'string','enum':['NaN','inf','-inf']}]}"},
        {"char", "{'type':'string','minLength':1,'maxLength':1}"},
        {"string", "{'type':'string'}"},
        {"list<u8>", "{'type':'string','contentEncoding':'base64'}"},
        {"list<bool>", "{'type':'array','items':{'type':'boolean'}}"},
        {"tuple<bool, string>", "{'type':'array','prefixItems':[{'type':'boolean'},{'type':'string'}],'items':false,'minItems':2,'maxItems':2}"},
        {"record { a: bool, b-c: option<string> }",
         "{'type':'object','properties':{'a':{'type':'boolean'},'b-c':{'anyOf':[{'type':'string'},{'type':'null'}]}},"
         "'required':['a'],'additionalProperties':false}"},
        {"enum { a, b }", "{'type':'string','enum':['a','b']}"},
        {"flags { r, w }", "{'type':'array','items':{'type':'string','enum':['r','w']},'uniqueItems':true}"},
        {"variant { a, b(bool) }",
         "{'oneOf':[{'type':'string','const':'a'},"
         "{'type':'object','properties':{'b':{'type':'boolean'}},'required':['b'],'additionalProperties':false}]}"},
        {"option<option<bool>>",
         "{'anyOf':[{'type':'object','properties':{'some':{'anyOf':[{'type':'boolean'},{'type':'null'}]}},'required':['some'],"
         "'additionalProperties':false},{'type':'null'}]}"},
        {"result<bool>",
         "{'oneOf':[{'type':'object','properties':{'ok':{'type':'boolean'}},'required':['ok'],'additionalProperties':false},"
         "{'type':'object','properties':{'err':{'type':'null'}},'required':['err'],'additionalProperties':false}]}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_json(type_schema_of(cases[i].type), cases[i].schema);
}
END_TEST

START_TEST(schema_of_parameters_is_a_closed_object)
{
    struct wit_func f = make_func("func(url: string, limit: option<bool>) -> u8");
    json_t *j;
    ck_assert_int_eq(schema_of_params(&f, &j, NULL), 0);
    assert_json(j, "{'type':'object','properties':{'url':{'type':'string'},'limit':{'anyOf':[{'type':'boolean'},{'type':'null'}]}},"
                   "'required':['url'],'additionalProperties':false}");
    wit_func_finish(&f);
}
END_TEST

START_TEST(schema_of_an_opaque_type_is_refused)
{
    struct wit_func f = make_func("func(a: u8) -> list<resource>");
    cordon_error *err = NULL;
    json_t *j = NULL;
    ck_assert_int_eq(schema_of_params(&f, &j, &err), -CORDON_E_NOT_CALLABLE);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "resource"));
    cordon_error_free(err);
    ck_assert_int_eq(schema_of_type(f.result, &j, NULL), -CORDON_E_NOT_CALLABLE);
    ck_assert_ptr_null(j);
    wit_func_finish(&f);
}
END_TEST

START_TEST(schema_over_its_ceiling_is_refused)
{
    struct wit_func f = {.name = strdup("big")};
    for (int i = 0; i < 2000; i++) {
        struct wit_member *m = make_add(&f.params, &f.n_params);
        m->name = malloc(32);
        m->name_len = (size_t)snprintf(m->name, 32, "parameter-%d", i);
        m->type = make_type("u32");
    }
    cordon_error *err = NULL;
    json_t *j;
    ck_assert_int_eq(schema_of_params(&f, &j, &err), -CORDON_E_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "65536"));
    cordon_error_free(err);
    wit_func_finish(&f);
}
END_TEST

static json_t *loads(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json_t *j = json_loads(copy, JSON_DECODE_ANY, NULL);
    ck_assert_msg(j, "not JSON: %s", text);
    free(copy);
    return j;
}

static void add_docs(struct wit_func *f, const char *docs)
{
    json_t *j = loads(docs);
    schema_add_docs(f, j);
    json_decref(j);
}

START_TEST(docs_become_descriptions)
{
    struct wit_func f = make_func("func(q: record { n: u8, e: enum { hot, cold } }, t: tuple<bool, option<variant { a(bool), b }>>) -> string");
    add_docs(&f, "{'docs':'Asks.','params':{"
                 "'q':{'docs':'A query.','members':{'n':{'docs':'How many.','type':{'docs':'not shown'}},"
                 "'e':{'type':{'docs':'Feel','members':{'cold':{'docs':'below zero'}}}}}},"
                 "'t':{'members':{'0':{'docs':'First.'},'1':{'type':{'elem':{'members':{'a':{'docs':'Case a.'}}}}}}}},"
                 "'result':{'docs':'The answer.'}}");
    json_t *j;
    ck_assert_str_eq(f.docs, "Asks.");
    ck_assert_str_eq(f.result->docs, "The answer.");
    ck_assert_int_eq(schema_of_params(&f, &j, NULL), 0);
    const json_t *props = json_object_get(j, "properties");
    assert_json(json_incref(json_object_get(props, "q")),
                "{'type':'object','description':'A query.','properties':{'n':{'type':'integer','minimum':0,'maximum':255,'description':'How many.'},"
                "'e':{'type':'string','enum':['hot','cold'],'description':'Feel\\n- cold: below zero'}},"
                "'required':['n','e'],'additionalProperties':false}");
    assert_json(json_incref(json_object_get(props, "t")),
                "{'type':'array','items':false,'minItems':2,'maxItems':2,'prefixItems':[{'type':'boolean','description':'First.'},"
                "{'anyOf':[{'oneOf':[{'type':'object','properties':{'a':{'type':'boolean'}},'required':['a'],'additionalProperties':false,"
                "'description':'Case a.'},{'type':'string','const':'b'}]},{'type':'null'}]}]}");
    json_decref(j);
    wit_func_finish(&f);
}
END_TEST

START_TEST(docs_that_do_not_fit_the_types_do_nothing)
{
    static const char *const docs[] = {
        "null", "7", "[]", "'x'", "{}", "{'docs':7}", "{'docs':''}", "{'params':[]}", "{'params':{'a':7}}", "{'params':{'b':{'docs':'x'}}}",
        "{'params':{'a':{'members':{'z':{'docs':'x'}}}}}", "{'params':{'a':{'members':[1]}}}", "{'result':{'docs':'x'}}",
        "{'params':{'a':{'elem':{'elem':{'elem':{'docs':'x'}}}}}}",
    };
    for (size_t i = 0; i < sizeof(docs) / sizeof(*docs); i++) {
        struct wit_func f = make_func("func(a: record { n: u8 })");
        json_t *before, *after;
        ck_assert_int_eq(schema_of_params(&f, &before, NULL), 0);
        add_docs(&f, docs[i]);
        ck_assert_ptr_null(f.docs);
        ck_assert_int_eq(schema_of_params(&f, &after, NULL), 0);
        ck_assert(json_equal(before, after));
        json_decref(before);
        json_decref(after);
        wit_func_finish(&f);
    }
}
END_TEST

START_TEST(hostile_docs_are_escaped_and_capped)
{
    struct wit_func f = make_func("func(a: u8)");
    char *text = malloc(9000);
    strcpy(text, "\x1b[2J \xe2\x80\xae evil\nline ");
    size_t head = strlen(text);
    memset(text + head, '\x07', 8000);
    text[head + 8000] = '\0';
    json_t *docs = json_pack("{s:{s:{s:s}}}", "params", "a", "docs", text);
    schema_add_docs(&f, docs);
    json_decref(docs);
    ck_assert_uint_le(strlen(f.params[0].type->docs), SCHEMA_DOCS_MAX);
    json_t *j;
    ck_assert_int_eq(schema_of_params(&f, &j, NULL), 0);
    const char *shown = json_string_value(json_object_get(json_object_get(json_object_get(j, "properties"), "a"), "description"));
    ck_assert_uint_le(strlen(shown), SCHEMA_DOCS_MAX);
    ck_assert_ptr_nonnull(strstr(shown, " evil\nline "));
    for (const char *p = shown; *p; p++)
        ck_assert(*p == '\n' || (*p >= ' ' && *p < 0x7F));
    json_decref(j);
    free(text);
    wit_func_finish(&f);
}
END_TEST

START_TEST(docs_that_are_not_utf8_are_shown_escaped)
{
    struct wit_func f = make_func("func(a: u8)");
    f.params[0].docs = strdup("caf\xe9");
    json_t *j;
    ck_assert_int_eq(schema_of_params(&f, &j, NULL), 0);
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(json_object_get(j, "properties"), "a"), "description")), "caf\\xe9");
    json_decref(j);
    wit_func_finish(&f);
}
END_TEST

START_TEST(tools_have_the_shape_their_model_wants)
{
    json_t *params = loads("{'type':'object'}"), *j;
    ck_assert_int_eq(schema_tool("a#b", "Does it.", params, TOOL_MCP, &j, NULL), 0);
    assert_json(j, "{'name':'a_b','description':'Does it.','inputSchema':{'type':'object'}}");
    ck_assert_int_eq(schema_tool("a#b", "Does it.", params, TOOL_OPENAI, &j, NULL), 0);
    assert_json(j, "{'type':'function','function':{'name':'a_b','description':'Does it.','parameters':{'type':'object'}}}");
    ck_assert_int_eq(schema_tool("a#b", "Does\x1b it.", params, TOOL_ANTHROPIC, &j, NULL), 0);
    assert_json(j, "{'name':'a_b','description':'Does\\\\x1b it.','input_schema':{'type':'object'}}");
    ck_assert_int_eq(schema_tool("a", NULL, params, TOOL_MCP, &j, NULL), 0);
    assert_json(j, "{'name':'a','inputSchema':{'type':'object'}}");
    json_decref(params);
}
END_TEST

START_TEST(tool_names_fit_every_format)
{
    char name[65], other[65];
    schema_tool_name("docs:adder/add@0.1.0#add", name);
    ck_assert_str_eq(name, "docs_adder_add_0_1_0_add");
    schema_tool_name("", name);
    ck_assert_str_eq(name, "_");
    schema_tool_name("\x1b\xc3\xa9 ", name);
    ck_assert_str_eq(name, "____");
    char exact[65];
    memset(exact, 'a', 64);
    exact[64] = '\0';
    schema_tool_name(exact, name);
    ck_assert_str_eq(name, exact);
    char longer[201];
    memset(longer, 'a', 200);
    longer[200] = '\0';
    schema_tool_name(longer, name);
    longer[199] = 'b';
    schema_tool_name(longer, other);
    ck_assert_uint_eq(strlen(name), 64);
    ck_assert_uint_eq(strlen(other), 64);
    ck_assert_mem_eq(name, other, 56);
    ck_assert_str_ne(name, other);
    for (size_t i = 56; i < 64; i++)
        ck_assert(isxdigit((unsigned char)name[i]));
}
END_TEST

Suite *suite_wit(void)
{
    Suite *s = suite_create("wit");
    TCase *t = tcase_create("wit");
    tcase_add_test(t, text_of_a_type_is_canonical);
    tcase_add_test(t, text_of_a_function_is_canonical);
    tcase_add_test(t, text_over_its_ceiling_fails);
    tcase_add_test(t, a_function_is_callable_unless_something_in_it_is_opaque);
    tcase_add_test(t, schema_follows_the_mapping);
    tcase_add_test(t, schema_of_parameters_is_a_closed_object);
    tcase_add_test(t, schema_of_an_opaque_type_is_refused);
    tcase_add_test(t, schema_over_its_ceiling_is_refused);
    tcase_add_test(t, docs_become_descriptions);
    tcase_add_test(t, docs_that_do_not_fit_the_types_do_nothing);
    tcase_add_test(t, hostile_docs_are_escaped_and_capped);
    tcase_add_test(t, docs_that_are_not_utf8_are_shown_escaped);
    tcase_add_test(t, tools_have_the_shape_their_model_wants);
    tcase_add_test(t, tool_names_fit_every_format);
    suite_add_tcase(s, t);
    return s;
}
