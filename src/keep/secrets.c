/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/secrets.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/safe.h"
#include "base/text.h"
#include "keep/home.h"
#include "keep/secret_key.h"
#include "policy/grant.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

/* The folder of the secrets, open. */
struct store {
    struct home home;
    char *path;
    int fd;
};
#define STORE_NONE {.home = HOME_NONE, .fd = -1}

static void store_finish(struct store *s)
{
    home_finish(&s->home);
    free(s->path);
    if (s->fd >= 0)
        close(s->fd); /* gives the lock up */
}

static void cleanup_sodium(uint8_t **p) { sodium_free(*p); }
static void cleanup_secret(struct secret **p) { secret_unref(*p); }
static void cleanup_folder(DIR **d) { if (*d) closedir(*d); }

/* 1: open; 0: it is not there, which cannot be if it is to be made. */
static int store_open(const char *home, bool make, struct store *ret, cordon_error **err)
{
    if (sodium_init() < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "no source of random numbers");
    int r = make ? home_make(home, &ret->home, err) : home_open(home, &ret->home, err);
    if (r < 0 || (!make && !r))
        return r;
    return home_folder(&ret->home, "secrets", make, &ret->fd, &ret->path, err);
}

static int store_lock(struct store *s, cordon_error **err)
{
    while (flock(s->fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, "lock", s->path);
    safe_sweep(s->fd);
    return 0;
}

static int check_name(const char *name, cordon_error **err)
{
    const char *why = grant_why_no_secret(name, strlen(name));
    if (!why)
        return 0;
    int r = err_set(err, CORDON_E_USAGE, NULL, "this cannot be the name of a secret: %s", why); /* it may be the value, put in the wrong place */
    err_hint(err, "Give a name, such as weather-key; the value comes from standard input or a file.");
    return r;
}

/* ---- the list ---- */

void secret_list_finish(struct secret_list *l)
{
    free(l->item);
    *l = (struct secret_list){0};
}

/* NULL: errno tells why. */
static DIR *open_entries(const struct store *s)
{
    int again = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    if (!d && again >= 0)
        close(again);
    return d;
}

/* The next name of a secret; NULL at the end. */
static const char *next_name(DIR *d)
{
    struct dirent *e;
    while ((e = readdir(d)))
        if (!grant_why_no_secret(e->d_name, strlen(e->d_name)))
            return e->d_name;
    return NULL;
}

static int count(const struct store *s, size_t *ret, cordon_error **err)
{
    cleanup(cleanup_folder) DIR *d = open_entries(s);
    if (!d)
        return err_errno(err, errno, "list", s->path);
    for (*ret = 0; next_name(d); ++*ret)
        ;
    return 0;
}

/* 1: *ret tells of it; 0: it has just gone. */
static int look_at(const struct store *s, const char *name, struct secret_entry *ret, cordon_error **err)
{
    uint8_t head[SECRET_HEAD];
    struct stat st;
    cleanup_fd int fd = -1;
    int r = safe_file_open(s->fd, s->path, name, O_RDONLY, &fd, &st, err);
    if (r <= 0)
        return r;
    *ret = (struct secret_entry){0};
    snprintf(ret->name, sizeof ret->name, "%s", name);
    ret->whole = !safe_read(fd, head, sizeof head) && secret_file_time(head, (uint64_t)st.st_size, &ret->set_at_ms);
    return 1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct secret_entry *)a)->name, ((const struct secret_entry *)b)->name);
}

static int fill(const struct store *s, struct secret_list *ret, cordon_error **err)
{
    cleanup(cleanup_folder) DIR *d = open_entries(s);
    int r = 1;
    if (!d)
        return err_errno(err, errno, "list", s->path);
    for (const char *name; r >= 0 && ret->n < SECRETS_MAX && (name = next_name(d));)
        if ((r = look_at(s, name, &ret->item[ret->n], err)) > 0)
            ret->n++;
    return r < 0 ? r : 0;
}

int secrets_list(const char *home, struct secret_list *ret, cordon_error **err)
{
    cleanup(store_finish) struct store s = STORE_NONE;
    cleanup(secret_list_finish) struct secret_list list = {0};
    int r = store_open(home, false, &s, err);
    if (r < 0)
        return r;
    if (!(list.item = calloc(SECRETS_MAX, sizeof *list.item)))
        return err_nomem(err);
    if (r > 0 && (r = fill(&s, &list, err)) < 0)
        return r;
    qsort(list.item, list.n, sizeof *list.item, by_name);
    *ret = list;
    list = (struct secret_list){0};
    return 0;
}

/* ---- setting ---- */

