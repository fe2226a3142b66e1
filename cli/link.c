/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include "cleanup.h"
#include "script.h"
#include <string.h>
#include <unistd.h>

/* TARGET#EXPORT in two; NULL without memory. A file that is called so goes first. *ret_export is NULL without one, else part of the target's memory. */
static char *split(const char *word, const char **ret_export)
{
    char *target = strdup(word), *hash = target ? strchr(target, '#') : NULL;
    *ret_export = NULL;
    if (hash && access(word, F_OK) < 0) {
        *hash = '\0';
        *ret_export = hash + 1;
    }
    return target;
}

static int add_script(struct session *session, const char *export_name, cordon_chain *chain, struct link *l, cordon_error **err)
{
    if (export_name)
        return cordon_error_set(err, CORDON_E_USAGE, l->name, NULL, "%s is a local script: it has no exports", l->name);
    int rc = cordon_chain_add_script(chain, session->script, err);
    l->tier = CORDON_TIER_LOCAL;
    if (rc == 0)
        session->script = NULL;
    return rc;
}

static int add_skill(const struct cli *cli, cordon_skill *skill, const char *export_name, const char *bot, cordon_chain *chain, struct link *l, cordon_error **err)
{
    cleanup_request cordon_request *req = NULL;
    snprintf(l->name, sizeof l->name, "%s", cordon_skill_name(skill));
    l->tier = cordon_skill_tier(skill);
    int rc = cordon_request_new(skill, export_name, &req, err);
    if (rc < 0 || (bot && (rc = cordon_request_set_bot(req, bot, err)) < 0) || (!cli->json && (rc = cordon_request_set_log(req, calling_line, &l->lines, err)) < 0) ||
        (rc = cordon_chain_add(chain, req, err)) < 0)
        return rc;
    req = NULL;
    return 0;
}

int link_add(const struct cli *cli, const char *word, struct session *session, const char *bot, cordon_chain *chain, struct link *l, cordon_error **err)
{
    cleanup(target_finish) struct target target = {0};
    const char *export_name;
    cleanup_free char *what = split(word, &export_name);
    snprintf(l->name, sizeof l->name, "%s", what ? what : word);
    if (!what)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    int rc = target_find(what, &target, err);
    if (rc < 0)
        return rc;
    memcpy(l->name, target.name, sizeof l->name);
    if ((rc = session_open(cli, &target, CORDON_TIER_UNTRUSTED, session, err)) < 0)
        return rc;
    if (session->script)
        return add_script(session, export_name, chain, l, err);
    rc = add_skill(cli, session->skill, export_name, bot, chain, l, err);
    cordon_skill_free(take(session->skill));
    return rc;
}

int link_call(const struct cli *cli, const struct link *l, cordon_host *host, cordon_request *req, cordon_script *script, bool last, cordon_outcome **ret, cordon_error **err)
{
    int rc = script ? script_call(script, ret, err) : last ? calling_lock_in(cli, host, req, err) : 0;
    if (rc == 0 && script)
        script_tell_log(cli, l->name, *ret);
    return rc < 0 || script ? rc : calling_run(host, req, ret, err);
}
