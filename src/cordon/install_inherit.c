/* SPDX-License-Identifier: Apache-2.0
 * Parents, conflicts, dependencies: what a skill asks for by way of others, and whether it goes together with what is installed. It is read from what is installed now; what the
 * child may use is put down when it is installed, so that a parent that asks for more later gives its children nothing until they are confirmed. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_kin.h"

#include <string.h>

/* ---- parents ---- */

static int inherit(struct cordon_install *i, const struct family *parents, cordon_error **err)
{
    int rc = i->has_manifest ? install_asks_add(&i->asks, i->manifest.asks, NULL, err) : 0;
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

static int check_own_conflicts(const struct cordon_install *i, struct kin_shelf *s, const struct family *parents, cordon_error **err)
{
    cleanup(manifest_finish) struct manifest all = {0}; /* for its list */
    int rc = family_conflicts(i->next.name, &i->manifest, parents, &all.conflicts, err);
    for (size_t n = 0; rc == 0 && n < all.conflicts.n; n++) {
        const struct kin *k;
        rc = kin_find(s, all.conflicts.item[n], &k, err);
        if (rc == 0 && k->is_there)
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

static bool is_another(const struct cordon_install *i, const struct kin *k) { return k->manifest && strcmp(k->name, i->next.name) != 0; }

static int check_others_conflicts(const struct cordon_install *i, const struct kin_shelf *s, cordon_error **err)
{
    for (size_t n = 0; n < s->n; n++)
        if (is_another(i, s->kin[n]) && lists(&s->kin[n]->manifest->conflicts, i->next.name))
            return refuse_conflict(s->kin[n]->name, i->next.name, err);
    return 0;
}

/* ---- dependencies ---- */

static size_t add_wants(struct family_want *to, size_t n, const char *by, const struct manifest *m)
{
    for (size_t k = 0; k < m->n_needs; k++)
        to[n++] = (struct family_want){by, m->needs[k].name, m->needs[k].requirement};
    return n;
}

static int refuse_missing(const struct family_want *w, cordon_error **err)
{
    const char *space = w->requirement ? " " : "", *requirement = w->requirement ? w->requirement : "";
    err_set(err, CORDON_E_NOT_FOUND, w->name, "Skill '%s' requires %s%s%s, which is not installed", w->by, w->name, space, requirement);
    return err_hint(err, "Install %s first, or both at once from a file: cordon apply.", w->name);
}

static int refuse_version(const struct family_want *w, const char *version, cordon_error **err)
{
    err_set(err, CORDON_E_CONFLICT, w->name, "Skill '%s' requires %s %s, and %s is %s", w->by, w->name, w->requirement, w->name, version);
    return err_hint(err, "Install versions that go together, both at once from a file (cordon apply), or remove %s first.", w->by);
}

/* What is new wants of what is there. */
static int check_own_want(struct kin_shelf *s, const struct family_want *w, cordon_error **err)
{
    const struct kin *k;
    int rc = kin_find(s, w->name, &k, err);
    if (rc < 0)
        return rc;
    if (!k->is_there)
        return refuse_missing(w, err);
    return family_serves(w, k->version) ? 0 : refuse_version(w, k->version, err);
}

/* What is installed is as it is: what is new has to go together with each of it, and with itself. `own`: where what is new begins. */
static int check_wants(const struct cordon_install *i, struct kin_shelf *s, const struct family_want *wants, size_t own, size_t n, cordon_error **err)
{
    int rc = 0;
    for (size_t k = own; rc == 0 && k < n; k++)
        for (size_t o = 0; rc == 0 && o < k; o++)
            rc = family_agree((const struct family_want[]){wants[o], wants[k]}, 2, err);
    for (size_t k = 0; rc == 0 && k < own; k++)
        if (!strcmp(wants[k].name, i->next.name) && !family_serves(&wants[k], i->next.version))
            rc = refuse_version(&wants[k], i->next.version, err);
    for (size_t k = own; rc == 0 && k < n; k++)
        rc = check_own_want(s, &wants[k], err);
    return rc;
}

static int check_needs(const struct cordon_install *i, struct kin_shelf *s, cordon_error **err)
{
    size_t n = i->manifest.n_needs, own;
    for (size_t k = 0; k < s->n; k++)
        n += s->kin[k]->manifest ? s->kin[k]->manifest->n_needs : 0;
    cleanup_free struct family_want *wants = calloc(n + 1, sizeof *wants);
    if (!wants)
        return err_nomem(err);
    n = 0;
    for (size_t k = 0; k < s->n; k++)
        if (is_another(i, s->kin[k]))
            n = add_wants(wants, n, s->kin[k]->name, s->kin[k]->manifest);
    own = n;
    n = add_wants(wants, n, i->next.name, &i->manifest);
    return check_wants(i, s, wants, own, n, err);
}

int install_inherit(struct cordon_install *i, struct registry *r, cordon_error **err)
{
    cleanup(kin_shelf_finish) struct kin_shelf shelf = {.of = i, .r = r};
    cleanup(family_finish) struct family parents = {0}, needs = {0};
    const struct family_source source = {kin_find_manifest, &shelf};
    int rc = family_ancestors(i->next.name, &i->manifest, &source, &parents, err);
    if (rc < 0 || (rc = inherit(i, &parents, err)) < 0 || (rc = check_own_conflicts(i, &shelf, &parents, err)) < 0 ||
        (rc = family_needs(i->next.name, &i->manifest, &source, &needs, err)) < 0 || (rc = kin_find_all(&shelf, err)) < 0 ||
        (rc = check_others_conflicts(i, &shelf, err)) < 0)
        return rc;
    return check_needs(i, &shelf, err);
}
