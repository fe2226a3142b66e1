/* SPDX-License-Identifier: Apache-2.0
 *
 * What passes between the host and its helper: two memory files, one each way. Both processes are of one build, so numbers are in the machine's own order.
 *
 *     job:     struct wire_job | arg | input            written and sealed by the host before the helper starts
 *     answer:  body | text | struct wire_answer         written by the helper, sealed by the host after it ended
 *
 * The body comes first, so that the answer's descriptor can be handed on as a file that begins with the code. The text is the job's JSON, or, for an error,
 * message, hint, subject and causes, each ended by a NUL.
 *
 * The host believes nothing in an answer: a guest's bytes may have taken the helper over.
 */
#pragma once
#include "code.h"
#include <sys/types.h>

enum { WIRE_ARG_MAX = 4096, WIRE_INPUT_MAX = CODE_COMPONENT_MAX + CODE_TEXT_MAX };
#define WIRE_MEMORY_MIN (UINT64_C(16) << 20)
#define WIRE_MEMORY_MAX (UINT64_C(1) << 40)
#define WIRE_SECONDS_MAX 86400u

struct wire_job {
    uint64_t magic;
    uint32_t version, job;
    uint64_t memory_bytes;
    uint32_t cpu_s, wall_s;
    uint64_t input_len;
    uint32_t arg_len;
    int32_t parent;      /* who started the helper, and without whom it must not go on */
};

struct wire_answer {
    uint64_t magic;
    uint32_t version, code;   /* 0, or an enum cordon_errc */
    uint64_t body_len;
    uint64_t text_len;
};

/* Largest file an answer can be. */
#define WIRE_ANSWER_MAX ((uint64_t)CODE_BODY_MAX + CODE_META_MAX + sizeof(struct wire_answer))

/* A memory file, never on descriptors 0 to 2. */
int wire_memfd(const char *name, int *ret_fd, cordon_error **err);
/* Nobody can change the file any more, whatever descriptors or mappings of it exist. */
int wire_seal(int fd, cordon_error **err);
/* Writes all of it at the file's position. */
int wire_write(int fd, const void *data, size_t len, cordon_error **err);

/* Fills in magic, version and lengths. */
int wire_job_write(struct wire_job *job, const char *arg, const uint8_t *in, size_t len, int *ret_fd, cordon_error **err);
/* Reads and checks the header. */
int wire_job_read(int fd, struct wire_job *ret, cordon_error **err);

int wire_answer_write(int fd, const struct buf *meta, const struct buf *body, cordon_error **err);
int wire_answer_write_error(int fd, const cordon_error *why, cordon_error **err);
/* Reads an answer from its sealed file. An error in it becomes *err and the return value. */
int wire_answer_read(int fd, char **ret_meta, uint64_t *ret_body_len, cordon_error **err);
