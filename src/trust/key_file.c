/* SPDX-License-Identifier: Apache-2.0
 *
 * Key files:
 *
 *     -----BEGIN BLUFIO PUBLISHER PRIVATE KEY-----
 *     64 digits: the seed that the key is made of (PUBLIC: the public key)
 *     -----END BLUFIO PUBLISHER PRIVATE KEY-----
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "trust/hex.h"
#include "trust/key.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define BEGIN(kind) "-----BEGIN BLUFIO PUBLISHER " kind " KEY-----\n"
#define END(kind) "\n-----END BLUFIO PUBLISHER " kind " KEY-----\n"
static const char *const begin[] = {[TRUST_FORM_PRIVATE] = BEGIN("PRIVATE"), [TRUST_FORM_PUBLIC] = BEGIN("PUBLIC")};
static const char *const end[] = {[TRUST_FORM_PRIVATE] = END("PRIVATE"), [TRUST_FORM_PUBLIC] = END("PUBLIC")};
static const char *const words[] = {[TRUST_FORM_PRIVATE] = "private", [TRUST_FORM_PUBLIC] = "public"};
enum { DIGITS = 2 * TRUST_PUBLIC };
_Static_assert(TRUST_PUBLIC == crypto_sign_SEEDBYTES, "both forms hold as many digits");
_Static_assert(sizeof BEGIN("PRIVATE") + DIGITS + sizeof END("PRIVATE") <= TRUST_KEY_FILE_MAX, "the longer form fits");

static void cleanup_secret(struct trust_secret **p) { trust_secret_free(*p); }
static void cleanup_sodium(char **p) { sodium_free(*p); }

int trust_form_of(const char *text, size_t len)
{
    for (int form = TRUST_FORM_PRIVATE; form <= TRUST_FORM_PUBLIC; form++)
        if (len >= strlen(begin[form]) && !memcmp(text, begin[form], strlen(begin[form])))
            return form;
    return -1;
}

/* The digits, between the two lines of that form; NULL: it is not that. The last newline may be missing. */
static const char *digits_of(const char *text, size_t len, enum trust_form form)
{
    size_t head = strlen(begin[form]), tail = strlen(end[form]);
    if (trust_form_of(text, len) != (int)form)
        return NULL;
    if (len == head + DIGITS + tail - 1)
        tail--;
    if (len != head + DIGITS + tail || memcmp(text + head + DIGITS, end[form], tail))
        return NULL;
    return text + head;
}

static int refuse(enum trust_form form, const char *why, cordon_error **err)
{
    int r = err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "this is no %s key file: %s", words[form], why);
    err_hint(err, "It has three lines: %.*s, %d lower-case hexadecimal digits, and the END line.", (int)strlen(begin[form]) - 1, begin[form], DIGITS);
    return r;
}

int trust_public_parse(const char *text, size_t len, struct trust_key *ret, cordon_error **err)
{
    uint8_t bytes[TRUST_PUBLIC];
    int r = trust_start(err);
    if (r < 0)
        return r;
    if (trust_form_of(text, len) == TRUST_FORM_PRIVATE)
        return refuse(TRUST_FORM_PUBLIC, "it holds a private one", err);
    const char *digits = digits_of(text, len, TRUST_FORM_PUBLIC);
    if (!digits || !hex_read(digits, bytes, sizeof bytes))
        return refuse(TRUST_FORM_PUBLIC, "it does not have its form", err);
    return trust_key_fill(bytes, ret) ? 0 : refuse(TRUST_FORM_PUBLIC, "nobody can have made this key in good faith", err);
}

int trust_secret_parse(const char *text, size_t len, struct trust_secret **ret, cordon_error **err)
{
    int r = trust_start(err);
    if (r < 0)
        return r;
    if (trust_form_of(text, len) == TRUST_FORM_PUBLIC)
        return refuse(TRUST_FORM_PRIVATE, "it holds a public one, which cannot sign", err);
    const char *digits = digits_of(text, len, TRUST_FORM_PRIVATE);
    cleanup(cleanup_secret) struct trust_secret *s = trust_secret_new();
    if (!s)
        return err_nomem(err);
    if (!digits || !hex_read(digits, s->seed, sizeof s->seed))
        return refuse(TRUST_FORM_PRIVATE, "it does not have its form", err);
    trust_secret_derive(s);
    *ret = take(s);
    return 0;
}

static void print(enum trust_form form, const uint8_t bytes[TRUST_PUBLIC], char *ret)
{
    char *at = stpcpy(ret, begin[form]);
    hex_write(bytes, TRUST_PUBLIC, at);
    strcpy(at + DIGITS, end[form]);
}

void trust_public_print(const struct trust_key *key, char ret[TRUST_KEY_FILE_MAX]) { print(TRUST_FORM_PUBLIC, key->public_key, ret); }

void trust_secret_print(const struct trust_secret *s, char *ret) { print(TRUST_FORM_PRIVATE, s->seed, ret); }

/* ---- files ---- */

