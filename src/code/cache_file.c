/* SPDX-License-Identifier: Apache-2.0
 * One file of the cache: written whole, read whole, its tag checked; and the key of the tags. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cache_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { VERSION = 2, SECRET_LEN = 32, SECRET_TRIES = 4, TOUCH_AFTER_S = 3600, COPY = 2 << 20 };
enum { KEY_GMAC = 1, KEY_TAG = 2, KEY_LEAF = 3 };   /* what libsodium derives them by */

static const uint8_t magic[8] = {'c', 'o', 'r', 'd', 'o', 'n', 'c', '1'};

void cache_name(const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, char ret[CACHE_NAME_MAX])
{
    static const char *const endings[] = {[CACHE_CODE] = "", [CACHE_REFUSAL] = ".no", [CACHE_KNOWN] = ".is"};
    char hex[2 * CACHE_KEY_LEN + 1];
    sodium_bin2hex(hex, sizeof hex, key, CACHE_KEY_LEN);
    snprintf(ret, CACHE_NAME_MAX, "%.2s/%s%s", hex, hex, endings[kind]);
}

void cache_temp_name(char ret[CACHE_TEMP_MAX])
{
    uint8_t random[16];
    char hex[2 * sizeof random + 1];
    randombytes_buf(random, sizeof random);
    snprintf(ret, CACHE_TEMP_MAX, "tmp-%s", sodium_bin2hex(hex, sizeof hex, random, sizeof random));
}

static int write_all(int fd, const void *data, size_t len, cordon_error **err)
{
    for (const char *p = data; len;) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "write", "the cache");
        p += n < 0 ? 0 : n;
        len -= n < 0 ? 0 : (size_t)n;
    }
    return 0;
}

/* Reads exactly `len` bytes, or fails with errno (ENODATA: there are fewer). */
static int pread_all(int fd, void *data, size_t len, uint64_t at)
{
    for (char *p = data; len;) {
        ssize_t n = pread(fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n ? errno : ENODATA;
            return -1;
        }
        p += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return 0;
}

static bool is_ours_alone(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 077);
}

/* ---- the key ---- */

