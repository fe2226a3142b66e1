/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/suffix.h"

#include <dlfcn.h>
#include <libpsl.h>
#include <string.h>

/* libpsl comes with two libraries more, and the three are a tenth of the command's start: so they are opened when a name is first asked about, and stay. */
struct list {
    const psl_ctx_t *(*builtin)(void);
    int (*is_public_suffix2)(const psl_ctx_t *list, const char *name, int type);
    const char *(*registrable_domain)(const psl_ctx_t *list, const char *name);
};

static bool find(void *library, const char *name, void *slot)
{
    void *symbol = dlsym(library, name);
    memcpy(slot, &symbol, sizeof symbol);
    return symbol;
}

static bool open_list(struct list *ret)
{
    void *library = dlopen("libpsl.so.5", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        return false;
    bool whole = find(library, "psl_builtin", &ret->builtin) && find(library, "psl_is_public_suffix2", &ret->is_public_suffix2) &&
                 find(library, "psl_registrable_domain", &ret->registrable_domain);
    dlclose(library);
    return whole;
}

static const char *check_list(const char *name)
{
    struct list psl;
    const psl_ctx_t *list = open_list(&psl) ? psl.builtin() : NULL;
    if (!list)
        return "libpsl is not there or has no public suffix list, so nothing can be granted beneath a name: write each host";
    if (psl.is_public_suffix2(list, name, PSL_TYPE_ANY))
        return "it would cover names of many owners: the host is a public suffix; write a name beneath it";
    return NULL;
}

const char *suffix_why_not_beneath(const struct host *h)
{
    if (h->kind != HOST_NAME)
        return "there are no names beneath an address";
    if (!strchr(h->text, '.'))
        return "it would cover names of many owners: the host is a single label; write a name beneath it";
    return check_list(h->text);
}

bool suffix_same_owner(const struct host *a, const struct host *b)
{
    struct list psl;
    if (a->kind == b->kind && !strcmp(a->text, b->text))
        return true;
    if (a->kind != HOST_NAME || b->kind != HOST_NAME || !strchr(a->text, '.') || !strchr(b->text, '.') || !open_list(&psl))
        return false;
    const psl_ctx_t *list = psl.builtin();
    const char *of_a = list ? psl.registrable_domain(list, a->text) : NULL, *of_b = list ? psl.registrable_domain(list, b->text) : NULL;
    return of_a && of_b && strchr(of_a, '.') && !strcmp(of_a, of_b);
}
