/* SPDX-License-Identifier: Apache-2.0
 * The scheduler, watched with fake tasks: every wake counts, every task ends once, and turns are fair. */
#include "sched_fake.h"
#include "sched/internal.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* Every loop test runs with each of these. */
static const unsigned workers_of[] = { 0, 1, 2, 4 };
enum { N_WORKERS = sizeof workers_of / sizeof *workers_of };
#define WORKERS workers_of[_i]

/* Ends well whatever thread drives it: submit, or run here on a thread of its own. */
static void *run_here_main(void *data)
{
    sched_run_here(&((struct fake *)data)->task);
    return NULL;
}

static void *wake_main(void *data)
{
    struct fake *f = data;
    usleep(1000);
    f->ready = true;
    sched_wake(&f->task);
    return NULL;
}

static pthread_t start(void *(*fn)(void *), void *data)
{
    pthread_t t;
    ck_assert_int_eq(pthread_create(&t, NULL, fn, data), 0);
    return t;
}

/* A suspended task: polled once, then waiting. */
static void suspend(struct fake *f)
{
    sched_submit(&f->task);
    wait_count(f->sched, &f->polls, 1);
    while ((atomic_load(&f->task.state) & TASK_STATE) != TASK_IDLE)
        run_once(f->sched);
}

START_TEST(a_call_that_does_not_wait_ends_on_its_callers_thread)
{
    struct sched *s = make_sched(WORKERS);
    struct sched_stats stats;
    struct fake f;
    fake_init(&f, s, finish_at_once, UINT64_MAX);
    sched_run_here(&f.task);
    check_ended(&f, SCHED_STOP_NONE);
    ck_assert_int_eq(f.polls, 1);
    ck_assert(pthread_equal(f.ender, pthread_self()));
    sched_stats(s, &stats);
    ck_assert_uint_eq(stats.threads, 1);
    ck_assert_uint_eq(stats.live_tasks, 0);
    ck_assert_uint_eq(stats.slices, 1);
    drop(&f);
    sched_free(s);
}
END_TEST

/* In a child that may do nothing but exit: a system call is its death, a lock (held here) its end without one. */
static int run_here_in_strict_mode(struct sched *s)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
        for (int i = 0; s && i < 1000; i++) {
            struct fake f;
            *(&f) = (struct fake){ .body = finish_at_once, .sched = s };
            sched_task_init(&f.task, s, &fake_ops, clock_now_ns() + 1000000000);
            sched_run_here(&f.task);
            if (!f.dones)
                syscall(SYS_exit, 1);
        }
        syscall(SYS_exit, clock_now_ns() ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    return status;
}

START_TEST(the_fast_path_takes_no_lock_and_makes_no_system_call)
{
    if (SANITIZED || run_here_in_strict_mode(NULL))
        return; /* not where a clock or a sanitizer makes system calls of its own */
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, finish_at_once, UINT64_MAX);
    sched_run_here(&f.task); /* wakes the ticker */
    pthread_mutex_lock(&s->fresh.lock);
    pthread_mutex_lock(&s->start_lock);
    ck_assert_int_eq(run_here_in_strict_mode(s), 0);
    pthread_mutex_unlock(&s->start_lock);
    pthread_mutex_unlock(&s->fresh.lock);
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(a_call_that_waits_leaves_its_callers_thread_and_still_ends_before_it_returns)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, wait_until_ready, UINT64_MAX);
    pthread_t t = start(wake_main, &f);
    sched_run_here(&f.task);
    ck_assert_int_eq(f.dones, 1);
    ck_assert_int_le(f.polls, 2);
    if (f.polls == 2)
        ck_assert_int_eq(f.moved, WORKERS > 0);
    pthread_join(t, NULL);
    check_ended(&f, SCHED_STOP_NONE);
    drop(&f);
    sched_free(s);
}
END_TEST

static bool spin_until_moved(struct fake *f)
{
    return f->moved || spin(f);
}

START_TEST(a_call_that_has_used_its_slice_leaves_its_callers_thread)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, spin_until_moved, UINT64_MAX);
    sched_run_here(&f.task);
    ck_assert_int_eq(f.polls, 2);
    check_ended(&f, SCHED_STOP_NONE);
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(without_workers_a_call_computes_on_its_callers_thread_until_its_deadline)
{
    struct sched *s = make_sched(0);
    struct fake f = { 0 };
    for (unsigned ms = 5; !f.polls; ms *= 2) {
        fake_init(&f, s, spin, in_ms(ms));
        sched_run_here(&f.task);
        ck_assert_int_le(f.polls, 1);
        ck_assert_int_eq(f.task.stop, SCHED_STOP_DEADLINE);
        ck_assert_int_eq(f.stops, !f.polls); /* once begun it ends itself when told to */
        drop(&f);
    }
    sched_free(s);
}
END_TEST

START_TEST(a_wake_from_another_thread_polls_once_more)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, wait_until_ready, UINT64_MAX);
    suspend(&f);
    pthread_t t = start(wake_main, &f);
    check_ended(&f, SCHED_STOP_NONE);
    pthread_join(t, NULL);
    ck_assert_int_eq(f.polls, 2);
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(a_wake_during_the_poll_polls_again)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f, g;
    fake_init(&f, s, yield_some, UINT64_MAX);
    fake_init(&g, s, yield_some, UINT64_MAX);
    f.left = g.left = 100;
    sched_submit(&f.task);
    check_ended(&f, SCHED_STOP_NONE);
    sched_run_here(&g.task);
    ck_assert_int_eq(f.polls, 101);
    ck_assert_int_eq(g.polls, 101);
    ck_assert_int_eq(g.wrong, 0);
    drop(&f);
    drop(&g);
    sched_free(s);
}
END_TEST

