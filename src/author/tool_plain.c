/* SPDX-License-Identifier: Apache-2.0
 * A tool as a child of this process, with its rights. */
#include "author/lang.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where its words go: any descriptors, also 0 to 2; -1: nowhere. */
struct words { int out, err; };

static int add_word(posix_spawn_file_actions_t *fa, int from, int to)
{
    return from < 0 ? posix_spawn_file_actions_addopen(fa, to, "/dev/null", O_WRONLY, 0) : posix_spawn_file_actions_adddup2(fa, from, to);
}

static int add_descriptors(posix_spawn_file_actions_t *fa, const struct words *w, const char *folder)
{
    int e = add_word(fa, w->out, 1);
    if (!e)
        e = w->err == w->out ? posix_spawn_file_actions_adddup2(fa, 1, 2) : add_word(fa, w->err, 2);
    if (!e)
        e = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);
    if (!e)
        e = posix_spawn_file_actions_addclosefrom_np(fa, 3);
    return e ? e : posix_spawn_file_actions_addchdir_np(fa, folder);
}

/* Signals as in a new process. It stays in our process group: what is typed at the terminal ends it too. */
static int set_attributes(posix_spawnattr_t *at)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int e = posix_spawnattr_setflags(at, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (!e)
        e = posix_spawnattr_setsigdefault(at, &all);
    return e ? e : posix_spawnattr_setsigmask(at, &none);
}

static int start(const struct tool *t, const struct words *w, const char *folder, char *const *env, pid_t *ret)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e = posix_spawn_file_actions_init(&fa);
    if (e)
        return e;
    if (!(e = posix_spawnattr_init(&at))) {
        if (!(e = add_descriptors(&fa, w, folder)) && !(e = set_attributes(&at)))
            e = posix_spawn(ret, t->argv[0], &fa, &at, (char *const *)t->argv, env);
        posix_spawnattr_destroy(&at);
    }
    posix_spawn_file_actions_destroy(&fa);
    return e;
}

/* Until it has ended, or its time is over, or we were asked to stop: then it is ended. Without a descriptor of it (an old kernel) there is only the wait that follows. */
static bool watch(pid_t pid, const struct hold *hold, unsigned seconds)
{
    cleanup_fd int pidfd = pidfd_open(pid, 0);
    struct pollfd fds[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = hold->fd, .events = POLLIN}};
    bool late = false;
    while (pidfd >= 0 && !fds[0].revents) {
        int n = poll(fds, 2, late ? -1 : seconds > INT_MAX / 1000 ? -1 : (int)seconds * 1000);
        if (n < 0)
            fds[0].revents = fds[1].revents = 0;
        if (n == 0)
            late = true;
        if (n == 0 || fds[1].revents) {
            pidfd_send_signal(pidfd, late ? SIGKILL : SIGTERM, NULL, 0);
            fds[1].fd = -1;
        }
    }
    return late;
}

static int take_out(int fd, struct buf *out, cordon_error **err)
{
    cleanup_free char *bytes = malloc(TOOL_OUT_MAX);
    if (!bytes)
        return err_nomem(err);
    ssize_t n = pread(fd, bytes, TOOL_OUT_MAX, 0);
    return n < 0 ? err_errno(err, errno, "read", "what a tool said") : buf_add(out, bytes, (size_t)n) < 0 ? err_nomem(err) : 0;
}

int tool_plain(struct build *b, const struct tool *t, char *const *env, int *ret_status, cordon_error **err)
{
    pid_t pid, got;
    cleanup_fd int out = t->out ? memfd_create("cordon-tool", MFD_CLOEXEC) : -1;
    if (t->out && out < 0)
        return err_errno(err, errno, "make", "a memory file");
    const struct words words = {.out = t->out ? out : b->want->log_fd, .err = b->want->log_fd};
    int e = start(t, &words, t->folder ? t->folder : b->dir, env, &pid);
    if (e)
        return err_errno(err, e, "start", t->argv[0]);
    bool late = watch(pid, &b->hold, b->want->seconds);
    while ((got = waitpid(pid, ret_status, 0)) < 0 && errno == EINTR)
        ;
    if (got < 0)
        return err_set(err, CORDON_E_KERNEL, t->argv[0], "cannot learn how %s ended: %s (is SIGCHLD ignored?)", t->argv[0], strerror(errno));
    if (late)
        return err_set(err, CORDON_E_BUILD_FAILED, NULL, "%s: %s was stopped after %u s", t->what, t->argv[0], b->want->seconds);
    return t->out ? take_out(out, t->out, err) : 0;
}
