/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/fetching.h"
#include "base/clock.h"
#include "base/error.h"
#include "cordon/internal.h"

_Static_assert(sizeof((struct fetching *)0)->helper / sizeof(char *) == SETTINGS_HELPERS_MAX, "as many helpers as the settings have");

int fetching_begin(cordon_host *host, unsigned seconds, struct fetching *ret, cordon_error **err)
{
    const struct settings_install *settings = &host->opts.settings.install;
    struct gateway *g;
    int rc = host_gateway(host, &g, err);
    if (rc < 0)
        return rc;
    ret->fetch.net = gateway_scope_new(g);
    if (!ret->fetch.net)
        return err_nomem(err);
    ret->docker_config = fetch_docker_config();
    for (; ret->fetch.n_helpers < settings->credential_helpers.value; ret->fetch.n_helpers++)
        ret->helper[ret->fetch.n_helpers] = settings->helper[ret->fetch.n_helpers];
    ret->fetch.helpers = ret->helper;
    ret->fetch.docker_config = ret->docker_config;
    ret->fetch.deadline_ns = clock_now_ns() + seconds * UINT64_C(1000000000);
    return 0;
}

void fetching_finish(struct fetching *f)
{
    gateway_scope_unref(f->fetch.net);
    free(f->docker_config);
}
