/* SPDX-License-Identifier: Apache-2.0
 * Landlock by its system calls: every right the kernel knows is handled, and only what is listed is allowed. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>
#include <stdint.h>

/* What may be done with a file, or with everything beneath a folder. */
enum landlock_may {
    LANDLOCK_READ = 1,      /* read files, list folders */
    LANDLOCK_EXECUTE = 2,
    LANDLOCK_WRITE = 4,     /* write, truncate, make, move and remove files and folders; also FIFOs, but no devices or sockets */
    LANDLOCK_SYMLINK = 8,   /* make symbolic links */
};

struct landlock_path {
    int fd;         /* of a file or a folder; O_PATH is enough */
    unsigned may;   /* set of enum landlock_may */
};

/* What is left to a domain. */
struct landlock_rules {
    const struct landlock_path *paths;
    size_t n_paths;
    const uint16_t *ports; /* of TCP, to connect to */
    size_t n_ports;
};

/* What the kernel has; 0: no Landlock. */
int landlock_abi(void);
/* Confines the calling thread, and those it starts, for good: no file and no TCP port but those listed, no abstract socket and no signal beyond the domain, as far
 * as `abi` goes (landlock_abi(), or less, to see what an older kernel would do). Wants no_new_privs. 1: done; 0: `abi` is 0; negative on error. */
int landlock_enter(int abi, const struct landlock_rules *rules, cordon_error **err);
