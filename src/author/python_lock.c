/* SPDX-License-Identifier: Apache-2.0 */
#include "author/python_lock.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

enum { PACKAGES_MAX = 1000, HASHES_MAX = 500, NAME_LEN_MAX = 128, VERSION_LEN_MAX = 64, DIGEST_LEN = 64 };

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define HASH "--hash=sha256:"
#define HINT "Each line is NAME==VERSION --hash=sha256:DIGEST; `pip-compile --generate-hashes --strip-extras --no-header` writes them. Addresses, options and other files are not taken."

struct span { const char *at; size_t len; };

struct reader {
    const char *file, *at, *end, *line_at;   /* line_at: where the present line begins */
    size_t line;
    json_t *seen;                            /* names, as pip compares them, each with its version */
};

/* One package: name and version, and its hashes as they follow. */
struct entry {
    struct span name, version, hashes[HASHES_MAX];
    size_t n_hashes;
};

static int fail(const struct reader *r, const char *at, const char *why, cordon_error **err)
{
    err_set(err, CORDON_E_BAD_MANIFEST, r->file, "%s:%zu:%zu: %s", r->file, r->line, (size_t)(at - r->line_at) + 1, why);
    return err_hint(err, HINT);
}

/* ---- bytes ---- */

static bool is_of(const char *set, char c) { return c && strchr(set, c); }

static size_t length_of(const char *set, const char *at, const char *end)
{
    const char *s = at;
    while (s < end && is_of(set, *s))
        s++;
    return (size_t)(s - at);
}

static bool starts(const struct reader *r, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, word, n) == 0;
}

static bool take_break(struct reader *r)
{
    size_t n = starts(r, "\r\n") ? 2 : starts(r, "\n") ? 1 : 0;
    r->at += n;
    if (n) {
        r->line++;
        r->line_at = r->at;
    }
    return n > 0;
}

static void skip_comment(struct reader *r)
{
    const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
    r->at = end ? end : r->end;
}

/* Spaces, tabs, and `\` at the end of a line. */
static void skip_space(struct reader *r)
{
    for (;;) {
        r->at += length_of(" \t", r->at, r->end);
        const char *back = r->at;
        if (r->at == r->end || *r->at != '\\')
            return;
        r->at++;
        if (!take_break(r)) {
            r->at = back;
            return;
        }
    }
}

/* ---- one package ---- */

/* Begins and ends with a letter or digit. */
static bool is_name(struct span s)
{
    return s.len > 0 && s.len <= NAME_LEN_MAX && is_of(LETTERS DIGITS, s.at[0]) && is_of(LETTERS DIGITS, s.at[s.len - 1]);
}

static int take_name(struct reader *r, struct entry *ret, cordon_error **err)
{
    ret->name = (struct span){r->at, length_of(LETTERS DIGITS "._-", r->at, r->end)};
    if (!is_name(ret->name))
        return fail(r, r->at, "a package's name is expected, of letters, digits, '.', '_' and '-'", err);
    r->at += ret->name.len;
    if (!starts(r, "=="))
        return fail(r, r->at, "\"==\" and one version are expected behind a package's name", err);
    r->at += 2;
    ret->version = (struct span){r->at, length_of(LETTERS DIGITS ".!+_-", r->at, r->end)};
    if (ret->version.len == 0 || ret->version.len > VERSION_LEN_MAX || !is_of(LETTERS DIGITS, *r->at))
        return fail(r, r->at, "a version is expected, such as 1.2.3", err);
    r->at += ret->version.len;
    return 0;
}

static int take_hash(struct reader *r, struct entry *ret, cordon_error **err)
{
    if (!starts(r, HASH))
        return fail(r, r->at, "\"" HASH "\" and a digest are expected", err);
    struct span digest = {r->at + strlen(HASH), 0};
    digest.len = length_of(DIGITS "abcdef", digest.at, r->end);
    if (digest.len != DIGEST_LEN)
        return fail(r, digest.at, "a digest is 64 digits of 0-9 and a-f", err);
    if (ret->n_hashes == HASHES_MAX)
        return fail(r, r->at, "a package has more than 500 digests", err);
    ret->hashes[ret->n_hashes++] = digest;
    r->at = digest.at + digest.len;
    return 0;
}

