/* SPDX-License-Identifier: Apache-2.0
 *
 * Granted folders: what lies beneath one is reached, and nothing else, by whatever way a path is turned. What opens is tried three times: with openat2, and
 * with filters that hide it in the two ways there are (ENOSYS, EPERM).
 */
#include "base/error.h"
#include "files/beneath.h"
#include "files/files.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_files(void);

enum { WITH_OPENAT2, WITHOUT_ENOSYS, WITHOUT_EPERM, WAYS };

static char top[64];
static struct file_use use;

static void set_up(void)
{
    strcpy(top, "/tmp/cordon-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    memset(&use, 0, sizeof use);
}

static void tear_down(void)
{
    char command[160];
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", top, top);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
}

/* From here on this process has no openat2. */
static void hide_openat2(int way)
{
    if (way == WITH_OPENAT2)
        return;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    ck_assert_int_eq(seccomp_rule_add(f, SCMP_ACT_ERRNO(way == WITHOUT_ENOSYS ? ENOSYS : EPERM), SCMP_SYS(openat2), 0), 0);
    ck_assert_int_eq(seccomp_load(f), 0);
    seccomp_release(f);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert_msg(f, "%s", path);
    fputs(text, f);
    fclose(f);
}

static char *get(const char *path)
{
    static char text[256];
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static struct grant grant_of(const char *text)
{
    struct grant g = {0};
    cordon_error *err = NULL;
    struct grant_source source = {.cwd = top};
    ck_assert_msg(grant_parse(text, &source, &g, &err) == 0, "%s: %s", text, err ? cordon_error_message(err) : "");
    return g;
}

static int try_root(const char *text, const struct file_guard *guard, struct file_root **ret, cordon_error **err)
{
    static const struct file_guard nothing;
    struct grant g = grant_of(text);
    int r = file_root_open(&g, guard ? guard : &nothing, ret, err);
    grant_finish(&g);
    return r;
}

static struct file_root *root(const char *text)
{
    struct file_root *r = NULL;
    cordon_error *err = NULL;
    ck_assert_msg(try_root(text, NULL, &r, &err) == 0, "%s: %s", text, err ? cordon_error_message(err) : "");
    return r;
}

static void refused(const char *text, const struct file_guard *guard, const char *why)
{
    struct file_root *r = NULL;
    cordon_error *err = NULL;
    ck_assert_msg(try_root(text, guard, &r, &err) == -CORDON_E_USAGE, "%s was opened", text);
    ck_assert_msg(strstr(cordon_error_message(err), why), "%s: %s", text, cordon_error_message(err));
    cordon_error_free(err);
}

static const char *why_not_read(const struct file_root *r, const char *rest, size_t max)
{
    static char why[256];
    char *text = NULL;
    size_t len;
    cordon_error *err = NULL;
    if (file_read(r, rest, max, &use, &text, &len, &err) == 0) {
        snprintf(why, sizeof why, "READ: %.200s", text);
        free(text);
        return why;
    }
    snprintf(why, sizeof why, "%s", cordon_error_message(err));
    cordon_error_free(err);
    return why;
}

static const char *why_not_written(const struct file_root *r, const char *rest, const char *text)
{
    static char why[256];
    cordon_error *err = NULL;
    if (file_write(r, rest, text, strlen(text), &use, &err) == 0)
        return "WRITTEN";
    snprintf(why, sizeof why, "%s", cordon_error_message(err));
    cordon_error_free(err);
    return why;
}

#define LEADS_OUT "it leads out of the granted folder"
#define NOT_FOLLOWED "it is a link, or leads through one, that is not followed"
#define NOT_REGULAR "it is not a regular file"
#define OUT(way) ((way) == WITH_OPENAT2 ? LEADS_OUT : NOT_FOLLOWED)

/* ---- roots ---- */
START_TEST(a_root_is_the_real_folder_behind_a_link)
{
    mkdir("real", 0755);
    ck_assert_int_eq(symlink("real", "link"), 0);
    struct file_root *r = root("read=link::/data");
    char want[128];
    snprintf(want, sizeof want, "%s/real", top);
    ck_assert_str_eq(r->path, want);
    ck_assert_str_eq(r->guest, "/data");
    ck_assert_int_eq(r->access, FILE_READ);
    file_root_unref(r);
    refused("read=missing", NULL, "No such file or directory");
    put("file", "x");
    refused("read=file", NULL, "Not a directory");
}
END_TEST

START_TEST(places_of_the_kernel_are_no_roots)
{
    ck_assert_int_eq(symlink("/proc", "p"), 0);
    ck_assert_int_eq(symlink("/", "slash"), 0);
    ck_assert_int_eq(symlink("/dev/..", "dots"), 0);
    refused("read=p", NULL, "/proc, /sys, /dev or /run");
    refused("read=p/self", NULL, "/proc, /sys, /dev or /run");
    refused("read=slash", NULL, "the whole file system");
    refused("read=dots", NULL, "the whole file system");
    refused("read=slash/dev", NULL, "/proc, /sys, /dev or /run");
}
END_TEST

START_TEST(proc_under_another_name_is_no_root)
{
    mkdir("elsewhere", 0755);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("/proc", "elsewhere", NULL, MS_BIND | MS_REC, NULL) < 0) {
        puts("SKIPPED: no right to mount");
        return;
    }
    refused("read=elsewhere", NULL, "of the kernel's own");
    umount2("elsewhere", MNT_DETACH);
}
END_TEST

START_TEST(the_home_folder_and_what_holds_it_are_no_roots)
{
    mkdir("home", 0755);
    mkdir("home/me", 0755);
    mkdir("home/me/papers", 0755);
    ck_assert_int_eq(symlink("home/me", "alias"), 0);
    char home[128];
    snprintf(home, sizeof home, "%s/alias", top);
    struct file_guard guard = {.home = home};
    refused("read=home/me", &guard, "home folder");
    refused("read=home", &guard, "home folder");
    refused("read=alias", &guard, "home folder");
    struct file_root *r = NULL;
    ck_assert_int_eq(try_root("read=home/me/papers", &guard, &r, NULL), 0);
    file_root_unref(r);
}
END_TEST

START_TEST(cordons_own_data_is_no_root_nor_in_one)
{
    mkdir("work", 0755);
    mkdir("work/data", 0755);
    mkdir("work/data/cordon", 0700);
    mkdir("work/data/cordon/blobs", 0700);
    mkdir("work/other", 0755);
    char data[128], coming[128], settings[128];
    snprintf(data, sizeof data, "%s/work/data/cordon", top);
    snprintf(coming, sizeof coming, "%s/work/other/cache/cordon", top); /* not there yet */
    snprintf(settings, sizeof settings, "%s/work/settings", top);
    const struct file_place places[] = {
        {data, "Cordon's own data", FILE_READ | FILE_WRITE}, {coming, "Cordon's cache", FILE_READ | FILE_WRITE}, {settings, "Cordon's settings", FILE_WRITE}};
    struct file_guard guard = {.places = places, .n = 3};
    refused("read=work", &guard, "contains Cordon's own data");
    refused("read=work/data", &guard, "contains Cordon's own data");
    refused("read=work/data/cordon", &guard, "lies in Cordon's own data");
    refused("write=work/data/cordon/blobs", &guard, "lies in Cordon's own data");
    refused("rw=work/other", &guard, "contains Cordon's cache");
    mkdir("work/settings", 0755);
    struct file_root *r = NULL;
    refused("write=work/settings", &guard, "lies in Cordon's settings");
    ck_assert_int_eq(try_root("read=work/settings", &guard, &r, NULL), 0);
    file_root_unref(r);
    mkdir("work/database", 0755);
    ck_assert_msg(try_root("read=work/database", &guard, &r, NULL) == 0, "its name only begins like work/data");
    file_root_unref(r);
}
END_TEST

START_TEST(another_name_for_the_folder_of_cordons_data_is_no_root_either)
{
    mkdir("data", 0700);
    mkdir("data/cordon", 0700);
    mkdir("alias", 0755);
    char data[128];
    snprintf(data, sizeof data, "%s/data/cordon", top);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("data", "alias", NULL, MS_BIND, NULL) < 0) {
        puts("SKIPPED: no right to mount");
        return;
    }
    const struct file_place place = {data, "Cordon's own data", FILE_READ};
    struct file_guard guard = {.places = &place, .n = 1};
    refused("read=alias", &guard, "contains Cordon's own data");
    umount2("alias", MNT_DETACH);
}
END_TEST

