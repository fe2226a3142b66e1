/* SPDX-License-Identifier: Apache-2.0
 * The processes of this machine, as /proc tells of them. Where it tells nothing, there are none. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
    pid_t pid, group, session;
    bool zombie;
    unsigned threads;
    uint64_t resident_bytes;
};

/* Calls `each` for every process. */
void procs_each(void (*each)(void *data, const struct proc *p), void *data);
/* One of them; false: it is not there. */
bool procs_look(pid_t pid, struct proc *ret);
/* The process that a thread is of; 0: it is not there. */
pid_t procs_process_of(pid_t thread);
/* Processes and threads of a user: what RLIMIT_NPROC counts. */
uint64_t procs_of_user(uid_t uid);
/* Bytes of a process that are its own, those it shares with others counted in parts; `otherwise` if the kernel does not tell. */
uint64_t procs_own_bytes(pid_t pid, uint64_t otherwise);
