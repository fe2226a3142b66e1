/* SPDX-License-Identifier: Apache-2.0
 *
 * Local scripts. Real ones, each in a folder of its own, run by a user who is not root; what they must not do is tried from within, with Landlock as the kernel has
 * it and cut down to ABI 2, which is what Linux 6.1 has. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/scratch.h"
#include "child/landlock.h"
#include "policy/grant.h"
#include "script/script.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

Suite *suite_script(void);

#define MIB (UINT64_C(1) << 20)
enum { NOBODY = 65534, FULL = 0, ABI_2 = 1, ABIS = 2 };

static const int abis[ABIS] = {[FULL] = -1, [ABI_2] = 2};

/* ---- the ground: a folder of the test's own, and nobody to run as ---- */

static char ground[64], skill[96], readable[96], writable[96], outside[96], supervisor[96], attack[96];

/* The build folder may be one that nobody but its owner can enter. */
static void copy_program(const char *from, const char *name, char *ret, size_t size)
{
    char command[2 * PATH_MAX];
    snprintf(ret, size, "%s/%s", ground, name);
    snprintf(command, sizeof command, "cp '%s' '%s'", from, ret);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    ck_assert_msg(f && fputs(text, f) >= 0 && fclose(f) == 0, "cannot write %s", path);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_folder(char *ret, size_t size, const char *name)
{
    snprintf(ret, size, "%s/%s", ground, name);
    ck_assert_int_eq(mkdir(ret, 0755), 0);
    write_file(ret, "file", name, 0644);
}

/* Root is refused, so where the tests run as root they go on as nobody. */
static void make_ground(void)
{
    snprintf(ground, sizeof ground, "/tmp/cordon-test-script-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(ground));
    copy_program(TEST_SUPERVISOR, "supervisor", supervisor, sizeof supervisor);
    copy_program(TEST_ATTACK, "attack", attack, sizeof attack);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(ground, NOBODY, NOBODY), 0);
        ck_assert_int_eq(setgid(NOBODY) + setuid(NOBODY), 0);
        prctl(PR_SET_DUMPABLE, 1);
    }
    ck_assert_int_eq(chmod(ground, 0755), 0);
    make_folder(skill, sizeof skill, "skill");
    make_folder(readable, sizeof readable, "readable");
    make_folder(writable, sizeof writable, "writable");
    make_folder(outside, sizeof outside, "outside");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/scripts", skill);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    setenv("TMPDIR", ground, 1);
}

static void remove_ground(void) { scratch_remove(strdup(ground)); }

/* ---- running ---- */

static struct script_options options(int abi)
{
    return (struct script_options){
        .supervisor = supervisor,
        .limits = {.wall_ms = 60000, .memory_bytes = 256 * MIB, .output_bytes = MIB, .stderr_bytes = 4096, .file_bytes = 16 * MIB, .cpu_s = 30,
                   .processes = 32, .files = 64},
        .landlock_abi = abis[abi],
        .cancel_fd = -1,
    };
}

static struct script found(void)
{
    struct script s = {0};
    cordon_error *err = NULL;
    int rc = script_find(skill, &s, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "no error");
    return s;
}

static struct script_result run_found(const struct script_options *o)
{
    cleanup(script_finish) struct script s = found();
    struct script_result r;
    cordon_error *err = NULL;
    int rc = script_run(&s, o, &r, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "no error");
    return r;
}

static struct script_result run_bash(const char *text, const struct script_options *o)
{
    write_file(skill, "scripts/run.sh", text, 0644);
    return run_found(o);
}

static const char *text_of(const struct buf *b) { return b->data ? b->data : ""; }

/* It ended by itself with `status`, and said this and nothing else. */
static void expect(struct script_result r, int status, const char *output, const char *said)
{
    ck_assert_msg(r.end == SCRIPT_EXITED && r.status == status, "end %d, status %d, output '%s', stderr '%s'", r.end, r.status, text_of(&r.output),
                  text_of(&r.said));
    ck_assert_str_eq(text_of(&r.output), output);
    if (said)
        ck_assert_str_eq(text_of(&r.said), said);
    script_result_finish(&r);
}

static void expect_end(struct script_result r, enum script_end end)
{
    ck_assert_msg(r.end == end, "end %d, status %d, output '%s', stderr '%s'", r.end, r.status, text_of(&r.output), text_of(&r.said));
    script_result_finish(&r);
}

static struct script_place place(const char *path)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return (struct script_place){.path = (char *)path, .dev = st.st_dev, .ino = st.st_ino};
}

