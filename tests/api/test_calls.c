/* SPDX-License-Identifier: Apache-2.0
 * Synchronous calls: arguments, input, limits, outcomes, and requests that are used again and at once. */
#include "ground.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cordon_host *host;
static cordon_skill *ways;

static void setup(void)
{
    host = ground_host(2, 16);
    ways = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
}

static void teardown(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    cordon_skill_free(ways);
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    ck_assert_uint_eq(st.skills_loaded, 0);
    cordon_host_free(host);
}

/* ---- one line ---- */

START_TEST(a_call_is_one_line)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    enum cordon_output_kind kind;
    size_t len;
    expect_ok(cordon_call_json(ways, "add", "{\"x\": 40, \"y\": 2}", &o, &err), err);
    expect_kind(o, CORDON_OUTCOME_OK);
    ck_assert_str_eq(cordon_outcome_output(o, &len, &kind), "42");
    ck_assert_uint_eq(len, 2);
    ck_assert_int_eq(kind, CORDON_OUTPUT_JSON);
    ck_assert_int_eq(cordon_outcome_exit_code(o), 0);
    ck_assert_ptr_null(cordon_outcome_message(o));
    ck_assert_ptr_null(cordon_outcome_hint(o));
    ck_assert_ptr_null(cordon_outcome_trap(o));
    ck_assert_ptr_null(cordon_outcome_err_json(o));
    ck_assert_ptr_null(cordon_outcome_frame(o, 0));
    ck_assert_uint_gt(cordon_outcome_usage(o, CORDON_USAGE_FUEL), 0);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_FUEL_EXACT), 1);
    ck_assert_uint_ge(cordon_outcome_usage(o, CORDON_USAGE_MEMORY_PEAK_BYTES), 65536);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_COUNT), 0);
    cordon_outcome_free(o);
}
END_TEST

