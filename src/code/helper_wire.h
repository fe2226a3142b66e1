/* SPDX-License-Identifier: Apache-2.0
 *
 * What passes between the host and its helper: two memory files, one each way. Both processes are of one build, so numbers are in the machine's own order.
 *
 *     job:     struct wire_job | arg | input            written and sealed by the host before the helper starts
 *     answer:  body | text | struct answer              child/answer.h: the code, or nothing; the job's JSON, or an error
 */
#pragma once
#include "child/answer.h"
#include "code.h"
#include <sys/types.h>

enum { WIRE_ARG_MAX = 4096, WIRE_INPUT_MAX = CODE_COMPONENT_MAX + CODE_TEXT_MAX };
#define WIRE_MEMORY_MIN (UINT64_C(16) << 20)
#define WIRE_MEMORY_MAX (UINT64_C(1) << 40)
#define WIRE_SECONDS_MAX 86400u
_Static_assert((int)CODE_META_MAX == (int)ANSWER_TEXT_MAX && (int)CODE_BODY_MAX == (int)ANSWER_BODY_MAX, "an answer holds what a job may give");

struct wire_job {
    uint64_t magic;
    uint32_t version, job;
    uint64_t memory_bytes;
    uint32_t cpu_s, wall_s;
    uint64_t input_len;
    uint32_t arg_len;
    int32_t parent;      /* who started the helper, and without whom it must not go on */
};

/* Fills in magic, version and lengths. */
int wire_job_write(struct wire_job *job, const char *arg, const uint8_t *in, size_t len, int *ret_fd, cordon_error **err);
/* Reads and checks the header. */
int wire_job_read(int fd, struct wire_job *ret, cordon_error **err);
