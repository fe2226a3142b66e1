/* SPDX-License-Identifier: Apache-2.0
 * Asynchronous calls and whose thread they end on: descriptor, dispatch, time-outs, completions, with and without workers. */
#include "ground.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static const unsigned worker_counts[] = {0, 1, 2, 4};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts };

static cordon_host *host;
static cordon_skill *ways;

static void open_host(unsigned workers, unsigned sandboxes)
{
    host = ground_host(workers, sandboxes);
    ways = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
}

static void close_host(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    cordon_skill_free(ways);
    cordon_host_free(host);
}

static bool is_readable(cordon_host *h, int ms) { return poll(&(struct pollfd){.fd = cordon_host_fd(h), .events = POLLIN}, 1, ms) == 1; }

/* ---- where and when ---- */

START_TEST(a_call_ends_on_the_thread_that_dispatches_and_not_before)
{
    struct end ends[20] = {0};
    open_host(worker_counts[_i], 16);
    cordon_request *r = ground_request(ways, "add", "[1, 2]");
    for (int i = 0; i < 20; i++)
        end_start(r, &ends[i], NULL);
    ck_assert(is_readable(host, 10000));
    sleep_ms(30);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ends[i].times, 0);
    end_wait(host, ends, 20);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        ck_assert(pthread_equal(ends[i].thread, pthread_self()));
        end_finish(&ends[i]);
    }
    cordon_request_free(r);
    close_host();
}
END_TEST

static void *dispatch_some(void *data)
{
    end_wait(host, data, 8);
    return NULL;
}

START_TEST(any_one_thread_may_dispatch)
{
    pthread_t t;
    struct end ends[8] = {0};
    open_host(worker_counts[_i], 16);
    cordon_request *r = ground_request(ways, "sleep", "[5]");
    for (int i = 0; i < 8; i++)
        end_start(r, &ends[i], NULL);
    pthread_create(&t, NULL, dispatch_some, ends);
    pthread_join(t, NULL);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        ck_assert(pthread_equal(ends[i].thread, t));
        end_finish(&ends[i]);
    }
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(the_descriptor_is_quiet_when_there_is_nothing_to_do)
{
    struct end end = {0};
    open_host(worker_counts[_i], 16);
    ck_assert(!is_readable(host, 0));
    ck_assert_uint_eq(cordon_host_dispatch(host), 0);
    cordon_request *r = ground_request(ways, "sleep", "[40]");
    end_start(r, &end, NULL);
    end_wait(host, &end, 1);
    /* A sleeping guest is waited for in poll: dispatch was not called in a circle. */
    for (int spare = 0; is_readable(host, 0); spare++) {
        ck_assert_int_lt(spare, 3);
        cordon_host_dispatch(host);
    }
    ck_assert(!is_readable(host, 20));
    ck_assert_int_eq(cordon_host_timeout_ms(host), -1);
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(poll_sleeps_while_a_guest_does)
{
    struct end end = {0};
    int rounds = 0;
    open_host(worker_counts[_i], 16);
    cordon_request *r = ground_request(ways, "sleep", "[300]");
    end_start(r, &end, NULL);
    for (; !end.times; rounds++) {
        ck_assert_int_lt(rounds, 60);
        poll(&(struct pollfd){.fd = cordon_host_fd(host), .events = POLLIN}, 1, cordon_host_timeout_ms(host));
        cordon_host_dispatch(host);
    }
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_OK);
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

/* ---- without workers ---- */

START_TEST(without_workers_guests_run_in_dispatch_in_slices)
{
    struct end ends[6] = {0};
    uint64_t longest = 0;
    open_host(0, 16);
    cordon_request *spin = ground_request(ways, "spin", NULL), *add = ground_request(ways, "add", "[1, 2]");
    ground_limit(spin, CORDON_LIMIT_WALL_MS, 200);
    ground_limit(spin, CORDON_LIMIT_FUEL, cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL));
    for (int i = 0; i < 3; i++)
        end_start(spin, &ends[i], NULL);
    for (int i = 3; i < 6; i++)
        end_start(add, &ends[i], NULL);
    uint64_t until = now_ms() + 30000;
    for (size_t done = 0; done < 6;) {
        ck_assert_uint_lt(now_ms(), until);
        ck_assert_int_ge(cordon_host_timeout_ms(host), -1);
        poll(&(struct pollfd){.fd = cordon_host_fd(host), .events = POLLIN}, 1, cordon_host_timeout_ms(host));
        uint64_t start = now_ms();
        done += cordon_host_dispatch(host);
        longest = now_ms() - start > longest ? now_ms() - start : longest;
    }
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), i < 3 ? CORDON_OUTCOME_DEADLINE : CORDON_OUTCOME_OK);
        ck_assert(i >= 3 || ends[5].at_ms <= ends[i].at_ms);
        end_finish(&ends[i]);
    }
    printf("longest dispatch without workers: %llu ms\n", (unsigned long long)longest);
    ck_assert_uint_lt(longest, is_sanitized() ? 2000 : 100);
    struct cordon_host_stats st;
    cordon_host_stats(host, &st);
    ck_assert_uint_le(st.threads, 2); /* the ticker, and WASI's timers */
    cordon_request_free(spin);
    cordon_request_free(add);
    close_host();
}
END_TEST

