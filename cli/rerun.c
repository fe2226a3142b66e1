/* SPDX-License-Identifier: Apache-2.0 */
#include "rerun.h"

#include "cleanup.h"
#include "report.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

enum { PATIENCE_MS = 5000 };   /* for a child that was told to end */

/* ---- signals ---- */

static bool is_ignored(int sig)
{
    struct sigaction present;
    return sigaction(sig, NULL, &present) == 0 && present.sa_handler == SIG_IGN;   /* nohup, background jobs */
}

int rerun_begin(const struct cli *cli, struct rerun *r, cordon_error **err)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    *r = (struct rerun){.cli = cli, .signals = -1};
    signal(SIGCHLD, SIG_DFL);   /* ignored, children would leave no status */
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (!is_ignored(ends[i]))
            sigaddset(&set, ends[i]);
    sigprocmask(SIG_BLOCK, &set, &r->before);
    r->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (r->signals < 0)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, "signals", NULL, "cannot watch for signals: %s", strerror(errno));
    return watch_new(&r->watch, err);
}

void rerun_finish(struct rerun *r)
{
    watch_free(r->watch);
    r->watch = NULL;
    if (r->signals >= 0) {
        close(r->signals);
        r->signals = -1;
        sigprocmask(SIG_SETMASK, &r->before, NULL);
    }
}

void rerun_reraise(const struct rerun *r)
{
    if (!r->caught)
        return;
    signal(r->caught, SIG_DFL);
    raise(r->caught);
}

/* A signal of the terminal has reached the child too; another has not. A second one does not wait. */
static void on_signal(struct rerun *r, const struct signalfd_siginfo *s, pid_t child)
{
    bool again = r->caught != 0;
    r->caught = (int)s->ssi_signo;
    if (child > 0 && again)
        kill(child, SIGKILL);
    else if (child > 0 && s->ssi_code != SI_KERNEL)
        kill(child, r->caught);
}

static void read_signals(struct rerun *r, pid_t child)
{
    struct signalfd_siginfo s;
    while (read(r->signals, &s, sizeof s) == (ssize_t)sizeof s)
        if (s.ssi_signo != SIGCHLD)
            on_signal(r, &s, child);
}

/* ---- words ---- */

void rerun_say(const struct rerun *r, const char *fmt, ...)
{
    if (r->cli->quiet)
        return;
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    fprintf(stderr, "cordon %s: ", r->cli->command->name);
    print_guest(stderr, line, sizeof line);
    fputc('\n', stderr);
}

void rerun_status_words(int status, char *ret, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(ret, size, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(ret, size, "ended with %d", WEXITSTATUS(status));
}

/* ---- children ---- */

/* Forked before this process has any thread; what it holds is the child's too, and so is nothing that the child must not have. */
static pid_t start(struct rerun *r, int (*body)(void *data), void *data)
{
    pid_t parent = getpid();
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_IO);
    rerun_finish(r);
    exit(body(data));
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool has_ended(pid_t child, int *status)
{
    return waitpid(child, status, WNOHANG) == child;
}

/* Until it has ended. What it does not do when told, it is made to. */
static void end_child(struct rerun *r, pid_t child, int *status)
{
    long end = now_ms() + PATIENCE_MS;
    kill(child, SIGTERM);
    for (long left; !has_ended(child, status);) {
        struct pollfd p = {r->signals, POLLIN, 0};
        if ((left = end - now_ms()) <= 0) {
            kill(child, SIGKILL);
            left = -1;
            end = now_ms() + PATIENCE_MS;
        }
        if (poll(&p, 1, left < 0 ? PATIENCE_MS : (int)left) > 0)
            read_signals(r, child);
    }
}

/* 1: changed, and settled. */
static int look(struct rerun *r, cordon_error **err)
{
    int rc = watch_read(r->watch, r->changed, err);
    if (rc <= 0)
        return rc;
    rc = watch_settle(r->watch, r->changed, err);
    return rc < 0 ? rc : 1;
}

enum rerun_end rerun_child(struct rerun *r, int (*body)(void *data), void *data, bool restart, int *ret_status, cordon_error **err)
{
    pid_t child = start(r, body, data);
    if (child < 0) {
        cordon_error_set(err, CORDON_E_NO_RESOURCES, "fork", NULL, "cannot start a process: %s", strerror(errno));
        return RERUN_STOPPED;
    }
    while (!has_ended(child, ret_status)) {
        struct pollfd p[] = {{r->signals, POLLIN, 0}, {restart ? watch_fd(r->watch) : -1, POLLIN, 0}};
        poll(p, 2, -1);
        read_signals(r, child);
        int rc = p[1].revents && !r->caught ? look(r, err) : 0;
        if (rc == 0)
            continue;
        end_child(r, child, ret_status);
        return rc < 0 || r->caught ? RERUN_STOPPED : RERUN_CHANGED;
    }
    read_signals(r, -1);
    return r->caught ? RERUN_STOPPED : RERUN_ENDED;
}

enum rerun_end rerun_wait(struct rerun *r, cordon_error **err)
{
    for (;;) {
        struct pollfd p[] = {{r->signals, POLLIN, 0}, {watch_fd(r->watch), POLLIN, 0}};
        poll(p, 2, -1);
        read_signals(r, -1);
        if (r->caught)
            return RERUN_STOPPED;
        int rc = p[1].revents ? look(r, err) : 0;
        if (rc != 0)
            return rc < 0 ? RERUN_STOPPED : RERUN_CHANGED;
    }
}