/* The folder that `path` lies in, and the name there. */
static int open_folder(const char *path, char folder[PATH_MAX], const char **ret_name, int *ret_fd, cordon_error **err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    *ret_name = slash ? slash + 1 : path;
    if (!**ret_name || !strcmp(*ret_name, ".") || !strcmp(*ret_name, ".."))
        return err_set(err, CORDON_E_USAGE, path, "%s names no file", *path ? path : "an empty path");
    if (len >= PATH_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the path of a key file is longer than %d bytes", PATH_MAX - 1);
    snprintf(folder, PATH_MAX, "%.*s", (int)len, path);
    if (!len)
        strcpy(folder, slash ? "/" : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, CORDON_E_NOT_FOUND, folder, "there is no folder %s", folder);
    if (fd < 0)
        return err_errno(err, errno, "open", folder);
    *ret_fd = fd;
    return 0;
}

static int no_key(const char *path, cordon_error **err)
{
    int r = err_set(err, CORDON_E_NOT_FOUND, path, "there is no key file %s", path);
    err_hint(err, "`cordon key new` makes a key.");
    return r;
}

/* Into memory of sodium_malloc: whatever it turns out to be. TRUST_KEY_FILE_MAX bytes are more than any has. */
static int read_text(int fd, const struct stat *st, const char *path, char **ret, size_t *ret_len, cordon_error **err)
{
    if (st->st_size <= 0 || st->st_size >= TRUST_KEY_FILE_MAX)
        return err_set(err, CORDON_E_BAD_ARTIFACT, path, "%s is no key file: it has %lld bytes", path, (long long)st->st_size);
    cleanup(cleanup_sodium) char *text = sodium_malloc(TRUST_KEY_FILE_MAX);
    if (!text)
        return err_nomem(err);
    if (safe_read(fd, text, (size_t)st->st_size) < 0)
        return err_errno(err, errno, "read", path);
    *ret_len = (size_t)st->st_size;
    *ret = take(text);
    return 0;
}

/* A file that only this user can read or write. */
static int read_own(const char *path, char **ret, size_t *ret_len, cordon_error **err)
{
    char folder[PATH_MAX];
    const char *name;
    struct stat st;
    cleanup_fd int at = -1, fd = -1;
    int r = trust_start(err);
    if (r < 0 || (r = open_folder(path, folder, &name, &at, err)) < 0 || (r = safe_file_open(at, folder, name, O_RDONLY, &fd, &st, err)) < 0)
        return r;
    return r ? read_text(fd, &st, path, ret, ret_len, err) : no_key(path, err);
}

/* Anybody's file. */
static int read_any(const char *path, char **ret, size_t *ret_len, cordon_error **err)
{
    struct stat st;
    int r = trust_start(err);
    if (r < 0)
        return r;
    cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? no_key(path, err) : err_errno(err, errno, "open", path);
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_BAD_ARTIFACT, path, "%s is no key file: it is not a regular file", path);
    return read_text(fd, &st, path, ret, ret_len, err);
}

int trust_secret_read(const char *path, struct trust_secret **ret, cordon_error **err)
{
    cleanup(cleanup_sodium) char *text = NULL;
    size_t len = 0;
    int r = read_own(path, &text, &len, err);
    if (r < 0 || (r = trust_secret_parse(text, len, ret, err)) == 0)
        return r;
    return err_wrap(err, "cannot read %s", path);
}

int trust_public_read(const char *path, struct trust_key *ret, cordon_error **err)
{
    cleanup(cleanup_sodium) char *text = NULL;
    size_t len = 0;
    int r = read_any(path, &text, &len, err);
    if (r < 0 || (r = trust_public_parse(text, len, ret, err)) == 0)
        return r;
    return err_wrap(err, "cannot read %s", path);
}

int trust_key_read(const char *path, struct trust_key *ret, cordon_error **err)
{
    cleanup(cleanup_sodium) char *text = NULL;
    cleanup(cleanup_secret) struct trust_secret *secret = NULL;
    size_t len = 0;
    int r = read_any(path, &text, &len, err);
    if (r < 0)
        return r;
    if (trust_form_of(text, len) != TRUST_FORM_PRIVATE)
        return trust_public_parse(text, len, ret, err) == 0 ? 0 : err_wrap(err, "cannot read %s", path);
    if ((r = trust_secret_read(path, &secret, err)) == 0) /* with its own checks: nobody else may have it */
        *ret = secret->key;
    return r;
}

static int write_new(const char *path, const char *text, cordon_error **err)
{
    char folder[PATH_MAX];
    const char *name;
    cleanup_fd int at = -1;
    int r = open_folder(path, folder, &name, &at, err);
    if (r < 0 || (r = safe_write(at, folder, name, text, strlen(text), true, err)) < 0)
        return r;
    if (r)
        return 0;
    r = err_set(err, CORDON_E_CONFLICT, path, "%s is there already", path);
    err_hint(err, "A key is never written over: choose another name, or move the old one away if you are sure.");
    return r;
}

int trust_secret_write(const char *path, const struct trust_secret *s, cordon_error **err)
{
    cleanup(cleanup_sodium) char *text = sodium_malloc(TRUST_KEY_FILE_MAX);
    if (!text)
        return err_nomem(err);
    trust_secret_print(s, text);
    return write_new(path, text, err);
}

int trust_public_write(const char *path, const struct trust_key *key, cordon_error **err)
{
    char text[TRUST_KEY_FILE_MAX];
    int r = trust_start(err);
    if (r < 0)
        return r;
    trust_public_print(key, text);
    return write_new(path, text, err);
}
