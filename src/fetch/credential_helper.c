/* SPDX-License-Identifier: Apache-2.0
 * docker-credential-NAME, a program of the operator's: gets a registry's name, gives user and secret as JSON. It runs with the operator's rights and environment. */
#include "fetch/credentials.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { HELPER_MS = 60000, LOOK_MS = 10, ANSWER_MAX = 64 << 10 };
extern char **environ;

/* In the folders of PATH that are absolute. */
static int find(const char *program, char **ret, cordon_error **err)
{
    const char *list = secure_getenv("PATH");
    for (const char *s = list ? list : ""; *s;) {
        size_t len = strcspn(s, ":");
        char *path = NULL;
        if (*s == '/' && asprintf(&path, "%.*s/%s", (int)len, s, program) < 0)
            return err_nomem(err);
        if (path && access(path, X_OK) == 0) {
            *ret = path;
            return 0;
        }
        free(path);
        s += len + (s[len] == ':');
    }
    err_set(err, CORDON_E_MISSING_TOOL, program, "the credential helper %s is nowhere in PATH", program);
    return err_hint(err, "Install it, or take its name out of [install] credential_helpers in the settings.");
}

struct running {
    pid_t pid;
    int to, from;
};

static int spawn(const char *path, const char *program, int in, int out, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)"get", NULL};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    int r = posix_spawn(ret, path, &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return r;
}

/* Above the descriptors that it gets as its own. */
static bool make_pipe(int ret[2])
{
    int made[2];
    if (pipe2(made, O_CLOEXEC) < 0)
        return false;
    for (int i = 0; i < 2; i++) {
        ret[i] = fcntl(made[i], F_DUPFD_CLOEXEC, 3);
        close(made[i]);
    }
    return ret[0] >= 0 && ret[1] >= 0;
}

static int start(const char *path, const char *program, struct running *ret, cordon_error **err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    bool made = make_pipe(in) && make_pipe(out);
    int r = made ? spawn(path, program, in[0], out[1], &ret->pid) : errno;
    for (int i = 0; i < 2; i++)
        if ((i == 0 ? in[0] : out[1]) >= 0)
            close(i == 0 ? in[0] : out[1]);
    if (r == 0) {
        ret->to = in[1];
        ret->from = out[0];
        return 0;
    }
    if (in[1] >= 0)
        close(in[1]);
    if (out[0] >= 0)
        close(out[0]);
    return err_errno(err, r, "start", path);
}

/* The name fits into the pipe; a helper that reads nothing must not end this process. */
static void give(int to, const char *registry)
{
    sigset_t pipe_signal, before;
    const struct timespec now = {0};
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    if (write(to, registry, strlen(registry)) < 0 && errno == EPIPE && !sigismember(&before, SIGPIPE))
        sigtimedwait(&pipe_signal, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(to);
}

/* False: it said too much, took too long, or nobody wants to know any more. */
static bool listen_to(int from, uint64_t until, int cancel_fd, char *answer, size_t *ret_len)
{
    size_t len = 0;
    for (;;) {
        uint64_t now = clock_now_ns();
        struct pollfd p[2] = {{.fd = from, .events = POLLIN}, {.fd = cancel_fd, .events = POLLIN}};
        if (now >= until || len == ANSWER_MAX)
            return false;
        if (poll(p, 2, (int)((until - now) / 1000000) + 1) <= 0)
            continue;
        if (p[1].revents)
            return false;
        ssize_t n = read(from, answer + len, ANSWER_MAX - len);
        if (n <= 0) {
            *ret_len = len;
            return n == 0;
        }
        len += (size_t)n;
    }
}

/* It may have said all and not end. False: it took too long, or nobody wants to know any more. */
static bool wait_for(pid_t pid, uint64_t until, int cancel_fd)
{
    for (;;) {
        struct pollfd p = {.fd = cancel_fd, .events = POLLIN};
        siginfo_t info = {.si_pid = 0};
        int r = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if (r < 0 ? errno != EINTR : info.si_pid != 0)
            return true;
        if (clock_now_ns() >= until || poll(&p, 1, LOOK_MS) > 0)
            return false;
    }
}

static bool ended_well(pid_t pid)
{
    int status;
    pid_t r;
    while ((r = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    return r < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0); /* < 0: somebody else waited; the answer counts */
}

int credentials_ask_helper(const char *name, const char *registry, int cancel_fd, struct credential *ret, cordon_error **err)
{
    char program[HELPER_NAME_MAX + 32];
    cleanup_free char *path = NULL;
    cleanup_free char *answer = malloc(ANSWER_MAX);
    struct running r;
    size_t len = 0;
    memset(ret, 0, sizeof *ret);
    snprintf(program, sizeof program, "docker-credential-%.64s", name);
    if (!answer)
        return err_nomem(err);
    int rc = find(program, &path, err);
    if (rc < 0 || (rc = start(path, program, &r, err)) < 0)
        return rc;
    give(r.to, registry);
    uint64_t until = clock_now_ns() + HELPER_MS * UINT64_C(1000000);
    bool heard = listen_to(r.from, until, cancel_fd, answer, &len) && wait_for(r.pid, until, cancel_fd);
    close(r.from);
    if (!heard)
        kill(-r.pid, SIGKILL);
    bool well = ended_well(r.pid) && heard, found = well && credentials_parse_answer(answer, len, ret);
    explicit_bzero(answer, ANSWER_MAX);
    if (well && !found)
        return err_set(err, CORDON_E_FETCH_FAILED, program, "the credential helper %s answered something else than user and secret", program);
    if (!heard)
        return err_set(err, CORDON_E_FETCH_FAILED, program, "the credential helper %s was given up: it took longer than a minute or answered more than 64 KiB, or this was cancelled", program);
    return found; /* it ended with a failure: that is how helpers say that they have none */
}
