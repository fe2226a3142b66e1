/* SPDX-License-Identifier: Apache-2.0
 * The helper process. This runner is its own helper: started with the one argument --helper it does the jobs of the table below, by the name in `arg`. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "code/code.h"
#include "code/helper_wire.h"
#include "forbidden.h"
#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

#ifdef __SANITIZE_ADDRESS__
enum { UNDER_ASAN = true };
#else
enum { UNDER_ASAN = false };
#endif

/* ---- the helper's side ---- */

static char surroundings[PATH_MAX + 200];   /* seen before the lock-down */

static int job_eat(cordon_error **err)
{
    for (;;) {
        char *p = malloc(16 << 20);
        if (!p)
            return err_nomem(err);
        memset(p, 1, 16 << 20);
        __asm__ volatile("" : : "r"(p) : "memory");
    }
}

static void *thread_body(void *p)
{
    pthread_setname_np(pthread_self(), "guest");
    *(int *)p = 1;
    return NULL;
}

static int job_threads(struct buf *meta)
{
    pthread_t t;
    int ran = 0;
    if (pthread_create(&t, NULL, thread_body, &ran) || pthread_join(t, NULL))
        return buf_adds(meta, "no thread");
    return buf_adds(meta, ran ? "ran" : "lost");
}

static int job_descriptors(struct buf *meta)
{
    struct stat st;
    for (int fd = 0; fd < 2000; fd++)
        if (!syscall(SYS_fstat, fd, &st))
            buf_addf(meta, "%d ", fd);
    return 0;
}

/* A whole and sound answer, then one thing wrong with it. */
static int job_lie(const char *how)
{
    static char big[CODE_META_MAX + 1];
    struct buf meta, body;
    struct answer a;
    off_t end;
    buf_init(&meta, 100);
    buf_init(&body, 100);
    buf_adds(&meta, !strcmp(how, "utf8") ? "{\xff}" : "{}");
    if (!strcmp(how, "nul"))
        buf_add(&meta, "\0x", 2);
    buf_adds(&body, "code");
    answer_write(1, &meta, &body, NULL);
    end = lseek(1, 0, SEEK_CUR) - (off_t)sizeof a;
    if (pread(1, &a, sizeof a, end) != sizeof a)
        _exit(9);
    if (!strcmp(how, "magic"))
        a.magic++;
    else if (!strcmp(how, "version"))
        a.version++;
    else if (!strcmp(how, "code"))
        a.code = CORDON_ERRC_COUNT;
    else if (!strcmp(how, "error with body"))
        a.code = CORDON_E_IO;
    else if (!strcmp(how, "body length"))
        a.body_len = UINT64_MAX - 1;
    else if (!strcmp(how, "lengths that wrap"))
        a.body_len += UINT64_MAX - 10, a.text_len += 11;
    else if (!strcmp(how, "text length"))
        a.text_len = UINT64_C(1) << 40;
    else if (!strcmp(how, "shorter"))
        a.body_len--;
    else if (!strcmp(how, "error without end"))
        a.code = CORDON_E_IO, a.text_len += a.body_len, a.body_len = 0;
    else if (!strcmp(how, "truncated"))
        _exit(ftruncate(1, end + 8) < 0);
    else if (!strcmp(how, "empty"))
        _exit(ftruncate(1, 0) < 0);
    else if (!strcmp(how, "text beyond its ceiling")) {
        memset(big, 'x', sizeof big);
        if (ftruncate(1, 0) < 0 || pwrite(1, big, sizeof big, 0) != (ssize_t)sizeof big)
            _exit(9);
        a.body_len = 0, a.text_len = sizeof big, end = sizeof big;
    } else if (!strcmp(how, "too many causes") || !strcmp(how, "too few parts")) {
        memset(big, 0, sizeof big);
        a.code = CORDON_E_IO, a.body_len = 0, a.text_len = how[4] == 'm' ? 1000 : 2, end = (off_t)a.text_len;
        if (ftruncate(1, 0) < 0 || pwrite(1, big, a.text_len, 0) != (ssize_t)a.text_len)
            _exit(9);
    }
    if (pwrite(1, &a, sizeof a, end) != sizeof a)
        _exit(9);
    _exit(0);
}