START_TEST(what_keeps_a_call_from_starting_is_an_error)
{
    static const struct { const char *export_name, *args; enum cordon_errc code; const char *says; } rows[] = {
        {"nonsense", NULL, CORDON_E_NO_SUCH_EXPORT, "add"},
        {NULL, NULL, CORDON_E_NO_SUCH_EXPORT, "add"},
        {"add", "{\"x\": 1}", CORDON_E_BAD_ARGS, "y"},
        {"add", "{\"x\": 1, \"y\": \"one\"}", CORDON_E_BAD_ARGS, "y"},
        {"add", "{\"x\": 1, \"y\": 4294967296}", CORDON_E_BAD_ARGS, "y"},
        {"add", "{\"x\": 1, \"y\": -1}", CORDON_E_BAD_ARGS, "y"},
        {"add", "{\"x\": 1, \"y\": 2, \"z\": 3}", CORDON_E_BAD_ARGS, "z"},
        {"add", "[1, 2, 3]", CORDON_E_BAD_ARGS, "3"},
        {"add", "[1", CORDON_E_BAD_ARGS, "JSON"},
        {"add", "7", CORDON_E_BAD_ARGS, "object"},
        {"add", NULL, CORDON_E_BAD_ARGS, "x"},
        {"echo", NULL, CORDON_E_BAD_ARGS, "text"},
        {"echo", "[\"\xff\"]", CORDON_E_BAD_ARGS, "JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cordon_error *err = NULL;
        cordon_outcome *o = (cordon_outcome *)&rows; /* untouched on failure */
        int rc = cordon_call_json(ways, rows[i].export_name, rows[i].args, &o, &err);
        ck_assert_msg(rc < 0 && strstr(cordon_error_message(err), rows[i].says), "%zu: %d %s", i, rc, rc ? cordon_error_message(err) : "ok");
        expect_error(rc, err, rows[i].code);
        ck_assert_ptr_eq(o, (cordon_outcome *)&rows);
        ck_assert_int_eq(cordon_call_json(ways, rows[i].export_name, rows[i].args, &o, NULL), rc);
    }
}
END_TEST

/* ---- every outcome ---- */

struct way {
    const char *export_name, *args;
    enum cordon_limit limit;
    uint64_t value;
    enum cordon_outcome_kind kind;
    int exit_code;
};
static const struct way every_way[] = {
    {"echo", "[\"hello\"]", 0, 0, CORDON_OUTCOME_OK, 0},
    {"fail", "[\"no\"]", 0, 0, CORDON_OUTCOME_ERR, 1},
    {"divide", NULL, 0, 0, CORDON_OUTCOME_TRAP, 5},
    {"spin", NULL, CORDON_LIMIT_FUEL, 10000, CORDON_OUTCOME_OUT_OF_FUEL, 4},
    {"grow", NULL, CORDON_LIMIT_MEMORY_BYTES, 1 << 20, CORDON_OUTCOME_OUT_OF_MEMORY, 4},
    {"spin", NULL, CORDON_LIMIT_WALL_MS, 60, CORDON_OUTCOME_DEADLINE, 4},
    {"sleep", "[60000]", CORDON_LIMIT_WALL_MS, 60, CORDON_OUTCOME_DEADLINE, 4},
    {"repeat", "[65, 5000]", CORDON_LIMIT_OUTPUT_BYTES, 4999, CORDON_OUTCOME_OUTPUT_TOO_LARGE, 4},
};
enum { WAYS = sizeof every_way / sizeof *every_way };

static cordon_request *request_of(const struct way *w)
{
    cordon_request *r = ground_request(ways, w->export_name, w->args);
    if (w->value)
        ground_limit(r, w->limit, w->value);
    return r;
}

START_TEST(every_ending_is_an_outcome)
{
    const struct way *w = &every_way[_i];
    cordon_request *r = request_of(w);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, w->kind);
    ck_assert_int_eq(cordon_outcome_exit_code(o), w->exit_code);
    ck_assert((cordon_outcome_message(o) == NULL) == (w->kind == CORDON_OUTCOME_OK));
    ck_assert((cordon_outcome_trap(o) != NULL) == (w->kind == CORDON_OUTCOME_TRAP));
    ck_assert((cordon_outcome_err_json(o) != NULL) == (w->kind == CORDON_OUTCOME_ERR));
    cordon_outcome_free(o);
    cordon_request_free(r);
}
END_TEST

static void expect_keys(json_t *object, const char *const *keys)
{
    size_t n = 0;
    for (; keys[n]; n++)
        ck_assert_msg(json_object_get(object, keys[n]) != NULL, "no key %s", keys[n]);
    ck_assert_uint_eq(json_object_size(object), n);
}

static const char *const call_keys[] = {"cordon", "invocation_id", "skill", "version", "tier", "outcome", "output", "output_kind", "error", "limits", "usage", "log", "denials", NULL};
static const char *const error_keys[] = {"id", "category", "message", "hint", "subject", "causes", "value", "trap", "backtrace", NULL};
static const char *const limit_keys[] = {"fuel", "memory_bytes", "wall_ms", NULL};
static const char *const usage_keys[] = {"fuel", "fuel_exact", "memory_peak_bytes", "wall_us", "cpu_us", "host_calls", "bytes_in", "bytes_out", NULL};

static json_t *parse(char *text)
{
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(j && !strchr(text, '\n'), "%s", text);
    cordon_free(text);
    expect_keys(j, call_keys);
    expect_keys(json_object_get(j, "limits"), limit_keys);
    expect_keys(json_object_get(j, "usage"), usage_keys);
    if (!json_is_null(json_object_get(j, "error")))
        expect_keys(json_object_get(j, "error"), error_keys);
    return j;
}

static const char *text_at(json_t *j, const char *key) { return json_string_value(json_object_get(j, key)); }

