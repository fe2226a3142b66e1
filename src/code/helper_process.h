/* SPDX-License-Identifier: Apache-2.0
 *
 * One helper process: started, watched, ended, and how its end is told.
 */
#pragma once
#include "code.h"
#include <sys/types.h>

enum { HELPER_STDERR_MAX = 4096 };

struct helper_end {
    bool known;               /* false: another part of this process took the exit status (SIGCHLD ignored, a wait for any child) */
    bool timed_out;           /* killed by us at the wall clock's bound */
    int code, status;         /* as in siginfo_t: CLD_EXITED, CLD_KILLED or CLD_DUMPED; the exit status or the signal */
    uint64_t cpu_us;
    size_t said_len;
    char said[HELPER_STDERR_MAX];   /* the end of what it wrote to stderr */
};

/* Runs `path` with nothing but descriptors 0 (job), 1 (answer) and 2 (a pipe to us) and waits for its end, at most wall_s. */
int helper_process_run(const char *path, int job_fd, int answer_fd, unsigned wall_s, struct helper_end *ret, cordon_error **err);

/* 0: it ended as it should, its answer may be read. Else the error that its end is. */
int helper_death(const struct helper_end *end, enum code_job job, const char *path, const struct code_bounds *bounds, cordon_error **err);
/* The error for the memory bound, also for a job that ran out of memory in good order. */
int helper_death_memory(enum code_job job, const struct code_bounds *bounds, cordon_error **err);
