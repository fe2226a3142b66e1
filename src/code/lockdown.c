/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "child/landlock.h"
#include "lockdown_parts.h"
#include <errno.h>
#include <sys/prctl.h>

static int no_new_privs(cordon_error **err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "cannot give up new privileges: errno %d", errno);
    return 0;
}

/* seccomp comes last: it takes away the calls that Landlock is set up with. */
int lockdown_helper(cordon_error **err)
{
    int r = no_new_privs(err);
    if (r < 0 || (r = landlock_enter(landlock_abi(), &(struct landlock_rules){0}, err)) < 0 || (r = lockdown_seccomp(LOCKDOWN_HELPER, 0, err)) < 0)
        return r;
    return r ? 0 : err_set(err, CORDON_E_KERNEL, NULL, "this kernel has no seccomp filters: the helper would not be contained");
}

int lockdown_run(const struct lockdown *what, const char **ret_missing, cordon_error **err)
{
    static const char *const missing[2][2] = {{"seccomp and Landlock", "seccomp"}, {"Landlock", NULL}};
    int landlock, seccomp, r = no_new_privs(err);
    if (r < 0 || (r = landlock = landlock_enter(landlock_abi(), &what->reach, err)) < 0 ||
        (r = seccomp = lockdown_seccomp(LOCKDOWN_RUN, what->needs, err)) < 0)
        return r;
    *ret_missing = missing[seccomp][landlock];
    return 0;
}
