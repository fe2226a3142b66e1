/* SPDX-License-Identifier: Apache-2.0
 *
 * The supervisor: starts the script, keeps its time and memory, and goes when nothing of it is left. It never reads what the script says. Orphans of the script
 * become its children (subreaper), and none of them can leave the group, so killing the group and waiting until there is no child is complete.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/scratch.h"
#include "child/answer.h"
#include "child/child.h"
#include "child/memfile.h"
#include "script/confine.h"
#include "script/meter.h"
#include "script/signals.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum { LOOK_MS = 100 };

struct watch {
    pid_t leader;              /* also the group */
    int told;                  /* signals to us, and of children that ended */
    struct signals signals;
    uint64_t deadline_ns;
    struct meter meter;
    bool stopped;              /* by us, for `end` */
    enum script_end end;
};

/* ---- before ---- */

/* Told of the host's end by a signal, and by the end of the control pipe. Other processes of the user cannot look into it: it holds the script's variables. */
static int tie(cordon_error **err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return err_errno(err, errno, "prepare", "the supervisor");
    for (int fd = 0; fd < SCRIPT_FDS; fd++)
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
            return err_errno(err, errno, "prepare", "the supervisor");
    return child_bound(RLIMIT_CORE, 0, 0, err);
}

static int listen_to_signals(int *ret_fd, cordon_error **err)
{
    sigset_t all;
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, NULL) < 0 || (*ret_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return err_errno(err, errno, "watch", "signals");
    return 0;
}

static int start(const struct script_order *o, const struct confine_paths *p, struct watch *w, cordon_error **err)
{
    cleanup_fd int channel = -1;
    int r = signals_open(&w->signals, &channel, err);
    if (r < 0)
        return r;
    pid_t self = getpid(), pid = fork();
    if (pid < 0)
        return err_errno(err, errno, "start", "the script");
    if (!pid)
        confine_and_run(o, p, self, channel);
    setpgid(pid, pid);   /* whoever comes first; fails if the child has done it and is past exec */
    for (int fd = INPUT_FD; fd <= ERR_FD; fd++)
        close(fd);
    w->leader = w->signals.group = pid;
    meter_start(&w->meter, pid, &o->job.limits);
    return 0;
}

/* ---- while it runs ---- */

static void stop(struct watch *w, enum script_end end)
{
    w->stopped = true;
    w->end = end;
}

/* Orphans that have ended are let go. True: the script itself has ended; it is left as it is, so that its number stays the group's. */
static bool reap_orphans(pid_t leader)
{
    for (;;) {
        siginfo_t si = {0};
        if (waitid(P_PID, (id_t)leader, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid == leader)
            return true;
        si.si_pid = 0;
        if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || !si.si_pid || si.si_pid == leader)
            return si.si_pid == leader;
        waitid(P_PID, (id_t)si.si_pid, &si, WEXITED | WNOHANG);
    }
}

/* False: somebody asks us to end. */
static bool read_signals(int fd)
{
    struct signalfd_siginfo si;
    bool go_on = true;
    while (read(fd, &si, sizeof si) == sizeof si)
        go_on &= si.ssi_signo == SIGCHLD || si.ssi_signo == SIGPIPE || si.ssi_signo == SIGCONT;
    return go_on;
}

static void watch(struct watch *w)
{
    while (!w->stopped && !reap_orphans(w->leader)) {
        enum script_end end;
        struct pollfd fds[3] = {{.fd = w->told, .events = POLLIN}, {.fd = CONTROL_FD, .events = POLLIN}, signals_poll(&w->signals)};
        uint64_t now = clock_now_ns(), left = w->deadline_ns > now ? (w->deadline_ns - now) / 1000000 + 1 : 0;
        if (poll(fds, 3, left < LOOK_MS ? (int)left : LOOK_MS) < 0)
            continue;
        bool asked = (fds[0].revents && !read_signals(w->told)) || fds[1].revents;
        if (fds[2].revents)
            signals_serve(&w->signals);
        if (reap_orphans(w->leader))   /* an answer that is there beats a reason to stop */
            return;
        if (asked)
            stop(w, SCRIPT_CANCELLED);
        else if (clock_now_ns() >= w->deadline_ns)
            stop(w, SCRIPT_DEADLINE);
        else if (!meter_look(&w->meter, &end))
            stop(w, end);
    }
}

/* ---- after ---- */

static uint64_t microseconds(const struct timeval *t) { return (uint64_t)t->tv_sec * 1000000u + (uint64_t)t->tv_usec; }

static void take_status(int status, struct script_report *ret)
{
    ret->end = WIFEXITED(status) ? SCRIPT_EXITED : SCRIPT_SIGNALLED;
    ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

/* Ends what is left of the group, and waits for all of it. A fork cannot slip through: the kernel lets none finish once the signal is there. */
static void end_all(const struct watch *w, struct script_report *ret)
{
    struct rusage used = {0};
    int status;
    kill(-w->leader, SIGKILL);
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;)
        if (pid == w->leader)
            take_status(status, ret);
    getrusage(RUSAGE_CHILDREN, &used);
    ret->cpu_us = microseconds(&used.ru_utime) + microseconds(&used.ru_stime);
    ret->memory_peak_bytes = (uint64_t)used.ru_maxrss << 10;
    if (w->meter.memory_peak > ret->memory_peak_bytes)
        ret->memory_peak_bytes = w->meter.memory_peak;
    if (w->stopped)
        ret->end = w->end;
}

static int run(const struct script_order *o, struct script_report *ret, cordon_error **err)
{
    struct confine_paths paths;
    struct watch w = {.told = -1, .signals = {.channel = -1, .asked = -1}, .deadline_ns = o->job.deadline_ns};
    uint64_t begin = clock_now_ns();
    int r = listen_to_signals(&w.told, err);
    if (r < 0)
        return r;
    if ((r = confine_open(o, &paths, err)) >= 0 && (r = start(o, &paths, &w, err)) >= 0) {
        watch(&w);
        end_all(&w, ret);
        ret->wall_us = (clock_now_ns() - begin) / 1000;
    }
    confine_paths_finish(&paths);
    signals_finish(&w.signals);
    close(w.told);
    return r;
}

static int answer(int r, const struct script_report *report, cordon_error *why)
{
    struct buf body, text;
    uint64_t written = 0;
    if (memfile_size(ANSWER_FD, &written, NULL) < 0 || written)   /* the child could not become the script, and said why */
        return 0;
    if (r < 0)
        return answer_write_error(ANSWER_FD, why, NULL);
    buf_init(&body, sizeof *report);
    buf_init(&text, 0);
    buf_add(&body, report, sizeof *report);
    r = body.full ? -1 : answer_write(ANSWER_FD, &text, &body, NULL);
    buf_finish(&body);
    return r;
}

int script_supervise(int argc, char **argv)
{
    cleanup(script_order_finish) struct script_order o = {0};
    struct script_report report = {0};
    cordon_error *why = NULL;
    if (script_job_read(JOB_FD, &o, NULL) < 0) {
        fprintf(stderr, "%s: Cordon starts this program itself, with a job on descriptor 0\n", argc ? argv[0] : "cordon-supervisor");
        return 2;
    }
    int r = tie(&why);
    if (getppid() != o.job.parent)   /* the host ended before we could ask to be told */
        return 1;
    if (r >= 0)
        r = run(&o, &report, &why);
    scratch_remove(strdup(o.scratch));
    r = answer(r, &report, why);
    cordon_error_free(why);
    return r < 0;
}
