/* SPDX-License-Identifier: Apache-2.0
 * From the source to a staged bundle: whatever it was, from here on it is a folder of ours. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "child/memfile.h"
#include "cordon/fetching.h"
#include "cordon/install_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { HEAD_LEN = 512, FETCH_S = 600 };

/* ---- one file ---- */


/* What a lone file is called in its bundle: a manifest keeps its name, all else is the code. */
static const char *name_in_bundle(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return strcmp(base, manifest_file(MANIFEST_SKILL_MD)) ? "skill.wasm" : manifest_file(MANIFEST_SKILL_MD);
}

/* An archive, or one artifact, read from its start. */
static int stage_fd(struct cordon_install *i, const char *staging, int fd, cordon_error **err)
{
    uint8_t head[HEAD_LEN];
    struct helper *helper;
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < 0)
        return err_errno(err, errno, "read", i->source.shown);
    if (bundle_is_archive(head, (size_t)n)) {
        int rc = host_helper(i->host, &helper, err);
        return rc < 0 ? rc : bundle_stage_archive(staging, helper, fd, i->source.shown, &i->bundle, err);
    }
    return bundle_stage_file(staging, fd, name_in_bundle(i->source.text), &i->bundle, err);
}

/* ---- from this machine ---- */

/* The real path is the source: a link that is changed later does not lead an update elsewhere. */
static int settle_path(struct cordon_install *i, cordon_error **err)
{
    char *real = realpath(i->source.place, NULL);
    if (!real)
        return errno == ENOENT || errno == ENOTDIR ? err_set(err, CORDON_E_NOT_FOUND, i->source.place, "there is nothing at %s to install", i->source.place)
                                                   : err_errno(err, errno, "open", i->source.place);
    return install_source_set(&i->source, real, err);
}

/* This user's, and nobody else can write it or put another in its place. Others who can are its authors too. What is in a folder is asked where it is taken. */
static bool is_own(const struct cordon_install *i, const struct stat *st)
{
    return !i->of_others && st->st_uid == geteuid() && !(st->st_mode & 022) && safe_chain(i->source.text, false, NULL) == 0;
}

/* A signature of a lone file lies beside it: FILE.wasm.sig. */
static int add_signature(struct cordon_install *i, cordon_error **err)
{
    char text[TRUST_SIGNATURE_FILE_MAX];
    cleanup_free char *path = NULL;
    if (!bundle_find(&i->bundle, "skill.wasm") || asprintf(&path, "%s.sig", i->source.text) < 0) {
        path = NULL;
        return 0;
    }
    cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;
    return n > 0 && n < (ssize_t)sizeof text ? bundle_add(&i->bundle, "skill.wasm.sig", 0644, text, (size_t)n, err) : 0;
}

/* Of a module that was taken from another system, which kept it elsewhere. An archive has its own. */
static int add_manifest(struct cordon_install *i, cordon_error **err)
{
    const char *name = manifest_file(MANIFEST_SKILL_TOML);
    bool is_lone = bundle_find(&i->bundle, "skill.wasm") && i->bundle.n == 1u + !!bundle_find(&i->bundle, "skill.wasm.sig");
    return i->manifest_text && is_lone ? bundle_add(&i->bundle, name, 0644, i->manifest_text, strlen(i->manifest_text), err) : 0;
}

static int stage_file(struct cordon_install *i, const char *staging, cordon_error **err)
{
    cleanup_fd int fd = open(i->source.text, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "open", i->source.text);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_BAD_ARTIFACT, i->source.text, "%s is neither a folder nor a regular file", i->source.text);
    i->is_own = is_own(i, &st);
    int rc = stage_fd(i, staging, fd, err);
    if (rc == 0)
        rc = add_signature(i, err);
    return rc == 0 ? add_manifest(i, err) : rc;
}

static int stage_path(struct cordon_install *i, const char *staging, cordon_error **err)
{
    struct stat st;
    int rc = settle_path(i, err);
    if (rc < 0)
        return rc;
    if (stat(i->source.text, &st) < 0)
        return err_errno(err, errno, "look at", i->source.text);
    if (!S_ISDIR(st.st_mode))
        return stage_file(i, staging, err);
    i->is_folder = true;
    rc = bundle_stage_folder(staging, i->source.text, &i->bundle, err);
    i->is_own = rc == 0 && is_own(i, &st) && !i->bundle.by_others;
    return rc;
}

/* ---- from the network ---- */

static int fetch_into(struct cordon_install *i, const struct fetch *f, int fd, cordon_error **err)
{
    uint8_t sha256[32];
    uint64_t len;
    if (i->source.from == INSTALL_FROM_URL)
        return fetch_url(f, i->source.place, BUNDLE_ARCHIVE_MAX, fd, sha256, &len, err);
    struct oci_ref ref;
    struct oci_found found;
    int rc = oci_ref_parse(i->source.place, &ref, err);
    if (rc < 0)
        return rc;
    rc = fetch_oci(f, &ref, fd, &found, err);
    oci_ref_finish(&ref);
    return rc;
}

static int stage_network(struct cordon_install *i, const char *staging, cordon_error **err)
{
    cleanup(fetching_finish) struct fetching f = FETCHING_NONE;
    cleanup_fd int fd = -1;
    int rc = fetching_begin(i->host, FETCH_S, &f, err);
    f.fetch.cancel_fd = i->cancel_fd;
    if (rc < 0 || (rc = memfile_new("cordon-fetch", &fd, err)) < 0 || (rc = fetch_into(i, &f.fetch, fd, err)) < 0)
        return rc;
    return stage_fd(i, staging, fd, err);
}

int install_stage(struct cordon_install *i, cordon_error **err)
{
    cleanup_free char *staging = NULL;
    int rc = registry_staging(i->host->opts.home, &staging, err);
    if (rc < 0)
        return rc;
    return i->source.from == INSTALL_FROM_PATH ? stage_path(i, staging, err) : stage_network(i, staging, err);
}
