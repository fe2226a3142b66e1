/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/credentials.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static void json_decref_p(json_t **j) { json_decref(*j); }
#define cleanup_json cleanup(json_decref_p)

static void wipe(char **s)
{
    if (*s)
        explicit_bzero(*s, strlen(*s));
    free(*s);
    *s = NULL;
}

void credential_finish(struct credential *c)
{
    wipe(&c->user);
    wipe(&c->password);
    wipe(&c->identity_token);
    free(take(c->helper));
}

/* A value that a header line or a form can hold. */
static bool is_clean(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
            return false;
    return len <= CREDENTIAL_MAX;
}

static const char *clean_string(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    const char *s = json_string_value(v);
    return s && *s && strlen(s) == json_string_length(v) && is_clean(s, strlen(s)) ? s : NULL;
}

/* "https://host/v1/" as docker writes it, "host:443", "HOST": all the same registry. */
static bool is_registry(const char *key, const char *registry)
{
    if (!strncasecmp(key, "https://", 8))
        key += 8;
    else if (!strncasecmp(key, "http://", 7))
        key += 7;
    size_t len = strcspn(key, "/"), n = strlen(registry);
    if (len > n && !strchr(registry, ':') && len == n + 4 && !strncmp(key + n, ":443", 4))
        len = n;
    return len == n && !strncasecmp(key, registry, n);
}

/* The one that is written exactly so goes first. */
static json_t *find_entry(json_t *map, const char *registry)
{
    const char *key;
    json_t *value, *found = json_object_get(map, registry);
    json_object_foreach(map, key, value)
        if (!found && is_registry(key, registry))
            found = value;
    return found;
}

static bool set_user(struct credential *ret, const char *user, const char *password)
{
    ret->user = strdup(user);
    ret->password = strdup(password);
    return ret->user && ret->password;
}

/* base64 of USER:PASSWORD; docker of old put NULs behind it. */
static bool parse_auth(const char *auth, struct credential *ret)
{
    char plain[CREDENTIAL_MAX + 1];
    size_t len;
    bool good = sodium_base642bin((unsigned char *)plain, CREDENTIAL_MAX, auth, strlen(auth), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
    while (good && len > 0 && plain[len - 1] == '\0')
        len--;
    plain[good ? len : 0] = '\0';
    char *colon = good && is_clean(plain, len) ? strchr(plain, ':') : NULL;
    if (colon)
        *colon = '\0';
    good = colon && colon > plain && set_user(ret, plain, colon + 1);
    explicit_bzero(plain, sizeof plain);
    return good;
}

static bool parse_entry(json_t *entry, struct credential *ret)
{
    const char *token = clean_string(entry, "identitytoken"), *auth = json_string_value(json_object_get(entry, "auth"));
    const char *user = clean_string(entry, "username"), *password = clean_string(entry, "password");
    if (token)
        return (ret->identity_token = strdup(token));
    if (auth && *auth)
        return parse_auth(auth, ret);
    return user && password ? set_user(ret, user, password) : true;
}

static bool is_helper_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return n > 0 && n <= HELPER_NAME_MAX && !s[n];
}

static int bad(const char *file, const char *what, cordon_error **err)
{
    err_set(err, CORDON_E_BAD_CONFIG, file, "%s: %s", file, what);
    return err_hint(err, "This is Docker's configuration file: log in to the registry again with the tool that wrote it.");
}

int credentials_parse(const char *file, const char *json, size_t len, const char *registry, struct credential *ret, char **ret_helper, cordon_error **err)
{
    cleanup_json json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root))
        return bad(file, "it is no JSON object, or has a key twice", err);
    json_t *entry = find_entry(json_object_get(root, "auths"), registry), *named = find_entry(json_object_get(root, "credHelpers"), registry);
    const char *helper = json_string_value(named ? named : json_object_get(root, "credsStore"));
    struct credential c = {0};
    if (helper && *helper && !is_helper_name(helper))
        return bad(file, "the name of its credential helper is none", err);
    if (entry && !parse_entry(entry, &c)) {
        credential_finish(&c);
        return bad(file, "what it has for the registry is not as docker writes it", err);
    }
    *ret_helper = helper && *helper ? strdup(helper) : NULL;
    *ret = c;
    return 0;
}

bool credentials_parse_answer(const char *json, size_t len, struct credential *ret)
{
    cleanup_json json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    const char *user = clean_string(root, "Username"), *secret = clean_string(root, "Secret");
    memset(ret, 0, sizeof *ret);
    if (!user || !secret)
        return false;
    if (!strcmp(user, "<token>"))
        return (ret->identity_token = strdup(secret));
    if (!strchr(user, ':') && set_user(ret, user, secret))
        return true;
    credential_finish(ret);
    return false;
}

/* 1: read; 0: it is not there. */
static int read_file(const char *path, char **ret, size_t *ret_len, cordon_error **err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(err, errno, "open", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return bad(path, "it is no regular file", err);
    cleanup_free char *text = malloc(FETCH_CONFIG_MAX + 1);
    size_t len = 0;
    ssize_t n = 1;
    while (text && n > 0 && len <= FETCH_CONFIG_MAX) {
        n = read(fd, text + len, FETCH_CONFIG_MAX + 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (!text)
        return err_nomem(err);
    if (n < 0)
        return err_errno(err, errno, "read", path);
    if (len > FETCH_CONFIG_MAX)
        return bad(path, "it is larger than 1 MiB", err);
    *ret = take(text);
    *ret_len = len;
    return 1;
}

static bool may_start(const struct fetch *f, const char *helper)
{
    for (size_t i = 0; i < f->n_helpers; i++)
        if (!strcmp(f->helpers[i], helper))
            return true;
    return false;
}

int credentials_find(const struct fetch *f, const char *registry, struct credential *ret, cordon_error **err)
{
    cleanup_free char *json = NULL;
    cleanup_free char *helper = NULL;
    struct credential c = {0}, from_helper;
    size_t len = 0;
    memset(ret, 0, sizeof *ret);
    int rc = f->docker_config ? read_file(f->docker_config, &json, &len, err) : 0;
    if (rc > 0) {
        rc = credentials_parse(f->docker_config, json, len, registry, &c, &helper, err);
        explicit_bzero(json, len);
    }
    if (rc < 0)
        return rc;
    if (helper && !may_start(f, helper)) {
        c.helper = take(helper);
    } else if (helper) {
        rc = credentials_ask_helper(helper, registry, f->cancel_fd, &from_helper, err);
        if (rc != 0)
            credential_finish(&c);
        if (rc > 0)
            c = from_helper;
    }
    if (rc >= 0)
        *ret = c;
    return rc < 0 ? rc : 0;
}

char *fetch_docker_config(void)
{
    const char *folder = secure_getenv("DOCKER_CONFIG"), *home = secure_getenv("HOME");
    char *path = NULL;
    bool given = folder && *folder;
    if (given ? folder[0] != '/' : !home || home[0] != '/')
        return NULL;
    return asprintf(&path, "%s%s/config.json", given ? folder : home, given ? "" : "/.docker") < 0 ? NULL : path;
}