START_TEST(a_root_replaced_by_another_folder_is_noticed)
{
    mkdir("data", 0755);
    put("data/a", "granted");
    struct file_root *r = root("rw=data");
    ck_assert_str_eq(why_not_read(r, "a", 100), "READ: granted");
    ck_assert_int_eq(rename("data", "was"), 0);
    ck_assert_int_eq(file_root_check(r), -ESTALE);
    mkdir("data", 0755);
    put("data/a", "another");
    ck_assert_str_eq(why_not_read(r, "a", 100), "the granted folder is no longer the one that was granted");
    ck_assert_str_eq(why_not_written(r, "a", "x"), "the granted folder is no longer the one that was granted");
    rename("data", "other");
    ck_assert_int_eq(symlink("was", "data"), 0);
    ck_assert_msg(file_root_check(r) == -ESTALE, "a link in its place is not it");
    file_root_unref(r);
}
END_TEST

/* ---- sets and guest paths ---- */
static void add(struct file_roots **s, const char *text)
{
    struct file_root *r = root(text);
    cordon_error *err = NULL;
    ck_assert_msg(file_roots_add(s, r, &err) == 0, "%s", err ? cordon_error_message(err) : "");
    file_root_unref(r);
}

static void leads(const struct file_roots *s, const char *path, const char *guest, const char *rest)
{
    const char *got = NULL;
    const struct file_root *r = file_roots_find(s, path, &got);
    if (!guest) {
        ck_assert_msg(!r, "%s leads to %s", path, r ? r->guest : "");
        return;
    }
    ck_assert_msg(r && strcmp(r->guest, guest) == 0, "%s leads to %s", path, r ? r->guest : "nothing");
    ck_assert_str_eq(got, rest);
}