/* How many processes have `word` among their arguments. */
static unsigned processes_with(const char *word)
{
    DIR *d = opendir("/proc");
    unsigned n = 0;
    struct dirent *e;
    while ((e = readdir(d))) {
        char path[PATH_MAX], text[4096];
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        FILE *f = e->d_name[0] > '0' && e->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        size_t len = f ? fread(text, 1, sizeof text, f) : 0;
        n += len && memmem(text, len, word, strlen(word));
        if (f)
            fclose(f);
    }
    closedir(d);
    return n;
}

static unsigned folders_left(void)
{
    DIR *d = opendir(ground);
    unsigned n = 0;
    struct dirent *e;
    while ((e = readdir(d)))
        n += !strncmp(e->d_name, "cordon-script-", 14);
    closedir(d);
    return n;
}

static bool has_python(void)
{
    if (access("/usr/bin/python3", X_OK) == 0)
        return true;
    puts("SKIPPED: /usr/bin/python3 is not installed");
    return false;
}

/* ---- what it is for ---- */

START_TEST(a_script_gets_its_input_and_its_output_is_the_answer)
{
    char want[256];
    struct script_options o = options(_i);
    o.input = "hello\n";
    o.input_len = 6;
    snprintf(want, sizeof want, "got hello\n%s\nskill\n", skill);
    expect(run_bash("read -r x; echo \"got $x\"; pwd; cat file; echo; echo aside >&2", &o), 0, want, "aside\n");
    expect(run_bash("cat; exit 3", &o), 3, "hello\n", "");
}
END_TEST

START_TEST(usual_things_work)
{
    struct script_options o = options(_i);
    expect(run_bash("set -euo pipefail\n"
                    "cd \"$TMPDIR\"\n"
                    "touch a; mkdir -p b/c; echo one > b/c/d; ln -s b/c/d e; mv a b/a; cp -r b f; rm -r f; cat e\n"
                    "printf '3\\n1\\n2\\n' | sort | head -1 | tr 1 x\n"
                    "diff <(echo a) <(echo a)\n"
                    "x=$(seq 3 | wc -l); echo $((x * 2)) | sed s/6/six/ | grep six\n"
                    "mktemp > /dev/null; mkfifo p; (echo fifo > p &) ; cat p; wait\n"
                    "find . -name d | awk '{print $1}'\n"
                    "sleep 0.01; (exit 0); trap 'echo bye' EXIT\n",
                    &o),
           0, "one\nx\nsix\nfifo\n./b/c/d\nbye\n", "");
}
END_TEST

START_TEST(what_unpacks_is_told_that_modes_and_times_are_set_and_nothing_is_done)
{
    struct script_options o = options(_i);
    if (!has_python())
        return;
    o.unpacks = true;
    write_file(skill, "scripts/run.py",
               "import os\n"
               "def tried(what, *args):\n"
               "    try:\n"
               "        what(*args)\n"
               "    except OSError as why:\n"
               "        return why.strerror\n"
               "path = os.environ['TMPDIR'] + '/a'\n"
               "fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)\n"
               "print(tried(os.utime, fd, (1, 1)), tried(os.fchmod, fd, 0o777), os.stat(path).st_mtime > 1, oct(os.stat(path).st_mode))\n"
               "print(tried(os.fchmod, fd, 0o4755), tried(os.chmod, path, 0o777), tried(os.utime, path, (1, 1)), sep='; ')\n",
               0644);
    expect(run_found(&o), 0, "None None True 0o100600\nOperation not permitted; Operation not permitted; Operation not permitted\n", "");
}
END_TEST

START_TEST(a_python_script_works)
{
    struct script_options o = options(_i);
    if (!has_python())
        return;
    o.input = "{\"n\": 2}";
    o.input_len = 8;
    write_file(skill, "scripts/run.py",
               "import asyncio, hashlib, json, os, ssl, subprocess, sys, tempfile, threading\n"
               "n = json.load(sys.stdin)['n']\n"
               "async def main():\n"
               "    await asyncio.sleep(0.01)\n"
               "    p = await asyncio.create_subprocess_exec('echo', 'child', stdout=subprocess.PIPE)\n"
               "    return (await p.communicate())[0].decode()\n"
               "t = threading.Thread(target=lambda: None); t.start(); t.join()\n"
               "with tempfile.TemporaryDirectory() as d, open(d + '/x', 'w') as f:\n"
               "    f.write('\\u00e4')\n"
               "print(n + 1, asyncio.run(main()).strip(), subprocess.run(['true']).returncode, '\\u00e4', hashlib.sha256(b'').hexdigest()[:4], sys.flags.isolated)\n",
               0644);
    expect(run_found(&o), 0, "3 child 0 \xc3\xa4 e3b0 1\n", "");
}
END_TEST

