/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/family.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/shim_semver.h"
#include "manifest/texts.h"

#include <string.h>

enum { CHAIN_TEXT_MAX = 512, STEPS_MAX = 4 * FAMILY_MAX };

void family_finish(struct family *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->kin[i].name);
    free(f->kin);
    *f = (struct family){0};
}

static bool has(const struct family *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (!strcmp(f->kin[i].name, name))
            return true;
    return false;
}

static bool lists(const struct manifest_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->item[i], name))
            return true;
    return false;
}

static int add(struct family *f, const char *name, const struct manifest *m, bool is_there, cordon_error **err)
{
    if (f->n >= FAMILY_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, name, "a skill has more than %d others behind it", FAMILY_MAX);
    struct family_kin *more = realloc(f->kin, (f->n + 1) * sizeof *more);
    char *copy = strdup(name);
    f->kin = more ? more : f->kin;
    if (!more || !copy) {
        free(copy);
        return err_nomem(err);
    }
    more[f->n++] = (struct family_kin){copy, m, is_there};
    return 0;
}

/* ---- the way from the skill to where it is looked at ---- */

struct link { const struct link *up; const char *name; unsigned depth; };

static bool is_above(const struct link *l, const char *name)
{
    for (; l; l = l->up)
        if (!strcmp(l->name, name))
            return true;
    return false;
}

/* "a -> b -> ", from `first` on (NULL: from the top). */
static void print_chain(struct buf *b, const struct link *l, const char *first)
{
    if (l->up && !(first && !strcmp(l->name, first)))
        print_chain(b, l->up, first);
    buf_addf(b, "%s -> ", l->name);
}

static int refuse_chain(const char *what, const struct link *l, const char *first, const char *last, cordon_error **err)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, CHAIN_TEXT_MAX);
    print_chain(&b, l, first);
    return err_set(err, CORDON_E_BAD_MANIFEST, last, "%s%s%s", what, b.data ? b.data : "", last);
}

/* ---- parents ---- */

struct walk {
    const struct family_source *source;
    struct family *found;
    cordon_error **err;
    unsigned steps;
};

static int walk_parents(struct walk *w, const struct manifest *m, const struct link *l);

static int walk_parent(struct walk *w, const char *name, const struct link *l)
{
    const struct manifest *m = NULL;
    if (is_above(l, name))
        return refuse_chain("Circular inheritance detected: ", l, name, name, w->err);
    if (l->depth >= FAMILY_DEPTH_MAX)
        return refuse_chain("parents go at most 3 deep: ", l, NULL, name, w->err);
    if (++w->steps > STEPS_MAX)
        return err_set(w->err, CORDON_E_TOO_LARGE, name, "a skill has more than %d others behind it", FAMILY_MAX);
    int rc = w->source->find(w->source->data, name, &m, w->err);
    if (rc == 0) {
        rc = err_set(w->err, CORDON_E_NOT_FOUND, name, "Skill '%s' not found in skill registry", name);
        err_hint(w->err, "It is a parent of %s: install it first.", l->name);
    }
    if (rc < 0 || (!has(w->found, name) && (rc = add(w->found, name, m, true, w->err)) < 0))
        return rc;
    return m ? walk_parents(w, m, &(struct link){l, name, l->depth + 1}) : 0;
}

/* One that was seen is walked again: by another way it may be too deep, or in a circle. The depth bounds that. */
static int walk_parents(struct walk *w, const struct manifest *m, const struct link *l)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->parents.n; i++)
        rc = walk_parent(w, m->parents.item[i], l);
    return rc;
}

int family_ancestors(const char *name, const struct manifest *m, const struct family_source *s, struct family *ret, cordon_error **err)
{
    cleanup(family_finish) struct family found = {0};
    int rc = walk_parents(&(struct walk){.source = s, .found = &found, .err = err}, m, &(struct link){NULL, name, 0});
    if (rc < 0)
        return rc;
    *ret = found;
    found = (struct family){0};
    return 0;
}

