/* SPDX-License-Identifier: Apache-2.0
 * Keeping the cache within its size. Other processes may read, write and trim the same folder meanwhile: a file that is gone is no error. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cache_parts.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { FILES_MAX = 1 << 20, HEX = 2 * CACHE_KEY_LEN };

struct found {
    char name[CACHE_NAME_MAX];
    time_t used;
    uint64_t bytes;
};

struct list {
    struct found *at;
    size_t n, cap;
    uint64_t bytes;
};

static void cleanup_list(struct list *l) { free(l->at); }
static void cleanup_dir(DIR **d) { if (*d) closedir(*d); }

/* A second opening of the folder, so that its position is nobody else's. */
static DIR *open_dir(int at, const char *name)
{
    cleanup_fd int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d)
        (void)take_fd(fd);
    return d;
}

static bool is_hex(const char *s, size_t n)
{
    return strspn(s, "0123456789abcdef") == n;
}

static bool is_file_name(const char *s)
{
    return is_hex(s, HEX) && (!s[HEX] || !strcmp(s + HEX, ".no") || !strcmp(s + HEX, ".is"));
}

static int add(struct list *l, const char *folder, const char *name, const struct stat *st, cordon_error **err)
{
    if (l->n == FILES_MAX)
        return 0;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        struct found *at = reallocarray(l->at, cap, sizeof *at);
        if (!at)
            return err_nomem(err);
        l->at = at;
        l->cap = cap;
    }
    struct found *f = &l->at[l->n++];
    snprintf(f->name, sizeof f->name, "%.2s/%.67s", folder, name);
    f->used = st->st_mtime;
    f->bytes = (uint64_t)st->st_blocks * 512;
    l->bytes += f->bytes;
    return 0;
}

static int scan_subfolder(struct cache *c, const char *folder, struct list *l, cordon_error **err)
{
    cleanup(cleanup_dir) DIR *d = open_dir(c->code_fd, folder);
    struct dirent *e;
    struct stat st;
    int r = d ? 0 : err_errno(err, errno, "read", "a folder of the cache");
    while (d && r >= 0 && (e = readdir(d)))
        if (is_file_name(e->d_name) && !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
            r = add(l, folder, e->d_name, &st, err);
    return r;
}

/* What a killed process left half written. */
static void sweep(struct cache *c, const char *name)
{
    struct stat st;
    if (!fstatat(c->code_fd, name, &st, AT_SYMLINK_NOFOLLOW) && time(NULL) - st.st_mtime > CACHE_TEMP_AGE_S)
        unlinkat(c->code_fd, name, 0);
}

static int scan(struct cache *c, struct list *l, cordon_error **err)
{
    cleanup(cleanup_dir) DIR *d = open_dir(c->code_fd, ".");
    struct dirent *e;
    int r = d ? 0 : err_errno(err, errno, "read", "the cache");
    while (d && r >= 0 && (e = readdir(d))) {
        if (!strncmp(e->d_name, "tmp-", 4))
            sweep(c, e->d_name);
        else if (is_hex(e->d_name, 2) && !e->d_name[2])
            r = scan_subfolder(c, e->d_name, l, err);
    }
    return r;
}

static int by_use(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->used > y->used) - (x->used < y->used);
}

int cache_trim(struct cache *c, uint64_t max_bytes, cordon_error **err)
{
    cleanup(cleanup_list) struct list l = {0};
    int r = scan(c, &l, err);
    if (r < 0 || !l.n || l.bytes <= max_bytes)
        return r;
    qsort(l.at, l.n, sizeof *l.at, by_use);
    for (size_t i = 0; i < l.n && l.bytes > max_bytes; i++) {
        if (unlinkat(c->code_fd, l.at[i].name, 0) < 0 && errno != ENOENT)
            return err_errno(err, errno, "remove", l.at[i].name);
        l.bytes -= l.at[i].bytes;
    }
    return 0;
}