START_TEST(bash_goes_before_python_and_what_is_no_file_is_refused)
{
    struct script s = {0};
    cordon_error *err = NULL;
    char path[PATH_MAX];
    ck_assert_int_eq(script_find("/nowhere/at/all", &s, &err), -CORDON_E_NOT_FOUND);
    cordon_error_free(err);
    ck_assert_int_eq(script_find(skill, &s, &err), -CORDON_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "scripts/run.sh or scripts/run.py"));
    cordon_error_free(err);
    if (has_python()) {
        write_file(skill, "scripts/run.py", "", 0644);
        s = found();
        ck_assert_int_eq(s.kind, SCRIPT_PYTHON);
        script_finish(&s);
    }
    write_file(skill, "scripts/run.sh", "", 0644);
    s = found();
    ck_assert_int_eq(s.kind, SCRIPT_BASH);
    ck_assert_int_eq(s.interpreter[0], '/');
    snprintf(path, sizeof path, "%s/scripts/run.sh", skill);
    ck_assert_str_eq(s.path, path);
    script_finish(&s);
    ck_assert_int_eq(unlink(path) + symlink("/bin/true", path), 0);
    ck_assert_int_eq(script_find(skill, &s, NULL), -CORDON_E_BAD_ARTIFACT);
    ck_assert_int_eq(unlink(path) + mkfifo(path, 0600), 0);
    ck_assert_int_eq(script_find(skill, &s, NULL), -CORDON_E_BAD_ARTIFACT);
}
END_TEST

START_TEST(a_folder_of_scripts_that_is_a_link_is_refused)
{
    struct script s = {0};
    char path[PATH_MAX], elsewhere[PATH_MAX];
    write_file(skill, "scripts/run.sh", "", 0644);
    snprintf(path, sizeof path, "%s/scripts", skill);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", ground);
    ck_assert_int_eq(rename(path, elsewhere) + symlink(elsewhere, path), 0);
    ck_assert_int_eq(script_find(skill, &s, NULL), -CORDON_E_NOT_FOUND);
}
END_TEST

/* ---- what it must not ---- */

START_TEST(nothing_that_is_tried_from_within_is_let_through)
{
    char text[1024], link[PATH_MAX];
    struct script_root roots[] = {{place(readable), FILE_READ, 0}, {place(writable), FILE_WRITE, 0}};
    struct script_options o = options(_i);
    o.roots = roots;
    o.n_roots = 2;
    for (int i = 0; i < 20; i++)
        ck_assert_int_ge(open("/", O_RDONLY), 0);   /* a host's descriptors, which are not inherited either */
    snprintf(link, sizeof link, "%s/link-out", readable);
    ck_assert_int_eq(symlink("../outside/file", link), 0);
    snprintf(text, sizeof text, "exec ./attack %s %s %s %d\n", outside, readable, writable, getpid());
    char command[512];
    snprintf(command, sizeof command, "cp %s %s/attack", attack, skill);
    ck_assert_int_eq(system(command), 0);
    expect(run_bash(text, &o), 0, "", "");
}
END_TEST

START_TEST(granted_folders_are_read_and_written_as_granted)
{
    char text[2048];
    struct script_root roots[] = {{place(readable), FILE_READ, 0}, {place(writable), FILE_READ | FILE_WRITE, 0}};
    struct script_options o = options(_i);
    o.roots = roots;
    o.n_roots = 2;
    snprintf(text, sizeof text,
             "cat %1$s/file; echo; ls %1$s; cd %2$s; echo new > file; cat file; mkdir a b; echo x > a/y; mv a/y b/z; cat b/z; rm -r a b\n"
             "echo no > %1$s/file || echo refused; ln -s file l || echo refused\n",
             readable, writable);
    expect(run_bash(text, &o), 0, "readable\nfile\nnew\nx\nrefused\nrefused\n", NULL);
    roots[1].access = FILE_WRITE;
    snprintf(text, sizeof text, "cd %s; echo again > file; cat file || echo refused; ls . || echo refused\n", writable);
    expect(run_bash(text, &o), 0, "refused\nrefused\n", NULL);
    o.n_roots = 1;
    snprintf(text, sizeof text, "cat %s/file || echo refused; echo x > %s/new || echo refused\n", writable, writable);
    expect(run_bash(text, &o), 0, "refused\nrefused\n", NULL);
}
END_TEST

