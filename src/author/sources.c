/* SPDX-License-Identifier: Apache-2.0 */
#include "author/sources.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_c(const struct dirent *e)
{
    size_t len = strlen(e->d_name);
    return len > 2 && e->d_name[0] != '.' && strcmp(e->d_name + len - 2, ".c") == 0;
}

/* The order of bytes, whatever the locale: the same sources give the same component. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int check_file(const char *path, cordon_error **err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return err_errno(err, errno, "read", path);
    if (S_ISREG(st.st_mode))
        return 0;
    err_set(err, CORDON_E_BUILD_FAILED, path, "%s is not a regular file", path);
    return err_hint(err, "Every *.c in the folder is compiled: move this one out of it, or give it another name.");
}

static int add_path(struct sources *s, const char *file, cordon_error **err)
{
    if (asprintf(&s->paths[s->n], "%s/%s", s->dir, file) < 0)
        return err_nomem(err);
    return check_file(s->paths[s->n++], err);
}

static int add_paths(struct sources *s, struct dirent *const *entries, int n, cordon_error **err)
{
    if (n == 0) {
        err_set(err, CORDON_E_NOT_FOUND, s->dir, "%s holds no C source (*.c)", s->dir);
        return err_hint(err, "Name the folder that holds the skill's source; docs/guests/c.md shows a whole skill.");
    }
    if (n > SOURCES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, s->dir, "%s holds %d C sources (ceiling %d)", s->dir, n, SOURCES_MAX);
    if (!(s->paths = calloc((size_t)n, sizeof *s->paths)))
        return err_nomem(err);
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = add_path(s, entries[i]->d_name, err);
    return rc;
}

static int read_folder(struct sources *s, cordon_error **err)
{
    struct dirent **entries;
    int n = scandir(s->dir, &entries, is_c, by_name);
    if (n < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, CORDON_E_NOT_FOUND, s->dir, errno == ENOENT ? "there is no folder %s" : "%s is not a folder", s->dir);
    if (n < 0)
        return err_errno(err, errno, "read the folder", s->dir);
    int rc = add_paths(s, entries, n, err);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    return rc;
}

bool sources_any(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    bool found = false;
    for (struct dirent *e; d && !found && (e = readdir(d));)
        found = is_c(e);
    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
    return found;
}

int sources_list(const char *dir, struct sources *ret, cordon_error **err)
{
    *ret = (struct sources){.dir = strdup(dir)};
    int rc = ret->dir ? read_folder(ret, err) : err_nomem(err);
    if (rc < 0)
        sources_finish(ret);
    return rc;
}

void sources_finish(struct sources *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->paths[i]);
    free(s->paths);
    free(s->dir);
    *s = (struct sources){0};
}
