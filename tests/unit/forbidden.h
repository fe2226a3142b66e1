/* SPDX-License-Identifier: Apache-2.0
 * What a locked-in process must not be able to do, tried for real by raw system calls. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct forbidden {
    const char *name;
    long nr, a[4];
};

#define TEXT(s) ((long)(s))

/* Fills `ret` with the names of those that were let through, and returns how many. */
static inline size_t forbidden_let_through(char *ret, size_t size)
{
    static char *const argv[] = {(char *)"/bin/true", NULL};
    static struct rlimit high = {1 << 20, 1 << 20};
    static char page[64];
    pid_t parent = getppid();
    const struct forbidden all[] = {
        {"open", SYS_open, {TEXT("/etc/passwd"), O_RDONLY}},
        {"openat", SYS_openat, {AT_FDCWD, TEXT("/proc/self/mem"), O_RDWR}},
        {"create", SYS_openat, {AT_FDCWD, TEXT("/tmp/cordon-forbidden"), O_CREAT | O_WRONLY, 0600}},
        {"creat", SYS_creat, {TEXT("/tmp/cordon-forbidden"), 0600}},
        {"openat2", SYS_openat2, {AT_FDCWD, TEXT("/"), TEXT(page), 24}},
        {"stat", SYS_stat, {TEXT("/"), TEXT(page)}},
        {"access", SYS_access, {TEXT("/"), 0}},
        {"readlink", SYS_readlink, {TEXT("/proc/self/exe"), TEXT(page), sizeof page}},
        {"mkdir", SYS_mkdir, {TEXT("/tmp/cordon-forbidden"), 0700}},
        {"unlink", SYS_unlink, {TEXT("/tmp/cordon-forbidden")}},
        {"rename", SYS_rename, {TEXT("/tmp/a"), TEXT("/tmp/b")}},
        {"chmod", SYS_chmod, {TEXT("/"), 0755}},
        {"chdir", SYS_chdir, {TEXT("/")}},
        {"socket inet", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
        {"socket unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
        {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, TEXT(page)}},
        {"connect", SYS_connect, {0, TEXT(page), 16}},
        {"execve", SYS_execve, {TEXT("/bin/true"), TEXT(argv), 0}},
        {"execveat", SYS_execveat, {AT_FDCWD, TEXT("/bin/true"), TEXT(argv), 0}},
        {"fork", SYS_fork, {0}},
        {"clone", SYS_clone, {SIGCHLD, 0, 0, 0}},
        {"clone into namespace", SYS_clone, {CLONE_NEWUSER | SIGCHLD, 0, 0, 0}},
        {"clone3", SYS_clone3, {TEXT(page), 0}},
        {"unshare", SYS_unshare, {CLONE_NEWUSER}},
        {"ptrace me", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}},
        {"ptrace parent", SYS_ptrace, {PTRACE_SEIZE, parent, 0, 0}},
        {"kill parent", SYS_kill, {parent, 0}},
        {"kill group", SYS_kill, {0, 0}},
        {"kill all", SYS_kill, {-1, 0}},
        {"tgkill parent", SYS_tgkill, {parent, parent, 0}},
        {"tkill", SYS_tkill, {parent, 0}},
        {"pidfd_open", SYS_pidfd_open, {parent, 0}},
        {"process_vm_readv", SYS_process_vm_readv, {parent, 0, 0, 0}},
        {"prlimit", SYS_prlimit64, {0, RLIMIT_CORE, TEXT(&high), 0}},
        {"prlimit of parent", SYS_prlimit64, {parent, RLIMIT_CORE, 0, TEXT(page)}},
        {"setrlimit", SYS_setrlimit, {RLIMIT_CORE, TEXT(&high)}},
        {"set dumpable", SYS_prctl, {PR_SET_DUMPABLE, 1}},
        {"outlive parent", SYS_prctl, {PR_SET_PDEATHSIG, 0}},
        {"type into terminal", SYS_ioctl, {0, TIOCSTI, TEXT(page)}},
        {"mount", SYS_mount, {0, TEXT("/"), 0, 0}},
        {"setuid", SYS_setuid, {0}},
        {"io_uring", SYS_io_uring_setup, {1, TEXT(page)}},
        {"bpf", SYS_bpf, {0, TEXT(page), 8}},
        {"perf", SYS_perf_event_open, {TEXT(page), 0, -1, -1}},
        {"userfaultfd", SYS_userfaultfd, {1}},
        {"keyctl", SYS_keyctl, {0, -3, 0}},
        {"shmget", SYS_shmget, {0, 4096, 0600}},
        {"msgget", SYS_msgget, {0, 0600}},
        {"inotify", SYS_inotify_init1, {0}},
        {"personality", SYS_personality, {0x0400000}},
        {"seccomp", SYS_seccomp, {0, 0, 0}},
    };
    size_t n = 0;
    *ret = '\0';
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct forbidden *f = &all[i];
        long r = syscall(f->nr, f->a[0], f->a[1], f->a[2], f->a[3]);
        if (!r && (f->nr == SYS_fork || f->nr == SYS_clone))
            _exit(0);
        if (r < 0 && (errno == EPERM || (errno == ENOSYS && f->nr == SYS_clone3)))
            continue;
        n++;
        size_t len = strlen(ret);
        snprintf(ret + len, size - len, "%s%s", len ? ", " : "", f->name);
    }
    return n;
}
