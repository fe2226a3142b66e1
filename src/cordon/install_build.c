/* SPDX-License-Identifier: Apache-2.0
 * Building what came as source: a copy of what is staged, so that nothing a tool leaves behind is installed, in the sandbox in any case. */
#include "author/build.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"
#include "cordon/install_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { SECONDS = 600 };
#define COPY_NAME "source"

static void drop_scratch(char **path) { scratch_remove(*path); }

/* ---- the copy ---- */

static int make_folders(int at, const char *path, cordon_error **err)
{
    for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
        cleanup_free char *above = strndup(path, (size_t)(slash - path));
        if (!above)
            return err_nomem(err);
        if (mkdirat(at, above, 0700) < 0 && errno != EEXIST)
            return err_errno(err, errno, "make", above);
    }
    return 0;
}

static int copy_file(const struct bundle *bundle, const struct bundle_file *f, int to, cordon_error **err)
{
    cleanup_free char *bytes = NULL;
    size_t len;
    int rc = bundle_load(bundle, f->path, CODE_COMPONENT_MAX, &bytes, &len, err);
    if (rc < 0 || (rc = make_folders(to, f->path, err)) < 0)
        return rc;
    int fd = openat(to, f->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    cleanup_file FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    return file && fwrite(bytes, 1, len, file) == len && fflush(file) == 0 ? 0 : err_errno(err, errno, "write", f->path);
}

static int copy_bundle(const struct bundle *bundle, const char *folder, cordon_error **err)
{
    if (mkdir(folder, 0700) < 0)
        return err_errno(err, errno, "make", folder);
    cleanup_fd int to = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0)
        return err_errno(err, errno, "open", folder);
    int rc = 0;
    for (size_t n = 0; n < bundle->n && rc == 0; n++)
        rc = copy_file(bundle, &bundle->file[n], to, err);
    return rc;
}

/* ---- the build ---- */

static int fetch(const struct author_build *want, cordon_error **err)
{
    json_t *answer = NULL;
    int rc = author_fetch(want, &answer, err);
    json_decref(answer);
    return rc;
}

static int build_copy(const struct cordon_install *i, const char *folder, struct author_built *ret, cordon_error **err)
{
    const struct cordon_host_opts *o = &i->host->opts;
    cleanup_free char *cache = NULL;
    struct author_build want = {.dir = folder, .helper_path = o->helper, .supervisor_path = o->supervisor, .lang = i->has_manifest ? i->manifest.lang : NULL,
                                .without_landlock = o->scripts_without_landlock, .seconds = SECONDS, .log_fd = i->log_fd};
    int rc = build_cache(i->host, &cache, err);
    want.cache = cache;
    if (rc == 0 && i->fetch)
        rc = fetch(&want, err);
    else if (rc == 0 && i->is_own && i->is_folder)
        want.packages_of = i->source.place;
    return rc < 0 ? rc : author_build(&want, ret, err);
}

/* What a tool says names the copy: that is where it ran. */
int install_build(const struct cordon_install *i, struct author_built *ret, cordon_error **err)
{
    cleanup(drop_scratch) char *scratch = NULL;
    cleanup_free char *folder = NULL;
    int rc = scratch_make("cordon-install", &scratch, err);
    if (rc < 0)
        return rc;
    if (asprintf(&folder, "%s/" COPY_NAME, scratch) < 0) {
        folder = NULL;
        return err_nomem(err);
    }
    rc = copy_bundle(&i->bundle, folder, err);
    return rc < 0 ? rc : build_copy(i, folder, ret, err);
}

bool install_can_build(const struct cordon_install *i)
{
    const char *lang = author_lang_of(i->bundle.path);
    return lang && (!i->has_manifest || !i->manifest.lang || !strcmp(i->manifest.lang, lang));
}
