/* SPDX-License-Identifier: Apache-2.0
 *
 * What a local script must not be able to do, tried for real from within one. `script_attack OUTSIDE READABLE WRITABLE HOST`: a folder that is not granted, one that may be read and
 * one that may be written (each holds `file`); the process that runs Cordon. Prints the names of what was let through. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT(s) ((long)(s))

static int through;

/* Refused is EPERM or EACCES; EXDEV is Landlock's word for a link or a move between folders. */
static void tried(const char *name, bool done)
{
    if (!done && (errno == EPERM || errno == EACCES || errno == EXDEV))
        return;
    printf("%s%s", through++ ? ", " : "", name);
    if (!done)
        printf(" (%s)", strerrorname_np(errno));
}

static void call(const char *name, long nr, long a, long b, long c, long d, long e) { tried(name, syscall(nr, a, b, c, d, e, 0) >= 0); }

static const char *in(const char *folder, const char *name)
{
    static char path[4][PATH_MAX];
    static int n;
    char *p = path[n++ % 4];
    snprintf(p, PATH_MAX, "%s/%s", folder, name);
    return p;
}

static void opened(const char *name, const char *path, int flags) { tried(name, open(path, flags, 0600) >= 0); }

static void files(const char *outside, const char *readable, const char *writable)
{
    opened("read /etc/passwd", "/etc/passwd", O_RDONLY);
    opened("read outside", in(outside, "file"), O_RDONLY);
    opened("read through a link", in(readable, "link-out"), O_RDONLY);
    opened("read through ..", in(readable, "../outside/file"), O_RDONLY);
    opened("list /", "/", O_RDONLY | O_DIRECTORY);
    opened("list /home", "/home", O_RDONLY | O_DIRECTORY);
    opened("list /proc", "/proc", O_RDONLY | O_DIRECTORY);
    opened("read /proc/self/environ", "/proc/self/environ", O_RDONLY);
    opened("write /proc/self/oom_score_adj", "/proc/self/oom_score_adj", O_WRONLY);
    opened("read /dev/shm", "/dev/shm", O_RDONLY | O_DIRECTORY);
    opened("create in /tmp", "/tmp/cordon-script-attack", O_WRONLY | O_CREAT);
    opened("create outside", in(outside, "new"), O_WRONLY | O_CREAT);
    opened("write outside", in(outside, "file"), O_WRONLY);
    opened("create in a readable folder", in(readable, "new"), O_WRONLY | O_CREAT);
    opened("write in a readable folder", in(readable, "file"), O_WRONLY);
    opened("temporary file in a readable folder", readable, O_TMPFILE | O_WRONLY);
    opened("truncate by opening to read", in(readable, "file"), O_RDONLY | O_TRUNC);
    opened("truncate by opening for nothing", in(readable, "file"), 3 | O_TRUNC);
    opened("open for nothing", in(readable, "file"), 3);
    opened("read a folder that may only be written", in(writable, "file"), O_RDONLY);
    tried("truncate", truncate(in(readable, "file"), 0) == 0);
    tried("truncate a writable file by its name", truncate(in(writable, "file"), 0) == 0);
    tried("remove in a readable folder", unlink(in(readable, "file")) == 0);
    tried("remove outside", unlink(in(outside, "file")) == 0);
    tried("rename in a readable folder", rename(in(readable, "file"), in(readable, "file2")) == 0);
    tried("move out of a readable folder", rename(in(readable, "file"), in(writable, "stolen")) == 0);
    tried("link out of a readable folder", link(in(readable, "file"), in(writable, "linked")) == 0);
    tried("link from outside", link(in(outside, "file"), in(writable, "linked")) == 0);
    tried("symlink in a granted folder", symlink("/etc/passwd", in(writable, "symlink")) == 0);
    tried("mkdir in a readable folder", mkdir(in(readable, "dir"), 0700) == 0);
    tried("mkdir outside", mkdir(in(outside, "dir"), 0700) == 0);
    tried("make a device", mknod(in(writable, "null"), S_IFCHR | 0600, 0x103) == 0);
    tried("make a socket", mknod(in(writable, "socket"), S_IFSOCK | 0600, 0) == 0);
}

