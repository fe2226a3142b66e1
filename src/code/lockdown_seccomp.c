/* SPDX-License-Identifier: Apache-2.0
 *
 * The system calls that are left.
 */
#include "base/error.h"
#include "child/filter.h"
#include "lockdown_parts.h"
#include <asm/termbits.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGEMAP_SCAN 0xc0606610u   /* how Wasmtime finds the pages a guest has touched (linux/fs.h from 6.7) */

/* Memory, threads, signals to itself, clocks, descriptors that are open. Names nothing outside the process. */
static const int common_calls[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(close),
    SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(ftruncate), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
    SCMP_SYS(mincore), SCMP_SYS(membarrier), SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(exit), SCMP_SYS(exit_group),
    SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time),
};

/* What libuv and tokio need to wait, and how a finished command tells of itself and ends. */
static const int run_calls[] = {
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime),
    SCMP_SYS(signalfd4), SCMP_SYS(pipe2), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(memfd_create),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigsuspend), SCMP_SYS(getppid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrusage), SCMP_SYS(times), SCMP_SYS(uname),
};

/* For granted folders: which those are is Landlock's to say. openat beside openat2 for kernels and filters without it. */
static const int read_calls[] = {
    SCMP_SYS(openat2), SCMP_SYS(openat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(getdents64),
};
static const int write_calls[] = {
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlinkat),
    SCMP_SYS(mkdirat),
};

/* For a database that is open: its locks, and that what it wrote stays. */
static const int keep_calls[] = {SCMP_SYS(fsync), SCMP_SYS(fdatasync)};
static const unsigned keep_fcntls[] = {F_SETLK, F_GETLK};

/* For the gateway. Which ports it may connect to is Landlock's to say; bind is how it asks whether an address is this machine's. */
static const int net_calls[] = {
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(sendto),
    SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(shutdown),
};
static const unsigned net_families[] = {AF_INET, AF_INET6}, net_types[] = {SOCK_STREAM, SOCK_DGRAM};

/* No TIOCSTI: what is typed at a terminal must not come from here. */
static const unsigned run_ioctls[] = {FIONBIO, FIONREAD, FIOCLEX, TCGETS, TIOCGWINSZ, PAGEMAP_SCAN};
static const unsigned run_fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC, F_ADD_SEALS, F_GET_SEALS};

/* Threads of this process only. */
#define CLONE_OWN (CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)

/* abort and raise; a command that dies of the signal it got. */
static int allow_own_signals(scmp_filter_ctx f)
{
    uint32_t self = (uint32_t)getpid();
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, self));
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, self));
}

/* Names of threads; reading (not setting) limits of its own, which thread start does. */
static int allow_introspection(scmp_filter_ctx f)
{
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, PR_SET_NAME));
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, 0), SCMP_A2(SCMP_CMP_EQ, 0));
}

/* `executable`: the helper builds code to look at it; a process that runs guests makes none any more. */
static int allow_memory(scmp_filter_ctx f, bool executable)
{
    uint64_t refused = executable ? 0 : PROT_EXEC;
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, refused, 0));
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, refused, 0));
}

static int allow_files(scmp_filter_ctx f, unsigned needs)
{
    int r = needs & (LOCKDOWN_READS | LOCKDOWN_WRITES) ? filter_allow(f, read_calls, FILTER_COUNT(read_calls)) : 0;
    return r || !(needs & LOCKDOWN_WRITES) ? r : filter_allow(f, write_calls, FILTER_COUNT(write_calls));
}

static int allow_net(scmp_filter_ctx f, unsigned needs)
{
    enum { TYPE_MASK = 15 };
    int r = needs & LOCKDOWN_NET ? filter_allow(f, net_calls, FILTER_COUNT(net_calls)) : 0;
    for (size_t i = 0; needs & LOCKDOWN_NET && !r && i < 4; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, net_families[i / 2]),
                             SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_MASK, net_types[i % 2]));
    return r;
}

static int allow_keeping(scmp_filter_ctx f, unsigned needs)
{
    int r = needs & LOCKDOWN_KEEPS ? filter_allow(f, keep_calls, FILTER_COUNT(keep_calls)) : 0;
    return r || !(needs & LOCKDOWN_KEEPS) ? r : filter_allow_values(f, SCMP_SYS(fcntl), 1, keep_fcntls, FILTER_COUNT(keep_fcntls));
}

static int allow_run(scmp_filter_ctx f, unsigned needs)
{
    int r = filter_allow(f, run_calls, FILTER_COUNT(run_calls));
    if (!r)
        r = allow_files(f, needs);
    if (!r)
        r = allow_net(f, needs);
    if (!r)
        r = allow_keeping(f, needs);
    if (!r)
        r = filter_allow_values(f, SCMP_SYS(ioctl), 1, run_ioctls, FILTER_COUNT(run_ioctls));
    return r ? r : filter_allow_values(f, SCMP_SYS(fcntl), 1, run_fcntls, FILTER_COUNT(run_fcntls));
}

static int fill(scmp_filter_ctx f, enum lockdown_kind kind, unsigned needs)
{
    int r = filter_allow(f, common_calls, FILTER_COUNT(common_calls));
    if (r || (r = filter_allow_clone(f, CLONE_OWN)) || (r = allow_own_signals(f)) || (r = allow_introspection(f)) ||
        (r = allow_memory(f, kind == LOCKDOWN_HELPER)))
        return r;
    return kind == LOCKDOWN_RUN ? allow_run(f, needs) : 0;
}

int lockdown_seccomp(enum lockdown_kind kind, unsigned needs, cordon_error **err)
{
    if (!filter_available())
        return 0;
    cleanup_filter scmp_filter_ctx f = filter_new();
    return f ? filter_load(f, fill(f, kind, needs), err) : err_nomem(err);
}
