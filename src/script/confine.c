/* SPDX-License-Identifier: Apache-2.0 */
#include "script/confine.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "child/answer.h"
#include "child/child.h"
#include "script/procs.h"
#include "script/signals.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { KEPT_FD = 3, STACK_BYTES = 8 << 20 };
#define ADDRESS_SPARE (UINT64_C(1) << 30)   /* address space beside the data: programs, libraries, what allocators reserve and do not use */

static int failed(const char *verb, const char *what, cordon_error **err) { return err_errno(err, errno, verb, what); }

/* Where that is possible: some containers have no /proc to write to. */
static void offer_to_oom_killer(void)
{
    prctl(PR_SET_DUMPABLE, 1);   /* or the file is not ours to open */
    cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "1000", 4) < 0)
        return;
}

/* A group of its own in the supervisor's session; gone if the supervisor is. If memory runs out, the kernel takes it first. */
static int tie(pid_t supervisor, cordon_error **err)
{
    sigset_t none;
    sigemptyset(&none);
    if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return failed("prepare", "the script's process", err);
    if (getppid() != supervisor)
        _exit(1);
    offer_to_oom_killer();
    return 0;
}

/* Its descriptors are its input, its output and stderr. The answer stays until exec; *answer is where it is. */
static int arrange(int *answer, cordon_error **err)
{
    int high = fcntl(ANSWER_FD, F_DUPFD_CLOEXEC, SCRIPT_FDS);
    if (high < 0)
        return failed("keep", "a descriptor", err);
    *answer = high;
    if (dup2(INPUT_FD, 0) < 0 || dup2(OUT_FD, 1) < 0 || dup2(ERR_FD, 2) < 0 || dup3(high, KEPT_FD, O_CLOEXEC) < 0)
        return failed("arrange", "the script's descriptors", err);
    *answer = KEPT_FD;
    return 0;
}

/* As root too: what is left of root are its files. */
static int drop_capabilities(cordon_error **err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    for (unsigned long cap = 0; cap < 64; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);   /* only with CAP_SETPCAP; who has none has nothing to drop */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed("give up", "privileges", err);
    return 0;
}

static int bound_early(const struct script_limits *l, cordon_error **err)
{
    uint64_t tasks = procs_of_user(getuid()) + l->processes;
    int r = child_bound(RLIMIT_CORE, 0, 0, err);
    if (r < 0 || (r = child_bound(RLIMIT_CPU, l->cpu_s, l->cpu_s + 1u, err)) < 0 || (r = child_bound(RLIMIT_NOFILE, l->files, l->files, err)) < 0 ||
        (r = child_bound(RLIMIT_FSIZE, l->file_bytes, l->file_bytes, err)) < 0 || (r = child_bound(RLIMIT_MEMLOCK, 0, 0, err)) < 0 ||
        (r = child_bound(RLIMIT_MSGQUEUE, 0, 0, err)) < 0 || (r = child_bound(RLIMIT_STACK, STACK_BYTES, STACK_BYTES, err)) < 0)
        return r;
    return child_bound(RLIMIT_NPROC, tasks, tasks, err);
}

/* Last, for until exec this is still the supervisor's memory. */
static int bound_late(const struct script_limits *l, cordon_error **err)
{
    int r = child_bound(RLIMIT_DATA, l->memory_bytes, l->memory_bytes, err);
    uint64_t space = l->address_bytes ? l->address_bytes : l->memory_bytes + ADDRESS_SPARE;
    return r < 0 ? r : child_bound(RLIMIT_AS, space, space, err);
}

static int confine(const struct script_order *o, const struct confine_paths *p, pid_t supervisor, int channel, int *answer, cordon_error **err)
{
    int r;
    if ((r = tie(supervisor, err)) < 0 || (r = arrange(answer, err)) < 0 || (r = bound_early(&o->job.limits, err)) < 0)
        return r;
    umask(077);
    if (fchdir(p->folder) < 0)
        return failed("enter", o->place[0], err);
    const struct landlock_rules rules = {.paths = p->item, .n_paths = p->n};
    if ((r = drop_capabilities(err)) < 0 || (r = landlock_enter(o->job.landlock_abi, &rules, err)) < 0 || (r = signals_ask(channel, err)) < 0)
        return r;
    if (close_range(KEPT_FD + 1, ~0u, 0) < 0)
        return failed("close", "descriptors", err);
    if ((r = script_filter(o->job.unpacks, err)) < 0)
        return r;
    return bound_late(&o->job.limits, err);
}

void confine_and_run(const struct script_order *o, const struct confine_paths *p, pid_t supervisor, int channel)
{
    cordon_error *why = NULL;
    int answer = ANSWER_FD;
    if (confine(o, p, supervisor, channel, &answer, &why) >= 0) {
        execve(o->words[0], (char **)o->words, (char **)o->env);
        err_errno(&why, errno, "start", o->words[0]);
    }
    if (why)
        answer_write_error(answer, why, NULL);
    _exit(1);
}