static void metadata(const char *readable, const char *writable)
{
    const char *path = in(readable, "file");
    int fd = open(path, O_RDONLY), own = open(in(writable, "file"), O_WRONLY), flags = 0;
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    tried("chmod", chmod(path, 0777) == 0);
    tried("fchmod", fchmod(fd, 0777) == 0);
    tried("fchmod of a writable file", fchmod(own, 0777) == 0);
    tried("fchmodat", fchmodat(AT_FDCWD, path, 0777, 0) == 0);
    call("fchmodat2", 452, AT_FDCWD, TEXT(path), 0777, 0, 0);
    tried("chown", chown(path, getuid(), getgid()) == 0);
    tried("fchown", fchown(fd, getuid(), getgid()) == 0);
    tried("lchown", lchown(path, getuid(), getgid()) == 0);
    call("setxattr", SYS_setxattr, TEXT(path), TEXT("user.x"), TEXT("y"), 1, 0);
    call("fsetxattr", SYS_fsetxattr, fd, TEXT("user.x"), TEXT("y"), 1, 0);
    call("removexattr", SYS_removexattr, TEXT(path), TEXT("user.x"), 0, 0, 0);
    tried("utimensat", utimensat(AT_FDCWD, path, times, 0) == 0);
    tried("utimensat to now", utimensat(AT_FDCWD, path, NULL, 0) == 0);
    tried("futimens", futimens(fd, times) == 0);
#ifdef SYS_utimes
    call("utimes", SYS_utimes, TEXT(path), 0, 0, 0, 0);
#endif
    tried("set flags of a file", ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0);
    tried("lease", fcntl(fd, F_SETLEASE, F_RDLCK) == 0);
    tried("make a setuid file", open(in(writable, "setuid"), O_WRONLY | O_CREAT, 04755) >= 0);
    tried("creat a setuid file", creat(in(writable, "setuid"), 06755) >= 0);
    tried("make a setgid folder", mkdir(in(writable, "setgid"), 02755) == 0);
    tried("make a setuid FIFO", mknod(in(writable, "fifo"), S_IFIFO | 04700, 0) == 0);
    call("name_to_handle_at", SYS_name_to_handle_at, AT_FDCWD, TEXT(path), TEXT(times), TEXT(&flags), 0);
    call("open_by_handle_at", SYS_open_by_handle_at, fd, TEXT(times), O_RDONLY, 0, 0);
    close(fd);
    close(own);
}

static void sockets(void)
{
    int pair[2];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof to};
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG};
    char name[32];
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        snprintf(name, sizeof name, "socket %d", families[i]);
        tried(name, socket(families[i], SOCK_STREAM, 0) >= 0);
    }
    tried("pair of datagrams", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    tried("pair of datagrams in disguise", syscall(SYS_socketpair, (1L << 40) | AF_UNIX, (1L << 40) | SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        tried("no pair of packets", true);
    else {
        tried("connect packets", connect(pair[0], (struct sockaddr *)&to, sizeof to) == 0);
        tried("send packets to an address", sendto(pair[0], "x", 1, 0, (struct sockaddr *)&to, sizeof to) >= 0);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        tried("no pair at all", true);
        return;
    }
    tried("connect", connect(pair[0], (struct sockaddr *)&to, sizeof to) == 0);
    tried("bind", bind(pair[0], (struct sockaddr *)&to, sizeof(sa_family_t)) == 0);
    tried("listen", listen(pair[0], 1) == 0);
    tried("accept", accept(pair[0], NULL, NULL) >= 0);
    tried("sendto an address", sendto(pair[0], "x", 1, 0, (struct sockaddr *)&to, sizeof to) >= 0);
    tried("sendmsg", sendmsg(pair[0], &m, 0) >= 0);
    tried("setsockopt", setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){1 << 20}, sizeof(int)) == 0);
}