static int job_stop(const char *how, cordon_error **err)
{
    if (!strcmp(how, "spin"))
        for (volatile unsigned i = 0;; i++)
            ;
    if (!strcmp(how, "sleep"))
        for (;;)
            sleep(100);
    if (!strcmp(how, "eat"))
        return job_eat(err);
    if (!strcmp(how, "rust")) {
        fputs("thread 'main' said\nmemory allocation of 123456 bytes failed\n", stderr);
        abort();
    }
    if (!strcmp(how, "overlong")) {
        signal(SIGXFSZ, SIG_DFL);
        (void)!pwrite(1, "x", 1, (off_t)ANSWER_FILE_MAX + 1);
    }
    if (!strcmp(how, "pipe"))   /* of the signals that kill, one that a sanitizer leaves alone */
        fputs("\x1b[31mred\n", stderr), raise(SIGPIPE);
    if (!strcmp(how, "term"))
        raise(SIGTERM);
    if (!strcmp(how, "kill"))   /* as the kernel does where memory ends */
        raise(SIGKILL);
    if (!strcmp(how, "chatter"))
        for (int i = 0; i < 100000; i++)
            fprintf(stderr, "line %d\n", i);
    _exit(3);
}

static int job(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err)
{
    if (!strncmp(arg, "stop:", 5))
        return job_stop(arg + 5, err);
    if (!strncmp(arg, "lie:", 4))
        return job_lie(arg + 4);
    if (!strcmp(arg, "echo"))
        return buf_adds(meta, "{\"ok\":true}") | buf_add(body, in, len);
    if (!strcmp(arg, "nothing"))
        return buf_adds(meta, "{}");
    if (!strcmp(arg, "refuse")) {
        err_set(err, CORDON_E_UNKNOWN_IMPORT, "the:subject", "imports \x1b[2J%s", "a:b/c");
        err_hint(err, "leave it");
        err_cause(err, "first");
        err_cause(err, "second");
        return -CORDON_E_UNKNOWN_IMPORT;
    }
    if (!strcmp(arg, "mute"))
        return -1;
    if (!strcmp(arg, "threads"))
        return job_threads(meta);
    if (!strcmp(arg, "descriptors"))
        return job_descriptors(meta);
    if (!strcmp(arg, "surroundings"))
        return buf_adds(meta, surroundings);
    if (!strcmp(arg, "forbidden")) {
        char list[4096];
        forbidden_let_through(list, sizeof list);
        return buf_adds(meta, list);
    }
    if (!strcmp(arg, "interval")) {
        uint64_t start = clock_now_ns();
        usleep(30000);
        return buf_addf(meta, "%llu %llu", (unsigned long long)start, (unsigned long long)clock_now_ns());
    }
    return err_set(err, CORDON_E_USAGE, arg, "no such job");
}

static void note_surroundings(void)
{
    char cwd[PATH_MAX];
    sigset_t blocked;
    struct sigaction sa;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    sigaction(SIGPIPE, NULL, &sa);
    snprintf(surroundings, sizeof surroundings, "cwd=%s env=%d session=%d blocked=%d pipe=%d", getcwd(cwd, sizeof cwd), environ[0] != NULL,
             getsid(0) == getpid(), sigismember(&blocked, SIGUSR1), sa.sa_handler != SIG_DFL);
}

/* Before main, so that the runner itself need not know. */
__attribute__((constructor)) static void be_the_helper(int argc, char **argv)
{
    static const struct code_job_row jobs[CODE_JOB_COUNT] = {[CODE_JOB_COMPILE] = {.run = job}};
    if (argc != 2 || strcmp(argv[1], "--helper"))
        return;
    note_surroundings();
    _exit(helper_main(argc, argv, jobs));
}

/* ---- the host's side ---- */

static struct helper *make_helper(uint64_t mib, unsigned cpu_s, unsigned wall_s)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    ck_assert_int_gt(n, 0);
    self[n] = '\0';
    struct helper *h = NULL;
    ck_assert_int_eq(helper_new(self, &(struct code_bounds){mib << 20, cpu_s, wall_s}, &h, NULL), 0);
    return h;
}

