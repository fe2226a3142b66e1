/* SPDX-License-Identifier: Apache-2.0 */
#include "author/js_lock.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { PACKAGES_MAX = 5000, NAME_MAX_BYTES = 214, PATH_MAX_BYTES = 1024, WORDS_MAX = 256, SHOWN = 100, VERSION_OF_LOCK = 3 };
enum { SHA512_BASE64 = 88, SHA512_PADDING = 2 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define FOLDER "node_modules/"
#define ALIAS "npm:"

/* Of both files: a package's name, and a range of its versions. */
static const char *const wanting[] = {"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"};
enum { WANTING = sizeof wanting / sizeof *wanting };

/* What an entry of the lock may say. Left out is what leads elsewhere (`resolved`, `link`, `workspaces`), comes without a digest of its own (`inBundle`, `hasShrinkwrap`) or is run
 * (`hasInstallScript`); and what is not known here yet. */
static const char *const entry_keys[] = {
    "name", "version", "integrity", "license", "dev", "optional", "devOptional", "peer", "dependencies", "devDependencies", "optionalDependencies", "peerDependencies",
    "peerDependenciesMeta", "engines", "bin", "os", "cpu", "libc", "funding", "deprecated",
};
static const char *const lock_keys[] = {"name", "version", "lockfileVersion", "requires", "packages"};

/* ---- words ---- */

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}

static bool consists_of(const char *s, size_t len, const char *set) { return strspn(s, set) >= len; }

/* One part of a name: never a path, never hidden. */
static bool is_part(const char *s, size_t len)
{
    return len > 0 && s[0] != '.' && s[0] != '_' && consists_of(s, len, LETTERS DIGITS "._~-") && !(len == strlen("node_modules") && strncmp(s, "node_modules", len) == 0);
}

/* name or @scope/name */
static bool is_name(const char *s, size_t len)
{
    if (len > NAME_MAX_BYTES)
        return false;
    if (len == 0 || s[0] != '@')
        return is_part(s, len);
    size_t scope = strcspn(s, "/");
    return scope < len && is_part(s + 1, scope - 1) && is_part(s + scope + 1, len - scope - 1);
}

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), n = strlen(end);
    return len >= n && strcasecmp(s + len - n, end) == 0;
}

/* A range of versions, or a tag: nothing that npm takes for an address, a repository or a file. */
static bool is_range(const char *s)
{
    return strlen(s) <= WORDS_MAX && s[0] != '.' && consists_of(s, strlen(s), LETTERS DIGITS ".^~<>=|*+- ") && !ends_with(s, ".tgz") && !ends_with(s, ".tar.gz") && !ends_with(s, ".tar");
}

/* Also of a package under another name: npm:NAME@RANGE */
static bool is_wanted(const char *s)
{
    if (strncmp(s, ALIAS, strlen(ALIAS)) != 0)
        return is_range(s);
    s += strlen(ALIAS);
    const char *at = strrchr(s, '@');
    return at && at > s ? is_name(s, (size_t)(at - s)) && is_range(at + 1) : is_name(s, strlen(s));
}

/* A digest of npm's: "sha512-" and base64. Others can be forged, or are several to choose from. */
static bool is_digest(const char *s)
{
    static const char kind[] = "sha512-";
    return strncmp(s, kind, sizeof kind - 1) == 0 && strlen(s) == sizeof kind - 1 + SHA512_BASE64 && consists_of(s + sizeof kind - 1, SHA512_BASE64 - SHA512_PADDING, LETTERS DIGITS "+/") &&
           ends_with(s, "==");
}

/* The path of an entry is node_modules/NAME, any number of times. *ret: the last name. */
static bool is_path(const char *path, const char **ret)
{
    const char *at = path;
    if (strlen(path) > PATH_MAX_BYTES)
        return false;
    for (;;) {
        if (strncmp(at, FOLDER, strlen(FOLDER)) != 0)
            return false;
        at += strlen(FOLDER);
        const char *next = strstr(at, "/" FOLDER);
        size_t len = next ? (size_t)(next - at) : strlen(at);
        if (!is_name(at, len))
            return false;
        *ret = at;
        if (!next)
            return true;
        at = next + 1;
    }
}

/* ---- errors ---- */

static int refuse(const char *file, const char *where, const char *what, cordon_error **err)
{
    err_set(err, CORDON_E_BAD_MANIFEST, file, "%s: %.*s: %s", file, SHOWN, where, what);
    return err_hint(err, "Packages are fetched from npm's registry alone, by version and digest. `npm install --package-lock-only --omit-lockfile-registry-resolved --lockfile-version 3` writes such a " JS_LOCK ".");
}

static int refuse_key(const char *file, const char *where, const char *key, cordon_error **err)
{
    char what[2 * SHOWN];
    snprintf(what, sizeof what, "\"%.*s\" is not admitted in a lock file here", SHOWN, key);
    return refuse(file, where, what, err);
}

/* ---- both files ---- */

static int read_object(const char *file, const char *text, size_t len, json_t **ret, cordon_error **err)
{
    json_error_t why;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (!j)
        return err_set(err, CORDON_E_BAD_MANIFEST, file, "%s:%d:%d: %s", file, why.line, why.column, why.text);
    if (!json_is_object(j)) {
        json_decref(j);
        return err_set(err, CORDON_E_BAD_MANIFEST, file, "%s: an object is expected", file);
    }
    *ret = j;
    return 0;
}

static int check_wanted(const char *file, const char *where, json_t *wanted, cordon_error **err)
{
    const char *name;
    json_t *range;
    if (!json_is_object(wanted))
        return refuse(file, where, "its dependencies are no object", err);
    json_object_foreach(wanted, name, range) {
        char what[3 * SHOWN];
        if (json_is_string(range) && is_name(name, strlen(name)) && is_wanted(json_string_value(range)))
            continue;
        snprintf(what, sizeof what, "it wants %.*s as \"%.*s\", which is no range of versions", SHOWN, name, SHOWN, json_is_string(range) ? json_string_value(range) : "?");
        return refuse(file, where, what, err);
    }
    return 0;
}

