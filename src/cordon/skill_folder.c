/* SPDX-License-Identifier: Apache-2.0
 * Skills that come with a manifest: from a folder, or a SKILL.md alone. What it says of name, limits, asks and export is kept with the skill. */
#include "author/build.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/internal.h"
#include "files/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void free_skill(cordon_skill **s) { cordon_skill_free(*s); }

void skill_manifest_free(struct manifest *m)
{
    if (m)
        manifest_finish(m);
    free(m);
}

struct skill_limit skill_limit(const cordon_skill *s, enum cordon_limit limit)
{
    const struct cordon_host_opts *o = &s->host->opts;
    const char *origin = NULL;
    uint64_t value = s->manifest ? manifest_limit(s->manifest, s->tier, limit, &origin) : 0, max = o->ceiling[s->tier][limit];
    if (!value)
        return (struct skill_limit){.value = o->deflt[s->tier][limit], .origin = host_default_origin(s->host, s->tier, limit)};
    return (struct skill_limit){.value = value < max ? value : max, .wanted = value > max ? value : 0, .origin = origin};
}

/* ---- the code ---- */

static bool holds_script(int folder)
{
    struct stat st;
    return fstatat(folder, "scripts/run.sh", &st, AT_SYMLINK_NOFOLLOW) == 0 || fstatat(folder, "scripts/run.py", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int no_code(int folder, const char *path, const struct manifest *m, cordon_error **err)
{
    if (holds_script(folder)) {
        int rc = err_set(err, CORDON_E_TIER_REFUSED, path, "the folder %s holds a script and no component: scripts run only when they are installed with --tier local", path);
        err_hint(err, "A script runs with this user's own rights, cut down to its grants, and not in a sandbox of WebAssembly's.");
        return rc;
    }
    int rc = err_set(err, CORDON_E_NOT_FOUND, path, "%s in %s names the code %s, and there is no such file in the folder", manifest_file(m->format), path, m->entry);
    if (author_lang_of(path))
        err_hint(err, "Build it first: cordon build %s", path);
    else
        err_hint(err, "Build it first, or put it there.");
    return rc;
}

/* Links are followed as far as they stay in the folder. */
static int open_code(int folder, const char *path, const struct manifest *m, cordon_error **err)
{
    int fd = beneath_open(folder, m->entry, O_RDONLY, 0, BENEATH_GUEST);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return no_code(folder, path, m, err);
    if (fd == -EXDEV || fd == -ELOOP)
        return err_set(err, CORDON_E_BAD_MANIFEST, m->entry, "the code %s of %s leads out of the folder", m->entry, path);
    return fd < 0 ? err_errno(err, -fd, "open", m->entry) : fd;
}

static int load_code(cordon_host *h, int folder, const char *path, const struct manifest *m, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    cleanup_free char *whole = NULL;
    int fd = open_code(folder, path, m, err);
    if (fd < 0)
        return fd;
    if (asprintf(&whole, "%s/%s", path, m->entry) < 0) {
        whole = NULL;
        close(fd);
        return err_nomem(err);
    }
    return skill_load_fd(h, m->name, whole, fd, tier, ret, err);
}

/* ---- the manifest, and what it adds to the code ---- */

static int check_export(const cordon_skill *s, const struct manifest *m, cordon_error **err)
{
    const struct component_export *ex;
    if (!m->export_name || component_find(s->component, m->export_name, &ex, err) == 0)
        return 0;
    cordon_error *why = err ? *err : NULL;
    if (err)
        *err = NULL;
    int rc = err_set(err, CORDON_E_BAD_MANIFEST, m->export_name, "%s: tool.export: %s", manifest_file(m->format), why ? cordon_error_message(why) : "there is no such export");
    cordon_error_free(why);
    return rc;
}

/* Takes what the manifest has. */
static int keep_manifest(cordon_skill *s, struct manifest *m, cordon_error **err)
{
    s->manifest = malloc(sizeof *s->manifest);
    if (!s->manifest)
        return err_nomem(err);
    *s->manifest = *m;
    *m = (struct manifest){0};
    return 0;
}

int skill_take_manifest(cordon_skill *s, const char *file, const char *text, cordon_error **err)
{
    for (int f = 0; file && text && f < MANIFEST_FORMAT_COUNT; f++) {
        cleanup(manifest_finish) struct manifest m = {0};
        if (strcmp(manifest_file((enum manifest_format)f), file) != 0)
            continue;
        int rc = manifest_parse((enum manifest_format)f, text, strlen(text), &m, NULL);
        return rc == 0 ? keep_manifest(s, &m, err) : rc == -CORDON_E_BAD_MANIFEST ? 0 : err_nomem(err);
    }
    return 0;
}

/* `folder` -1: there is the manifest alone. */
static int load(cordon_host *h, int folder, const char *path, struct manifest *m, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    cleanup(free_skill) cordon_skill *s = NULL;
    tier = m->has_tier && m->tier < tier ? m->tier : tier;
    int rc = m->prompt ? skill_new_text(h, m->name, tier, m->body, strlen(m->body), "prompt", &s, err) : load_code(h, folder, path, m, tier, &s, err);
    if (rc < 0 || (rc = check_export(s, m, err)) < 0 || (rc = keep_manifest(s, m, err)) < 0)
        return rc;
    *ret = take(s);
    return 0;
}

int cordon_skill_load_folder(cordon_host *h, const char *path, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    err_wanted(err);
    cleanup(manifest_finish) struct manifest m = {0};
    cleanup_fd int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR ? err_set(err, CORDON_E_NOT_FOUND, path, "there is no folder %s", path) : err_errno(err, errno, "open", path);
    int rc = manifest_read(folder, path, &m, err);
    if (rc == 0) {
        rc = err_set(err, CORDON_E_NOT_FOUND, path, "the folder %s holds no manifest", path);
        err_hint(err, "A skill's folder has a skill.toml, a Component.toml or a SKILL.md.");
    }
    return rc < 0 ? rc : load(h, folder, path, &m, tier, ret, err);
}

int skill_load_markdown(cordon_host *h, const char *path, const void *bytes, size_t len, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    cleanup(manifest_finish) struct manifest m = {0};
    int rc = manifest_parse(MANIFEST_SKILL_MD, bytes, len, &m, err);
    if (rc == 0 && !m.prompt) {
        rc = err_set(err, CORDON_E_NOT_A_COMPONENT, path, "%s is the manifest of a tool: its code is another file", path);
        err_hint(err, "Give the folder that holds both.");
    }
    return rc < 0 ? rc : load(h, -1, path, &m, tier, ret, err);
}
