/* SPDX-License-Identifier: Apache-2.0
 *
 * What the host tells a supervisor: a sealed memory file,
 *
 *     struct script_job | strings, each ended by a NUL
 *
 * and what it is told back (child/answer.h): an error, if the script was not started, else a body that is a struct script_report.
 */
#pragma once
#include "script/script.h"

/* The supervisor's descriptors. */
enum script_fd { JOB_FD, ANSWER_FD, SAID_FD, CONTROL_FD, INPUT_FD, OUT_FD, ERR_FD, SCRIPT_FDS };

struct script_job {
    uint64_t magic;
    uint32_t version;
    int32_t parent;            /* who started the supervisor, and without whom it must not go on */
    uint64_t deadline_ns;      /* of the monotonic clock, which all processes share */
    struct script_limits limits;
    int32_t landlock_abi;
    uint32_t n_places;         /* the skill's folder, then the roots */
    uint32_t n_words;          /* of the command line */
    uint32_t n_env;
    uint32_t strings_len;
    uint32_t unpacks;          /* see script_options */
    /* For each place: what it must be, and what may be done there (enum landlock_may). */
    struct script_job_place { uint64_t dev, ino; uint32_t may, reserved; } place[1 + SCRIPT_ROOTS_MAX];
};

/* Strings in their order: the scratch folder, paths of the places, words, variables. */
struct script_order {
    struct script_job job;
    const char *scratch, *place[1 + SCRIPT_ROOTS_MAX], **words, **env;   /* words and env end with NULL; owned arrays of borrowed strings */
    char *strings;                                                       /* owned */
};

struct script_report {
    uint32_t end;              /* enum script_end */
    int32_t status;
    uint64_t wall_us, cpu_us, memory_peak_bytes;
};

/* Fills in magic, version and length, writes and seals. `strings` as above. */
int script_job_write(struct script_job *job, const struct buf *strings, int *ret_fd, cordon_error **err);
/* HOST_BUG unless it is well-formed. */
int script_job_read(int fd, struct script_order *ret, cordon_error **err);
void script_order_finish(struct script_order *o);
