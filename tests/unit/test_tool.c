/* SPDX-License-Identifier: Apache-2.0
 * Tools of a toolchain in their sandbox: what a stranger's source can make them do, and what not. */
#include "author/lang.h"
#include "base/cleanup.h"
#include "base/scratch.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_tool(void);

static struct author_build want;
static struct build b;
static char place[64], project[96], outside[96];

static void write_at(const char *folder, const char *name, const char *text)
{
    ck_assert_int_eq(scratch_write(folder, name, text, strlen(text), NULL), 0);
}

static void begin(void)
{
    strcpy(place, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
    snprintf(project, sizeof project, "%s/project", place);
    snprintf(outside, sizeof outside, "%s/outside", place);
    mkdir(project, 0700);
    mkdir(outside, 0700);
    write_at(project, "source", "of the project\n");
    write_at(outside, "secret", "a secret\n");
    want = (struct author_build){.dir = project, .supervisor_path = TEST_SUPERVISOR, .seconds = 60, .log_fd = -1};
    b = (struct build){.want = &want, .dir = project};
    ck_assert_int_eq(scratch_make("cordon-test", &b.scratch, NULL), 0);
    ck_assert_int_eq(hold_begin(&b.hold, NULL), 0);
}

static void end(void)
{
    tool_box_finish(&b.box);
    scratch_remove(b.scratch);
    hold_end(&b.hold);
    scratch_remove(strdup(place));
}

/* What a line of the shell prints. */
static int run(const char *line, char ret[256], cordon_error **err)
{
    cleanup(buf_finish) struct buf out;
    buf_init(&out, 255);
    const char *argv[] = {"/bin/bash", "-c", line, NULL};
    const struct tool t = {.argv = argv, .what = "cannot run the line", .out = &out};
    int rc = tool_run(&b, &t, err);
    snprintf(ret, 256, "%s", out.data ? out.data : "");
    return rc;
}

static void prints(const char *line, const char *expected)
{
    char said[256];
    cordon_error *err = NULL;
    int rc = run(line, said, &err);
    ck_assert_msg(rc == 0, "%s: %s", line, rc < 0 ? cordon_error_message(err) : "");
    ck_assert_str_eq(said, expected);
}

static void fails(const char *line)
{
    char said[256];
    ck_assert_msg(run(line, said, NULL) == -CORDON_E_BUILD_FAILED, "%s: printed %s", line, said);
}

START_TEST(a_tool_reads_the_project_and_writes_the_scratch_folder_alone)
{
    char line[256];
    prints("cat source; pwd -P >/dev/null", "of the project\n");
    prints("echo made > $TMPDIR/x && cat $HOME/x", "made\n");
    fails("echo x > source");
    fails("echo x > new");
    fails("rm source");
    snprintf(line, sizeof line, "cat %s/secret", outside);
    fails(line);
    snprintf(line, sizeof line, "cat ../outside/secret");
    fails(line);
    snprintf(line, sizeof line, "ln -s %s/secret $TMPDIR/link && cat $TMPDIR/link", outside);
    fails(line);
    fails("cat /etc/passwd");
}
END_TEST

START_TEST(what_a_tool_is_given_it_may_use_as_far_as_that_goes)
{
    cleanup(buf_finish) struct buf out;
    buf_init(&out, 255);
    const char *argv[] = {"/bin/bash", "-c", "cat secret; echo x > new 2>/dev/null || echo \"cannot write, $WHO\"", NULL};
    const char *env[] = {"WHO=somebody", NULL};
    const struct tool t = {.argv = argv, .env = env, .folder = outside, .what = "x", .out = &out, .roots = {{outside, TOOL_READ}}};
    ck_assert_int_eq(tool_run(&b, &t, NULL), 0);
    ck_assert_str_eq(out.data, "a secret\ncannot write, somebody\n");
}
END_TEST

START_TEST(a_tool_sees_nothing_of_the_environment)
{
    setenv("CORDON_TEST_SECRET", "x", 1);
    prints("env | sed 's/=.*//' | grep -v '^_$' | sort | tr '\\n' ' '", "HOME LANG LC_ALL OLDPWD PATH PWD SHLVL TMPDIR ");
}
END_TEST

/* A server that is there: what fails is the tool. */
START_TEST(a_tool_has_no_network)
{
    char line[128];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert(s >= 0 && bind(s, (struct sockaddr *)&at, sizeof at) == 0 && listen(s, 8) == 0 && getsockname(s, (struct sockaddr *)&at, &len) == 0);
    snprintf(line, sizeof line, "exec 3<>/dev/tcp/127.0.0.1/%d", ntohs(at.sin_port));
    fails(line);
    want.no_sandbox = true;
    prints(line, "");
    close(s);
}
END_TEST

static void stopped(const char *line, const char *why)
{
    char said[256];
    cordon_error *err = NULL;
    ck_assert_int_eq(run(line, said, &err), -CORDON_E_BUILD_FAILED);
    ck_assert_msg(strstr(cordon_error_message(err), why), "%s", cordon_error_message(err));
    cordon_error_free(err);
}

START_TEST(a_tool_that_fills_the_disk_in_many_files_is_stopped)
{
    stopped("for i in 1 2 3 4 5 6 7; do fallocate -l 400M $TMPDIR/$i; done; sleep 50", "it wrote more than 2048 MiB");
}
END_TEST

START_TEST(a_tool_that_never_ends_is_stopped_with_all_that_it_started)
{
    want.seconds = 1;
    stopped("sleep 7777 & sleep 7777", "it had not ended after 1 s");
    ck_assert_int_ne(system("pgrep -f '[s]leep 7777' >/dev/null"), 0);
}
END_TEST

START_TEST(a_tool_that_says_too_much_is_stopped)
{
    stopped("cat /dev/zero", "it said more than");
}
END_TEST

START_TEST(a_tool_that_is_missing_is_named_with_the_command_that_gets_it)
{
    cordon_error *err = NULL;
    char *path = NULL;
    const char *const names[] = {"no-such-tool", "nor-this", NULL};
    ck_assert_int_eq(tool_find(&b, names, "no-such-package other", &path, &err), -CORDON_E_MISSING_TOOL);
    ck_assert_str_eq(cordon_error_message(err), "no-such-tool is not installed (Debian: no-such-package other)");
    ck_assert_str_eq(cordon_error_hint(err), "apt-get install no-such-package other");
    cordon_error_free(err);
}
END_TEST

Suite *suite_tool(void)
{
    Suite *s = suite_create("tool");
    TCase *t = tcase_create("tool");
    tcase_add_checked_fixture(t, begin, end);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_tool_reads_the_project_and_writes_the_scratch_folder_alone);
    tcase_add_test(t, what_a_tool_is_given_it_may_use_as_far_as_that_goes);
    tcase_add_test(t, a_tool_sees_nothing_of_the_environment);
    tcase_add_test(t, a_tool_has_no_network);
    tcase_add_test(t, a_tool_that_fills_the_disk_in_many_files_is_stopped);
    tcase_add_test(t, a_tool_that_never_ends_is_stopped_with_all_that_it_started);
    tcase_add_test(t, a_tool_that_says_too_much_is_stopped);
    tcase_add_test(t, a_tool_that_is_missing_is_named_with_the_command_that_gets_it);
    suite_add_tcase(s, t);
    return s;
}