START_TEST(two_wakes_before_a_poll_are_one)
{
    struct sched *s = make_sched(0);
    struct fake f;
    fake_init(&f, s, wait_until_ready, UINT64_MAX);
    suspend(&f);
    sched_wake(&f.task);
    sched_wake(&f.task);
    for (int i = 0; i < 10; i++)
        run_once(s);
    ck_assert_int_eq(f.polls, 2);
    f.ready = true;
    sched_wake(&f.task);
    check_ended(&f, SCHED_STOP_NONE);
    ck_assert_int_eq(f.polls, 3);
    drop(&f);
    sched_free(s);
}
END_TEST

/* A wake of a task that is queued already changes nothing, and must yet bring along what was written before it. The relaxed flag is all else that
 * goes from one thread to the other, so the thread sanitizer is the judge. */
struct letter {
    struct fake *fake;
    int text;
    _Atomic bool sent;
};
static void *send_letter(void *data)
{
    struct letter *l = data;
    l->text = 42;
    sched_wake(&l->fake->task);
    atomic_store_explicit(&l->sent, true, memory_order_relaxed);
    return NULL;
}
static bool read_letter(struct fake *f)
{
    struct letter *l = f->data;
    return f->polls > 1 && l->text == 42;
}

START_TEST(a_second_wake_brings_what_was_written_before_it)
{
    struct sched *s = make_sched(0);
    struct fake f;
    struct letter l = { .fake = &f };
    fake_init(&f, s, read_letter, UINT64_MAX);
    f.data = &l;
    suspend(&f);
    sched_wake(&f.task);
    pthread_t t = start(send_letter, &l);
    while (!atomic_load_explicit(&l.sent, memory_order_relaxed))
        sched_yield();
    wait_done(&f);
    ck_assert_int_eq(f.polls, 2);
    pthread_join(t, NULL);
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(a_task_is_not_done_while_somebody_still_brings_it_news)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, finish_at_once, UINT64_MAX);
    task_pin(&f.task);
    pthread_t t = start(run_here_main, &f);
    while (!f.polls)
        sched_yield();
    usleep(5000);
    ck_assert_int_eq(f.dones, 0);
    task_unpin(&f.task);
    pthread_join(t, NULL);
    check_ended(&f, SCHED_STOP_NONE);
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(news_before_the_start_and_after_the_end_does_no_harm)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, finish_at_once, UINT64_MAX);
    sched_wake(&f.task);
    ck_assert_int_eq(f.polls, 0);
    sched_submit(&f.task);
    check_ended(&f, SCHED_STOP_NONE);
    ck_assert_int_eq(f.polls, 1);
    sched_wake(&f.task);
    sched_cancel(&f.task);
    sched_free(s);
    sched_wake(&f.task);
    sched_cancel(&f.task);
    ck_assert_int_eq(f.task.stop, SCHED_STOP_NONE);
    ck_assert_int_eq(f.polls, 1);
    drop(&f);
}
END_TEST

START_TEST(cancelled_before_its_start_it_is_never_polled)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f, g;
    fake_init(&f, s, finish_at_once, UINT64_MAX);
    fake_init(&g, s, finish_at_once, UINT64_MAX);
    sched_cancel(&f.task);
    sched_cancel(&g.task);
    sched_submit(&f.task);
    sched_run_here(&g.task);
    ck_assert_int_eq(g.dones, 1);
    check_ended(&f, SCHED_STOP_CANCEL);
    check_ended(&g, SCHED_STOP_CANCEL);
    ck_assert_int_eq(f.polls + g.polls, 0);
    drop(&f);
    drop(&g);
    sched_free(s);
}
END_TEST

START_TEST(a_suspended_task_is_cancelled_without_a_poll)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, wait_until_ready, in_ms(60000));
    suspend(&f);
    sched_cancel(&f.task);
    sched_cancel(&f.task);
    check_ended(&f, SCHED_STOP_CANCEL);
    ck_assert_int_eq(f.polls, 1);
    drop(&f);
    sched_free(s);
}
END_TEST

static void *cancel_when_polled(void *data)
{
    struct fake *f = data;
    while (!f->polls)
        usleep(50);
    usleep(500);
    sched_cancel(&f->task);
    return NULL;
}

/* Never between two slices, where a cancel would find it before its next tick does. */
static bool spin_until_stopped(struct fake *f)
{
    while (sched_tick(&f->task) != SCHED_TICK_STOP)
        ;
    return true;
}

START_TEST(a_running_task_is_cancelled_by_its_tick)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f, g;
    fake_init(&f, s, spin_until_stopped, UINT64_MAX);
    fake_init(&g, s, spin, UINT64_MAX);
    pthread_t t = start(cancel_when_polled, &f);
    sched_submit(&f.task);
    check_ended(&f, SCHED_STOP_NONE);
    pthread_t u = start(cancel_when_polled, &g);
    sched_run_here(&g.task);
    ck_assert_int_eq(f.task.stop, SCHED_STOP_CANCEL);
    ck_assert_int_eq(g.task.stop, SCHED_STOP_CANCEL);
    pthread_join(t, NULL);
    pthread_join(u, NULL);
    drop(&f);
    drop(&g);
    sched_free(s);
}
END_TEST

