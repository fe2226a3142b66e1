/* SPDX-License-Identifier: Apache-2.0
 * A text in the place of a component: for skills that run no code. */
#include "base/error.h"
#include "engine/component.h"

#include <stdlib.h>
#include <string.h>

static struct wit_type *type_of_kind(enum wit_kind kind)
{
    struct wit_type *t = calloc(1, sizeof *t);
    if (t)
        t->kind = kind;
    return t;
}

static struct wit_type *result_of_strings(void)
{
    struct wit_type *t = type_of_kind(WIT_RESULT);
    if (!t)
        return NULL;
    t->elem = type_of_kind(WIT_STRING);
    t->err = type_of_kind(WIT_STRING);
    if (t->elem && t->err)
        return t;
    wit_type_free(t);
    return NULL;
}

/* execute: func(input: string) -> result<string, string> */
static bool make_execute(struct wit_func *f)
{
    f->name = strdup("execute");
    f->params = calloc(1, sizeof *f->params);
    if (!f->name || !f->params)
        return false;
    f->n_params = 1;
    f->params[0] = (struct wit_member){.name = strdup("input"), .name_len = strlen("input"), .type = type_of_kind(WIT_STRING)};
    f->result = result_of_strings();
    return f->params[0].name && f->params[0].type && f->result;
}

int component_of_text(const char *text, size_t len, struct component **ret, cordon_error **err)
{
    struct component *c = calloc(1, sizeof *c);
    if (!c)
        return err_nomem(err);
    c->refs = 1;
    c->is_skill_world = true;
    c->text = malloc(len + 1);
    c->imports = calloc(1, sizeof *c->imports);
    c->exports = calloc(1, sizeof *c->exports);
    if (c->exports)
        c->n_exports = 1;
    if (!c->text || !c->imports || !c->exports || !make_execute(&c->exports[0].func)) {
        component_unref(c);
        return err_nomem(err);
    }
    memcpy(c->text, text, len);
    c->text[len] = '\0';
    c->text_len = len;
    c->exports[0].shape = SHIM_STRING_TO_RESULT;
    *ret = c;
    return 0;
}
