/* SPDX-License-Identifier: Apache-2.0 */
#include "helper_process.h"
#include "base/error.h"
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

enum { CAUSE_LINES = 4 };

static const char *const job_words[CODE_JOB_COUNT] = {
    [CODE_JOB_COMPILE] = "compiling",
    [CODE_JOB_BINDINGS] = "making bindings",
    [CODE_JOB_COMPONENTIZE] = "making a component",
    [CODE_JOB_UNPACK] = "unpacking",
};

/* The last lines it said, in their order, as causes. */
static void add_said(const struct helper_end *end, cordon_error **err)
{
    const char *line[CAUSE_LINES];
    size_t len[CAUSE_LINES], n = 0, stop = end->said_len;
    while (stop && n < CAUSE_LINES) {
        size_t start = stop;
        while (start && end->said[start - 1] != '\n')
            start--;
        if (start < stop) {
            line[n] = end->said + start;
            len[n++] = stop - start;
        }
        stop = start ? start - 1 : 0;
    }
    while (n--)
        err_cause(err, "%.*s", (int)len[n], line[n]);
}

/* This process was started with a narrower limit than the helper's bound, and the helper inherits it. */
static bool is_narrowed(__rlimit_resource_t what, uint64_t bound)
{
    struct rlimit own;
    return getrlimit(what, &own) < 0 || own.rlim_max < bound;
}

/* What happens wherever these bounds hold may be remembered; what this process or machine had a part in may not. */
static int limited(int r, bool passing, cordon_error **err)
{
    if (passing) {
        err_pass(err);
        err_hint(err, "That may have been this machine's doing, so it is not remembered: try again, or raise the bounds with `[compile]` in the settings.");
    }
    return r;
}

int helper_death_memory(enum code_job job, const struct code_bounds *bounds, cordon_error **err)
{
    int r = err_set(err, CORDON_E_COMPILE_LIMIT, NULL, "%s needed more than %llu MiB of memory", job_words[job],
                    (unsigned long long)(bounds->memory_bytes >> 20));
    return limited(r, is_narrowed(RLIMIT_AS, bounds->memory_bytes), err);
}

static bool said(const struct helper_end *end, const char *words)
{
    return memmem(end->said, end->said_len, words, strlen(words));
}

/* Signals that others send to stop a whole service. The artifact is not to blame. */
static bool from_outside(int sig)
{
    return sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT;
}

static int killed(const struct helper_end *end, enum code_job job, const struct code_bounds *b, cordon_error **err)
{
    int sig = end->status;
    if (sig == SIGXCPU || (sig == SIGKILL && end->cpu_us >= b->cpu_s * UINT64_C(1000000)))
        return limited(err_set(err, CORDON_E_COMPILE_LIMIT, NULL, "%s used more than %u s of CPU", job_words[job], b->cpu_s),
                       is_narrowed(RLIMIT_CPU, b->cpu_s), err);
    if (sig == SIGXFSZ)
        return limited(err_set(err, CORDON_E_COMPILE_LIMIT, NULL, "%s gave more than %d MiB", job_words[job], CODE_BODY_MAX >> 20),
                       is_narrowed(RLIMIT_FSIZE, CODE_BODY_MAX), err);
    /* What Rust's allocator says before it aborts. */
    if (sig == SIGABRT && said(end, "memory allocation of "))
        return helper_death_memory(job, b, err);
    const char *name = sigabbrev_np(sig);
    int r = err_set(err, from_outside(sig) ? CORDON_E_IO : CORDON_E_COMPILE_LIMIT, NULL, "%s ended with the signal SIG%s%s", job_words[job],
                    name ? name : "?", sig == SIGKILL ? " (the machine may have run out of memory)" : "");
    return limited(r, sig == SIGKILL, err);
}

/* It had the CPU for most of that time: else the machine was busy with other things. */
static bool was_its_own_doing(const struct helper_end *end, unsigned wall_s)
{
    return end->cpu_us >= wall_s * UINT64_C(750000);
}

int helper_death(const struct helper_end *end, enum code_job job, const char *path, const struct code_bounds *bounds, cordon_error **err)
{
    int r;
    if (end->timed_out && !(end->known && end->code == CLD_EXITED))
        r = limited(err_set(err, CORDON_E_COMPILE_LIMIT, NULL, "%s took more than %u s", job_words[job], bounds->wall_s),
                    !was_its_own_doing(end, bounds->wall_s), err);
    else if (!end->known || (end->code == CLD_EXITED && !end->status))
        return 0;
    else if (end->code == CLD_EXITED)
        r = err_set(err, CORDON_E_IO, path, "the helper %s ended with status %d", path, end->status);
    else
        r = killed(end, job, bounds, err);
    add_said(end, err);
    return r;
}
