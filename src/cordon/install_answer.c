/* SPDX-License-Identifier: Apache-2.0
 * What the operator answered. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_parts.h"

static int refuse(const struct grant *one, cordon_error **err)
{
    cleanup_free char *text = install_grant_text(one);
    return err_set(err, CORDON_E_NOT_ASKED, text, "the skill does not ask for anything that %s would answer", text ? text : "it");
}

int install_answer_allow(struct install_answer *a, const struct grants *asked, struct grant *one, cordon_error **err)
{
    if (!grants_answers(asked, one))
        return refuse(one, err);
    if (!a->granted && !(a->granted = grants_new()))
        return err_nomem(err);
    a->given = true;
    if (!install_has_grant(a->granted, one))
        return grants_add(&a->granted, one, err);
    grant_finish(one);
    *one = (struct grant){.kind = one->kind};
    return 0;
}

void install_answer_finish(struct install_answer *a)
{
    grants_unref(a->granted);
    *a = (struct install_answer){0};
}