START_TEST(the_longest_guest_path_decides)
{
    mkdir("a", 0755);
    mkdir("b", 0755);
    mkdir("c", 0755);
    struct file_roots *s = file_roots_new();
    add(&s, "read=a::/data");
    add(&s, "write=b::/data/out");
    leads(s, "/data/out/x", "/data/out", "x");
    leads(s, "/data/out", "/data/out", "");
    leads(s, "/data/outer/x", "/data", "outer/x");
    leads(s, "/data", "/data", "");
    leads(s, "/database", NULL, NULL);
    leads(s, "/dat", NULL, NULL);
    leads(s, "/", NULL, NULL);
    leads(NULL, "/data", NULL, NULL);
    add(&s, "read=c::/");
    leads(s, "/database/x", "/", "database/x");
    leads(s, "/", "/", "");
    leads(s, "/data/x", "/data", "x");
    file_roots_unref(s);
}
END_TEST

START_TEST(a_set_that_others_hold_is_not_changed)
{
    mkdir("a", 0755);
    mkdir("b", 0755);
    struct file_roots *s = file_roots_new(), *held;
    add(&s, "read=a::/data");
    held = s;
    file_roots_ref(held);
    add(&s, "write=a::/data");
    ck_assert_ptr_ne(s, held);
    ck_assert_uint_eq(s->n, 1);
    ck_assert_int_eq(s->item[0]->access, FILE_READ | FILE_WRITE);
    ck_assert_int_eq(held->item[0]->access, FILE_READ);

    struct file_root *b = root("read=b::/data");
    cordon_error *err = NULL;
    ck_assert_int_eq(file_roots_add(&s, b, &err), -CORDON_E_USAGE);
    ck_assert(strstr(cordon_error_message(err), "two folders cannot both be /data"));
    cordon_error_free(err);
    file_root_unref(b);
    file_roots_unref(held);
    ck_assert(faccessat(s->item[0]->fd, ".", F_OK, 0) == 0);
    file_roots_unref(s);
}
END_TEST

START_TEST(a_set_has_a_ceiling)
{
    mkdir("a", 0755);
    struct file_roots *s = file_roots_new();
    char text[64];
    for (int i = 0; i < FILE_ROOTS_MAX; i++) {
        snprintf(text, sizeof text, "read=a::/d%d", i);
        add(&s, text);
    }
    struct file_root *more = root("read=a::/more");
    ck_assert_int_eq(file_roots_add(&s, more, NULL), -CORDON_E_TOO_LARGE);
    ck_assert_uint_eq(s->n, FILE_ROOTS_MAX);
    file_root_unref(more);
    file_roots_unref(s);
}
END_TEST