START_TEST(a_call_parked_on_its_callers_thread_is_cancelled)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, wait_until_ready, UINT64_MAX);
    pthread_t t = start(cancel_when_polled, &f);
    sched_run_here(&f.task);
    pthread_join(t, NULL);
    check_ended(&f, SCHED_STOP_CANCEL);
    ck_assert_int_eq(f.polls, 1);
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(a_call_parked_on_its_callers_thread_meets_its_deadline)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    uint64_t deadline = in_ms(20);
    fake_init(&f, s, wait_until_ready, deadline);
    sched_run_here(&f.task);
    ck_assert_uint_ge(clock_now_ns(), deadline);
    ck_assert_int_eq(f.dones, 1);
    check_ended(&f, SCHED_STOP_DEADLINE);
    ck_assert_int_le(f.polls, 1);
    drop(&f);
    sched_free(s);
}
END_TEST

/* The handler's argument: a signal handler has no other way to it. */
static struct fake *to_cancel;
static void cancel_on_signal(int sig)
{
    (void)sig;
    sched_cancel(&to_cancel->task);
}

START_TEST(a_signal_handler_may_cancel)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f, g;
    fake_init(&f, s, wait_until_ready, UINT64_MAX);
    suspend(&f);
    to_cancel = &f;
    signal(SIGUSR1, cancel_on_signal);
    raise(SIGUSR1);
    check_ended(&f, SCHED_STOP_CANCEL);
    fake_init(&g, s, wait_until_ready, UINT64_MAX);
    sched_submit(&g.task);
    to_cancel = &g;
    raise(SIGUSR1);
    check_ended(&g, SCHED_STOP_CANCEL);
    raise(SIGUSR1);
    drop(&f);
    drop(&g);
    sched_free(s);
}
END_TEST

START_TEST(the_deadline_of_a_suspended_task_stops_it)
{
    struct sched *s = make_sched(WORKERS);
    static struct fake f[20];
    for (unsigned i = 0; i < 20; i++) {
        fake_init(&f[i], s, wait_until_ready, in_ms(10 + i * 7 % 20));
        sched_submit(&f[i].task);
    }
    for (int i = 0; i < 20; i++) {
        check_ended(&f[i], SCHED_STOP_DEADLINE);
        ck_assert_uint_ge(clock_now_ns(), f[i].task.deadline_ns);
        drop(&f[i]);
    }
    sched_free(s);
}
END_TEST

START_TEST(the_deadline_of_a_suspended_task_is_met_beside_a_hog)
{
    struct sched *s = make_sched(WORKERS);
    struct fake hogs[4], f;
    for (int i = 0; i < 4; i++) {
        fake_init(&hogs[i], s, spin, UINT64_MAX);
        sched_submit(&hogs[i].task);
    }
    fake_init(&f, s, wait_until_ready, in_ms(20));
    sched_submit(&f.task);
    check_ended(&f, SCHED_STOP_DEADLINE);
    for (int i = 0; i < 4; i++)
        sched_cancel(&hogs[i].task);
    for (int i = 0; i < 4; i++) {
        wait_done(&hogs[i]);
        ck_assert_int_eq(hogs[i].task.stop, SCHED_STOP_CANCEL);
        drop(&hogs[i]);
    }
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(past_its_deadline_before_the_start_it_is_never_polled)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f, g;
    fake_init(&f, s, finish_at_once, 1);
    fake_init(&g, s, finish_at_once, 1);
    sched_submit(&f.task);
    sched_run_here(&g.task);
    check_ended(&f, SCHED_STOP_DEADLINE);
    check_ended(&g, SCHED_STOP_DEADLINE);
    ck_assert_int_eq(f.polls + g.polls, 0);
    drop(&f);
    drop(&g);
    sched_free(s);
}
END_TEST

static bool tell_other(struct fake *f)
{
    sched_cancel(&f->other->task);
    return true;
}

/* Whatever is queued and has a reason to stop goes before whatever is queued and has none: only slices are counted. */
START_TEST(a_queued_task_is_stopped_before_others_are_polled)
{
    struct sched *s = make_sched(0);
    s->opts.slice_ns = 1; /* one turn in each dispatch */
    static struct fake f[100];
    struct fake teller, started;
    fake_init(&started, s, yield_some, UINT64_MAX);
    started.left = 1000;
    started.task.cpu_ns = 20000000;
    sched_submit(&started.task);
    sched_dispatch(s);
    ck_assert_int_eq(started.polls, 1);
    fake_init(&teller, s, tell_other, UINT64_MAX);
    teller.other = &f[99];
    sched_submit(&teller.task);
    for (int i = 0; i < 100; i++) {
        fake_init(&f[i], s, finish_at_once, UINT64_MAX);
        sched_submit(&f[i].task);
    }
    while (!teller.dones)
        sched_dispatch(s);
    sched_cancel(&started.task);
    int before = started.polls, ended = 0;
    sched_dispatch(s);
    ck_assert_int_eq(f[99].dones, 1);
    ck_assert_int_eq(started.dones, 1);
    ck_assert_int_eq(started.polls, before);
    for (int i = 0; i < 99; i++)
        ended += f[i].dones;
    ck_assert_int_le(ended, 1);
    for (int i = 0; i < 100; i++) {
        check_ended(&f[i], i == 99 ? SCHED_STOP_CANCEL : SCHED_STOP_NONE);
        drop(&f[i]);
    }
    drop(&teller);
    drop(&started);
    sched_free(s);
}
END_TEST

START_TEST(the_deadline_of_a_queued_task_stops_it_before_others_are_polled)
{
    struct sched *s = make_sched(0);
    s->opts.slice_ns = 1;
    static struct fake f[100];
    for (int i = 0; i < 100; i++) {
        fake_init(&f[i], s, finish_at_once, i == 99 ? in_ms(5) : UINT64_MAX);
        sched_submit(&f[i].task);
    }
    usleep(6000);
    sched_dispatch(s);
    ck_assert_int_eq(f[99].dones, 1);
    ck_assert_int_eq(f[1].dones, 0);
    for (int i = 0; i < 100; i++) {
        check_ended(&f[i], i == 99 ? SCHED_STOP_DEADLINE : SCHED_STOP_NONE);
        drop(&f[i]);
    }
    sched_free(s);
}
END_TEST

