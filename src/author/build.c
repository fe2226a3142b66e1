/* SPDX-License-Identifier: Apache-2.0 */
#include "author/lang.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Of the helper: making bindings and a component takes milliseconds; the largest of components some seconds. */
static const struct code_bounds bounds = {.memory_bytes = UINT64_C(4) << 30, .cpu_s = 60, .wall_s = 120};

void author_built_finish(struct author_built *b)
{
    if (b->fd >= 0)
        close(b->fd);
    free(b->world);
    json_decref(b->imports);
    *b = (struct author_built){.fd = -1};
}

static void build_finish(struct build *b)
{
    tool_box_finish(&b->box);
    helper_free(b->helper);
    free(b->wit.json);
    free(b->dir);
    free(b->name);
    free(b->packages);
}

/* ---- the project ---- */

static int open_dir(const char *dir, cordon_error **err)
{
    if (!*dir)
        return err_set(err, CORDON_E_NOT_FOUND, NULL, "the name of the folder is empty");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    if (errno == ENOENT || errno == ENOTDIR)
        return err_set(err, CORDON_E_NOT_FOUND, dir, errno == ENOENT ? "there is no folder %s" : "%s is not a folder", dir);
    return err_errno(err, errno, "read the folder", dir);
}

static void list_langs(char *to, size_t size)
{
    const struct lang *l;
    size_t at = 0;
    to[0] = '\0';
    for (size_t i = 0; (l = lang_at(i)) && at < size; i++)
        at += (size_t)snprintf(to + at, size - at, "%s%s", i ? ", " : "", l->name);
}

static int no_lang(const struct author_build *want, cordon_error **err)
{
    char known[200];
    list_langs(known, sizeof known);
    if (want->lang) {
        err_set(err, CORDON_E_USAGE, want->lang, "no skill is built of %.100s here", want->lang);
        return err_hint(err, "Languages: %s.", known);
    }
    err_set(err, CORDON_E_NOT_FOUND, want->dir, "%s holds no source of a language that is known here (%s)", want->dir, known);
    return err_hint(err, "Name the folder that holds the skill's source; `cordon new NAME` makes one.");
}

static int find_project(struct build *b, cordon_error **err)
{
    const char *dir = b->want->dir;
    cleanup_fd int fd = open_dir(dir, err);
    if (fd < 0)
        return fd;
    if (!(b->dir = realpath(dir, NULL)))
        return err_errno(err, errno, "read the folder", dir);
    const char *name = strrchr(b->dir, '/') + 1;
    if (!(b->name = strdup(*name ? name : "skill")))
        return err_nomem(err);
    b->lang = b->want->lang ? lang_named(b->want->lang) : lang_of(fd);
    return b->lang ? 0 : no_lang(b->want, err);
}

const char *author_lang_of(const char *dir)
{
    cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct lang *l = fd < 0 ? NULL : lang_of(fd);
    return l ? l->name : NULL;
}

/* ---- with a scratch folder, which goes whatever happens and whichever signal comes ---- */

typedef int step(struct build *b, void *ret, cordon_error **err);

static int in_scratch(struct build *b, step *what, void *ret, cordon_error **err)
{
    int rc = hold_begin(&b->hold, err);
    if (rc < 0)
        return rc;
    rc = scratch_make("cordon-build", &b->scratch, err);
    if (rc == 0)
        rc = what(b, ret, err);
    tool_box_finish(&b->box);
    scratch_remove(take(b->scratch));
    hold_end(&b->hold);
    return rc;
}

/* ---- building ---- */

static int make(struct build *b, void *ret, cordon_error **err)
{
    int rc = fetch_check(b, err);
    return rc < 0 || (rc = b->lang->make(b, err)) < 0 ? rc : finish_made(b, ret, err);
}

static int find_helper(struct build *b, cordon_error **err)
{
    cleanup_free char *path = NULL;
    int rc = helper_find(b->want->helper_path, &path, err);
    return rc < 0 ? rc : helper_new(path, &bounds, &b->helper, err);
}

int author_build(const struct author_build *want, struct author_built *ret, cordon_error **err)
{
    cleanup(build_finish) struct build b = {.want = want};
    cleanup(author_built_finish) struct author_built built = {.fd = -1};
    int rc = find_project(&b, err);
    if (rc < 0 || (rc = wit_files_read(b.dir, &b.wit, err)) < 0 || (rc = find_helper(&b, err)) < 0 || (rc = in_scratch(&b, make, &built, err)) < 0)
        return rc;
    built.lang = b.lang->name;
    *ret = built;
    built = (struct author_built){.fd = -1};
    return 0;
}

/* ---- fetching ---- */

struct fetched { json_t *items; bool fresh; };

static int fetch(struct build *b, void *ret, cordon_error **err)
{
    struct fetched *f = ret;
    return fetch_run(b, &f->items, &f->fresh, err);
}

int author_fetch(const struct author_build *want, json_t **ret, cordon_error **err)
{
    cleanup(build_finish) struct build b = {.want = want};
    struct fetched f = {0};
    int rc = find_project(&b, err);
    if (rc < 0 || (rc = in_scratch(&b, fetch, &f, err)) < 0)
        return rc;
    *ret = json_pack("{s:s, s:s?, s:o, s:b}", "lang", b.lang->name, "packages", b.lang->packages, "items", f.items, "fresh", f.fresh);
    return *ret ? 0 : err_nomem(err);
}
