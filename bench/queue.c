/* SPDX-License-Identifier: Apache-2.0
 *
 * An empty job over the queue that asynchronous calls take: to a worker, and back to this thread through a descriptor. What is left of an
 * asynchronous call when the call is taken out of it.
 *
 *     queue ROUNDS
 */
#include "measure.h"
#include "sched/sched.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job {
    struct sched_task task;
    int event_fd;
};

static bool job_poll(struct sched_task *t)
{
    (void)t;
    return true;
}

static void job_stop(struct sched_task *t, enum sched_stop why)
{
    (void)t;
    (void)why;
}

static void job_done(struct sched_task *t)
{
    uint64_t one = 1;
    if (write(((struct job *)t)->event_fd, &one, sizeof one) < 0)
        abort();
    sched_unref(t);
}

static void job_release(struct sched_task *t) { free(t); }

static const struct sched_task_ops ops = {job_poll, job_stop, job_done, job_release};

static void round_trip(struct sched *s, int event_fd, int poll_fd)
{
    struct pollfd ready = {.fd = poll_fd, .events = POLLIN};
    uint64_t count;
    struct job *job = malloc(sizeof *job);
    if (!job)
        abort();
    job->event_fd = event_fd;
    sched_task_init(&job->task, s, &ops, now_ns() + 10000000000);
    sched_submit(&job->task);
    poll(&ready, 1, -1);
    if (read(event_fd, &count, sizeof count) < 0)
        abort();
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return fputs("usage: queue ROUNDS\n", stderr), 2;
    size_t n = count_of(argv[1]), first = n / 10 + 10;
    uint64_t *samples = samples_of(n);
    struct sched *s;
    int event_fd = eventfd(0, EFD_CLOEXEC), poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN};
    if (event_fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, event_fd, &ev) < 0 || sched_new(&(struct sched_opts){.workers = 1}, &s, NULL) < 0)
        return 1;
    for (size_t i = 0; i < n + first; i++) {
        uint64_t start = now_ns();
        round_trip(s, event_fd, poll_fd);
        if (i >= first)
            samples[i - first] = now_ns() - start;
    }
    printf("{\"round_ns\": %.1f}\n", percentile(samples, n, 50));
    sched_free(s);
    close(event_fd);
    close(poll_fd);
    free(samples);
    return 0;
}