static bool cancel_self_and_finish(struct fake *f)
{
    sched_cancel(&f->task);
    return true;
}

START_TEST(a_finished_answer_beats_a_cancel)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, cancel_self_and_finish, UINT64_MAX);
    sched_submit(&f.task);
    check_ended(&f, SCHED_STOP_NONE);
    drop(&f);
    sched_free(s);
}
END_TEST

/* A guest that is told to stop while a host function's future cannot be ended from the inside. */
static bool tick_until_stop_then_wait(struct fake *f)
{
    while (sched_tick(&f->task) != SCHED_TICK_STOP)
        ;
    sched_cancel(&f->task);
    return false;
}

START_TEST(told_to_stop_and_still_pending_it_is_stopped_with_the_first_reason)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f = { 0 };
    for (unsigned ms = 5; !f.polls; ms *= 2) {
        fake_init(&f, s, tick_until_stop_then_wait, in_ms(ms));
        sched_submit(&f.task);
        check_ended(&f, SCHED_STOP_DEADLINE);
        ck_assert_int_le(f.polls, 1);
        drop(&f);
    }
    sched_free(s);
}
END_TEST

START_TEST(without_workers_all_happens_inside_dispatch)
{
    struct sched *s = make_sched(0);
    struct pollfd fd = { .fd = sched_fd(s), .events = POLLIN };
    struct fake f, g;
    ck_assert_int_eq(poll(&fd, 1, 0), 0);
    ck_assert_uint_eq(sched_dispatch_timeout_ns(s), UINT64_MAX);
    fake_init(&f, s, wait_until_ready, in_ms(60000));
    sched_submit(&f.task);
    ck_assert_int_eq(poll(&fd, 1, 0), 1);
    ck_assert_uint_eq(sched_dispatch_timeout_ns(s), 0);
    ck_assert_int_eq(f.polls, 0);
    sched_dispatch(s);
    ck_assert_int_eq(f.polls, 1);
    sched_dispatch(s);
    ck_assert_int_eq(poll(&fd, 1, 0), 0);
    ck_assert_uint_gt(sched_dispatch_timeout_ns(s), 0);
    ck_assert_uint_le(sched_dispatch_timeout_ns(s), UINT64_C(60000000000));
    pthread_t t = start(wake_main, &f);
    ck_assert_int_eq(poll(&fd, 1, -1), 1);
    pthread_join(t, NULL);
    ck_assert_int_eq(f.polls, 1);
    sched_dispatch(s);
    check_ended(&f, SCHED_STOP_NONE);
    ck_assert(!f.moved && pthread_equal(f.ender, pthread_self()));
    fake_init(&g, s, wait_until_ready, UINT64_MAX);
    suspend(&g);
    sched_cancel(&g.task);
    ck_assert_int_eq(g.stops, 0);
    ck_assert_int_eq(poll(&fd, 1, 0), 1);
    sched_dispatch(s);
    check_ended(&g, SCHED_STOP_CANCEL);
    ck_assert(pthread_equal(g.ender, pthread_self()));
    drop(&f);
    drop(&g);
    sched_free(s);
}
END_TEST

START_TEST(dispatch_comes_back_after_a_slice_of_a_hog_and_stays_readable)
{
    struct sched *s = make_sched(0);
    struct pollfd fd = { .fd = sched_fd(s), .events = POLLIN };
    struct fake f;
    fake_init(&f, s, spin, UINT64_MAX);
    sched_submit(&f.task);
    for (int i = 1; i <= 5; i++) {
        ck_assert_int_eq(poll(&fd, 1, 0), 1);
        sched_dispatch(s);
        ck_assert_int_eq(f.polls, i);
    }
    sched_cancel(&f.task);
    check_ended(&f, SCHED_STOP_CANCEL);
    drop(&f);
    sched_free(s);
}
END_TEST

static bool dispatch_inside(struct fake *f)
{
    if (!sched_is_inside(f->sched))
        f->wrong++;
    sched_dispatch(f->sched);
    return true;
}

START_TEST(dispatch_from_inside_does_nothing)
{
    struct sched *s = make_sched(0);
    struct fake f, g;
    fake_init(&f, s, dispatch_inside, UINT64_MAX);
    fake_init(&g, s, finish_at_once, UINT64_MAX);
    sched_submit(&g.task);
    sched_run_here(&f.task);
    ck_assert_int_eq(g.polls, 0);
    check_ended(&f, SCHED_STOP_NONE);
    check_ended(&g, SCHED_STOP_NONE);
    drop(&f);
    drop(&g);
    sched_free(s);
}
END_TEST

/* A thread is inside the scheduler whose task it polls, and inside those of the calls around it. */
static bool ask_where(struct fake *f)
{
    if (!sched_is_inside(f->sched) || (f->other && sched_is_inside(f->other->sched)))
        f->wrong++;
    if (f->other) {
        f->other->data = f->sched;
        sched_run_here(&f->other->task);
        if (sched_is_inside(f->other->sched))
            f->wrong++;
    }
    if (f->data && !sched_is_inside(f->data))
        f->wrong++;
    return f->ready;
}
static void ask_in_done(struct fake *f)
{
    if (!sched_is_inside(f->sched))
        f->wrong++;
}

