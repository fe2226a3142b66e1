/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of the cache that somebody changed is no entry. `r`: the file is the rest, as it is. `t`: an entry, shortened by as many bytes as the next byte says. Else an entry
 * with changes in its trailer or before it (patch.h, twice). Then the entry's meta up to a newline, and its code.
 */
#include "patch.h"

#include "code/cache_parts.h"
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRAILER = 104 };

static const uint8_t key[CACHE_KEY_LEN] = {0xAB, 0xCD};
static char folder[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* One for the life of the process. */
static struct cache *the_cache(void)
{
    static struct cache *cache;
    if (!cache) {
        strcpy(folder, "/tmp/cordon-fuzz-XXXXXX");
        HOLDS(mkdtemp(folder) && cache_open(folder, &cache, NULL) == 0);
        atexit(remove_folder);
    }
    return cache;
}

static int open_entry(struct cache *c, int flags)
{
    char name[CACHE_NAME_MAX];
    cache_name(key, CACHE_CODE, name);
    return openat(c->code_fd, name, flags, 0600);
}

/* NULL: there is none, and no file is left of it. */
static char *read_meta(struct cache *c)
{
    int fd = -1;
    char *meta = NULL;
    uint64_t len = 0;
    int rc = cache_file_read(c, key, CACHE_CODE, &fd, &meta, &len, NULL);
    HOLDS(rc == 0 || rc == 1);
    if (rc) {
        close(fd);
        return meta;
    }
    HOLDS(!meta && fd < 0 && open_entry(c, O_RDONLY) < 0);
    return NULL;
}

static void check_raw(struct cache *c, struct feed *f)
{
    int none = file_of("", 0);
    HOLDS(cache_file_write(c, key, CACHE_CODE, "", none, 0, NULL, NULL) == 0); /* makes the folder */
    close(none);
    int fd = open_entry(c, O_WRONLY | O_TRUNC);
    HOLDS(fd >= 0 && write(fd, f->at, f->left) == (ssize_t)f->left);
    close(fd);
    HOLDS(!read_meta(c));
}

static void put(struct cache *c, const char *meta, const char *code, size_t len)
{
    int fd = file_of(code, len);
    HOLDS(cache_file_write(c, key, CACHE_CODE, meta, fd, len, NULL, NULL) == 0);
    close(fd);
    char *found = read_meta(c);
    HOLDS(found && strcmp(found, meta) == 0);
    free(found);
}

/* Changes the entry's file; says whether it now is another. */
static bool change(struct cache *c, struct feed changes, bool shorten)
{
    size_t before_len, after_len;
    int fd = open_entry(c, O_RDWR);
    char *before = read_whole(fd, &before_len);
    if (shorten) {
        size_t by = feed_byte(&changes);
        HOLDS(ftruncate(fd, (off_t)(by < before_len ? before_len - by : 0)) == 0);
    } else {
        patch_file(&changes, fd, before_len - TRAILER, TRAILER);
        if (before_len > TRAILER)
            patch_file(&changes, fd, 0, before_len - TRAILER);
    }
    char *after = read_whole(fd, &after_len);
    bool differs = after_len != before_len || memcmp(before, after, after_len) != 0;
    free(before);
    free(after);
    close(fd);
    return differs;
}

static void check_changed(struct cache *c, struct feed *f, bool shorten)
{
    struct feed changes = *f;
    if (shorten)
        feed_byte(f);
    for (int i = shorten ? 2 : 0; i < 2; i++)
        for (unsigned n = feed_byte(f) % 8; n > 0; n--)
            feed_byte(f), feed_byte(f);
    size_t len;
    char *meta = feed_line(f, NULL), *code = feed_rest(f, &len);
    put(c, meta, code, len);
    bool differs = change(c, changes, shorten);
    char *found = read_meta(c);
    HOLDS(!found == differs);
    free(found);
    free(meta);
    free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cache *c = the_cache();
    struct feed f = {data, size};
    uint8_t how = feed_byte(&f);
    if (how == 'r')
        check_raw(c, &f);
    else
        check_changed(c, &f, how == 't');
    return 0;
}
