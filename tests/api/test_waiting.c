/* SPDX-License-Identifier: Apache-2.0
 * Ten thousand calls that wait in a host function at once, on a handful of threads. */
#include "ground.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 2, CALLS = 10000, SANDBOXES = 11500 /* a lone skill may hold seven eighths */, MAPPINGS = 60000 };

static struct end ends[CALLS];
static cordon_call *calls[CALLS];

static cordon_host *host;
static cordon_skill *skill;

static void wait_until_all_are_in(unsigned n)
{
    struct cordon_host_stats st = {0};
    for (uint64_t until = now_ms() + 120000; st.sandboxes_in_use < n;) {
        ck_assert_msg(now_ms() < until, "%u of %u have a sandbox", (unsigned)st.sandboxes_in_use, n);
        sleep_ms(20);
        cordon_host_dispatch(host);
        cordon_host_stats(host, &st);
    }
    sleep_ms(200); /* the last one instantiates and goes to sleep */
}

static unsigned start_all(cordon_request *r)
{
    for (int i = 0; i < CALLS; i++)
        end_start(r, &ends[i], &calls[i]);
    wait_until_all_are_in(CALLS);
    return CALLS;
}

static void expect_all(enum cordon_outcome_kind kind)
{
    end_wait(host, ends, CALLS);
    for (int i = 0; i < CALLS; i++) {
        ck_assert_msg(end_kind(&ends[i]) == kind, "%d: %s", i, cordon_outcome_message(ends[i].outcome));
        cordon_call_unref(calls[i]);
        end_finish(&ends[i]);
    }
}

static void expect_nothing_left(const struct holding *before)
{
    cordon_error *err = NULL;
    struct cordon_host_stats st;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    struct holding now = holding_now();
    ck_assert_uint_eq(now.descriptors, before->descriptors);
    ck_assert_uint_eq(now.threads, before->threads);
}

/* Everything that is made once: threads, pool, descriptors. */
static void warm_up(void)
{
    cordon_request *r = ground_request(skill, "sleep", "[1]");
    for (int i = 0; i < 100; i++)
        end_start(r, &ends[i], NULL);
    end_wait(host, ends, 100);
    for (int i = 0; i < 100; i++)
        end_finish(&ends[i]);
    cordon_request_free(r);
    cordon_host_quiesce(host, NULL);
}

static unsigned long mappings_allowed(void)
{
    unsigned long n = 0;
    FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
    if (f && fscanf(f, "%lu", &n) != 1)
        n = 0;
    if (f)
        fclose(f);
    return n;
}

START_TEST(ten_thousand_calls_wait_at_once)
{
    if (mappings_allowed() < MAPPINGS) {
        printf("SKIPPED: ten thousand waiting calls: vm.max_map_count is %lu, it takes %d\n", mappings_allowed(), MAPPINGS);
        return;
    }
    host = ground_host(WORKERS, SANDBOXES);
    skill = ground_skill(host, "ways", _i ? CORDON_TIER_VERIFIED : CORDON_TIER_UNTRUSTED);
    warm_up();
    struct holding before = holding_now();
    cordon_request *r = ground_request(skill, "sleep", "[50000]");
    ground_limit(r, CORDON_LIMIT_WALL_MS, 60000);
    uint64_t start = now_ms();
    start_all(r);
    struct holding waiting = holding_now();
    double each = ((double)waiting.resident_kib - (double)before.resident_kib) / CALLS;
    printf("%d waiting calls after %llu ms: %.1f KiB resident each (aim: 32), %u threads, %u descriptors, %u mappings (%.1f each)\n", CALLS,
           (unsigned long long)(now_ms() - start), each, waiting.threads, waiting.descriptors, waiting.mappings,
           ((double)waiting.mappings - before.mappings) / CALLS);
    ck_assert_uint_le(waiting.threads, WORKERS + 3 + (is_sanitized() ? 1 : 0)); /* this one, the ticker, WASI's timers */
    ck_assert_uint_eq(waiting.descriptors, before.descriptors);
    for (int i = 0; i < CALLS; i++)
        ck_assert_int_eq(ends[i].times, 0);

    /* A short call is not kept by them. */
    cordon_request *add = ground_request(skill, "add", "[1, 2]");
    start = now_ms();
    cordon_outcome *o = ground_run(add);
    expect_output(o, "3");
    ck_assert_uint_lt(now_ms() - start, 2000);
    cordon_outcome_free(o);
    cordon_request_free(add);

    start = now_ms();
    for (int i = 0; i < CALLS; i++)
        cordon_call_cancel(calls[i]);
    expect_all(CORDON_OUTCOME_CANCELLED);
    printf("all cancelled and delivered after %llu ms\n", (unsigned long long)(now_ms() - start));
    expect_nothing_left(&before);
    struct holding once = holding_now();

    /* And once more: what was given back can be had again, and every sleep has its own end. */
    cordon_request_free(r);
    r = ground_request(skill, "sleep", "[3000]");
    ground_limit(r, CORDON_LIMIT_WALL_MS, 60000);
    for (int i = 0; i < CALLS; i++)
        end_start(r, &ends[i], &calls[i]);
    expect_all(CORDON_OUTCOME_OK);
    expect_nothing_left(&before);
    struct holding twice = holding_now();
    /* The pool keeps the first pages of every place that was ever used, so that the next call finds them. */
    printf("resident: %zu KiB before, %zu while they wait, %zu after them, %zu after as many again\n", before.resident_kib, waiting.resident_kib,
           once.resident_kib, twice.resident_kib);
    if (!is_sanitized())
        ck_assert_uint_le(twice.resident_kib, once.resident_kib + once.resident_kib / 4);
    cordon_request_free(r);
    cordon_skill_free(skill);
    cordon_host_free(host);
}
END_TEST

Suite *suite_waiting(void);
Suite *suite_waiting(void)
{
    Suite *s = suite_create("waiting");
    TCase *c = ground_case(s, "waiting", 300);
    tcase_add_loop_test(c, ten_thousand_calls_wait_at_once, 0, 2);
    return s;
}