START_TEST(the_json_of_an_outcome_has_every_key)
{
    const struct way *w = &every_way[_i];
    cordon_error *err = NULL;
    char *text = NULL;
    cordon_request *r = request_of(w);
    cordon_outcome *o = ground_run(r);
    expect_ok(cordon_outcome_json(o, &text, &err), err);
    json_t *j = parse(text), *error = json_object_get(j, "error");
    ck_assert_str_eq(text_at(j, "outcome"), cordon_outcome_name(w->kind));
    ck_assert_str_eq(text_at(j, "skill"), "ways");
    ck_assert_str_eq(text_at(j, "tier"), "untrusted");
    ck_assert_uint_eq(strlen(text_at(j, "invocation_id")), 36);
    ck_assert_int_eq(json_is_null(error), w->kind == CORDON_OUTCOME_OK);
    if (w->kind != CORDON_OUTCOME_OK)
        ck_assert_str_eq(text_at(error, "id"), cordon_outcome_name(w->kind));
    if (w->kind == CORDON_OUTCOME_ERR)
        ck_assert_str_eq(text_at(error, "value"), "no");
    if (w->kind == CORDON_OUTCOME_TRAP) {
        ck_assert_str_eq(text_at(error, "trap"), "integer division by zero");
        ck_assert_uint_ge(json_array_size(json_object_get(error, "backtrace")), 1);
    }
    ck_assert_int_ge(json_integer_value(json_object_get(json_object_get(j, "limits"), "fuel")), 10000);
    json_decref(j);
    cordon_outcome_free(o);
    cordon_request_free(r);
}
END_TEST

START_TEST(the_json_of_a_call_that_never_started_has_the_same_keys)
{
    cordon_error *why = NULL, *err = NULL;
    cordon_outcome *o;
    char *text = NULL;
    ck_assert_int_lt(cordon_call_json(ways, "add", "[1]", &o, &why), 0);
    expect_ok(cordon_error_json(why, cordon_skill_name(ways), &text, &err), err);
    json_t *j = parse(text);
    ck_assert_str_eq(text_at(j, "outcome"), "not-started");
    ck_assert_str_eq(text_at(j, "skill"), "ways");
    ck_assert_str_eq(text_at(json_object_get(j, "error"), "id"), "bad-args");
    json_decref(j);
    expect_ok(cordon_error_json(why, NULL, &text, &err), err);
    j = parse(text);
    ck_assert(json_is_null(json_object_get(j, "skill")));
    json_decref(j);
    expect_ok(cordon_error_json(why, "a\x1b]\xff\xe2\x80\xae", &text, &err), err);
    json_decref(parse(text));
    cordon_error_free(why);
}
END_TEST

START_TEST(a_stopped_guest_says_where_it_was)
{
    cordon_request *r = ground_request(ways, "spin", NULL);
    ground_limit(r, CORDON_LIMIT_WALL_MS, 60);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_DEADLINE);
    ck_assert_ptr_nonnull(cordon_outcome_frame(o, 0));
    ck_assert_ptr_null(cordon_outcome_frame(o, 64));
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_FUEL_EXACT), 0);
    ck_assert_uint_ge(cordon_outcome_usage(o, CORDON_USAGE_WALL_US), 60000);
    cordon_outcome_free(o);
    cordon_request_free(r);
}
END_TEST

/* ---- limits ---- */

START_TEST(a_limit_that_is_hit_says_where_it_came_from)
{
    cordon_error *err = NULL;
    cordon_request *r = ground_request(ways, "spin", NULL);
    static const struct { const char *origin, *says; } rows[] = {{"--fuel", "(--fuel)"}, {NULL, "(request)"}};
    for (int i = 0; i < 2; i++) {
        expect_ok(cordon_request_set_limit(r, CORDON_LIMIT_FUEL, 20000, rows[i].origin, &err), err);
        cordon_outcome *o = ground_run(r);
        expect_kind(o, CORDON_OUTCOME_OUT_OF_FUEL);
        ck_assert_msg(strstr(cordon_outcome_message(o), rows[i].says) && strstr(cordon_outcome_message(o), "20 k"), "%s", cordon_outcome_message(o));
        ck_assert_ptr_nonnull(cordon_outcome_hint(o));
        cordon_outcome_free(o);
    }
    cordon_request_free(r);
    r = ground_request(ways, "repeat", "[65, 2000000]");
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_OUTPUT_TOO_LARGE);
    ck_assert_msg(strstr(cordon_outcome_message(o), "the untrusted tier's default"), "%s", cordon_outcome_message(o));
    cordon_outcome_free(o);
    cordon_request_free(r);
}
END_TEST

