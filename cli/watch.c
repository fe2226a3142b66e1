/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include "cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

enum { WATCH_FOLDERS_MAX = 8192, DEPTH_MAX = 64, EXCEPTIONS_MAX = 64, QUIET_MS = 100, SETTLE_MS = 2000 };
enum { EVENTS = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_EXCL_UNLINK | IN_ONLYDIR };

/* A folder, or one name in it. Two places may share a descriptor: the kernel has one for each folder. */
struct place {
    int wd;
    char *path;      /* owned */
    char *name;      /* owned: the only name that counts; NULL: all do */
    size_t shown;    /* where in `path` that begins which an author calls the place by */
    unsigned depth;  /* of the folder: 0 is the one that was asked for */
    unsigned id;
    bool project;
};

struct watch {
    int fd;
    bool hit[WATCH_IDS_MAX];
    struct place *places;
    size_t n, room;
    struct { dev_t dev; ino_t ino; char *path; } exceptions[EXCEPTIONS_MAX];
    size_t n_exceptions;
};

static int no_memory(cordon_error **err)
{
    return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

int watch_new(struct watch **ret, cordon_error **err)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(err);
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0) {
        free(w);
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, "inotify", "Each user has so many: /proc/sys/fs/inotify/max_user_instances.", "cannot watch files: %s", strerror(errno));
    }
    *ret = w;
    return 0;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n; i++) {
        free(w->places[i].path);
        free(w->places[i].name);
    }
    for (size_t i = 0; i < w->n_exceptions; i++)
        free(w->exceptions[i].path);
    free(w->places);
    close(w->fd);
    free(w);
}

int watch_fd(const struct watch *w)
{
    return w->fd;
}

/* ---- what does not count ---- */

static bool ends_in(const char *s, const char *ending)
{
    size_t len = strlen(s), n = strlen(ending);
    return len >= n && strcmp(s + len - n, ending) == 0;
}

/* 4913 is how vim asks whether it may write here. */
static bool is_editors(const char *name)
{
    return name[0] == '.' || ends_in(name, "~") || (name[0] == '#' && ends_in(name, "#")) || strcmp(name, "4913") == 0;
}

static bool is_made_folder(const char *name)
{
    static const char *const made[] = {"node_modules", "target", "__pycache__"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (strcmp(name, made[i]) == 0)
            return true;
    return false;
}

/* NAME.wasm, and NAME.wasm.XXXXXX on the way there. */
static bool is_output(const struct place *p, const char *name)
{
    return p->project && p->depth == 0 && (ends_in(name, ".wasm") || strstr(name, ".wasm."));
}

static bool is_excepted(const struct watch *w, const char *path)
{
    struct stat st;
    if (!w->n_exceptions || stat(path, &st) < 0)
        return false;
    for (size_t i = 0; i < w->n_exceptions; i++)
        if (w->exceptions[i].dev == st.st_dev && w->exceptions[i].ino == st.st_ino)
            return true;
    return false;
}

static bool is_tagged(const char *folder)
{
    cleanup_free char *tag = NULL;
    if (asprintf(&tag, "%s/CACHEDIR.TAG", folder) < 0)
        tag = NULL;
    return tag && access(tag, F_OK) == 0;
}

int watch_except(struct watch *w, const char *path, cordon_error **err)
{
    struct stat st;
    cleanup_free char *real = realpath(path, NULL);
    if (!real || stat(real, &st) < 0)
        return 0;
    if (w->n_exceptions == EXCEPTIONS_MAX)
        return cordon_error_set(err, CORDON_E_TOO_LARGE, path, NULL, "more than %d folders are written to", EXCEPTIONS_MAX);
    w->exceptions[w->n_exceptions].dev = st.st_dev;
    w->exceptions[w->n_exceptions].ino = st.st_ino;
    w->exceptions[w->n_exceptions++].path = take(real);
    return 0;
}

/* ---- places ---- */

static int cannot_watch(const char *path, int why, cordon_error **err)
{
    if (why == ENOENT || why == ENOTDIR)
        return cordon_error_set(err, CORDON_E_NOT_FOUND, path, NULL, "there is no folder %.500s", path);
    if (why == ENOSPC)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, path, "Raise it (`sysctl fs.inotify.max_user_watches`), or put a CACHEDIR.TAG into folders that hold what tools make.",
                                "cannot watch %.500s: this user watches as many folders as the system allows", path);
    return cordon_error_set(err, CORDON_E_IO, path, NULL, "cannot watch %.500s: %s", path, strerror(why));
}

