/* SPDX-License-Identifier: Apache-2.0
 * Parents, conflicts, dependencies: what a skill asks for by way of others, and whether it goes together with what is installed. It is read from what is installed now; what the
 * child may use is put down when it is installed, so that a parent that asks for more later gives its children nothing until they are confirmed. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_parts.h"
#include "manifest/family.h"

#include <string.h>

/* ---- manifests of what is installed, each read once ---- */

struct held {
    char *name;          /* owned */
    struct manifest m;
    bool is_there, has_manifest;
};
struct shelf {
    struct registry *r;  /* NULL: nothing was ever installed */
    struct held **held;  /* owned, and each of them: a manifest that was handed out stays where it is */
    size_t n;
};

static void free_held(struct held *h)
{
    if (h)
        manifest_finish(&h->m);
    if (h)
        free(h->name);
    free(h);
}

static void shelf_finish(struct shelf *s)
{
    for (size_t i = 0; i < s->n; i++)
        free_held(s->held[i]);
    free(s->held);
}

/* What an older Cordon installed and this one cannot read says nothing. */
static int parse_installed(const struct registry_version *v, struct held *h, cordon_error **err)
{
    for (int f = 0; v->manifest && v->format && f < MANIFEST_FORMAT_COUNT; f++) {
        if (strcmp(manifest_file((enum manifest_format)f), v->format) != 0)
            continue;
        int rc = manifest_parse((enum manifest_format)f, v->manifest, strlen(v->manifest), &h->m, NULL);
        h->has_manifest = rc == 0;
        return rc == 0 || rc == -CORDON_E_BAD_MANIFEST ? 0 : err_nomem(err);
    }
    return 0;
}

/* Takes `h`. */
static int keep(struct shelf *s, struct held *h, cordon_error **err)
{
    struct held **more = realloc(s->held, (s->n + 1) * sizeof(struct held *));
    if (!more) {
        free_held(h);
        return err_nomem(err);
    }
    s->held = more;
    more[s->n++] = h;
    return 0;
}

static int look_up(struct shelf *s, const char *name, struct held *h, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version v = {0};
    if (!(h->name = strdup(name)))
        return err_nomem(err);
    int rc = s->r && !registry_check_name(name, NULL) ? registry_get(s->r, name, NULL, &v, err) : 0;
    h->is_there = rc > 0;
    return rc > 0 ? parse_installed(&v, h, err) : rc;
}

static int find_held(struct shelf *s, const char *name, const struct held **ret, cordon_error **err)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->held[i]->name, name) != 0)
            continue;
        *ret = s->held[i];
        return 0;
    }
    struct held *h = calloc(1, sizeof *h);
    int rc = h ? look_up(s, name, h, err) : err_nomem(err);
    if (rc < 0) {
        free_held(h);
        return rc;
    }
    *ret = h;
    return keep(s, h, err);
}

static int find(void *shelf, const char *name, const struct manifest **ret, cordon_error **err)
{
    const struct held *h;
    int rc = find_held(shelf, name, &h, err);
    if (rc < 0 || !h->is_there)
        return rc;
    *ret = h->has_manifest ? &h->m : NULL;
    return 1;
}

/* ---- parents ---- */

static int inherit(struct cordon_install *i, const struct family *parents, cordon_error **err)
{
    int rc = install_asks_add(&i->asks, i->manifest.asks, NULL, err);
    for (size_t n = 0; rc == 0 && n < parents->n; n++)
        if (parents->kin[n].manifest)
            rc = install_asks_add(&i->asks, parents->kin[n].manifest->asks, parents->kin[n].name, err);
    return rc;
}

/* ---- conflicts ---- */

static int refuse_conflict(const char *a, const char *b, cordon_error **err)
{
    return err_set(err, CORDON_E_CONFLICT, a, "Skill '%s' conflicts with '%s'", a, b);
}

