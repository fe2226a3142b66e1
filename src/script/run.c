/* SPDX-License-Identifier: Apache-2.0
 * The host's side of one run. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/scratch.h"
#include "child/answer.h"
#include "child/child.h"
#include "child/filter.h"
#include "child/landlock.h"
#include "child/memfile.h"
#include "policy/grant.h"
#include "script/job.h"
#include "script/sweep.h"
#include <errno.h>
#include <poll.h>
#include <string.h>

enum { SAID_BY_SUPERVISOR_MAX = 1024, CHUNK = 64 << 10 };
/* Beyond its deadline the supervisor itself is ended: it, or what it waits for, hangs in the kernel. */
#define GRACE_NS UINT64_C(5000000000)
#define LOOK_NS UINT64_C(500000000)   /* between two questions whether it is over */

static const struct child_program program = {
    .what = "the supervisor", .name = "cordon-supervisor", .installed = CORDON_SUPERVISOR_PATH, .word = "--supervise"};

int script_find_supervisor(const char *given, char **ret, cordon_error **err) { return child_find(&program, given, ret, err); }

void script_result_finish(struct script_result *r)
{
    buf_finish(&r->output);
    buf_finish(&r->said);
}

/* ---- may it run here? ---- */

int script_check_machine(bool as_root, bool without_landlock, int abi, cordon_error **err)
{
    if (geteuid() == 0 && !as_root) {
        err_set(err, CORDON_E_NOT_GRANTED, "root", "local scripts are not run as root");
        return err_hint(err, "Run Cordon as another user. The operator allows it with root = true under [scripts] in the settings.");
    }
    if (!abi && !without_landlock) {
        err_set(err, CORDON_E_KERNEL, "landlock", "this kernel has no Landlock: a local script could read and write every file of this user");
        return err_hint(err, "Use a kernel with Landlock (5.13 or newer, with `landlock` in its list of LSMs). The operator allows it with landlock = \"optional\" under [scripts] "
                             "in the settings.");
    }
    if (!filter_available())
        return err_set(err, CORDON_E_KERNEL, "seccomp", "this kernel has no seccomp filters: a local script would not be contained");
    return 0;
}

static int check_options(const struct script_options *o, cordon_error **err)
{
    if (o->input_len > SCRIPT_INPUT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "input", "the input has %zu bytes (ceiling %d)", o->input_len, SCRIPT_INPUT_MAX);
    if (o->n_roots > SCRIPT_ROOTS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "roots", "%zu folders are granted; a script takes at most %d", o->n_roots, SCRIPT_ROOTS_MAX);
    if (o->n_env > SCRIPT_ENV_MAX - 8)
        return err_set(err, CORDON_E_TOO_LARGE, "env", "%zu variables are granted; a script takes at most %d", o->n_env, SCRIPT_ENV_MAX - 8);
    return 0;
}

/* ---- the job ---- */

static void add_string(struct buf *b, const char *s) { buf_add(b, s, strlen(s) + 1); }

static void add_place(struct script_job *j, struct buf *b, const struct script_place *at, unsigned may)
{
    j->place[j->n_places++] = (struct script_job_place){.dev = at->dev, .ino = at->ino, .may = may};
    add_string(b, at->path);
}

static unsigned may_of(unsigned access) { return (access & FILE_READ ? LANDLOCK_READ : 0) | (access & FILE_WRITE ? LANDLOCK_WRITE : 0); }

static void add_word(struct script_job *j, struct buf *b, const char *word)
{
    j->n_words++;
    add_string(b, word);
}

/* -I: no PYTHON* variables, and neither the working directory nor the user's own packages to import from. */
static void add_words(struct script_job *j, struct buf *b, const struct script *s)
{
    add_word(j, b, s->interpreter);
    if (s->kind == SCRIPT_PYTHON)
        add_word(j, b, "-I");
    add_word(j, b, s->path);
}