START_TEST(a_limit_is_above_zero_and_not_above_its_ceiling)
{
    cordon_error *err = NULL;
    cordon_request *r = ground_request(ways, "echo", "[\"x\"]");
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        enum cordon_limit limit = (enum cordon_limit)l;
        uint64_t ceiling = cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, limit);
        int rc = cordon_request_set_limit(r, limit, 0, NULL, &err);
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), cordon_limit_name(limit)));
        expect_error(rc, err, CORDON_E_BAD_LIMIT);
        rc = cordon_request_set_limit(r, limit, ceiling + 1, NULL, &err);
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "untrusted"));
        expect_error(rc, err, CORDON_E_BAD_LIMIT);
        expect_ok(cordon_request_set_limit(r, limit, ceiling, NULL, &err), err);
    }
    int rc = cordon_request_set_limit(r, CORDON_LIMIT_COUNT, 1, NULL, &err);
    expect_error(rc, err, CORDON_E_USAGE);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_OK);
    cordon_outcome_free(o);
    cordon_request_free(r);
}
END_TEST

START_TEST(a_host_has_defaults_and_ceilings_of_its_own)
{
    cordon_error *err = NULL;
    cordon_host_opts *opts = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_ceiling(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, 50000, &err), err);
    cordon_host *h = NULL;
    int rc = cordon_host_new(opts, &h, &err);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "fuel"));
    expect_error(rc, err, CORDON_E_BAD_LIMIT); /* the default as shipped is above that */
    expect_ok(cordon_host_opts_set_default(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, 30000, &err), err);
    rc = cordon_host_opts_set_ceiling(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_WALL_MS, UINT64_MAX / 1000, &err);
    expect_error(rc, err, CORDON_E_BAD_LIMIT);
    rc = cordon_host_opts_set_default(opts, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, 0, &err);
    expect_error(rc, err, CORDON_E_BAD_LIMIT);
    h = ground_host_with(opts);
    cordon_skill *s = ground_skill(h, "ways", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(s, "spin", NULL);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_OUT_OF_FUEL);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_FUEL), 30000);
    cordon_outcome_free(o);
    rc = cordon_request_set_limit(r, CORDON_LIMIT_FUEL, 50001, NULL, &err);
    expect_error(rc, err, CORDON_E_BAD_LIMIT);
    expect_ok(cordon_request_set_limit(r, CORDON_LIMIT_FUEL, 50000, NULL, &err), err);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_free(h);
}
END_TEST

/* ---- arguments and input ---- */