static cordon_error *run(struct helper *h, const char *arg, const char *in, char **ret_meta, int *ret_fd, uint64_t *ret_len)
{
    cordon_error *err = NULL;
    int r = helper_run(h, CODE_JOB_COMPILE, arg, (const uint8_t *)in, strlen(in), ret_meta, ret_fd, ret_len, &err);
    ck_assert_int_eq(r, err ? -(int)cordon_error_code(err) : 0);
    return err;
}

/* The meta of a job that gives no body. */
static char *ask(struct helper *h, const char *arg)
{
    char *meta = NULL;
    int fd = -2;
    uint64_t len = 1;
    cordon_error *err = run(h, arg, "", &meta, &fd, &len);
    ck_assert_msg(!err, "%s: %s", arg, err ? cordon_error_message(err) : "");
    ck_assert_int_eq(fd, -1);
    ck_assert_uint_eq(len, 0);
    return meta;
}

static void expect(struct helper *h, const char *arg, enum cordon_errc code, const char *words)
{
    char *meta = NULL;
    int fd = -1;
    uint64_t len = 0;
    cordon_error *err = run(h, arg, "", &meta, &fd, &len);
    ck_assert_msg(err != NULL, "%s ended well", arg);
    ck_assert_msg(cordon_error_code(err) == code && strstr(cordon_error_message(err), words), "%s: %s: %s", arg, cordon_error_id(err),
                  cordon_error_message(err));
    cordon_error_free(err);
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    for (int fd = 0; fd < 1000; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

START_TEST(a_job_gets_its_input_and_gives_its_answer)
{
    struct helper *h = make_helper(1024, 10, 10);
    size_t before = open_descriptors();
    char *meta = NULL, text[6] = "";
    int fd = -1;
    uint64_t len = 0;
    ck_assert_ptr_null(run(h, "echo", "hello", &meta, &fd, &len));
    ck_assert_str_eq(meta, "{\"ok\":true}");
    ck_assert_uint_eq(len, 5);
    ck_assert_int_eq(pread(fd, text, 5, 0), 5);
    ck_assert_str_eq(text, "hello");
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    ck_assert_int_eq(fcntl(fd, F_GET_SEALS) & seals, seals);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    free(meta);
    free(ask(h, "nothing"));
    ck_assert_uint_eq(open_descriptors(), before);
    helper_free(h);
}
END_TEST

START_TEST(a_jobs_error_comes_through_whole)
{
    struct helper *h = make_helper(1024, 10, 10);
    char *meta = NULL;
    int fd = -1;
    uint64_t len = 0;
    cordon_error *err = run(h, "refuse", "", &meta, &fd, &len);
    ck_assert_str_eq(cordon_error_id(err), "unknown-import");
    ck_assert_ptr_null(strchr(cordon_error_message(err), 27));
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "a:b/c"));
    ck_assert_str_eq(cordon_error_hint(err), "leave it");
    ck_assert_str_eq(cordon_error_subject(err), "the:subject");
    ck_assert_str_eq(cordon_error_cause(err, 0), "first");
    ck_assert_str_eq(cordon_error_cause(err, 1), "second");
    ck_assert_ptr_null(cordon_error_cause(err, 2));
    cordon_error_free(err);
    expect(h, "mute", CORDON_E_HOST_BUG, "without a reason");
    ck_assert_int_eq(helper_run(h, CODE_JOB_BINDINGS, "", (const uint8_t *)"", 0, &meta, &fd, &len, NULL), -CORDON_E_HOST_BUG);
    helper_free(h);
}
END_TEST

START_TEST(cpu_and_wall_bounds_end_a_job)
{
    struct helper *h = make_helper(1024, 1, 20);
    expect(h, "stop:spin", CORDON_E_COMPILE_LIMIT, "used more than 1 s of CPU");
    helper_free(h);
    h = make_helper(1024, 10, 1);
    uint64_t start = clock_now_ns();
    expect(h, "stop:sleep", CORDON_E_COMPILE_LIMIT, "took more than 1 s");
    ck_assert_uint_lt(clock_now_ns() - start, UINT64_C(3000000000));
    helper_free(h);
}
END_TEST

