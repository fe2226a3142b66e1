/* SPDX-License-Identifier: Apache-2.0
 * Cancellation at any moment, from anywhere, and the ends of handles, skills and hosts in any order. */
#include "ground.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static const unsigned worker_counts[] = {0, 1, 2, 4};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts };

static cordon_host *host;
static cordon_skill *ways;

static void open_host(unsigned workers, unsigned sandboxes)
{
    host = ground_host(workers, sandboxes);
    ways = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
}

static void expect_nothing_left(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
}

static void close_host(void)
{
    expect_nothing_left();
    cordon_skill_free(ways);
    cordon_host_free(host);
}

static cordon_request *endless(const char *export_name)
{
    cordon_request *r = ground_request(ways, export_name, strcmp(export_name, "sleep") ? NULL : "[60000]");
    ground_limit(r, CORDON_LIMIT_WALL_MS, 60000);
    ground_limit(r, CORDON_LIMIT_FUEL, cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL));
    return r;
}

/* ---- at each stage ---- */

/* Loops over workers × {asleep, busy}. */
START_TEST(a_running_call_is_cancelled_at_once)
{
    const char *what = _i & 1 ? "spin" : "sleep";
    struct end end = {0};
    cordon_call *call;
    open_host(worker_counts[_i / 2], 16);
    cordon_request *r = endless(what);
    end_start(r, &end, &call);
    for (uint64_t until = now_ms() + 50; now_ms() < until;) {
        cordon_host_dispatch(host);
        poll(&(struct pollfd){.fd = cordon_host_fd(host), .events = POLLIN}, 1, 5);
    }
    ck_assert_int_eq(end.times, 0);
    uint64_t start = now_ms();
    cordon_call_cancel(call);
    cordon_call_cancel(call);
    end_wait(host, &end, 1);
    ck_assert_uint_lt(now_ms() - start, 5000);
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_CANCELLED);
    ck_assert_int_eq(cordon_outcome_exit_code(end.outcome), 4);
    if (worker_counts[_i / 2]) /* a computing guest is stopped where it was, a suspended one just dropped */
        ck_assert((cordon_outcome_frame(end.outcome, 0) != NULL) == (_i & 1));
    cordon_call_cancel(call); /* after the end: nothing */
    cordon_host_dispatch(host);
    ck_assert_int_eq(end.times, 1);
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_CANCELLED);
    cordon_call_unref(call);
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(a_call_that_has_not_begun_is_cancelled)
{
    enum { HOGS = 16, LATE = 40 };
    struct end hogs[HOGS] = {0}, late[LATE] = {0};
    cordon_call *hog_calls[HOGS], *calls[LATE];
    open_host(worker_counts[_i], 16);
    cordon_request *hog = endless("sleep"), *r = ground_request(ways, "add", "[1, 2]");
    for (int i = 0; i < HOGS; i++)
        end_start(hog, &hogs[i], &hog_calls[i]);
    cordon_host_dispatch(host);
    for (int i = 0; i < LATE; i++)
        end_start(r, &late[i], &calls[i]);
    for (int i = LATE - 1; i >= 0; i--)
        cordon_call_cancel(calls[i]);
    end_wait(host, late, LATE);
    for (int i = 0; i < LATE; i++) {
        enum cordon_outcome_kind k = end_kind(&late[i]);
        ck_assert_msg(k == CORDON_OUTCOME_CANCELLED || k == CORDON_OUTCOME_OK, "%s", cordon_outcome_name(k));
        cordon_call_unref(calls[i]);
        end_finish(&late[i]);
    }
    for (int i = 0; i < HOGS; i++) {
        ck_assert_int_eq(hogs[i].times, 0);
        cordon_call_cancel(hog_calls[i]);
        cordon_call_unref(hog_calls[i]);
    }
    end_wait(host, hogs, HOGS);
    for (int i = 0; i < HOGS; i++) {
        ck_assert_int_eq(end_kind(&hogs[i]), CORDON_OUTCOME_CANCELLED);
        end_finish(&hogs[i]);
    }
    cordon_request_free(hog);
    cordon_request_free(r);
    close_host();
}
END_TEST

START_TEST(a_finished_answer_beats_a_later_cancel)
{
    struct end end = {0};
    cordon_call *call;
    open_host(worker_counts[_i], 16);
    cordon_request *r = ground_request(ways, "add", "[1, 2]");
    end_start(r, &end, &call);
    if (worker_counts[_i])
        sleep_ms(100); /* over, but not delivered */
    else
        end_wait(host, &end, 1);
    cordon_call_cancel(call);
    end_wait(host, &end, 1);
    ck_assert_int_eq(end_kind(&end), CORDON_OUTCOME_OK);
    cordon_call_unref(call);
    end_finish(&end);
    cordon_request_free(r);
    close_host();
}
END_TEST

/* ---- at any moment ---- */

enum { STORM = 1200, CANCELLERS = 3 };

struct storm {
    cordon_call *_Atomic calls[STORM];
    struct end ends[STORM];
    _Atomic bool over;
};
static struct storm storm;