START_TEST(input_is_the_one_text_or_byte_list)
{
    cordon_error *err = NULL;
    enum cordon_output_kind kind;
    size_t len;
    cordon_request *r = ground_request(ways, "echo", NULL);
    ck_assert_str_eq(cordon_request_export(r), "echo");
    expect_ok(cordon_request_set_input(r, "h\0i", 3, &err), err);
    cordon_outcome *o = ground_run(r);
    const char *out = cordon_outcome_output(o, &len, &kind);
    ck_assert_int_eq(kind, CORDON_OUTPUT_TEXT);
    ck_assert(len == 3 && !memcmp(out, "h\0i", 4));
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_BYTES_IN), 3);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_BYTES_OUT), 3);
    cordon_outcome_free(o);
    int rc = cordon_request_set_input(r, "\xff", 1, &err);
    expect_error(rc, err, CORDON_E_BAD_ARGS);
    o = ground_run(r); /* what was refused has changed nothing */
    cordon_outcome_output(o, &len, &kind);
    ck_assert_uint_eq(len, 3);
    cordon_outcome_free(o);
    expect_ok(cordon_request_set_input(r, NULL, 0, &err), err);
    o = ground_run(r);
    out = cordon_outcome_output(o, &len, &kind);
    ck_assert(kind == CORDON_OUTPUT_TEXT && len == 0 && out && *out == '\0');
    cordon_outcome_free(o);
    cordon_request_free(r);

    r = ground_request(ways, "bytes", NULL);
    expect_ok(cordon_request_set_input(r, "\xff\0\x80", 3, &err), err);
    o = ground_run(r);
    out = cordon_outcome_output(o, &len, &kind);
    ck_assert(kind == CORDON_OUTPUT_BYTES && len == 3 && !memcmp(out, "\xff\0\x80", 4));
    cordon_outcome_free(o);
    cordon_request_free(r);

    r = ground_request(ways, "add", NULL);
    rc = cordon_request_set_input(r, "1", 1, &err);
    expect_error(rc, err, CORDON_E_BAD_ARGS);
    cordon_request_free(r);
}
END_TEST

START_TEST(arguments_and_input_replace_each_other)
{
    cordon_error *err = NULL;
    cordon_request *r = ground_request(ways, "echo", "{\"text\": \"first\"}");
    expect_ok(cordon_request_set_input(r, "second", 6, &err), err);
    cordon_outcome *o = ground_run(r);
    expect_output(o, "second");
    cordon_outcome_free(o);
    expect_ok(cordon_request_set_args(r, "[\"third\"]", 9, &err), err);
    o = ground_run(r);
    expect_output(o, "third");
    cordon_outcome_free(o);
    int rc = cordon_request_set_args(r, "[4]", 3, &err);
    expect_error(rc, err, CORDON_E_BAD_ARGS);
    o = ground_run(r);
    expect_output(o, "third");
    cordon_outcome_free(o);
    cordon_request_free(r);
}
END_TEST

