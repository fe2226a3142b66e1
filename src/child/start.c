/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "child/child.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int child_pipe(int *ret_read, int *ret_write, cordon_error **err)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return err_errno(err, errno, "make", "a pipe");
    cleanup_fd int r = fcntl(p[0], F_DUPFD_CLOEXEC, CHILD_FDS_MAX), w = fcntl(p[1], F_DUPFD_CLOEXEC, CHILD_FDS_MAX);
    int e = errno;
    close(p[0]);
    close(p[1]);
    if (r < 0 || w < 0 || fcntl(r, F_SETFL, O_NONBLOCK) < 0)
        return err_errno(err, e, "make", "a pipe");
    *ret_read = take_fd(r);
    *ret_write = take_fd(w);
    return 0;
}

static int add_descriptors(posix_spawn_file_actions_t *fa, const int *fds, size_t n)
{
    int e = 0;
    for (size_t i = 0; i < n && !e; i++)
        e = posix_spawn_file_actions_adddup2(fa, fds[i], (int)i);
    if (!e)
        e = posix_spawn_file_actions_addclosefrom_np(fa, (int)n);
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

static int spawn_with(const char *path, const char *word, posix_spawn_file_actions_t *fa, posix_spawnattr_t *at, pid_t *ret)
{
    char *argv[] = {(char *)path, (char *)word, NULL}, *env[] = {NULL, NULL};
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
static int spawn(const char *path, const char *word, const int *fds, size_t n, pid_t *ret)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e = posix_spawn_file_actions_init(&fa);
    if (e)
        return e;
    if (!(e = posix_spawnattr_init(&at))) {
        if (!(e = add_descriptors(&fa, fds, n)) && !(e = set_attributes(&at)))
            e = spawn_with(path, word, &fa, &at, ret);
        posix_spawnattr_destroy(&at);
    }
    posix_spawn_file_actions_destroy(&fa);
    return e;
}

int child_missing_hint(const struct child_program *program, cordon_error **err)
{
    return err_hint(err, "It is installed with Cordon as %s: install Cordon again, or name the program that is to be used.", program->name);
}

static int spawn_error(const struct child_program *program, int e, const char *path, cordon_error **err)
{
    if (e == EAGAIN || e == ENOMEM || e == EMFILE || e == ENFILE)
        return err_set(err, CORDON_E_NO_RESOURCES, path, "cannot start %s %s: %s", program->what, path, strerror(e));
    int r = err_set(err, CORDON_E_IO, path, "cannot start %s %s: %s", program->what, path, strerror(e));
    child_missing_hint(program, err);
    return r;
}

bool child_wait(const struct child *c, int flags, siginfo_t *ret, struct rusage *ret_used)
{
    siginfo_t si = {0};
    struct rusage ru = {0};
    long r;
    while ((r = syscall(SYS_waitid, P_PIDFD, c->pidfd, &si, WEXITED | flags, &ru)) < 0 && errno == EINTR)
        ;
    if (r < 0)
        return false;
    if (ret)
        *ret = si;
    if (ret_used)
        *ret_used = ru;
    return true;
}

void child_kill(const struct child *c)
{
    if (c->pidfd >= 0)
        pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
}

/* The kernel or a container's filter refused the descriptor of a child that is there. */
static int without_pidfd(const struct child_program *program, pid_t pid, int e, cordon_error **err)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return err_set(err, e == ENOSYS || e == EPERM ? CORDON_E_KERNEL : CORDON_E_NO_RESOURCES, NULL, "cannot watch %s: pidfd_open: %s", program->what,
                   strerror(e));
}

int child_start(const struct child_program *program, const char *path, const int *fds, size_t n, struct child *ret, cordon_error **err)
{
    struct child c;
    int e = spawn(path, program->word, fds, n, &c.pid);
    if (e)
        return spawn_error(program, e, path, err);
    if ((c.pidfd = pidfd_open(c.pid, 0)) < 0 && errno != ESRCH)
        return without_pidfd(program, c.pid, errno, err);
    /* Where children are not kept for us, it may be gone and its number somebody else's: then there is nothing to watch or kill. */
    if (c.pidfd >= 0 && !child_wait(&c, WNOHANG | WNOWAIT, NULL, NULL)) {
        close(c.pidfd);
        c.pidfd = -1;
    }
    *ret = c;
    return 0;
}
