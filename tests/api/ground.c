/* SPDX-License-Identifier: Apache-2.0 */
#include "ground.h"

#include <dirent.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 120000 };

/* ---- the cache: made by the runner before it forks, shared by the tests of a case ---- */

static char cache_dir[64];

static void make_cache(void)
{
    snprintf(cache_dir, sizeof cache_dir, "/tmp/cordon-api-XXXXXX");
    if (!mkdtemp(cache_dir))
        cache_dir[0] = '\0';
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_cache(void)
{
    if (cache_dir[0])
        nftw(cache_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TCase *ground_case(Suite *s, const char *name, double timeout_s)
{
    TCase *c = tcase_create(name);
    tcase_add_unchecked_fixture(c, make_cache, remove_cache);
    tcase_set_timeout(c, timeout_s);
    suite_add_tcase(s, c);
    return c;
}

/* ---- hosts, guests, requests ---- */

cordon_host_opts *ground_opts(unsigned workers, unsigned sandboxes)
{
    cordon_error *err = NULL;
    cordon_host_opts *o = cordon_host_opts_new();
    ck_assert_ptr_nonnull(o);
    expect_ok(cordon_host_opts_set_workers(o, workers, &err), err);
    expect_ok(cordon_host_opts_set_sandboxes(o, sandboxes, &err), err);
    expect_ok(cordon_host_opts_set_cache_dir(o, cache_dir, &err), err);
    expect_ok(cordon_host_opts_set_helper(o, TEST_HELPER, &err), err);
    return o;
}

cordon_host *ground_host_with(cordon_host_opts *opts)
{
    cordon_error *err = NULL;
    cordon_host *h = NULL;
    expect_ok(cordon_host_new(opts, &h, &err), err);
    cordon_host_opts_free(opts);
    return h;
}

cordon_host *ground_host(unsigned workers, unsigned sandboxes) { return ground_host_with(ground_opts(workers, sandboxes)); }

cordon_skill *ground_skill(cordon_host *h, const char *fixture, enum cordon_tier tier)
{
    char path[512];
    cordon_error *err = NULL;
    cordon_skill *s = NULL;
    snprintf(path, sizeof path, "%s/tests/fixtures/%s.wat", TEST_SOURCE_ROOT, fixture);
    expect_ok(cordon_skill_load(h, path, tier, &s, &err), err);
    return s;
}

cordon_request *ground_request(cordon_skill *s, const char *export_name, const char *args)
{
    cordon_error *err = NULL;
    cordon_request *r = NULL;
    expect_ok(cordon_request_new(s, export_name, &r, &err), err);
    if (args)
        expect_ok(cordon_request_set_args(r, args, strlen(args), &err), err);
    return r;
}

void ground_limit(cordon_request *r, enum cordon_limit limit, uint64_t value)
{
    cordon_error *err = NULL;
    expect_ok(cordon_request_set_limit(r, limit, value, NULL, &err), err);
}

cordon_outcome *ground_run(cordon_request *r)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    expect_ok(cordon_request_run(r, &o, &err), err);
    ck_assert_ptr_nonnull(o);
    return o;
}

/* ---- endings ---- */

void end_done(void *data, cordon_outcome *o, cordon_error *e)
{
    struct end *end = data;
    end->outcome = o;
    end->err = e;
    end->thread = pthread_self();
    end->at_ms = now_ms();
    atomic_fetch_add(&end->times, 1);
}

void end_finish(struct end *e)
{
    cordon_outcome_free(e->outcome);
    cordon_error_free(e->err);
    memset(e, 0, sizeof *e);
}

void end_start(cordon_request *r, struct end *e, cordon_call **ret)
{
    cordon_error *err = NULL;
    expect_ok(cordon_request_start(r, end_done, e, ret, &err), err);
}

void end_wait(cordon_host *h, struct end *ends, size_t n)
{
    uint64_t until = now_ms() + PATIENCE_MS;
    for (size_t i = 0; i < n; i++) {
        while (!atomic_load(&ends[i].times)) {
            ck_assert_msg(now_ms() < until, "call %zu of %zu has not ended", i, n);
            int ms = cordon_host_timeout_ms(h);
            poll(&(struct pollfd){.fd = cordon_host_fd(h), .events = POLLIN}, 1, ms < 0 || ms > 1000 ? 1000 : ms);
            cordon_host_dispatch(h);
        }
    }
}

enum cordon_outcome_kind end_kind(const struct end *e)
{
    ck_assert_int_eq(atomic_load(&e->times), 1);
    ck_assert_msg(e->outcome && !e->err, "not started: %s", e->err ? cordon_error_message(e->err) : "no error either");
    return cordon_outcome_kind(e->outcome);
}

/* ---- time, and what the process holds ---- */

uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&t, &t) < 0)
        ;
}

static unsigned entries_of(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static unsigned lines_of(const char *path)
{
    unsigned n = 0;
    FILE *f = fopen(path, "re");
    for (int c; f && (c = getc(f)) != EOF;)
        n += c == '\n';
    if (f)
        fclose(f);
    return n;
}

struct holding holding_now(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*u %lu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (struct holding){
        .resident_kib = pages * (size_t)sysconf(_SC_PAGESIZE) / 1024,
        .descriptors = entries_of("/proc/self/fd"),
        .threads = entries_of("/proc/self/task"),
        .mappings = lines_of("/proc/self/maps"),
    };
}

bool is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return false;
#endif
}
