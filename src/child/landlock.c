/* SPDX-License-Identifier: Apache-2.0 */
#include "child/landlock.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <errno.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The kernel's interface as of ABI 6; Debian's headers end at ABI 2. Later ones have added no rights. */
struct ruleset_attr {
    uint64_t fs, net, scoped;
};
struct port_rule {
    uint64_t rights, port;
};
enum { RULE_PORT = 2, NET_CONNECT = 2 };
enum { FS_RIGHTS_ABI_1 = 13, ABI_REFER = 2, ABI_TRUNCATE, ABI_NET, ABI_IOCTL, ABI_SCOPE };
#define FS_TRUNCATE (UINT64_C(1) << 14)

/* The rights that a file can have by itself; those about a folder's entries are refused there. */
#define OF_FILE (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                                                                              \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                          \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static struct ruleset_attr everything(int abi, size_t *ret_size)
{
    unsigned fs = FS_RIGHTS_ABI_1 + (abi >= ABI_REFER) + (abi >= ABI_TRUNCATE) + (abi >= ABI_IOCTL);
    *ret_size = abi >= ABI_SCOPE ? 24 : abi >= ABI_NET ? 16 : 8;
    return (struct ruleset_attr){.fs = (UINT64_C(1) << fs) - 1, .net = abi >= ABI_NET ? 3 : 0, .scoped = abi >= ABI_SCOPE ? 3 : 0};
}

static uint64_t rights(unsigned may)
{
    return (may & LANDLOCK_READ ? READING : 0) | (may & LANDLOCK_EXECUTE ? LANDLOCK_ACCESS_FS_EXECUTE : 0) | (may & LANDLOCK_WRITE ? WRITING : 0) |
           (may & LANDLOCK_SYMLINK ? LANDLOCK_ACCESS_FS_MAKE_SYM : 0);
}

static int add(int ruleset, const struct landlock_path *p, uint64_t handled, cordon_error **err)
{
    struct stat st;
    struct landlock_path_beneath_attr rule = {.parent_fd = p->fd};
    if (fstat(p->fd, &st) < 0)
        return err_errno(err, errno, "look at", "a path for Landlock");
    rule.allowed_access = rights(p->may) & handled & (S_ISDIR(st.st_mode) ? UINT64_MAX : OF_FILE);
    if (rule.allowed_access && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "cannot add a rule to a Landlock domain: errno %d", errno);
    return 0;
}

static int add_port(int ruleset, uint16_t port, cordon_error **err)
{
    const struct port_rule rule = {.rights = NET_CONNECT, .port = port};
    if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "cannot add a port to a Landlock domain: errno %d", errno);
    return 0;
}

int landlock_enter(int abi, const struct landlock_rules *rules, cordon_error **err)
{
    if (!abi)
        return 0;
    size_t size;
    struct ruleset_attr attr = everything(abi, &size);
    cleanup_fd int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (fd < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "cannot make a Landlock domain: errno %d", errno);
    int r = 0;
    for (size_t i = 0; r == 0 && i < rules->n_paths; i++)
        r = add(fd, &rules->paths[i], attr.fs, err);
    for (size_t i = 0; r == 0 && abi >= ABI_NET && i < rules->n_ports; i++)
        r = add_port(fd, rules->ports[i], err);
    if (r < 0)
        return r;
    if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return err_set(err, CORDON_E_KERNEL, NULL, "cannot enter a Landlock domain: errno %d", errno);
    return 1;
}
