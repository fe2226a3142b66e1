/* SPDX-License-Identifier: Apache-2.0
 * What a project needs of others: fetched by its language's own package manager, by lock files that have been checked, into a folder of the project.
 *
 * This is the one step with a network, and it runs nothing of the project: the package manager works in a new folder that holds the lock files alone. What it made is put in its place
 * whole, with the digest of the lock files, by which a build sees that it is what they say; and with the tag of a cache (bford.info/cachedir), by which backups and watchers leave it out.
 */
#include "author/lang.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_MAX = 4 << 20, HEX = 2 * crypto_hash_sha256_BYTES + 1, SHOWN_MAX = 400, SAID_MAX = 256 << 10 };
#define STAMP ".cordon-lock"
#define TAG "CACHEDIR.TAG"
static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n# What `cordon build --fetch` fetched. It can be fetched again.\n";

/* ---- lock files ---- */

struct lock { char *text; size_t len; };

static void lock_finish(struct lock *l) { free(l->text); }

static int path_in(const char *folder, const char *name, char **ret, cordon_error **err)
{
    if (asprintf(ret, "%s/%s", folder, name) >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

static int read_lock(const struct build *b, const char *name, struct lock *ret, cordon_error **err)
{
    cleanup_free char *path = NULL;
    struct stat st;
    int rc = path_in(b->dir, name, &path, err);
    if (rc < 0)
        return rc;
    cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        err_set(err, CORDON_E_NOT_FOUND, name, "there is no %s in %s", name, b->dir);
        return err_hint(err, "It pins what the project needs, by hash. `cordon new --lang %s` makes a project with one.", b->lang->name);
    }
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_BAD_MANIFEST, name, "%s is not a regular file", path);
    if (st.st_size > LOCK_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, name, "%s has %lld bytes (ceiling %d)", path, (long long)st.st_size, LOCK_MAX);
    if (!(ret->text = malloc((size_t)st.st_size + 1)))
        return err_nomem(err);
    ssize_t n = pread(fd, ret->text, (size_t)st.st_size, 0);
    if (n != st.st_size)
        return err_errno(err, n < 0 ? errno : EIO, "read", path);
    ret->len = (size_t)n;
    ret->text[n] = '\0';
    return 0;
}

/* The digest of all of them, with their names. */
static void add_lock(crypto_hash_sha256_state *sha, const char *name, const struct lock *l)
{
    uint64_t len = l->len;
    crypto_hash_sha256_update(sha, (const uint8_t *)name, strlen(name) + 1);
    crypto_hash_sha256_update(sha, (const uint8_t *)&len, sizeof len);
    crypto_hash_sha256_update(sha, (const uint8_t *)l->text, l->len);
}

static void finish_digest(crypto_hash_sha256_state *sha, char ret[HEX])
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(sha, digest);
    sodium_bin2hex(ret, HEX, digest, sizeof digest);
}

/* Reads and checks each; `folder`: copies it there too. */
static int take_locks(const struct build *b, const char *folder, json_t *items, char ret_digest[HEX], cordon_error **err)
{
    crypto_hash_sha256_state sha;
    crypto_hash_sha256_init(&sha);
    for (const char *const *name = b->lang->locks; *name; name++) {
        cleanup(lock_finish) struct lock lock = {0};
        int rc = read_lock(b, *name, &lock, err);
        if (rc < 0 || (items && (rc = b->lang->check(*name, lock.text, lock.len, items, err)) < 0) ||
            (folder && (rc = scratch_write(folder, *name, lock.text, lock.len, err)) < 0))
            return rc;
        add_lock(&sha, *name, &lock);
    }
    finish_digest(&sha, ret_digest);
    return 0;
}

/* ---- what is there ---- */

static bool has_stamp(const char *packages, const char digest[HEX])
{
    char there[HEX] = {0};
    cleanup_free char *path = NULL;
    if (path_in(packages, STAMP, &path, NULL) < 0)
        return false;
    cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && read(fd, there, sizeof there) == HEX - 1 && memcmp(there, digest, HEX - 1) == 0;
}

static int find_packages(const struct build *b, char **ret, cordon_error **err)
{
    const char *of = b->want->packages_of;
    return path_in(of ? of : b->dir, b->lang->packages, ret, err);
}

