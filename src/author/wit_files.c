/* SPDX-License-Identifier: Apache-2.0 */
#include "author/wit_files.h"
#include "author/skill_world.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

struct reader {
    json_t *files;
    size_t n, bytes;
};

static void decref(json_t **j)
{
    json_decref(*j);
}

static int add_text(struct reader *r, const char *package, const char *label, const char *text, size_t len, cordon_error **err)
{
    if (!text_is_utf8(text, len) || !text_is_utf8(label, strlen(label)))
        return err_set(err, CORDON_E_BUILD_FAILED, label, "%s is not UTF-8 text", label);
    return json_array_append_new(r->files, json_pack("[s, s, s%]", package, label, text, len)) == 0 ? 0 : err_nomem(err);
}

/* ---- one file ---- */

static int not_proper(const char *label, const char *wanted, cordon_error **err)
{
    err_set(err, CORDON_E_BUILD_FAILED, label, "%s is not a %s of its own", label, wanted);
    return err_hint(err, "In wit/ symbolic links and special files are not followed: put a copy in their place.");
}

/* Opens what is really there, without waiting for a FIFO's other end. */
static int open_proper(int folder, const char *name, const char *label, mode_t type, int *ret, cordon_error **err)
{
    const char *wanted = type == S_IFDIR ? "folder" : "file";
    struct stat st;
    cleanup_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO))
        return not_proper(label, wanted, err);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", label);
    if ((st.st_mode & S_IFMT) != type)
        return not_proper(label, wanted, err);
    *ret = take_fd(fd);
    return 0;
}

static int read_all(int fd, const char *label, char *text, size_t max, size_t *ret_len, cordon_error **err)
{
    *ret_len = 0;
    while (*ret_len < max) {
        ssize_t n = read(fd, text + *ret_len, max - *ret_len);
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "read", label);
        if (n == 0)
            break;
        *ret_len += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int add_file(struct reader *r, int folder, const char *name, const char *package, const char *label, cordon_error **err)
{
    cleanup_fd int fd = -1;
    size_t len, max = WIT_BYTES_MAX - r->bytes + 1;
    int rc = open_proper(folder, name, label, S_IFREG, &fd, err);
    if (rc < 0)
        return rc;
    if (++r->n > WIT_FILES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "wit", "wit/ holds more than %d files of WIT", WIT_FILES_MAX);
    cleanup_free char *text = malloc(max);
    if (!text)
        return err_nomem(err);
    if ((rc = read_all(fd, label, text, max, &len, err)) < 0)
        return rc;
    if (len == max)
        return err_set(err, CORDON_E_TOO_LARGE, label, "wit/ holds more than %d bytes of WIT", WIT_BYTES_MAX);
    r->bytes += len;
    return add_text(r, package, label, text, len, err);
}

/* ---- folders ---- */

static bool is_wit(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".wit") == 0;
}

static int is_shown(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* What is done with each entry of a folder, in the order of bytes. `label` is the entry's path for messages. */
typedef int each_fn(struct reader *r, int folder, const char *name, const char *label, cordon_error **err);

static int for_each(struct reader *r, int folder, const char *label, each_fn *fn, cordon_error **err)
{
    struct dirent **entries;
    int n = scandirat(folder, ".", &entries, is_shown, by_name), rc = 0;
    if (n < 0)
        return err_errno(err, errno, "read the folder", label);
    for (int i = 0; i < n; i++) {
        cleanup_free struct dirent *entry = entries[i];
        cleanup_free char *path = NULL;
        if (rc == 0 && asprintf(&path, "%s/%s", label, entry->d_name) < 0) {
            path = NULL;
            rc = err_nomem(err);
        }
        if (rc == 0)
            rc = fn(r, folder, entry->d_name, path, err);
    }
    free(entries);
    return rc;
}

static int add_main(struct reader *r, int folder, const char *name, const char *label, cordon_error **err)
{
    return is_wit(name) ? add_file(r, folder, name, "", label, err) : 0;
}

/* The label of a dependency's folder is also the name of its package: that is all its files have in common. */
static int add_of_dependency(struct reader *r, int folder, const char *name, const char *label, cordon_error **err)
{
    if (!is_wit(name))
        return 0;
    cleanup_free char *package = strndup(label, strlen(label) - strlen(name) - 1);
    return package ? add_file(r, folder, name, package, label, err) : err_nomem(err);
}

static int add_dependency(struct reader *r, int folder, const char *name, const char *label, cordon_error **err)
{
    if (is_wit(name))
        return add_file(r, folder, name, label, label, err);
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
        return 0;
    cleanup_fd int fd = -1;
    int rc = open_proper(folder, name, label, S_IFDIR, &fd, err);
    return rc < 0 ? rc : for_each(r, fd, label, add_of_dependency, err);
}

static int read_dependencies(struct reader *r, int wit, cordon_error **err)
{
    cleanup_fd int deps = -1;
    if (faccessat(wit, "deps", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return 0;
    int rc = open_proper(wit, "deps", "wit/deps", S_IFDIR, &deps, err);
    return rc < 0 ? rc : for_each(r, deps, "wit/deps", add_dependency, err);
}

static int read_wit(struct reader *r, int wit, cordon_error **err)
{
    int rc = for_each(r, wit, "wit", add_main, err);
    if (rc < 0)
        return rc;
    if (r->n == 0) {
        err_set(err, CORDON_E_BUILD_FAILED, "wit", "wit/ holds no file of WIT (*.wit)");
        return err_hint(err, "Put the skill's world there, or remove the folder to build for the skill world.");
    }
    return read_dependencies(r, wit, err);
}

static int read_folder(struct reader *r, int folder, bool *ret_is_own, cordon_error **err)
{
    cleanup_fd int wit = -1;
    if (faccessat(folder, "wit", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
        *ret_is_own = false;
        return add_text(r, "", "boternity-skill.wit", skill_world, sizeof skill_world - 1, err);
    }
    *ret_is_own = true;
    int rc = open_proper(folder, "wit", "wit", S_IFDIR, &wit, err);
    return rc < 0 ? rc : read_wit(r, wit, err);
}

int wit_files_read(const char *dir, struct wit_files *ret, cordon_error **err)
{
    cleanup_fd int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_errno(err, errno, "read the folder", dir);
    cleanup(decref) json_t *files = json_array();
    if (!files)
        return err_nomem(err);
    struct reader r = {.files = files};
    bool is_own = false;
    int rc = read_folder(&r, folder, &is_own, err);
    if (rc < 0)
        return rc;
    char *json = json_dumps(files, JSON_COMPACT);
    if (!json)
        return err_nomem(err);
    *ret = (struct wit_files){.json = json, .len = strlen(json), .is_own = is_own};
    return 0;
}
