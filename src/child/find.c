/* SPDX-License-Identifier: Apache-2.0
 * Where a program of ours is: beside the running program, as in a build directory, or where it was installed. Never where the environment or PATH says. */
#include "base/cleanup.h"
#include "base/error.h"
#include "child/child.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* Nobody but us and root can put another file there. Where each user has a group, and the umask leaves it, that group is the user. */
static bool is_private(const char *path, mode_t type)
{
    struct stat st;
    if (stat(path, &st) < 0 || (st.st_mode & S_IFMT) != type || (st.st_uid != 0 && st.st_uid != geteuid()))
        return false;
    return !(st.st_mode & S_IWOTH) && (!(st.st_mode & S_IWGRP) || st.st_gid == getegid());
}

/* NULL: there is none, or it is not to be trusted. */
static char *beside_program(const char *name)
{
    char folder[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (len <= 0)
        return NULL;
    folder[len] = '\0';
    char *slash = strrchr(folder, '/'), *path;
    if (!slash || slash == folder)
        return NULL;
    *slash = '\0';
    if (!is_private(folder, S_IFDIR) || asprintf(&path, "%s/%s", folder, name) < 0)
        return NULL;
    if (is_private(path, S_IFREG) && access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

int child_find(const struct child_program *program, const char *given, char **ret, cordon_error **err)
{
    char *path = given ? NULL : beside_program(program->name);
    if (!path && !(path = strdup(given ? given : program->installed)))
        return err_nomem(err);
    if (path[0] == '/' && access(path, X_OK) == 0) {
        *ret = path;
        return 0;
    }
    cleanup_free char *wrong = path;
    if (wrong[0] != '/')
        return err_set(err, CORDON_E_USAGE, wrong, "the path of %s is not absolute: %s", program->what, wrong);
    err_set(err, CORDON_E_MISSING_TOOL, wrong, "cannot start %s %s: %s", program->what, wrong, strerror(errno));
    return child_missing_hint(program, err);
}
