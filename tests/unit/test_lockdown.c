/* SPDX-License-Identifier: Apache-2.0
 * Locking in, each time in a child that then tries what it must not and does what it must. */
#include "base/error.h"
#include "child/filter.h"
#include "child/landlock.h"
#include "code/lockdown_parts.h"
#include "egress_ground.h"
#include "forbidden.h"
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <uv.h>

/* Runs `body` in a child; its words come back over a pipe. */
static void in_child(void (*body)(int out), char *ret, size_t size)
{
    int p[2], status;
    size_t len = 0;
    ssize_t n;
    ck_assert_int_eq(pipe(p), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        body(p[1]);
        _exit(0);
    }
    close(p[1]);
    while ((n = read(p[0], ret + len, size - 1 - len)) > 0)
        len += (size_t)n;
    ret[len] = '\0';
    close(p[0]);
    waitpid(pid, &status, 0);
    ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "the child ended with status %#x after saying: %s", (unsigned)status, ret);
}

static void lock(int out)
{
    const char *missing;
    cordon_error *err = NULL;
    bool whole = filter_available() && landlock_abi();
    if (lockdown_run(&(struct lockdown){0}, &missing, &err) < 0)
        dprintf(out, "lock: %s ", cordon_error_message(err));
    else if (!missing != whole)
        dprintf(out, "missing: %s ", missing ? missing : "nothing");
}

static void do_forbidden(int out)
{
    char list[4096];
    lock(out);
    if (forbidden_let_through(list, sizeof list))
        dprintf(out, "let through: %s", list);
}