static void signals(pid_t supervisor, pid_t host)
{
    siginfo_t si = {.si_code = SI_QUEUE};
    int p[2];
    tried("kill the supervisor", kill(supervisor, 0) == 0);
    tried("kill the host", kill(host, 0) == 0);
    tried("kill the host's group", kill(-host, 0) == 0);
    tried("kill by a number with high bits", syscall(SYS_kill, (1L << 32) | (unsigned)host, 0) == 0);
    tried("tkill", syscall(SYS_tkill, supervisor, 0) == 0);
    tried("tgkill", syscall(SYS_tgkill, supervisor, supervisor, 0) == 0);
    tried("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, supervisor, 0, &si) == 0);
    tried("pidfd_open", syscall(SYS_pidfd_open, supervisor, 0) >= 0);
    tried("pidfd_send_signal", syscall(SYS_pidfd_send_signal, 0, 0, 0, 0) >= 0);
    tried("pidfd_getfd", syscall(SYS_pidfd_getfd, 0, 0, 0) >= 0);
    if (pipe(p) == 0) {
        tried("F_SETOWN", fcntl(p[0], F_SETOWN, supervisor) == 0);
        tried("F_SETOWN_EX", fcntl(p[0], F_SETOWN_EX, &(struct f_owner_ex){F_OWNER_PID, supervisor}) == 0);
        tried("F_SETSIG", fcntl(p[0], F_SETSIG, SIGKILL) == 0);
        tried("FIOSETOWN", ioctl(p[0], 0x8901, &supervisor) == 0);
    }
}

static void processes(pid_t supervisor, pid_t host)
{
    static char page[4096];
    struct iovec v = {page, sizeof page};
    struct rlimit limit = {1 << 20, 1 << 20};
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    call("ptrace", SYS_ptrace, PTRACE_SEIZE, supervisor, 0, 0, 0);
    call("ptrace of the host", SYS_ptrace, PTRACE_SEIZE, host, 0, 0, 0);
    call("ptrace me", SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, 0);
    call("process_vm_readv", SYS_process_vm_readv, host, TEXT(&v), 1, TEXT(&v), 1);
    call("process_vm_writev", SYS_process_vm_writev, host, TEXT(&v), 1, TEXT(&v), 1);
    call("kcmp", SYS_kcmp, supervisor, host, 0, 0, 0);
    call("prlimit of the host", SYS_prlimit64, host, RLIMIT_NOFILE, TEXT(&limit), 0, 0);
    call("raise a limit", SYS_prlimit64, 0, RLIMIT_CORE, TEXT(&limit), 0, 0);
    call("sched_setaffinity", SYS_sched_setaffinity, host, sizeof cpus, TEXT(&cpus), 0, 0);
    call("setpriority", SYS_setpriority, PRIO_PROCESS, host, 19, 0, 0);
    call("ioprio_set", SYS_ioprio_set, 1, host, 0, 0, 0);
    call("get_robust_list", SYS_get_robust_list, host, TEXT(page), TEXT(page + 8), 0, 0);
    call("setsid", SYS_setsid, 0, 0, 0, 0, 0);
    call("setpgid", SYS_setpgid, 0, 0, 0, 0, 0);
    call("setpgid into the supervisor's", SYS_setpgid, 0, supervisor, 0, 0, 0);
    call("setuid", SYS_setuid, 0, 0, 0, 0, 0);
    call("setresuid", SYS_setresuid, getuid(), getuid(), getuid(), 0, 0);
    call("setgroups", SYS_setgroups, 0, 0, 0, 0, 0);
    call("capset", SYS_capset, TEXT(page), TEXT(page), 0, 0, 0);
    call("make undumpable", SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    call("subreaper", SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    call("outlive the supervisor", SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

static void kernel(const char *writable)
{
    static char page[4096];
    call("unshare", SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0);
    call("unshare files", SYS_unshare, CLONE_NEWNS, 0, 0, 0, 0);
    call("clone into a namespace", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    call("setns", SYS_setns, 0, 0, 0, 0, 0);
    call("mount", SYS_mount, TEXT("none"), TEXT(writable), TEXT("tmpfs"), 0, 0);
    call("umount", SYS_umount2, TEXT("/"), 0, 0, 0, 0);
    call("open_tree", SYS_open_tree, AT_FDCWD, TEXT("/"), 0, 0, 0);
    call("fsopen", SYS_fsopen, TEXT("tmpfs"), 0, 0, 0, 0);
    call("pivot_root", SYS_pivot_root, TEXT(writable), TEXT(writable), 0, 0, 0);
    call("chroot", SYS_chroot, TEXT(writable), 0, 0, 0, 0);
    call("io_uring_setup", SYS_io_uring_setup, 1, TEXT(page), 0, 0, 0);
    call("io_uring_enter", SYS_io_uring_enter, 0, 0, 0, 0, 0);
    call("bpf", SYS_bpf, 0, TEXT(page), 8, 0, 0);
    call("perf_event_open", SYS_perf_event_open, TEXT(page), 0, -1, -1, 0);
    call("userfaultfd", SYS_userfaultfd, 1, 0, 0, 0, 0);
    call("keyctl", SYS_keyctl, 0, -3, 0, 0, 0);
    call("add_key", SYS_add_key, TEXT("user"), TEXT("x"), TEXT("y"), 1, -3);
    call("request_key", SYS_request_key, TEXT("user"), TEXT("x"), 0, -3, 0);
    call("shmget", SYS_shmget, 0, 4096, 0600, 0, 0);
    call("msgget", SYS_msgget, 0, 0600, 0, 0, 0);
    call("semget", SYS_semget, 0, 1, 0600, 0, 0);
    call("mq_open", SYS_mq_open, TEXT("cordon"), O_CREAT | O_RDWR, 0600, 0, 0);
    call("memfd_create", SYS_memfd_create, TEXT("x"), 0, 0, 0, 0);
    call("memfd_secret", 447, 0, 0, 0, 0, 0);
    call("inotify", SYS_inotify_init1, 0, 0, 0, 0, 0);
    call("fanotify", SYS_fanotify_init, 0, 0, 0, 0, 0);
    call("personality", SYS_personality, 0x0400000, 0, 0, 0, 0);
    call("seccomp", SYS_seccomp, 0, 0, 0, 0, 0);
    call("quotactl", SYS_quotactl, 0, 0, 0, 0, 0);
    call("syslog", SYS_syslog, 3, TEXT(page), 10, 0, 0);
    call("swapon", SYS_swapon, TEXT(page), 0, 0, 0, 0);
    call("reboot", SYS_reboot, 0, 0, 0, 0, 0);
    call("acct", SYS_acct, 0, 0, 0, 0, 0);
    call("sync", SYS_sync, 0, 0, 0, 0, 0);
    call("mlock", SYS_mlock, TEXT(page), sizeof page, 0, 0, 0);
    call("type into a terminal", SYS_ioctl, 0, TIOCSTI, TEXT(page), 0, 0);
    call("type with high bits", SYS_ioctl, 0, (1L << 32) | TIOCSTI, TEXT(page), 0, 0);
}

static void descriptors(void)
{
    char name[32];
    for (int fd = 3; fd < 4096; fd++) {
        snprintf(name, sizeof name, "descriptor %d", fd);
        if (fcntl(fd, F_GETFD) >= 0)
            tried(name, true);
    }
}

/* Ends a process that starts it, so in one of its own. */
static void other_architecture(void)
{
#ifdef __x86_64__
    pid_t pid = fork();
    if (!pid) {
        long r;
        __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");   /* getpid of 32 bit */
        _exit(r > 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    tried("a call of another architecture", !WIFSIGNALED(status) && !WEXITSTATUS(status) ? true : (errno = EPERM, false));
#endif
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    descriptors();
    files(argv[1], argv[2], argv[3]);
    metadata(argv[2], argv[3]);
    sockets();
    signals(getppid(), (pid_t)atoi(argv[4]));
    processes(getppid(), (pid_t)atoi(argv[4]));
    kernel(argv[3]);
    other_architecture();
    return 0;
}