/* 1: read; 0: none there, or not whole (then removed: nothing can be checked with it). */
static int secret_read(struct cache *c, const char *dir, uint8_t secret[SECRET_LEN], cordon_error **err)
{
    struct stat st;
    cleanup_fd int fd = openat(c->dir_fd, "key", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && errno != ELOOP && errno != EACCES)
        return err_errno(err, errno, "open", "the cache's key");
    if (fd >= 0 && fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", "the cache's key");
    if (fd < 0 || !is_ours_alone(&st)) {   /* others may have read it: only a new one will do, and that is the owner's decision */
        int r = err_set(err, CORDON_E_UNSAFE_PATH, dir, "the file `key` in %s is not a file that is ours alone", dir);
        err_hint(err, "Remove `key` and `code-v1` there; both are made anew.");
        return r;
    }
    if (st.st_size == SECRET_LEN && !pread_all(fd, secret, SECRET_LEN, 0))
        return 1;
    unlinkat(c->dir_fd, "key", 0);
    return 0;
}

/* Complete before it has its name: of several processes one wins, the others take its key. */
static int secret_make(struct cache *c, cordon_error **err)
{
    uint8_t secret[SECRET_LEN];
    char temp[CACHE_TEMP_MAX];
    cache_temp_name(temp);
    cleanup_fd int fd = openat(c->code_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, errno, "make", "the cache's key");
    randombytes_buf(secret, sizeof secret);
    int r = write_all(fd, secret, sizeof secret, err);
    sodium_memzero(secret, sizeof secret);
    if (r >= 0 && (fsync(fd) < 0 || (linkat(c->code_fd, temp, c->dir_fd, "key", 0) < 0 && errno != EEXIST)))
        r = err_errno(err, errno, "make", "the cache's key");
    unlinkat(c->code_fd, temp, 0);
    return r;
}

static void secret_use(struct cache_secret *s, const uint8_t secret[SECRET_LEN])
{
    uint8_t gcm[crypto_aead_aes256gcm_KEYBYTES];
    crypto_kdf_derive_from_key(s->blake, sizeof s->blake, KEY_TAG, "cordcach", secret);
    crypto_kdf_derive_from_key(s->leaf_blake, sizeof s->leaf_blake, KEY_LEAF, "cordcach", secret);
    if ((s->has_gcm = crypto_aead_aes256gcm_is_available())) {
        crypto_kdf_derive_from_key(gcm, sizeof gcm, KEY_GMAC, "cordcach", secret);
        crypto_aead_aes256gcm_beforenm(&s->gcm, gcm);
        sodium_memzero(gcm, sizeof gcm);
    }
}

int cache_secret_open(struct cache *c, const char *dir, cordon_error **err)
{
    uint8_t secret[SECRET_LEN];
    for (int i = 0; i < SECRET_TRIES; i++) {
        int r = secret_read(c, dir, secret, err);
        if (r < 0 || (!r && (r = secret_make(c, err)) < 0))
            return r;
        if (!r)
            continue;
        secret_use(&c->secret, secret);
        sodium_memzero(secret, sizeof secret);
        return 0;
    }
    return err_set(err, CORDON_E_IO, dir, "the cache's key in %s does not stay", dir);
}

/* ---- writing ---- */

/* In large pieces: a file system keeps what is written at once in large pages, and mapping those costs a twentieth. */
static int copy_body(int to, int from, uint64_t len, cordon_error **err)
{
    cleanup_free uint8_t *piece = malloc(COPY);
    if (!piece)
        return err_nomem(err);
    for (uint64_t at = 0; at < len;) {
        size_t n = len - at < COPY ? (size_t)(len - at) : COPY;
        if (pread_all(from, piece, n, at))
            return errno == ENODATA ? err_set(err, CORDON_E_HOST_BUG, NULL, "the code is shorter than its length") : err_errno(err, errno, "read", "the code");
        int r = write_all(to, piece, n, err);
        if (r < 0)
            return r;
        at += n;
    }
    return 0;
}

/* Everything but the tag, which is made over what the file then holds. */
static int fill(int fd, const struct cache_trailer *t, const char *meta, int body_fd, cordon_error **err)
{
    static const uint8_t zeros[CACHE_PAGE];
    int r = t->body_len ? copy_body(fd, body_fd, t->body_len, err) : 0;
    if (r < 0 || (r = write_all(fd, zeros, (size_t)(cache_meta_at(t) - t->body_len), err)) < 0)
        return r;
    return write_all(fd, meta, t->meta_len, err);
}

/* Writes `temp`, and gives it its name. */
static int write_and_name(struct cache *c, const char *temp, const char *name, struct cache_trailer *t, const char *meta, int body_fd, int *ret_fd,
                          cordon_error **err)
{
    cleanup_fd int fd = openat(c->code_fd, temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), again = -1;
    if (fd < 0)
        return err_errno(err, errno, "make", "a file of the cache");
    int r = fill(fd, t, meta, body_fd, err);
    if (r < 0 || (r = cache_tag(c, t, fd, meta, t->tag, err)) < 0 || (r = write_all(fd, t, sizeof *t, err)) < 0)
        return r;
    if ((again = openat(c->code_fd, temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) < 0 || renameat(c->code_fd, temp, c->code_fd, name) < 0)
        return err_errno(err, errno, "name", name);
    if (ret_fd)
        *ret_fd = take_fd(again);
    return 0;
}

/* Nobody but us gets to code-v1 or beneath it, so that this one needs no check. */
static int make_subfolder(struct cache *c, const char *name, cordon_error **err)
{
    char folder[] = {name[0], name[1], '\0'};
    return mkdirat(c->code_fd, folder, 0700) < 0 && errno != EEXIST ? err_errno(err, errno, "make", "a folder of the cache") : 0;
}

int cache_file_write(struct cache *c, const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, const char *meta, int body_fd, uint64_t body_len, int *ret_fd,
                     cordon_error **err)
{
    char name[CACHE_NAME_MAX], temp[CACHE_TEMP_MAX];
    size_t meta_len = strlen(meta);
    if (body_len > CODE_BODY_MAX || meta_len > CODE_META_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "code or description of an artifact is larger than the cache takes (%d and %d MiB)",
                       CODE_BODY_MAX >> 20, CODE_META_MAX >> 20);
    struct cache_trailer t = {.version = VERSION, .algorithm = c->secret.has_gcm ? CACHE_AES256_GMAC : CACHE_BLAKE2B, .kind = (uint8_t)kind, .body_len = body_len,
                              .meta_len = (uint32_t)meta_len};
    memcpy(t.magic, magic, sizeof t.magic);
    memcpy(t.key, key, sizeof t.key);
    cache_name(key, kind, name);
    cache_temp_name(temp);
    int r = make_subfolder(c, name, err);
    if (r < 0 || (r = write_and_name(c, temp, name, &t, meta, body_fd, ret_fd, err)) >= 0)
        return r;
    unlinkat(c->code_fd, temp, 0);
    return r;
}

/* ---- reading ---- */

static bool trailer_is_sound(const struct cache_secret *s, const struct cache_trailer *t, const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, uint64_t size)
{
    bool can_check = t->algorithm == CACHE_BLAKE2B || (t->algorithm == CACHE_AES256_GMAC && s->has_gcm);
    return !memcmp(t->magic, magic, sizeof magic) && t->version == VERSION && can_check && t->kind == kind && t->body_len <= CODE_BODY_MAX &&
           t->meta_len <= CODE_META_MAX && size == cache_meta_at(t) + t->meta_len + sizeof *t && !memcmp(t->key, key, CACHE_KEY_LEN);
}

/* 1: sound; 0: not; negative: the machine cannot say. What is given out are the very bytes of the meta that were checked, and the body by its descriptor. */
static int check(struct cache *c, int fd, const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, struct cache_trailer *ret, char **ret_meta, cordon_error **err)
{
    struct stat st;
    uint8_t want[CACHE_TAG_LEN];
    if (fstat(fd, &st) < 0 || !is_ours_alone(&st) || st.st_size < (off_t)sizeof *ret || (uint64_t)st.st_size > CACHE_FILE_MAX ||
        pread_all(fd, ret, sizeof *ret, (uint64_t)st.st_size - sizeof *ret) || !trailer_is_sound(&c->secret, ret, key, kind, (uint64_t)st.st_size))
        return 0;
    cleanup_free char *meta = calloc(1, (size_t)ret->meta_len + 1);
    if (!meta)
        return err_nomem(err);
    if (pread_all(fd, meta, ret->meta_len, cache_meta_at(ret)))
        return 0;
    int r = cache_tag(c, ret, fd, meta, want, err);
    if (r < 0)
        return r;
    if (sodium_memcmp(want, ret->tag, sizeof want))
        return 0;
    if (time(NULL) - st.st_mtime > TOUCH_AFTER_S)   /* for cache_trim: used lately; not a write on each load */
        futimens(fd, NULL);
    *ret_meta = take(meta);
    return 1;
}

int cache_file_read(struct cache *c, const uint8_t key[CACHE_KEY_LEN], enum cache_kind kind, int *ret_fd, char **ret_meta, uint64_t *ret_body_len,
                    cordon_error **err)
{
    char name[CACHE_NAME_MAX];
    cleanup_free char *meta = NULL;
    struct cache_trailer t;
    cache_name(key, kind, name);
    cleanup_fd int fd = openat(c->code_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && errno != ELOOP && errno != EACCES && errno != ENXIO)
        return err_errno(err, errno, "open", name);
    int r = fd < 0 ? 0 : check(c, fd, key, kind, &t, &meta, err);
    if (!r)
        unlinkat(c->code_fd, name, 0);
    if (r <= 0)
        return r;
    *ret_body_len = t.body_len;
    *ret_meta = take(meta);
    *ret_fd = take_fd(fd);
    return 1;
}