static struct place *find_folder(struct watch *w, int wd, unsigned id)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->places[i].wd == wd && w->places[i].id == id && !w->places[i].name)
            return &w->places[i];
    return NULL;
}

static int make_room(struct watch *w, const char *path, cordon_error **err)
{
    if (w->n == WATCH_FOLDERS_MAX)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, path, "Put a CACHEDIR.TAG into folders that hold what tools make.", "more than %d folders are to be watched", WATCH_FOLDERS_MAX);
    if (w->n < w->room)
        return 0;
    size_t room = w->room ? 2 * w->room : 16;
    struct place *places = realloc(w->places, room * sizeof *places);
    if (!places)
        return no_memory(err);
    w->places = places;
    w->room = room;
    return 0;
}

/* Copies path and name. *ret: the place, until the next is added; a folder that is one already stays that. */
static int add_place(struct watch *w, const char *path, const char *name, unsigned id, struct place **ret, cordon_error **err)
{
    int rc = make_room(w, path, err);
    if (rc < 0)
        return rc;
    int wd = inotify_add_watch(w->fd, path, EVENTS);
    if (wd < 0)
        return cannot_watch(path, errno, err);
    if (!name && (*ret = find_folder(w, wd, id)) && strcmp((*ret)->path, path) == 0)
        return 0;
    struct place p = {.wd = wd, .id = id, .path = strdup(path), .name = name ? strdup(name) : NULL};
    if (!p.path || (name && !p.name)) {
        free(p.path);
        free(p.name);
        return no_memory(err);
    }
    w->places[w->n] = p;
    *ret = &w->places[w->n++];
    return 0;
}

static void drop_place(struct watch *w, size_t i)
{
    int wd = w->places[i].wd;
    free(w->places[i].path);
    free(w->places[i].name);
    w->places[i] = w->places[--w->n];
    for (size_t k = 0; k < w->n; k++)
        if (w->places[k].wd == wd)
            return;
    inotify_rm_watch(w->fd, wd);   /* fails where the kernel was first */
}

/* The folder and all beneath it, which are watched as parts of a folder. */
static void drop_tree(struct watch *w, const char *path)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < w->n;) {
        const struct place *p = &w->places[i];
        bool beneath = !p->name && strncmp(p->path, path, len) == 0 && (p->path[len] == '\0' || p->path[len] == '/');
        if (beneath)
            drop_place(w, i);
        else
            i++;
    }
}

/* ---- a tree ---- */

struct tree { struct watch *w; size_t shown; unsigned id; bool project, *found; };

static int add_tree(const struct tree *t, const char *path, unsigned depth, cordon_error **err);