static void canonical(const struct file_roots *s, const char *path, size_t len, const char *want)
{
    char *got = NULL;
    cordon_error *err = NULL;
    int r = file_guest_path(s, path, len, &got, &err);
    if (want[0] == '/') {
        ck_assert_msg(r == 0, "%s: %s", path, err ? cordon_error_message(err) : "");
        ck_assert_str_eq(got, want);
    } else {
        ck_assert_msg(r == -CORDON_E_USAGE && strstr(cordon_error_message(err), want), "%s: %s", path, got ? got : cordon_error_message(err));
    }
    free(got);
    cordon_error_free(err);
}
#define CANONICAL(s, path, want) canonical(s, path, sizeof path - 1, want)

START_TEST(a_guest_path_has_one_form)
{
    mkdir("a", 0755);
    struct file_roots *none = file_roots_new(), *one = file_roots_new(), *two = file_roots_new();
    add(&one, "read=a::/data");
    add(&two, "read=a::/data");
    add(&two, "read=a::/more");
    CANONICAL(one, "/data/../etc/passwd", "/etc/passwd");
    CANONICAL(one, "/data//./x/", "/data/x");
    CANONICAL(one, "/../../..", "/");
    CANONICAL(one, "/", "/");
    CANONICAL(one, "/data/x/../../../y", "/y");
    CANONICAL(one, "/...", "/...");
    CANONICAL(one, "x/y", "/data/x/y");
    CANONICAL(one, "./x", "/data/x");
    CANONICAL(one, "", "/data");
    CANONICAL(one, "../etc", "/etc");
    CANONICAL(none, "x", "no folder");
    CANONICAL(NULL, "x", "no folder");
    CANONICAL(two, "x", "several folders");
    CANONICAL(two, "/more/x", "/more/x");
    CANONICAL(one, "/data/a\0b", "NUL");
    CANONICAL(one, "/data/\xff", "UTF-8");
    char longest[FILE_PATH_MAX + 2], *got = NULL;
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[FILE_PATH_MAX + 1] = '\0';
    ck_assert_int_eq(file_guest_path(one, longest, FILE_PATH_MAX + 1, &got, NULL), -CORDON_E_USAGE);
    ck_assert_int_eq(file_guest_path(one, longest + 1, FILE_PATH_MAX, &got, NULL), -CORDON_E_USAGE);
    longest[FILE_PATH_MAX] = '\0';
    ck_assert_int_eq(file_guest_path(one, longest, FILE_PATH_MAX, &got, NULL), 0);
    ck_assert(strcmp(got, longest) == 0);
    free(got);
    file_roots_unref(none);
    file_roots_unref(one);
    file_roots_unref(two);
}
END_TEST

/* ---- opening beneath ---- */
START_TEST(what_lies_beneath_is_read)
{
    mkdir("data", 0755);
    mkdir("data/sub", 0755);
    put("data/a", "one");
    put("data/sub/b", "two");
    put("data/empty", "");
    struct file_root *r = root("read=data");
    hide_openat2(_i);
    ck_assert_str_eq(why_not_read(r, "a", 100), "READ: one");
    ck_assert_str_eq(why_not_read(r, "sub/b", 100), "READ: two");
    ck_assert_str_eq(why_not_read(r, "empty", 0), "READ: ");
    ck_assert_str_eq(why_not_read(r, "missing", 100), "No such file or directory");
    ck_assert_str_eq(why_not_read(r, "a/b", 100), "Not a directory");
    ck_assert_str_eq(why_not_read(r, "sub", 100), "Is a directory");
    ck_assert_str_eq(why_not_read(r, "", 100), "Is a directory");
    file_root_unref(r);
}
END_TEST

