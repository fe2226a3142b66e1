/* SPDX-License-Identifier: Apache-2.0
 * A publisher's keys: made, and shown as far as they are public. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/answer.h"
#include "cordon/key_place.h"
#include "keep/home.h"
#include "trust/trust.h"
#include <cordon/trust.h>

#include <jansson.h>
#include <string.h>

enum { NAME_MAX_ = 64 };
#define DEFAULT "default"
#define FOLDER "keys"
#define SECRET_END ".key"
#define PUBLIC_END ".pub"

static void cleanup_secret(struct trust_secret **p) { trust_secret_free(*p); }

/* ---- where it is ---- */

static int check_name(const char *name, cordon_error **err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strspn(name, letters);
    if (len && len <= NAME_MAX_ && !name[len] && name[0] != '-')
        return 0;
    int r = err_set(err, CORDON_E_USAGE, name, "%s cannot be the name of a key", *name ? name : "nothing");
    err_hint(err, "A name has letters, digits, - and _, at most %d; a file is given as a path with a slash in it, such as ./my.key.", NAME_MAX_);
    return r;
}

static int no_such_key(const char *name, cordon_error **err)
{
    int r = err_set(err, CORDON_E_NOT_FOUND, name, "there is no key %s", name);
    err_hint(err, "Make it: cordon key new%s%s", strcmp(name, DEFAULT) ? " " : "", strcmp(name, DEFAULT) ? name : "");
    return r;
}

/* HOME/keys. 1: it is there. */
static int find_folder(const char *home, bool make, char **ret, cordon_error **err)
{
    cleanup(home_finish) struct home h = HOME_NONE;
    cleanup_fd int fd = -1;
    int r = make ? home_make(home, &h, err) : home_open(home, &h, err);
    if (r < 0 || (!make && !r))
        return r;
    return home_folder(&h, FOLDER, make, &fd, ret, err);
}

int key_place(const char *home, const char *key, bool make, char **ret, cordon_error **err)
{
    cleanup_free char *folder = NULL;
    const char *name = key ? key : DEFAULT;
    char *path;
    if (strchr(name, '/')) {
        if (!(path = strdup(name)))
            return err_nomem(err);
        *ret = path;
        return 0;
    }
    int r = check_name(name, err);
    if (r < 0 || (r = find_folder(home, make, &folder, err)) < 0)
        return r;
    if (!r)
        return no_such_key(name, err);
    if (asprintf(&path, "%s/%s" SECRET_END, folder, name) < 0)
        return err_nomem(err);
    *ret = path;
    return 0;
}

/* `.pub` in the place of `.key`. */
static int public_path(const char *path, char **ret, cordon_error **err)
{
    size_t len = strlen(path), end = strlen(SECRET_END);
    if (len > end && !strcmp(path + len - end, SECRET_END))
        len -= end;
    if (asprintf(ret, "%.*s" PUBLIC_END, (int)len, path) >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

/* ---- what is done with it ---- */

/* The public file is looked for first: to find it in the way after the key was made would leave half of the two. */
static int write_both(const char *secret_file, const char *public_file, const struct trust_secret *s, cordon_error **err)
{
    if (access(public_file, F_OK) == 0)
        return err_set(err, CORDON_E_CONFLICT, public_file, "%s is there already", public_file);
    int r = trust_secret_write(secret_file, s, err);
    return r < 0 ? r : trust_public_write(public_file, trust_secret_key(s), err);
}

int cordon_key_make(const char *home, const char *key, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup_free char *path = NULL, *public = NULL;
    cleanup(cleanup_secret) struct trust_secret *s = NULL;
    int r = key_place(home, key, true, &path, err);
    if (r < 0 || (r = public_path(path, &public, err)) < 0 || (r = trust_secret_make(&s, err)) < 0 || (r = write_both(path, public, s, err)) < 0)
        return r;
    return answer_json(json_pack("{s:i, s:s, s:s, s:s}", "cordon", 1, "id", trust_secret_key(s)->id, "key_file", path, "public_file", public), ret_json, err);
}

int key_find(const char *home, const char *key, struct trust_key *ret, char **ret_path, cordon_error **err)
{
    cleanup_free char *path = NULL;
    int r = key_place(home, key, false, &path, err);
    if (r < 0)
        return r;
    r = trust_key_read(path, ret, err);
    if (r == -CORDON_E_NOT_FOUND && (!key || !strchr(key, '/'))) {
        cordon_error_free(*err);
        return no_such_key(key ? key : DEFAULT, err);
    }
    if (r == 0 && ret_path)
        *ret_path = take(path);
    return r;
}

int cordon_key_show(const char *home, const char *key, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup_free char *path = NULL;
    struct trust_key k;
    int r = key_find(home, key, &k, &path, err);
    return r < 0 ? r : answer_json(json_pack("{s:i, s:s, s:s}", "cordon", 1, "id", k.id, "file", path), ret_json, err);
}