static int check_all_wanted(const char *file, const char *where, const json_t *of, cordon_error **err)
{
    for (size_t i = 0; i < WANTING; i++) {
        json_t *wanted = json_object_get(of, wanting[i]);
        int rc = wanted ? check_wanted(file, where, wanted, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- package.json ---- */

/* Folders of the project that would be linked; versions that are others than the packages themselves ask for, by rules of their own. */
static int check_manifest(const json_t *j, cordon_error **err)
{
    static const char *const refused[] = {"workspaces", "overrides"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (json_object_get(j, refused[i]))
            return err_set(err, CORDON_E_BAD_MANIFEST, JS_MANIFEST, JS_MANIFEST ": \"%s\" is not supported: its packages are those of " JS_LOCK, refused[i]);
    return check_all_wanted(JS_MANIFEST, JS_MANIFEST, j, err);
}

int js_lock_reduce(const char *text, size_t len, char **ret, cordon_error **err)
{
    json_t *j, *out;
    int rc = read_object(JS_MANIFEST, text, len, &j, err);
    if (rc < 0)
        return rc;
    if ((out = json_pack("{s:b}", "private", 1)))
        for (size_t i = 0; i < WANTING; i++)
            json_object_set(out, wanting[i], json_object_get(j, wanting[i]));
    char *made = out ? json_dumps(out, JSON_INDENT(2)) : NULL;
    json_decref(out);
    json_decref(j);
    if (!made)
        return err_nomem(err);
    *ret = made;
    return 0;
}

/* ---- package-lock.json ---- */

static int check_keys(const char *where, json_t *entry, cordon_error **err)
{
    const char *key;
    json_t *value;
    json_object_foreach(entry, key, value)
        if (!is_one_of(key, entry_keys, sizeof entry_keys / sizeof *entry_keys))
            return refuse_key(JS_LOCK, where, key, err);
    return check_all_wanted(JS_LOCK, where, entry, err);
}

#if defined(__aarch64__)
#define CPU "arm64"
#else
#define CPU "x64"
#endif

static bool lists(const json_t *list, const char *word)
{
    const json_t *one;
    size_t i;
    if (!json_is_array(list))
        return true;
    json_array_foreach(list, i, one)
        if (json_is_string(one) && strcmp(json_string_value(one), word) == 0)
            return true;
    return false;
}

/* What is for other systems is in the lock, and npm leaves it out. */
static bool is_for_here(const json_t *entry)
{
    return lists(json_object_get(entry, "os"), "linux") && lists(json_object_get(entry, "cpu"), CPU) && lists(json_object_get(entry, "libc"), "glibc");
}

static int check_entry(const char *path, json_t *entry, json_t *items, cordon_error **err)
{
    const char *last = NULL, *version = json_string_value(json_object_get(entry, "version")), *digest = json_string_value(json_object_get(entry, "integrity"));
    const json_t *alias = json_object_get(entry, "name");
    if (!json_is_object(entry))
        return refuse(JS_LOCK, path, "an object is expected", err);
    if (!is_path(path, &last))
        return refuse(JS_LOCK, path, "this is no package below node_modules", err);
    int rc = check_keys(path, entry, err);
    if (rc < 0)
        return rc;
    const char *name = alias ? json_string_value(alias) : last;
    if (!name || !is_name(name, strlen(name)))
        return refuse(JS_LOCK, path, "its name is no name of a package", err);
    if (!version || !*version || strlen(version) > SHOWN || !consists_of(version, strlen(version), LETTERS DIGITS ".+-") || !strchr(DIGITS, version[0]))
        return refuse(JS_LOCK, path, "a version is expected", err);
    if (!digest || !is_digest(digest))
        return refuse(JS_LOCK, path, "the digest of its archive is expected (integrity: sha512)", err);
    if (!is_for_here(entry))
        return 0;
    return json_array_append_new(items, json_pack("{s:s, s:s}", "name", name, "version", version)) == 0 ? 0 : err_nomem(err);
}

/* The project itself, as the lock saw it. */
static int check_root(json_t *entry, cordon_error **err)
{
    return json_is_object(entry) ? check_keys("the project", entry, err) : refuse(JS_LOCK, "the project", "an object is expected", err);
}

static int check_lock(json_t *j, json_t *items, cordon_error **err)
{
    const char *key;
    json_t *value, *packages = json_object_get(j, "packages");
    json_object_foreach(j, key, value)
        if (!is_one_of(key, lock_keys, sizeof lock_keys / sizeof *lock_keys))
            return refuse_key(JS_LOCK, "the file", key, err);
    if (json_integer_value(json_object_get(j, "lockfileVersion")) != VERSION_OF_LOCK || !json_is_object(packages))
        return refuse(JS_LOCK, "the file", "a lock file of version 3 with its packages is expected", err);
    if (json_object_size(packages) > PACKAGES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, JS_LOCK, JS_LOCK ": it names more than %d packages", PACKAGES_MAX);
    json_object_foreach(packages, key, value) {
        int rc = *key ? check_entry(key, value, items, err) : check_root(value, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int js_lock_check(const char *file, const char *text, size_t len, json_t *items, cordon_error **err)
{
    json_t *j;
    int rc = read_object(file, text, len, &j, err);
    if (rc < 0)
        return rc;
    rc = strcmp(file, JS_MANIFEST) == 0 ? check_manifest(j, err) : check_lock(j, items, err);
    json_decref(j);
    return rc;
}