START_TEST(nothing_leads_out_of_a_root)
{
    mkdir("data", 0755);
    mkdir("data/sub", 0755);
    mkdir("database", 0755);
    put("secret", "SECRET");
    put("database/secret", "SECRET");
    char absolute[128];
    snprintf(absolute, sizeof absolute, "%s/secret", top);
    ck_assert_int_eq(symlink("../secret", "data/up"), 0);
    ck_assert_int_eq(symlink(absolute, "data/absolute"), 0);
    ck_assert_int_eq(symlink("..", "data/folder"), 0);
    ck_assert_int_eq(symlink("../../secret", "data/sub/up"), 0);
    ck_assert_int_eq(symlink("/proc/self/root", "data/magic"), 0);
    ck_assert_int_eq(symlink("loop", "data/loop"), 0);
    struct file_root *r = root("rw=data");
    hide_openat2(_i);
    ck_assert_str_eq(why_not_read(r, "up", 100), OUT(_i));
    ck_assert_str_eq(why_not_read(r, "absolute", 100), OUT(_i));
    ck_assert_str_eq(why_not_read(r, "folder/secret", 100), OUT(_i));
    ck_assert_str_eq(why_not_read(r, "sub/up", 100), OUT(_i));
    ck_assert_str_eq(why_not_read(r, "magic/etc/passwd", 100), OUT(_i));
    ck_assert_str_eq(why_not_read(r, "loop", 100), NOT_FOLLOWED);
    ck_assert_str_eq(why_not_read(r, "../secret", 100), LEADS_OUT);
    ck_assert_str_eq(why_not_read(r, "sub/../../secret", 100), LEADS_OUT);
    ck_assert_str_eq(why_not_read(r, "../database/secret", 100), LEADS_OUT);
    ck_assert_str_eq(why_not_read(r, "/etc/passwd", 100), LEADS_OUT);
    ck_assert_str_eq(why_not_written(r, "up", "x"), NOT_FOLLOWED);
    ck_assert_str_eq(why_not_written(r, "folder/secret", "x"), OUT(_i));
    ck_assert_str_eq(why_not_written(r, "../secret", "x"), LEADS_OUT);
    ck_assert_str_eq(get("secret"), "SECRET");
    file_root_unref(r);
}
END_TEST

START_TEST(a_link_that_stays_beneath_is_followed_where_the_kernel_can)
{
    mkdir("data", 0755);
    mkdir("data/sub", 0755);
    put("data/a", "one");
    ck_assert_int_eq(symlink("../a", "data/sub/link"), 0);
    struct file_root *r = root("read=data");
    hide_openat2(_i);
    ck_assert_str_eq(why_not_read(r, "sub/link", 100), _i == WITH_OPENAT2 ? "READ: one" : NOT_FOLLOWED);
    file_root_unref(r);
}
END_TEST

START_TEST(another_mount_beneath_is_not_entered)
{
    mkdir("data", 0755);
    mkdir("data/mnt", 0755);
    mkdir("data/same", 0755);
    mkdir("aside", 0755);
    put("aside/secret", "SECRET");
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", "data/mnt", "tmpfs", 0, NULL) < 0 ||
        mount("aside", "data/same", NULL, MS_BIND, NULL) < 0) {
        puts("SKIPPED: no right to mount");
        return;
    }
    put("data/mnt/secret", "SECRET");
    struct file_root *r = root("rw=data");
    hide_openat2(_i);
    ck_assert_str_eq(why_not_read(r, "mnt/secret", 100), LEADS_OUT);
    ck_assert_str_eq(why_not_read(r, "same/secret", 100), LEADS_OUT);
    ck_assert_str_eq(why_not_written(r, "mnt/new", "x"), LEADS_OUT);
    ck_assert_str_eq(why_not_written(r, "same/new", "x"), LEADS_OUT);
    file_root_unref(r);
    umount2("data/mnt", MNT_DETACH);
    umount2("data/same", MNT_DETACH);
}
END_TEST

START_TEST(proc_mounted_in_a_root_is_not_entered)
{
    mkdir("data", 0755);
    mkdir("data/proc", 0755);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("/proc", "data/proc", NULL, MS_BIND | MS_REC, NULL) < 0) {
        puts("SKIPPED: no right to mount");
        return;
    }
    struct file_root *r = root("read=data");
    hide_openat2(_i);
    ck_assert_str_eq(why_not_read(r, "proc/self/environ", 100000), LEADS_OUT);
    ck_assert_str_eq(why_not_read(r, "proc/self/root/etc/passwd", 100000), LEADS_OUT);
    file_root_unref(r);
    umount2("data/proc", MNT_DETACH);
}
END_TEST

START_TEST(a_fifo_does_not_block_and_a_device_is_refused)
{
    mkdir("data", 0755);
    ck_assert_int_eq(mkfifo("data/fifo", 0666), 0);
    bool device = mknod("data/zero", S_IFCHR | 0666, makedev(1, 5)) == 0;
    struct file_root *r = root("rw=data");
    hide_openat2(_i);
    ck_assert_str_eq(why_not_read(r, "fifo", 100), NOT_REGULAR);
    ck_assert_str_eq(why_not_written(r, "fifo", "x"), NOT_REGULAR);
    if (device) {
        ck_assert_str_eq(why_not_read(r, "zero", 100), NOT_REGULAR);
        ck_assert_str_eq(why_not_written(r, "zero", "x"), NOT_REGULAR);
    } else {
        puts("SKIPPED: no right to make a device");
    }
    file_root_unref(r);
}
END_TEST

