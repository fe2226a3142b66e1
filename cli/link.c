/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include "calling.h"
#include "cleanup.h"
#include "script.h"
#include <string.h>

int link_open(const struct cli *cli, const char *word, struct session *session, struct link *ret, cordon_error **err)
{
    cleanup(target_finish) struct target target = {0};
    *ret = (struct link){.word = word};
    snprintf(ret->name, sizeof ret->name, "%s", word);
    int rc = target_find(word, &target, err);
    if (rc < 0)
        return rc;
    memcpy(ret->name, target.name, sizeof ret->name);
    if ((rc = session_open(cli, &target, CORDON_TIER_UNTRUSTED, session, err)) < 0)
        return rc;
    ret->skill = take(session->skill);
    ret->script = take(session->script);
    return 0;
}

void link_finish(struct link *l)
{
    cordon_skill_free(l->skill);
    cordon_script_free(l->script);
}

enum cordon_tier link_tier(const struct link *l)
{
    return l->skill ? cordon_skill_tier(l->skill) : CORDON_TIER_LOCAL;
}

static int call_script(const struct cli *cli, const struct link *l, const struct link_input *input, cordon_outcome **ret, cordon_error **err)
{
    int rc = input->given ? cordon_script_set_input(l->script, input->data, input->len, err) : 0;
    if (rc < 0 || (rc = script_call(l->script, ret, err)) < 0)
        return rc;
    script_tell_log(cli, l->name, *ret);
    return 0;
}

int link_call(const struct cli *cli, const struct link *l, cordon_host *host, const struct link_input *input, const char *bot, bool last, cordon_outcome **ret,
              cordon_error **err)
{
    cleanup_request cordon_request *req = NULL;
    struct calling_lines lines = {cli, l->name};
    if (l->script)
        return call_script(cli, l, input, ret, err);
    int rc = cordon_request_new(l->skill, NULL, &req, err);
    if (rc < 0 || (bot && (rc = cordon_request_set_bot(req, bot, err)) < 0) ||
        (input->given && (rc = cordon_request_set_input(req, input->data, input->len, err)) < 0) ||
        (!cli->json && (rc = cordon_request_set_log(req, calling_line, &lines, err)) < 0) || (last && (rc = calling_lock_in(cli, host, req, err)) < 0))
        return rc;
    return calling_run(host, req, ret, err);
}
