/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "cleanup.h"
#include "progress.h"

enum { SANDBOXES = 16 };

int session_options(cordon_host_opts **ret, cordon_error **err)
{
    cleanup_opts cordon_host_opts *opts = cordon_host_opts_new();
    if (!opts)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    int rc = cordon_host_opts_set_workers(opts, 0, err);
    if (rc < 0 || (rc = cordon_host_opts_set_sandboxes(opts, SANDBOXES, err)) < 0)
        return rc;
    *ret = take(opts);
    return 0;
}

static int load(cordon_host *host, const struct target *t, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    if (t->path)
        return cordon_skill_load(host, t->path, tier, ret, err);
    return cordon_skill_load_bytes(host, t->name, t->bytes, t->len, tier, ret, err);
}

int session_open(const struct cli *cli, const struct target *target, enum cordon_tier tier, struct session *s, cordon_error **err)
{
    *s = (struct session){0};
    cleanup_opts cordon_host_opts *opts = NULL;
    int rc = session_options(&opts, err);
    if (rc < 0 || (rc = cordon_host_new(opts, &s->host, err)) < 0)
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
}