START_TEST(input_and_arguments_have_a_limit)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    uint64_t ceiling = cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_INPUT_BYTES);
    char *big = malloc(ceiling + 1);
    memset(big, ' ', ceiling + 1);
    cordon_request *r = ground_request(ways, "echo", "[\"x\"]");
    int rc = cordon_request_set_input(r, big, ceiling + 1, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    rc = cordon_request_set_args(r, big, ceiling + 1, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    free(big);
    ground_limit(r, CORDON_LIMIT_INPUT_BYTES, 5);
    expect_ok(cordon_request_set_input(r, "12345", 5, &err), err);
    cordon_outcome_free(ground_run(r));
    expect_ok(cordon_request_set_input(r, "123456", 6, &err), err);
    rc = cordon_request_run(r, &o, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    cordon_request_free(r);

    r = ground_request(ways, "add", "[1, 23456789]");
    ground_limit(r, CORDON_LIMIT_INPUT_BYTES, 12);
    rc = cordon_request_run(r, &o, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    struct end end = {0};
    rc = cordon_request_start(r, end_done, &end, NULL, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    cordon_host_dispatch(host);
    ck_assert_int_eq(end.times, 0); /* what was not started has no completion */
    ground_limit(r, CORDON_LIMIT_INPUT_BYTES, 13);
    o = ground_run(r);
    expect_output(o, "23456790");
    cordon_outcome_free(o);
    cordon_request_free(r);
}
END_TEST

START_TEST(a_command_takes_input_and_arguments)
{
    cordon_error *err = NULL;
    cordon_skill *cat = ground_skill(host, "cat", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(cat, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(cordon_request_export(r), "wasi:cli/run@0.2"));
    expect_ok(cordon_request_add_arg(r, "one é", &err), err);
    expect_ok(cordon_request_set_input(r, "in", 2, &err), err);
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_OK);
    expect_output(o, "one é\nin");
    cordon_outcome_free(o);
    int rc = cordon_request_add_arg(r, "\xff", &err);
    expect_error(rc, err, CORDON_E_BAD_ARGS);
    rc = cordon_request_set_args(r, "[]", 2, &err);
    expect_error(rc, err, CORDON_E_BAD_ARGS);
    char *long_arg = malloc(128 * 1024 + 2);
    memset(long_arg, 'a', 128 * 1024 + 1);
    long_arg[128 * 1024 + 1] = '\0';
    rc = cordon_request_add_arg(r, long_arg, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    free(long_arg);
    for (rc = 0; rc == 0;)
        rc = cordon_request_add_arg(r, "x", &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    cordon_request_free(r);
    r = ground_request(ways, "echo", "[\"x\"]");
    rc = cordon_request_add_arg(r, "x", &err);
    expect_error(rc, err, CORDON_E_BAD_ARGS);
    cordon_request_free(r);
    cordon_skill_free(cat);
}
END_TEST

START_TEST(arguments_of_a_command_count_as_input)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    cordon_skill *cat = ground_skill(host, "cat", CORDON_TIER_UNTRUSTED);
    cordon_request *r = ground_request(cat, NULL, NULL);
    ground_limit(r, CORDON_LIMIT_INPUT_BYTES, 10);
    expect_ok(cordon_request_add_arg(r, "12345678", &err), err);
    expect_ok(cordon_request_set_input(r, "12", 2, &err), err);
    o = ground_run(r);
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_BYTES_IN), 10);
    cordon_outcome_free(o);
    expect_ok(cordon_request_add_arg(r, "3", &err), err);
    int rc = cordon_request_run(r, &o, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    cordon_request_free(r);

    uint64_t ceiling = cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_INPUT_BYTES), taken = 0;
    char *arg = malloc(128 * 1024 + 1);
    memset(arg, 'a', 128 * 1024);
    arg[128 * 1024] = '\0';
    r = ground_request(cat, NULL, NULL);
    for (rc = 0; rc == 0 && taken <= ceiling; taken += 128 * 1024)
        rc = cordon_request_add_arg(r, arg, &err);
    expect_error(rc, err, CORDON_E_TOO_LARGE);
    free(arg);
    cordon_request_free(r);
    cordon_skill_free(cat);
}
END_TEST

START_TEST(log_lines_and_denials_are_read_one_by_one)
{
    cordon_error *err = NULL;
    const char *level, *message, *capability, *wanted, *reason;
    uint64_t count;
    cordon_skill *log = ground_skill(host, "log", CORDON_TIER_UNTRUSTED), *fetch = ground_skill(host, "fetch", CORDON_TIER_VERIFIED);
    cordon_request *r = ground_request(log, NULL, NULL);
    expect_ok(cordon_request_set_input(r, "line", 4, &err), err);
    cordon_outcome *o = ground_run(r);
    static const char *const levels[] = {"error", "warn", "info", "debug", "trace", "trace"};
    for (size_t i = 0; i < 6; i++) {
        ck_assert(cordon_outcome_log(o, i, &level, &message));
        ck_assert_str_eq(level, levels[i]);
        ck_assert_str_eq(message, "line");
    }
    ck_assert(!cordon_outcome_log(o, 6, &level, &message));
    ck_assert_uint_eq(cordon_outcome_usage(o, CORDON_USAGE_HOST_CALLS), 6);
    cordon_outcome_free(o);
    cordon_request_free(r);

    r = ground_request(fetch, "execute", NULL);
    expect_ok(cordon_request_set_input(r, "https://u:p@a.example/x?token=1", 31, &err), err);
    o = ground_run(r);
    ck_assert(cordon_outcome_denial(o, 0, &capability, &wanted, &reason, &count));
    ck_assert_str_eq(capability, "net");
    ck_assert_msg(strstr(wanted, "a.example") && !strstr(wanted, "token") && !strstr(wanted, "u:p"), "%s", wanted);
    ck_assert_str_eq(reason, "not-granted");
    ck_assert_uint_eq(count, 2);
    ck_assert(!cordon_outcome_denial(o, 1, &capability, &wanted, &reason, &count));
    ck_assert_int_eq(cordon_outcome_exit_code(o), 3);
    cordon_outcome_free(o);
    cordon_request_free(r);
    cordon_skill_free(log);
    cordon_skill_free(fetch);
}
END_TEST

/* ---- again, and at once ---- */

enum { THREADS = 4, RUNS = 1000 };

static void *run_many(void *data)
{
    cordon_request *r = data;
    for (intptr_t i = 0; i < RUNS; i++) {
        cordon_outcome *o = NULL;
        if (cordon_request_run(r, &o, NULL) < 0 || cordon_outcome_kind(o) != CORDON_OUTCOME_OK || strcmp(cordon_outcome_output(o, NULL, NULL), "1379"))
            return (void *)(i + 1);
        cordon_outcome_free(o);
    }
    return NULL;
}

START_TEST(one_request_runs_from_four_threads_at_once)
{
    pthread_t threads[THREADS];
    cordon_request *r = ground_request(ways, "add", "{\"y\": 1300, \"x\": 79}");
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_many, r), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    struct cordon_host_stats st;
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.calls_ended, THREADS * RUNS);
    cordon_request_free(r);
}
END_TEST

static void *load_and_run(void *data)
{
    static const char *const fixtures[] = {"echo", "ways", "cat", "log"};
    for (uintptr_t i = 0; i < 12; i++) {
        cordon_error *err = NULL;
        cordon_skill *s = NULL;
        cordon_request *r = NULL;
        cordon_outcome *o = NULL;
        char path[512];
        snprintf(path, sizeof path, "%s/tests/fixtures/%s.wat", TEST_SOURCE_ROOT, fixtures[((uintptr_t)data + i) % 4]);
        int rc = cordon_skill_load(host, path, i & 1 ? CORDON_TIER_VERIFIED : CORDON_TIER_UNTRUSTED, &s, &err);
        if (rc == 0)
            rc = cordon_request_new(s, strstr(path, "ways") ? "sleep" : NULL, &r, &err);
        cordon_skill_free(s);
        if (rc == 0)
            rc = strstr(path, "ways") ? cordon_request_set_args(r, "[2]", 3, &err) : cordon_request_set_input(r, "x", 1, &err);
        if (rc == 0)
            rc = cordon_request_run(r, &o, &err);
        cordon_request_free(r);
        if (rc < 0 || cordon_outcome_kind(o) != CORDON_OUTCOME_OK)
            return err ? err : data;
        cordon_outcome_free(o);
    }
    return NULL;
}

START_TEST(skills_are_loaded_from_four_threads_at_once)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, load_and_run, (void *)(uintptr_t)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_msg(!failed, "%s", (uintptr_t)failed > THREADS ? cordon_error_message(failed) : "not ok");
    }
    struct cordon_host_stats st;
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.skills_loaded, 1);
}
END_TEST

