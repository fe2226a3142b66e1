/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls through libcordon, measured as an embedder sees them.
 *
 *     calls warm COMPONENT CALLS        on the calling thread: the time to the answer, and the whole life with the freeing of the outcome
 *     calls async COMPONENT CALLS       through a worker and back to this thread, one after another
 *     calls load COMPONENT TIMES        a skill whose code is in the cache, loaded, checked and called once
 *     calls compute COMPONENT TIMES     a compute-bound export, synchronously and asynchronously in turns
 *     calls denied COMPONENT CALLS      one host call of a guest (read-env) that nothing was granted for; COMPONENT exports `many`
 *     calls permitted COMPONENT CALLS   the same, granted
 *     calls allocations COMPONENT CALLS how often a call on the calling thread asks the allocator
 *     calls system COMPONENT CALLS      how many of them make the calling thread enter the kernel
 */
#include "host.h"
#include "measure.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static const char input[] = "hello";

static void check_echo(const cordon_outcome *o)
{
    size_t len;
    const char *text = cordon_outcome_output(o, &len, NULL);
    if (cordon_outcome_kind(o) == CORDON_OUTCOME_OK && len == strlen(input) && !memcmp(text, input, len))
        return;
    fprintf(stderr, "the echo ended with %s: %s\n", cordon_outcome_name(cordon_outcome_kind(o)), cordon_outcome_message(o));
    exit(1);
}

/* The time to the answer. */
static uint64_t call(const struct callee *c)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    uint64_t start = now_ns();
    must(cordon_request_run(c->request, &o, &err), &err);
    uint64_t answer = now_ns() - start;
    check_echo(o);
    cordon_outcome_free(o);
    return answer;
}

static void open_warm(struct callee *c, const char *path, size_t n)
{
    cordon_error *err = NULL;
    callee_open(c, path, 1);
    must(cordon_request_set_input(c->request, input, strlen(input), &err), &err);
    for (size_t i = 0; i < n / 10 + 100; i++)
        call(c);
}

static void warm(const char *path, size_t n)
{
    struct callee c;
    uint64_t answer = 0;
    open_warm(&c, path, n);
    uint64_t start = now_ns();
    for (size_t i = 0; i < n; i++)
        answer += call(&c);
    printf("{\"life_ns\": %.1f, \"answer_ns\": %.1f}\n", (double)(now_ns() - start) / (double)n, (double)answer / (double)n);
    callee_close(&c);
}

static void count_allocations(const char *path, size_t n)
{
    struct callee c;
    open_warm(&c, path, n);
    size_t before = allocations();
    for (size_t i = 0; i < n; i++)
        call(&c);
    printf("{\"allocations\": %.3f}\n", (double)(allocations() - before) / (double)n);
    callee_close(&c);
}

/* ---- system calls: this thread's alone are counted, by a filter that raises a signal for each ---- */

static volatile sig_atomic_t system_calls;

/* The call has not been made; without this it would seem to have succeeded. */
static void on_system_call(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    (void)signal;
    (void)info;
    system_calls++;
#if defined(__x86_64__)
    c->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#elif defined(__aarch64__)
    c->uc_mcontext.regs[0] = (unsigned long long)-ENOSYS;
#else
#error "how does a system call return here?"
#endif
}