static bool has_variable(const struct script_options *o, const char *name, size_t len)
{
    for (size_t i = 0; i < o->n_env; i++)
        if (!strncmp(o->env[i], name, len) && o->env[i][len] == '=')
            return true;
    return false;
}

/* Nothing of ours, but what is granted, which goes before what is fixed. */
static void add_variables(struct script_job *j, struct buf *b, const struct script_options *o, const char *scratch)
{
    const char *const fixed[][2] = {{"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}, {"HOME", scratch}, {"TMPDIR", scratch}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (has_variable(o, fixed[i][0], strlen(fixed[i][0])))
            continue;
        j->n_env++;
        buf_addf(b, "%s=%s", fixed[i][0], fixed[i][1]);
        buf_addc(b, '\0');
    }
    for (size_t i = 0; i < o->n_env; i++, j->n_env++)
        add_string(b, o->env[i]);
}

static int write_job(const struct script *s, const struct script_options *o, const char *scratch, int abi, uint64_t deadline_ns, int *ret_fd, cordon_error **err)
{
    cleanup(buf_finish) struct buf b;
    struct script_job j = {.parent = getpid(), .deadline_ns = deadline_ns, .limits = o->limits, .landlock_abi = abi, .unpacks = o->unpacks};
    buf_init(&b, SCRIPT_STRINGS_MAX);
    add_string(&b, scratch);
    add_place(&j, &b, &s->folder, LANDLOCK_READ | LANDLOCK_EXECUTE);
    for (size_t i = 0; i < o->n_roots; i++)
        add_place(&j, &b, &o->roots[i].at, may_of(o->roots[i].access) | o->roots[i].also);
    add_words(&j, &b, s);
    add_variables(&j, &b, o, scratch);
    return script_job_write(&j, &b, ret_fd, err);
}

static int write_input(const struct script_options *o, int *ret_fd, cordon_error **err)
{
    cleanup_fd int fd = -1;
    int r = memfile_new("cordon-input", &fd, err);
    if (r < 0 || (r = memfile_write(fd, o->input, o->input_len, err)) < 0 || (r = memfile_seal(fd, err)) < 0)
        return r;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_errno(err, errno, "rewind", "the input");
    *ret_fd = take_fd(fd);
    return 0;
}

/* ---- watching ---- */

struct pipes {
    int control[2], out[2], err[2], said[2];   /* reading end, writing end */
};

static void pipes_finish(struct pipes *p)
{
    int *all = (int *)p;
    for (size_t i = 0; i < sizeof *p / sizeof(int); i++)
        if (all[i] >= 0)
            close(all[i]);
}

static int pipes_open(struct pipes *p, cordon_error **err)
{
    int r = child_pipe(&p->control[0], &p->control[1], err);
    if (r < 0 || (r = child_pipe(&p->out[0], &p->out[1], err)) < 0 || (r = child_pipe(&p->err[0], &p->err[1], err)) < 0)
        return r;
    return child_pipe(&p->said[0], &p->said[1], err);
}

static void close_at(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

struct run {
    const struct script_options *o;
    struct script_result *result;
    struct buf said;           /* by the supervisor */
    struct pipes pipes;
    struct child child;
    uint64_t end_ns;           /* when the supervisor is ended */
    uint64_t look_ns;          /* when it is asked next whether it is over */
    bool stopping, killed;
    enum script_end why;       /* if stopping */
};

/* Reads what is there. False: the pipe is at its end. `*ret_over`: bytes that did not fit into `b`. */
static bool drain(int fd, struct buf *b, uint64_t *ret_over)
{
    char chunk[CHUNK];
    for (int i = 0; i < 64; i++) {   /* then it is time to look at the others */
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        size_t len = (size_t)n, room = b->max - b->len, fits = len < room ? len : room;
        if (buf_add(b, chunk, fits) < 0)
            fits = 0;
        *ret_over += len - fits;
    }
    return true;
}

/* The end of the control pipe tells the supervisor to stop. */
static void stop(struct run *r, enum script_end why)
{
    if (r->stopping)
        return;
    r->stopping = true;
    r->why = why;
    r->end_ns = clock_now_ns() + GRACE_NS;
    close_at(&r->pipes.control[1]);
}

static void drain_all(struct run *r)
{
    uint64_t over = 0, said_over = 0;
    if (r->pipes.out[0] >= 0 && !drain(r->pipes.out[0], &r->result->output, &over))
        close_at(&r->pipes.out[0]);
    if (r->pipes.err[0] >= 0 && !drain(r->pipes.err[0], &r->result->said, &r->result->said_dropped))
        close_at(&r->pipes.err[0]);
    if (r->pipes.said[0] >= 0 && !drain(r->pipes.said[0], &r->said, &said_over))
        close_at(&r->pipes.said[0]);
    if (over)
        stop(r, SCRIPT_OUTPUT_TOO_LARGE);
}

/* When it is to be looked at next. */
static uint64_t look(struct run *r, uint64_t now)
{
    if (!r->o->is_over || r->stopping)
        return r->end_ns;
    if (now >= r->look_ns) {
        r->look_ns = now + LOOK_NS;
        if (r->o->is_over(r->o->is_over_data))
            stop(r, SCRIPT_OVER);
    }
    return r->end_ns < r->look_ns ? r->end_ns : r->look_ns;
}

static void watch(struct run *r)
{
    int cancel_fd = r->o->cancel_fd;
    for (bool ended = r->child.pidfd < 0; !ended;) {
        struct pollfd fds[] = {{.fd = r->child.pidfd, .events = POLLIN}, {.fd = r->stopping ? -1 : cancel_fd, .events = POLLIN},
                               {.fd = r->pipes.out[0], .events = POLLIN}, {.fd = r->pipes.err[0], .events = POLLIN},
                               {.fd = r->pipes.said[0], .events = POLLIN}};
        uint64_t now = clock_now_ns();
        if (now >= r->end_ns && !r->killed) {
            r->killed = true;
            stop(r, SCRIPT_DEADLINE);
            child_kill(&r->child);
        }
        uint64_t next = look(r, now), left = next > now ? (next - now) / 1000000 + 1 : 0;
        if (poll(fds, sizeof fds / sizeof *fds, r->killed ? -1 : left > 3600000 ? 3600000 : (int)left) < 0)
            continue;
        if (fds[1].revents)
            stop(r, SCRIPT_CANCELLED);
        ended = fds[0].revents;
        drain_all(r);
    }
}

/* ---- its end ---- */

static void drain_rest(struct run *r)
{
    uint64_t before;
    do {
        before = r->result->output.len + r->result->said.len + r->result->said_dropped + r->said.len;
        drain_all(r);
    } while (!r->stopping && before != r->result->output.len + r->result->said.len + r->result->said_dropped + r->said.len);
}

/* The supervisor could not run, and said why in words. */
static int supervisor_failed(struct run *r, int status, cordon_error **err)
{
    err_set(err, CORDON_E_IO, r->o->supervisor, "the supervisor %s ended with status %d", r->o->supervisor, status);
    if (r->said.len)
        err_cause(err, "%.*s", (int)r->said.len, r->said.data);
    return -CORDON_E_IO;
}

static int read_report(struct run *r, int answer_fd, cordon_error **err)
{
    cleanup_free char *text = NULL;
    struct script_report report;
    uint64_t len = 0;
    int rc = memfile_seal(answer_fd, err);
    if (rc < 0 || (rc = answer_read(answer_fd, &text, &len, err)) < 0)
        return rc;
    if (len != sizeof report)
        return err_set(err, CORDON_E_HOST_BUG, NULL, "the supervisor's report is not well-formed");
    if ((rc = memfile_read(answer_fd, &report, sizeof report, 0, err)) < 0)
        return rc;
    r->result->end = (enum script_end)report.end;
    r->result->status = report.status;
    r->result->wall_us = report.wall_us;
    r->result->cpu_us = report.cpu_us;
    r->result->memory_peak_bytes = report.memory_peak_bytes;
    /* It knows that it was stopped, and we know what for; unless the script was there first. */
    if (r->stopping && (r->result->end == SCRIPT_CANCELLED || r->why == SCRIPT_OUTPUT_TOO_LARGE || r->why == SCRIPT_OVER))
        r->result->end = r->why;
    return 0;
}

static int finish(struct run *r, int answer_fd, cordon_error **err)
{
    siginfo_t si = {0};
    uint64_t size = 0;
    bool known = r->child.pidfd >= 0 && child_wait(&r->child, WNOWAIT, &si, NULL);
    if (!known || si.si_code != CLD_EXITED)
        script_sweep(r->child.pid);
    if (r->child.pidfd >= 0) {
        child_wait(&r->child, 0, NULL, NULL);
        close(r->child.pidfd);
    }
    drain_rest(r);
    int rc = memfile_size(answer_fd, &size, err);
    if (rc < 0 || size)
        return rc < 0 ? rc : read_report(r, answer_fd, err);
    if (known && si.si_code == CLD_EXITED)
        return supervisor_failed(r, si.si_status, err);
    r->result->end = r->stopping ? r->why : SCRIPT_LOST;
    return 0;
}

static int run(struct run *r, const struct script *s, const char *scratch, int abi, cordon_error **err)
{
    cleanup_fd int job = -1, answer = -1, input = -1;
    struct pipes *p = &r->pipes;
    uint64_t deadline = clock_now_ns() + r->o->limits.wall_ms * UINT64_C(1000000);
    int rc = write_job(s, r->o, scratch, abi, deadline, &job, err);
    if (rc < 0 || (rc = memfile_new("cordon-report", &answer, err)) < 0 || (rc = write_input(r->o, &input, err)) < 0 || (rc = pipes_open(p, err)) < 0)
        return rc;
    const int fds[SCRIPT_FDS] = {[JOB_FD] = job, [ANSWER_FD] = answer, [SAID_FD] = p->said[1], [CONTROL_FD] = p->control[0],
                                 [INPUT_FD] = input, [OUT_FD] = p->out[1], [ERR_FD] = p->err[1]};
    if ((rc = child_start(&program, r->o->supervisor, fds, SCRIPT_FDS, &r->child, err)) < 0)
        return rc;
    close_at(&p->said[1]);
    close_at(&p->control[0]);
    close_at(&p->out[1]);
    close_at(&p->err[1]);
    r->end_ns = deadline + GRACE_NS;
    watch(r);
    return finish(r, answer, err);
}

static void cleanup_scratch(char **path) { scratch_remove(*path); }

int script_run(const struct script *s, const struct script_options *o, struct script_result *ret, cordon_error **err)
{
    cleanup(cleanup_scratch) char *scratch = NULL;
    int has = landlock_abi(), abi = o->landlock_abi >= 0 && o->landlock_abi < has ? o->landlock_abi : has;
    struct run r = {.o = o, .result = ret, .pipes = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}}};
    int rc = script_check_machine(o->as_root, o->without_landlock, abi, err);
    if (rc < 0 || (rc = check_options(o, err)) < 0 || (rc = scratch_make("cordon-script", &scratch, err)) < 0)
        return rc;
    *ret = (struct script_result){0};
    buf_init(&ret->output, o->limits.output_bytes);
    buf_init(&ret->said, o->limits.stderr_bytes);
    buf_init(&r.said, SAID_BY_SUPERVISOR_MAX);
    rc = run(&r, s, scratch, abi, err);
    pipes_finish(&r.pipes);
    buf_finish(&r.said);
    if (rc < 0)
        script_result_finish(ret);
    return rc;
}