START_TEST(a_request_may_be_changed_while_its_calls_run)
{
    cordon_error *err = NULL;
    cordon_skill *cat = ground_skill(host, "cat", CORDON_TIER_UNTRUSTED);
    struct end ends[4] = {0};
    cordon_request *r = ground_request(ways, "sleep", "[60]"), *c = ground_request(cat, NULL, NULL);
    end_start(r, &ends[0], NULL);
    expect_ok(cordon_request_set_args(r, "[61]", 4, &err), err);
    end_start(r, &ends[1], NULL);
    ground_limit(r, CORDON_LIMIT_WALL_MS, 40);
    expect_ok(cordon_request_set_bot(r, "somebody", &err), err);
    end_start(r, &ends[2], NULL);
    expect_ok(cordon_request_set_input(c, "old", 3, &err), err);
    end_start(c, &ends[3], NULL);
    expect_ok(cordon_request_set_input(c, "new", 3, &err), err);
    expect_ok(cordon_request_add_arg(c, "arg", &err), err);
    cordon_request_free(c);
    end_wait(host, ends, 4);
    ck_assert_int_eq(end_kind(&ends[0]), CORDON_OUTCOME_OK);
    expect_output(ends[0].outcome, "60");
    ck_assert_int_eq(end_kind(&ends[1]), CORDON_OUTCOME_OK);
    expect_output(ends[1].outcome, "61");
    ck_assert_int_eq(end_kind(&ends[2]), CORDON_OUTCOME_DEADLINE);
    expect_output(ends[3].outcome, "old");
    char *text = NULL;
    expect_ok(cordon_outcome_json(ends[1].outcome, &text, &err), err);
    ck_assert_msg(strstr(text, "\"wall_ms\":10000"), "%s", text); /* the limits it ran with */
    cordon_free(text);
    for (int i = 0; i < 4; i++)
        end_finish(&ends[i]);
    cordon_request_free(r);
    cordon_skill_free(cat);
}
END_TEST

