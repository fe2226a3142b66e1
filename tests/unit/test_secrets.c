/* SPDX-License-Identifier: Apache-2.0
 * The operator's secrets: what is given back is what was set, or an error that says why; and nobody else can have changed it. */
#include "base/cleanup.h"
#include "base/error.h"
#include "keep/secrets.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

Suite *suite_secrets(void);

static char root[64], home[96];

static void setup(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(home, sizeof home, "%s/data/cordon", root);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void teardown(void) { nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static const char *in_home(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static void set(const char *name, const char *value)
{
    cordon_error *err = NULL;
    int r = secrets_set(home, name, value, strlen(value), &err);
    ck_assert_msg(r == 0, "%s", err ? cordon_error_message(err) : "");
}

/* 1: it is `value`; 0: there is none; or the negative code. An error has been made, and does not tell `value`. */
static int get(const char *name, const char *value)
{
    struct secret *s = NULL;
    cordon_error *err = NULL;
    int r = secrets_get(home, name, &s, &err);
    if (r == 1) {
        ck_assert_str_eq(s->bytes, value);
        ck_assert_uint_eq(s->len, strlen(value));
    }
    if (r < 0) {
        ck_assert_int_eq(r, -(int)cordon_error_code(err));
        ck_assert(!strstr(cordon_error_message(err), value) && !strstr(cordon_error_hint(err), value));
    } else {
        ck_assert_ptr_null(err);
    }
    cordon_error_free(err);
    secret_unref(s);
    return r;
}

static void check_failure(int r, enum cordon_errc code, cordon_error *err, const char *says)
{
    ck_assert_int_eq(r, -(int)code);
    ck_assert_msg(!says || strstr(cordon_error_message(err), says) || strstr(cordon_error_hint(err), says), "%s (%s)", cordon_error_message(err),
                  cordon_error_hint(err));
    cordon_error_free(err);
}

/* `call` uses &err. */
#define fails_with(call, code, err, says)   \
    do {                                    \
        int r_ = call;                      \
        check_failure(r_, code, err, says); \
    } while (0)

START_TEST(what_was_set_is_given_back)
{
    set("a", "one");
    set("b.c-d_E9", "zwei \xc3\xa4");
    ck_assert_int_eq(get("a", "one"), 1);
    ck_assert_int_eq(get("b.c-d_E9", "zwei \xc3\xa4"), 1);
    ck_assert_int_eq(get("c", "x"), 0);
    set("a", "another");
    ck_assert_int_eq(get("a", "another"), 1);
}
END_TEST

START_TEST(where_nothing_was_set_nothing_is_made)
{
    struct secret_list list;
    ck_assert_int_eq(get("a", "one"), 0);
    ck_assert_int_eq(secrets_remove(home, "a", NULL), 0);
    ck_assert_int_eq(secrets_list(home, &list, NULL), 0);
    ck_assert_uint_eq(list.n, 0);
    secret_list_finish(&list);
    ck_assert_int_ne(access(home, F_OK), 0);
}
END_TEST

START_TEST(a_value_may_have_64_kib_and_hold_a_nul)
{
    cordon_error *err = NULL;
    char *big = malloc(SECRET_VALUE_MAX + 1);
    struct secret *s = NULL;
    memset(big, 'x', SECRET_VALUE_MAX + 1);
    big[7] = '\0';
    ck_assert_int_eq(secrets_set(home, "big", big, SECRET_VALUE_MAX, NULL), 0);
    ck_assert_int_eq(secrets_get(home, "big", &s, NULL), 1);
    ck_assert_uint_eq(s->len, SECRET_VALUE_MAX);
    ck_assert(!memcmp(s->bytes, big, SECRET_VALUE_MAX) && s->bytes[s->len] == '\0');
    secret_unref(s);
    fails_with(secrets_set(home, "big", big, SECRET_VALUE_MAX + 1, &err), CORDON_E_TOO_LARGE, err, "64 KiB");
    fails_with(secrets_set(home, "big", "\xff", 1, &err), CORDON_E_USAGE, err, "UTF-8");
    fails_with(secrets_set(home, "big", "", 0, &err), CORDON_E_USAGE, err, "empty");
    free(big);
}
END_TEST

START_TEST(a_name_that_is_no_name_is_refused_and_not_repeated)
{
    static const char *const bad[] = {"", ".", "..", "../a", "a/b", "-a", "sk live", "CORDON_X", "ld_preload", "k*y", "na\xc3\xafve", "a\nb", ".tmp-a"};
    char longest[130];
    memset(longest, 'a', 129);
    longest[129] = '\0';
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        const char *name = i < sizeof bad / sizeof *bad ? bad[i] : longest;
        struct secret *s;
        cordon_error *err = NULL;
        ck_assert_int_eq(secrets_set(home, name, "x", 1, &err), -CORDON_E_USAGE);
        ck_assert(strlen(name) < 3 || !strstr(cordon_error_message(err), name));
        ck_assert_ptr_null(cordon_error_subject(err));
        cordon_error_free(err);
        ck_assert_int_eq(secrets_get(home, name, &s, NULL), -CORDON_E_USAGE);
        ck_assert_int_eq(secrets_remove(home, name, NULL), -CORDON_E_USAGE);
    }
    longest[128] = '\0';
    set(longest, "x");
    ck_assert_int_eq(get(longest, "x"), 1);
}
END_TEST

START_TEST(the_list_has_names_and_times_in_order)
{
    struct secret_list list;
    set("b", "1");
    set("a", "2");
    set("c", "3");
    ck_assert_int_eq(secrets_remove(home, "c", NULL), 1);
    ck_assert_int_eq(secrets_remove(home, "c", NULL), 0);
    ck_assert_int_eq(secrets_list(home, &list, NULL), 0);
    ck_assert_uint_eq(list.n, 2);
    ck_assert_str_eq(list.item[0].name, "a");
    ck_assert_str_eq(list.item[1].name, "b");
    ck_assert(list.item[0].whole && list.item[0].set_at_ms > 1600000000000);
    secret_list_finish(&list);
}
END_TEST

START_TEST(files_are_the_users_alone_and_do_not_hold_the_value)
{
    static const char *const files[] = {"secrets.key", "secrets/a"};
    char text[4096];
    struct stat st;
    umask(0);
    set("a", "in plain words");
    ck_assert(!stat(home, &st) && (st.st_mode & 0777) == 0700);
    ck_assert(!stat(in_home("secrets"), &st) && (st.st_mode & 0777) == 0700);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(!stat(in_home(files[i]), &st) && (st.st_mode & 0777) == 0600);
        cleanup_fd int fd = open(in_home(files[i]), O_RDONLY);
        ssize_t n = read(fd, text, sizeof text);
        ck_assert(n > 0 && !memmem(text, (size_t)n, "plain", 5));
    }
}
END_TEST

START_TEST(the_same_value_is_never_sealed_alike)
{
    char one[256], two[256];
    set("a", "same");
    cleanup_fd int fd = open(in_home("secrets/a"), O_RDONLY);
    ssize_t n = read(fd, one, sizeof one);
    set("a", "same");
    cleanup_fd int again = open(in_home("secrets/a"), O_RDONLY);
    ck_assert_int_eq(read(again, two, sizeof two), n);
    ck_assert(memcmp(one + 16, two + 16, 24) && memcmp(one + 56, two + 56, (size_t)n - 56));
}
END_TEST

/* ---- damage ---- */

/* Changes one byte, or with at < 0 the length. */
static void damage(const char *file, long at, int by)
{
    struct stat st;
    uint8_t byte;
    cleanup_fd int fd = open(in_home(file), O_RDWR);
    ck_assert(fd >= 0 && !fstat(fd, &st));
    if (at < 0) {
        ck_assert_int_eq(ftruncate(fd, st.st_size + by), 0);
        return;
    }
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= (uint8_t)by;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
}

static long size_of(const char *file)
{
    struct stat st;
    ck_assert_int_eq(stat(in_home(file), &st), 0);
    return st.st_size;
}

START_TEST(a_change_of_any_byte_is_an_error_and_not_another_value)
{
    static const char *const files[] = {"secrets/a", "secrets.key"};
    set("a", "a secret of some length");
    for (size_t i = 0; i < 2; i++) {
        for (long at = 0; at < size_of(files[i]); at++) {
            damage(files[i], at, 0x10);
            ck_assert_int_eq(get("a", "a secret of some length"), -CORDON_E_DAMAGED);
            damage(files[i], at, 0x10);
        }
    }
    ck_assert_int_eq(get("a", "a secret of some length"), 1);
}
END_TEST

START_TEST(a_file_of_any_other_length_is_an_error)
{
    set("a", "value");
    for (long n = size_of("secrets/a"); n; n--) {
        damage("secrets/a", -1, -1);
        ck_assert_int_eq(get("a", "value"), -CORDON_E_DAMAGED);
    }
    set("a", "value");
    damage("secrets/a", -1, 1);
    ck_assert_int_eq(get("a", "value"), -CORDON_E_DAMAGED);
    damage("secrets/a", -1, 100 << 20);
    ck_assert_int_eq(get("a", "value"), -CORDON_E_DAMAGED);
    set("a", "value");
    damage("secrets.key", -1, 1);
    ck_assert_int_eq(get("a", "value"), -CORDON_E_DAMAGED);
    damage("secrets.key", -1, -40);
    ck_assert_int_eq(get("a", "value"), -CORDON_E_DAMAGED);
}
END_TEST

START_TEST(two_secrets_cannot_be_swapped)
{
    char other[256];
    set("a", "of a");
    set("b", "of b");
    snprintf(other, sizeof other, "%s", in_home("secrets/b"));
    ck_assert_int_eq(rename(in_home("secrets/a"), other), 0);
    ck_assert_int_eq(get("b", "of a"), -CORDON_E_DAMAGED);
}
END_TEST

START_TEST(the_list_shows_a_damaged_one_and_it_can_be_set_again_or_removed)
{
    struct secret_list list;
    set("a", "1");
    set("b", "2");
    damage("secrets/a", -1, -10);
    ck_assert_int_eq(secrets_list(home, &list, NULL), 0);
    ck_assert(list.n == 2 && !list.item[0].whole && list.item[1].whole);
    secret_list_finish(&list);
    set("a", "3");
    ck_assert_int_eq(get("a", "3"), 1);
    damage("secrets/b", -1, -20);
    ck_assert_int_eq(secrets_remove(home, "b", NULL), 1);
}
END_TEST

START_TEST(a_lost_key_is_not_made_anew_beside_old_secrets)
{
    cordon_error *err = NULL;
    set("a", "1");
    ck_assert_int_eq(unlink(in_home("secrets.key")), 0);
    ck_assert_int_eq(get("a", "x y z"), -CORDON_E_DAMAGED);
    fails_with(secrets_set(home, "b", "2", 1, &err), CORDON_E_DAMAGED, err, "rm -r");
    ck_assert_int_eq(secrets_remove(home, "a", NULL), 1);
    set("b", "2");
    ck_assert_int_eq(get("b", "2"), 1);
}
END_TEST

/* ---- whose it is ---- */

START_TEST(what_others_can_read_or_write_is_refused_with_the_command_that_mends_it)
{
    static const char *const places[] = {"", "secrets", "secrets.key", "secrets/a"};
    static const char *const commands[] = {"chmod 700", "chmod 700", "chmod 600", "chmod 600"};
    set("a", "1");
    for (size_t i = 0; i < 4; i++) {
        struct secret *s;
        cordon_error *err = NULL;
        const char *path = in_home(places[i]);
        ck_assert_int_eq(chmod(path, 0644), 0);
        fails_with(secrets_get(home, "a", &s, &err), CORDON_E_UNSAFE_PATH, err, commands[i]);
        ck_assert_int_eq(chmod(path, i < 2 ? 0700 : 0600), 0);
    }
    ck_assert_int_eq(get("a", "1"), 1);
}
END_TEST

START_TEST(links_and_fifos_in_a_secrets_place_are_refused_at_once)
{
    cordon_error *err = NULL;
    struct secret *s;
    set("a", "1");
    ck_assert_int_eq(symlink("a", in_home("secrets/b")), 0);
    fails_with(secrets_get(home, "b", &s, &err), CORDON_E_UNSAFE_PATH, err, "symbolic link");
    ck_assert_int_eq(mkfifo(in_home("secrets/c"), 0600), 0);
    fails_with(secrets_get(home, "c", &s, &err), CORDON_E_UNSAFE_PATH, err, "regular");
    set("b", "2"); /* takes the link's place, and leaves what it led to */
    ck_assert_int_eq(get("b", "2"), 1);
    ck_assert_int_eq(get("a", "1"), 1);
}
END_TEST

START_TEST(the_home_is_absolute)
{
    cordon_error *err = NULL;
    fails_with(secrets_set("data", "a", "1", 1, &err), CORDON_E_UNSAFE_PATH, err, "absolute");
    setenv("CORDON_HOME", "data", 1);
    fails_with(secrets_set(NULL, "a", "1", 1, &err), CORDON_E_UNSAFE_PATH, err, "CORDON_HOME");
}
END_TEST

START_TEST(where_the_home_is)
{
    char path[128];
    setenv("HOME", root, 1);
    unsetenv("CORDON_HOME");
    unsetenv("XDG_DATA_HOME");
    ck_assert_int_eq(secrets_set(NULL, "a", "1", 1, NULL), 0);
    snprintf(path, sizeof path, "%s/.local/share/cordon/secrets/a", root);
    ck_assert_int_eq(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/x", root);
    setenv("XDG_DATA_HOME", path, 1);
    ck_assert_int_eq(secrets_set(NULL, "a", "1", 1, NULL), 0);
    snprintf(path, sizeof path, "%s/x/cordon/secrets/a", root);
    ck_assert_int_eq(access(path, F_OK), 0);
    setenv("CORDON_HOME", home, 1);
    ck_assert_int_eq(secrets_set(NULL, "a", "1", 1, NULL), 0);
    ck_assert_int_eq(access(in_home("secrets/a"), F_OK), 0);
}
END_TEST

/* ---- several at once, and a kill ---- */

enum { WRITERS = 4, ROUNDS = 25 };

/* Each has a name of its own and one that all share. */
static void write_many(int id)
{
    char own[16], value[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(own, sizeof own, "w%d-%d", id, i);
        snprintf(value, sizeof value, "%d of writer %d", i, id);
        if (secrets_set(home, own, value, strlen(value), NULL) < 0 || secrets_set(home, "shared", value, strlen(value), NULL) < 0)
            _exit(1);
    }
    _exit(0);
}

START_TEST(writers_at_once_lose_nothing)
{
    int status;
    for (int id = 0; id < WRITERS; id++)
        if (!fork())
            write_many(id);
    for (int id = 0; id < WRITERS; id++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    for (int id = 0; id < WRITERS; id++) {
        for (int i = 0; i < ROUNDS; i++) {
            char own[16], value[32];
            snprintf(own, sizeof own, "w%d-%d", id, i);
            snprintf(value, sizeof value, "%d of writer %d", i, id);
            ck_assert_int_eq(get(own, value), 1);
        }
    }
    struct secret *s = NULL;
    ck_assert_int_eq(secrets_get(home, "shared", &s, NULL), 1);
    ck_assert_ptr_nonnull(strstr(s->bytes, " of writer "));
    secret_unref(s);
}
END_TEST

/* Writes A and B in turns, until it is killed. */
static void write_for_ever(void)
{
    static char a[8192], b[8192];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    for (;;)
        if (secrets_set(home, "x", a, sizeof a, NULL) < 0 || secrets_set(home, "x", b, sizeof b, NULL) < 0)
            _exit(1);
}

static bool is_whole(const struct secret *s)
{
    for (size_t i = 0; i < s->len; i++)
        if (s->bytes[i] != s->bytes[0])
            return false;
    return s->len == 8192;
}

START_TEST(a_kill_leaves_the_old_value_or_the_new_one)
{
    char first[8192];
    memset(first, 'a', sizeof first);
    ck_assert_int_eq(secrets_set(home, "x", first, sizeof first, NULL), 0);
    for (int i = 0; i < 100; i++) {
        struct secret *s = NULL;
        int status;
        pid_t pid = fork();
        if (!pid)
            write_for_ever();
        usleep((useconds_t)(i * 97 % 5000));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        ck_assert(WIFSIGNALED(status));
        int r = secrets_get(home, "x", &s, NULL);
        ck_assert_int_eq(r, 1);
        ck_assert(is_whole(s));
        secret_unref(s);
    }
    set("y", "1");   /* sweeps what the killed ones left */
    struct secret_list list;
    ck_assert_int_eq(secrets_list(home, &list, NULL), 0);
    ck_assert_uint_eq(list.n, 2);
    secret_list_finish(&list);
    char command[256];
    snprintf(command, sizeof command, "test -z \"$(find %s/secrets -name '.tmp*')\"", home);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_reader_beside_a_writer_never_sees_half)
{
    int status;
    pid_t pid = fork();
    if (!pid)
        write_for_ever();
    for (int i = 0, seen = 0; seen < 300 && i < 100000; i++) {
        struct secret *s = NULL;
        int r = secrets_get(home, "x", &s, NULL);
        ck_assert_int_ge(r, 0);
        ck_assert(!r || is_whole(s));
        seen += r;
        secret_unref(s);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}
END_TEST

START_TEST(there_is_an_end_to_how_many_are_kept)
{
    cordon_error *err = NULL;
    char path[256];
    set("a", "1");
    for (int i = 1; i < SECRETS_MAX; i++) {
        snprintf(path, sizeof path, "%s/secrets/n%d", home, i);
        cleanup_fd int fd = open(path, O_CREAT | O_WRONLY, 0600);
        ck_assert_int_ge(fd, 0);
    }
    fails_with(secrets_set(home, "one-more", "1", 1, &err), CORDON_E_TOO_LARGE, err, "1000");
    set("a", "2");
    ck_assert_int_eq(get("a", "2"), 1);
}
END_TEST

/* ---- in memory ---- */

static struct secret *secret_of(const char *value)
{
    struct secret *s = secret_new(strlen(value));
    ck_assert_ptr_nonnull(s);
    memcpy(s->bytes, value, s->len);
    secret_seal(s);
    return s;
}

static void ring_add(struct keyring **k, const char *name, const char *value)
{
    struct secret *s = secret_of(value);
    ck_assert_int_eq(keyring_add(k, name, s, NULL), 0);
    secret_unref(s);
}

START_TEST(a_ring_gives_each_by_its_name)
{
    struct keyring *k = NULL;
    ck_assert_ptr_null(keyring_find(k, "a"));
    ring_add(&k, "a", "1");
    ring_add(&k, "b", "2");
    ring_add(&k, "a", "3");
    ck_assert_str_eq(keyring_find(k, "a")->bytes, "3");
    ck_assert_str_eq(keyring_find(k, "b")->bytes, "2");
    ck_assert_ptr_null(keyring_find(k, "A"));
    keyring_unref(k);
}
END_TEST

START_TEST(a_ring_that_others_hold_is_not_changed)
{
    struct keyring *k = NULL, *other;
    ring_add(&k, "a", "1");
    keyring_ref(other = k);
    ring_add(&k, "a", "2");
    ring_add(&k, "b", "3");
    ck_assert_str_eq(keyring_find(other, "a")->bytes, "1");
    ck_assert_ptr_null(keyring_find(other, "b"));
    keyring_unref(other);
    ck_assert_str_eq(keyring_find(k, "a")->bytes, "2");
    keyring_unref(k);
}
END_TEST

START_TEST(a_sealed_secret_is_not_written_to)
{
    struct secret *s = secret_of("value");
    cleanup_fd int zeros = open("/dev/zero", O_RDONLY);
    ck_assert(read(zeros, s->bytes, 1) < 0 && errno == EFAULT);
    ck_assert_str_eq(s->bytes, "value");
    secret_unref(s);
}
END_TEST

Suite *suite_secrets(void)
{
    Suite *s = suite_create("secrets");
    TCase *t = tcase_create("secrets");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_was_set_is_given_back);
    tcase_add_test(t, where_nothing_was_set_nothing_is_made);
    tcase_add_test(t, a_value_may_have_64_kib_and_hold_a_nul);
    tcase_add_test(t, a_name_that_is_no_name_is_refused_and_not_repeated);
    tcase_add_test(t, the_list_has_names_and_times_in_order);
    tcase_add_test(t, files_are_the_users_alone_and_do_not_hold_the_value);
    tcase_add_test(t, the_same_value_is_never_sealed_alike);
    tcase_add_test(t, a_change_of_any_byte_is_an_error_and_not_another_value);
    tcase_add_test(t, a_file_of_any_other_length_is_an_error);
    tcase_add_test(t, two_secrets_cannot_be_swapped);
    tcase_add_test(t, the_list_shows_a_damaged_one_and_it_can_be_set_again_or_removed);
    tcase_add_test(t, a_lost_key_is_not_made_anew_beside_old_secrets);
    tcase_add_test(t, what_others_can_read_or_write_is_refused_with_the_command_that_mends_it);
    tcase_add_test(t, links_and_fifos_in_a_secrets_place_are_refused_at_once);
    tcase_add_test(t, the_home_is_absolute);
    tcase_add_test(t, where_the_home_is);
    tcase_add_test(t, writers_at_once_lose_nothing);
    tcase_add_test(t, a_kill_leaves_the_old_value_or_the_new_one);
    tcase_add_test(t, a_reader_beside_a_writer_never_sees_half);
    tcase_add_test(t, there_is_an_end_to_how_many_are_kept);
    tcase_add_test(t, a_ring_gives_each_by_its_name);
    tcase_add_test(t, a_ring_that_others_hold_is_not_changed);
    tcase_add_test(t, a_sealed_secret_is_not_written_to);
    suite_add_tcase(s, t);
    return s;
}
