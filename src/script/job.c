/* SPDX-License-Identifier: Apache-2.0 */
#include "script/job.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "child/memfile.h"
#include <string.h>

enum { JOB_VERSION = 1, WORDS_MAX = 8 };
#define JOB_MAGIC UINT64_C(0x747069726373c0d1)

int script_job_write(struct script_job *job, const struct buf *strings, int *ret_fd, cordon_error **err)
{
    cleanup_fd int fd = -1;
    if (strings->full)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "a script's paths and variables have more than %d bytes together", SCRIPT_STRINGS_MAX);
    job->magic = JOB_MAGIC;
    job->version = JOB_VERSION;
    job->strings_len = (uint32_t)strings->len;
    int r = memfile_new("cordon-script", &fd, err);
    if (r < 0 || (r = memfile_write(fd, job, sizeof *job, err)) < 0 || (r = memfile_write(fd, strings->data, strings->len, err)) < 0 ||
        (r = memfile_seal(fd, err)) < 0)
        return r;
    *ret_fd = take_fd(fd);
    return 0;
}

static bool is_sound(const struct script_job *j, uint64_t size)
{
    const struct script_limits *l = &j->limits;
    return j->magic == JOB_MAGIC && j->version == JOB_VERSION && j->n_places >= 1 && j->n_places <= 1 + SCRIPT_ROOTS_MAX && j->n_words >= 1 &&
           j->n_words <= WORDS_MAX && j->n_env <= SCRIPT_ENV_MAX && j->strings_len <= SCRIPT_STRINGS_MAX && size == sizeof *j + j->strings_len &&
           l->memory_bytes && l->file_bytes && l->cpu_s && l->processes && l->files;
}

/* The next string; NULL: there are fewer than were told. */
static const char *next(const char **at, const char *end)
{
    const char *s = *at, *nul = s < end ? memchr(s, 0, (size_t)(end - s)) : NULL;
    *at = nul ? nul + 1 : end;
    return nul ? s : NULL;
}

static bool next_list(const char **at, const char *end, size_t n, const char **ret)
{
    for (size_t i = 0; i < n; i++)
        if (!(ret[i] = next(at, end)))
            return false;
    return true;
}

static bool split(struct script_order *o)
{
    const char *at = o->strings, *end = at + o->job.strings_len;
    return (o->scratch = next(&at, end)) && next_list(&at, end, o->job.n_places, o->place) && next_list(&at, end, o->job.n_words, o->words) &&
           next_list(&at, end, o->job.n_env, o->env) && at == end;
}

int script_job_read(int fd, struct script_order *ret, cordon_error **err)
{
    cleanup(script_order_finish) struct script_order o = {0};
    uint64_t size = 0;
    int r = memfile_size(fd, &size, err);
    if (r < 0 || (r = memfile_read(fd, &o.job, sizeof o.job, 0, err)) < 0)
        return r;
    if (!is_sound(&o.job, size))
        return err_set(err, CORDON_E_HOST_BUG, NULL, "descriptor 0 is no job of this version's");
    o.strings = malloc(o.job.strings_len + 1);
    o.words = calloc(o.job.n_words + 1, sizeof *o.words);
    o.env = calloc(o.job.n_env + 1, sizeof *o.env);
    if (!o.strings || !o.words || !o.env)
        return err_nomem(err);
    if ((r = memfile_read(fd, o.strings, o.job.strings_len, sizeof o.job, err)) < 0)
        return r;
    if (!split(&o))
        return err_set(err, CORDON_E_HOST_BUG, NULL, "descriptor 0 is no job of this version's");
    *ret = o;
    o = (struct script_order){0};
    return 0;
}

void script_order_finish(struct script_order *o)
{
    free(o->words);
    free(o->env);
    free(o->strings);
}
