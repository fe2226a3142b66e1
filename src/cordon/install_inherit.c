/* SPDX-License-Identifier: Apache-2.0
 * Parents: what they ask for is asked for by the child, too. It is read from what is installed now; what the child may use is put down when it is installed, so that a parent
 * that asks for more later gives its children nothing until they are confirmed. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_parts.h"

#include <string.h>

enum { DEPTH_MAX = 3, SEEN_MAX = 1024 };

struct link {
    const struct link *up;
    const char *name;
    unsigned depth;
};

struct walk {
    struct cordon_install *i;
    struct registry *r;
    char *seen[SEEN_MAX];       /* owned: ancestors, each once */
    size_t n_seen;
    struct manifest_list conflicts; /* owned: of the whole chain */
};

static void walk_finish(struct walk *w)
{
    for (size_t n = 0; n < w->n_seen; n++)
        free(w->seen[n]);
    for (size_t n = 0; n < w->conflicts.n; n++)
        free(w->conflicts.item[n]);
    free(w->conflicts.item);
}

/* "a -> b -> c", from `from` or the top on. */
static void print_chain(struct buf *b, const struct link *l, const char *from)
{
    if (l->up && !(from && !strcmp(l->name, from)))
        print_chain(b, l->up, from);
    buf_addf(b, "%s -> ", l->name);
}

static int refuse_chain(const char *what, const struct link *l, const char *from, const char *last, cordon_error **err)
{
    struct buf b;
    buf_init(&b, 4096);
    print_chain(&b, l, from);
    int rc = err_set(err, CORDON_E_BAD_MANIFEST, "parents", "%s%s%s", what, b.data ? b.data : "", last);
    buf_finish(&b);
    return rc;
}

static bool is_in_chain(const struct link *l, const char *name)
{
    for (; l; l = l->up)
        if (!strcmp(l->name, name))
            return true;
    return false;
}

static bool is_seen(const struct walk *w, const char *name)
{
    for (size_t n = 0; n < w->n_seen; n++)
        if (!strcmp(w->seen[n], name))
            return true;
    return false;
}

static int add_conflicts(struct walk *w, const struct manifest_list *list, cordon_error **err)
{
    for (size_t n = 0; n < list->n; n++) {
        char **more = realloc(w->conflicts.item, (w->conflicts.n + 1) * sizeof *more);
        if (!more)
            return err_nomem(err);
        w->conflicts.item = more;
        if (!(more[w->conflicts.n] = strdup(list->item[n])))
            return err_nomem(err);
        w->conflicts.n++;
    }
    return 0;
}

static int format_of(const char *file, enum manifest_format *ret)
{
    for (int f = 0; file && f < MANIFEST_FORMAT_COUNT; f++)
        if (!strcmp(manifest_file((enum manifest_format)f), file)) {
            *ret = (enum manifest_format)f;
            return 1;
        }
    return 0;
}

/* The manifest of an installed version. 1: parsed; 0: it has none. */
static int parse_installed(const struct registry_version *v, struct manifest *ret, cordon_error **err)
{
    enum manifest_format f;
    if (!v->manifest || !format_of(v->format, &f))
        return 0;
    int rc = manifest_parse(f, v->manifest, strlen(v->manifest), ret, err);
    return rc < 0 ? rc : 1;
}

static int walk_parents(struct walk *w, const struct manifest *m, const struct link *l, cordon_error **err);

static int walk_parent(struct walk *w, const char *name, const struct link *l, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version v = {0};
    cleanup(manifest_finish) struct manifest m = {0};
    if (is_in_chain(l, name))
        return refuse_chain("Circular inheritance detected: ", l, name, name, err);
    if (is_seen(w, name))
        return 0;
    if (l->depth >= DEPTH_MAX)
        return refuse_chain("parents go at most 3 deep: ", l, NULL, name, err);
    int rc = w->r ? registry_get(w->r, name, NULL, &v, err) : 0;
    if (rc == 0) {
        err_set(err, CORDON_E_NOT_FOUND, name, "Skill '%s' not found in skill registry", name);
        return err_hint(err, "It is a parent of %s: install it first.", l->name);
    }
    if (rc < 0)
        return rc;
    if (w->n_seen >= SEEN_MAX || !(w->seen[w->n_seen] = strdup(name)))
        return w->n_seen >= SEEN_MAX ? err_set(err, CORDON_E_TOO_LARGE, "parents", "there are more than %d parents", SEEN_MAX) : err_nomem(err);
    w->n_seen++;
    if ((rc = parse_installed(&v, &m, err)) <= 0)
        return rc;
    if ((rc = install_asks_add(&w->i->asks, m.asks, name, err)) < 0 || (rc = add_conflicts(w, &m.conflicts, err)) < 0)
        return rc;
    return walk_parents(w, &m, &(struct link){.up = l, .name = name, .depth = l->depth + 1}, err);
}

static int walk_parents(struct walk *w, const struct manifest *m, const struct link *l, cordon_error **err)
{
    int rc = 0;
    for (size_t n = 0; rc == 0 && n < m->parents.n; n++)
        rc = walk_parent(w, m->parents.item[n], l, err);
    return rc;
}

/* ---- conflicts ---- */

static int refuse_conflict(const char *a, const char *b, cordon_error **err)
{
    return err_set(err, CORDON_E_CONFLICT, a, "Skill '%s' conflicts with '%s'", a, b);
}

static int check_own_conflicts(const struct walk *w, const char *own, cordon_error **err)
{
    for (size_t n = 0; n < w->conflicts.n; n++) {
        const char *other = w->conflicts.item[n];
        cleanup(registry_version_finish) struct registry_version v = {0};
        if (!strcmp(other, own))
            return refuse_conflict(own, "itself", err);
        if (is_seen(w, other))
            return refuse_conflict(own, other, err);
        int rc = w->r && !registry_check_name(other, NULL) ? registry_get(w->r, other, NULL, &v, err) : 0;
        if (rc != 0)
            return rc < 0 ? rc : refuse_conflict(own, other, err);
    }
    return 0;
}

static bool lists(const struct manifest_list *list, const char *name)
{
    for (size_t n = 0; n < list->n; n++)
        if (!strcmp(list->item[n], name))
            return true;
    return false;
}

static int check_others_conflicts(const struct walk *w, const char *own, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    int rc = w->r ? registry_all(w->r, &all, err) : 0;
    for (size_t n = 0; rc >= 0 && n < all.n; n++) {
        cleanup(manifest_finish) struct manifest m = {0};
        if (!strcmp(all.item[n].name, own) || !all.item[n].manifest || !strstr(all.item[n].manifest, "conflicts"))
            continue;
        if ((rc = parse_installed(&all.item[n], &m, err)) > 0 && lists(&m.conflicts, own))
            return refuse_conflict(all.item[n].name, own, err);
    }
    return rc < 0 ? rc : 0;
}

int install_inherit(struct cordon_install *i, struct registry *r, cordon_error **err)
{
    cleanup(walk_finish) struct walk w = {.i = i, .r = r};
    if (!i->has_manifest)
        return 0;
    int rc = install_asks_add(&i->asks, i->manifest.asks, NULL, err);
    if (rc < 0 || (rc = add_conflicts(&w, &i->manifest.conflicts, err)) < 0 ||
        (rc = walk_parents(&w, &i->manifest, &(struct link){.name = i->next.name}, err)) < 0)
        return rc;
    rc = check_own_conflicts(&w, i->next.name, err);
    return rc < 0 ? rc : check_others_conflicts(&w, i->next.name, err);
}
