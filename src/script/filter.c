/* SPDX-License-Identifier: Apache-2.0
 *
 * The system calls that a script may make. The list is long, for bash, Python and the programs they start are to work; what it keeps out is what Landlock
 * does not look at in older kernels, or in any:
 *
 * - other processes: ptrace, leaving the group or the session, signals by way of F_SETOWN
 * - files by anything but their content: modes, owners, times, extended attributes; truncating what may only be read; setuid bits on what is made
 * - the network, and every kind of socket but a pair of its own
 * - new namespaces, mounts, io_uring, bpf, keys, memory that counts nowhere (memfd, System V)
 */
#include "base/error.h"
#include "child/filter.h"
#include "script/confine.h"
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const int calls[] = {
    /* descriptors */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev),
    SCMP_SYS(preadv2), SCMP_SYS(pwritev2), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(lseek), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range),
    SCMP_SYS(flock), SCMP_SYS(fadvise64), SCMP_SYS(sendfile), SCMP_SYS(splice), SCMP_SYS(tee), SCMP_SYS(copy_file_range),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd), SCMP_SYS(eventfd2), SCMP_SYS(signalfd), SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime),
    /* names: Landlock decides what is read and written */
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(chdir), SCMP_SYS(fchdir),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(rmdir), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(umask),
    /* memory */
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(msync), SCMP_SYS(mincore), SCMP_SYS(brk),
    SCMP_SYS(membarrier),
    /* processes and threads of its own */
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(wait4), SCMP_SYS(waitid),
    SCMP_SYS(futex), SCMP_SYS(set_tid_address), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(arch_prctl), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_get_priority_max),
    SCMP_SYS(sched_get_priority_min), SCMP_SYS(getcpu), SCMP_SYS(getpriority), SCMP_SYS(getrlimit), SCMP_SYS(setrlimit), SCMP_SYS(getrusage),
    SCMP_SYS(times),
    /* signals, clocks; kill and tgkill are the supervisor's to allow (signals.h) */
    SCMP_SYS(kill), SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(pause), SCMP_SYS(alarm), SCMP_SYS(getitimer),
    SCMP_SYS(setitimer), SCMP_SYS(timer_create), SCMP_SYS(timer_settime), SCMP_SYS(timer_gettime), SCMP_SYS(timer_getoverrun), SCMP_SYS(timer_delete),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    /* who and where */
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getpgid), SCMP_SYS(getpgrp), SCMP_SYS(getsid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(getgroups), SCMP_SYS(uname), SCMP_SYS(sysinfo),
    SCMP_SYS(getrandom),
};

/* Nothing that types at a terminal or sets flags of a file. */
static const unsigned ioctls[] = {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ, TIOCGPGRP, FICLONE, FICLONERANGE};
/* No F_SETOWN and F_SETSIG, which send signals to any process of the user; no leases, which keep others from opening a file; no notes about folders. */
static const unsigned fcntls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK,
                                  F_OFD_SETLKW, F_GETPIPE_SZ};
static const unsigned prctls[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ};

#define SET_ID (S_ISUID | S_ISGID)
/* The low bits `mask` of argument `n` are `value`. */
#define BITS(n, mask, value) SCMP_CMP(n, SCMP_CMP_MASKED_EQ, mask, value)

/* Truncating by open needs no right to write in Landlock before ABI 3, so it takes an open for writing here. And nothing made gets to be setuid. */
static int allow_open(scmp_filter_ctx f, int call, unsigned flags, unsigned mode)
{
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 2, BITS(flags, O_ACCMODE | O_TRUNC, O_RDONLY), BITS(mode, SET_ID, 0));
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 2, BITS(flags, O_ACCMODE, O_WRONLY), BITS(mode, SET_ID, 0));
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 2, BITS(flags, O_ACCMODE, O_RDWR), BITS(mode, SET_ID, 0));
}

static int allow_making(scmp_filter_ctx f)
{
    int r = allow_open(f, SCMP_SYS(open), 1, 2);
    if (r || (r = allow_open(f, SCMP_SYS(openat), 2, 3)) || (r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(creat), 1, BITS(1, SET_ID, 0))) ||
        (r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mkdir), 1, BITS(1, SET_ID, 0))) ||
        (r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mkdirat), 1, BITS(2, SET_ID, 0))) ||
        (r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mknod), 1, BITS(1, S_IFMT | SET_ID, S_IFIFO))))
        return r;
    r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mknodat), 1, BITS(2, S_IFMT | SET_ID, S_IFIFO));
    /* Its flags cannot be seen from here; programs go on with openat. */
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
}

/* `touch` of a new file: the time of an open file is to be now. It is told yes and nothing is done, for a file that may only be read would be touched too. */
static int answer_touch(scmp_filter_ctx f)
{
    return seccomp_rule_add(f, SCMP_ACT_ERRNO(0), SCMP_SYS(utimensat), 2, SCMP_A1(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
}

/* Unpackers and copiers set mode and time of each file that they write, and give up where they cannot. Told yes, as above, but for a setuid bit. */
static int answer_unpacking(scmp_filter_ctx f)
{
    int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(0), SCMP_SYS(utimensat), 1, SCMP_A1(SCMP_CMP_EQ, 0));
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ERRNO(0), SCMP_SYS(fchmod), 1, BITS(1, SET_ID, 0));
}

/* The pair that event loops wake themselves with, and that Rust's library hears of a new process through. Streams and sequences of packets know no other peer than their own, and there is
 * no call here to give them another; sendmsg could hold an address, so it is left out. */
static int allow_pair(scmp_filter_ctx f)
{
    static const int plain[] = {SCMP_SYS(recvfrom), SCMP_SYS(shutdown)};
    static const unsigned types[] = {SOCK_STREAM, SOCK_SEQPACKET};
    int r = filter_allow(f, plain, FILTER_COUNT(plain));
    for (size_t i = 0; i < FILTER_COUNT(types) && !r; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 2, BITS(0, UINT32_MAX, AF_UNIX),
                             BITS(1, UINT32_MAX & ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK), types[i]));
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, SCMP_A4(SCMP_CMP_EQ, 0));
}

static int fill(scmp_filter_ctx f, bool unpacks)
{
    static const unsigned self[] = {0};
    int r = filter_allow(f, calls, FILTER_COUNT(calls));
    if (r || (r = filter_allow_clone(f, 0)) || (r = allow_making(f)) || (r = unpacks ? answer_unpacking(f) : answer_touch(f)) || (r = allow_pair(f)) ||
        (r = filter_allow_values(f, SCMP_SYS(ioctl), 1, ioctls, FILTER_COUNT(ioctls))) ||
        (r = filter_allow_values(f, SCMP_SYS(fcntl), 1, fcntls, FILTER_COUNT(fcntls))) ||
        (r = filter_allow_values(f, SCMP_SYS(prctl), 0, prctls, FILTER_COUNT(prctls))))
        return r;
    return filter_allow_values(f, SCMP_SYS(prlimit64), 0, self, FILTER_COUNT(self));
}

int script_filter(bool unpacks, cordon_error **err)
{
    if (!filter_available())
        return err_set(err, CORDON_E_KERNEL, NULL, "this kernel has no seccomp filters: a local script would not be contained");
    cleanup_filter scmp_filter_ctx f = filter_new();
    int r = f ? filter_load(f, fill(f, unpacks), err) : err_nomem(err);
    return r < 0 ? r : 0;
}