START_TEST(a_granted_folder_that_is_another_now_is_refused)
{
    struct script_root root = {place(readable), FILE_READ, 0};
    struct script_options o = options(FULL);
    struct script_result r;
    cordon_error *err = NULL;
    char other[PATH_MAX];
    write_file(skill, "scripts/run.sh", "echo ran", 0644);
    cleanup(script_finish) struct script s = found();
    o.roots = &root;
    o.n_roots = 1;
    snprintf(other, sizeof other, "%s/moved", ground);
    ck_assert_int_eq(rename(readable, other) + mkdir(readable, 0700), 0);
    ck_assert_int_eq(script_run(&s, &o, &r, &err), -CORDON_E_NOT_FOUND);
    cordon_error_free(err);
    err = NULL;
    ck_assert_int_eq(rmdir(readable) + symlink(other, readable), 0);
    ck_assert_int_eq(script_run(&s, &o, &r, &err), -CORDON_E_NOT_FOUND);
    ck_assert_str_eq(cordon_error_subject(err), readable);
    cordon_error_free(err);
    ck_assert_uint_eq(folders_left(), 0);
}
END_TEST

START_TEST(it_inherits_no_variable)
{
    char want[256];
    struct script_options o = options(_i);
    setenv("SECRET", "of ours", 1);
    setenv("BASH_ENV", "/etc/passwd", 1);
    setenv("LD_PRELOAD_X", "x", 1);
    o.env = (const char *[]){"GRANTED=a b=c", "LANG=de_DE"};
    o.n_env = 2;
    snprintf(want, sizeof want, "GRANTED=a b=c\nLANG=de_DE\nPATH=/usr/bin:/bin\nPWD=%s\n", skill);
    expect(run_bash("env | grep -v -e ^HOME= -e ^TMPDIR= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort\n"
                    "[ \"$HOME\" = \"$TMPDIR\" ]\n",
                    &o),
           0, want, "");
}
END_TEST

START_TEST(python_imports_nothing_from_the_working_directory)
{
    struct script_options o = options(_i);
    if (!has_python())
        return;
    write_file(skill, "json.py", "print('of the folder')\n", 0644);
    write_file(skill, "scripts/json.py", "print('beside the script')\n", 0644);
    write_file(skill, "scripts/run.py", "import json, sys\nprint(json.dumps(1), sys.path[0] != '')\n", 0644);
    o.env = (const char *[]){"PYTHONSTARTUP=/x", "PYTHONPATH=/x"};
    o.n_env = 2;
    expect(run_found(&o), 0, "1 True\n", "");
}
END_TEST

START_TEST(a_setuid_program_gives_nothing)
{
    struct script_options o = options(_i);
    struct stat st;
    if (stat("/usr/bin/su", &st) < 0 || !(st.st_mode & S_ISUID)) {
        puts("SKIPPED: no setuid program here");
        return;
    }
    expect(run_bash("grep -q . /etc/shadow || echo refused; /usr/bin/su -c true < /dev/null > /dev/null 2>&1 || echo refused\n", &o), 0, "refused\nrefused\n", NULL);
}
END_TEST

START_TEST(what_it_makes_is_for_its_user_alone_and_its_scratch_folder_goes)
{
    struct script_options o = options(_i);
    expect(run_bash("cd \"$TMPDIR\"; echo x > f; mkdir d; stat -c '%a' . f d; [[ $TMPDIR == */cordon-script-* ]] && echo mine\n"
                    "mkdir -p deep/er; echo > deep/er/x; mkdir -m 000 shut; mkdir -m 500 w; : > 'a b'; ln -s / root\n"
                    "n=$(printf %0200d 0); for i in $(seq 40); do mkdir -p $n/x; cd $n 2> /dev/null || break; done; true\n",
                    &o),
           0, "700\n600\n700\nmine\n", NULL);
    ck_assert_uint_eq(folders_left(), 0);
    ck_assert_int_eq(access("/usr", R_OK), 0);
}
END_TEST

/* ---- its end ---- */

START_TEST(a_script_that_does_not_end_is_ended_whatever_it_ignores)
{
    struct script_options o = options(_i);
    o.limits.wall_ms = 500;
    uint64_t before = clock_now_ns();
    expect_end(run_bash("trap '' TERM INT HUP; while true; do sleep 1; done", &o), SCRIPT_DEADLINE);
    expect_end(run_bash("exec > /dev/null 2> /dev/null; exec < /dev/null; exec >&- 2>&- <&-; sleep 1000", &o), SCRIPT_DEADLINE);
    expect_end(run_bash("kill -STOP $$; sleep 1000", &o), SCRIPT_DEADLINE);
    ck_assert_uint_lt(clock_now_ns() - before, UINT64_C(30000000000));
}
END_TEST

