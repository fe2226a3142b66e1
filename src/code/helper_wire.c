/* SPDX-License-Identifier: Apache-2.0 */
#include "helper_wire.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "child/memfile.h"
#include <string.h>

enum { WIRE_VERSION = 1 };
#define JOB_MAGIC UINT64_C(0x31626f6a64726f63)

_Static_assert(sizeof(struct wire_job) == 48, "no padding on the wire");

int wire_job_write(struct wire_job *job, const char *arg, const uint8_t *in, size_t len, int *ret_fd, cordon_error **err)
{
    cleanup_fd int fd = -1;
    size_t arg_len = strlen(arg);
    if (arg_len > WIRE_ARG_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the helper's argument has %zu bytes; at most %d are taken", arg_len, WIRE_ARG_MAX);
    if (len > WIRE_INPUT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the helper's input has %zu bytes; at most %d are taken", len, WIRE_INPUT_MAX);
    job->magic = JOB_MAGIC;
    job->version = WIRE_VERSION;
    job->arg_len = (uint32_t)arg_len;
    job->input_len = len;
    int r = memfile_new("cordon-job", &fd, err);
    if (r < 0 || (r = memfile_write(fd, job, sizeof *job, err)) < 0 || (r = memfile_write(fd, arg, arg_len, err)) < 0 ||
        (r = memfile_write(fd, in, len, err)) < 0 || (r = memfile_seal(fd, err)) < 0)
        return r;
    *ret_fd = take_fd(fd);
    return 0;
}

static bool job_is_sound(const struct wire_job *j, uint64_t size)
{
    return j->magic == JOB_MAGIC && j->version == WIRE_VERSION && j->job < CODE_JOB_COUNT && j->arg_len <= WIRE_ARG_MAX &&
           j->input_len <= WIRE_INPUT_MAX && size == sizeof *j + j->arg_len + j->input_len && j->memory_bytes >= WIRE_MEMORY_MIN &&
           j->memory_bytes <= WIRE_MEMORY_MAX && j->cpu_s && j->cpu_s <= WIRE_SECONDS_MAX && j->wall_s && j->wall_s <= WIRE_SECONDS_MAX;
}

int wire_job_read(int fd, struct wire_job *ret, cordon_error **err)
{
    uint64_t size = 0;
    struct wire_job job;
    int r = memfile_size(fd, &size, err);
    if (r < 0 || (r = memfile_read(fd, &job, sizeof job, 0, err)) < 0)
        return r;
    if (!job_is_sound(&job, size))
        return err_set(err, CORDON_E_HOST_BUG, NULL, "descriptor 0 is no job of this version's");
    *ret = job;
    return 0;
}
