/* SPDX-License-Identifier: Apache-2.0 */
#include "author/toolchain.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- finding ---- */

static const char *const names[] = {"clang-14", "clang-15", "clang-16", "clang-17", "clang-18", "clang-19", "clang"};
static const char usual_folders[] = "/usr/bin:/usr/local/bin";

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* 1: found; 0: not there. A folder that is no absolute path is passed over. */
static int find_in(const char *folders, const char *name, char **ret, cordon_error **err)
{
    for (const char *at = folders; *at;) {
        size_t len = strcspn(at, ":");
        char *path;
        if (asprintf(&path, "%.*s/%s", (int)len, at, name) < 0)
            return err_nomem(err);
        if (path[0] == '/' && len && is_program(path)) {
            *ret = path;
            return 1;
        }
        free(path);
        at += len + (at[len] == ':');
    }
    return 0;
}

int toolchain_find(const char *folders, char **ret, cordon_error **err)
{
    const char *path = secure_getenv("PATH");
    cleanup_free char *where = NULL;
    if (asprintf(&where, "%s:%s", folders ? folders : usual_folders, folders || !path ? "" : path) < 0) {
        where = NULL;
        return err_nomem(err);
    }
    int found = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++)
        found = find_in(where, names[i], ret, err);
    return found == 0 ? toolchain_lacks(NULL, TOOLCHAIN_CLANG, err) : found < 0 ? found : 0;
}

/* ---- running ---- */

/* `said_fd` may be any descriptor, also 0 to 2. */
static int add_descriptors(posix_spawn_file_actions_t *fa, int said_fd)
{
    int e = said_fd < 0 ? posix_spawn_file_actions_addopen(fa, 1, "/dev/null", O_WRONLY, 0) : posix_spawn_file_actions_adddup2(fa, said_fd, 1);
    if (!e)
        e = posix_spawn_file_actions_adddup2(fa, 1, 2);
    if (!e)
        e = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);
    return e ? e : posix_spawn_file_actions_addclosefrom_np(fa, 3);
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

/* Nothing of the environment: the same sources give the same component for everyone. */
static int spawn_with(const struct toolchain *t, const char **argv, posix_spawn_file_actions_t *fa, posix_spawnattr_t *at, pid_t *ret)
{
    char path[] = "PATH=/usr/bin:/bin", language[] = "LC_ALL=C.UTF-8";
    cleanup_free char *scratch = NULL;
    if (asprintf(&scratch, "TMPDIR=%s", t->scratch) < 0) {
        scratch = NULL;
        return ENOMEM;
    }
    char *env[] = {path, language, scratch, NULL};
    argv[0] = t->clang;
    return posix_spawn(ret, t->clang, fa, at, (char *const *)argv, env);
}

static int start(const struct toolchain *t, const char **argv, int said_fd, pid_t *ret)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e = posix_spawn_file_actions_init(&fa);
    if (e)
        return e;
    if (!(e = posix_spawnattr_init(&at))) {
        if (!(e = add_descriptors(&fa, said_fd)) && !(e = set_attributes(&at)))
            e = spawn_with(t, argv, &fa, &at, ret);
        posix_spawnattr_destroy(&at);
    }
    posix_spawn_file_actions_destroy(&fa);
    return e;
}

/* Until it has ended, or we were asked to stop: then it is ended. Without a descriptor of it (an old kernel) there is only the wait that follows. */
static void watch(pid_t pid, const struct hold *hold)
{
    cleanup_fd int pidfd = pidfd_open(pid, 0);
    struct pollfd fds[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = hold->fd, .events = POLLIN}};
    while (pidfd >= 0 && !fds[0].revents) {
        if (poll(fds, 2, -1) < 0)
            fds[0].revents = fds[1].revents = 0;
        if (fds[1].revents) {
            pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
            fds[1].fd = -1;
        }
    }
}

static int spawn_elsewhere(const struct toolchain *t, const char **argv, int said_fd, int *ret_status, cordon_error **err)
{
    argv[0] = t->clang;
    int rc = t->spawn(t->spawn_data, t->scratch, argv, said_fd, ret_status, err);
    return rc == 0 && hold_is_asked(t->hold) ? err_set(err, CORDON_E_IO, NULL, "the build was stopped by a signal") : rc;
}

int toolchain_spawn(const struct toolchain *t, const char **argv, int said_fd, int *ret_status, cordon_error **err)
{
    pid_t pid, got;
    if (t->spawn)
        return spawn_elsewhere(t, argv, said_fd, ret_status, err);
    int e = start(t, argv, said_fd, &pid);
    if (e)
        return err_errno(err, e, "start", t->clang);
    watch(pid, t->hold);
    while ((got = waitpid(pid, ret_status, 0)) < 0 && errno == EINTR)
        ;
    if (hold_is_asked(t->hold))
        return err_set(err, CORDON_E_IO, NULL, "the build was stopped by a signal");
    if (got < 0)
        return err_set(err, CORDON_E_KERNEL, t->clang, "cannot learn how %s ended: %s (is SIGCHLD ignored?)", t->clang, strerror(errno));
    return 0;
}

int toolchain_run(const struct toolchain *t, const char **argv, const char *what, cordon_error **err)
{
    int status = 0, rc = toolchain_spawn(t, argv, t->log_fd, &status, err);
    if (rc < 0 || status == 0)
        return rc;
    if ((rc = toolchain_missing(t, err)) < 0)
        return rc;
    if (WIFEXITED(status))
        return err_set(err, CORDON_E_BUILD_FAILED, NULL, "%s: %s ended with status %d", what, t->clang, WEXITSTATUS(status));
    const char *name = sigabbrev_np(WTERMSIG(status));
    return err_set(err, CORDON_E_BUILD_FAILED, NULL, "%s: %s ended with the signal SIG%s", what, t->clang, name ? name : "?");
}
