/* SPDX-License-Identifier: Apache-2.0
 * What a staged bundle says of itself, and what is installed under its name. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/install_parts.h"
#include "cordon/registry_parts.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

static int copy(char **to, const char *from, cordon_error **err)
{
    if (!from || *to)
        return 0;
    *to = strdup(from);
    return *to ? 0 : err_nomem(err);
}

/* ---- the manifest ---- */

static int read_manifest(struct cordon_install *i, cordon_error **err)
{
    size_t len;
    int rc = manifest_read(i->bundle.fd, i->source.shown, &i->manifest, err);
    if (rc <= 0)
        return rc;
    const struct manifest *m = &i->manifest;
    const char *file = manifest_file(m->format);
    i->has_manifest = true;
    for (size_t n = 0; n < m->warnings.n; n++)
        install_warn(i, "%s", m->warnings.item[n]);
    if ((rc = copy(&i->next.signed_name, m->name, err)) < 0 || (rc = copy(&i->next.version, m->version, err)) < 0 || (rc = copy(&i->next.description, m->description, err)) < 0 ||
        (rc = copy(&i->next.author, m->author, err)) < 0 || (rc = copy(&i->next.format, file, err)) < 0 ||
        (rc = copy(&i->next.export_name, m->export_name, err)) < 0)
        return rc;
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        i->next.limit[l] = m->has_limit[l] ? m->limit[l] : 0;
    return bundle_load(&i->bundle, file, MANIFEST_MAX, &i->next.manifest, &len, err);
}

/* ---- without one: a name from the source's, no version ---- */

/* The last name of a path or URL, without its endings and a tag. */
static void name_of(const char *source, char ret[TEXT_SLUG_MAX + 1])
{
    size_t len = strcspn(source, strstr(source, "://") ? "?#@" : "");
    const char *start = memrchr(source, '/', len);
    start = start ? start + 1 : source;
    len -= (size_t)(start - source);
    const char *dot = memchr(start, '.', len), *colon = strstr(source, "://") ? memchr(start, ':', len) : NULL;
    if (dot && dot > start && (!colon || dot < colon))
        len = (size_t)(dot - start);
    else if (colon)
        len = (size_t)(colon - start);
    text_slug(start, len, ret);
    ret[REGISTRY_NAME_MAX] = '\0';
}

static int name_after_source(struct cordon_install *i, cordon_error **err)
{
    char name[TEXT_SLUG_MAX + 1];
    name_of(i->source.text, name);
    int rc = copy(&i->next.signed_name, name, err);
    if (rc < 0 || (rc = copy(&i->next.version, "0.0.0", err)) < 0)
        return rc;
    return copy(&i->next.description, "", err);
}

/* ---- the name here ---- */

/* Formats allow capitals; here they are small, so that no two names look alike. */
static int choose_name(struct cordon_install *i, cordon_error **err)
{
    int rc = copy(&i->next.name, i->as ? i->as : i->next.signed_name, err);
    for (char *c = i->next.name; rc == 0 && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (rc == 0 && (rc = registry_check_name(i->next.name, err)) < 0)
        return err_hint(err, "Give it a name of your own: --as NAME (lower-case letters, digits, `-` and `_`, at most %d).", REGISTRY_NAME_MAX);
    return rc;
}

static bool same_identity(const struct cordon_install *i)
{
    if (!i->before.id || strcmp(i->before.source, i->source.text) || strcmp(i->before.publisher, i->next.publisher))
        return false;
    return *i->next.publisher || !memcmp(i->before.bundle, i->bundle.digest, sizeof i->before.bundle);
}

static int find_before(struct cordon_install *i, cordon_error **err)
{
    cleanup(registry_drop) struct registry *r = NULL;
    int rc = registry_begin(i->registry, REGISTRY_READ, &r, err);
    if (rc > 0)
        rc = registry_get(r, i->next.name, NULL, &i->before, err);
    return rc < 0 ? rc : 0;
}

void install_identify(struct cordon_install *i)
{
    i->same = same_identity(i);
    memcpy(i->next.bundle, i->bundle.digest, sizeof i->next.bundle);
}

/* A file without a manifest, and a folder that holds FOLDER.wasm: what `cordon run` would take. */
static int choose_entry(struct cordon_install *i, cordon_error **err)
{
    cleanup_free char *own = NULL;
    const char *slash = strrchr(i->source.text, '/');
    if (i->has_manifest && bundle_find(&i->bundle, i->manifest.entry))
        return copy(&i->next.entry, i->manifest.entry, err);
    if (i->has_manifest && !i->manifest_text)
        return 0;
    if (asprintf(&own, "%s.wasm", slash ? slash + 1 : i->source.text) < 0) {
        own = NULL;
        return err_nomem(err);
    }
    if (bundle_find(&i->bundle, own))
        return copy(&i->next.entry, own, err);
    return bundle_find(&i->bundle, "skill.wasm") ? copy(&i->next.entry, "skill.wasm", err) : 0;
}

int install_read(struct cordon_install *i, cordon_error **err)
{
    int rc = read_manifest(i, err);
    if (rc == 0 && !i->has_manifest)
        rc = name_after_source(i, err);
    if (rc < 0 || (rc = copy(&i->next.source, i->source.text, err)) < 0 || (rc = copy(&i->next.source_digest, i->source.digest, err)) < 0)
        return rc;
    if ((rc = choose_name(i, err)) < 0 || (rc = choose_entry(i, err)) < 0 || (rc = find_before(i, err)) < 0)
        return rc;
    install_identify(i);
    return 0;
}
