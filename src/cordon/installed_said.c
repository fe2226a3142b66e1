/* SPDX-License-Identifier: Apache-2.0
 * From rows of the registry to what a call may use. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/installed.h"

#include <string.h>

static void cleanup_said(struct said **s) { said_unref(*s); }

void said_ref(struct said *s) { atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); }

void said_unref(struct said *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    powers_unref(s->powers);
    grants_unref(s->asks);
    free(s->version);
    free(s->export_name);
    free(s);
}

/* `other`: the folder is not the one that was granted, and may be meant all the same. */
static int cannot_give(const struct registry_version *v, const char *grant, bool other, cordon_error **err)
{
    struct buf b;
    err_wrap(err, "%s was granted %s, and cannot be given it", v->name, grant);
    buf_init(&b, GRANT_TEXT_MAX * 2);
    text_quote_sh(&b, grant);
    cleanup_free char *quoted = buf_take(&b, NULL);
    buf_finish(&b);
    if (!quoted)
        return -(int)cordon_error_code(*err);
    if (other)
        return err_hint(err, "If the folder that is there now is meant: cordon grant %s %s. If not: cordon revoke %s %s", v->name, quoted, v->name, quoted);
    return err_hint(err, "Mend what is named above, or take the grant back: cordon revoke %s %s", v->name, quoted);
}

/* What is not asked for (any more) is not even opened: folders and variables reach WASI as they are given. */
static int give_one(const cordon_host *h, const struct registry_version *v, const struct registry_grant *row, struct said *s, cordon_error **err)
{
    cordon_error *why = NULL;
    cleanup(grant_finish) struct grant g = {0};
    int rc = grant_parse(row->grant, NULL, &g, &why);
    if (rc == 0 && grants_answers(s->asks, &g) && (rc = grants_folder_read(row->folder, &g, &why)) == 0)
        rc = grants_give(h, s->powers, &g, &why);
    if (rc == 0)
        return 0;
    rc = cannot_give(v, row->grant, rc == -CORDON_E_NOT_GRANTED, &why);
    if (err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}

int said_new(const cordon_host *h, const struct registry_version *v, enum cordon_tier tier, const struct registry_grants *grants, const struct registry_limits *operators,
             struct said **ret, cordon_error **err)
{
    cleanup(cleanup_said) struct said *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err);
    s->refs = 1;
    s->tier = tier;
    s->powers = powers_new();
    s->version = strdup(v->version);
    s->export_name = v->export_name ? strdup(v->export_name) : NULL;
    if (!s->powers || !s->version || (v->export_name && !s->export_name))
        return err_nomem(err);
    int rc = registry_asks(v, &s->asks, err);
    for (size_t i = 0; rc == 0 && i < grants->n; i++)
        rc = give_one(h, v, &grants->item[i], s, err);
    if (rc == 0 && s->asks)
        rc = grants_narrow(&s->powers->grants, s->asks, err);
    if (rc < 0)
        return rc;
    registry_limits_of(h, v, tier, operators, &s->limits);
    *ret = take(s);
    return 0;
}
