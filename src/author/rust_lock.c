/* SPDX-License-Identifier: Apache-2.0
 * Cargo.lock, which is a stranger's: checked, and made into a project that holds nothing else of it. */
#include "author/rust.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/shim_toml.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, HASH_CHARS = 64, CRATES_MAX = 2000, LINE_MAX_BYTES = 512 };
#define CRATES_IO "registry+https://github.com/rust-lang/crates.io-index"   /* cargo's name for crates.io, whatever mirror it is fetched from */

struct lock {
    const char *file;
    json_t *items;
    cordon_error **err;
};

static int refuse(const struct lock *l, const json_t *node, const char *subject, const char *what)
{
    err_set(l->err, CORDON_E_BAD_MANIFEST, subject, "%s:%lld:%lld: %s: %s", l->file, json_integer_value(json_object_get(node, "l")), json_integer_value(json_object_get(node, "c")),
            subject, what);
    return err_hint(l->err, "A skill's crates come from crates.io, by version and hash, or lie in its folder. Take the dependency out of Cargo.toml, and run `cargo generate-lockfile`.");
}

static bool is(const json_t *node, const char *type)
{
    const char *t = json_string_value(json_object_get(node, "t"));
    return t && strcmp(t, type) == 0;
}

static const char *text_of(const json_t *node, const char *type) { return node && is(node, type) ? json_string_value(json_object_get(node, "v")) : NULL; }

static bool is_word(const char *s, const char *also)
{
    size_t n = 0;
    for (; s[n]; n++)
        if (!isascii((unsigned char)s[n]) || (!isalnum((unsigned char)s[n]) && !strchr(also, s[n])))
            return false;
    return n > 0 && n <= NAME_MAX_BYTES && isalnum((unsigned char)s[0]);
}

static bool is_hash(const char *s) { return strlen(s) == HASH_CHARS && strspn(s, "0123456789abcdef") == HASH_CHARS; }

/* ---- one [[package]] ---- */

static int check_keys(const struct lock *l, const json_t *table, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)json_object_get(table, "v"), key, value) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return refuse(l, value, key, "a lock file of a skill has no such key");
    }
    return 0;
}

static int add_item(const struct lock *l, const char *name, const char *version, const char *checksum)
{
    if (json_array_size(l->items) >= CRATES_MAX)
        return err_set(l->err, CORDON_E_TOO_LARGE, l->file, "%s has more than %d crates", l->file, CRATES_MAX);
    return json_array_append_new(l->items, json_pack("{s:s, s:s, s:s}", "name", name, "version", version, "checksum", checksum)) == 0 ? 0 : err_nomem(l->err);
}

static int check_package(const struct lock *l, const json_t *package)
{
    static const char *const known[] = {"name", "version", "source", "checksum", "dependencies", NULL};
    if (!is(package, "table"))
        return refuse(l, package, "package", "a table is expected");
    int rc = check_keys(l, package, known);
    if (rc < 0)
        return rc;
    const json_t *v = json_object_get(package, "v"), *source = json_object_get(v, "source"), *checksum = json_object_get(v, "checksum");
    const char *name = text_of(json_object_get(v, "name"), "string"), *version = text_of(json_object_get(v, "version"), "string"), *hash = text_of(checksum, "string");
    if (!name || !is_word(name, "-_"))
        return refuse(l, package, "name", "the name of a crate is expected");
    if (!version || !is_word(version, "-.+"))
        return refuse(l, package, name, "it has no version");
    if (!source)
        return checksum ? refuse(l, checksum, name, "it has a hash and does not come from crates.io") : 0;   /* of the project itself */
    const char *from = text_of(source, "string");
    if (!from || strcmp(from, CRATES_IO) != 0)
        return refuse(l, source, name, "it does not come from crates.io");
    if (!hash || !is_hash(hash))
        return refuse(l, checksum ? checksum : package, name, "it has no SHA-256");
    return add_item(l, name, version, hash);
}

/* ---- the file ---- */

static int parse(const struct lock *l, const char *text, size_t len, json_t **ret)
{
    struct shim_bytes json = {0}, why = {0};
    int rc = shim_toml_parse((const uint8_t *)text, len, &json, &why);
    if (rc < 0) {
        rc = err_set(l->err, rc == -2 ? CORDON_E_HOST_BUG : CORDON_E_BAD_MANIFEST, l->file, "%s:%s", l->file, why.data ? (const char *)why.data : " no reason given");
        shim_bytes_free(why);
        return rc;
    }
    *ret = json_loadb((const char *)json.data, json.len, 0, NULL);
    shim_bytes_free(json);
    return *ret ? 0 : err_nomem(l->err);
}

static int check(const struct lock *l, const json_t *root)
{
    static const char *const known[] = {"version", "package", NULL};
    const json_t *v = json_object_get(root, "v"), *version = json_object_get(v, "version"), *packages = json_object_get(v, "package"), *package;
    const char *number = text_of(version, "integer");
    size_t i;
    int rc = check_keys(l, root, known);
    if (rc < 0)
        return rc;
    if (!number || (strcmp(number, "3") != 0 && strcmp(number, "4") != 0))
        return refuse(l, version ? version : root, "version", "3 or 4 is expected");
    if (packages && !is(packages, "array"))
        return refuse(l, packages, "package", "an array of tables is expected");
    json_array_foreach(json_object_get(packages, "v"), i, package)
        if ((rc = check_package(l, package)) < 0)
            return rc;
    return 0;
}

int rust_lock_check(const char *file, const char *text, size_t len, json_t *items, cordon_error **err)
{
    const struct lock l = {.file = file, .items = items, .err = err};
    json_t *root = NULL;
    int rc = parse(&l, text, len, &root);
    if (rc == 0)
        rc = check(&l, root);
    json_decref(root);
    return rc;
}

/* ---- a project that needs the same ---- */

static int give(struct buf *b, char **ret, cordon_error **err)
{
    *ret = b->full ? NULL : buf_take(b, NULL);
    return *ret ? 0 : err_nomem(err);
}

int rust_lock_manifest(const json_t *items, char **ret_manifest, char **ret_lock, cordon_error **err)
{
    cleanup(buf_finish) struct buf manifest, lock;
    const json_t *item;
    size_t i;
    buf_init(&manifest, (json_array_size(items) + 1) * LINE_MAX_BYTES);
    buf_init(&lock, (json_array_size(items) + 1) * LINE_MAX_BYTES);
    buf_adds(&manifest, "[package]\nname = \"cordon-fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n[workspace]\n\n[dependencies]\n");
    buf_adds(&lock, "version = 4\n");
    json_array_foreach(items, i, item) {
        const char *name = json_string_value(json_object_get(item, "name")), *version = json_string_value(json_object_get(item, "version"));
        /* A crate may be there in several versions: each has a name of its own here. */
        buf_addf(&manifest, "p%zu = { package = \"%s\", version = \"=%s\", default-features = false }\n", i, name, version);
        buf_addf(&lock, "\n[[package]]\nname = \"%s\"\nversion = \"%s\"\nsource = \"" CRATES_IO "\"\nchecksum = \"%s\"\n", name, version,
                 json_string_value(json_object_get(item, "checksum")));
    }
    cleanup_free char *text = NULL;
    int rc = give(&manifest, &text, err);
    if (rc < 0 || (rc = give(&lock, ret_lock, err)) < 0)
        return rc;
    *ret_manifest = take(text);
    return 0;
}
