/* SPDX-License-Identifier: Apache-2.0
 * A host with one skill, for the programs that go through libcordon. */
#pragma once
#include <cordon/cordon.h>
#include <stdio.h>
#include <stdlib.h>

struct callee {
    cordon_host *host;
    cordon_skill *skill;
    cordon_request *request;
};

static inline void must(int rc, cordon_error **err)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s: %s\n", cordon_error_message(*err), cordon_error_hint(*err));
    exit(1);
}

/* `workers` 0: as many as the library sees fit. The helper is the one in $CORDON_HELPER. */
static inline cordon_host *host_open(unsigned workers, unsigned sandboxes)
{
    cordon_error *err = NULL;
    cordon_host *host = NULL;
    cordon_host_opts *opts = cordon_host_opts_new();
    if (workers)
        must(cordon_host_opts_set_workers(opts, workers, &err), &err);
    if (sandboxes)
        must(cordon_host_opts_set_sandboxes(opts, sandboxes, &err), &err);
    if (getenv("CORDON_HELPER"))
        must(cordon_host_opts_set_helper(opts, getenv("CORDON_HELPER"), &err), &err);
    must(cordon_host_new(opts, &host, &err), &err);
    cordon_host_opts_free(opts);
    return host;
}

static inline void callee_open(struct callee *c, const char *path, unsigned workers)
{
    cordon_error *err = NULL;
    c->host = host_open(workers, 0);
    must(cordon_skill_load(c->host, path, CORDON_TIER_UNTRUSTED, &c->skill, &err), &err);
    must(cordon_request_new(c->skill, NULL, &c->request, &err), &err);
}

static inline void callee_close(struct callee *c)
{
    cordon_request_free(c->request);
    cordon_skill_free(c->skill);
    cordon_host_free(c->host);
}
