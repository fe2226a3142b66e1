/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/path.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "bundle/unicode.h"
#include <string.h>

static bool is_ascii(const char *s, size_t len)
{
    unsigned char all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)s[i];
    return all < 0x80;
}

/* What is wrong with one name, its Unicode aside; NULL: nothing. */
static const char *why_no_name(const char *name, size_t len)
{
    if (!len)
        return "has an empty name in it";
    if (len <= 2 && !memcmp(name, "..", len))
        return "has . or .. in it";
    if (name[0] == ' ' || name[len - 1] == ' ' || name[len - 1] == '.')
        return "has a name that begins with a blank, or ends with a blank or a dot";
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || name[i] == '\\')
            return "holds a control character or a backslash";
    return NULL;
}

static const char *why_no_path(const char *path, size_t len)
{
    const char *why = !len ? "is empty" : path[0] == '/' ? "is absolute" : !text_is_utf8(path, len) ? "is not UTF-8" : NULL;
    for (size_t at = 0; !why && at <= len;) {
        const char *slash = memchr(path + at, '/', len - at);
        size_t end = slash ? (size_t)(slash - path) : len;
        why = why_no_name(path + at, end - at);
        at = end + 1;
    }
    return why;
}

static size_t depth_of(const char *path, size_t len)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++)
        n += path[i] == '/';
    return n;
}

/* What can be shown of it. */
struct shown { char text[BUNDLE_PATH_MAX + 1]; };
static struct shown show(const char *path, size_t len)
{
    struct shown s;
    snprintf(s.text, sizeof s.text, "%.*s", (int)(len < BUNDLE_PATH_MAX ? len : BUNDLE_PATH_MAX), path);
    return s;
}

static int refuse(const char *path, size_t len, const char *why, enum cordon_errc code, cordon_error **err)
{
    struct shown s = show(path, len);
    err_set(err, code, s.text, "\"%s\" %s", s.text, why);
    err_hint(err, "Files of a skill have plain names, by which everyone means the same file.");
    return -(int)code;
}

int path_check_plain(const char *path, size_t len, enum cordon_errc code, cordon_error **err)
{
    const char *why = why_no_path(path, len);
    if (why)
        return refuse(path, len, why, code, err);
    if (len > BUNDLE_PATH_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "a path in it is longer than %d bytes: %s...", BUNDLE_PATH_MAX, show(path, len).text);
    if (depth_of(path, len) > BUNDLE_DEPTH_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "a path in it is deeper than %d names: %s", BUNDLE_DEPTH_MAX, show(path, len).text);
    return 0;
}

int path_check(const char *path, size_t len, enum cordon_errc code, cordon_error **err)
{
    const char *why = NULL;
    int r = path_check_plain(path, len, code, err);
    if (r < 0 || is_ascii(path, len) || (r = unicode_check(path, len, &why, err)) < 0)
        return r;
    return why ? refuse(path, len, why, code, err) : 0;
}

bool path_name_is_left_out(const char *name)
{
    static const char *const names[] = {"target", "node_modules", "__pycache__", "__MACOSX"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return name[0] == '.';
}

bool path_is_left_out(const char *path)
{
    char name[BUNDLE_PATH_MAX + 1];
    for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "/"), at);
        if (path_name_is_left_out(name))
            return true;
    }
    return false;
}

/* ---- which are taken ---- */

static int fold(const char *path, size_t len, char **ret, cordon_error **err)
{
    if (!is_ascii(path, len))
        return unicode_fold(path, len, ret, err);
    char *copy = strndup(path, len);
    if (!copy)
        return err_nomem(err);
    for (char *p = copy; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    *ret = copy;
    return 0;
}

static void one_finish(struct taken_one *o)
{
    free(o->fold);
    free(o->path);
}

/* Where it is, or belongs. */
static size_t place_of(const struct taken *t, const char *folded, bool *ret_there)
{
    size_t low = 0, high = t->n;
    *ret_there = false;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(t->one[mid].fold, folded);
        if (!order) {
            *ret_there = true;
            return mid;
        }
        *(order < 0 ? &low : &high) = order < 0 ? mid + 1 : mid;
    }
    return low;
}

/* Takes what `o` owns, if there is memory. */
static int insert(struct taken *t, size_t at, struct taken_one *o, cordon_error **err)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 64;
        void *more = reallocarray(t->one, cap, sizeof *t->one);
        if (!more)
            return err_nomem(err);
        t->one = more;
        t->cap = cap;
    }
    memmove(&t->one[at + 1], &t->one[at], (t->n++ - at) * sizeof *t->one);
    t->one[at] = *o;
    *o = (struct taken_one){0};
    t->n_folders += t->one[at].folder;
    return 0;
}

static int collide(const struct taken_one *there, const struct taken_one *new, enum cordon_errc code, cordon_error **err)
{
    if (strcmp(there->path, new->path)) {
        err_set(err, code, new->path, "\"%s\" and \"%s\" differ in case or spelling alone", there->path, new->path);
        return err_hint(err, "Where letters of both cases are one, they would be the same file: give one of them another name.");
    }
    return err_set(err, code, new->path, there->folder || new->folder ? "\"%s\" is both a file and a folder" : "\"%s\" is there twice", new->path);
}

static int take_one(struct taken *t, struct taken_one *o, enum cordon_errc code, cordon_error **err)
{
    bool there;
    size_t at = place_of(t, o->fold, &there);
    if (there)
        return o->folder && t->one[at].folder && !strcmp(t->one[at].path, o->path) ? 0 : collide(&t->one[at], o, code, err);
    if (o->folder && t->n_folders >= BUNDLE_FILES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "there are more than %d folders in it", BUNDLE_FILES_MAX);
    return insert(t, at, o, err);
}

static int take_prefix(struct taken *t, const char *path, size_t len, bool folder, enum cordon_errc code, cordon_error **err)
{
    cleanup(one_finish) struct taken_one o = {.folder = folder};
    int r = fold(path, len, &o.fold, err);
    if (r < 0)
        return r;
    if (!(o.path = strndup(path, len)))
        return err_nomem(err);
    return take_one(t, &o, code, err);
}

int taken_add(struct taken *t, const char *path, enum cordon_errc code, cordon_error **err)
{
    int r = 0;
    for (const char *slash = path; r >= 0 && (slash = strchr(slash, '/')); slash++)
        r = take_prefix(t, path, (size_t)(slash - path), true, code, err);
    return r < 0 ? r : take_prefix(t, path, strlen(path), false, code, err);
}

void taken_finish(struct taken *t)
{
    for (size_t i = 0; i < t->n; i++)
        one_finish(&t->one[i]);
    free(t->one);
    *t = (struct taken){0};
}
