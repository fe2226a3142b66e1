/* SPDX-License-Identifier: Apache-2.0
 * Where the helper is: beside the running program, as in a build directory, or where it was installed. Never where the environment or PATH says. */
#include "base/cleanup.h"
#include "base/error.h"
#include "code.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define HELPER_NAME "cordon-helper"

/* Nobody but us and root can put another file there. Where each user has a group, and the umask leaves it, that group is the user. */
static bool is_private(const char *path, mode_t type)
{
    struct stat st;
    if (stat(path, &st) < 0 || (st.st_mode & S_IFMT) != type || (st.st_uid != 0 && st.st_uid != geteuid()))
        return false;
    return !(st.st_mode & S_IWOTH) && (!(st.st_mode & S_IWGRP) || st.st_gid == getegid());
}

/* NULL: there is none, or it is not to be trusted. */
static char *beside_program(void)
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
    if (!is_private(folder, S_IFDIR) || asprintf(&path, "%s/" HELPER_NAME, folder) < 0)
        return NULL;
    if (is_private(path, S_IFREG) && access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

int helper_find(const char *given, char **ret, cordon_error **err)
{
    char *path = given ? NULL : beside_program();
    if (!path && !(path = strdup(given ? given : CORDON_HELPER_PATH)))
        return err_nomem(err);
    if (path[0] == '/' && access(path, X_OK) == 0) {
        *ret = path;
        return 0;
    }
    cleanup_free char *wrong = path;
    if (wrong[0] != '/')
        return err_set(err, CORDON_E_USAGE, wrong, "the helper's path is not absolute: %s", wrong);
    err_set(err, CORDON_E_MISSING_TOOL, wrong, "cannot start the helper %s: %s", wrong, strerror(errno));
    return err_hint(err, "The helper is installed with Cordon as " HELPER_NAME ": install Cordon again, or name the program that is to be used.");
}
