/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "child/child.h"
#include <errno.h>

int child_bound(__rlimit_resource_t what, uint64_t soft, uint64_t hard, cordon_error **err)
{
    struct rlimit had, want = {.rlim_cur = soft, .rlim_max = hard};
    if (getrlimit(what, &had) < 0)
        return err_errno(err, errno, "read", "a resource limit");
    if (had.rlim_max < want.rlim_max)   /* ours are upper bounds */
        want.rlim_max = had.rlim_max;
    if (want.rlim_cur > want.rlim_max)
        want.rlim_cur = want.rlim_max;
    return setrlimit(what, &want) < 0 ? err_errno(err, errno, "set", "a resource limit") : 0;
}