static bool is_folder_entry(const char *path, const struct dirent *e)
{
    struct stat st;
    return e->d_type == DT_DIR || (e->d_type == DT_UNKNOWN && lstat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* A folder that went away meanwhile is told by an event of its own. */
static int add_entry(const struct tree *t, const struct place *p, const char *path, const struct dirent *e, unsigned depth, cordon_error **err)
{
    if (is_editors(e->d_name) || is_output(p, e->d_name))
        return 0;
    if (!is_folder_entry(path, e)) {
        *t->found = true;
        return 0;
    }
    cordon_error *why = NULL;
    int rc = is_made_folder(e->d_name) ? 0 : add_tree(t, path, depth + 1, &why);
    if (rc == -CORDON_E_NOT_FOUND) {
        cordon_error_free(why);
        return 0;
    }
    if (rc < 0)
        *err = why;
    return rc;
}

static int add_entries(const struct tree *t, const char *path, unsigned depth, cordon_error **err)
{
    DIR *d = opendir(path);
    const struct place here = {.depth = depth, .project = t->project};
    int rc = 0;
    for (const struct dirent *e; d && rc == 0 && (e = readdir(d));) {
        cleanup_free char *sub = NULL;
        if (asprintf(&sub, "%s/%s", path, e->d_name) < 0) {
            sub = NULL;
            rc = no_memory(err);
        } else
            rc = add_entry(t, &here, sub, e, depth, err);
    }
    if (d)
        closedir(d);
    return rc;
}

/* Watched first and read then: what comes between is seen twice, not missed. */
static int add_tree(const struct tree *t, const char *path, unsigned depth, cordon_error **err)
{
    if (depth > DEPTH_MAX || (depth && (is_tagged(path) || is_excepted(t->w, path))))
        return 0;
    struct place *p;
    int rc = add_place(t->w, path, NULL, t->id, &p, err);
    if (rc < 0)
        return rc;
    p->shown = t->shown;
    p->depth = depth;
    p->project = t->project;
    return add_entries(t, path, depth, err);
}

static bool is_within(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strcmp(folder, "/") == 0 || (strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/'));
}

int watch_folder(struct watch *w, const char *path, unsigned id, bool project, cordon_error **err)
{
    cleanup_free char *real = realpath(path, NULL);
    bool found = false;
    if (!real)
        return cannot_watch(path, errno, err);
    for (size_t i = 0; i < w->n_exceptions; i++)
        if (is_within(real, w->exceptions[i].path))
            return cordon_error_set(err, CORDON_E_USAGE, path, "Let it write into a folder beneath, or elsewhere.", "what is written to lies around %.500s: every run would be the change that starts the next", path);
    const struct tree t = {w, strlen(real) + 1, id, project, &found};
    return add_tree(&t, real, 0, err);
}

/* ---- a file ---- */

static int add_file(struct watch *w, const char *path, unsigned id, cordon_error **err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    cleanup_free char *folder = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    struct place *p;
    return folder ? add_place(w, folder, name, id, &p, err) : no_memory(err);
}

int watch_file(struct watch *w, const char *path, unsigned id, cordon_error **err)
{
    cleanup_free char *real = realpath(path, NULL);
    int rc = add_file(w, path, id, err);
    return rc == 0 && real ? add_file(w, real, id, err) : rc;
}

/* ---- events ---- */

struct event { uint32_t mask; const char *name; };

/* A file that has one name only is written before it is closed; a link is whole when it is made. */
static bool is_whole(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && (S_ISLNK(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink > 1));
}

static int on_folder(struct watch *w, const struct place *p, const char *path, const struct event *e, bool *ret, cordon_error **err)
{
    bool found = false;
    const struct tree t = {w, p->shown, p->id, p->project, &found};
    unsigned depth = p->depth + 1;
    *ret = e->mask & IN_MOVED_TO && p->project && p->depth == 0;   /* packages that were fetched come so, and a build waits for them */
    if (is_made_folder(e->name))
        return 0;
    if (e->mask & (IN_MOVED_FROM | IN_DELETE)) {
        drop_tree(w, path);
        *ret = true;
        return 0;
    }
    if (!(e->mask & (IN_CREATE | IN_MOVED_TO)))
        return 0;
    cordon_error *why = NULL;
    int rc = add_tree(&t, path, depth, &why);
    *ret |= found;
    if (rc == -CORDON_E_NOT_FOUND) {
        cordon_error_free(why);
        return 0;
    }
    if (rc < 0)
        *err = why;
    return rc;
}

static int on_entry(struct watch *w, size_t i, const struct event *e, char what[WATCH_NAME_MAX], bool *ret, cordon_error **err)
{
    const struct place p = w->places[i];   /* places move when folders come */
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/%s", p.path, e->name) < 0) {
        path = NULL;
        return no_memory(err);
    }
    bool counts = e->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
    int rc = 0;
    if (p.name) {
        counts = strcmp(e->name, p.name) == 0 && (e->mask & (IN_CLOSE_WRITE | IN_MOVED_TO) || (e->mask & IN_CREATE && is_whole(path)));
    } else if (is_editors(e->name) || is_output(&p, e->name)) {
        counts = false;
    } else if (p.depth && strcmp(e->name, "CACHEDIR.TAG") == 0) {
        cleanup_free char *folder = strdup(p.path);
        if (folder && e->mask & (IN_CREATE | IN_MOVED_TO))
            drop_tree(w, folder);
        counts = false;
    } else if (e->mask & IN_ISDIR) {
        counts = false;
        rc = on_folder(w, &p, path, e, &counts, err);
    } else {
        counts |= e->mask & IN_CREATE && is_whole(path);
    }
    if (rc == 0 && counts && (!*ret || e->mask & IN_MOVED_TO))   /* what a temporary file became is what the author knows */
        snprintf(what, WATCH_NAME_MAX, "%s", p.name ? p.name : path + p.shown);
    *ret |= counts;
    w->hit[p.id] |= counts;
    return rc;
}

static bool is_root(const struct place *p)
{
    return p->name || p->depth == 0;
}

/* The folder itself: gone, or given up by the kernel. */
static int on_self(struct watch *w, size_t i, uint32_t mask, cordon_error **err)
{
    const struct place *p = &w->places[i];
    if (!(mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)))
        return 0;
    if (is_root(p))
        return cordon_error_set(err, CORDON_E_NOT_FOUND, p->path, NULL, "%.500s is no longer there", p->path);
    if (mask & (IN_DELETE_SELF | IN_IGNORED | IN_UNMOUNT))
        drop_place(w, i);
    return 0;
}

/* Events were lost, and with them perhaps new folders. */
static int on_overflow(struct watch *w, char what[WATCH_NAME_MAX], bool *ret, cordon_error **err)
{
    int rc = 0;
    bool found;
    for (size_t i = 0, n = w->n; rc == 0 && i < n; i++) {
        const struct place p = w->places[i];
        const struct tree t = {w, p.shown, p.id, p.project, &found};
        rc = !p.name && p.depth == 0 ? add_tree(&t, p.path, 0, err) : 0;
    }
    if (!*ret)
        snprintf(what, WATCH_NAME_MAX, "many files");
    *ret = true;
    memset(w->hit, true, sizeof w->hit);
    return rc;
}

/* Every place that the event is of. One that is dropped is replaced by the last: going down, each is seen. */
static int on_event(struct watch *w, const struct inotify_event *in, char what[WATCH_NAME_MAX], bool *ret, cordon_error **err)
{
    if (in->mask & IN_Q_OVERFLOW)
        return on_overflow(w, what, ret, err);
    const struct event e = {in->mask, in->len ? in->name : NULL};
    int rc = 0;
    for (size_t i = w->n; rc == 0 && i-- > 0;)
        if (i < w->n && w->places[i].wd == in->wd)
            rc = e.name ? on_entry(w, i, &e, what, ret, err) : on_self(w, i, e.mask, err);
    return rc;
}

/* `*ret`: something has counted before, and `what` names it. */
static int read_events(struct watch *w, char what[WATCH_NAME_MAX], bool *ret, cordon_error **err)
{
    char buf[16384] __attribute__((aligned(8)));
    for (;;) {
        ssize_t n = read(w->fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            return cordon_error_set(err, CORDON_E_IO, "inotify", NULL, "cannot watch files: %s", strerror(errno));
        if (n <= 0)
            return 0;
        for (const char *at = buf; at < buf + n; at += sizeof(struct inotify_event) + ((const struct inotify_event *)at)->len) {
            int rc = on_event(w, (const struct inotify_event *)at, what, ret, err);
            if (rc < 0)
                return rc;
        }
    }
}

int watch_read(struct watch *w, char what[WATCH_NAME_MAX], cordon_error **err)
{
    bool counts = false;
    int rc = read_events(w, what, &counts, err);
    return rc < 0 ? rc : counts;
}

bool watch_take(struct watch *w, unsigned id)
{
    bool hit = w->hit[id];
    w->hit[id] = false;
    return hit;
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int watch_settle(struct watch *w, char what[WATCH_NAME_MAX], cordon_error **err)
{
    long end = now_ms() + SETTLE_MS, quiet = now_ms() + QUIET_MS;
    for (long now; (now = now_ms()) < end && now < quiet;) {
        struct pollfd p = {w->fd, POLLIN, 0};
        if (poll(&p, 1, (int)(quiet - now)) <= 0)
            continue;
        bool counts = true;
        int rc = read_events(w, what, &counts, err);
        if (rc < 0)
            return rc;
        quiet = now_ms() + QUIET_MS;
    }
    return 0;
}