START_TEST(a_child_that_forks_twice_and_outlives_is_ended_too)
{
    char word[64], text[512];
    struct script_options o = options(_i);
    snprintf(word, sizeof word, "31%d", getpid());
    snprintf(text, sizeof text, "( ( setsid sleep %1$s || exec sleep %1$s ) & ) & (trap '' HUP; exec sleep %1$s) & echo done", word);
    expect(run_bash(text, &o), 0, "done\n", NULL);
    ck_assert_uint_eq(processes_with(word), 0);
    o.limits.wall_ms = 500;
    snprintf(text, sizeof text, "( ( sleep %1$s & ) & ) ; sleep %1$s", word);
    expect_end(run_bash(text, &o), SCRIPT_DEADLINE);
    ck_assert_uint_eq(processes_with(word), 0);
}
END_TEST

START_TEST(a_fork_bomb_stays_within_its_number_and_is_ended)
{
    char word[64], text[128];
    struct script_options o = options(_i);
    o.limits.wall_ms = 1500;
    snprintf(word, sizeof word, "bomb-%d", getpid());
    write_file(skill, word, "while :; do bash \"$BASH_SOURCE\" & done", 0644);
    snprintf(text, sizeof text, "bash ./%s 2> /dev/null", word);
    struct script_result r = run_bash(text, &o);
    ck_assert_msg(r.end == SCRIPT_DEADLINE || r.end == SCRIPT_OUT_OF_PROCESSES || r.end == SCRIPT_EXITED, "end %d", r.end);
    script_result_finish(&r);
    ck_assert_uint_eq(processes_with(word), 0);
}
END_TEST

START_TEST(too_much_output_ends_it_and_too_much_stderr_is_dropped)
{
    struct script_options o = options(_i);
    struct script_result r = run_bash("yes", &o);
    ck_assert_int_eq(r.end, SCRIPT_OUTPUT_TOO_LARGE);
    ck_assert_uint_eq(r.output.len, MIB);
    script_result_finish(&r);
    expect_end(run_bash("head -c 1048577 /dev/zero", &o), SCRIPT_OUTPUT_TOO_LARGE);
    r = run_bash("head -c 1048576 /dev/zero; head -c 100000 /dev/zero >&2", &o);
    ck_assert_int_eq(r.end, SCRIPT_EXITED);
    ck_assert_uint_eq(r.output.len, MIB);
    ck_assert_uint_eq(r.said.len, 4096);
    ck_assert_uint_eq(r.said_dropped, 100000 - 4096);
    script_result_finish(&r);
}
END_TEST

START_TEST(memory_is_bounded_for_one_and_for_all_together)
{
    struct script_options o = options(_i);
    if (!has_python())
        return;
    o.limits.memory_bytes = 64 * MIB;
    write_file(skill, "scripts/run.py", "x = bytearray(128 << 20)\n", 0644);
    struct script_result r = run_found(&o);
    ck_assert_int_eq(r.end, SCRIPT_EXITED);
    ck_assert_int_eq(r.status, 1);
    ck_assert_ptr_nonnull(strstr(text_of(&r.said), "MemoryError"));
    script_result_finish(&r);
    write_file(skill, "scripts/run.py", "import mmap, time\nm = mmap.mmap(-1, 256 << 20)\nfor i in range(0, 256 << 20, 4096): m[i] = 1\ntime.sleep(60)\n", 0644);
    expect_end(run_found(&o), SCRIPT_OUT_OF_MEMORY);
    write_file(skill, "scripts/run.py",
               "import os, time\n"
               "for i in range(6):\n"
               "    if os.fork() == 0:\n"
               "        x = b'x' * (30 << 20)\n"
               "        time.sleep(60)\n"
               "time.sleep(60)\n",
               0644);
    expect_end(run_found(&o), SCRIPT_OUT_OF_MEMORY);
    /* What a fork shares is not counted twice. */
    write_file(skill, "scripts/run.py",
               "import os, time\n"
               "x = b'x' * (30 << 20)\n"
               "for i in range(4):\n"
               "    if os.fork() == 0:\n"
               "        time.sleep(0.5)\n"
               "        os._exit(0)\n"
               "time.sleep(0.5)\n"
               "print('done')\n",
               0644);
    expect(run_found(&o), 0, "done\n", "");
}
END_TEST

START_TEST(files_descriptors_and_cpu_are_bounded)
{
    struct script_options o = options(_i);
    o.limits.cpu_s = 1;
    struct script_result r = run_bash("while :; do :; done", &o);
    ck_assert_int_eq(r.end, SCRIPT_SIGNALLED);
    ck_assert_int_eq(r.status, SIGXCPU);
    ck_assert_uint_ge(r.cpu_us, 500000);
    script_result_finish(&r);
    expect(run_bash("(head -c 20000000 /dev/zero > \"$TMPDIR/x\") 2> /dev/null; stat -c %s \"$TMPDIR/x\"; ulimit -n; ulimit -c; ulimit -n 100 2> /dev/null || echo no\n", &o), 0,
           "16777216\n64\n0\nno\n", NULL);
}
END_TEST

