/* SPDX-License-Identifier: Apache-2.0
 *
 * HOME/store/DIGEST: the files of a bundle, as they were signed. A folder is there whole or not at all: it is moved in from HOME/staging, and out to there before it is
 * removed. What no row names is swept by whoever writes next.
 */
#include "registry/parts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "base/scratch.h"
#include "bundle/bundle.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { HEX = 2 * REGISTRY_DIGEST };

static void cleanup_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int staging_of(const struct home *h, char **ret, cordon_error **err)
{
    cleanup_fd int fd = -1;
    int r = home_folder(h, "staging", true, &fd, ret, err);
    return r < 0 ? r : 0;
}

int registry_staging(const char *home, char **ret, cordon_error **err)
{
    cleanup(home_finish) struct home h = HOME_NONE;
    cleanup_free char *path = NULL;
    int r = home_make(home, &h, err);
    if (r < 0 || (r = staging_of(&h, &path, err)) < 0 || (r = bundle_sweep(path, err)) < 0)
        return r;
    *ret = take(path);
    return 0;
}

/* ---- in and out ---- */

static int sync_folder(int fd, const char *path, cordon_error **err) { return fsync(fd) < 0 ? err_errno(err, errno, "write", path) : 0; }

/* Out of the store first, so that no half of it is ever found there. */
static void throw_out(struct registry *r, int store, const char *name, const char *staging)
{
    char *path = NULL;
    if (bundle_staging_path(staging, &path, NULL) < 0)
        return;
    if (renameat(store, name, AT_FDCWD, path) < 0) {
        free(path);
        return;
    }
    registry_point(r, "thrown-out");
    scratch_remove(path);
}

static int move_in(const char *path, int store, const char *name, cordon_error **err)
{
    if (renameat2(AT_FDCWD, path, store, name, RENAME_NOREPLACE) == 0)
        return 1;
    return errno == EEXIST || errno == ENOTEMPTY ? 0 : err_errno(err, errno, "move into the store", path);
}

/* What is there is damaged, and what came is the same undamaged. */
static int put_in_place(struct registry *r, const char *path, int store, const char *name, cordon_error **err)
{
    cleanup_free char *staging = NULL;
    int rc = staging_of(&r->home, &staging, err);
    if (rc < 0)
        return rc;
    throw_out(r, store, name, staging);
    return move_in(path, store, name, err);
}

int registry_store_add(struct registry *r, const char *path, const uint8_t digest[REGISTRY_DIGEST], cordon_error **err)
{
    char name[HEX + 1];
    cleanup_fd int store = -1;
    cleanup_free char *store_path = NULL;
    registry_hex(digest, REGISTRY_DIGEST, name);
    int rc = home_folder(&r->home, "store", true, &store, &store_path, err);
    if (rc < 0 || (rc = move_in(path, store, name, err)) < 0 || (rc == 0 && !registry_store_is_whole(r, digest) && (rc = put_in_place(r, path, store, name, err)) < 0))
        return rc;
    rc = sync_folder(store, store_path, err);
    registry_point(r, "stored");
    return rc;
}

int registry_store_open(struct registry *r, const uint8_t digest[REGISTRY_DIGEST], int *ret_fd, char **ret_path, cordon_error **err)
{
    char name[HEX + 1];
    cleanup_fd int store = -1, fd = -1;
    cleanup_free char *store_path = NULL, *path = NULL;
    registry_hex(digest, REGISTRY_DIGEST, name);
    int rc = home_folder(&r->home, "store", false, &store, &store_path, err);
    if (rc <= 0)
        return rc;
    if (asprintf(&path, "%s/%s", store_path, name) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    fd = openat(store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "open", path);
    *ret_fd = take_fd(fd);
    if (ret_path)
        *ret_path = take(path);
    return 1;
}

bool registry_store_is_whole(struct registry *r, const uint8_t digest[REGISTRY_DIGEST])
{
    cleanup_fd int fd = -1;
    cleanup_free char *path = NULL;
    cleanup(bundle_finish) struct bundle b = BUNDLE_NONE;
    return registry_store_open(r, digest, &fd, &path, NULL) > 0 && bundle_read(fd, path, &b, NULL) == 0 && !memcmp(b.digest, digest, REGISTRY_DIGEST);
}

/* ---- sweeping ---- */

static bool is_digest(const char *name)
{
    return strlen(name) == HEX && strspn(name, "0123456789abcdef") == HEX;
}

static void read_digest(const char *name, uint8_t ret[REGISTRY_DIGEST])
{
    for (size_t i = 0; i < REGISTRY_DIGEST; i++) {
        char two[3] = {name[2 * i], name[2 * i + 1], '\0'};
        ret[i] = (uint8_t)strtoul(two, NULL, 16);
    }
}

/* Does a row name it? In doubt, yes. */
static bool is_named(struct registry *r, const char *name)
{
    uint8_t digest[REGISTRY_DIGEST];
    sqlite3_stmt *s = NULL;
    read_digest(name, digest);
    int rc = db_query(&r->db, &s, NULL, "SELECT 1 FROM versions WHERE bundle = ?1 LIMIT 1", "b", digest, sizeof digest);
    if (rc == 0)
        rc = db_step(&r->db, s, NULL);
    db_done(&r->db, s);
    return rc != 0;
}

int registry_store_orphans(struct registry *r, size_t *ret, cordon_error **err)
{
    cleanup_fd int store = -1;
    cleanup_free char *path = NULL;
    size_t n = 0;
    int rc = home_folder(&r->home, "store", false, &store, &path, err);
    int again = rc <= 0 ? -1 : openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup(cleanup_dir) DIR *d = again < 0 ? NULL : fdopendir(again);
    for (struct dirent *e; d && (e = readdir(d));)
        n += is_digest(e->d_name) && !is_named(r, e->d_name);
    if (rc >= 0)
        *ret = n;
    return rc < 0 ? rc : 0;
}

void registry_store_sweep(struct registry *r)
{
    cleanup_fd int store = -1;
    cleanup_free char *path = NULL, *staging = NULL;
    if (staging_of(&r->home, &staging, NULL) < 0 || home_folder(&r->home, "store", false, &store, &path, NULL) <= 0)
        return;
    int again = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup(cleanup_dir) DIR *d = again < 0 ? NULL : fdopendir(again);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_digest(e->d_name) && !is_named(r, e->d_name))
            throw_out(r, store, e->d_name, staging);
    bundle_sweep(staging, NULL);
}
