/* SPDX-License-Identifier: Apache-2.0
 * Files of granted folders from many calls at once: each its own answer, no thread each, and nothing left behind by those that end before their files do. */
#include "ground.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned worker_counts[] = {0, 1, 2};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts, CALLS = 300, IO_THREADS = 4, OTHER_THREADS = 2 /* the ticker, WASI's timers */ };

static cordon_host *host;
static cordon_skill *skill, *program;
static char folder[64], grant[128];

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void get(const char *name, char *ret, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    ret[fread(ret, 1, size - 1, f)] = '\0';
    fclose(f);
}

static void open_host(unsigned workers)
{
    strcpy(folder, "/tmp/cordon-api-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(grant, sizeof grant, "rw=%s::/data", folder);
    put("a.txt", "what is in the file");
    host = ground_host(workers, 64);
    skill = ground_skill(host, "read-write", CORDON_TIER_UNTRUSTED);
    program = ground_skill(host, "wasi-cat", CORDON_TIER_UNTRUSTED);
}

static void close_host(void)
{
    struct cordon_host_stats st;
    cordon_error *err = NULL;
    char command[128];
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    ck_assert_uint_eq(st.calls_started, st.calls_ended);
    cordon_skill_free(skill);
    cordon_skill_free(program);
    cordon_host_free(host);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static cordon_request *allowed(cordon_request *r)
{
    cordon_error *err = NULL;
    expect_ok(cordon_request_allow(r, grant, &err), err);
    ground_limit(r, CORDON_LIMIT_WALL_MS, 60000);
    return r;
}

START_TEST(many_calls_read_at_once_on_a_few_threads)
{
    static struct end ends[CALLS];
    memset(ends, 0, sizeof ends);
    unsigned before = holding_now().threads;
    open_host(worker_counts[_i]);
    cordon_request *requests[] = {allowed(ground_request(skill, NULL, "[\"/data/a.txt\"]")), allowed(ground_request(program, NULL, NULL))};
    for (int i = 0; i < CALLS; i++)
        end_start(requests[i % 2], &ends[i], NULL);
    ck_assert_uint_le(holding_now().threads, before + worker_counts[_i] + IO_THREADS + OTHER_THREADS);
    end_wait(host, ends, CALLS);
    ck_assert_uint_le(holding_now().threads, before + worker_counts[_i] + IO_THREADS + OTHER_THREADS);
    for (int i = 0; i < CALLS; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_OK);
        expect_output(ends[i].outcome, "what is in the file");
        end_finish(&ends[i]);
    }
    cordon_request_free(requests[0]);
    cordon_request_free(requests[1]);
    close_host();
}
END_TEST

START_TEST(calls_that_end_in_the_middle_leave_files_whole_and_nothing_behind)
{
    static const char *const args[] = {"[\"/data/b\", \"first\"]", "[\"/data/b\", \"second\"]"};
    static struct end ends[CALLS];
    static cordon_call *calls[CALLS];
    memset(ends, 0, sizeof ends);
    open_host(worker_counts[_i]);
    put("b", "first");
    cordon_request *requests[] = {
        allowed(ground_request(skill, "write", args[0])), allowed(ground_request(skill, "write", args[1])), allowed(ground_request(skill, NULL, "[\"/data/a.txt\"]")),
        allowed(ground_request(program, NULL, NULL)),
    };
    for (int i = 0; i < CALLS; i++)
        end_start(requests[i % 4], &ends[i], &calls[i]);
    for (int i = 0; i < CALLS; i++) {
        if (i % 8 == 0)
            cordon_host_dispatch(host);
        if (i % 16 == 0)
            usleep((useconds_t)(rand() % 2000));
        cordon_call_cancel(calls[i]);
    }
    end_wait(host, ends, CALLS);
    for (int i = 0; i < CALLS; i++) {
        enum cordon_outcome_kind kind = end_kind(&ends[i]);
        ck_assert(kind == CORDON_OUTCOME_OK || kind == CORDON_OUTCOME_CANCELLED);
        cordon_call_unref(calls[i]);
        end_finish(&ends[i]);
    }
    for (int i = 0; i < 4; i++)
        cordon_request_free(requests[i]);
    char text[64];
    get("b", text, sizeof text);
    ck_assert(!strcmp(text, "first") || !strcmp(text, "second"));
    close_host();
}
END_TEST

START_TEST(descriptors_and_threads_go_with_the_host)
{
    struct holding before = {0};
    for (int i = 0; i < 6; i++) {
        if (i == 1)
            before = holding_now(); /* what a process makes once has been made */
        open_host(1);
        cordon_request *r = allowed(ground_request(program, NULL, NULL));
        for (int k = 0; k < 20; k++)
            cordon_outcome_free(ground_run(r));
        cordon_request_free(r);
        close_host();
    }
    struct holding after = holding_now();
    ck_assert_uint_le(after.descriptors, before.descriptors);
    ck_assert_uint_le(after.threads, before.threads);
}
END_TEST

Suite *suite_files(void);
Suite *suite_files(void)
{
    Suite *s = suite_create("files");
    TCase *c = ground_case(s, "files", 120);
    tcase_add_loop_test(c, many_calls_read_at_once_on_a_few_threads, 0, COUNTS);
    tcase_add_loop_test(c, calls_that_end_in_the_middle_leave_files_whole_and_nothing_behind, 0, COUNTS);
    tcase_add_test(c, descriptors_and_threads_go_with_the_host);
    return s;
}
