/* SPDX-License-Identifier: Apache-2.0 */
#include "installing.h"

#include "cleanup.h"
#include "consent.h"
#include "interrupt.h"
#include "progress.h"

int installing_begin(const struct cli *cli, struct installing *i, cordon_error **err)
{
    int rc = interrupt_open(&i->cancel, err);
    i->watches = rc == 0;
    if (rc < 0 || (rc = session_begin(cli, &i->session, err)) < 0 || (rc = cordon_host_new(i->session.opts, &i->session.host, err)) < 0)
        return rc;
    return cordon_registry_open(i->session.host, &i->registry, err);
}

static int read_json(const char *text, json_t **ret, cordon_error **err)
{
    *ret = json_loads(text, 0, NULL);
    return *ret ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

int installing_fetch(const struct cli *cli, struct installing *i, const char *what, cordon_error **err)
{
    struct progress progress;
    cleanup_text char *text = NULL;
    int rc = consent_may_answer(cli, i->session.opts, err);
    if (rc < 0)
        return rc;
    bool shown = cli->err_is_terminal && !cli->json && !cli->quiet && progress_begin(&progress, "fetching", what) == 0;
    cordon_install_set_cancel(i->install, i->cancel);
    rc = cordon_install_fetch(i->install, err);
    if (shown)
        progress_end(&progress);
    if (rc == 0)
        rc = cordon_install_describe(i->install, &text, err);
    return rc == 0 ? read_json(text, &i->plan, err) : rc;
}

int installing_commit(const struct cli *cli, struct installing *i, cordon_error **err)
{
    cleanup_text char *text = NULL;
    int rc = consent_answer(cli, i->install, i->plan, err);
    if (rc >= 0 && interrupt_caught())
        return cordon_error_set(err, CORDON_E_CONSENT, NULL, "Nothing was installed, and nothing granted.", "not installed: a signal came before the answer");
    if (rc > 0)
        return cordon_error_set(err, CORDON_E_CONSENT, NULL, "Nothing was installed, and nothing granted.", "not installed: you said no");
    if (rc == 0)
        rc = cordon_install_commit(i->install, &text, err);
    return rc == 0 ? read_json(text, &i->done, err) : rc;
}

void installing_drop(struct installing *i)
{
    cordon_install_free(take(i->install));
    json_decref(take(i->plan));
    json_decref(take(i->done));
}

void installing_finish(struct installing *i)
{
    installing_drop(i);
    cordon_registry_close(i->registry);
    if (i->watches)
        interrupt_close(i->cancel);
    session_finish(&i->session);
}
