/* SPDX-License-Identifier: Apache-2.0
 * A hundred thousand calls that end in every way there is: the process holds no more after them than after the first ten thousand.
 * CORDON_TEST_CALLS=1000000 in the environment makes it a million. */
#include "ground.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2, SANDBOXES = 256, BATCH = 500, SYNC = 100, FIRST = 10000, DEFAULT_CALLS = 100000, SANITIZED_CALLS = 20000 };

enum when { NEVER, BEFORE, WHILE, AFTER };
static const struct ending_row {
    const char *fixture, *export_name, *args, *input;
    enum cordon_limit limit;
    uint64_t value;
    enum when cancelled;
    enum cordon_outcome_kind kind, or_kind; /* the second where a race decides */
} rows[] = {
    {"ways", "add", "[1, 2]", NULL, 0, 0, NEVER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
    {"ways", "echo", "[\"hello\"]", NULL, 0, 0, NEVER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
    {"echo", NULL, NULL, "input", 0, 0, NEVER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
    {"cat", NULL, NULL, "input", 0, 0, NEVER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
    {"log", NULL, NULL, "a line", 0, 0, NEVER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
    {"ways", "repeat", "[7, 3000]", NULL, 0, 0, NEVER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
    {"ways", "sleep", "[1]", NULL, 0, 0, NEVER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
    {"ways", "fail", "[\"no\"]", NULL, 0, 0, NEVER, CORDON_OUTCOME_ERR, CORDON_OUTCOME_ERR},
    {"fetch", NULL, NULL, "https://a.example/x", 0, 0, NEVER, CORDON_OUTCOME_ERR, CORDON_OUTCOME_ERR},
    {"ways", "divide", NULL, NULL, 0, 0, NEVER, CORDON_OUTCOME_TRAP, CORDON_OUTCOME_TRAP},
    {"ways", "spin", NULL, NULL, CORDON_LIMIT_FUEL, 20000, NEVER, CORDON_OUTCOME_OUT_OF_FUEL, CORDON_OUTCOME_OUT_OF_FUEL},
    {"ways", "sleep", "[5000]", NULL, CORDON_LIMIT_WALL_MS, 20, NEVER, CORDON_OUTCOME_DEADLINE, CORDON_OUTCOME_DEADLINE},
    {"ways", "grow", NULL, NULL, CORDON_LIMIT_MEMORY_BYTES, 2 << 20, NEVER, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_OUTCOME_OUT_OF_MEMORY},
    {"ways", "repeat", "[7, 3000]", NULL, CORDON_LIMIT_OUTPUT_BYTES, 1000, NEVER, CORDON_OUTCOME_OUTPUT_TOO_LARGE, CORDON_OUTCOME_OUTPUT_TOO_LARGE},
    {"ways", "sleep", "[4000]", NULL, 0, 0, BEFORE, CORDON_OUTCOME_CANCELLED, CORDON_OUTCOME_CANCELLED},
    {"ways", "add", "[1, 2]", NULL, 0, 0, BEFORE, CORDON_OUTCOME_CANCELLED, CORDON_OUTCOME_OK},
    {"ways", "sleep", "[4000]", NULL, 0, 0, WHILE, CORDON_OUTCOME_CANCELLED, CORDON_OUTCOME_CANCELLED},
    {"ways", "doze", "[3]", NULL, 0, 0, WHILE, CORDON_OUTCOME_CANCELLED, CORDON_OUTCOME_OK},
    {"ways", "add", "[3, 4]", NULL, 0, 0, AFTER, CORDON_OUTCOME_OK, CORDON_OUTCOME_OK},
};
enum { ROWS = sizeof rows / sizeof *rows };

static cordon_host *host;
static cordon_skill *skills[ROWS];
static cordon_request *requests[ROWS];
static struct end ends[BATCH];
static cordon_call *calls[BATCH];
static unsigned long counts[CORDON_OUTCOME_COUNT], busy;

static void make_requests(void)
{
    cordon_error *err = NULL;
    for (int i = 0; i < ROWS; i++) {
        skills[i] = ground_skill(host, rows[i].fixture, i & 1 ? CORDON_TIER_VERIFIED : CORDON_TIER_UNTRUSTED);
        requests[i] = ground_request(skills[i], rows[i].export_name, rows[i].args);
        if (rows[i].input)
            expect_ok(cordon_request_set_input(requests[i], rows[i].input, strlen(rows[i].input), &err), err);
        if (rows[i].value)
            ground_limit(requests[i], rows[i].limit, rows[i].value);
    }
}

static void look_at(cordon_outcome *o, const struct ending_row *row)
{
    char *text = NULL;
    cordon_error *err = NULL;
    enum cordon_outcome_kind kind = cordon_outcome_kind(o);
    ck_assert_msg(kind == row->kind || kind == row->or_kind, "%s %s: %s, %s", row->fixture, row->export_name ? row->export_name : "",
                  cordon_outcome_name(kind), cordon_outcome_message(o) ? cordon_outcome_message(o) : "");
    expect_ok(cordon_outcome_json(o, &text, &err), err);
    cordon_free(text);
    counts[kind]++;
}

/* BATCH asynchronous calls, all at once. */
static void batch(void)
{
    for (int i = 0; i < BATCH; i++) {
        end_start(requests[i % ROWS], &ends[i], &calls[i]);
        if (rows[i % ROWS].cancelled == BEFORE)
            cordon_call_cancel(calls[i]);
        if (i % 7 == 0 && rows[i % ROWS].cancelled != WHILE) {
            cordon_call_unref(calls[i]);
            calls[i] = NULL;
        }
    }
    cordon_host_dispatch(host);
    for (int i = 0; i < BATCH; i++)
        if (calls[i] && rows[i % ROWS].cancelled == WHILE)
            cordon_call_cancel(calls[i]);
    for (int i = 0; i < BATCH; i++) {
        end_wait(host, &ends[i], 1);
        if (rows[i % ROWS].cancelled == AFTER && calls[i])
            cordon_call_cancel(calls[i]);
    }
}

static void collect(void)
{
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(ends[i].times, 1);
        if (ends[i].outcome) {
            look_at(ends[i].outcome, &rows[i % ROWS]);
        } else { /* its deadline came before its turn */
            ck_assert_int_eq(cordon_error_code(ends[i].err), CORDON_E_BUSY);
            ck_assert_int_eq(rows[i % ROWS].kind, CORDON_OUTCOME_DEADLINE);
            busy++;
        }
        cordon_call_unref(calls[i]);
        end_finish(&ends[i]);
    }
}

/* Those that can run to an end without being cancelled. */
static void run_synchronously(void)
{
    for (int i = 0; i < SYNC; i++) {
        const struct ending_row *row = &rows[i % ROWS];
        bool waits_again = row->kind == CORDON_OUTCOME_DEADLINE && i >= ROWS; /* once is enough of a wait */
        if (row->cancelled != NEVER || waits_again)
            continue;
        cordon_outcome *o = ground_run(requests[i % ROWS]);
        look_at(o, row);
        cordon_outcome_free(o);
    }
}

static size_t allocated(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static unsigned long run_until(unsigned long done, unsigned long want)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    while (done < want) {
        batch();
        collect();
        run_synchronously();
        cordon_host_stats(host, &st);
        done = st.calls_ended;
    }
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    return done;
}

static unsigned long calls_wanted(void)
{
    const char *text = getenv("CORDON_TEST_CALLS");
    unsigned long n = text ? strtoul(text, NULL, 10) : 0;
    return n >= 2 * FIRST ? n : is_sanitized() ? SANITIZED_CALLS : DEFAULT_CALLS;
}

START_TEST(mixed_endings_leave_nothing_behind)
{
    host = ground_host(WORKERS, SANDBOXES);
    make_requests();
    unsigned long done = run_until(0, FIRST);
    struct holding before = holding_now();
    size_t allocated_before = allocated();
    uint64_t start = now_ms();
    unsigned long all = run_until(done, calls_wanted());
    uint64_t took = now_ms() - start;
    struct holding after = holding_now();
    size_t allocated_after = allocated();
    printf("calls: %lu, then %lu in %llu ms; resident KiB %zu, then %zu; allocated bytes %zu, then %zu; descriptors %u, %u; threads %u, %u\n", done, all,
           (unsigned long long)took, before.resident_kib, after.resident_kib, allocated_before, allocated_after, before.descriptors, after.descriptors,
           before.threads, after.threads);
    for (int k = 0; k < CORDON_OUTCOME_COUNT; k++)
        if (counts[k])
            printf("  %-18s %lu\n", cordon_outcome_name((enum cordon_outcome_kind)k), counts[k]);
    printf("  %-18s %lu\n", "busy", busy);
    ck_assert_uint_eq(after.descriptors, before.descriptors);
    ck_assert_uint_eq(after.threads, before.threads);
    ck_assert_uint_le(after.mappings, before.mappings + 256);
    if (!is_sanitized()) {
        ck_assert_uint_le(allocated_after, allocated_before + 512 * 1024); /* the allocator counts what its threads keep at hand as in use */
        ck_assert_uint_le(after.resident_kib, before.resident_kib + 16 * 1024);
    }
    for (int i = 0; i < ROWS; i++) {
        cordon_request_free(requests[i]);
        cordon_skill_free(skills[i]);
    }
    cordon_host_free(host);
}
END_TEST

Suite *suite_endings(void);
Suite *suite_endings(void)
{
    Suite *s = suite_create("endings");
    TCase *c = ground_case(s, "endings", 3600);
    tcase_add_test(c, mixed_endings_leave_nothing_behind);
    return s;
}