static void *run_sleep(void *data)
{
    cordon_outcome *o = NULL;
    return cordon_request_run(data, &o, NULL) < 0 ? NULL : o;
}

START_TEST(a_synchronous_call_needs_nobody_to_dispatch)
{
    pthread_t t[3];
    open_host(worker_counts[_i], 16);
    cordon_request *r = ground_request(ways, "doze", "[20]");
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, run_sleep, r);
    for (int i = 0; i < 3; i++) {
        void *o;
        pthread_join(t[i], &o);
        ck_assert_ptr_nonnull(o);
        expect_output(o, "20");
        cordon_outcome_free(o);
    }
    cordon_request_free(r);
    close_host();
}
END_TEST

/* ---- inside a completion ---- */

struct inside {
    cordon_request *request, *elsewhere;
    struct end next;
    int left, refused_run, refused_quiesce, ran_elsewhere;
    size_t dispatched;
};

static void on_end_inside(void *data, cordon_outcome *o, cordon_error *e)
{
    struct inside *in = data;
    cordon_outcome *other = NULL;
    cordon_outcome_free(o);
    cordon_error_free(e);
    in->refused_run = cordon_request_run(in->request, &other, NULL);
    in->refused_quiesce = cordon_host_quiesce(host, NULL);
    in->ran_elsewhere = cordon_request_run(in->elsewhere, &other, NULL);
    cordon_outcome_free(other);
    in->dispatched += cordon_host_dispatch(host);
    cordon_request_start(in->request, end_done, &in->next, NULL, NULL);
}

START_TEST(a_completion_may_start_calls_but_not_wait_for_them)
{
    struct inside in = {0};
    cordon_error *err = NULL;
    open_host(worker_counts[_i], 16);
    cordon_host *other = ground_host(1, 16);
    cordon_skill *there = ground_skill(other, "ways", CORDON_TIER_UNTRUSTED);
    in.request = ground_request(ways, "add", "[1, 2]");
    in.elsewhere = ground_request(there, "add", "[3, 4]");
    expect_ok(cordon_request_start(in.request, on_end_inside, &in, NULL, &err), err);
    while (!in.next.times) {
        poll(&(struct pollfd){.fd = cordon_host_fd(host), .events = POLLIN}, 1, 1000);
        cordon_host_dispatch(host);
    }
    ck_assert_int_eq(in.refused_run, -CORDON_E_WOULD_DEADLOCK);
    ck_assert_int_eq(in.refused_quiesce, -CORDON_E_WOULD_DEADLOCK);
    ck_assert_int_eq(in.ran_elsewhere, 0);
    ck_assert_int_eq(end_kind(&in.next), CORDON_OUTCOME_OK);
    cordon_outcome *o = ground_run(in.request); /* outside it is no longer refused */
    cordon_outcome_free(o);
    end_finish(&in.next);
    cordon_request_free(in.request);
    cordon_request_free(in.elsewhere);
    cordon_skill_free(there);
    cordon_host_free(other);
    close_host();
}
END_TEST

static void start_again(void *data, cordon_outcome *o, cordon_error *e)
{
    struct inside *in = data;
    ck_assert(o && !e);
    cordon_outcome_free(o);
    if (--in->left > 0)
        cordon_request_start(in->request, start_again, in, NULL, NULL);
}