static void *cancel_some(void *data)
{
    unsigned seed = (unsigned)(uintptr_t)data;
    while (!atomic_load(&storm.over)) {
        for (int i = 0; i < 40; i++) {
            cordon_call *c = atomic_load(&storm.calls[(unsigned)rand_r(&seed) % STORM]);
            if (c)
                cordon_call_cancel(c);
        }
        sleep_ms((unsigned)rand_r(&seed) % 3);
    }
    return NULL;
}

static const char *const storm_exports[][2] = {
    {"sleep", "[2]"}, {"doze", "[8]"}, {"count", "[300000]"}, {"add", "[1, 2]"}, {"spin", NULL}, {"sleep", "[20000]"},
    {"divide", NULL}, {"repeat", "[1, 20000]"}, {"grow", NULL}, {"fail", "[\"x\"]"},
};
enum { STORM_EXPORTS = sizeof storm_exports / sizeof *storm_exports };

static void start_storm(cordon_request **requests)
{
    for (int i = 0; i < STORM; i++) {
        cordon_call *c;
        end_start(requests[i % STORM_EXPORTS], &storm.ends[i], &c);
        atomic_store(&storm.calls[i], c);
        if (i % 16 == 0)
            cordon_host_dispatch(host);
    }
}

START_TEST(calls_are_cancelled_at_random_moments_by_several_threads)
{
    pthread_t t[CANCELLERS];
    cordon_request *requests[STORM_EXPORTS];
    int kinds[CORDON_OUTCOME_COUNT] = {0};
    open_host(worker_counts[_i], 64);
    for (int i = 0; i < STORM_EXPORTS; i++) {
        requests[i] = ground_request(ways, storm_exports[i][0], storm_exports[i][1]);
        ground_limit(requests[i], CORDON_LIMIT_WALL_MS, 30000);
        ground_limit(requests[i], CORDON_LIMIT_FUEL, cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL));
        ground_limit(requests[i], CORDON_LIMIT_MEMORY_BYTES, 4 << 20);
    }
    for (int i = 0; i < CANCELLERS; i++)
        pthread_create(&t[i], NULL, cancel_some, (void *)(uintptr_t)(i + 1));
    start_storm(requests);
    end_wait(host, storm.ends, STORM);
    atomic_store(&storm.over, true);
    for (int i = 0; i < CANCELLERS; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < STORM; i++) {
        if (storm.ends[i].outcome)
            kinds[end_kind(&storm.ends[i])]++;
        else
            ck_assert_int_eq(cordon_error_code(storm.ends[i].err), CORDON_E_BUSY);
        ck_assert_int_eq(storm.ends[i].times, 1);
        cordon_call_unref(storm.calls[i]);
        end_finish(&storm.ends[i]);
    }
    ck_assert_int_gt(kinds[CORDON_OUTCOME_CANCELLED], 0);
    for (int i = 0; i < STORM_EXPORTS; i++)
        cordon_request_free(requests[i]);
    close_host();
}
END_TEST

/* ---- from a signal handler ---- */

enum { SIGNALLED = 24 };
static cordon_call *_Atomic signalled[SIGNALLED];
static _Atomic int next_signalled;

static void on_alarm(int sig)
{
    (void)sig;
    for (int i = 0; i < 3; i++) {
        cordon_call *c = atomic_load(&signalled[atomic_fetch_add(&next_signalled, 1) % SIGNALLED]);
        if (c)
            cordon_call_cancel(c);
    }
}

START_TEST(a_signal_handler_may_cancel)
{
    struct end ends[SIGNALLED] = {0};
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, 700}, {0, 700}};
    open_host(worker_counts[_i], 16);
    cordon_request *r[2] = {endless("sleep"), endless("spin")};
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < SIGNALLED; i++) {
            cordon_call *c;
            end_start(r[i & 1], &ends[i], &c);
            atomic_store(&signalled[i], c);
        }
        end_wait(host, ends, SIGNALLED);
        for (int i = 0; i < SIGNALLED; i++) {
            ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_CANCELLED);
            cordon_call *c = atomic_exchange(&signalled[i], NULL);
            end_finish(&ends[i]);
            cordon_call_unref(c); /* the handler runs on this thread, the only one that takes the signal */
        }
    }
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    cordon_request_free(r[0]);
    cordon_request_free(r[1]);
    close_host();
}
END_TEST

/* ---- handles, skills and hosts, in any order ---- */

START_TEST(a_handle_may_be_given_up_at_any_time)
{
    struct end ends[4] = {0};
    cordon_call *c[4];
    open_host(worker_counts[_i], 16);
    cordon_request *r = ground_request(ways, "sleep", "[20]");
    for (int i = 0; i < 4; i++)
        end_start(r, &ends[i], &c[i]);
    cordon_call_unref(c[0]); /* while it runs */
    cordon_request_free(r);
    end_wait(host, ends, 4);
    cordon_call_unref(c[1]); /* after the end */
    cordon_outcome_free(ends[2].outcome);
    ends[2].outcome = NULL;
    cordon_call_cancel(c[2]);
    cordon_call_unref(c[2]); /* after the outcome */
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(ends[i].times, 1);
        end_finish(&ends[i]);
    }
    close_host();
    cordon_call_cancel(c[3]);
    cordon_call_unref(c[3]); /* after the host */
}
END_TEST

