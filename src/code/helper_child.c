/* SPDX-License-Identifier: Apache-2.0
 *
 * The helper's side: bound and locked in before it looks at the first of a stranger's bytes. It holds three descriptors (the job, the answer, stderr) and
 * everything it will ever need is already loaded.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "child/child.h"
#include "helper_wire.h"
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { JOB_FD = 0, ANSWER_FD = 1, FILES_MAX = 16, ARENAS_MAX = 4, THREADS_TRIED_MAX = 64, SMALL_STACK = 256 << 10 };

#ifdef __SANITIZE_ADDRESS__
enum { BOUND_ADDRESS_SPACE = false };   /* its shadow alone is terabytes */
#else
enum { BOUND_ADDRESS_SPACE = true };
#endif

static int bound(const struct wire_job *job, cordon_error **err)
{
    /* Each thread's arena takes 64 MiB of address space, which is what is bounded. */
    mallopt(M_ARENA_MAX, ARENAS_MAX);
    int r = child_bound(RLIMIT_CORE, 0, 0, err);
    if (r < 0 || (r = child_bound(RLIMIT_CPU, job->cpu_s, job->cpu_s + 1u, err)) < 0 || (r = child_bound(RLIMIT_NOFILE, FILES_MAX, FILES_MAX, err)) < 0 ||
        (r = child_bound(RLIMIT_FSIZE, ANSWER_FILE_MAX, ANSWER_FILE_MAX, err)) < 0)
        return r;
    return BOUND_ADDRESS_SPACE ? child_bound(RLIMIT_AS, job->memory_bytes, job->memory_bytes, err) : 0;
}

/* Dies with the host, gains nothing by exec, and cannot be looked into by other processes of the user. */
static int tie(cordon_error **err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return err_errno(err, errno, "prepare", "the helper");
    return 0;
}

/* The job's file is sealed, so the mapping can neither change nor end early. */
static int map_job(const struct wire_job *job, const char **ret_arg, const uint8_t **ret_in, cordon_error **err)
{
    size_t size = sizeof *job + job->arg_len + (size_t)job->input_len;
    const char *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, JOB_FD, 0);
    if (p == MAP_FAILED)
        return err_errno(err, errno, "map", "the job");
    char *arg = strndup(p + sizeof *job, job->arg_len);
    if (!arg)
        return err_nomem(err);
    *ret_arg = arg;
    *ret_in = (const uint8_t *)p + sizeof *job + job->arg_len;
    return 0;
}

static void *wait_at(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* The compiler starts a thread for each core and panics if it cannot. That is a shortage of the machine's and must not look like a fault of the artifact. */
static int try_threads(cordon_error **err)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t at[THREADS_TRIED_MAX];
    pthread_attr_t small;
    cpu_set_t cores;
    int e = pthread_attr_init(&small), want = sched_getaffinity(0, sizeof cores, &cores) < 0 ? 1 : CPU_COUNT(&cores), n = 0;
    if (e)
        return err_errno(err, e, "prepare", "a thread");
    pthread_attr_setstacksize(&small, SMALL_STACK);
    pthread_mutex_lock(&gate);
    while (n < want && n < THREADS_TRIED_MAX && !(e = pthread_create(&at[n], &small, wait_at, &gate)))
        n++;
    pthread_mutex_unlock(&gate);
    while (n)
        pthread_join(at[--n], NULL);
    pthread_attr_destroy(&small);
    return e ? err_set(err, CORDON_E_IO, NULL, "cannot start the helper's threads: %s", strerror(e)) : 0;
}

static int run(const struct wire_job *job, const struct code_job_row *row, struct buf *meta, struct buf *body, cordon_error **err)
{
    const uint8_t *in = NULL;
    const char *arg = NULL;
    int r = bound(job, err);
    if (r < 0 || (r = map_job(job, &arg, &in, err)) < 0 || (row->prepare && (r = row->prepare(err)) < 0) || (r = lockdown_helper(err)) < 0 || (r = try_threads(err)) < 0)
        return r;
    r = row->run(arg, in, (size_t)job->input_len, meta, body, err);
    free((char *)arg);
    if (r < 0)
        return r;
    return meta->full || body->full ? err_set(err, CORDON_E_COMPILE_LIMIT, NULL, "the result is larger than its ceiling, or memory ran out") : 0;
}

static int answer(int r, const struct buf *meta, const struct buf *body, cordon_error *why)
{
    if (r >= 0)
        return answer_write(ANSWER_FD, meta, body, NULL);
    if (!why)
        err_set(&why, CORDON_E_HOST_BUG, NULL, "a job of the helper failed without a reason");
    return answer_write_error(ANSWER_FD, why, NULL);
}

/* What is allocated is left to the end of the process, which comes at once. */
int helper_main(int argc, char **argv, const struct code_job_row jobs[CODE_JOB_COUNT])
{
    (void)argc;
    cordon_error *why = NULL;
    struct wire_job job;
    struct buf meta, body;
    if (wire_job_read(JOB_FD, &job, NULL) < 0) {
        fprintf(stderr, "%s: Cordon starts this program itself, with a job on descriptor 0\n", argv[0] ? argv[0] : "cordon-helper");
        return 2;
    }
    buf_init(&meta, CODE_META_MAX);
    buf_init(&body, CODE_BODY_MAX);
    int r = tie(&why);
    if (getppid() != job.parent)   /* the host ended before we could ask to be told */
        return 1;
    if (r >= 0)
        r = jobs[job.job].run ? run(&job, &jobs[job.job], &meta, &body, &why)
                          : err_set(&why, CORDON_E_HOST_BUG, NULL, "the helper has no function for this job");
    r = answer(r, &meta, &body, why);
    cordon_error_free(why);
    buf_finish(&meta);
    buf_finish(&body);
    return r < 0;
}