START_TEST(calls_follow_each_other_from_completions)
{
    struct inside in = {.left = 2000};
    cordon_error *err = NULL;
    open_host(worker_counts[_i], 16);
    in.request = ground_request(ways, "add", "[1, 2]");
    expect_ok(cordon_request_start(in.request, start_again, &in, NULL, &err), err);
    expect_ok(cordon_host_quiesce(host, &err), err);
    ck_assert_int_eq(in.left, 0);
    cordon_request_free(in.request);
    close_host();
}
END_TEST

/* ---- quiesce ---- */

START_TEST(quiesce_gives_everything_back)
{
    enum { N = 60 };
    struct end ends[N] = {0};
    cordon_error *err = NULL;
    struct cordon_host_stats st;
    open_host(worker_counts[_i], 16);
    cordon_request *r[3] = {ground_request(ways, "sleep", "[10]"), ground_request(ways, "divide", NULL), ground_request(ways, "repeat", "[65, 20000]")};
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < N; i++)
            end_start(r[i % 3], &ends[i], NULL);
        expect_ok(cordon_host_quiesce(host, &err), err);
        cordon_host_stats(host, &st);
        ck_assert_uint_eq(st.sandboxes_in_use, 0);
        ck_assert_uint_eq(st.calls_started, st.calls_ended);
        for (int i = 0; i < N; i++) {
            ck_assert_int_eq(end_kind(&ends[i]), i % 3 == 1 ? CORDON_OUTCOME_TRAP : CORDON_OUTCOME_OK);
            end_finish(&ends[i]);
        }
    }
    for (int i = 0; i < 3; i++)
        cordon_request_free(r[i]);
    close_host();
}
END_TEST

/* ---- many threads start, one dispatches ---- */

enum { STARTERS = 4, EACH = 1500 };
static struct end many[STARTERS * EACH];

struct starter { cordon_request *r; struct end *ends; };

static void *start_many(void *data)
{
    struct starter *s = data;
    for (int i = 0; i < EACH; i++)
        end_start(s->r, &s->ends[i], NULL);
    return NULL;
}

START_TEST(calls_are_started_from_many_threads_while_one_dispatches)
{
    pthread_t t[STARTERS];
    struct starter s[STARTERS];
    open_host(worker_counts[_i], 64);
    cordon_request *r = ground_request(ways, "echo", "[\"x\"]");
    for (int i = 0; i < STARTERS; i++) {
        s[i] = (struct starter){r, many + i * EACH};
        pthread_create(&t[i], NULL, start_many, &s[i]);
    }
    end_wait(host, many, STARTERS * EACH);
    for (int i = 0; i < STARTERS; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < STARTERS * EACH; i++) {
        ck_assert_int_eq(end_kind(&many[i]), CORDON_OUTCOME_OK);
        end_finish(&many[i]);
    }
    cordon_request_free(r);
    close_host();
}
END_TEST

Suite *suite_dispatch(void);
Suite *suite_dispatch(void)
{
    Suite *s = suite_create("dispatch");
    TCase *c = ground_case(s, "dispatch", 120);
    tcase_add_loop_test(c, a_call_ends_on_the_thread_that_dispatches_and_not_before, 0, COUNTS);
    tcase_add_loop_test(c, any_one_thread_may_dispatch, 0, COUNTS);
    tcase_add_loop_test(c, the_descriptor_is_quiet_when_there_is_nothing_to_do, 0, COUNTS);
    tcase_add_loop_test(c, poll_sleeps_while_a_guest_does, 0, COUNTS);
    tcase_add_test(c, without_workers_guests_run_in_dispatch_in_slices);
    tcase_add_loop_test(c, a_synchronous_call_needs_nobody_to_dispatch, 0, COUNTS);
    tcase_add_loop_test(c, a_completion_may_start_calls_but_not_wait_for_them, 0, COUNTS);
    tcase_add_loop_test(c, calls_follow_each_other_from_completions, 0, COUNTS);
    tcase_add_loop_test(c, quiesce_gives_everything_back, 0, COUNTS);
    tcase_add_loop_test(c, calls_are_started_from_many_threads_while_one_dispatches, 0, COUNTS);
    return s;
}
