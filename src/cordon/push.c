/* SPDX-License-Identifier: Apache-2.0
 * From a file or a folder to a registry. */
#include <cordon/push.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "child/memfile.h"
#include "code/code.h"
#include "cordon/answer.h"
#include "cordon/fetching.h"
#include "cordon/internal.h"
#include "cordon/registry_parts.h"
#include "manifest/manifest.h"
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

enum { PUSH_S = 1800, HEAD_BYTES = 512 };

struct push {
    cordon_host *host;
    const char *target;       /* a path, or, with `registry`, the name of an installed skill */
    const cordon_registry *registry;
    struct oci_ref ref;
    const char *sort;         /* "component", "module", "bundle" */
    enum oci_kind kind;
    int fd;                   /* what is sent */
    uint64_t len;
    char *name;               /* owned */
    struct manifest manifest; /* of a folder */
};

static void push_finish(struct push *p)
{
    oci_ref_finish(&p->ref);
    free(p->name);
    manifest_finish(&p->manifest);
    if (p->fd >= 0)
        close(p->fd);
}

/* The last name of the path, without what says its kind. */
static int name_it(struct push *p, cordon_error **err)
{
    static const char *const endings[] = {".wasm", ".tar.gz", ".tgz"};
    cleanup_free char *real = realpath(p->target, NULL);
    const char *name = real ? strrchr(real, '/') + 1 : "skill";
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (len > n && !strcmp(name + len - n, endings[i])) {
            len -= n;
            break;
        }
    }
    if (!text_is_utf8(name, len))
        return err_set(err, CORDON_E_USAGE, p->target, "the name of %s is not UTF-8", p->target);
    return (p->name = strndup(name, len)) ? 0 : err_nomem(err);
}

/* ---- a file ---- */

static int refuse_file(const struct push *p, enum code_kind kind, cordon_error **err)
{
    if (kind == CODE_TEXT)
        err_set(err, CORDON_E_BAD_ARTIFACT, p->target, "%s is WebAssembly text: what is sent is the binary", p->target);
    else
        err_set(err, CORDON_E_BAD_ARTIFACT, p->target, "%s is neither WebAssembly nor a .tar.gz", p->target);
    return err_hint(err, "Send a component (.wasm), the folder of a skill, or a .tar.gz of one.");
}

static int sort_file(struct push *p, cordon_error **err)
{
    uint8_t head[HEAD_BYTES];
    ssize_t n = pread(p->fd, head, sizeof head, 0);
    if (n < 0)
        return err_errno(err, errno, "read", p->target);
    enum code_kind kind = code_sniff(head, (size_t)n);
    bool packed = n > 1 && head[0] == 0x1f && head[1] == 0x8b;
    if (kind != CODE_COMPONENT && kind != CODE_CORE_MODULE && !packed)
        return refuse_file(p, kind, err);
    p->kind = packed ? OCI_BUNDLE : OCI_WASM;
    p->sort = packed ? "bundle" : kind == CODE_COMPONENT ? "component" : "module";
    return 0;
}

