/* SPDX-License-Identifier: Apache-2.0 */
#include "begin.h"

static int begin_installed(const struct cli *cli, struct target *target, struct plan *plan, struct session *s, cordon_error **err)
{
    int rc = target_find(cli->args.words[0], target, err);
    if (rc < 0 || (rc = session_open(cli, target, CORDON_TIER_UNTRUSTED, s, err)) < 0)
        return rc;
    enum cordon_tier tier = s->skill ? cordon_skill_tier(s->skill) : CORDON_TIER_LOCAL;
    return plan_read(cli, s->opts, &tier, plan, err);
}

int begin_call(const struct cli *cli, struct target *target, struct plan *plan, struct session *s, cordon_error **err)
{
    int rc;
    if (target_is_installed(cli->args.words[0]))
        return begin_installed(cli, target, plan, s, err);
    if ((rc = plan_read(cli, s->opts, NULL, plan, err)) < 0 || (rc = target_find(cli->args.words[0], target, err)) < 0)
        return rc;
    return session_open(cli, target, plan->tier, s, err);
}