START_TEST(a_thread_knows_which_schedulers_it_is_inside_of)
{
    struct sched *s = make_sched(WORKERS), *other = make_sched(0);
    struct fake f, g, h;
    fake_init(&f, s, ask_where, UINT64_MAX);
    fake_init(&g, other, ask_where, UINT64_MAX);
    fake_init(&h, s, ask_where, UINT64_MAX);
    f.other = &g;
    f.on_done = g.on_done = h.on_done = ask_in_done;
    f.ready = g.ready = true;
    ck_assert(!sched_is_inside(s));
    sched_run_here(&f.task);
    ck_assert(!sched_is_inside(s));
    suspend(&h);
    sched_cancel(&h.task);
    check_ended(&f, SCHED_STOP_NONE);
    check_ended(&g, SCHED_STOP_NONE);
    check_ended(&h, SCHED_STOP_CANCEL);
    drop(&f);
    drop(&g);
    drop(&h);
    sched_free(other);
    sched_free(s);
}
END_TEST

START_TEST(a_task_stays_with_the_worker_that_started_it)
{
    struct sched *s = make_sched(WORKERS);
    static struct fake f[50];
    for (int i = 0; i < 50; i++) {
        fake_init(&f[i], s, yield_some, UINT64_MAX);
        f[i].left = 50;
        sched_submit(&f[i].task);
    }
    for (int i = 0; i < 50; i++) {
        check_ended(&f[i], SCHED_STOP_NONE);
        ck_assert(!f[i].moved);
        drop(&f[i]);
    }
    sched_free(s);
}
END_TEST

START_TEST(what_a_busy_worker_has_not_started_another_takes)
{
    struct sched *s = make_sched(2);
    struct fake blocker;
    static struct fake f[10];
    fake_init(&blocker, s, block_until_ready, UINT64_MAX);
    sched_submit(&blocker.task);
    wait_count(s, &blocker.polls, 1);
    for (int i = 0; i < 10; i++) {
        fake_init(&f[i], s, finish_at_once, UINT64_MAX);
        sched_submit(&f[i].task);
    }
    for (int i = 0; i < 10; i++) {
        check_ended(&f[i], SCHED_STOP_NONE);
        drop(&f[i]);
    }
    ck_assert_int_eq(blocker.dones, 0);
    blocker.ready = true;
    check_ended(&blocker, SCHED_STOP_NONE);
    drop(&blocker);
    sched_free(s);
}
END_TEST

/* 50 tasks that have computed long, each asking for slice upon slice, and one that has not: by slices, not by the clock. */
START_TEST(an_echo_beside_50_hogs_waits_for_few_slices)
{
    enum { HOGS = 50, ECHO_SLICES = 200 };
    struct sched *s = make_sched(0);
    s->opts.slice_ns = 1;
    static struct fake hogs[HOGS];
    struct fake echo;
    for (int i = 0; i < HOGS; i++) {
        fake_init(&hogs[i], s, yield_some, UINT64_MAX);
        hogs[i].left = 1000000;
        hogs[i].task.cpu_ns = 20000000;
        sched_submit(&hogs[i].task);
    }
    for (int i = 0; i < 1000; i++)
        sched_dispatch(s);
    int begun[HOGS], before = 0, after = 0, min = 1000000, max = 0;
    for (int i = 0; i < HOGS; i++)
        begun[i] = hogs[i].polls;
    for (int i = 0; i < 1000; i++)
        sched_dispatch(s);
    for (int i = 0; i < HOGS; i++) {
        int n = hogs[i].polls - begun[i];
        before += hogs[i].polls;
        min = n < min ? n : min;
        max = n > max ? n : max;
    }
    ck_assert_int_eq(before, 2000);
    ck_assert_int_le(max - min, 1);
    fake_init(&echo, s, yield_some, UINT64_MAX);
    echo.left = ECHO_SLICES - 1;
    sched_submit(&echo.task);
    while (!echo.dones)
        sched_dispatch(s);
    for (int i = 0; i < HOGS; i++)
        after += hogs[i].polls;
    ck_assert_int_eq(echo.polls, ECHO_SLICES);
    ck_assert_int_le(after - before, ECHO_SLICES / 7 + 2);
    ck_assert_msg(after - before >= ECHO_SLICES / 8 - 2, "hogs are served too: %d", after - before);
    for (int i = 0; i < HOGS; i++)
        sched_cancel(&hogs[i].task);
    for (int i = 0; i < HOGS; i++) {
        check_ended(&hogs[i], SCHED_STOP_CANCEL);
        drop(&hogs[i]);
    }
    drop(&echo);
    sched_free(s);
}
END_TEST

START_TEST(no_class_starves_started_or_not)
{
    struct sched *s = make_sched(0);
    s->opts.slice_ns = 1;
    static const uint64_t cpu[] = { 0, 5000000, 20000000 };
    struct fake f[3], late[3];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++) {
            struct fake *g = round ? &late[i] : &f[i];
            fake_init(g, s, yield_some, UINT64_MAX);
            g->left = 1000000;
            g->task.cpu_ns = cpu[i];
            sched_submit(&g->task);
        }
        for (int i = 0; i < 320; i++)
            sched_dispatch(s);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_ge(f[i].polls, 20);
        ck_assert_msg(late[i].polls >= 8, "class %d: %d", i, late[i].polls);
        sched_cancel(&f[i].task);
        sched_cancel(&late[i].task);
    }
    ck_assert_int_gt(f[0].polls, 4 * f[2].polls);
    for (int i = 0; i < 3; i++) {
        check_ended(&f[i], SCHED_STOP_CANCEL);
        check_ended(&late[i], SCHED_STOP_CANCEL);
        drop(&f[i]);
        drop(&late[i]);
    }
    sched_free(s);
}
END_TEST

