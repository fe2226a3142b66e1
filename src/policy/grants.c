/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/grants.h"
#include "base/error.h"

#include <stdlib.h>

const char *denial_text(enum denial d)
{
    static const char *const text[] = {"", "not-granted", "not-asked", "private-address", "not-offered"};
    return text[d];
}

struct grants *grants_new(void)
{
    struct grants *g = calloc(1, sizeof *g);
    if (g)
        g->refs = 1;
    return g;
}

void grants_ref(struct grants *g) { atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed); }

void grants_unref(struct grants *g)
{
    if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < g->n; i++)
        grant_finish(&g->item[i]);
    free(g->item);
    grants_unref(g->asked);
    free(g);
}

static int copy_set(const struct grants *from, struct grants *to)
{
    if ((to->asked = from->asked))
        grants_ref(to->asked);
    to->item = calloc(from->n + 1, sizeof *to->item);
    for (size_t i = 0; to->item && i < from->n; i++, to->n++)
        if (!grant_copy(&from->item[i], &to->item[i]))
            return -1;
    return to->item ? 0 : -1;
}

/* Only who holds the last reference may change it. */
static int make_own(struct grants **g, cordon_error **err)
{
    if (atomic_load_explicit(&(*g)->refs, memory_order_acquire) == 1)
        return 0;
    struct grants *own = grants_new();
    if (!own || copy_set(*g, own) < 0) {
        grants_unref(own);
        return err_nomem(err);
    }
    grants_unref(*g);
    *g = own;
    return 0;
}

int grants_add(struct grants **g, struct grant *one, cordon_error **err)
{
    if ((*g)->n >= GRANTS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "grants", "a call has at most %d grants", GRANTS_MAX);
    int rc = make_own(g, err);
    if (rc < 0)
        return rc;
    struct grant *more = realloc((*g)->item, ((*g)->n + 1) * sizeof *more);
    if (!more)
        return err_nomem(err);
    (*g)->item = more;
    more[(*g)->n++] = *one;
    *one = (struct grant){.kind = one->kind};
    return 0;
}

int grants_narrow(struct grants **g, struct grants *asked, cordon_error **err)
{
    int rc = make_own(g, err);
    if (rc < 0)
        return rc;
    grants_ref(asked);
    grants_unref((*g)->asked);
    (*g)->asked = asked;
    return 0;
}

/* A request that is asked for may carry what its operator adds to it. */
static bool asks_to_reach(const struct grant *asked, const struct ask *credential)
{
    struct ask a = *credential;
    a.kind = ASK_NET;
    a.method = (enum net_method)(asked->net.methods & -asked->net.methods);
    a.path = asked->net.prefix ? asked->net.prefix : "/";
    return asked->kind == GRANT_NET && grant_allows(asked, &a);
}

/* Functions of the embedding program have no form in a manifest: a skill asks for them by its imports. */
static bool is_asked(const struct grants *asked, const struct ask *a)
{
    bool is = !asked || a->kind == ASK_CALL;
    for (size_t i = 0; !is && i < asked->n; i++)
        is = grant_allows(&asked->item[i], a) || (a->kind == ASK_CREDENTIAL && asks_to_reach(&asked->item[i], a));
    return is;
}

static const struct grant *find_from(const struct grants *g, const struct ask *a, size_t first)
{
    for (size_t i = first; g && i < g->n; i++)
        if (grant_allows(&g->item[i], a))
            return is_asked(g->asked, a) ? &g->item[i] : NULL;
    return NULL;
}

const struct grant *grants_find(const struct grants *g, const struct ask *a) { return find_from(g, a, 0); }

const struct grant *grants_find_next(const struct grants *g, const struct ask *a, const struct grant *before)
{
    return find_from(g, a, (size_t)(before - g->item) + 1);
}

enum denial grants_why_not(const struct grants *g, const struct ask *a)
{
    return g && !is_asked(g->asked, a) ? DENIAL_NOT_ASKED : DENIAL_NOT_GRANTED;
}

static bool serves(const struct grant *g, enum ask_kind kind)
{
    switch (kind) {
    case ASK_NET: return g->kind == GRANT_NET;
    case ASK_CREDENTIAL: return g->kind == GRANT_BEARER || g->kind == GRANT_HEADER;
    case ASK_READ: return g->kind == GRANT_FILES && (g->access & FILE_READ);
    case ASK_WRITE: return g->kind == GRANT_FILES && (g->access & FILE_WRITE);
    case ASK_ENV: return g->kind == GRANT_ENV;
    case ASK_SECRET: return g->kind == GRANT_SECRET;
    case ASK_MEMORY: return g->kind == GRANT_MEMORY;
    case ASK_CALL: return g->kind == GRANT_CALL;
    case ASK_EXEC: return g->kind == GRANT_EXEC;
    }
    return false;
}

static bool any_serves(const struct grants *g, enum ask_kind kind)
{
    for (size_t i = 0; g && i < g->n; i++)
        if (serves(&g->item[i], kind))
            return true;
    return false;
}

bool grants_asks_any(const struct grants *g, enum ask_kind kind)
{
    if (!g || !g->asked || kind == ASK_CALL)
        return true;
    return any_serves(g->asked, kind) || (kind == ASK_CREDENTIAL && any_serves(g->asked, ASK_NET));
}

bool grants_any(const struct grants *g, enum ask_kind kind) { return any_serves(g, kind) && grants_asks_any(g, kind); }

unsigned grants_asked_access(const struct grants *g, const char *guest)
{
    static const enum file_access all[] = {FILE_READ, FILE_WRITE};
    unsigned access = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct ask a = {.kind = all[i] == FILE_READ ? ASK_READ : ASK_WRITE, .path = guest};
        access |= !g->asked || is_asked(g->asked, &a) ? all[i] : 0;
    }
    return access;
}

bool grants_answers(const struct grants *asks, const struct grant *grant)
{
    bool answers = !asks || grant->kind == GRANT_CALL;
    for (size_t i = 0; !answers && i < asks->n; i++)
        answers = grant_answers(&asks->item[i], grant);
    return answers;
}
