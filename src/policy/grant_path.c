/* SPDX-License-Identifier: Apache-2.0
 * read=, write=, rw=. Words only: what a path really is on disk is seen when its root is opened, not here. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "policy/grant_parse.h"
#include <string.h>

/* A path that cannot be shown as it is could read as another one in a question to the operator. */
static bool is_showable(const char *s)
{
    struct buf b;
    buf_init(&b, 4 * strlen(s));
    text_escape(&b, s, strlen(s), false);
    bool same = !b.full && (b.data ? strcmp(b.data, s) == 0 : !*s);
    buf_finish(&b);
    return same;
}

/* Appends the segments of `s`, each with a slash before it; empty ones and `.` are dropped. -1 if there is a `..`. */
static int add_segments(struct buf *b, const char *s)
{
    for (;;) {
        s += strspn(s, "/");
        size_t n = strcspn(s, "/");
        if (n == 0)
            return 0;
        if (n == 2 && s[0] == '.' && s[1] == '.')
            return -1;
        if (n != 1 || s[0] != '.') {
            buf_addc(b, '/');
            buf_add(b, s, n);
        }
        s += n;
    }
}

/* `base` + `s` (one of them absolute), without dot segments and doubled slashes. */
static int join(const struct grant_parse *p, const char *base, const char *s, char **ret)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, GRANT_PATH_MAX);
    if (strlen(base) + strlen(s) + 1 > GRANT_PATH_MAX)
        return grant_refuse(p, "the path is longer than 4095 bytes");
    if (!is_showable(base) || !is_showable(s))
        return grant_refuse(p, "the path has a control character, or is not UTF-8");
    /* A `..` could not be taken out without looking at the disk: what stands before it may be a link. */
    if (add_segments(&b, base) < 0 || add_segments(&b, s) < 0)
        return grant_refuse(p, "the path has a `..`: write where it leads");
    if (b.len == 0)
        buf_addc(&b, '/');
    char *path = buf_take(&b, NULL);
    if (!path)
        return err_nomem(p->err);
    *ret = path;
    return 0;
}

static bool is_at_or_beneath(const char *path, const char *root)
{
    size_t n = strlen(root);
    return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* What no grant opens. The same is asked again of the real path when the root is opened. */
static const char *why_not_a_root(const struct grant_parse *p, const char *path)
{
    static const char *const kernel[] = {"/proc", "/sys", "/dev", "/run"};
    if (strcmp(path, "/") == 0)
        return "the whole file system cannot be granted: name a folder";
    for (size_t i = 0; i < sizeof kernel / sizeof *kernel; i++)
        if (is_at_or_beneath(path, kernel[i]))
            return "/proc, /sys, /dev and /run cannot be granted";
    if (p->source->home && strcmp(path, p->source->home) == 0)
        return "the home folder itself cannot be granted: name a folder in it";
    return NULL;
}

/* Printed before `::` it must be found again where it ends. */
static bool is_separable(const char *path)
{
    return !strstr(path, "::") && path[strlen(path) - 1] != ':';
}

static int parse_host_path(const struct grant_parse *p, const char *s, char **ret)
{
    const char *base = "";
    if (s[0] == '~' && (s[1] == '/' || s[1] == '\0')) {
        base = p->source->home;
        s++;
    } else if (s[0] == '~') {
        return grant_refuse(p, "of ~ forms only ~/… is known: write the whole path");
    } else if (s[0] != '/') {
        base = p->source->cwd;
    }
    if (!base || (base[0] != '/' && s[0] != '/'))
        return grant_refuse(p, "the path must start with a / here");
    int rc = join(p, base, s, ret);
    if (rc < 0)
        return rc;
    const char *why = is_separable(*ret) ? why_not_a_root(p, *ret) : "a path cannot have `::` in it or a colon at its end";
    return why ? grant_refuse(p, why) : 0;
}

static int parse_guest_path(const struct grant_parse *p, const char *s, char **ret)
{
    if (s[0] != '/')
        return grant_refuse(p, "the path that the guest sees must start with a /");
    return join(p, "", s, ret);
}

/* A second `::`, or a colon beside it, could be read in two ways. */
static const char *check_separators(const char *value, const char *separator)
{
    if (separator[2] == ':' || strstr(separator + 2, "::"))
        return "`::` stands once, between the path and what the guest sees; it cannot be part of a path";
    return separator == value ? "the path before `::` is missing" : NULL;
}

int grant_parse_files(struct grant_parse *p, const char *value)
{
    struct grant *g = p->grant;
    const char *separator = strstr(value, "::");
    if (p->source->asked)
        return separator ? grant_refuse(p, "what a manifest asks for is the guest's own path, without `::`")
                         : parse_guest_path(p, value, &g->guest);
    if (!separator) {
        int rc = parse_host_path(p, value, &g->path);
        return rc < 0 ? rc : parse_guest_path(p, g->path, &g->guest);
    }
    const char *why = check_separators(value, separator);
    if (why)
        return grant_refuse(p, why);
    cleanup_free char *path = strndup(value, (size_t)(separator - value));
    if (!path)
        return err_nomem(p->err);
    int rc = parse_host_path(p, path, &g->path);
    return rc < 0 ? rc : parse_guest_path(p, separator + 2, &g->guest);
}