struct wakers {
    struct fake *fakes;
    int n, from, step;
};
static void *wake_many(void *data)
{
    struct wakers *w = data;
    for (int i = w->from; i < w->n; i += w->step) {
        struct fake *f = &w->fakes[i * UINT64_C(7919) % (uint64_t)w->n];
        f->ready = true;
        sched_wake(&f->task);
    }
    return NULL;
}

START_TEST(ten_thousand_tasks_wait_and_each_is_woken)
{
    enum { N = 10000 };
    struct sched *s = make_sched(WORKERS);
    struct sched_stats stats;
    struct fake *f = calloc(N, sizeof *f);
    for (int i = 0; i < N; i++) {
        fake_init(&f[i], s, wait_until_ready, i % 2 ? in_ms(600000 + (unsigned)(i * 31 % 977)) : UINT64_MAX);
        sched_submit(&f[i].task);
    }
    for (int i = 0; i < N; i++)
        wait_count(s, &f[i].polls, 1);
    sched_stats(s, &stats);
    ck_assert_uint_eq(stats.live_tasks, N);
    ck_assert_uint_eq(stats.threads, WORKERS + 1);
    struct wakers w[3];
    pthread_t t[3];
    for (int i = 0; i < 3; i++) {
        w[i] = (struct wakers){ f, N, i, 3 };
        t[i] = start(wake_many, &w[i]);
    }
    for (int i = 0; i < N; i++) {
        check_ended(&f[i], SCHED_STOP_NONE);
        ck_assert_int_eq(f[i].polls, 2);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < N; i++)
        drop(&f[i]);
    sched_free(s);
    free(f);
}
END_TEST

static void count_tick(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
}

START_TEST(the_ticker_ticks_while_tasks_run_and_parks_when_none_has_for_a_while)
{
    _Atomic int ticks = 0;
    struct sched *s = NULL;
    struct sched_opts opts = { .workers = WORKERS, .tick = count_tick, .data = &ticks };
    ck_assert_int_eq(sched_new(&opts, &s, NULL), 0);
    ck_assert_int_eq(ticks, 0);
    for (int i = 0; i < 3; i++) {
        struct fake f;
        fake_init(&f, s, spin_until_ready, UINT64_MAX);
        sched_submit(&f.task);
        wait_count(s, &f.polls, 1);
        int before = ticks;
        wait_count(s, &ticks, before + 3);
        f.ready = true;
        check_ended(&f, SCHED_STOP_NONE);
        while (atomic_load(&s->ticker) != TICKER_PARKED)
            run_once(s);
        int parked = ticks;
        usleep(20000);
        ck_assert_int_eq(ticks, parked);
        drop(&f);
    }
    sched_free(s);
}
END_TEST

START_TEST(waiting_tasks_do_not_keep_the_ticker_awake)
{
    struct sched *s = make_sched(WORKERS);
    struct fake f;
    fake_init(&f, s, wait_until_ready, in_ms(600000));
    suspend(&f);
    while (atomic_load(&s->ticker) != TICKER_PARKED)
        run_once(s);
    sched_cancel(&f.task);
    check_ended(&f, SCHED_STOP_CANCEL);
    drop(&f);
    sched_free(s);
}
END_TEST

static bool look_at_thread(struct fake *f)
{
    static const int blocked[] = { SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGPIPE };
    static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };
    sigset_t set;
    char name[16] = "";
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
        f->wrong += !sigismember(&set, blocked[i]);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        f->wrong += sigismember(&set, faults[i]);
    pthread_getname_np(pthread_self(), name, sizeof name);
    /* A thread is named after it has been made. */
    return !strncmp(name, "cordon-work-", 12) || (sched_wake(&f->task), false);
}

START_TEST(workers_have_names_and_block_signals_but_those_of_faults)
{
    struct sched *s = make_sched(2);
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    struct fake f;
    fake_init(&f, s, look_at_thread, UINT64_MAX);
    sched_submit(&f.task);
    check_ended(&f, SCHED_STOP_NONE);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ck_assert(sigismember(&before, SIGINT) == sigismember(&after, SIGINT));
    drop(&f);
    sched_free(s);
}
END_TEST