START_TEST(a_death_by_signal_is_told_apart)
{
    struct script_options o = options(_i);
    struct script_result r = run_bash("kill -SEGV $$", &o);
    ck_assert_int_eq(r.end, SCRIPT_SIGNALLED);
    ck_assert_int_eq(r.status, SIGSEGV);
    script_result_finish(&r);
}
END_TEST

START_TEST(signals_reach_its_own_processes_and_no_others)
{
    char text[512];
    struct script_options o = options(_i);
    snprintf(text, sizeof text,
             "sleep 100 & kill $!; wait $!; echo $?\n"
             "timeout 0.1 sleep 100; echo $?; (ulimit -c 0; exec sh -c 'kill -ABRT $$'); echo $?; bash -c 'trap \"echo caught\" USR1; kill -USR1 $BASHPID'\n"
             "kill -0 %d 2> /dev/null || echo no; kill -0 1 2> /dev/null || echo no; kill -0 $PPID 2> /dev/null || echo no\n"
             "kill -0 0 2> /dev/null || echo no; kill -0 -1 2> /dev/null || echo no; kill -0 -- -$$ 2> /dev/null || echo no; kill -99 $$ 2> /dev/null || echo no\n",
             getpid());
    expect(run_bash(text, &o), 0, "143\n124\n134\ncaught\nno\nno\nno\nno\nno\nno\nno\n", NULL);
    if (!has_python())
        return;
    write_file(skill, "scripts/run.sh", "exec python3 -I scripts/x.py", 0644);
    write_file(skill, "scripts/x.py",
               "import os, signal, subprocess, threading\n"
               "try: subprocess.run(['sleep', '100'], timeout=0.1)\n"
               "except subprocess.TimeoutExpired: print('timeout')\n"
               "print(subprocess.run(['python3', '-c', 'import os; os.abort()'], stderr=subprocess.DEVNULL).returncode)\n"
               "signal.signal(signal.SIGUSR1, lambda *a: print('caught'))\n"
               "signal.raise_signal(signal.SIGUSR1)\n"
               "threading.Thread(target=lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)).start()\n"
               "import time; time.sleep(0.1)\n",
               0644);
    expect(run_found(&o), 0, "timeout\n-6\ncaught\ncaught\n", "");
}
END_TEST

/* ---- from outside ---- */

static void *write_soon(void *fd)
{
    poll(NULL, 0, 300);
    if (write(*(int *)fd, "x", 1) < 0)
        perror("write");
    return NULL;
}

START_TEST(it_is_cancelled_by_a_descriptor)
{
    int p[2];
    pthread_t t;
    char word[64], text[256];
    struct script_options o = options(_i);
    ck_assert_int_eq(pipe(p), 0);
    o.cancel_fd = p[0];
    snprintf(word, sizeof word, "32%d", getpid());
    snprintf(text, sizeof text, "sleep %s & sleep %s", word, word);
    ck_assert_int_eq(pthread_create(&t, NULL, write_soon, &p[1]), 0);
    expect_end(run_bash(text, &o), SCRIPT_CANCELLED);
    pthread_join(t, NULL);
    ck_assert_uint_eq(processes_with(word), 0);
    ck_assert_uint_eq(folders_left(), 0);
}
END_TEST

/* The supervisor is ours: the child of this process that has the word among its arguments. */
static pid_t find_supervisor(void)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    pid_t found_pid = 0;
    while (!found_pid && (e = readdir(d))) {
        char path[PATH_MAX], name[32] = "";
        int ppid = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *f = e->d_name[0] > '0' && e->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if (f && fscanf(f, "%*d (%31[^)]) %*c %d", name, &ppid) == 2 && ppid == getpid() && !strcmp(name, "supervisor"))
            found_pid = atoi(e->d_name);
        if (f)
            fclose(f);
    }
    closedir(d);
    return found_pid;
}

static void *kill_supervisor(void *sig)
{
    poll(NULL, 0, 500);
    kill(find_supervisor(), *(int *)sig);
    return NULL;
}

