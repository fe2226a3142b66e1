/* SPDX-License-Identifier: Apache-2.0
 * What the helper process does with a stranger's bytes, once it has locked itself in. */
#include "bundle/bundle.h"
#include "cordon/internal.h"
#include "cordon/jobs_author.h"
#include "engine/compile.h"

#include <sodium.h>

static int job_compile(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err)
{
    enum cordon_tier tier;
    int rc = cordon_tier_parse(arg, &tier, err);
    return rc < 0 ? rc : compile(tier, in, len, meta, body, err);
}

const struct code_job_row cordon_jobs[CODE_JOB_COUNT] = {
    [CODE_JOB_COMPILE] = {.run = job_compile},
    [CODE_JOB_BINDINGS] = {.run = job_bindings},
    [CODE_JOB_COMPONENTIZE] = {.run = job_componentize},
    [CODE_JOB_UNPACK] = {.run = bundle_unpack_job, .prepare = bundle_unpack_prepare},
};

int cordon_helper_main(int argc, char **argv)
{
    if (sodium_init() < 0)
        return 70;
    return helper_main(argc, argv, cordon_jobs);
}