static int check_value(const void *value, size_t len, cordon_error **err)
{
    if (len == 0)
        return err_set(err, CORDON_E_USAGE, NULL, "the value is empty");
    if (len > SECRET_VALUE_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the value is longer than %d KiB", SECRET_VALUE_MAX >> 10);
    if (!text_is_utf8(value, len)) {
        int r = err_set(err, CORDON_E_USAGE, NULL, "the value is not UTF-8 text");
        err_hint(err, "Bytes that are no text are kept as text: base64, for instance.");
        return r;
    }
    return 0;
}

/* A key is made for the first secret alone: a new one beside old secrets would hide that theirs is lost. */
static int key_for_setting(const struct store *s, size_t present, uint8_t **ret, cordon_error **err)
{
    int r = secret_key_read(&s->home, ret, err);
    if (r)
        return r;
    return present ? secret_key_lost(&s->home, "is gone", err) : secret_key_make(&s->home, ret, err);
}

static int check_room(const struct store *s, const char *name, size_t present, cordon_error **err)
{
    if (present < SECRETS_MAX || faccessat(s->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    int r = err_set(err, CORDON_E_TOO_LARGE, NULL, "there are %d secrets already, and no more are kept", SECRETS_MAX);
    err_hint(err, "Remove one: cordon secret remove NAME.");
    return r;
}

static int seal(const struct store *s, const char *name, const uint8_t *key, const void *value, size_t len, cordon_error **err)
{
    cleanup_free uint8_t *file = malloc(SECRET_EXTRA + len);
    if (!file || !secret_file_seal(key, name, clock_wall_ms(), value, len, file))
        return err_nomem(err);
    int r = safe_write(s->fd, s->path, name, file, SECRET_EXTRA + len, false, err);
    return r < 0 ? r : 0;
}

int secrets_set(const char *home, const char *name, const void *value, size_t len, cordon_error **err)
{
    cleanup(store_finish) struct store s = STORE_NONE;
    cleanup(cleanup_sodium) uint8_t *key = NULL;
    size_t present = 0;
    int r = check_name(name, err);
    if (r < 0 || (r = check_value(value, len, err)) < 0 || (r = store_open(home, true, &s, err)) < 0 || (r = store_lock(&s, err)) < 0 ||
        (r = count(&s, &present, err)) < 0 || (r = check_room(&s, name, present, err)) < 0 || (r = key_for_setting(&s, present, &key, err)) < 0)
        return r;
    return seal(&s, name, key, value, len, err);
}

int secrets_remove(const char *home, const char *name, cordon_error **err)
{
    cleanup(store_finish) struct store s = STORE_NONE;
    int r = check_name(name, err);
    if (r < 0 || (r = store_open(home, false, &s, err)) <= 0 || (r = store_lock(&s, err)) < 0)
        return r;
    if (unlinkat(s.fd, name, 0) < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "remove", name);
    return fsync(s.fd) < 0 ? err_errno(err, errno, "write", s.path) : 1;
}

/* ---- looking one up ---- */

static int refuse_damaged(const struct store *s, const char *name, cordon_error **err)
{
    int r = err_set(err, CORDON_E_DAMAGED, name, "the secret %s cannot be opened: %s/%s is not as it was written, or %s/secrets.key is another one's", name, s->path, name,
            s->home.path);
    err_hint(err, "Restore both from a backup, or set it again: cordon secret set %s", name);
    return r;
}

/* 1: *ret holds the file's bytes, sealed as they are; 0: there is none. */
static int read_file(const struct store *s, const char *name, uint8_t **ret, size_t *ret_size, cordon_error **err)
{
    struct stat st;
    cleanup_fd int fd = -1;
    int r = safe_file_open(s->fd, s->path, name, O_RDONLY, &fd, &st, err);
    if (r <= 0)
        return r;
    if (st.st_size <= SECRET_EXTRA || st.st_size > SECRET_FILE_MAX)
        return refuse_damaged(s, name, err);
    cleanup_free uint8_t *file = malloc((size_t)st.st_size);
    if (!file)
        return err_nomem(err);
    if (safe_read(fd, file, (size_t)st.st_size) < 0)
        return err_errno(err, errno, "read", name);
    *ret_size = (size_t)st.st_size;
    *ret = take(file);
    return 1;
}

static int unseal(const struct store *s, const char *name, const uint8_t *key, const uint8_t *file, size_t size, struct secret **ret, cordon_error **err)
{
    size_t len = size - SECRET_EXTRA;
    cleanup(cleanup_secret) struct secret *one = secret_new(len);
    if (!one)
        return err_nomem(err);
    int r = secret_file_open(key, name, file, size, one->bytes);
    if (r < 0)
        return err_nomem(err);
    if (!r || !text_is_utf8(one->bytes, len))
        return refuse_damaged(s, name, err);
    secret_seal(one);
    *ret = take(one);
    return 1;
}

int secrets_get(const char *home, const char *name, struct secret **ret, cordon_error **err)
{
    cleanup(store_finish) struct store s = STORE_NONE;
    cleanup(cleanup_sodium) uint8_t *key = NULL;
    cleanup_free uint8_t *file = NULL;
    size_t size = 0;
    int r = check_name(name, err);
    if (r < 0 || (r = store_open(home, false, &s, err)) <= 0 || (r = read_file(&s, name, &file, &size, err)) <= 0)
        return r;
    if ((r = secret_key_read(&s.home, &key, err)) <= 0)
        return r < 0 ? r : secret_key_lost(&s.home, "is gone", err);
    return unseal(&s, name, key, file, size, ret, err);
}
