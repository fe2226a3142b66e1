/* SPDX-License-Identifier: Apache-2.0
 * Landlock by its system calls: a ruleset that handles every right the kernel knows and has no rule at all. */
#include "base/cleanup.h"
#include "base/error.h"
#include "lockdown_parts.h"
#include <errno.h>
#include <sys/syscall.h>

/* The kernel's interface as of ABI 6; Debian's headers end at ABI 2. Later ones have added no rights. */
struct ruleset_attr {
    uint64_t fs, net, scoped;
};
enum { CREATE_VERSION = 1, FS_RIGHTS_ABI_1 = 13, ABI_REFER = 2, ABI_TRUNCATE, ABI_NET, ABI_IOCTL, ABI_SCOPE };

int lockdown_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static struct ruleset_attr everything(int abi, size_t *ret_size)
{
    unsigned fs = FS_RIGHTS_ABI_1 + (abi >= ABI_REFER) + (abi >= ABI_TRUNCATE) + (abi >= ABI_IOCTL);
    *ret_size = abi >= ABI_SCOPE ? 24 : abi >= ABI_NET ? 16 : 8;
    return (struct ruleset_attr){.fs = (UINT64_C(1) << fs) - 1, .net = abi >= ABI_NET ? 3 : 0, .scoped = abi >= ABI_SCOPE ? 3 : 0};
}

int lockdown_landlock(cordon_error **err)
{
    int abi = lockdown_landlock_abi();
    if (!abi)
        return 0;
    size_t size;
    struct ruleset_attr attr = everything(abi, &size);
    cleanup_fd int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "cannot enter a Landlock domain: errno %d", errno);
    return 1;
}