START_TEST(the_memory_bound_ends_a_job)
{
    if (UNDER_ASAN) {
        puts("SKIPPED: the memory bound, since the address sanitizer needs terabytes of address space");
        return;
    }
    struct helper *h = make_helper(512, 10, 10);
    expect(h, "stop:eat", CORDON_E_COMPILE_LIMIT, "more than 512 MiB of memory");
    helper_free(h);
}
END_TEST

START_TEST(what_rust_says_when_memory_ends_is_understood)
{
    struct helper *h = make_helper(512, 10, 10);
    expect(h, "stop:rust", CORDON_E_COMPILE_LIMIT, "more than 512 MiB of memory");
    helper_free(h);
}
END_TEST

START_TEST(a_death_is_told_by_its_signal_and_last_words)
{
    struct helper *h = make_helper(1024, 10, 10);
    char *meta = NULL;
    int fd = -1;
    uint64_t len = 0;
    cordon_error *err = run(h, "stop:pipe", "", &meta, &fd, &len);
    ck_assert_str_eq(cordon_error_id(err), "compile-limit");
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "SIGPIPE"));
    ck_assert_ptr_nonnull(strstr(cordon_error_cause(err, 0), "[31mred"));
    ck_assert_ptr_null(strchr(cordon_error_cause(err, 0), 27));
    cordon_error_free(err);
    expect(h, "stop:overlong", CORDON_E_COMPILE_LIMIT, "gave more than 512 MiB");
    expect(h, "stop:exit", CORDON_E_IO, "status 3");
    cordon_error *last = run(h, "stop:chatter", "", &meta, &fd, &len);
    ck_assert_str_eq(cordon_error_cause(last, 3), "line 99999");
    cordon_error_free(last);
    helper_free(h);
}
END_TEST

/* A service that is stopped in the middle of a compilation must not remember the artifact as a bad one. */
START_TEST(a_helper_stopped_from_outside_is_no_fault_of_the_artifact)
{
    struct helper *h = make_helper(1024, 10, 10);
    expect(h, "stop:term", CORDON_E_IO, "SIGTERM");
    helper_free(h);
}
END_TEST

static bool is_passing(struct helper *h, const char *arg, const char *words)
{
    char *meta = NULL;
    int fd = -1;
    uint64_t len = 0;
    cordon_error *err = run(h, arg, "", &meta, &fd, &len);
    ck_assert_int_eq(cordon_error_code(err), CORDON_E_COMPILE_LIMIT);
    ck_assert_msg(strstr(cordon_error_message(err), words), "%s", cordon_error_message(err));
    bool passing = err_is_passing(err);
    cordon_error_free(err);
    return passing;
}

/* A sound artifact that met a busy machine, a full one or a narrow `ulimit` is not a bad one from then on. */
START_TEST(what_the_artifact_alone_did_is_told_from_what_the_machine_did)
{
    struct helper *h = make_helper(1024, 1, 20);
    ck_assert(!is_passing(h, "stop:spin", "used more than 1 s of CPU"));
    ck_assert(!is_passing(h, "stop:pipe", "SIGPIPE"));
    ck_assert(!is_passing(h, "stop:overlong", "gave more than 512 MiB"));
    ck_assert(is_passing(h, "stop:kill", "SIGKILL"));
    helper_free(h);
    h = make_helper(1024, 10, 1);
    ck_assert(is_passing(h, "stop:sleep", "took more than 1 s"));
    helper_free(h);
    h = make_helper(1024, 10, 10);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20}), 0);
    ck_assert(is_passing(h, "stop:overlong", "gave more than"));
    helper_free(h);
}
END_TEST

/* Nor one that came while this user had no thread left. */
START_TEST(a_shortage_of_threads_is_no_fault_of_the_artifact)
{
    enum { NOBODY = 65534, OURS_AND_THE_HELPER = 2 };
    struct helper *h = make_helper(1024, 10, 10);
    if (geteuid() == 0)   /* whom the kernel does not count */
        ck_assert_int_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &(struct rlimit){OURS_AND_THE_HELPER, OURS_AND_THE_HELPER}), 0);
    char *meta = NULL;
    int fd = -1;
    uint64_t len = 0;
    cordon_error *err = NULL;
    ck_assert_int_lt(helper_run(h, CODE_JOB_COMPILE, "nothing", (const uint8_t *)"", 0, &meta, &fd, &len, &err), 0);
    ck_assert_msg(strcmp(cordon_error_category(err), "artifact") != 0, "%s", cordon_error_message(err));
    cordon_error_free(err);
    helper_free(h);
}
END_TEST

