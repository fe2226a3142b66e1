/* SPDX-License-Identifier: Apache-2.0 */
#include "helper_process.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int open_pipe(int *ret_read, int *ret_write, cordon_error **err)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return err_errno(err, errno, "make", "a pipe");
    cleanup_fd int r = fcntl(p[0], F_DUPFD_CLOEXEC, 3), w = fcntl(p[1], F_DUPFD_CLOEXEC, 3);
    int e = errno;
    close(p[0]);
    close(p[1]);
    if (r < 0 || w < 0 || fcntl(r, F_SETFL, O_NONBLOCK) < 0)
        return err_errno(err, e, "make", "a pipe");
    *ret_read = take_fd(r);
    *ret_write = take_fd(w);
    return 0;
}

/* ---- starting ---- */

static int add_descriptors(posix_spawn_file_actions_t *fa, const int fds[3])
{
    int e = 0;
    for (int i = 0; i < 3 && !e; i++)
        e = posix_spawn_file_actions_adddup2(fa, fds[i], i);
    if (!e)
        e = posix_spawn_file_actions_addclosefrom_np(fa, 3);
    return e ? e : posix_spawn_file_actions_addchdir_np(fa, "/");
}

/* Default signals, none blocked, a session of its own: nothing typed at our terminal reaches it, and nothing of ours is inherited. */
static int set_attributes(posix_spawnattr_t *at)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int e = posix_spawnattr_setflags(at, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    if (!e)
        e = posix_spawnattr_setsigdefault(at, &all);
    return e ? e : posix_spawnattr_setsigmask(at, &none);
}

/* The environment is empty, but for where the loader finds the libraries that we ourselves were started with. */
static int spawn_with(const char *path, posix_spawn_file_actions_t *fa, posix_spawnattr_t *at, pid_t *ret)
{
    char helper_word[] = "--helper";
    char *argv[] = {(char *)path, helper_word, NULL}, *env[] = {NULL, NULL};
    cleanup_free char *libraries = NULL;
    const char *value = secure_getenv("LD_LIBRARY_PATH");
    if (value && asprintf(&libraries, "LD_LIBRARY_PATH=%s", value) < 0) {
        libraries = NULL;
        return ENOMEM;
    }
    env[0] = libraries;
    return posix_spawn(ret, path, fa, at, argv, env);
}

/* posix_spawn, not fork: a host may have thousands of sandboxes mapped. */
static int spawn(const char *path, const int fds[3], pid_t *ret)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e = posix_spawn_file_actions_init(&fa);
    if (e)
        return e;
    if (!(e = posix_spawnattr_init(&at))) {
        if (!(e = add_descriptors(&fa, fds)) && !(e = set_attributes(&at)))
            e = spawn_with(path, &fa, &at, ret);
        posix_spawnattr_destroy(&at);
    }
    posix_spawn_file_actions_destroy(&fa);
    return e;
}

static int spawn_error(int e, const char *path, cordon_error **err)
{
    if (e == EAGAIN || e == ENOMEM || e == EMFILE || e == ENFILE)
        return err_errno(err, e, "start the helper", path);
    int r = err_set(err, CORDON_E_IO, path, "cannot start the helper %s: %s", path, strerror(e));
    err_hint(err, "The helper is installed with Cordon as cordon-helper: install Cordon again, or name the program that is to be used.");
    return r;
}

/* ---- watching ---- */

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

/* False: it is no child of ours any more. `flags` as for waitid. */
static bool wait_child(int pidfd, int flags, struct helper_end *end)
{
    siginfo_t si = {0};
    struct rusage ru = {0};
    long r;
    while ((r = syscall(SYS_waitid, P_PIDFD, pidfd, &si, WEXITED | flags, &ru)) < 0 && errno == EINTR)
        ;
    if (r < 0)
        return false;
    end->code = si.si_code;
    end->status = si.si_status;
    end->cpu_us = (uint64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000u + (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
    return true;
}

/* Returns when the process has ended. It cannot have children of its own (lockdown_helper), so one signal ends all there is. */
static void watch(int pidfd, int said_fd, unsigned wall_s, struct helper_end *end)
{
    uint64_t deadline = clock_now_ns() + wall_s * UINT64_C(1000000000);
    struct pollfd fds[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = said_fd, .events = POLLIN}};
    while (!fds[0].revents) {
        uint64_t now = clock_now_ns();
        if (now >= deadline && !end->timed_out) {
            end->timed_out = true;
            pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
        }
        int ms = end->timed_out ? -1 : (int)((deadline - now) / 1000000u) + 1;
        if (poll(fds, 2, ms) < 0)
            fds[0].revents = fds[1].revents = 0;
        if (fds[1].revents && !drain(said_fd, end))
            fds[1].fd = -1;
    }
    drain(said_fd, end);
}

/* The kernel or a container's filter refused the descriptor of a child that is there. */
static int without_pidfd(pid_t pid, int e, cordon_error **err)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return err_set(err, e == ENOSYS || e == EPERM ? CORDON_E_KERNEL : CORDON_E_NO_RESOURCES, NULL, "cannot watch the helper: pidfd_open: %s",
                   strerror(e));
}

int helper_process_run(const char *path, int job_fd, int answer_fd, unsigned wall_s, struct helper_end *ret, cordon_error **err)
{
    cleanup_fd int said_read = -1, said_write = -1, pidfd = -1;
    struct helper_end probe;
    pid_t pid;
    int r = open_pipe(&said_read, &said_write, err);
    if (r < 0)
        return r;
    memset(ret, 0, sizeof *ret);
    if ((r = spawn(path, (int[]){job_fd, answer_fd, said_write}, &pid)))
        return spawn_error(r, path, err);
    close(take_fd(said_write));
    if ((pidfd = pidfd_open(pid, 0)) < 0 && errno != ESRCH)
        return without_pidfd(pid, errno, err);
    /* Where children are not kept for us (SIGCHLD ignored), it may be gone and its number somebody else's: then there is nothing to watch or kill. */
    if (pidfd < 0 || !wait_child(pidfd, WNOHANG | WNOWAIT, &probe)) {
        drain(said_read, ret);
        return 0;
    }
    watch(pidfd, said_read, wall_s, ret);
    ret->known = wait_child(pidfd, 0, ret);
    return 0;
}