static int take_file(struct push *p, cordon_error **err)
{
    p->fd = open(p->target, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return p->fd < 0 ? err_errno(err, errno, "open", p->target) : sort_file(p, err);
}

/* ---- a folder ---- */

static int check_folder(const struct push *p, const struct bundle *b, bool has_manifest, cordon_error **err)
{
    if (has_manifest || bundle_find(b, "skill.wasm"))
        return 0;
    err_set(err, CORDON_E_NOT_FOUND, p->target, "%s is no folder of a skill: it has neither a manifest nor skill.wasm", p->target);
    return err_hint(err, "A manifest is skill.toml, Component.toml or SKILL.md.");
}

static int pack(struct push *p, const struct bundle *b, cordon_error **err)
{
    int rc = manifest_read(b->fd, p->target, &p->manifest, err);
    if (rc < 0 || (rc = check_folder(p, b, rc > 0, err)) < 0)
        return rc;
    if (p->manifest.name) {
        free(p->name);
        if (!(p->name = strdup(p->manifest.name)))
            return err_nomem(err);
    }
    p->kind = OCI_BUNDLE;
    p->sort = "bundle";
    rc = memfile_new("cordon-push", &p->fd, err);
    return rc < 0 ? rc : bundle_pack(b, p->fd, err);
}

/* By way of the staging folder, so that what is sent is what was listed, whoever writes in the folder meanwhile. */
static int take_folder(struct push *p, cordon_error **err)
{
    cleanup_free char *staging = NULL;
    struct bundle b = BUNDLE_NONE;
    int rc = registry_staging(p->host->opts.home, &staging, err);
    if (rc < 0 || (rc = bundle_stage_folder(staging, p->target, &b, err)) < 0)
        return rc;
    rc = pack(p, &b, err);
    bundle_discard(&b);
    return rc;
}

/* ---- what is installed: the files as they were signed, or taken ---- */

static int refuse_damaged(const struct push *p, cordon_error **err)
{
    err_set(err, CORDON_E_DAMAGED, p->target, "the files of %s are not those that were installed", p->target);
    return err_hint(err, "`cordon verify` says what is wrong with them; install it again.");
}

static int take_installed(struct push *p, cordon_error **err)
{
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    cleanup(bundle_finish) struct bundle b = BUNDLE_NONE;
    cleanup_free char *path = NULL;
    cleanup_fd int fd = -1;
    int rc = registry_begin_of(p->registry, p->target, &r, err);
    if (rc < 0 || (rc = registry_need(r, p->target, &v, err)) < 0 || (rc = registry_store_open(r, v.bundle, &fd, &path, err)) < 0)
        return rc;
    if (rc == 0)
        return refuse_damaged(p, err);
    if ((rc = bundle_read(fd, path, &b, err)) < 0)
        return rc;
    if (memcmp(b.digest, v.bundle, sizeof b.digest))
        return refuse_damaged(p, err);
    return (p->name = strdup(v.name)) ? pack(p, &b, err) : err_nomem(err);
}

/* ---- all of it ---- */

static int look_at_path(struct push *p, cordon_error **err)
{
    struct stat st;
    if (stat(p->target, &st) < 0 && errno == ENOENT)
        return err_set(err, CORDON_E_NOT_FOUND, p->target, "there is no file or folder %s", p->target);
    int rc = name_it(p, err);
    if (rc == 0)
        rc = S_ISDIR(st.st_mode) ? take_folder(p, err) : take_file(p, err);
    return rc;
}

static int look(struct push *p, cordon_error **err)
{
    struct stat st;
    int rc = p->registry ? take_installed(p, err) : look_at_path(p, err);
    if (rc < 0)
        return rc;
    if (fstat(p->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_USAGE, p->target, "%s is neither a file nor a folder", p->target);
    p->len = (uint64_t)st.st_size;
    uint64_t max = p->kind == OCI_BUNDLE ? BUNDLE_ARCHIVE_MAX : CODE_COMPONENT_MAX;
    return p->len <= max ? 0 : err_set(err, CORDON_E_TOO_LARGE, p->target, "%s has %" PRIu64 " bytes to send; at most %" PRIu64 " can be installed", p->target, p->len, max);
}

static int send_it(struct push *p, int cancel_fd, uint8_t ret_digest[32], cordon_error **err)
{
    cleanup(fetching_finish) struct fetching f = FETCHING_NONE;
    const struct manifest *m = &p->manifest;
    const struct oci_push what = {.kind = p->kind, .fd = p->fd, .title = p->name, .version = m->version, .description = m->description && *m->description ? m->description : NULL};
    int rc = fetching_begin(p->host, PUSH_S, &f, err);
    f.fetch.cancel_fd = cancel_fd;
    return rc < 0 ? rc : fetch_oci_push(&f.fetch, &p->ref, &what, ret_digest, err);
}

static int say(const struct push *p, const uint8_t digest[32], char **ret_json, cordon_error **err)
{
    char hex[65], sha256[72];
    cleanup_free char *reference = oci_ref_text(&p->ref);
    sodium_bin2hex(hex, sizeof hex, digest, 32);
    snprintf(sha256, sizeof sha256, "sha256:%s", hex);
    struct oci_ref by_digest = {.registry = p->ref.registry, .repository = p->ref.repository, .digest = hex};
    cleanup_free char *pinned = oci_ref_text(&by_digest);
    json_t *o = reference && pinned ? json_pack("{si ss ss ss ss ss sI ss ss?}", "cordon", 1, "reference", reference, "pinned", pinned, "digest", sha256, "kind", p->sort,
                                                "media_type", oci_kind_media_type(p->kind), "size_bytes", (json_int_t)p->len, "name", p->name, "version", p->manifest.version)
                                    : NULL;
    return answer_json(o, ret_json, err);
}

static int push(struct push *p, const char *reference, int cancel_fd, char **ret_json, cordon_error **err)
{
    uint8_t digest[32];
    int rc = oci_ref_parse(reference, &p->ref, err);
    if (rc < 0 || (rc = look(p, err)) < 0 || (rc = send_it(p, cancel_fd, digest, err)) < 0)
        return rc;
    return say(p, digest, ret_json, err);
}

int cordon_push(cordon_host *host, const char *target, const char *reference, int cancel_fd, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(push_finish) struct push p = {.host = host, .target = target, .fd = -1};
    return push(&p, reference, cancel_fd, ret_json, err);
}

int cordon_push_installed(cordon_registry *registry, const char *name, const char *reference, int cancel_fd, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(push_finish) struct push p = {.host = registry->host, .registry = registry, .target = name, .fd = -1};
    return push(&p, reference, cancel_fd, ret_json, err);
}
