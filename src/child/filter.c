/* SPDX-License-Identifier: Apache-2.0 */
#include "child/filter.h"
#include "base/error.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CLONE_NEVER                                                                                                                                          \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE)

bool filter_available(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

scmp_filter_ctx filter_new(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (f && !seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) && !seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2))
        return f;
    filter_release_p(&f);
    return NULL;
}

int filter_allow(scmp_filter_ctx f, const int *calls, size_t n)
{
    int r = 0;
    for (size_t i = 0; i < n && !r; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
    return r;
}

int filter_allow_values(scmp_filter_ctx f, int call, unsigned arg, const unsigned *values, size_t n)
{
    int r = 0;
    for (size_t i = 0; i < n && !r; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, values[i]));
    return r;
}

int filter_allow_clone(scmp_filter_ctx f, unsigned own)
{
    int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return r ? r : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEVER | own, own));
}

int filter_load(scmp_filter_ctx f, int r, cordon_error **err)
{
    if (!r)
        r = seccomp_load(f);
    return r ? err_set(err, CORDON_E_KERNEL, NULL, "cannot load the seccomp filter: errno %d", -r) : 1;
}
