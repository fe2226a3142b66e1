/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a path beneath a folder, and never beyond it: no `..` above it, no link that leads out, no magic link (those of /proc), no other mount.
 * These return what the system call of that name returns, or -errno; -EXDEV: it leads out.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* What is given up for the sake of a root, whose path the operator chose. */
enum beneath_rule {
    BENEATH_GUEST,         /* one mount; links that stay beneath are followed */
    BENEATH_OPERATOR,      /* mounts are crossed; no links at all */
};

/* `flags` as of open(2); close-on-exec, no terminal and, but for O_PATH, no blocking are added. With O_NOFOLLOW a last name that is a link is -ELOOP (with
 * O_PATH: the link itself). A path that starts with `/` is -EXDEV; "" is `dir`. */
int beneath_open(int dir, const char *path, int flags, mode_t mode, enum beneath_rule rule);
/* The folder that the last name of `path` lies in, O_PATH, and that name (in `path`, without the slashes behind it; *ret_len bytes). -EINVAL: it ends in no name,
 * but in `.`, `..` or nothing. */
int beneath_parent(int dir, const char *path, const char **ret_name, size_t *ret_len);
/* beneath_open where the kernel has no openat2 or a filter hides it: name by name, and no link is followed, wherever it leads; no `..` either. */
int beneath_walk(int dir, const char *path, int flags, mode_t mode, enum beneath_rule rule);
