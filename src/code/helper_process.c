/* SPDX-License-Identifier: Apache-2.0 */
#include "helper_process.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "child/child.h"
#include <errno.h>
#include <poll.h>
#include <string.h>

static const struct child_program program = {
    .what = "the helper", .name = "cordon-helper", .installed = CORDON_HELPER_PATH, .word = "--helper"};

int helper_find(const char *given, char **ret, cordon_error **err) { return child_find(&program, given, ret, err); }

/* Keeps the end of what was said. Returns false at the end of the pipe. */
static bool drain(int fd, struct helper_end *end)
{
    char chunk[1024];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        size_t len = (size_t)n, over = end->said_len + len > sizeof end->said ? end->said_len + len - sizeof end->said : 0;
        memmove(end->said, end->said + over, end->said_len - over);
        end->said_len -= over;
        memcpy(end->said + end->said_len, chunk, len);
        end->said_len += len;
    }
}

static bool reap(const struct child *c, struct helper_end *end)
{
    siginfo_t si;
    struct rusage used;
    if (!child_wait(c, 0, &si, &used))
        return false;
    end->code = si.si_code;
    end->status = si.si_status;
    end->cpu_us = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000u + (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    return true;
}

/* Returns when the process has ended. It cannot have children of its own (lockdown_helper), so one signal ends all there is. */
static void watch(const struct child *c, int said_fd, unsigned wall_s, struct helper_end *end)
{
    uint64_t deadline = clock_now_ns() + wall_s * UINT64_C(1000000000);
    struct pollfd fds[2] = {{.fd = c->pidfd, .events = POLLIN}, {.fd = said_fd, .events = POLLIN}};
    while (!fds[0].revents) {
        uint64_t now = clock_now_ns();
        if (now >= deadline && !end->timed_out) {
            end->timed_out = true;
            child_kill(c);
        }
        int ms = end->timed_out ? -1 : (int)((deadline - now) / 1000000u) + 1;
        if (poll(fds, 2, ms) < 0)
            fds[0].revents = fds[1].revents = 0;
        if (fds[1].revents && !drain(said_fd, end))
            fds[1].fd = -1;
    }
    drain(said_fd, end);
}

int helper_process_run(const char *path, int job_fd, int answer_fd, unsigned wall_s, struct helper_end *ret, cordon_error **err)
{
    cleanup_fd int said_read = -1, said_write = -1;
    struct child c;
    int r = child_pipe(&said_read, &said_write, err);
    if (r < 0)
        return r;
    memset(ret, 0, sizeof *ret);
    if ((r = child_start(&program, path, (int[]){job_fd, answer_fd, said_write}, 3, &c, err)) < 0)
        return r;
    close(take_fd(said_write));
    if (c.pidfd < 0) {
        drain(said_read, ret);
        return 0;
    }
    watch(&c, said_read, wall_s, ret);
    ret->known = reap(&c, ret);
    close(c.pidfd);
    return 0;
}
