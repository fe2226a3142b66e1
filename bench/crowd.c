/* SPDX-License-Identifier: Apache-2.0
 *
 * Many calls at once through libcordon.
 *
 *     crowd waiting COMPONENT CALLS          memory and threads while that many calls wait in a host function
 *     crowd hogs ECHO SPIN HOGS CALLS        an echo's time through a worker and back, alone and beside that many busy loops on two workers
 */
#include "host.h"
#include "measure.h"
#include "process.h"
#include <poll.h>
#include <stdbool.h>
#include <string.h>

static const uint64_t HOG_FUEL = 100000000000, HOG_MS = 60000;

struct call {
    cordon_call *handle;
    cordon_outcome *outcome;
    bool over;
};

static void on_done(void *data, cordon_outcome *outcome, cordon_error *err)
{
    struct call *c = data;
    if (err)
        must(-1, &err);
    c->outcome = outcome;
    c->over = true;
}

static void start(cordon_request *r, struct call *c)
{
    cordon_error *err = NULL;
    *c = (struct call){0};
    must(cordon_request_start(r, on_done, c, &c->handle, &err), &err);
}

static void dispatch(cordon_host *host, int ms)
{
    struct pollfd ready = {.fd = cordon_host_fd(host), .events = POLLIN};
    poll(&ready, 1, ms);
    cordon_host_dispatch(host);
}

static void finish(cordon_host *host, struct call *c)
{
    while (!c->over)
        dispatch(host, -1);
    cordon_outcome_free(c->outcome);
    cordon_call_unref(c->handle);
}

static void end_all(cordon_host *host, struct call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cordon_call_cancel(calls[i].handle);
    for (size_t i = 0; i < n; i++)
        finish(host, &calls[i]);
}

static struct call *calls_of(size_t n)
{
    struct call *calls = calloc(n, sizeof *calls);
    if (!calls)
        exit(1);
    return calls;
}

static cordon_request *request_of(cordon_host *host, const char *path, cordon_skill **ret_skill)
{
    cordon_error *err = NULL;
    cordon_request *r = NULL;
    must(cordon_skill_load(host, path, CORDON_TIER_UNTRUSTED, ret_skill, &err), &err);
    must(cordon_request_new(*ret_skill, NULL, &r, &err), &err);
    must(cordon_request_set_input(r, "hello", 5, &err), &err);
    must(cordon_request_set_limit(r, CORDON_LIMIT_WALL_MS, HOG_MS, NULL, &err), &err);
    must(cordon_request_set_limit(r, CORDON_LIMIT_FUEL, HOG_FUEL, NULL, &err), &err);
    return r;
}

/* ---- waiting ---- */

static uint64_t in_use(cordon_host *host)
{
    struct cordon_host_stats stats;
    cordon_host_stats(host, &stats);
    return stats.sandboxes_in_use;
}

/* Until all have begun and what they do before they wait is over: memory stands still. */
static size_t settled_kib(cordon_host *host, size_t n)
{
    while (in_use(host) < n)
        dispatch(host, 10);
    size_t before, now = process_resident_kib();
    do {
        before = now;
        dispatch(host, 200);
        now = process_resident_kib();
    } while (now != before);
    return now;
}

static void waiting(const char *path, size_t n)
{
    cordon_skill *skill;
    cordon_host *host = host_open(2, (unsigned)(n + n / 4));
    cordon_request *r = request_of(host, path, &skill);
    struct call *calls = calls_of(n);
    start(r, &calls[0]); /* threads and engine are there before the first look */
    size_t threads = 0, before = settled_kib(host, 1);
    for (size_t i = 1; i < n; i++)
        start(r, &calls[i]);
    size_t after = settled_kib(host, n);
    threads = process_threads();
    end_all(host, calls, n);
    printf("{\"each_kib\": %.2f, \"threads\": %zu}\n", (double)(after - before) / (double)(n - 1), threads);
    free(calls);
    cordon_request_free(r);
    cordon_skill_free(skill);
    cordon_host_free(host);
}

/* ---- beside hogs ---- */

static void echo_times(cordon_host *host, cordon_request *echo, size_t n, uint64_t *samples)
{
    for (size_t i = 0; i < n; i++) {
        struct call c;
        uint64_t begin = now_ns();
        start(echo, &c);
        while (!c.over)
            dispatch(host, -1);
        samples[i] = now_ns() - begin;
        if (cordon_outcome_kind(c.outcome) != CORDON_OUTCOME_OK) {
            fprintf(stderr, "the echo ended with %s\n", cordon_outcome_name(cordon_outcome_kind(c.outcome)));
            exit(1);
        }
        finish(host, &c);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* a caller that comes now and then, not one in lockstep with the slices */
    }
}

static void hogs(const char *echo_path, const char *spin_path, size_t n_hogs, size_t n)
{
    cordon_skill *echo_skill, *spin_skill;
    cordon_host *host = host_open(2, 0);
    cordon_request *echo = request_of(host, echo_path, &echo_skill), *spin = request_of(host, spin_path, &spin_skill);
    uint64_t *alone = samples_of(n), *beside = samples_of(n);
    struct call *calls = calls_of(n_hogs);
    echo_times(host, echo, n, alone);
    for (size_t i = 0; i < n_hogs; i++)
        start(spin, &calls[i]);
    while (in_use(host) < n_hogs)
        dispatch(host, 10);
    echo_times(host, echo, n, beside);
    for (size_t i = 0; i < n_hogs; i++) {
        if (calls[i].over) {
            fprintf(stderr, "a hog ended early: %s\n", cordon_outcome_message(calls[i].outcome));
            exit(1);
        }
    }
    end_all(host, calls, n_hogs);
    printf("{\"alone_p99_ns\": %.1f, \"p50_ns\": %.1f, \"p99_ns\": %.1f}\n", percentile(alone, n, 99), percentile(beside, n, 50), percentile(beside, n, 99));
    free(calls);
    free(alone);
    free(beside);
    cordon_request_free(echo);
    cordon_request_free(spin);
    cordon_skill_free(echo_skill);
    cordon_skill_free(spin_skill);
    cordon_host_free(host);
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "waiting"))
        waiting(argv[2], count_of(argv[3]));
    else if (argc == 6 && !strcmp(argv[1], "hogs"))
        hogs(argv[2], argv[3], count_of(argv[4]), count_of(argv[5]));
    else
        return fputs("usage: crowd waiting COMPONENT CALLS | crowd hogs ECHO SPIN HOGS CALLS\n", stderr), 2;
    return 0;
}