/* ---- conflicts ---- */

static int add_conflicts(const struct manifest_list *from, struct manifest_list *to, cordon_error **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < from->n; i++)
        rc = lists(to, from->item[i]) ? 0 : texts_add(to, from->item[i], err);
    return rc;
}

int family_conflicts(const char *name, const struct manifest *m, const struct family *ancestors, struct manifest_list *ret, cordon_error **err)
{
    cleanup(manifest_finish) struct manifest all = {0}; /* for its list */
    int rc = add_conflicts(&m->conflicts, &all.conflicts, err);
    for (size_t i = 0; rc == 0 && i < ancestors->n; i++)
        rc = ancestors->kin[i].manifest ? add_conflicts(&ancestors->kin[i].manifest->conflicts, &all.conflicts, err) : 0;
    if (rc < 0)
        return rc;
    if (lists(&all.conflicts, name))
        return err_set(err, CORDON_E_CONFLICT, name, "Skill '%s' conflicts with itself", name);
    for (size_t i = 0; i < ancestors->n; i++)
        if (lists(&all.conflicts, ancestors->kin[i].name))
            return err_set(err, CORDON_E_CONFLICT, name, "Skill '%s' conflicts with '%s', which it inherits from", name, ancestors->kin[i].name);
    *ret = all.conflicts;
    all.conflicts = (struct manifest_list){0};
    return 0;
}

/* ---- dependencies ---- */

static int walk_needs(struct walk *w, const struct manifest *m, const struct link *l);

/* Put down behind what it needs itself. */
static int walk_need(struct walk *w, const char *name, const struct link *l)
{
    const struct manifest *m = NULL;
    if (is_above(l, name))
        return refuse_chain("Circular dependency detected: ", l, name, name, w->err);
    if (has(w->found, name))
        return 0;
    if (l->depth >= FAMILY_MAX)
        return err_set(w->err, CORDON_E_TOO_LARGE, name, "a skill has more than %d others behind it", FAMILY_MAX);
    int is_there = w->source->find(w->source->data, name, &m, w->err), rc = is_there < 0 ? is_there : 0;
    if (rc == 0 && m)
        rc = walk_needs(w, m, &(struct link){l, name, l->depth + 1});
    return rc == 0 ? add(w->found, name, m, is_there > 0, w->err) : rc;
}

static int walk_needs(struct walk *w, const struct manifest *m, const struct link *l)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->n_needs; i++)
        rc = walk_need(w, m->needs[i].name, l);
    return rc;
}

int family_needs(const char *name, const struct manifest *m, const struct family_source *s, struct family *ret, cordon_error **err)
{
    cleanup(family_finish) struct family found = {0};
    int rc = walk_needs(&(struct walk){.source = s, .found = &found, .err = err}, m, &(struct link){NULL, name, 0});
    if (rc < 0)
        return rc;
    *ret = found;
    found = (struct family){0};
    return 0;
}

/* What cannot be read was refused when its manifest was; here it meets nothing. */
static bool meet(const struct family_want *a, const struct family_want *b)
{
    return strcmp(a->name, b->name) != 0 || !a->requirement || !b->requirement || strcmp(a->requirement, b->requirement) == 0 ||
           shim_semver_meet(a->requirement, b->requirement) == 1;
}

int family_agree(const struct family_want *w, size_t n, cordon_error **err)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (!meet(&w[k], &w[i]))
                return err_set(err, CORDON_E_CONFLICT, w[i].name, "Skill '%s' requires %s %s, but Skill '%s' requires %s %s. Cannot install both.", w[k].by, w[k].name,
                               w[k].requirement, w[i].by, w[i].name, w[i].requirement);
    return 0;
}

bool family_serves(const struct family_want *want, const char *version)
{
    return !want->requirement || shim_semver_satisfies(version, want->requirement) == 1;
}
