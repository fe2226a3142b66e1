/* SPDX-License-Identifier: Apache-2.0
 * A thousand sandboxes of one process, each in the middle of a fetch from a server that does not answer. */
#include "ground.h"

#include "../unit/net_server.h"

#include <sys/resource.h>

enum { FEW = 10, MANY = 1000, SANDBOXES = 1200 /* a lone skill may hold seven eighths */, WORKERS = 2, DESCRIPTORS = 8192 };

static const struct route routes[] = {{.path = "/silent"}, {.path = "/hello", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, {0}};
static struct server *server;
static struct end ends[MANY];
static cordon_call *calls[MANY];

static bool can_hold(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur == DESCRIPTORS;
}

static cordon_request *request(cordon_skill *skill, const char *path)
{
    char url[64], args[80], grant[64];
    cordon_error *err = NULL;
    snprintf(url, sizeof url, "http://localhost:%u%s", server->port, path);
    snprintf(args, sizeof args, "[\"%s\"]", url);
    snprintf(grant, sizeof grant, "net=localhost:%u", server->port);
    cordon_request *r = ground_request(skill, "execute", args);
    expect_ok(cordon_request_allow(r, grant, &err), err);
    return r;
}

/* Threads while `n` calls are in the middle of a fetch at once. */
static unsigned threads_with(cordon_host *host, cordon_skill *skill, int n)
{
    cordon_request *r = request(skill, "/silent");
    int before = server->requests;
    for (int i = 0; i < n; i++)
        end_start(r, &ends[i], &calls[i]);
    for (uint64_t until = now_ms() + 60000; server->requests < before + n;) {
        ck_assert_msg(now_ms() < until, "%d of %d fetches have reached the server", server->requests - before, n);
        sleep_ms(5);
    }
    unsigned threads = holding_now().threads;
    for (int i = 0; i < n; i++)
        cordon_call_cancel(calls[i]);
    end_wait(host, ends, (size_t)n);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(end_kind(&ends[i]), CORDON_OUTCOME_CANCELLED);
        cordon_call_unref(calls[i]);
        end_finish(&ends[i]);
        ends[i] = (struct end){0};
    }
    cordon_request_free(r);
    return threads;
}

START_TEST(a_thousand_fetches_take_no_more_threads_than_ten)
{
    if (!can_hold()) {
        puts("SKIPPED: a thousand fetches need 8,192 descriptors");
        return;
    }
    cordon_error *err = NULL;
    server = server_start("127.0.0.1", 0, routes);
    unsigned own = holding_now().threads;
    cordon_host *host = ground_host(WORKERS, SANDBOXES);
    cordon_skill *skill = ground_skill(host, "fetch", CORDON_TIER_UNTRUSTED);
    unsigned few = threads_with(host, skill, FEW), many = threads_with(host, skill, MANY);
    ck_assert_uint_le(many, few);
    ck_assert_uint_le(many - own, WORKERS + 8);
    cordon_request *r = request(skill, "/hello");
    cordon_outcome *o = ground_run(r);
    expect_kind(o, CORDON_OUTCOME_OK);
    expect_output(o, "hello");
    cordon_outcome_free(o);
    cordon_request_free(r);
    expect_ok(cordon_host_quiesce(host, &err), err);
    cordon_skill_free(skill);
    cordon_host_free(host);
    server_stop(server);
    ck_assert_uint_eq(holding_now().threads, own - 1);
}
END_TEST

Suite *suite_net(void);
Suite *suite_net(void)
{
    Suite *s = suite_create("net");
    TCase *t = ground_case(s, "net", 180);
    tcase_add_test(t, a_thousand_fetches_take_no_more_threads_than_ten);
    return s;
}
