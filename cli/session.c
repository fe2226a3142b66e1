/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "cleanup.h"
#include "progress.h"

enum { SANDBOXES = 16 };

int session_begin(const struct cli *cli, struct session *s, cordon_error **err)
{
    s->opts = cordon_host_opts_new();
    if (!s->opts)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    int rc = cordon_host_opts_load(s->opts, args_value(&cli->args, "config"), err);
    if (rc < 0 || (rc = cordon_host_opts_set_workers(s->opts, 0, err)) < 0)
        return rc;
    return cordon_host_opts_set_sandboxes(s->opts, SANDBOXES, err);
}

static int load(cordon_host *host, const struct target *t, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    if (t->path)
        return cordon_skill_load(host, t->path, tier, ret, err);
    return cordon_skill_load_bytes(host, t->name, t->bytes, t->len, tier, ret, err);
}

int session_open(const struct cli *cli, const struct target *target, enum cordon_tier tier, struct session *s, cordon_error **err)
{
    int rc = cordon_host_new(s->opts, &s->host, err);
    if (rc < 0)
        return rc;
    struct progress progress;
    bool shown = cli->err_is_terminal && !cli->json && !cli->quiet && progress_begin(&progress, "compiling", target->name) == 0;
    rc = load(s->host, target, tier, &s->skill, err);
    if (shown)
        progress_end(&progress);
    return rc;
}

void session_finish(struct session *s)
{
    cordon_skill_free(s->skill);
    cordon_host_free(s->host);
    cordon_host_opts_free(s->opts);
}