/* Landlock alone, which seccomp would otherwise hide. */
static void do_landlock(int out)
{
    int kept = open("/", O_RDONLY | O_DIRECTORY);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (landlock_enter(landlock_abi(), &(struct landlock_rules){0}, NULL) != 1)
        dprintf(out, "no domain ");
    if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
        dprintf(out, "read ");
    if (openat(kept, "etc", O_RDONLY | O_DIRECTORY) >= 0 || errno != EACCES)
        dprintf(out, "read beneath an open folder ");
    if (open("/tmp/cordon-forbidden", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
        dprintf(out, "create ");
}

static void do_executable(int out)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    lock(out);
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        dprintf(out, "mmap ");
    if (!mprotect(page, 4096, PROT_READ | PROT_EXEC))
        dprintf(out, "mprotect ");
    if (mprotect(page, 4096, PROT_READ))
        dprintf(out, "cannot protect at all");
}

static void on_timer(uv_timer_t *t) { *(bool *)t->data = true; }
static void on_async(uv_async_t *a) { uv_close((uv_handle_t *)a, NULL); }

static void *wake(void *async)
{
    pthread_setname_np(pthread_self(), "waker");
    uv_async_send(async);
    return NULL;
}

/* A folder that may be read, and one that may be written. */
static void do_folders(int out)
{
    static const char *const roots[] = {"/tmp/cordon-lockdown-read", "/tmp/cordon-lockdown-write"};
    for (int i = 0; i < 2; i++)
        mkdir(roots[i], 0700);
    close(open("/tmp/cordon-lockdown-read/a", O_WRONLY | O_CREAT, 0600));
    struct landlock_path paths[] = {{open(roots[0], O_PATH), LANDLOCK_READ}, {open(roots[1], O_PATH), LANDLOCK_WRITE}};
    const struct lockdown what = {.needs = LOCKDOWN_READS | LOCKDOWN_WRITES, .reach = {.paths = paths, .n_paths = 2}};
    const char *missing;
    if (lockdown_run(&what, &missing, NULL) < 0)
        dprintf(out, "lock ");
    if (openat(AT_FDCWD, "/tmp/cordon-lockdown-read/a", O_RDONLY) < 0)
        dprintf(out, "cannot read ");
    int made = openat(AT_FDCWD, "/tmp/cordon-lockdown-write/b", O_WRONLY | O_CREAT, 0600);
    if (made < 0 || write(made, "x", 1) != 1 || fsync(made) < 0)
        dprintf(out, "cannot write ");
    if (renameat(paths[1].fd, "b", paths[1].fd, "c") < 0 || unlinkat(paths[1].fd, "c", 0) < 0)
        dprintf(out, "cannot rename and remove ");
    if (missing) /* without Landlock the filter alone does not know folders */
        return;
    if (openat(AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0 || openat(AT_FDCWD, "/proc/self/maps", O_RDONLY) >= 0)
        dprintf(out, "reads elsewhere ");
    if (openat(AT_FDCWD, "/tmp/cordon-lockdown-read/b", O_WRONLY | O_CREAT, 0600) >= 0 || openat(AT_FDCWD, "/tmp/cordon-lockdown-read/a", O_WRONLY) >= 0)
        dprintf(out, "writes where it may read ");
    if (openat(AT_FDCWD, "/tmp/cordon-forbidden", O_WRONLY | O_CREAT, 0600) >= 0)
        dprintf(out, "writes elsewhere ");
}

/* Folders granted for reading bring no call that changes anything. */
static void do_read_only(int out)
{
    const struct lockdown what = {.needs = LOCKDOWN_READS};
    const char *missing;
    if (lockdown_run(&what, &missing, NULL) < 0)
        dprintf(out, "lock ");
    if (unlinkat(AT_FDCWD, "/tmp/cordon-forbidden", 0) == 0 || errno != EPERM || mkdirat(AT_FDCWD, "/tmp/cordon-forbidden", 0700) == 0 || errno != EPERM)
        dprintf(out, "changes something ");
}

/* What a worker does: a loop, a timer, another thread's wake-up, memory. */
static void do_work(int out)
{
    uv_loop_t loop;
    uv_timer_t timer;
    uv_async_t async;
    pthread_t thread;
    bool rang = false;
    lock(out);
    if (uv_loop_init(&loop) || uv_timer_init(&loop, &timer) || uv_async_init(&loop, &async, on_async))
        dprintf(out, "no loop ");
    timer.data = &rang;
    uv_timer_start(&timer, on_timer, 1, 0);
    if (pthread_create(&thread, NULL, wake, &async))
        dprintf(out, "no thread ");
    uv_run(&loop, UV_RUN_DEFAULT);
    pthread_join(thread, NULL);
    char *big = calloc(1, 32 << 20);
    if (!big || madvise(big + 4096 - (uintptr_t)big % 4096, 8 << 20, MADV_DONTNEED))
        dprintf(out, "no memory ");
    free(big);
    if (!rang)
        dprintf(out, "no timer ");
}

static const struct route hello[] = {{.path = "/hello", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, {0}};
static const struct dns_name names[] = {{"granted.example", {"127.0.0.1"}}, {NULL, {NULL}}};
static struct server *granted, *other;
static struct dns *dns;

/* The gateway by name, and raw sockets where it may not go. */
static void do_net(int out)
{
    uint16_t ports[] = {granted->port, 53};
    const struct lockdown what = {.needs = LOCKDOWN_NET, .reach = {.ports = ports, .n_ports = 2}};
    const char *missing;
    char grant[64];
    struct gateway *g = make_gateway(dns->where, "127.0.0.1", NULL);
    if (gateway_prepare(g, NULL) < 0 || lockdown_run(&what, &missing, NULL) < 0)
        dprintf(out, "lock ");
    struct gateway_scope *s = gateway_scope_new(g);
    snprintf(grant, sizeof grant, "net=granted.example:%u", granted->port);
    struct fetch *f = get(s, grant, "http://granted.example:%u/hello", granted->port);
    if (f->end != GATEWAY_OK || strcmp(f->body, "hello") != 0)
        dprintf(out, "no fetch: %s ", f->message);
    fetch_free(f);
    gateway_scope_unref(s);
    gateway_free(g);
    struct sockaddr_in elsewhere = {.sin_family = AF_INET, .sin_port = htons(other->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!missing && landlock_abi() >= 4 && (connect(fd, (struct sockaddr *)&elsewhere, sizeof elsewhere) == 0 || errno != EACCES))
        dprintf(out, "connects elsewhere ");
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0 || socket(AF_PACKET, SOCK_DGRAM, 0) >= 0)
        dprintf(out, "other sockets ");
    if (listen(fd, 1) == 0 || open("/etc/passwd", O_RDONLY) >= 0)
        dprintf(out, "more ");
}

static void do_die(int out)
{
    lock(out);
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
}

START_TEST(a_locked_in_process_reaches_nothing_outside)
{
    char said[8192];
    in_child(do_forbidden, said, sizeof said);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(landlock_by_itself_shuts_out_every_file)
{
    char said[8192];
    if (!landlock_abi()) {
        puts("SKIPPED: this kernel has no Landlock");
        return;
    }
    in_child(do_landlock, said, sizeof said);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(a_locked_in_process_keeps_the_folders_it_was_granted_and_no_others)
{
    char said[8192];
    in_child(do_folders, said, sizeof said);
    ck_assert_str_eq(said, "");
    in_child(do_read_only, said, sizeof said);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(a_locked_in_process_keeps_the_network_it_was_granted_and_no_other)
{
    char said[8192];
    granted = server_start("127.0.0.1", 0, hello);
    other = server_start("127.0.0.1", 0, hello);
    dns = dns_start(names);
    in_child(do_net, said, sizeof said);
    ck_assert_str_eq(said, "");
    server_stop(granted);
    server_stop(other);
    dns_stop(dns);
}
END_TEST

START_TEST(a_locked_in_process_makes_no_new_code)
{
    char said[8192];
    in_child(do_executable, said, sizeof said);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(a_locked_in_process_still_runs_loops_timers_and_threads)
{
    char said[8192];
    in_child(do_work, said, sizeof said);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(a_locked_in_process_can_die_of_the_signal_it_got)
{
    int status;
    pid_t pid = fork();
    if (!pid) {
        do_die(2);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}
END_TEST

START_TEST(what_the_kernel_has_is_told)
{
    ck_assert(filter_available());
    ck_assert_int_ge(landlock_abi(), 0);
    ck_assert_int_lt(landlock_abi(), 1000);
}
END_TEST

Suite *suite_lockdown(void);
Suite *suite_lockdown(void)
{
    Suite *s = suite_create("lockdown");
    TCase *t = tcase_create("run");
    tcase_add_test(t, a_locked_in_process_reaches_nothing_outside);
    tcase_add_test(t, landlock_by_itself_shuts_out_every_file);
    tcase_add_test(t, a_locked_in_process_keeps_the_folders_it_was_granted_and_no_others);
    tcase_add_test(t, a_locked_in_process_keeps_the_network_it_was_granted_and_no_other);
    tcase_add_test(t, a_locked_in_process_makes_no_new_code);
    tcase_add_test(t, a_locked_in_process_still_runs_loops_timers_and_threads);
    tcase_add_test(t, a_locked_in_process_can_die_of_the_signal_it_got);
    tcase_add_test(t, what_the_kernel_has_is_told);
    suite_add_tcase(s, t);
    return s;
}
