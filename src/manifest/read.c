/* SPDX-License-Identifier: Apache-2.0
 * The manifests of a folder, and what they say together. */
#include "base/cleanup.h"
#include "base/error.h"
#include "manifest/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* ---- one ---- */

/* A file that grows meanwhile is read up to one byte more than it may have. */
static int read_all(int fd, const char *file, char *buf, size_t *ret_len, cordon_error **err)
{
    size_t len = 0;
    while (len <= MANIFEST_MAX) {
        ssize_t n = read(fd, buf + len, MANIFEST_MAX + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", file);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}

/* 1: read, 0: there is none. */
static int read_one(int folder, const char *path, enum manifest_format f, struct manifest *ret, cordon_error **err)
{
    const char *file = manifest_file(f);
    cleanup_fd int fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && errno == ELOOP)
        return err_set(err, CORDON_E_BAD_MANIFEST, file, "%s in %s is a link: put the file itself there", file, path);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "open", file);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_BAD_MANIFEST, file, "%s in %s is no regular file", file, path);
    size_t len = 0;
    cleanup_free char *text = malloc(MANIFEST_MAX + 1);
    int rc = text ? read_all(fd, file, text, &len, err) : err_nomem(err);
    return rc < 0 || (rc = manifest_parse(f, text, len, ret, err)) < 0 ? rc : 1;
}

/* ---- several ---- */

static int refuse_pair(const char *what, const struct manifest *a, const struct manifest *b, cordon_error **err)
{
    int rc = err_set(err, CORDON_E_BAD_MANIFEST, what, "%s and %s do not agree on the skill's %s", manifest_file(a->format), manifest_file(b->format), what);
    err_hint(err, "Make them agree, or keep one of them.");
    return rc;
}

static bool is_stated(const char *version) { return strcmp(version, "0.0.0") != 0; }

/* Neither has one twice. */
static bool is_same_asks(const struct grants *a, const struct grants *b)
{
    size_t same = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            same += grant_is_same(&a->item[i], &b->item[k]);
    return a->n == b->n && same == a->n;
}

/* Of limits, asks and versions only what both say can differ. */
static const char *disagreement(const struct manifest *a, const struct manifest *b)
{
    if (strcmp(a->name, b->name) != 0)
        return "name";
    if (is_stated(a->version) && is_stated(b->version) && strcmp(a->version, b->version) != 0)
        return "version";
    if (a->has_tier && b->has_tier && a->tier != b->tier)
        return "trust-tier";
    if (a->asks->n && b->asks->n && !is_same_asks(a->asks, b->asks))
        return "capabilities";
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        if (a->has_limit[l] && b->has_limit[l] && a->limit[l] != b->limit[l])
            return cordon_limit_name((enum cordon_limit)l);
    return NULL;
}

static struct manifest_list take_list(struct manifest_list *l)
{
    struct manifest_list taken = *l;
    *l = (struct manifest_list){0};
    return taken;
}

static struct manifest take_manifest(struct manifest *m)
{
    struct manifest taken = *m;
    *m = (struct manifest){0};
    return taken;
}

static bool is_there(int folder, const char *path)
{
    struct stat st;
    return fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What only a SKILL.md has a form for counts beside another manifest, too. */
static void adopt(struct manifest *m, struct manifest *other)
{
    if (other->format != MANIFEST_SKILL_MD)
        return;
    m->has_tier = other->has_tier;
    m->tier = other->tier;
    m->parents = take_list(&other->parents);
    m->conflicts = take_list(&other->conflicts);
    m->categories = take_list(&other->categories);
    m->needs = take(other->needs);
    m->n_needs = other->n_needs;
    other->n_needs = 0;
}

/* Where the code is not where the format has it, it may bear the skill's name. */
static int find_entry(int folder, struct manifest *m, cordon_error **err)
{
    char named[MANIFEST_NAME_MAX + 8];
    bool is_usual = !strcmp(m->entry, "skill.wasm") || !strcmp(m->entry, "component.wasm");
    snprintf(named, sizeof named, "%s.wasm", m->name);
    const char *other = is_there(folder, named) ? named : "skill.wasm";
    if (m->prompt || !is_usual || is_there(folder, m->entry) || !is_there(folder, other))
        return 0;
    char *copy = strdup(other);
    if (!copy)
        return err_nomem(err);
    free(m->entry);
    m->entry = copy;
    return 0;
}

int manifest_read(int folder, const char *path, struct manifest *ret, cordon_error **err)
{
    cleanup(manifest_finish) struct manifest all = {0};
    for (int f = 0; f < MANIFEST_FORMAT_COUNT; f++) {
        cleanup(manifest_finish) struct manifest m = {0};
        int rc = read_one(folder, path, (enum manifest_format)f, &m, err);
        if (rc < 0)
            return rc;
        const char *what = rc && all.name ? disagreement(&all, &m) : NULL;
        if (what)
            return refuse_pair(what, &all, &m, err);
        if (rc && all.name)
            adopt(&all, &m);
        else if (rc)
            all = take_manifest(&m);
    }
    int rc = all.name ? find_entry(folder, &all, err) : 0;
    if (rc < 0 || !all.name)
        return rc;
    *ret = take_manifest(&all);
    return 1;
}