struct swap {
    _Atomic bool stop;
    _Atomic int swaps;
};

/* "data/a" is by turns a file, a link that stays in, and one that leads out; "data/d" a folder, and a link that leads out. */
static void *swap_main(void *data)
{
    struct swap *s = data;
    for (int i = 0; !atomic_load(&s->stop); i++) {
        unlink("next");
        unlink("nextd");
        if (i % 3 == 0)
            put("next", "fine");
        else if (symlink(i % 3 == 1 ? "b" : "../secret", "next") < 0)
            break;
        rename("next", "data/a");
        if (i % 2 ? symlink("..", "nextd") < 0 : symlink("e", "nextd") < 0)
            break;
        rename("nextd", "data/d");
        atomic_fetch_add(&s->swaps, 1);
    }
    return NULL;
}

START_TEST(a_link_swapped_while_reads_go_on_never_leads_out)
{
    mkdir("data", 0755);
    mkdir("data/e", 0755);
    put("data/e/secret", "fine");
    put("data/a", "fine");
    put("data/b", "fine");
    put("secret", "SECRET");
    struct file_root *r = root("rw=data");
    hide_openat2(_i);
    struct swap s = {0};
    pthread_t thread;
    pthread_create(&thread, NULL, swap_main, &s);
    while (!atomic_load(&s.swaps))
        sched_yield();
    int read = 0;
    for (int i = 0; i < 6000 || (!read && i < 1000000); i++) { /* on a busy machine few of them find a file in its place */
        use.opens = 0;
        const char *got = why_not_read(r, i % 2 ? "a" : "d/secret", 100);
        ck_assert_msg(!strstr(got, "SECRET"), "%s", got);
        read += strncmp(got, "READ: fine", 10) == 0;
        if (i % 200 == 0)
            why_not_written(r, "d/secret", "fine");
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    ck_assert_str_eq(get("secret"), "SECRET");
    ck_assert_int_gt(s.swaps, 10);
    ck_assert_int_gt(read, 0);
    file_root_unref(r);
}
END_TEST

START_TEST(a_call_opens_so_many_files_and_no_more)
{
    mkdir("data", 0755);
    put("data/a", "one");
    struct file_root *r = root("read=data");
    for (int i = 0; i < FILE_OPENS_MAX; i++)
        ck_assert_str_eq(why_not_read(r, "a", 100), "READ: one");
    ck_assert_str_eq(why_not_read(r, "a", 100), "this call has opened 1000 files already");
    file_root_unref(r);
}
END_TEST

/* ---- reading ---- */
START_TEST(a_file_is_read_up_to_its_ceiling)
{
    mkdir("data", 0755);
    put("data/ten", "0123456789");
    struct file_root *r = root("read=data");
    ck_assert_str_eq(why_not_read(r, "ten", 10), "READ: 0123456789");
    ck_assert_str_eq(why_not_read(r, "ten", 9), "it is larger than the 9 bytes that may be read now");
    ck_assert_int_eq(truncate("data/ten", (off_t)1 << 40), 0);
    ck_assert_str_eq(why_not_read(r, "ten", 1 << 20), "it is larger than the 1048576 bytes that may be read now");
    file_root_unref(r);
}
END_TEST

static void *append_main(void *data)
{
    struct swap *s = data;
    int fd = open("data/log", O_WRONLY | O_APPEND);
    char block[4096];
    memset(block, 'x', sizeof block);
    while (!atomic_load(&s->stop) && write(fd, block, sizeof block) > 0)
        if (atomic_fetch_add(&s->swaps, 1) % 1000 == 999)
            ck_assert_int_eq(ftruncate(fd, 1), 0);
    close(fd);
    return NULL;
}

START_TEST(a_file_that_grows_meanwhile_ends_at_the_ceiling)
{
    enum { MAX = 64 << 10 };
    mkdir("data", 0755);
    put("data/log", "x");
    struct file_root *r = root("read=data");
    struct swap s = {0};
    pthread_t thread;
    pthread_create(&thread, NULL, append_main, &s);
    for (int i = 0; i < 500; i++) {
        char *text = NULL;
        size_t len = 0;
        cordon_error *err = NULL;
        use.opens = 0;
        int rc = file_read(r, "log", MAX, &use, &text, &len, &err);
        ck_assert(rc == 0 ? len <= MAX && text[len] == '\0' : rc == -CORDON_E_TOO_LARGE);
        cordon_error_free(err);
        free(text);
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    file_root_unref(r);
}
END_TEST

START_TEST(what_is_not_wanted_any_more_is_not_done)
{
    mkdir("data", 0755);
    put("data/a", "old");
    struct file_root *r = root("rw=data");
    atomic_store(&use.stop, true);
    ck_assert_str_eq(why_not_read(r, "a", 100), "the call is over");
    ck_assert_str_eq(why_not_written(r, "a", "new"), "the call is over");
    ck_assert_str_eq(get("data/a"), "old");
    ck_assert_int_eq(system("test \"$(ls -A data)\" = a"), 0);
    file_root_unref(r);
}
END_TEST

/* ---- writing ---- */
START_TEST(a_file_is_written_whole_and_keeps_its_mode)
{
    mkdir("data", 0755);
    mkdir("data/sub", 0755);
    put("data/a", "a long old text");
    chmod("data/a", 0640);
    umask(022);
    struct file_root *r = root("write=data");
    hide_openat2(_i);
    struct stat st;
    ck_assert_str_eq(why_not_written(r, "a", "new"), "WRITTEN");
    ck_assert_str_eq(get("data/a"), "new");
    ck_assert_int_eq(stat("data/a", &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0640);
    ck_assert_str_eq(why_not_written(r, "sub/b", ""), "WRITTEN");
    ck_assert_int_eq(stat("data/sub/b", &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0644);
    ck_assert_int_eq(st.st_size, 0);
    ck_assert_str_eq(why_not_written(r, "missing/b", "x"), "No such file or directory");
    ck_assert_str_eq(why_not_written(r, "sub", "x"), "Is a directory");
    ck_assert_str_eq(why_not_written(r, "", "x"), "Is a directory");
    ck_assert_str_eq(why_not_written(r, "sub/", "x"), "Is a directory");
    ck_assert_int_eq(system("test \"$(ls -A data)\" = \"a\nsub\""), 0);
    file_root_unref(r);
}
END_TEST

START_TEST(a_link_at_the_end_is_not_written_through)
{
    mkdir("data", 0755);
    put("data/target", "old");
    put("secret", "SECRET");
    ck_assert_int_eq(symlink("target", "data/inside"), 0);
    ck_assert_int_eq(symlink("../secret", "data/outside"), 0);
    ck_assert_int_eq(symlink("nowhere", "data/dangling"), 0);
    ck_assert_int_eq(link("secret", "data/hard"), 0);
    struct file_root *r = root("write=data");
    hide_openat2(_i);
    ck_assert_str_eq(why_not_written(r, "inside", "x"), NOT_FOLLOWED);
    ck_assert_str_eq(why_not_written(r, "outside", "x"), NOT_FOLLOWED);
    ck_assert_str_eq(why_not_written(r, "dangling", "x"), NOT_FOLLOWED);
    ck_assert_str_eq(why_not_written(r, "hard", "x"), "WRITTEN");
    ck_assert_str_eq(get("data/hard"), "x");
    ck_assert_msg(strcmp(get("secret"), "SECRET") == 0, "the other name of a file keeps what it had");
    ck_assert_str_eq(get("data/target"), "old");
    file_root_unref(r);
}
END_TEST

START_TEST(a_file_that_may_not_be_written_is_not_replaced)
{
    mkdir("data", 0777);
    put("data/a", "old");
    chmod("data/a", 0444);
    chmod("data", 0777);
    chmod(top, 0755);
    struct file_root *r = root("write=data");
    if (geteuid() == 0 && (setegid(65534) < 0 || seteuid(65534) < 0))
        ck_abort_msg("cannot be nobody");
    ck_assert_str_eq(why_not_written(r, "a", "new"), "Permission denied");
    ck_assert_str_eq(get("data/a"), "old");
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    file_root_unref(r);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_content_whole)
{
    mkdir("data", 0755);
    put("data/a", "old");
    struct file_root *r = root("write=data");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {.rlim_cur = 1000, .rlim_max = 1000};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    char text[2001];
    memset(text, 'x', sizeof text - 1);
    text[2000] = '\0';
    ck_assert_str_eq(why_not_written(r, "a", text), "File too large");
    ck_assert_str_eq(get("data/a"), "old");
    ck_assert_int_eq(system("test \"$(ls -A data)\" = a"), 0);
    file_root_unref(r);
}
END_TEST

START_TEST(a_kill_at_any_moment_leaves_the_old_or_the_new)
{
    enum { SIZE = 300000, ROUNDS = 15 };
    mkdir("data", 0755);
    struct file_root *r = root("write=data");
    char *text = malloc(SIZE), *got = malloc(SIZE + 1);
    memset(text, 'a', SIZE);
    ck_assert_int_eq(file_write(r, "a", text, SIZE, &use, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (char c = 'b';; c = (char)(c == 'z' ? 'b' : c + 1)) {
                use.opens = 0;
                memset(text, c, SIZE);
                if (file_write(r, "a", text, SIZE, &use, NULL) < 0)
                    _exit(1);
            }
        }
        usleep((useconds_t)(rand() % 8000));
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        ck_assert(WIFSIGNALED(status));
        int fd = open("data/a", O_RDONLY);
        ck_assert_int_eq(read(fd, got, SIZE + 1), SIZE);
        close(fd);
        for (int k = 1; k < SIZE; k++)
            ck_assert_int_eq(got[k], got[0]);
    }
    free(text);
    free(got);
    file_root_unref(r);
}
END_TEST

Suite *suite_files(void)
{
    Suite *s = suite_create("files");
    TCase *roots = tcase_create("roots");
    tcase_add_checked_fixture(roots, set_up, tear_down);
    tcase_add_test(roots, a_root_is_the_real_folder_behind_a_link);
    tcase_add_test(roots, places_of_the_kernel_are_no_roots);
    tcase_add_test(roots, proc_under_another_name_is_no_root);
    tcase_add_test(roots, the_home_folder_and_what_holds_it_are_no_roots);
    tcase_add_test(roots, cordons_own_data_is_no_root_nor_in_one);
    tcase_add_test(roots, another_name_for_the_folder_of_cordons_data_is_no_root_either);
    tcase_add_test(roots, a_root_replaced_by_another_folder_is_noticed);
    tcase_add_test(roots, the_longest_guest_path_decides);
    tcase_add_test(roots, a_set_that_others_hold_is_not_changed);
    tcase_add_test(roots, a_set_has_a_ceiling);
    tcase_add_test(roots, a_guest_path_has_one_form);
    suite_add_tcase(s, roots);

    TCase *beneath = tcase_create("beneath");
    tcase_add_checked_fixture(beneath, set_up, tear_down);
    tcase_set_timeout(beneath, 60);
    tcase_add_loop_test(beneath, what_lies_beneath_is_read, 0, WAYS);
    tcase_add_loop_test(beneath, nothing_leads_out_of_a_root, 0, WAYS);
    tcase_add_loop_test(beneath, a_link_that_stays_beneath_is_followed_where_the_kernel_can, 0, WAYS);
    tcase_add_loop_test(beneath, another_mount_beneath_is_not_entered, 0, WAYS);
    tcase_add_loop_test(beneath, proc_mounted_in_a_root_is_not_entered, 0, WAYS);
    tcase_add_loop_test(beneath, a_fifo_does_not_block_and_a_device_is_refused, 0, WAYS);
    tcase_add_loop_test(beneath, a_link_swapped_while_reads_go_on_never_leads_out, 0, WAYS);
    tcase_add_test(beneath, a_call_opens_so_many_files_and_no_more);
    suite_add_tcase(s, beneath);

    TCase *whole = tcase_create("whole files");
    tcase_add_checked_fixture(whole, set_up, tear_down);
    tcase_set_timeout(whole, 60);
    tcase_add_test(whole, a_file_is_read_up_to_its_ceiling);
    tcase_add_test(whole, a_file_that_grows_meanwhile_ends_at_the_ceiling);
    tcase_add_test(whole, what_is_not_wanted_any_more_is_not_done);
    tcase_add_loop_test(whole, a_file_is_written_whole_and_keeps_its_mode, 0, WAYS);
    tcase_add_loop_test(whole, a_link_at_the_end_is_not_written_through, 0, WAYS);
    tcase_add_test(whole, a_file_that_may_not_be_written_is_not_replaced);
    tcase_add_test(whole, a_full_disk_leaves_the_old_content_whole);
    tcase_add_test(whole, a_kill_at_any_moment_leaves_the_old_or_the_new);
    suite_add_tcase(s, whole);
    return s;
}
