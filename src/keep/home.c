/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/home.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include <string.h>

static bool is_set(const char *value) { return value && *value; }

static int join(const char *folder, const char *name, char **ret, cordon_error **err)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return err_nomem(err);
    *ret = path;
    return 0;
}

static int refuse_relative(const char *what, const char *path, cordon_error **err)
{
    int r = err_set(err, CORDON_E_UNSAFE_PATH, what, "%s is %s, which is not an absolute path", what, path);
    err_hint(err, "Give it in full, from the / on: nothing is kept in the folder a command happens to run in.");
    return r;
}

static int copy_absolute(const char *what, const char *path, char **ret, cordon_error **err)
{
    if (path[0] != '/')
        return refuse_relative(what, path, err);
    char *copy = strdup(path);
    if (!copy)
        return err_nomem(err);
    *ret = copy;
    return 0;
}

int home_find(const char *given, char **ret, cordon_error **err)
{
    const char *own = secure_getenv("CORDON_HOME"), *data = secure_getenv("XDG_DATA_HOME"), *home = secure_getenv("HOME");
    if (given)
        return copy_absolute("the home folder", given, ret, err);
    if (is_set(own))
        return copy_absolute("CORDON_HOME", own, ret, err);
    if (data && data[0] == '/') /* the base directory specification: any other is ignored */
        return join(data, "cordon", ret, err);
    if (home && home[0] == '/')
        return join(home, ".local/share/cordon", ret, err);
    int r = err_set(err, CORDON_E_UNSAFE_PATH, "CORDON_HOME", "there is no place to keep anything: neither CORDON_HOME nor HOME is set");
    err_hint(err, "Set CORDON_HOME to a folder that is yours alone.");
    return r;
}

int home_make(const char *given, struct home *ret, cordon_error **err)
{
    cleanup_free char *path = NULL;
    int r = home_find(given, &path, err), fd;
    if (r < 0 || (r = safe_folder_make(path, &fd, err)) < 0)
        return r;
    *ret = (struct home){.path = take(path), .fd = fd};
    return 0;
}

int home_open(const char *given, struct home *ret, cordon_error **err)
{
    cleanup_free char *path = NULL;
    int fd = -1, r = home_find(given, &path, err);
    if (r < 0 || (r = safe_folder_open(path, &fd, err)) <= 0)
        return r;
    *ret = (struct home){.path = take(path), .fd = fd};
    return 1;
}

int home_folder(const struct home *h, const char *name, bool make, int *ret_fd, char **ret_path, cordon_error **err)
{
    cleanup_free char *path = NULL;
    int r = join(h->path, name, &path, err);
    if (r < 0)
        return r;
    r = make ? safe_folder_make(path, ret_fd, err) : safe_folder_open(path, ret_fd, err);
    if (r < 0 || (!make && !r))
        return r;
    *ret_path = take(path);
    return 1;
}

void home_finish(struct home *h)
{
    free(h->path);
    if (h->fd >= 0)
        close(h->fd);
    *h = (struct home)HOME_NONE;
}
