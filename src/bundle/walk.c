/* SPDX-License-Identifier: Apache-2.0
 *
 * Name by name, none of them followed: what is opened lies beneath the folder, whoever moves what meanwhile.
 */
#include "bundle/walk.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int walk_open(const char *source, int *ret_fd, cordon_error **err)
{
    int fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, CORDON_E_NOT_FOUND, source, "there is no folder %s", source);
    if (fd < 0)
        return err_errno(err, errno, "open", source);
    *ret_fd = fd;
    return 0;
}

struct walk {
    struct draft *d;
    const char *what;
    bool as_kept;
    unsigned folders;
};

static void cleanup_folder(DIR **d) { if (*d) closedir(*d); }

/* Whoever can write it is its author too. Root is not asked. */
static void look_whose(struct walk *w, const struct stat *st)
{
    w->d->b.by_others |= (st->st_uid != geteuid() && st->st_uid != 0) || (st->st_mode & 022);
}

static int refuse_kind(const struct walk *w, const char *path, mode_t mode, cordon_error **err)
{
    err_set(err, w->d->refusal, path, "%s/%s is a %s", w->what, path,
            S_ISLNK(mode) ? "symbolic link" : S_ISFIFO(mode) ? "FIFO" : S_ISSOCK(mode) ? "socket" : "device");
    return err_hint(err, "A skill is made of regular files: put a copy there, or nothing.");
}

static int take_file(struct walk *w, int at, const char *name, const char *path, cordon_error **err)
{
    cleanup(sink_finish) struct sink s = SINK_NONE;
    struct stat st;
    cleanup_fd int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    if (!S_ISREG(st.st_mode))
        return refuse_kind(w, path, st.st_mode, err);
    look_whose(w, &st);
    int r = draft_open(w->d, path, strlen(path), st.st_mode & S_IXUSR, !w->as_kept, &s, err);
    if (r <= 0)
        return r;
    r = draft_copy(w->d, &s, fd, err);
    return r < 0 ? r : draft_close(w->d, &s, err);
}

static int walk(struct walk *w, int folder, const char *path, cordon_error **err);

static int take_folder(struct walk *w, int at, const char *name, const char *path, cordon_error **err)
{
    size_t before = w->d->b.n;
    if (++w->folders > BUNDLE_FILES_MAX)   /* empty ones too */
        return err_set(err, CORDON_E_TOO_LARGE, w->what, "there are more than %d folders in %s", BUNDLE_FILES_MAX, w->what);
    struct stat st;
    cleanup_fd int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "open", path);
    look_whose(w, &st);
    int r = path_check(path, strlen(path), w->d->refusal, err); /* before what is beneath it: a path that is too deep ends here */
    if (r < 0 || (r = walk(w, fd, path, err)) < 0)
        return r;
    return w->as_kept && w->d->b.n == before ? err_set(err, w->d->refusal, path, "%s/%s is a folder without files", w->what, path) : 0;
}

static int take_name(struct walk *w, int at, const char *name, const char *path, cordon_error **err)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "look at", path);
    if (S_ISDIR(st.st_mode))
        return take_folder(w, at, name, path, err);
    return S_ISREG(st.st_mode) ? take_file(w, at, name, path, err) : refuse_kind(w, path, st.st_mode, err);
}

static int take_entry(struct walk *w, int folder, const char *above, const char *name, cordon_error **err)
{
    cleanup_free char *path = NULL;
    if (!w->as_kept && path_name_is_left_out(name)) {
        w->d->b.left_out++;
        return 0;
    }
    if (asprintf(&path, "%s%s%s", above, *above ? "/" : "", name) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    return take_name(w, folder, name, path, err);
}

static int walk(struct walk *w, int folder, const char *path, cordon_error **err)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    cleanup(cleanup_folder) DIR *d = again < 0 ? NULL : fdopendir(again);
    if (!d) {
        r = err_errno(err, errno, "list", w->what);
        if (again >= 0)
            close(again);
        return r;
    }
    errno = 0;
    for (struct dirent *e; r >= 0 && (e = readdir(d)); errno = 0)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            r = take_entry(w, dirfd(d), path, e->d_name, err);
    return r >= 0 && errno ? err_errno(err, errno, "list", w->what) : r;
}

int walk_folder(struct draft *d, int folder, const char *what, bool as_kept, cordon_error **err)
{
    struct walk w = {.d = d, .what = what, .as_kept = as_kept};
    return walk(&w, folder, "", err);
}
