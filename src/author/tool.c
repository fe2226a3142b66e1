/* SPDX-License-Identifier: Apache-2.0 */
#include "author/lang.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- finding ---- */

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

int tool_look(const struct build *b, const char *const *names, char **ret, cordon_error **err)
{
    const char *folders = b->want->tool_folders, *path = secure_getenv("PATH");
    cleanup_free char *where = NULL;
    if (asprintf(&where, "%s:%s", folders ? folders : usual_folders, folders || !path ? "" : path) < 0) {
        where = NULL;
        return err_nomem(err);
    }
    *ret = NULL;
    int found = 0;
    for (; *names && !found; names++)
        found = find_in(where, *names, ret, err);
    return found < 0 ? found : 0;
}

int tool_find(const struct build *b, const char *const *names, const char *packages, char **ret, cordon_error **err)
{
    int rc = tool_look(b, names, ret, err);
    if (rc < 0 || *ret)
        return rc;
    err_set(err, CORDON_E_MISSING_TOOL, names[0], "%s is not installed (Debian: %s)", names[0], packages);
    return err_hint(err, "apt-get install %s", packages);
}

/* ---- running ---- */

int tool_failed(const struct tool *t, int status, cordon_error **err)
{
    if (WIFEXITED(status))
        return err_set(err, CORDON_E_BUILD_FAILED, NULL, "%s: %s ended with status %d", t->what, t->argv[0], WEXITSTATUS(status));
    if (WTERMSIG(status) == SIGXFSZ)
        return err_set(err, CORDON_E_BUILD_FAILED, NULL, "%s: %s was stopped: it wrote a file of more than %d MiB", t->what, t->argv[0], TOOL_FILE_MAX >> 20);
    const char *name = sigabbrev_np(WTERMSIG(status));
    return err_set(err, CORDON_E_BUILD_FAILED, NULL, "%s: %s ended with the signal SIG%s", t->what, t->argv[0], name ? name : "?");
}

/* Nothing of the environment: the same sources give the same component for everyone. */
static int run_plain(struct build *b, const struct tool *t, int *ret_status, cordon_error **err)
{
    enum { FIXED = 4, ENV_MAX = 64 };
    char path[] = "PATH=/usr/bin:/bin", language[] = "LC_ALL=C.UTF-8";
    cleanup_free char *temporary = NULL, *home = NULL;
    if (asprintf(&temporary, "TMPDIR=%s", b->scratch) < 0 || asprintf(&home, "HOME=%s", b->scratch) < 0)
        return err_nomem(err);
    char *env[FIXED + ENV_MAX + 1] = {path, language, temporary, home};
    for (size_t i = 0; t->env && t->env[i]; i++) {
        if (i == ENV_MAX)
            return err_set(err, CORDON_E_TOO_LARGE, NULL, "a tool is given more than %d variables", ENV_MAX);
        env[FIXED + i] = (char *)t->env[i];
    }
    return tool_plain(b, t, env, ret_status, err);
}

int tool_status(struct build *b, const struct tool *t, int *ret_status, cordon_error **err)
{
    int rc = b->want->no_sandbox ? run_plain(b, t, ret_status, err) : tool_box_run(b, t, ret_status, err);
    return rc == 0 && hold_is_asked(&b->hold) ? err_set(err, CORDON_E_IO, NULL, "the build was stopped by a signal") : rc;
}

int tool_run(struct build *b, const struct tool *t, cordon_error **err)
{
    int status, rc = tool_status(b, t, &status, err);
    return rc < 0 || status == 0 ? rc : tool_failed(t, status, err);
}

int tool_fetch(struct build *b, const struct tool *t, cordon_error **err)
{
    int status, rc = tool_plain(b, t, environ, &status, err);
    if (rc == 0 && hold_is_asked(&b->hold))
        return err_set(err, CORDON_E_IO, NULL, "fetching was stopped by a signal");
    return rc < 0 || status == 0 ? rc : tool_failed(t, status, err);
}
