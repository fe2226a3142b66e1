/* SPDX-License-Identifier: Apache-2.0
 *
 * Many calls at once from an event loop of the program's own. The host is one more descriptor in it: when that is readable, cordon_host_dispatch
 * hands over the calls that have ended. Anything else with a descriptor can wait in the same loop; here it is a timer that gives up.
 *
 *     gcc -o epoll epoll.c $(pkg-config --cflags --libs cordon)
 *     ./epoll hello.wasm Ada Grace Katherine
 */
#include <cordon/cordon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { GIVE_UP_S = 5 };

struct job {
    const char *input;
    cordon_call *call;
    size_t *left;
};

static int say(cordon_error *err)
{
    fprintf(stderr, "%s\n", cordon_error_message(err));
    cordon_error_free(err);
    return -1;
}

/* Called by cordon_host_dispatch, so on this program's only thread. */
static void on_done(void *data, cordon_outcome *outcome, cordon_error *err)
{
    struct job *job = data;
    if (outcome) {
        const char *message = cordon_outcome_message(outcome);
        printf("%s: %s\n", job->input, message ? message : cordon_outcome_output(outcome, NULL, NULL));
    } else {
        say(err);
    }
    cordon_outcome_free(outcome);
    cordon_call_unref(job->call);
    job->call = NULL;
    --*job->left;
}

static int start(cordon_skill *skill, struct job *job)
{
    cordon_request *req = NULL;
    cordon_error *err = NULL;
    if (cordon_request_new(skill, NULL, &req, &err) < 0 || cordon_request_set_input(req, job->input, strlen(job->input), &err) < 0 ||
        cordon_request_start(req, on_done, job, &job->call, &err) < 0) {
        cordon_request_free(req);
        return say(err);
    }
    ++*job->left;
    cordon_request_free(req); /* the call goes on */
    return 0;
}

static int watch(int loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static void run(cordon_host *host, struct job *jobs, size_t n, const size_t *left)
{
    int loop = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    timerfd_settime(timer, 0, &(struct itimerspec){.it_value.tv_sec = GIVE_UP_S}, NULL);
    watch(loop, timer);
    watch(loop, cordon_host_fd(host));
    while (*left) {
        struct epoll_event event;
        if (epoll_wait(loop, &event, 1, cordon_host_timeout_ms(host)) == 1 && event.data.fd == timer) {
            epoll_ctl(loop, EPOLL_CTL_DEL, timer, NULL);
            for (size_t i = 0; i < n; i++)
                if (jobs[i].call)
                    cordon_call_cancel(jobs[i].call); /* its completion still comes */
        }
        cordon_host_dispatch(host);
    }
    close(timer);
    close(loop);
}

int main(int argc, char **argv)
{
    cordon_host *host = NULL;
    cordon_skill *skill = NULL;
    cordon_error *err = NULL;
    size_t n = argc > 2 ? (size_t)argc - 2 : 0, left = 0;
    struct job *jobs = calloc(n ? n : 1, sizeof *jobs);

    if (!n || !jobs) {
        fprintf(stderr, "usage: epoll SKILL INPUT...\n");
        return 2;
    }
    if (cordon_host_new(NULL, &host, &err) < 0 || cordon_skill_load(host, argv[1], CORDON_TIER_UNTRUSTED, &skill, &err) < 0)
        say(err);
    for (size_t i = 0; skill && i < n; i++) {
        jobs[i] = (struct job){.input = argv[i + 2], .left = &left};
        start(skill, &jobs[i]);
    }
    if (skill)
        run(host, jobs, n, &left);
    cordon_skill_free(skill);
    cordon_host_free(host);
    free(jobs);
    return skill ? 0 : 1;
}
