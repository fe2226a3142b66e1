/* SPDX-License-Identifier: Apache-2.0
 * What hostile guests leave behind: each way of misbehaving, again and again, in one process. After each the next call is fine, nothing is in use, and in the end the process
 * holds no more than after the first rounds. Also what the library is given that is no text, no component, no sensible number. */
#include "ground.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

enum { WORKERS = 2, SANDBOXES = 32, BRIEF_MS = 20, WARM = 20, LEAST = 60, ROUNDS = 220, SANITIZED_ROUNDS = 40, ENOUGH_MS = 2500 };

/* One way to misbehave: an export of a guest of tests/hostile. Those that would go on for ever get a short clock. */
static const struct way {
    const char *guest, *export_name, *args;
    enum cordon_outcome_kind kind;
} ways[] = {
    {"code", "spin", NULL, CORDON_OUTCOME_DEADLINE},
    {"code", "spin-after", NULL, CORDON_OUTCOME_DEADLINE},
    {"code", "spin-in-realloc", "[\"x\"]", CORDON_OUTCOME_DEADLINE},
    {"code", "trap-after", NULL, CORDON_OUTCOME_TRAP},
    {"code", "grow-steps", NULL, CORDON_OUTCOME_OUT_OF_MEMORY},
    {"code", "grow-and-touch", NULL, CORDON_OUTCOME_OK},
    {"code", "table-steps", NULL, CORDON_OUTCOME_OUT_OF_MEMORY},
    {"code", "load", NULL, CORDON_OUTCOME_TRAP},
    {"code", "call-null", NULL, CORDON_OUTCOME_TRAP},
    {"start", NULL, NULL, CORDON_OUTCOME_DEADLINE},
    {"start-grow", NULL, NULL, CORDON_OUTCOME_OUT_OF_MEMORY},
    {"start-log", NULL, NULL, CORDON_OUTCOME_OUTPUT_TOO_LARGE},
    {"memories", NULL, NULL, CORDON_OUTCOME_OK},
    {"lies", "string-huge", NULL, CORDON_OUTCOME_TRAP},
    {"lies", "strings-inner", NULL, CORDON_OUTCOME_TRAP},
    {"lies", "char-high-surrogate", NULL, CORDON_OUTCOME_TRAP},
    {"lies", "execute-err", NULL, CORDON_OUTCOME_TRAP},
    {"answers", "bools", "[1000000]", CORDON_OUTCOME_OUTPUT_TOO_LARGE},
    {"answers", "lists", "[3000]", CORDON_OUTCOME_OUTPUT_TOO_LARGE},
    {"answers", "texts", "[1000]", CORDON_OUTCOME_OUTPUT_TOO_LARGE},
    {"answers", "sets", "[5000]", CORDON_OUTCOME_OK},
    {"host", "logs", "[0]", CORDON_OUTCOME_DEADLINE},
    {"host", "denials", "[200]", CORDON_OUTCOME_OK},
    {"host", "log-invalid", NULL, CORDON_OUTCOME_TRAP},
    {"host", "realloc-outside", NULL, CORDON_OUTCOME_TRAP},
    {"host", "deep", "[100000000, 3]", CORDON_OUTCOME_TRAP},
    {"wasi", "stdout-at-once", NULL, CORDON_OUTCOME_OUTPUT_TOO_LARGE},
    {"wasi", "stderr", NULL, CORDON_OUTCOME_DEADLINE},
    {"wasi", "sleep-for-ever", NULL, CORDON_OUTCOME_DEADLINE},
    {"wasi", "poll-for-ever", NULL, CORDON_OUTCOME_DEADLINE},
    {"wasi", "pollables", NULL, CORDON_OUTCOME_TRAP},
    {"wasi", "churn", NULL, CORDON_OUTCOME_DEADLINE},
    {"wasi", "random", NULL, CORDON_OUTCOME_TRAP},
    {"http", "authorities", NULL, CORDON_OUTCOME_TRAP},
    {"http", "fields", NULL, CORDON_OUTCOME_TRAP},
};
enum { WAYS = sizeof ways / sizeof *ways };

static cordon_host *host;

static cordon_skill *hostile_skill(const char *guest)
{
    char name[64];
    snprintf(name, sizeof name, "../hostile/%s", guest);
    return ground_skill(host, name, CORDON_TIER_UNTRUSTED);
}

static void check_idle(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
}

