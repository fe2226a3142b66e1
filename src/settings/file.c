/* SPDX-License-Identifier: Apache-2.0
 * Where settings lie, and reading them only if nobody else can have written them. */
#include "settings/settings.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static bool is_set(const char *value) { return value && *value; }

static int join(const char *folder, const char *name, char **ret, cordon_error **err)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return err_nomem(err);
    *ret = path;
    return 0;
}

int settings_find(const char *given, char **ret, cordon_error **err)
{
    const char *own = secure_getenv("CORDON_HOME"), *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
    *ret = NULL;
    if (given)
        return (*ret = strdup(given)) ? 0 : err_nomem(err);
    if (is_set(own)) {
        if (own[0] == '/')
            return join(own, "config.toml", ret, err);
        err_set(err, CORDON_E_UNSAFE_PATH, "CORDON_HOME", "CORDON_HOME is %s, which is not an absolute path", own);
        return err_hint(err, "Give CORDON_HOME in full, from the / on: nothing is read from the folder a command happens to run in.");
    }
    if (config && config[0] == '/') /* the base directory specification: any other is ignored */
        return join(config, "cordon/config.toml", ret, err);
    return home && home[0] == '/' ? join(home, ".config/cordon/config.toml", ret, err) : 0;
}

static int check_file(const char *path, const struct stat *st, enum settings_from from, cordon_error **err)
{
    char command[64];
    uid_t owner = from == SETTINGS_SYSTEM ? 0 : geteuid();
    if (!S_ISREG(st->st_mode))
        return safe_refuse(path, "is not a regular file", NULL, err);
    if (st->st_uid && st->st_uid != owner) {
        snprintf(command, sizeof command, "sudo chown %u", (unsigned)owner);
        return safe_refuse(path, "belongs to another user", command, err);
    }
    if (st->st_mode & 022)
        return safe_refuse(path, "can be written by others", "chmod go-w", err);
    return 0;
}

/* The folders above it; and that it still is what was opened. */
static int check_place(const char *path, const struct stat *opened, cordon_error **err)
{
    char real[PATH_MAX];
    struct stat st;
    if (!realpath(path, real) || stat(real, &st) < 0)
        return err_errno(err, errno, "find", path);
    if (st.st_dev != opened->st_dev || st.st_ino != opened->st_ino)
        return safe_refuse(path, "was replaced while it was read", NULL, err);
    return safe_chain(real, false, err);
}

static int read_all(int fd, const char *path, char **ret, size_t *ret_len, cordon_error **err)
{
    cleanup_free char *text = malloc(SETTINGS_FILE_MAX + 2);
    size_t len = 0;
    if (!text)
        return err_nomem(err);
    for (ssize_t n = 1; n && len <= SETTINGS_FILE_MAX; len += (size_t)n)
        while ((n = read(fd, text + len, SETTINGS_FILE_MAX + 1 - len)) < 0)
            if (errno != EINTR)
                return err_errno(err, errno, "read", path);
    if (len > SETTINGS_FILE_MAX)
        return err_set(err, CORDON_E_BAD_CONFIG, path, "%s is larger than %d KiB", path, SETTINGS_FILE_MAX >> 10);
    text[len] = '\0';
    *ret = take(text);
    *ret_len = len;
    return 0;
}

int settings_read(const char *path, enum settings_from from, char **ret, size_t *ret_len, cordon_error **err)
{
    struct stat st;
    cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(err, errno, "open", path);
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", path);
    int rc = check_file(path, &st, from, err);
    if (rc < 0 || (rc = check_place(path, &st, err)) < 0 || (rc = read_all(fd, path, ret, ret_len, err)) < 0)
        return rc;
    return 1;
}
