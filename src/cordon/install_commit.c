/* SPDX-License-Identifier: Apache-2.0
 * What was staged and answered becomes the installed skill: one transaction. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_parts.h"
#include "cordon/registry_parts.h"

#include <errno.h>
#include <string.h>

/* ---- may it be? ---- */

static int refuse_unanswered(const struct cordon_install *i, cordon_error **err)
{
    size_t wanted = 0;
    cleanup_free char *command = install_command(i);
    for (size_t n = 0; n < i->asks.n; n++)
        wanted += !i->asks.item[n].granted;
    if (wanted)
        err_set(err, CORDON_E_CONSENT, i->next.name, "%s %s asks for %zu thing%s that nobody has answered; nothing was installed", i->next.name, i->next.version, wanted,
                wanted == 1 ? "" : "s");
    else
        err_set(err, CORDON_E_CONSENT, i->next.name, "%s %s is described otherwise than the version before, and nobody has said that this is meant; nothing was installed",
                i->next.name, i->next.version);
    return err_hint(err, "To have it so: %s", command ? command : "cordon install");
}

/* What was shown is what is changed: another process may have been at it since. */
static int check_still(const struct cordon_install *i, struct registry *r, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version now = {0};
    int rc = registry_get(r, i->next.name, NULL, &now, err);
    if (rc < 0)
        return rc;
    bool same = rc ? now.id == i->before.id && !memcmp(now.bundle, i->before.bundle, sizeof now.bundle) : !i->before.id;
    if (same)
        return 0;
    err_set(err, CORDON_E_CONFLICT, i->next.name, "%s was changed by another process meanwhile", i->next.name);
    return err_hint(err, "Run it again: it then shows what is different from what is installed now.");
}

/* ---- the transaction ---- */

static int grant_all(const struct cordon_install *i, struct registry *r, cordon_error **err)
{
    int rc = i->answer.forget ? registry_revoke(r, &i->next, NULL, err) : 0;
    const struct grants *g = i->answer.granted;
    for (size_t n = 0; rc >= 0 && g && n < g->n; n++) {
        char folder[GRANT_FOLDER_TEXT];
        cleanup_free char *text = install_grant_text(&g->item[n]);
        rc = text ? registry_grant(r, &i->next, text, grants_folder_text(&g->item[n], folder), "install", err) : err_nomem(err);
    }
    return rc < 0 ? rc : 0;
}

static int remember_version(const struct cordon_install *i, struct registry *r, cordon_error **err)
{
    cleanup_free char *highest = NULL;
    int rc = registry_highest(r, i->next.name, i->next.publisher, &highest, err);
    if (rc < 0 || (rc && install_version_compare(i->next.version, highest) <= 0))
        return rc < 0 ? rc : 0;
    return registry_set_highest(r, i->next.name, i->next.publisher, i->next.version, err);
}

static int remember_key(const struct cordon_install *i, struct registry *r, cordon_error **err)
{
    return *i->next.publisher ? registry_set_pin(r, i->next.name, i->next.publisher, err) : 0;
}

int install_write(struct cordon_install *i, struct registry *r, cordon_error **err)
{
    int rc = check_still(i, r, err);
    if (rc < 0 || (rc = bundle_settle(&i->bundle, err)) < 0)
        return rc;
    install_point(i, "settled");
    if ((rc = registry_store_add(r, i->bundle.path, i->bundle.digest, err)) < 0 ||
        (rc = registry_put(r, &i->next, err)) < 0 || (rc = grant_all(i, r, err)) < 0 || (rc = remember_key(i, r, err)) < 0)
        return rc;
    return remember_version(i, r, err);
}

void install_let_go(struct cordon_install *i)
{
    if (access(i->bundle.path, F_OK) == 0)
        bundle_discard(&i->bundle);
    else
        bundle_finish(&i->bundle);
    i->bundle.fd = -1;
}

static int commit(struct cordon_install *i, cordon_error **err)
{
    cleanup(registry_drop) struct registry *r = NULL;
    int rc = registry_begin(i->registry, REGISTRY_WRITE, &r, err);
    if (rc < 0 || (rc = install_write(i, r, err)) < 0 || (rc = registry_commit(r, err)) < 0)
        return rc;
    install_let_go(i);
    return 0;
}

/* ---- what came of it ---- */

static void add_grants(json_t *to, const struct grants *set)
{
    for (size_t n = 0; set && n < set->n; n++) {
        cleanup_free char *text = install_grant_text(&set->item[n]);
        json_array_append_new(to, json_string(text ? text : ""));
    }
}

static bool is_answered(const struct grants *set, const struct grant *ask)
{
    for (size_t n = 0; set && n < set->n; n++)
        if (grant_answers(ask, &set->item[n]))
            return true;
    return false;
}

static json_t *result(const struct cordon_install *i)
{
    char digest[INSTALL_DIGEST_TEXT];
    json_t *granted = json_array(), *rest = json_array();
    const struct grants *kept = i->answer.forget ? NULL : i->kept;
    add_grants(granted, kept);
    for (size_t n = 0; i->answer.granted && n < i->answer.granted->n; n++)
        if (!install_has_grant(kept, &i->answer.granted->item[n])) {
            cleanup_free char *text = install_grant_text(&i->answer.granted->item[n]);
            json_array_append_new(granted, json_string(text ? text : ""));
        }
    for (size_t n = 0; n < i->asks.n; n++)
        if (!is_answered(kept, &i->asks.item[n].grant) && !is_answered(i->answer.granted, &i->asks.item[n].grant))
            json_array_append_new(rest, json_string(i->asks.item[n].text));
    install_digest_write(i->next.bundle, digest);
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:O}", "cordon", 1, "name", i->next.name, "version", i->next.version, "tier",
                     cordon_tier_name(registry_tier(&i->next, i->standing)), "digest", digest, "unchanged", i->unchanged, "granted", granted, "not_granted", rest,
                     "warnings", i->warnings);
}

int cordon_install_commit(cordon_install *i, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    if (!i->fetched || i->bundle.fd < 0)
        return err_set(err, CORDON_E_USAGE, NULL, i->fetched ? "it is installed already" : "nothing was fetched yet that could be installed");
    if (install_wants_consent(i) && !i->answer.given)
        return refuse_unanswered(i, err);
    bool nothing = i->unchanged && !i->answer.granted && !i->answer.forget;
    int rc = nothing ? 0 : commit(i, err);
    json_t *done = rc == 0 ? result(i) : NULL;
    char *text = done ? json_dumps(done, JSON_COMPACT) : NULL;
    json_decref(done);
    if (rc == 0 && !text)
        return err_nomem(err);
    if (rc == 0)
        *ret_json = text;
    return rc;
}