static int check_own_conflicts(const struct cordon_install *i, struct shelf *s, const struct family *parents, cordon_error **err)
{
    cleanup(manifest_finish) struct manifest all = {0}; /* for its list */
    int rc = family_conflicts(i->next.name, &i->manifest, parents, &all.conflicts, err);
    for (size_t n = 0; rc == 0 && n < all.conflicts.n; n++) {
        const struct held *h;
        rc = find_held(s, all.conflicts.item[n], &h, err);
        if (rc == 0 && h->is_there)
            return refuse_conflict(i->next.name, all.conflicts.item[n], err);
    }
    return rc;
}

static bool lists(const struct manifest_list *list, const char *name)
{
    for (size_t n = 0; n < list->n; n++)
        if (!strcmp(list->item[n], name))
            return true;
    return false;
}

/* ---- with all that is installed ---- */

/* Those whose manifest says something of others, without being read in vain. */
static int hold_all(const struct cordon_install *i, struct shelf *s, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    int rc = s->r ? registry_all(s->r, &all, err) : 0;
    for (size_t n = 0; rc >= 0 && n < all.n; n++) {
        const struct held *h;
        const struct registry_version *v = &all.item[n];
        if (strcmp(v->name, i->next.name) != 0 && v->manifest && (strstr(v->manifest, "conflicts") || strstr(v->manifest, "dependencies")))
            rc = find_held(s, v->name, &h, err);
    }
    return rc < 0 ? rc : 0;
}

static int check_others_conflicts(const struct cordon_install *i, const struct shelf *s, cordon_error **err)
{
    for (size_t n = 0; n < s->n; n++)
        if (strcmp(s->held[n]->name, i->next.name) != 0 && lists(&s->held[n]->m.conflicts, i->next.name))
            return refuse_conflict(s->held[n]->name, i->next.name, err);
    return 0;
}

static size_t add_wants(struct family_want *to, size_t n, const char *by, const struct manifest *m)
{
    for (size_t k = 0; k < m->n_needs; k++)
        if (m->needs[k].requirement)
            to[n++] = (struct family_want){by, m->needs[k].name, m->needs[k].requirement};
    return n;
}

/* What is required of one skill by several has to be possible. */
static int check_wants(const struct cordon_install *i, const struct shelf *s, cordon_error **err)
{
    size_t n = i->manifest.n_needs;
    for (size_t k = 0; k < s->n; k++)
        n += s->held[k]->m.n_needs;
    cleanup_free struct family_want *wants = calloc(n + 1, sizeof *wants);
    if (!wants)
        return err_nomem(err);
    n = 0;
    for (size_t k = 0; k < s->n; k++)
        if (strcmp(s->held[k]->name, i->next.name) != 0)
            n = add_wants(wants, n, s->held[k]->name, &s->held[k]->m);
    size_t before = n;
    n = add_wants(wants, n, i->next.name, &i->manifest);
    /* What is installed is as it is: what is new has to go together with each of it, and with itself. */
    int rc = 0;
    for (size_t k = before; rc == 0 && k < n; k++)
        for (size_t o = 0; rc == 0 && o < k; o++)
            rc = family_agree((const struct family_want[]){wants[o], wants[k]}, 2, err);
    return rc;
}

int install_inherit(struct cordon_install *i, struct registry *r, cordon_error **err)
{
    cleanup(shelf_finish) struct shelf shelf = {.r = r};
    cleanup(family_finish) struct family parents = {0}, needs = {0};
    const struct family_source source = {find, &shelf};
    if (!i->has_manifest)
        return 0;
    int rc = family_ancestors(i->next.name, &i->manifest, &source, &parents, err);
    if (rc < 0 || (rc = inherit(i, &parents, err)) < 0 || (rc = check_own_conflicts(i, &shelf, &parents, err)) < 0 ||
        (rc = family_needs(i->next.name, &i->manifest, &source, &needs, err)) < 0 || (rc = hold_all(i, &shelf, err)) < 0 ||
        (rc = check_others_conflicts(i, &shelf, err)) < 0)
        return rc;
    return check_wants(i, &shelf, err);
}