START_TEST(nothing_is_left_where_the_supervisor_is_killed)
{
    pthread_t t;
    int sig = SIGKILL;
    char word[64], text[256];
    struct script_options o = options(_i);
    snprintf(word, sizeof word, "33%d", getpid());
    snprintf(text, sizeof text, "( ( sleep %s & ) & ) ; sleep %s", word, word);
    ck_assert_int_eq(pthread_create(&t, NULL, kill_supervisor, &sig), 0);
    expect_end(run_bash(text, &o), SCRIPT_LOST);
    pthread_join(t, NULL);
    ck_assert_uint_eq(processes_with(word), 0);
    ck_assert_uint_eq(folders_left(), 0);
    sig = SIGTERM;
    ck_assert_int_eq(pthread_create(&t, NULL, kill_supervisor, &sig), 0);
    expect_end(run_bash(text, &o), SCRIPT_CANCELLED);
    pthread_join(t, NULL);
    ck_assert_uint_eq(processes_with(word), 0);
}
END_TEST

START_TEST(nothing_is_left_where_the_host_is_killed)
{
    char word[64], text[256];
    struct script_options o = options(_i);
    snprintf(word, sizeof word, "34%d", getpid());
    snprintf(text, sizeof text, "( ( sleep %s & ) & ) ; sleep %s", word, word);
    pid_t host = fork();
    if (!host) {
        run_bash(text, &o);
        _exit(0);
    }
    for (int i = 0; i < 300 && processes_with(word) < 2; i++)
        poll(NULL, 0, 20);
    ck_assert_uint_ge(processes_with(word), 2);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    for (int i = 0; i < 300 && (processes_with(word) || folders_left()); i++)
        poll(NULL, 0, 20);
    ck_assert_uint_eq(processes_with(word), 0);
    ck_assert_uint_eq(folders_left(), 0);
}
END_TEST

START_TEST(where_children_are_not_kept_it_works_all_the_same)
{
    struct script_options o = options(_i);
    signal(SIGCHLD, SIG_IGN);
    expect(run_bash("echo yes; (exit 3); echo $?", &o), 0, "yes\n3\n", "");
    signal(SIGCHLD, SIG_DFL);
}
END_TEST

START_TEST(many_at_once_do_not_disturb_each_other)
{
    enum { N = 8 };
    pid_t pid[N];
    struct script_options o = options(_i);
    o.limits.processes = 200;
    write_file(skill, "scripts/run.sh", "x=$(cat); sleep 0.2; echo \"$x $x\"", 0644);
    for (int i = 0; i < N; i++) {
        if ((pid[i] = fork()))
            continue;
        char input[16], want[40];
        snprintf(input, sizeof input, "%d", i);
        snprintf(want, sizeof want, "%d %d\n", i, i);
        o.input = input;
        o.input_len = strlen(input);
        struct script_result r = run_found(&o);
        _exit(r.end != SCRIPT_EXITED || strcmp(text_of(&r.output), want) != 0);
    }
    for (int i = 0, status; i < N; i++) {
        waitpid(pid[i], &status, 0);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

/* ---- refusals ---- */

START_TEST(a_kernel_without_landlock_is_refused_unless_allowed)
{
    struct script_options o = options(FULL);
    struct script_result r;
    cordon_error *err = NULL;
    write_file(skill, "scripts/run.sh", "id -u; cat /etc/hostname > /dev/null 2>&1 && echo read; true", 0644);
    cleanup(script_finish) struct script s = found();
    o.landlock_abi = 0;
    ck_assert_int_eq(script_run(&s, &o, &r, &err), -CORDON_E_KERNEL);
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(err), "landlock = "));
    cordon_error_free(err);
    o.without_landlock = true;
    ck_assert_int_eq(script_run(&s, &o, &r, NULL), 0);
    ck_assert_int_eq(r.end, SCRIPT_EXITED);
    ck_assert_ptr_nonnull(strstr(text_of(&r.output), "read"));
    script_result_finish(&r);
}
END_TEST

/* As root, if the tests are run so: without a ground, which is nobody's. */
START_TEST(root_is_refused_unless_allowed_and_has_no_capabilities_then)
{
    char folder[] = "/tmp/cordon-test-script-XXXXXX", path[PATH_MAX];
    struct script_options o = options(_i);
    struct script_result r;
    cordon_error *err = NULL;
    struct script s = {0};
    if (geteuid()) {
        puts("SKIPPED: this is about root");
        return;
    }
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/scripts", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    write_file(folder, "scripts/run.sh",
               "id -u; cat /etc/shadow > /dev/null 2>&1 && echo read; mount -t tmpfs none /mnt 2> /dev/null && echo mounted; mknod \"$TMPDIR/x\" c 1 3 2> /dev/null && echo made\n"
               "echo > file && echo wrote; true\n",
               0600);
    ck_assert_int_eq(script_find(folder, &s, NULL), 0);
    o.supervisor = TEST_SUPERVISOR;
    ck_assert_int_eq(script_run(&s, &o, &r, &err), -CORDON_E_NOT_GRANTED);
    ck_assert_str_eq(cordon_error_message(err), "local scripts are not run as root");
    cordon_error_free(err);
    o.as_root = true;
    ck_assert_int_eq(script_run(&s, &o, &r, NULL), 0);
    expect(r, 0, "0\n", NULL);
    script_finish(&s);
    scratch_remove(strdup(folder));
}
END_TEST