START_TEST(without_a_thread_to_be_had_nothing_hangs)
{
    if (SANITIZED)
        return; /* which need the memory that is taken away here */
    struct sched *s = make_sched(2);
    struct fake f[3], g;
    struct rlimit was, none;
    getrlimit(RLIMIT_NOFILE, &was);
    none = (struct rlimit){ 0, was.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    for (int i = 0; i < 3; i++) {
        fake_init(&f[i], s, finish_at_once, UINT64_MAX);
        sched_submit(&f[i].task);
    }
    for (int i = 0; i < 3; i++) {
        while (!f[i].dones)
            usleep(100);
        check_ended(&f[i], SCHED_STOP_NO_WORKER);
        ck_assert_int_eq(f[i].polls, 0);
        drop(&f[i]);
    }
    fake_init(&g, s, wait_until_ready, UINT64_MAX);
    pthread_t t = start(wake_main, &g);
    sched_run_here(&g.task);
    pthread_join(t, NULL);
    check_ended(&g, SCHED_STOP_NONE);
    ck_assert(!g.moved);
    drop(&g);
    setrlimit(RLIMIT_NOFILE, &was);
    fake_init(&g, s, finish_at_once, UINT64_MAX);
    sched_submit(&g.task);
    check_ended(&g, SCHED_STOP_NONE);
    drop(&g);
    sched_free(s);
}
END_TEST

START_TEST(too_many_workers_are_refused)
{
    struct sched *s = NULL;
    cordon_error *err = NULL;
    ck_assert_int_lt(sched_new(&(struct sched_opts){ .workers = 1000000 }, &s, &err), 0);
    ck_assert_int_eq(cordon_error_code(err), CORDON_E_USAGE);
    ck_assert_ptr_null(s);
    cordon_error_free(err);
    sched_free(NULL);
}
END_TEST

START_TEST(free_waits_for_every_task)
{
    struct sched *s = make_sched(WORKERS);
    struct fake waiting, queued, timed;
    fake_init(&waiting, s, wait_until_ready, UINT64_MAX);
    fake_init(&queued, s, yield_some, UINT64_MAX);
    fake_init(&timed, s, wait_until_ready, in_ms(15));
    queued.left = 20;
    suspend(&waiting);
    sched_submit(&queued.task);
    sched_submit(&timed.task);
    pthread_t t = start(wake_main, &waiting);
    sched_free(s);
    ck_assert_int_eq(waiting.dones + queued.dones + timed.dones, 3);
    pthread_join(t, NULL);
    drop(&waiting);
    drop(&queued);
    drop(&timed);
}
END_TEST

/* The end of a task is the earliest moment at which somebody else may free the scheduler: while a waker, a canceller or the submitter is
 * still inside it. */
START_TEST(the_scheduler_may_be_freed_as_soon_as_its_last_task_is_done)
{
    enum { ROUNDS = 150 };
    for (int i = 0; i < ROUNDS; i++) {
        struct sched *s = make_sched(WORKERS);
        struct fake f, g;
        fake_init(&f, s, wait_until_ready, UINT64_MAX);
        fake_init(&g, s, i % 3 ? wait_until_ready : finish_at_once, UINT64_MAX);
        sched_submit(&f.task);
        pthread_t t = start(i % 2 ? wake_main : cancel_when_polled, &f), u = start(run_here_main, &g);
        sched_cancel(&g.task);
        while (!f.dones || !g.dones)
            if (!WORKERS)
                sched_dispatch(s);
        sched_free(s);
        pthread_join(t, NULL);
        pthread_join(u, NULL);
        drop(&f);
        drop(&g);
    }
}
END_TEST

/* Deadlines in, smallest out, with removals from the middle: against a linear search. */
START_TEST(the_heap_gives_the_earliest_deadline)
{
    enum { N = 200 };
    static struct fake f[N];
    struct heap h = { 0 };
    unsigned seed = 1;
    for (int i = 0; i < N; i++)
        fake_init(&f[i], NULL, finish_at_once, i % 50 ? (uint64_t)rand_r(&seed) % 1000 : UINT64_MAX);
    for (int round = 0; round < 20000; round++) {
        struct sched_task *t = &f[rand_r(&seed) % N].task;
        if (t->timed)
            heap_remove(&h, t);
        else
            heap_add(&h, t);
        uint64_t min = UINT64_MAX;
        for (int i = 0; i < N; i++)
            if (f[i].task.timed && f[i].task.deadline_ns < min)
                min = f[i].task.deadline_ns;
        ck_assert_uint_eq(heap_due_ns(&h), min);
    }
}
END_TEST

/* Everything at once: bodies that wait, yield, spin and end at random, threads that wake and cancel at random, some deadlines, references that go
 * early. What must never happen is counted by the fakes; what must happen is asked at the end. */
enum { STORM_TASKS = 60, STORM_THREADS = 3, STORM_NEWS = 1500 };

static bool storm(struct fake *f)
{
    unsigned seed = (unsigned)(f->left * 7919 + f->polls * 104729);
    if (f->left-- <= 0)
        return true;
    switch (rand_r(&seed) % 4) {
    case 0:
        sched_wake(&f->task);
        return false;
    case 1:
        for (int i = 0; i < 100; i++)
            if (sched_tick(&f->task) == SCHED_TICK_STOP)
                return true;
        sched_wake(&f->task);
        return false;
    case 2:
        return spin(f);
    default:
        if (f->other)
            sched_wake(&f->other->task);
        return false; /* for a waker to find */
    }
}

struct storm_thread {
    struct fake *fakes;
    unsigned seed;
    pthread_t thread;
};
static void *storm_main(void *data)
{
    struct storm_thread *st = data;
    for (int i = 0; i < STORM_NEWS; i++) {
        struct fake *f = &st->fakes[rand_r(&st->seed) % STORM_TASKS];
        if (rand_r(&st->seed) % 20 == 0)
            sched_cancel(&f->task);
        else
            sched_wake(&f->task);
        if (rand_r(&st->seed) % 64 == 0)
            sched_yield();
    }
    for (int i = 0; i < STORM_TASKS; i++)
        if (i % 3)
            sched_cancel(&st->fakes[i].task);
    for (int i = 0; i < STORM_TASKS; i++)
        sched_unref(&st->fakes[i].task);
    return NULL;
}

START_TEST(in_a_storm_of_news_every_task_ends_once)
{
    enum { ROUNDS = 12, HERE = 4 };
    static struct fake f[STORM_TASKS];
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sched *s = make_sched(WORKERS);
        struct storm_thread threads[STORM_THREADS];
        pthread_t here[HERE];
        unsigned seed = round * 31 + WORKERS;
        for (int i = 0; i < STORM_TASKS; i++) {
            fake_init(&f[i], s, storm, i % 3 == 0 ? in_ms((unsigned)rand_r(&seed) % 40) : UINT64_MAX);
            f[i].left = (int)((unsigned)rand_r(&seed) % 40);
            f[i].unref_in_done = true;
        }
        for (int i = 0; i < STORM_TASKS; i++) {
            for (int j = 0; j <= STORM_THREADS; j++)
                sched_ref(&f[i].task); /* one for each thread, one for the neighbour */
            f[i].other = &f[(i + 1) % STORM_TASKS];
        }
        for (unsigned i = 0; i < STORM_THREADS; i++) {
            threads[i] = (struct storm_thread){ f, round * 101 + i, 0 };
            threads[i].thread = start(storm_main, &threads[i]);
        }
        for (int i = 0; i < HERE; i++)
            here[i] = start(run_here_main, &f[i]);
        for (int i = HERE; i < STORM_TASKS; i++)
            sched_submit(&f[i].task);
        for (int i = 0; i < HERE; i++)
            while (atomic_load(&f[i].task.state) == TASK_NEW)
                sched_yield();
        sched_free(s);
        for (int i = 0; i < HERE; i++)
            pthread_join(here[i], NULL);
        for (int i = 0; i < STORM_THREADS; i++)
            pthread_join(threads[i].thread, NULL);
        for (int i = 0; i < STORM_TASKS; i++) {
            ck_assert_int_eq(f[i].dones, 1);
            drop(&f[i]);
        }
    }
}
END_TEST