static size_t allocated(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* What is held when nothing runs. Resident memory says least: the allocator keeps the most that each thread ever used at once. */
struct idle { struct holding holding; size_t allocated; };

static struct idle holding_idle(void)
{
    check_idle();
    return (struct idle){holding_now(), allocated()};
}

static void expect_no_more(const struct idle *before)
{
    struct idle after = holding_idle();
    ck_assert_uint_eq(after.holding.descriptors, before->holding.descriptors);
    ck_assert_uint_eq(after.holding.threads, before->holding.threads);
    if (is_sanitized())
        return;
    ck_assert_msg(after.allocated <= before->allocated + 256 * 1024, "allocated %zu, then %zu", before->allocated, after.allocated);
    ck_assert_msg(after.holding.resident_kib <= before->holding.resident_kib + 64 * 1024, "resident KiB %zu, then %zu", before->holding.resident_kib,
                  after.holding.resident_kib);
}

/* The guest's ending, and that it can be told. */
static void look_at(const struct way *w, cordon_outcome *o)
{
    char *json = NULL;
    cordon_error *err = NULL;
    enum cordon_outcome_kind kind = cordon_outcome_kind(o);
    ck_assert_msg(kind == w->kind, "%s %s: %s, %s", w->guest, w->export_name ? w->export_name : "", cordon_outcome_name(kind),
                  cordon_outcome_message(o) ? cordon_outcome_message(o) : "");
    expect_ok(cordon_outcome_json(o, &json, &err), err);
    ck_assert_ptr_nonnull(strstr(json, "\"cordon\":1"));
    cordon_free(json);
    cordon_outcome_free(o);
}

static void run_once(const struct way *w, cordon_request *hostile, cordon_request *echo, bool on_a_worker)
{
    struct end end = {0};
    if (on_a_worker) {
        end_start(hostile, &end, NULL);
        end_wait(host, &end, 1);
        if (end.outcome)
            look_at(w, end.outcome);
        end.outcome = NULL;
        end_finish(&end);
    } else {
        look_at(w, ground_run(hostile));
    }
    cordon_outcome *o = ground_run(echo);
    expect_kind(o, CORDON_OUTCOME_OK);
    expect_output(o, "still here");
    cordon_outcome_free(o);
}

START_TEST(a_hostile_guest_leaves_nothing_behind)
{
    const struct way *w = &ways[_i];
    cordon_error *err = NULL;
    host = ground_host(WORKERS, SANDBOXES);
    cordon_skill *skill = hostile_skill(w->guest), *good = ground_skill(host, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *hostile = ground_request(skill, w->export_name, w->args), *echo = ground_request(good, NULL, NULL);
    expect_ok(cordon_request_set_input(echo, "still here", 10, &err), err);
    if (w->kind == CORDON_OUTCOME_DEADLINE)
        ground_limit(hostile, CORDON_LIMIT_WALL_MS, BRIEF_MS);
    int rounds = is_sanitized() ? SANITIZED_ROUNDS : ROUNDS;
    struct idle before = {0};
    uint64_t enough = now_ms() + ENOUGH_MS;
    for (int i = 0; i < rounds && (i < LEAST || now_ms() < enough); i++) {
        if (i == WARM)
            before = holding_idle();
        run_once(w, hostile, echo, i & 1);
    }
    expect_no_more(&before);
    cordon_request_free(hostile);
    cordon_request_free(echo);
    cordon_skill_free(skill);
    cordon_skill_free(good);
    cordon_host_free(host);
}
END_TEST

/* With a longer clock it is another limit that ends these. */
static bool is_endless(const struct way *w) { return w->kind == CORDON_OUTCOME_DEADLINE && !strcmp(w->guest, "host"); }

/* All ways at once, several times over, on a pool that is too small for them. */
START_TEST(hostile_guests_at_once_leave_the_others_alone)
{
    enum { TIMES = 4 };
    static struct end ends[TIMES * WAYS];
    cordon_skill *skills[WAYS];
    cordon_request *requests[WAYS];
    cordon_error *err = NULL;
    host = ground_host(WORKERS, SANDBOXES);
    cordon_skill *good = ground_skill(host, "echo", CORDON_TIER_UNTRUSTED);
    cordon_request *echo = ground_request(good, NULL, NULL);
    expect_ok(cordon_request_set_input(echo, "still here", 10, &err), err);
    for (int i = 0; i < WAYS; i++) {
        skills[i] = hostile_skill(ways[i].guest);
        requests[i] = ground_request(skills[i], ways[i].export_name, ways[i].args);
        ground_limit(requests[i], CORDON_LIMIT_WALL_MS, 1000);
    }
    for (int i = 0; i < TIMES * WAYS; i++)
        end_start(requests[i % WAYS], &ends[i], NULL);
    for (int i = 0; i < 20; i++) {
        cordon_outcome *o = ground_run(echo);
        expect_output(o, "still here");
        cordon_outcome_free(o);
    }
    end_wait(host, ends, TIMES * WAYS);
    for (int i = 0; i < TIMES * WAYS; i++) {
        if (ends[i].err)
            ck_assert_int_eq(cordon_error_code(ends[i].err), CORDON_E_BUSY);
        else if (end_kind(&ends[i]) != CORDON_OUTCOME_DEADLINE) /* any of them may have had too little of the processor */
            ck_assert_msg(end_kind(&ends[i]) == ways[i % WAYS].kind || is_endless(&ways[i % WAYS]), "%s %s", ways[i % WAYS].guest, ways[i % WAYS].export_name);
        end_finish(&ends[i]);
    }
    check_idle();
    for (int i = 0; i < WAYS; i++) {
        cordon_request_free(requests[i]);
        cordon_skill_free(skills[i]);
    }
    cordon_request_free(echo);
    cordon_skill_free(good);
    cordon_host_free(host);
}
END_TEST

/* ---- what the caller hands in ---- */

static const char *const not_text[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "abc\xe2\x82"};

START_TEST(what_is_no_text_is_refused_and_never_reaches_the_engine)
{
    cordon_error *err = NULL;
    host = ground_host(WORKERS, SANDBOXES);
    cordon_skill *ways_skill = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED), *cat = ground_skill(host, "cat", CORDON_TIER_UNTRUSTED);
    cordon_request *echo = ground_request(ways_skill, "echo", NULL), *command = ground_request(cat, NULL, NULL);
    for (size_t i = 0; i < sizeof not_text / sizeof *not_text; i++) {
        const char *s = not_text[i];
        char args[64];
        snprintf(args, sizeof args, "[\"%s\"]", s);
        int rc = cordon_request_set_args(echo, args, strlen(args), &err);
        expect_error(rc, err, CORDON_E_BAD_ARGS);
        rc = cordon_request_set_input(echo, s, strlen(s), &err);
        expect_error(rc, err, CORDON_E_BAD_ARGS);
        rc = cordon_request_add_arg(command, s, &err);
        expect_error(rc, err, CORDON_E_BAD_ARGS);
        rc = cordon_request_set_bot(echo, s, &err);
        expect_error(rc, err, CORDON_E_USAGE);
        cordon_request *none = NULL;
        rc = cordon_request_new(ways_skill, s, &none, &err);
        expect_error(rc, err, CORDON_E_NO_SUCH_EXPORT);
        cordon_skill *skill = NULL;
        rc = cordon_skill_load_bytes(host, s, "junk", 4, CORDON_TIER_UNTRUSTED, &skill, &err);
        expect_error(rc, err, CORDON_E_BAD_ARTIFACT);
        rc = cordon_skill_load(host, s, CORDON_TIER_UNTRUSTED, &skill, &err);
        expect_error(rc, err, CORDON_E_NOT_FOUND);
    }
    cordon_request_free(echo);
    cordon_request_free(command);
    cordon_skill_free(ways_skill);
    cordon_skill_free(cat);
    cordon_host_free(host);
}
END_TEST

/* Each prefix of text that is fine, and bytes of every value. */
START_TEST(bytes_that_are_no_artifact_leave_nothing_behind)
{
    cordon_error *err = NULL;
    cordon_skill *skill = NULL;
    char bytes[256];
    host = ground_host(WORKERS, SANDBOXES);
    struct idle before = {0};
    for (int i = 0; i < 256; i++) {
        memcpy(bytes, "\0asm\x0d\0\1\0", 8);
        memset(bytes + 8, i, sizeof bytes - 8);
        bytes[8] = (char)(i % 13);
        int rc = cordon_skill_load_bytes(host, "junk", bytes, 9 + (size_t)i % 240, CORDON_TIER_UNTRUSTED, &skill, &err);
        ck_assert_int_lt(rc, 0);
        ck_assert_str_eq(cordon_error_category(err), "artifact");
        cordon_error_free(err);
        err = NULL;
        if (i == WARM)
            before = holding_idle();
    }
    expect_no_more(&before);
    cordon_host_free(host);
}
END_TEST

Suite *suite_hostile(void);
Suite *suite_hostile(void)
{
    Suite *s = suite_create("hostile");
    TCase *c = ground_case(s, "hostile", 600);
    tcase_add_loop_test(c, a_hostile_guest_leaves_nothing_behind, 0, WAYS);
    tcase_add_test(c, hostile_guests_at_once_leave_the_others_alone);
    tcase_add_test(c, what_is_no_text_is_refused_and_never_reaches_the_engine);
    tcase_add_test(c, bytes_that_are_no_artifact_leave_nothing_behind);
    return s;
}