/* True: a line ends here, with a comment behind a space or without. */
static bool is_line_end(struct reader *r, const char *before)
{
    if (r->at < r->end && *r->at == '#' && r->at > before)
        skip_comment(r);
    return r->at == r->end || take_break(r);
}

static int take_hashes(struct reader *r, struct entry *ret, cordon_error **err)
{
    for (;;) {
        const char *before = r->at;
        skip_space(r);
        const struct reader here = *r;
        if (is_line_end(r, before))
            return ret->n_hashes ? 0 : fail(&here, here.at, "\"" HASH "\" and a digest are expected behind the version", err);
        if (r->at == before)
            return fail(r, r->at, "nothing but digests may stand behind the version", err);
        int rc = take_hash(r, ret, err);
        if (rc < 0)
            return rc;
    }
}

/* As pip compares names: lower case, and '-' for every run of '.', '_' and '-'. */
static void normal_name(struct span name, char ret[NAME_LEN_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!is_of("._-", c))
            ret[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        else if (ret[n - 1] != '-')   /* a name begins with a letter or digit */
            ret[n++] = '-';
    }
    ret[n] = '\0';
}

static int take_entry(struct reader *r, struct entry *ret, char name[NAME_LEN_MAX + 1], cordon_error **err)
{
    const char *begin = r->at;
    ret->n_hashes = 0;
    int rc = take_name(r, ret, err);
    if (rc < 0)
        return rc;
    normal_name(ret->name, name);
    if (json_object_get(r->seen, name))
        return fail(r, begin, "this package is named twice", err);
    if (json_object_size(r->seen) == PACKAGES_MAX)
        return fail(r, begin, "there are more than 1000 packages", err);
    json_object_set_new(r->seen, name, json_stringn(ret->version.at, ret->version.len));
    return take_hashes(r, ret, err);
}

/* 1: *ret is the next one; 0: there is none. */
static int next_entry(struct reader *r, struct entry *ret, char name[NAME_LEN_MAX + 1], cordon_error **err)
{
    while (r->at < r->end) {
        r->at += length_of(" \t", r->at, r->end);
        if (r->at < r->end && *r->at == '#')
            skip_comment(r);
        if (r->at == r->end || take_break(r))
            continue;
        int rc = take_entry(r, ret, name, err);
        return rc < 0 ? rc : 1;
    }
    return 0;
}

/* ---- all of them ---- */

static void print(const struct entry *e, const char *name, struct buf *ret)
{
    buf_addf(ret, "%s==%.*s", name, (int)e->version.len, e->version.at);
    for (size_t i = 0; i < e->n_hashes; i++)
        buf_addf(ret, " " HASH "%.*s", DIGEST_LEN, e->hashes[i].at);
    buf_addc(ret, '\n');
}

static int read_all(struct reader *r, struct entry *e, json_t *items, struct buf *text, cordon_error **err)
{
    char name[NAME_LEN_MAX + 1];
    int rc;
    while ((rc = next_entry(r, e, name, err)) > 0) {
        if (items)
            json_array_append_new(items, json_pack("{s:s, s:O}", "name", name, "version", json_object_get(r->seen, name)));
        if (text)
            print(e, name, text);
    }
    if (rc < 0 || json_object_get(r->seen, PYTHON_COMPILER))
        return rc;
    err_set(err, CORDON_E_BAD_MANIFEST, r->file, "%s does not name %s, which makes the component", r->file, PYTHON_COMPILER);
    return err_hint(err, "`cordon new NAME --lang python` makes a project with one that does.");
}

static int read_lock(const char *file, const char *text, size_t len, json_t *items, struct buf *print_to, cordon_error **err)
{
    struct reader r = {.file = file, .at = text, .end = text + len, .line_at = text, .line = 1, .seen = json_object()};
    cleanup_free struct entry *e = malloc(sizeof *e);
    int rc = r.seen && e ? read_all(&r, e, items, print_to, err) : err_nomem(err);
    json_decref(r.seen);
    return rc;
}

int python_lock_check(const char *file, const char *text, size_t len, json_t *items, cordon_error **err)
{
    return read_lock(file, text, len, items, NULL, err);
}

int python_lock_print(const char *text, size_t len, struct buf *ret, cordon_error **err)
{
    int rc = read_lock(PYTHON_LOCK, text, len, NULL, ret, err);
    return rc == 0 && ret->full ? err_nomem(err) : rc;
}