Suite *suite_sched(void);
Suite *suite_sched(void)
{
    Suite *s = suite_create("sched");
    TCase *c = tcase_create("sched");
    tcase_set_timeout(c, 180);
    tcase_add_loop_test(c, a_call_that_does_not_wait_ends_on_its_callers_thread, 0, N_WORKERS);
    tcase_add_loop_test(c, the_fast_path_takes_no_lock_and_makes_no_system_call, 0, N_WORKERS);
    tcase_add_loop_test(c, a_call_that_waits_leaves_its_callers_thread_and_still_ends_before_it_returns, 0, N_WORKERS);
    tcase_add_loop_test(c, a_call_that_has_used_its_slice_leaves_its_callers_thread, 1, N_WORKERS);
    tcase_add_test(c, without_workers_a_call_computes_on_its_callers_thread_until_its_deadline);
    tcase_add_loop_test(c, a_wake_from_another_thread_polls_once_more, 0, N_WORKERS);
    tcase_add_loop_test(c, a_wake_during_the_poll_polls_again, 0, N_WORKERS);
    tcase_add_test(c, two_wakes_before_a_poll_are_one);
    tcase_add_test(c, a_second_wake_brings_what_was_written_before_it);
    tcase_add_loop_test(c, a_task_is_not_done_while_somebody_still_brings_it_news, 0, N_WORKERS);
    tcase_add_loop_test(c, news_before_the_start_and_after_the_end_does_no_harm, 0, N_WORKERS);
    tcase_add_loop_test(c, cancelled_before_its_start_it_is_never_polled, 0, N_WORKERS);
    tcase_add_loop_test(c, a_suspended_task_is_cancelled_without_a_poll, 0, N_WORKERS);
    tcase_add_loop_test(c, a_running_task_is_cancelled_by_its_tick, 1, N_WORKERS);
    tcase_add_loop_test(c, a_call_parked_on_its_callers_thread_is_cancelled, 0, N_WORKERS);
    tcase_add_loop_test(c, a_call_parked_on_its_callers_thread_meets_its_deadline, 0, N_WORKERS);
    tcase_add_loop_test(c, a_signal_handler_may_cancel, 0, N_WORKERS);
    tcase_add_loop_test(c, the_deadline_of_a_suspended_task_stops_it, 0, N_WORKERS);
    tcase_add_loop_test(c, the_deadline_of_a_suspended_task_is_met_beside_a_hog, 0, N_WORKERS);
    tcase_add_loop_test(c, past_its_deadline_before_the_start_it_is_never_polled, 0, N_WORKERS);
    tcase_add_test(c, a_queued_task_is_stopped_before_others_are_polled);
    tcase_add_test(c, the_deadline_of_a_queued_task_stops_it_before_others_are_polled);
    tcase_add_loop_test(c, a_finished_answer_beats_a_cancel, 0, N_WORKERS);
    tcase_add_loop_test(c, told_to_stop_and_still_pending_it_is_stopped_with_the_first_reason, 0, N_WORKERS);
    tcase_add_test(c, without_workers_all_happens_inside_dispatch);
    tcase_add_test(c, dispatch_comes_back_after_a_slice_of_a_hog_and_stays_readable);
    tcase_add_test(c, dispatch_from_inside_does_nothing);
    tcase_add_loop_test(c, a_thread_knows_which_schedulers_it_is_inside_of, 0, N_WORKERS);
    tcase_add_loop_test(c, a_task_stays_with_the_worker_that_started_it, 0, N_WORKERS);
    tcase_add_test(c, what_a_busy_worker_has_not_started_another_takes);
    tcase_add_test(c, an_echo_beside_50_hogs_waits_for_few_slices);
    tcase_add_test(c, no_class_starves_started_or_not);
    tcase_add_loop_test(c, ten_thousand_tasks_wait_and_each_is_woken, 0, N_WORKERS);
    tcase_add_loop_test(c, the_ticker_ticks_while_tasks_run_and_parks_when_none_has_for_a_while, 0, N_WORKERS);
    tcase_add_loop_test(c, waiting_tasks_do_not_keep_the_ticker_awake, 0, N_WORKERS);
    tcase_add_test(c, workers_have_names_and_block_signals_but_those_of_faults);
    tcase_add_test(c, without_a_thread_to_be_had_nothing_hangs);
    tcase_add_test(c, too_many_workers_are_refused);
    tcase_add_loop_test(c, free_waits_for_every_task, 0, N_WORKERS);
    tcase_add_loop_test(c, the_scheduler_may_be_freed_as_soon_as_its_last_task_is_done, 0, N_WORKERS);
    tcase_add_test(c, the_heap_gives_the_earliest_deadline);
    tcase_add_loop_test(c, in_a_storm_of_news_every_task_ends_once, 0, N_WORKERS);
    suite_add_tcase(s, c);
    return s;
}
