/* SPDX-License-Identifier: Apache-2.0 */
#include "stale.h"

#include "cleanup.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 16, ENTRIES_MAX = 20000 };

struct look { struct timespec than; size_t seen; char *ret; };

static bool ends_in(const char *s, const char *ending)
{
    size_t len = strlen(s), n = strlen(ending);
    return len > n && strcmp(s + len - n, ending) == 0;
}

/* What a build is made from, in the languages of `cordon new`. */
static bool is_source(const char *name)
{
    static const char *const endings[] = {".c", ".h", ".wit", ".rs", ".js", ".mjs", ".ts", ".py", ".lock"};
    static const char *const names[] = {"Cargo.toml", "package.json", "package-lock.json", "pyproject.toml", "requirements.txt"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(name, endings[i]))
            return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Others' packages, what tools made, and the cases of a test are no source of the component. */
static bool is_other(int folder, const char *name)
{
    static const char *const others[] = {"node_modules", "target", "__pycache__", "tests"};
    char tag[NAME_MAX + sizeof "/CACHEDIR.TAG"];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0)
            return true;
    snprintf(tag, sizeof tag, "%s/CACHEDIR.TAG", name);
    return faccessat(folder, tag, F_OK, 0) == 0;
}

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool look_in(struct look *l, int folder, const char *path, unsigned depth);

static bool look_at(struct look *l, int folder, const char *path, const char *name, unsigned depth)
{
    char here[STALE_NAME_MAX];
    struct stat st;
    if (name[0] == '.' || ++l->seen > ENTRIES_MAX || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    snprintf(here, sizeof here, "%s%s%s", path, *path ? "/" : "", name);
    if (S_ISDIR(st.st_mode))
        return depth < DEPTH_MAX && !is_other(folder, name) && look_in(l, openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), here, depth + 1);
    if (!S_ISREG(st.st_mode) || !is_source(name) || !is_newer(&st.st_mtim, &l->than))
        return false;
    snprintf(l->ret, STALE_NAME_MAX, "%s", here);
    return true;
}

/* Takes the descriptor, which may be -1. */
static bool look_in(struct look *l, int folder, const char *path, unsigned depth)
{
    DIR *d = folder < 0 ? NULL : fdopendir(folder);
    bool found = false;
    if (!d && folder >= 0)
        close(folder);
    for (const struct dirent *e; d && !found && (e = readdir(d));)
        found = look_at(l, dirfd(d), path, e->d_name, depth);
    if (d)
        closedir(d);
    return found;
}

bool stale_source(const char *folder, char ret[STALE_NAME_MAX])
{
    cleanup_free char *real = realpath(folder, NULL), *made = NULL;
    struct stat st;
    if (!real || asprintf(&made, "%s/%s.wasm", real, strrchr(real, '/') + 1) < 0) {
        made = NULL;
        return false;
    }
    struct look l = {.ret = ret};
    if (stat(made, &st) < 0)
        return false;
    l.than = st.st_mtim;
    return look_in(&l, open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", 0);
}