static const char *const lies[] = {"magic", "version", "code", "error with body", "body length", "lengths that wrap", "text length", "shorter", "utf8",
                                   "nul", "error without end", "truncated", "empty", "text beyond its ceiling", "too many causes", "too few parts"};
START_TEST(a_lying_answer_is_not_believed)
{
    struct helper *h = make_helper(1024, 10, 10);
    char arg[100];
    snprintf(arg, sizeof arg, "lie:%s", lies[_i]);
    expect(h, arg, CORDON_E_HOST_BUG, "not well-formed");
    helper_free(h);
}
END_TEST

START_TEST(the_helper_reaches_nothing_but_its_job)
{
    struct helper *h = make_helper(1024, 10, 10);
    char *meta = ask(h, "forbidden");
    ck_assert_str_eq(meta, "");
    free(meta);
    meta = ask(h, "threads");
    ck_assert_str_eq(meta, "ran");
    free(meta);
    helper_free(h);
}
END_TEST

START_TEST(the_helper_inherits_nothing)
{
    struct helper *h = make_helper(1024, 10, 10);
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signal(SIGPIPE, SIG_IGN);
    setenv("SECRET", "1", 1);
    unsetenv("LD_LIBRARY_PATH");
    ck_assert_int_eq(dup2(0, 50), 50);
    ck_assert_int_eq(dup2(0, 1500), 1500);
    char *meta = ask(h, "descriptors");
    ck_assert_str_eq(meta, "0 1 2 ");
    free(meta);
    meta = ask(h, "surroundings");
    ck_assert_str_eq(meta, "cwd=/ env=0 session=1 blocked=0 pipe=0");
    free(meta);
    helper_free(h);
}
END_TEST

START_TEST(a_host_without_standard_descriptors_is_served)
{
    struct helper *h = make_helper(1024, 10, 10);
    close(0);
    close(1);
    close(2);
    char *meta = ask(h, "descriptors");
    ck_assert_str_eq(meta, "0 1 2 ");
    free(meta);
    helper_free(h);
}
END_TEST

START_TEST(a_host_that_ignores_its_children_is_served)
{
    struct helper *h = make_helper(1024, 10, 1);
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 20; i++)
        free(ask(h, "nothing"));
    expect(h, "stop:sleep", CORDON_E_COMPILE_LIMIT, "took more than 1 s");
    helper_free(h);
}
END_TEST

START_TEST(the_helper_dies_with_its_host)
{
    int status = 0;
    struct helper *h = make_helper(1024, 30, 30);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t host = fork();
    if (!host) {
        expect(h, "stop:sleep", CORDON_E_IO, "never");
        _exit(0);
    }
    usleep(300000);
    kill(host, SIGKILL);
    ck_assert_int_eq(waitpid(host, &status, 0), host);
    pid_t orphan = waitpid(-1, &status, 0);   /* the helper, now ours */
    ck_assert_int_gt(orphan, 0);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    helper_free(h);
}
END_TEST

START_TEST(a_missing_helper_is_named)
{
    struct helper *h = NULL;
    struct code_bounds b = {UINT64_C(1) << 30, 1, 1};
    ck_assert_int_eq(helper_new("/nonexistent/cordon-helper", &b, &h, NULL), 0);
    expect(h, "echo", CORDON_E_IO, "/nonexistent/cordon-helper");
    helper_free(h);
    ck_assert_int_eq(helper_new("/etc/passwd", &b, &h, NULL), 0);
    expect(h, "echo", CORDON_E_IO, "/etc/passwd");
    helper_free(h);
}
END_TEST