START_TEST(a_supervisor_that_is_not_there_or_no_supervisor_is_an_error)
{
    struct script_options o = options(FULL);
    struct script_result r;
    cordon_error *err = NULL;
    write_file(skill, "scripts/run.sh", "echo ran", 0644);
    cleanup(script_finish) struct script s = found();
    o.supervisor = "/nowhere/cordon-supervisor";
    ck_assert_int_eq(script_run(&s, &o, &r, &err), -CORDON_E_IO);
    cordon_error_free(err);
    err = NULL;
    o.supervisor = "/bin/false";
    ck_assert_int_eq(script_run(&s, &o, &r, &err), -CORDON_E_IO);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "ended with status 1"));
    cordon_error_free(err);
    ck_assert_uint_eq(folders_left(), 0);
}
END_TEST

Suite *suite_script(void)
{
    Suite *s = suite_create("script");
    TCase *tc = tcase_create("script"), *root = tcase_create("script as root");
    tcase_set_timeout(tc, 120);
    tcase_set_timeout(root, 120);
    tcase_add_checked_fixture(tc, make_ground, remove_ground);
    tcase_add_loop_test(tc, a_script_gets_its_input_and_its_output_is_the_answer, 0, ABIS);
    tcase_add_loop_test(tc, usual_things_work, 0, ABIS);
    tcase_add_loop_test(tc, what_unpacks_is_told_that_modes_and_times_are_set_and_nothing_is_done, 0, ABIS);
    tcase_add_loop_test(tc, a_python_script_works, 0, ABIS);
    tcase_add_test(tc, bash_goes_before_python_and_what_is_no_file_is_refused);
    tcase_add_test(tc, a_folder_of_scripts_that_is_a_link_is_refused);
    tcase_add_loop_test(tc, nothing_that_is_tried_from_within_is_let_through, 0, ABIS);
    tcase_add_loop_test(tc, granted_folders_are_read_and_written_as_granted, 0, ABIS);
    tcase_add_test(tc, a_granted_folder_that_is_another_now_is_refused);
    tcase_add_loop_test(tc, it_inherits_no_variable, 0, ABIS);
    tcase_add_loop_test(tc, python_imports_nothing_from_the_working_directory, 0, ABIS);
    tcase_add_loop_test(tc, a_setuid_program_gives_nothing, 0, ABIS);
    tcase_add_loop_test(tc, what_it_makes_is_for_its_user_alone_and_its_scratch_folder_goes, 0, ABIS);
    tcase_add_loop_test(tc, a_script_that_does_not_end_is_ended_whatever_it_ignores, 0, ABIS);
    tcase_add_loop_test(tc, a_child_that_forks_twice_and_outlives_is_ended_too, 0, ABIS);
    tcase_add_loop_test(tc, a_fork_bomb_stays_within_its_number_and_is_ended, 0, ABIS);
    tcase_add_loop_test(tc, too_much_output_ends_it_and_too_much_stderr_is_dropped, 0, ABIS);
    tcase_add_loop_test(tc, memory_is_bounded_for_one_and_for_all_together, 0, ABIS);
    tcase_add_loop_test(tc, files_descriptors_and_cpu_are_bounded, 0, ABIS);
    tcase_add_loop_test(tc, a_death_by_signal_is_told_apart, 0, ABIS);
    tcase_add_loop_test(tc, signals_reach_its_own_processes_and_no_others, 0, ABIS);
    tcase_add_loop_test(tc, it_is_cancelled_by_a_descriptor, 0, ABIS);
    tcase_add_loop_test(tc, nothing_is_left_where_the_supervisor_is_killed, 0, ABIS);
    tcase_add_loop_test(tc, nothing_is_left_where_the_host_is_killed, 0, ABIS);
    tcase_add_test(tc, where_children_are_not_kept_it_works_all_the_same);
    tcase_add_test(tc, many_at_once_do_not_disturb_each_other);
    tcase_add_test(tc, a_kernel_without_landlock_is_refused_unless_allowed);
    tcase_add_test(tc, a_supervisor_that_is_not_there_or_no_supervisor_is_an_error);
    tcase_add_loop_test(root, root_is_refused_unless_allowed_and_has_no_capabilities_then, 0, ABIS);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, root);
    return s;
}