START_TEST(outcomes_outlive_request_and_skill)
{
    cordon_skill *s = ground_skill(host, "ways", CORDON_TIER_VERIFIED);
    cordon_request *r = ground_request(s, "fail", "[\"kept\"]");
    cordon_outcome *kept[30];
    for (int i = 0; i < 30; i++)
        kept[i] = ground_run(r);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_outcome_free(ground_run(r = ground_request(ways, "add", "[1, 2]")));
    cordon_request_free(r);
    for (int i = 29; i >= 0; i--) {
        ck_assert_str_eq(cordon_outcome_err_json(kept[i]), "\"kept\"");
        cordon_outcome_free(kept[i]);
    }
}
END_TEST

START_TEST(nothing_is_freed_by_freeing_null)
{
    cordon_host_free(NULL);
    cordon_host_opts_free(NULL);
    cordon_skill_free(NULL);
    cordon_request_free(NULL);
    cordon_call_unref(NULL);
    cordon_outcome_free(NULL);
    cordon_error_free(NULL);
    cordon_free(NULL);
}
END_TEST

Suite *suite_calls(void);
Suite *suite_calls(void)
{
    Suite *s = suite_create("calls");
    TCase *c = ground_case(s, "calls", 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_call_is_one_line);
    tcase_add_test(c, what_keeps_a_call_from_starting_is_an_error);
    tcase_add_loop_test(c, every_ending_is_an_outcome, 0, WAYS);
    tcase_add_loop_test(c, the_json_of_an_outcome_has_every_key, 0, WAYS);
    tcase_add_test(c, the_json_of_a_call_that_never_started_has_the_same_keys);
    tcase_add_test(c, a_stopped_guest_says_where_it_was);
    tcase_add_test(c, a_limit_that_is_hit_says_where_it_came_from);
    tcase_add_test(c, a_limit_is_above_zero_and_not_above_its_ceiling);
    tcase_add_test(c, a_host_has_defaults_and_ceilings_of_its_own);
    tcase_add_test(c, input_is_the_one_text_or_byte_list);
    tcase_add_test(c, arguments_and_input_replace_each_other);
    tcase_add_test(c, input_and_arguments_have_a_limit);
    tcase_add_test(c, a_command_takes_input_and_arguments);
    tcase_add_test(c, arguments_of_a_command_count_as_input);
    tcase_add_test(c, log_lines_and_denials_are_read_one_by_one);
    tcase_add_test(c, one_request_runs_from_four_threads_at_once);
    tcase_add_test(c, skills_are_loaded_from_four_threads_at_once);
    tcase_add_test(c, a_request_may_be_changed_while_its_calls_run);
    tcase_add_test(c, outcomes_outlive_request_and_skill);
    tcase_add_test(c, nothing_is_freed_by_freeing_null);
    return s;
}
