/* SPDX-License-Identifier: Apache-2.0
 * Doc comments onto types. Wasmtime's own types carry none; they come beside it, from the WIT that the component embeds. */
#include "schema.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* gcc 12 loses sight of what a recursive walk stores in the tree it walks, and calls it leaked; LeakSanitizer watches it in the tests. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"

/* A copy of the docs in `from`, in place of `old`. Out of memory is no docs: they are an ornament. */
static char *docs_of(const json_t *from, char *old)
{
    const json_t *docs = json_object_get(from, "docs");
    if (!docs || json_string_length(docs) == 0)
        return old;
    free(old);
    const char *s = json_string_value(docs);
    return strndup(s, text_cut(s, json_string_length(docs), SCHEMA_DOCS_MAX));
}

static const json_t *docs_of_member(const struct wit_member *m, size_t i, const json_t *docs)
{
    char index[24];
    if (m->name)
        return json_object_getn(docs, m->name, m->name_len);
    snprintf(index, sizeof(index), "%zu", i); /* a tuple's element */
    return json_object_get(docs, index);
}

static void type_docs(struct wit_type *t, const json_t *docs)
{
    if (!t || !docs)
        return;
    t->docs = docs_of(docs, t->docs);
    type_docs(t->elem, json_object_get(docs, "elem"));
    type_docs(t->err, json_object_get(docs, "err"));
    const json_t *members = json_object_get(docs, "members");
    for (size_t i = 0; members && i < t->n_members; i++) {
        struct wit_member *m = &t->members[i];
        const json_t *d = docs_of_member(m, i, members);
        m->docs = docs_of(d, m->docs);
        type_docs(m->type, json_object_get(d, "type"));
    }
}

void schema_add_docs(struct wit_func *f, const json_t *docs)
{
    const json_t *params = json_object_get(docs, "params");
    f->docs = docs_of(docs, f->docs);
    for (size_t i = 0; i < f->n_params; i++)
        type_docs(f->params[i].type, json_object_getn(params, f->params[i].name, f->params[i].name_len));
    type_docs(f->result, json_object_get(docs, "result"));
}