static int count_system_calls(void)
{
    static struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigreturn, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_write, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    const struct sigaction on = {.sa_sigaction = on_system_call, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    return sigaction(SIGSYS, &on, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -1 : 0;
}

static void quiet(const char *path, size_t n)
{
    char text[64];
    struct callee c;
    open_warm(&c, path, n);
    if (count_system_calls() < 0) {
        perror("seccomp");
        exit(1);
    }
    size_t with = 0;
    for (size_t i = 0; i < n; i++) {
        int before = system_calls;
        call(&c);
        with += system_calls != before;
    }
    int len = snprintf(text, sizeof text, "{\"calls\": %zu}\n", with);
    _exit(write(1, text, (size_t)len) == len ? 0 : 1);
}

/* ---- asynchronously ---- */

static void on_done(void *data, cordon_outcome *outcome, cordon_error *err)
{
    must(err ? -1 : 0, &err);
    *(cordon_outcome **)data = outcome;
}

static cordon_outcome *call_async(const struct callee *c)
{
    cordon_error *err = NULL;
    cordon_outcome *outcome = NULL;
    struct pollfd ready = {.fd = cordon_host_fd(c->host), .events = POLLIN};
    must(cordon_request_start(c->request, on_done, &outcome, NULL, &err), &err);
    while (!outcome) {
        poll(&ready, 1, -1);
        cordon_host_dispatch(c->host);
    }
    return outcome;
}

static void async(const char *path, size_t n)
{
    struct callee c;
    cordon_error *err = NULL;
    uint64_t *samples = samples_of(n);
    callee_open(&c, path, 1);
    must(cordon_request_set_input(c.request, input, strlen(input), &err), &err);
    for (size_t i = 0, first = n / 10 + 10; i < n + first; i++) {
        uint64_t start = now_ns();
        cordon_outcome *o = call_async(&c);
        if (i >= first)
            samples[i - first] = now_ns() - start;
        check_echo(o);
        cordon_outcome_free(o);
    }
    printf("{\"round_ns\": %.1f}\n", percentile(samples, n, 50));
    callee_close(&c);
}

/* ---- loading ---- */

static void load(const char *path, size_t n)
{
    struct callee c;
    cordon_error *err = NULL;
    uint64_t *samples = samples_of(n);
    callee_open(&c, path, 1); /* the first compiles */
    for (size_t i = 0; i < n; i++) {
        cordon_skill *skill = NULL;
        cordon_request *request = NULL;
        cordon_outcome *o = NULL;
        uint64_t start = now_ns();
        must(cordon_skill_load(c.host, path, CORDON_TIER_UNTRUSTED, &skill, &err), &err);
        must(cordon_request_new(skill, NULL, &request, &err), &err);
        must(cordon_request_set_input(request, input, strlen(input), &err), &err);
        must(cordon_request_run(request, &o, &err), &err);
        samples[i] = now_ns() - start;
        check_echo(o);
        cordon_outcome_free(o);
        cordon_request_free(request);
        cordon_skill_free(skill);
    }
    printf("{\"load_ns\": %.1f}\n", percentile(samples, n, 50));
    callee_close(&c);
}

/* ---- computing ---- */

static uint64_t compute_once(const struct callee *c, bool async)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    uint64_t start = now_ns();
    if (async)
        o = call_async(c);
    else
        must(cordon_request_run(c->request, &o, &err), &err);
    uint64_t spent = now_ns() - start;
    if (cordon_outcome_kind(o) != CORDON_OUTCOME_OK) {
        fprintf(stderr, "%s\n", cordon_outcome_message(o));
        exit(1);
    }
    cordon_outcome_free(o);
    return spent;
}

static void compute(const char *path, size_t n)
{
    struct callee c;
    cordon_error *err = NULL;
    uint64_t *sync = samples_of(n), *async = samples_of(n);
    callee_open(&c, path, 1);
    must(cordon_request_set_input(c.request, "", 0, &err), &err);
    compute_once(&c, true); /* starts the worker that both end up on */
    for (size_t i = 0; i < n; i++) {
        bool async_first = i % 2; /* whichever comes second finds the caches warm */
        for (int turn = 0; turn < 2; turn++) {
            bool is_async = (turn == 0) == async_first;
            (is_async ? async : sync)[i] = compute_once(&c, is_async);
        }
    }
    printf("{\"sync_ns\": %.1f, \"async_ns\": %.1f}\n", percentile(sync, n, 50), percentile(async, n, 50));
    callee_close(&c);
}

/* ---- host calls: of one call that makes many, less one that makes a single one ---- */

static uint64_t host_calls(const struct callee *c, size_t n, bool granted)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    cordon_request *r = NULL;
    char args[64];
    int len = snprintf(args, sizeof args, "[\"COLOUR\", %zu]", n);
    must(cordon_request_new(c->skill, "many", &r, &err), &err);
    must(cordon_request_set_args(r, args, (size_t)len, &err), &err);
    must(cordon_request_set_limit(r, CORDON_LIMIT_MEMORY_BYTES, cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, CORDON_LIMIT_MEMORY_BYTES), NULL, &err), &err);
    if (granted)
        must(cordon_request_set_env(r, "COLOUR", "green", &err), &err);
    uint64_t start = now_ns();
    must(cordon_request_run(r, &o, &err), &err);
    uint64_t spent = now_ns() - start;
    if (cordon_outcome_kind(o) != (granted ? CORDON_OUTCOME_OK : CORDON_OUTCOME_ERR)) {
        fprintf(stderr, "%s\n", cordon_outcome_message(o));
        exit(1);
    }
    cordon_outcome_free(o);
    cordon_request_free(r);
    return spent;
}

static void measure_host_calls(const char *path, size_t n, bool granted)
{
    enum { TIMES = 21 };
    struct callee c;
    uint64_t *many = samples_of(TIMES), *one = samples_of(TIMES);
    callee_open(&c, path, 1);
    for (size_t i = 0; i < TIMES; i++) {
        many[i] = host_calls(&c, n + 1, granted);
        one[i] = host_calls(&c, 1, granted);
    }
    printf("{\"each_ns\": %.1f}\n", (percentile(many, TIMES, 50) - percentile(one, TIMES, 50)) / (double)n);
    callee_close(&c);
}

static void denied(const char *path, size_t n) { measure_host_calls(path, n, false); }
static void permitted(const char *path, size_t n) { measure_host_calls(path, n, true); }

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*run)(const char *, size_t); } modes[] = {
        {"warm", warm}, {"async", async}, {"load", load}, {"compute", compute}, {"allocations", count_allocations}, {"system", quiet},
        {"denied", denied}, {"permitted", permitted},
    };
    for (size_t i = 0; argc == 4 && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(argv[1], modes[i].name))
            continue;
        modes[i].run(argv[2], count_of(argv[3]));
        return 0;
    }
    fputs("usage: calls warm|async|load|compute|denied|permitted|allocations|system COMPONENT COUNT\n", stderr);
    return 2;
}