START_TEST(calls_keep_the_code_of_a_freed_skill)
{
    enum { N = 30 };
    struct end ends[N] = {0};
    struct cordon_host_stats st;
    open_host(worker_counts[_i], 16);
    cordon_skill *s = ground_skill(host, "ways", CORDON_TIER_VERIFIED);
    cordon_request *r = ground_request(s, "doze", "[20]");
    for (int i = 0; i < N; i++)
        end_start(r, &ends[i], NULL);
    cordon_request_free(r);
    cordon_skill_free(s);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.skills_loaded, 1);
    end_wait(host, ends, N);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        end_finish(&ends[i]);
    }
    close_host();
}
END_TEST

struct restarting { cordon_request *r; int ended, refused, last; };

static void start_another(void *data, cordon_outcome *o, cordon_error *e)
{
    struct restarting *x = data;
    x->ended++;
    ck_assert(!e && cordon_outcome_kind(o) == CORDON_OUTCOME_CANCELLED);
    cordon_outcome_free(o);
    cordon_error *err = NULL;
    if (x->r && cordon_request_start(x->r, start_another, x, NULL, &err) < 0) {
        x->refused++;
        cordon_error_free(err);
    }
    if (x->ended == x->last)
        cordon_request_free(x->r);
}

START_TEST(a_host_is_freed_with_calls_that_run_wait_and_queue)
{
    enum { N = 50 };
    struct restarting x = {0};
    open_host(worker_counts[_i], 16);
    cordon_request *r[2] = {endless("sleep"), endless("spin")};
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(cordon_request_start(r[i & 1], start_another, &x, NULL, NULL), 0);
        if (i % 8 == 0)
            cordon_host_dispatch(host);
    }
    cordon_request_free(r[0]);
    cordon_request_free(r[1]);
    cordon_skill_free(ways);
    uint64_t start = now_ms();
    cordon_host_free(host);
    ck_assert_uint_lt(now_ms() - start, 20000); /* not their 60 s each */
    ck_assert_int_eq(x.ended, N);
}
END_TEST

START_TEST(nothing_is_started_on_a_host_that_is_being_freed)
{
    struct restarting x = {.last = 5};
    open_host(worker_counts[_i], 16);
    x.r = endless("sleep");
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(cordon_request_start(x.r, start_another, &x, NULL, NULL), 0);
    sleep_ms(20);
    cordon_skill_free(ways);
    cordon_host_free(host);
    ck_assert_int_eq(x.ended, 5);
    ck_assert_int_eq(x.refused, 5);
}
END_TEST

START_TEST(hosts_come_and_go)
{
    struct holding before = {0};
    for (int i = 0; i < 12; i++) {
        struct end ends[6] = {0};
        open_host(worker_counts[i % COUNTS], 16);
        cordon_request *r = ground_request(ways, i & 1 ? "sleep" : "count", "[5]");
        for (int k = 0; k < 6; k++)
            end_start(r, &ends[k], NULL);
        end_wait(host, ends, 6);
        for (int k = 0; k < 6; k++)
            end_finish(&ends[k]);
        cordon_request_free(r);
        close_host();
        struct holding now = holding_now();
        if (i < 4) {
            before = now;
            continue;
        }
        for (int ms = 0; ms < 5000 && now.threads > before.threads; ms++) { /* the kernel lists a thread a moment longer than it can be joined */
            sleep_ms(1);
            now = holding_now();
        }
        ck_assert_uint_le(now.descriptors, before.descriptors);
        ck_assert_uint_le(now.threads, before.threads);
    }
}
END_TEST

Suite *suite_cancel(void);
Suite *suite_cancel(void)
{
    Suite *s = suite_create("cancel");
    TCase *c = ground_case(s, "cancel", 180);
    tcase_add_loop_test(c, a_running_call_is_cancelled_at_once, 0, 2 * COUNTS);
    tcase_add_loop_test(c, a_call_that_has_not_begun_is_cancelled, 0, COUNTS);
    tcase_add_loop_test(c, a_finished_answer_beats_a_later_cancel, 0, COUNTS);
    tcase_add_loop_test(c, calls_are_cancelled_at_random_moments_by_several_threads, 0, COUNTS);
    tcase_add_loop_test(c, a_signal_handler_may_cancel, 0, COUNTS);
    tcase_add_loop_test(c, a_handle_may_be_given_up_at_any_time, 0, COUNTS);
    tcase_add_loop_test(c, calls_keep_the_code_of_a_freed_skill, 0, COUNTS);
    tcase_add_loop_test(c, a_host_is_freed_with_calls_that_run_wait_and_queue, 0, COUNTS);
    tcase_add_loop_test(c, nothing_is_started_on_a_host_that_is_being_freed, 0, COUNTS);
    tcase_add_test(c, hosts_come_and_go);
    return s;
}
