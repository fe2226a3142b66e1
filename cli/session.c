/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "cleanup.h"
#include "progress.h"

#include <time.h>

enum { SANDBOXES = 16 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

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

int session_registry(struct session *s, cordon_error **err)
{
    int rc = s->host ? 0 : cordon_host_new(s->opts, &s->host, err);
    return rc < 0 || s->registry ? rc : cordon_registry_open(s->host, &s->registry, err);
}

/* A script is rare: whether it is one is asked only where it is no skill. */
static int load_installed(struct session *s, const char *name, cordon_error **err)
{
    cordon_error *why = NULL;
    bool is_script = false;
    int rc = session_registry(s, &why);
    if (rc == 0)
        rc = cordon_skill_load_installed(s->registry, name, &s->skill, &why);
    if (rc == -CORDON_E_USAGE && cordon_registry_is_script(s->registry, name, &is_script, NULL) == 0 && is_script) {
        cordon_error_free(why);
        return cordon_script_load_installed(s->registry, name, &s->script, err);
    }
    if (rc == -CORDON_E_NOT_FOUND)
        target_hint(name, &why);
    if (rc < 0)
        *err = why;
    return rc;
}

static int load(cordon_host *host, const struct target *t, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    if (t->is_folder)
        return cordon_skill_load_folder(host, t->path, tier, ret, err);
    if (t->path)
        return cordon_skill_load(host, t->path, tier, ret, err);
    return cordon_skill_load_bytes(host, t->name, t->bytes, t->len, tier, ret, err);
}

int session_open(const struct cli *cli, const struct target *target, enum cordon_tier tier, struct session *s, cordon_error **err)
{
    int rc = s->host ? 0 : cordon_host_new(s->opts, &s->host, err);
    if (rc < 0)
        return rc;
    struct progress progress;
    bool shown = cli->err_is_terminal && !cli->json && !cli->quiet && progress_begin(&progress, "compiling", target->name) == 0;
    uint64_t start = now_ns();
    rc = target->installed ? load_installed(s, target->name, err) : load(s->host, target, tier, &s->skill, err);
    s->load_ns = now_ns() - start;
    if (shown)
        progress_end(&progress);
    return rc;
}

void session_finish(struct session *s)
{
    cordon_skill_free(s->skill);
    cordon_script_free(s->script);
    cordon_registry_close(s->registry);
    cordon_host_free(s->host);
    cordon_host_opts_free(s->opts);
}
