/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/install_kin.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

static void free_kin(struct kin *k)
{
    if (!k)
        return;
    manifest_finish(&k->own);
    free(k->name);
    free(k->version);
    free(k);
}

void kin_shelf_finish(struct kin_shelf *s)
{
    for (size_t i = 0; i < s->n; i++)
        free_kin(s->kin[i]);
    free(s->kin);
}

/* Takes `k`. */
static int keep(struct kin_shelf *s, struct kin *k, cordon_error **err)
{
    struct kin **more = realloc(s->kin, (s->n + 1) * sizeof(struct kin *));
    if (!more) {
        free_kin(k);
        return err_nomem(err);
    }
    s->kin = more;
    more[s->n++] = k;
    return 0;
}

/* What an older Cordon installed and this one cannot read says nothing. */
static int parse_installed(const struct registry_version *v, struct kin *k, cordon_error **err)
{
    for (int f = 0; v->manifest && v->format && f < MANIFEST_FORMAT_COUNT; f++) {
        if (strcmp(manifest_file((enum manifest_format)f), v->format) != 0)
            continue;
        int rc = manifest_parse((enum manifest_format)f, v->manifest, strlen(v->manifest), &k->own, NULL);
        k->manifest = rc == 0 ? &k->own : NULL;
        return rc == 0 || rc == -CORDON_E_BAD_MANIFEST ? 0 : err_nomem(err);
    }
    return 0;
}

static int set_version(struct kin *k, const char *version, cordon_error **err)
{
    k->is_there = true;
    k->version = strdup(version);
    return k->version ? 0 : err_nomem(err);
}

static int look_up_installed(struct kin_shelf *s, struct kin *k, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version v = {0};
    const struct install_beside *b = s->of->beside;
    if (!s->r || registry_check_name(k->name, NULL) < 0 || (b && b->goes && b->goes(b->data, k->name)))
        return 0;
    int rc = registry_get(s->r, k->name, NULL, &v, err);
    if (rc <= 0 || (rc = set_version(k, v.version, err)) < 0)
        return rc;
    return parse_installed(&v, k, err);
}

static const struct cordon_install *find_beside(const struct kin_shelf *s, const char *name)
{
    const struct install_beside *b = s->of->beside;
    for (size_t n = 0; b && n < b->n; n++)
        if (b->item[n] != s->of && !strcmp(b->item[n]->next.name, name))
            return b->item[n];
    return NULL;
}

static int look_up(struct kin_shelf *s, const char *name, struct kin *k, cordon_error **err)
{
    const struct cordon_install *beside = find_beside(s, name);
    if (!(k->name = strdup(name)))
        return err_nomem(err);
    if (!beside)
        return look_up_installed(s, k, err);
    k->manifest = beside->has_manifest ? &beside->manifest : NULL;
    return set_version(k, beside->next.version, err);
}

int kin_find(struct kin_shelf *s, const char *name, const struct kin **ret, cordon_error **err)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->kin[i]->name, name) != 0)
            continue;
        *ret = s->kin[i];
        return 0;
    }
    struct kin *k = calloc(1, sizeof *k);
    int rc = k ? look_up(s, name, k, err) : err_nomem(err);
    if (rc < 0) {
        free_kin(k);
        return rc;
    }
    *ret = k;
    return keep(s, k, err);
}

int kin_find_manifest(void *shelf, const char *name, const struct manifest **ret, cordon_error **err)
{
    const struct kin *k;
    int rc = kin_find(shelf, name, &k, err);
    if (rc < 0 || !k->is_there)
        return rc;
    *ret = k->manifest;
    return 1;
}

static bool may_say_something(const struct registry_version *v)
{
    return v->manifest && (strstr(v->manifest, "conflicts") || strstr(v->manifest, "dependencies"));
}

int kin_find_all(struct kin_shelf *s, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    const struct install_beside *b = s->of->beside;
    const struct kin *k;
    int rc = s->r ? registry_all(s->r, &all, err) : 0;
    for (size_t n = 0; rc >= 0 && n < all.n; n++)
        if (strcmp(all.item[n].name, s->of->next.name) != 0 && may_say_something(&all.item[n]))
            rc = kin_find(s, all.item[n].name, &k, err);
    for (size_t n = 0; rc >= 0 && b && n < b->n; n++)
        if (b->item[n] != s->of)
            rc = kin_find(s, b->item[n]->next.name, &k, err);
    return rc < 0 ? rc : 0;
}