START_TEST(bounds_are_never_off)
{
    static const struct code_bounds bad[] = {{0, 1, 1},  {1 << 20, 1, 1}, {UINT64_MAX, 1, 1}, {UINT64_C(1) << 30, 0, 1}, {UINT64_C(1) << 30, 1, 0},
                                             {UINT64_C(1) << 30, UINT32_MAX, 1}, {UINT64_C(1) << 30, 1, UINT32_MAX}};
    struct helper *h = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(helper_new("/bin/true", &bad[i], &h, NULL), -CORDON_E_BAD_LIMIT);
    ck_assert_int_eq(helper_new("bin/true", &(struct code_bounds){UINT64_C(1) << 30, 1, 1}, &h, NULL), -CORDON_E_USAGE);
}
END_TEST

/* ---- the wire, both sides in this process ---- */

static struct wire_job sound_job(void)
{
    return (struct wire_job){.job = CODE_JOB_COMPILE, .memory_bytes = WIRE_MEMORY_MIN, .cpu_s = 1, .wall_s = 1, .parent = getpid()};
}

START_TEST(a_job_is_read_as_it_was_written_and_never_otherwise)
{
    struct wire_job j = sound_job(), back, bad[9];
    int fd = -1;
    ck_assert_int_eq(wire_job_write(&j, "arg", (const uint8_t *)"input", 5, &fd, NULL), 0);
    ck_assert_int_eq(wire_job_read(fd, &back, NULL), 0);
    ck_assert_mem_eq(&j, &back, sizeof j);
    ck_assert_int_lt(write(fd, "x", 1), 0);   /* sealed */
    close(fd);
    for (size_t i = 0; i < 9; i++)
        bad[i] = j;
    bad[0].magic++;
    bad[1].version++;
    bad[2].job = CODE_JOB_COUNT;
    bad[3].memory_bytes = 0;
    bad[4].cpu_s = 0;
    bad[5].wall_s = UINT32_MAX;
    bad[6].arg_len = UINT32_MAX;
    bad[7].input_len = UINT64_MAX - 40;
    bad[8].input_len++;
    for (size_t i = 0; i < 9; i++) {
        cleanup_fd int own = memfd_create("job", 0);
        ck_assert_int_eq(write(own, &bad[i], sizeof bad[i]) + write(own, "arginput", 8), sizeof bad[i] + 8);
        ck_assert_msg(wire_job_read(own, &back, NULL) == -CORDON_E_HOST_BUG, "header %zu was taken", i);
    }
}
END_TEST

START_TEST(an_answer_is_read_as_it_was_written)
{
    struct buf meta, body;
    cordon_error *why = NULL, *err = NULL;
    char *text = NULL;
    uint64_t len = 0;
    buf_init(&meta, 100);
    buf_init(&body, 100);
    buf_adds(&meta, "{}");
    buf_adds(&body, "code");
    cleanup_fd int good = memfd_create("answer", 0), bad = memfd_create("answer", 0);
    ck_assert_int_eq(answer_write(good, &meta, &body, NULL), 0);
    ck_assert_int_eq(answer_read(good, &text, &len, NULL), 0);
    ck_assert_str_eq(text, "{}");
    ck_assert_uint_eq(len, 4);
    free(text);
    err_set(&why, CORDON_E_TOO_LARGE, NULL, "too large");
    err_cause(&why, "because");
    ck_assert_int_eq(answer_write_error(bad, why, NULL), 0);
    ck_assert_int_eq(answer_read(bad, &text, &len, &err), -CORDON_E_TOO_LARGE);
    ck_assert_str_eq(cordon_error_message(err), "too large");
    ck_assert_str_eq(cordon_error_hint(err), cordon_error_hint(why));
    ck_assert_str_eq(cordon_error_cause(err, 0), "because");
    ck_assert_ptr_null(cordon_error_subject(err));
    cordon_error_free(err);
    cordon_error_free(why);
    buf_finish(&meta);
    buf_finish(&body);
}
END_TEST

