/* SPDX-License-Identifier: Apache-2.0
 * A job as the helper reads it. `r`: the file is the rest, as it is. Else one that was written right, then changed: changes (patch.h), which job, the argument up to a
 * newline, the input. */
#include "patch.h"

#include "code/helper_wire.h"
#include <unistd.h>

/* Whoever trusts the header reads within the file. */
static bool read_job(int fd, struct wire_job *ret)
{
    size_t len;
    cordon_error *err = NULL;
    int rc = wire_job_read(fd, ret, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_HOST_BUG);
        fuzz_check_error(rc, err);
        return false;
    }
    free(read_whole(fd, &len));
    HOLDS(ret->job < CODE_JOB_COUNT && ret->arg_len <= WIRE_ARG_MAX && ret->input_len <= WIRE_INPUT_MAX);
    HOLDS(len == sizeof *ret + ret->arg_len + ret->input_len);
    HOLDS(ret->memory_bytes >= WIRE_MEMORY_MIN && ret->memory_bytes <= WIRE_MEMORY_MAX && ret->cpu_s && ret->wall_s);
    return true;
}

static void check_raw(struct feed *f)
{
    struct wire_job job;
    int fd = file_of(f->at, f->left);
    read_job(fd, &job);
    close(fd);
}

/* The sealed file, as a copy that can be changed. */
static int copy_of(int sealed)
{
    size_t len;
    char *data = read_whole(sealed, &len);
    int fd = file_of(data, len);
    free(data);
    return fd;
}

static void check_made(struct feed *f)
{
    struct feed changes = *f;
    for (unsigned n = feed_byte(f) % 8; n > 0; n--)
        feed_byte(f), feed_byte(f);
    struct wire_job job = {.job = feed_byte(f), .memory_bytes = WIRE_MEMORY_MIN, .cpu_s = 1, .wall_s = 1, .parent = getpid()}, got;
    size_t len;
    char *arg = feed_line(f, NULL), *in = feed_rest(f, &len);
    int fd = -1;
    cordon_error *err = NULL;
    int rc = wire_job_write(&job, arg, (const uint8_t *)in, len, &fd, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_TOO_LARGE && strlen(arg) > WIRE_ARG_MAX);
        fuzz_check_error(rc, err);
    } else {
        HOLDS(read_job(fd, &got) == (job.job < CODE_JOB_COUNT));
        HOLDS(job.job >= CODE_JOB_COUNT || memcmp(&job, &got, sizeof job) == 0);
        int changed = copy_of(fd);
        patch_file(&changes, changed, 0, sizeof job);
        read_job(changed, &got);
        close(changed);
        close(fd);
    }
    free(arg);
    free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    if (feed_byte(&f) == 'r')
        check_raw(&f);
    else
        check_made(&f);
    return 0;
}