/* A copy that is built to be installed is no folder that anybody knows. */
static int not_fetched(const struct build *b, const char *packages, cordon_error **err)
{
    const char *of = b->want->packages_of ? b->want->packages_of : b->want->keep ? b->want->dir : NULL;
    const char *shown = of ? packages : b->lang->packages;
    if (access(packages, F_OK) == 0)
        err_set(err, CORDON_E_MISSING_TOOL, b->lang->packages, "what lies in %s is not what the lock files of the project say", shown);
    else
        err_set(err, CORDON_E_MISSING_TOOL, b->lang->packages, "what the project needs to be built has not been fetched: there is no %s", shown);
    return of ? err_hint(err, "cordon build --fetch %s", of)
              : err_hint(err, "Add --fetch: it fetches what the lock files of the project name, by hash. Or install it as it is, without --build.");
}

int fetch_check(struct build *b, cordon_error **err)
{
    char digest[HEX];
    cleanup_free char *packages = NULL;
    if (!b->lang->packages)
        return 0;
    int rc = take_locks(b, NULL, NULL, digest, err);
    if (rc < 0 || (rc = find_packages(b, &packages, err)) < 0)
        return rc;
    if (has_stamp(packages, digest)) {
        b->packages = realpath(packages, NULL);
        return b->packages ? 0 : err_errno(err, errno, "open", packages);
    }
    return not_fetched(b, packages, err);
}

/* ---- fetching ---- */

/* Its names are a stranger's. */
static void add_item(struct buf *b, const json_t *one)
{
    const char *name = json_string_value(json_object_get(one, "name")), *version = json_string_value(json_object_get(one, "version"));
    buf_adds(b, "  ");
    text_escape(b, name, strlen(name), false);
    buf_addc(b, ' ');
    text_escape(b, version, strlen(version), false);
    buf_addc(b, '\n');
}

static void say_items(const struct build *b, const json_t *items)
{
    cleanup(buf_finish) struct buf text;
    const json_t *one;
    size_t i;
    buf_init(&text, SAID_MAX);
    json_array_foreach(items, i, one) {
        if (i < SHOWN_MAX)
            add_item(&text, one);
    }
    if (b->want->log_fd < 0 || !text.data)
        return;
    dprintf(b->want->log_fd, "fetching %zu packages, each by its hash:\n%s", json_array_size(items), text.data);
    if (i > SHOWN_MAX)
        dprintf(b->want->log_fd, "  and %zu more\n", i - SHOWN_MAX);
}

/* The folder that was there goes only when the new one can take its place. */
static int put_in_place(const struct build *b, const char *made, const char *folder, cordon_error **err)
{
    cleanup_free char *place = NULL, *before = NULL;
    int rc = path_in(b->dir, b->lang->packages, &place, err);
    if (rc < 0 || (rc = path_in(folder, "before", &before, err)) < 0)
        return rc;
    if (rename(place, before) < 0 && errno != ENOENT)
        return err_errno(err, errno, "move away", place);
    return rename(made, place) < 0 ? err_errno(err, errno, "make", place) : 0;
}

static int fetch_in(struct build *b, const char *folder, json_t *items, cordon_error **err)
{
    char digest[HEX];
    cleanup_free char *made = NULL;
    int rc = take_locks(b, folder, items, digest, err);
    if (rc < 0)
        return rc;
    say_items(b, items);
    if ((rc = b->lang->fetch(b, folder, err)) < 0 || (rc = path_in(folder, b->lang->packages, &made, err)) < 0 ||
        (rc = scratch_write(made, TAG, tag, sizeof tag - 1, err)) < 0 || (rc = scratch_write(made, STAMP, digest, HEX - 1, err)) < 0)
        return rc;
    return put_in_place(b, made, folder, err);
}

/* Beside its place, so that it can be renamed there. */
static int fetch_now(struct build *b, json_t *items, cordon_error **err)
{
    char *folder = NULL;
    if (asprintf(&folder, "%s/.cordon-fetch-XXXXXX", b->dir) < 0)
        return err_nomem(err);
    if (!mkdtemp(folder)) {
        int rc = err_errno(err, errno, "make a folder in", b->dir);
        free(folder);
        return rc;
    }
    int rc = fetch_in(b, folder, items, err);
    scratch_remove(folder);
    return rc;
}

int fetch_run(struct build *b, json_t **ret_items, bool *ret_fresh, cordon_error **err)
{
    char digest[HEX];
    cleanup_free char *packages = NULL;
    json_t *items = json_array();
    *ret_fresh = false;
    int rc = items ? 0 : err_nomem(err);
    if (rc == 0 && b->lang->packages) {
        if ((rc = take_locks(b, NULL, items, digest, err)) == 0 && (rc = path_in(b->dir, b->lang->packages, &packages, err)) == 0 && !has_stamp(packages, digest)) {
            json_array_clear(items);
            *ret_fresh = true;
            rc = fetch_now(b, items, err);
        }
    }
    if (rc < 0)
        json_decref(items);
    else
        *ret_items = items;
    return rc;
}