START_TEST(an_oversized_job_is_refused_before_it_starts)
{
    struct helper *h = make_helper(1024, 10, 10);
    char *meta = NULL, *arg = calloc(1, WIRE_ARG_MAX + 2);
    int fd = -1;
    uint64_t len = 0;
    memset(arg, 'x', WIRE_ARG_MAX + 1);
    ck_assert_int_eq(helper_run(h, CODE_JOB_COMPILE, arg, (const uint8_t *)"", 0, &meta, &fd, &len, NULL), -CORDON_E_TOO_LARGE);
    ck_assert_int_eq(helper_run(h, CODE_JOB_COMPILE, "", (const uint8_t *)"", WIRE_INPUT_MAX + 1u, &meta, &fd, &len, NULL), -CORDON_E_TOO_LARGE);
    free(arg);
    helper_free(h);
}
END_TEST

START_TEST(a_helper_without_a_job_says_who_starts_it)
{
    int status, p[2];
    ck_assert_int_eq(pipe(p), 0);
    pid_t pid = fork();
    if (!pid) {
        dup2(p[0], 0);
        dup2(p[1], 2);
        execl("/proc/self/exe", "cordon-helper", "--helper", NULL);
        _exit(9);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}
END_TEST

enum { JOBS_AT_ONCE = 20 };
struct interval {
    struct helper *h;
    unsigned long long start, end;
};

static void *run_interval(void *p)
{
    struct interval *i = p;
    cleanup_free char *meta = ask(i->h, "interval");
    ck_assert_int_eq(sscanf(meta, "%llu %llu", &i->start, &i->end), 2);
    return NULL;
}

START_TEST(at_most_one_helper_per_core_runs_at_once)
{
    struct helper *h = make_helper(1024, 10, 10);
    struct interval at[JOBS_AT_ONCE] = {0};
    pthread_t t[JOBS_AT_ONCE];
    cpu_set_t set;
    int most = 0;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    for (int i = 0; i < JOBS_AT_ONCE; i++) {
        at[i].h = h;
        ck_assert_int_eq(pthread_create(&t[i], NULL, run_interval, &at[i]), 0);
    }
    for (int i = 0; i < JOBS_AT_ONCE; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < JOBS_AT_ONCE; i++) {
        int n = 0;
        for (int j = 0; j < JOBS_AT_ONCE; j++)
            n += at[j].start <= at[i].start && at[i].start < at[j].end;
        most = n > most ? n : most;
    }
    ck_assert_int_le(most, CPU_COUNT(&set));
    helper_free(h);
}
END_TEST

Suite *suite_helper(void);
Suite *suite_helper(void)
{
    Suite *s = suite_create("helper");
    TCase *t = tcase_create("jobs");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_job_gets_its_input_and_gives_its_answer);
    tcase_add_test(t, a_jobs_error_comes_through_whole);
    tcase_add_test(t, cpu_and_wall_bounds_end_a_job);
    tcase_add_test(t, the_memory_bound_ends_a_job);
    tcase_add_test(t, what_rust_says_when_memory_ends_is_understood);
    tcase_add_test(t, a_death_is_told_by_its_signal_and_last_words);
    tcase_add_test(t, a_helper_stopped_from_outside_is_no_fault_of_the_artifact);
    tcase_add_test(t, what_the_artifact_alone_did_is_told_from_what_the_machine_did);
    tcase_add_test(t, a_shortage_of_threads_is_no_fault_of_the_artifact);
    tcase_add_loop_test(t, a_lying_answer_is_not_believed, 0, sizeof lies / sizeof *lies);
    tcase_add_test(t, the_helper_reaches_nothing_but_its_job);
    tcase_add_test(t, the_helper_inherits_nothing);
    tcase_add_test(t, a_host_without_standard_descriptors_is_served);
    tcase_add_test(t, a_host_that_ignores_its_children_is_served);
    tcase_add_test(t, the_helper_dies_with_its_host);
    tcase_add_test(t, a_missing_helper_is_named);
    tcase_add_test(t, bounds_are_never_off);
    tcase_add_test(t, a_job_is_read_as_it_was_written_and_never_otherwise);
    tcase_add_test(t, an_answer_is_read_as_it_was_written);
    tcase_add_test(t, an_oversized_job_is_refused_before_it_starts);
    tcase_add_test(t, a_helper_without_a_job_says_who_starts_it);
    tcase_add_test(t, at_most_one_helper_per_core_runs_at_once);
    suite_add_tcase(s, t);
    return s;
}
