/* SPDX-License-Identifier: Apache-2.0
 * The cache of compiled code: what is given back is what was put, or nothing. */
#include "base/cleanup.h"
#include "base/error.h"
#include "code/cache_parts.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char root[64], dir[128];   /* a fresh folder for each test, and the cache's in it */
static const uint8_t digest_a[CODE_DIGEST_LEN] = {1}, digest_b[CODE_DIGEST_LEN] = {2};

static void setup(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(dir, sizeof dir, "%s/home/.cache/cordon", root);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void teardown(void)
{
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct cache *open_cache(void)
{
    struct cache *c = NULL;
    cordon_error *err = NULL;
    int r = cache_open(dir, &c, &err);
    ck_assert_msg(!r, "%s", err ? cordon_error_message(err) : "");
    return c;
}

static void put(struct cache *c, const uint8_t *digest, const char *body, const char *meta)
{
    cleanup_fd int fd = memfd_create("body", MFD_CLOEXEC);
    struct cache_entry e;
    ck_assert_int_eq(write(fd, body, strlen(body)), (ssize_t)strlen(body));
    ck_assert_int_eq(cache_put(c, "engine 1", digest, meta, fd, strlen(body), &e, NULL), 0);
    cache_entry_finish(&e);
}

/* 1, 0 or negative; what is found must be `body`. */
static int get(struct cache *c, const uint8_t *digest, const char *body)
{
    char found[256] = "";
    struct cache_entry e;
    int r = cache_get(c, "engine 1", digest, &e, NULL);
    if (r <= 0)
        return r;
    ck_assert_uint_lt(e.code_len, sizeof found);
    ck_assert_int_eq(pread(e.fd, found, e.code_len, 0), (ssize_t)e.code_len);
    ck_assert_str_eq(found, body);
    ck_assert_mem_eq(e.digest, digest, CODE_DIGEST_LEN);
    cache_entry_finish(&e);
    return 1;
}

/* The path of the n-th file beneath code-v1 that ends in `suffix` ("" for entries). */
static char found_path[512];
static const char *found_suffix;
static int found_skip;

static int find_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind;
    size_t len = strlen(path + ftw->base), want = 64 + strlen(found_suffix);
    if (ftw->level != 2 || len != want || strcmp(path + ftw->base + 64, found_suffix) || found_skip--)
        return 0;
    snprintf(found_path, sizeof found_path, "%s", path);
    return 1;
}

static const char *file(const char *suffix, int nth)
{
    char top[256];
    snprintf(top, sizeof top, "%s/code-v1", dir);
    found_suffix = suffix;
    found_skip = nth;
    found_path[0] = '\0';
    nftw(top, find_one, 16, FTW_PHYS);
    return found_path;
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    for (int fd = 0; fd < 1000; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* ---- entries ---- */

START_TEST(an_entry_comes_back_as_it_was_put)
{
    size_t before = open_descriptors();
    struct cache *c = open_cache();
    struct cache_entry e;
    struct stat st;
    ck_assert_int_eq(get(c, digest_a, ""), 0);
    put(c, digest_a, "native code", "{\"exports\":[]}");
    ck_assert_int_eq(cache_get(c, "engine 1", digest_a, &e, NULL), 1);
    ck_assert_str_eq(e.meta, "{\"exports\":[]}");
    ck_assert_uint_eq(e.code_len, 11);
    ck_assert_int_eq(fcntl(e.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    ck_assert_int_eq(fcntl(e.fd, F_GETFD), FD_CLOEXEC);
    fstat(e.fd, &st);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    cache_entry_finish(&e);
    ck_assert_int_eq(get(c, digest_a, "native code"), 1);
    put(c, digest_a, "newer", "{}");
    ck_assert_int_eq(get(c, digest_a, "newer"), 1);
    cache_close(c);
    c = open_cache();   /* another process, the same key */
    ck_assert_int_eq(get(c, digest_a, "newer"), 1);
    cache_close(c);
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(an_entry_is_for_its_engine_and_its_bytes_alone)
{
    struct cache *c = open_cache();
    struct cache_entry e;
    put(c, digest_a, "code", "{}");
    ck_assert_int_eq(cache_get(c, "engine 2", digest_a, &e, NULL), 0);
    ck_assert_int_eq(cache_get(c, "engine 1", digest_b, &e, NULL), 0);
    cache_close(c);
}
END_TEST

static void flip(const char *path, off_t at)
{
    uint8_t byte;
    cleanup_fd int fd = open(path, O_RDWR);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 1u << (at % 8);
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
}

static off_t size_of(const char *path)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_size;
}

static void flip_every_byte(struct cache *c)
{
    put(c, digest_a, "some native code", "{\"a\":1}");
    off_t size = size_of(file("", 0));
    ck_assert_int_eq(size, 4096 + 7 + 96);
    for (off_t at = 0; at < size; at++) {
        put(c, digest_a, "some native code", "{\"a\":1}");
        flip(file("", 0), at);
        ck_assert_msg(!get(c, digest_a, ""), "a changed byte at %ld was not seen", (long)at);
        ck_assert_str_eq(file("", 0), "");   /* removed */
    }
}

START_TEST(a_changed_byte_anywhere_is_seen)
{
    struct cache *c = open_cache();
    flip_every_byte(c);
    cache_close(c);
}
END_TEST

START_TEST(a_machine_without_aes_keeps_and_checks_entries_too)
{
    struct cache *c = open_cache();
    c->secret.has_gcm = false;
    flip_every_byte(c);
    put(c, digest_a, "code", "{}");
    ck_assert_int_eq(get(c, digest_a, "code"), 1);
    cache_close(c);
    c = open_cache();
    ck_assert_int_eq(get(c, digest_a, "code"), 1);
    if (c->secret.has_gcm) {
        put(c, digest_a, "code", "{}");
        c->secret.has_gcm = false;
        ck_assert_int_eq(get(c, digest_a, "code"), 0);
    }
    cache_close(c);
}
END_TEST

START_TEST(a_shorter_or_longer_file_is_no_entry)
{
    struct cache *c = open_cache();
    put(c, digest_a, "code", "{}");
    off_t size = size_of(file("", 0));
    for (off_t len = 0; len < size + 300; len += len < 4000 ? 61 : 1) {
        if (len == size)
            continue;
        put(c, digest_a, "code", "{}");
        ck_assert_int_eq(truncate(file("", 0), len), 0);
        ck_assert_msg(!get(c, digest_a, "code"), "taken with a length of %ld", (long)len);
    }
    put(c, digest_a, "code", "{}");
    ck_assert_int_eq(truncate(file("", 0), (off_t)1 << 40), 0);
    ck_assert_int_eq(get(c, digest_a, "code"), 0);
    cache_close(c);
}
END_TEST

START_TEST(entries_cannot_pass_for_each_other)
{
    struct cache *c = open_cache();
    char a[512], b[512];
    put(c, digest_a, "code of a", "{}");
    strcpy(a, file("", 0));
    put(c, digest_b, "code of b", "{}");
    strcpy(b, file("", 0));
    if (!strcmp(a, b))
        strcpy(b, file("", 1));
    ck_assert_int_eq(rename(b, a), 0);
    ck_assert_int_eq(get(c, digest_a, "code of a"), 0);
    cache_close(c);
}
END_TEST

START_TEST(a_refusal_cannot_pass_for_an_entry)
{
    struct cache *c = open_cache();
    cordon_error *why = NULL;
    char entry[512];
    put(c, digest_a, "code", "{}");
    strcpy(entry, file("", 0));
    err_set(&why, CORDON_E_BAD_ARTIFACT, NULL, "bad");
    ck_assert_int_eq(cache_put_refusal(c, "engine 1", digest_a, why, NULL), 0);
    cordon_error_free(why);
    ck_assert_int_eq(rename(file(".no", 0), entry), 0);
    ck_assert_int_eq(get(c, digest_a, ""), 0);
    cache_close(c);
}
END_TEST

START_TEST(an_entry_of_another_cache_is_none_of_ours)
{
    char theirs[600], ours[512], other[128];
    struct cache *c = open_cache();
    put(c, digest_a, "code", "{}");
    strcpy(ours, file("", 0));
    cache_close(c);
    strcpy(other, dir);
    strcat(dir, "2");
    c = open_cache();
    put(c, digest_a, "code", "{}");
    strcpy(theirs, file("", 0));
    cache_close(c);
    strcpy(dir, other);
    ck_assert_int_eq(rename(theirs, ours), 0);
    c = open_cache();
    ck_assert_int_eq(get(c, digest_a, "code"), 0);
    cache_close(c);
}
END_TEST

START_TEST(only_a_regular_file_of_ours_alone_is_an_entry)
{
    struct cache *c = open_cache();
    char path[512], elsewhere[128];
    put(c, digest_a, "code", "{}");
    strcpy(path, file("", 0));
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(get(c, digest_a, "code"), 0);

    put(c, digest_a, "code", "{}");
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", root);
    ck_assert_int_eq(rename(path, elsewhere), 0);
    ck_assert_int_eq(symlink(elsewhere, path), 0);
    ck_assert_int_eq(get(c, digest_a, "code"), 0);
    ck_assert_int_eq(access(elsewhere, F_OK), 0);

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(get(c, digest_a, "code"), 0);
    cache_close(c);
}
END_TEST

START_TEST(an_entry_of_another_user_is_none)
{
    if (geteuid()) {
        puts("SKIPPED: an entry of another user takes root to make");
        return;
    }
    struct cache *c = open_cache();
    put(c, digest_a, "code", "{}");
    ck_assert_int_eq(chown(file("", 0), 1, 1), 0);
    ck_assert_int_eq(get(c, digest_a, "code"), 0);
    cache_close(c);
}
END_TEST

START_TEST(what_cannot_be_stored_leaves_nothing_behind)
{
    struct cache *c = open_cache();
    struct cache_entry e;
    cleanup_fd int fd = memfd_create("short", 0);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    ck_assert_int_eq(cache_put(c, "engine 1", digest_a, "{}", fd, 100, &e, NULL), -CORDON_E_HOST_BUG);
    ck_assert_int_eq(cache_put(c, "engine 1", digest_a, "{}", fd, (uint64_t)CODE_BODY_MAX + 1, &e, NULL), -CORDON_E_TOO_LARGE);
    char command[300];
    snprintf(command, sizeof command, "test -z \"$(find %s/code-v1 -type f)\"", dir);
    ck_assert_int_eq(system(command), 0);
    cache_close(c);
}
END_TEST

/* ---- large bodies, which several threads look at ---- */

enum { LEAF = 1 << 20, LEAVES = 11, LARGE = LEAVES * LEAF - 12345 };

static void put_large(struct cache *c)
{
    cleanup_fd int fd = memfd_create("body", MFD_CLOEXEC);
    cleanup_free uint8_t *piece = malloc(LEAF);
    struct cache_entry e;
    for (int i = 0; i < LEAVES; i++) {   /* no two leaves are the same */
        size_t len = i < LEAVES - 1 ? LEAF : LARGE % LEAF;
        memset(piece, 'a' + i, LEAF);
        ck_assert_int_eq(write(fd, piece, len), (ssize_t)len);
    }
    ck_assert_int_eq(cache_put(c, "engine 1", digest_a, "{\"large\":true}", fd, LARGE, &e, NULL), 0);
    cache_entry_finish(&e);
}

static int get_large(struct cache *c)
{
    struct cache_entry e;
    uint8_t last;
    int r = cache_get(c, "engine 1", digest_a, &e, NULL);
    if (r <= 0)
        return r;
    ck_assert_uint_eq(e.code_len, LARGE);
    ck_assert_int_eq(pread(e.fd, &last, 1, LARGE - 1), 1);
    ck_assert_int_eq(last, 'a' + LEAVES - 1);
    ck_assert_str_eq(e.meta, "{\"large\":true}");
    cache_entry_finish(&e);
    return 1;
}

static void change_large(struct cache *c)
{
    for (int i = 0; i < LEAVES; i++) {
        put_large(c);
        flip(file("", 0), (off_t)i * LEAF + i * 4096 + 1);
        ck_assert_msg(!get_large(c), "a changed byte in leaf %d was not seen", i);
    }
}

START_TEST(a_changed_byte_in_any_part_of_large_code_is_seen)
{
    struct cache *c = open_cache();
    put_large(c);
    ck_assert_int_eq(get_large(c), 1);
    change_large(c);
    c->secret.has_gcm = false;
    put_large(c);
    ck_assert_int_eq(get_large(c), 1);
    change_large(c);
    cache_close(c);
}
END_TEST

START_TEST(parts_of_large_code_cannot_change_places)
{
    struct cache *c = open_cache();
    cleanup_free uint8_t *a = malloc(LEAF), *b = malloc(LEAF);
    put_large(c);
    cleanup_fd int fd = open(file("", 0), O_RDWR);
    ck_assert(pread(fd, a, LEAF, 2 * LEAF) == LEAF && pread(fd, b, LEAF, 5 * LEAF) == LEAF);
    ck_assert(pwrite(fd, b, LEAF, 2 * LEAF) == LEAF && pwrite(fd, a, LEAF, 5 * LEAF) == LEAF);
    ck_assert_int_eq(get_large(c), 0);
    cache_close(c);
}
END_TEST

/* The same key, and so the same sums: only what is made of them tells the two apart. */
START_TEST(large_code_that_is_cut_at_a_part_is_none)
{
    struct cache *c = open_cache();
    char path[512];
    put_large(c);
    strcpy(path, file("", 0));
    cleanup_fd int fd = open(path, O_RDWR);
    struct cache_trailer t;
    off_t size = size_of(path);
    char meta[64];
    ck_assert(pread(fd, &t, sizeof t, size - (off_t)sizeof t) == sizeof t);
    ck_assert(pread(fd, meta, t.meta_len, (off_t)cache_meta_at(&t)) == (ssize_t)t.meta_len);
    t.body_len = 3 * LEAF;
    cache_checkers_join(&c->checkers);   /* a late one still reads what is cut here */
    ck_assert(pwrite(fd, meta, t.meta_len, 3 * LEAF) == (ssize_t)t.meta_len);
    ck_assert(pwrite(fd, &t, sizeof t, 3 * LEAF + (off_t)t.meta_len) == sizeof t);
    ck_assert_int_eq(ftruncate(fd, 3 * LEAF + (off_t)t.meta_len + (off_t)sizeof t), 0);
    ck_assert_int_eq(get_large(c), 0);
    cache_close(c);
}
END_TEST

enum { READERS = 4, READS = 10 };

static void *read_often(void *c)
{
    for (int i = 0; i < READS; i++)
        if (get_large(c) != 1)
            return c;
    return NULL;
}

static size_t threads_now(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/task");
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

START_TEST(threads_may_check_large_code_at_once_and_none_is_left_behind)
{
    struct cache *c = open_cache();
    pthread_t readers[READERS];
    size_t before = threads_now();
    put_large(c);
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_often, c), 0);
    for (int i = 0; i < READERS; i++) {
        void *failed;
        pthread_join(readers[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_le(threads_now(), before + CACHE_CHECKERS_MAX);
    cache_close(c);
    for (int i = 0; i < 1000 && threads_now() > before; i++)   /* a thread that was joined is listed a moment longer */
        usleep(1000);
    ck_assert_uint_eq(threads_now(), before);
}
END_TEST

/* ---- several processes ---- */

enum { PROCESSES = 12, ROUNDS = 40 };

static void wait_all(int n)
{
    int status;
    while (n--) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "a process ended with %#x", (unsigned)status);
    }
}

static uint64_t address_space(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(f, "%lu", &pages), 1);
    fclose(f);
    return (uint64_t)pages * 4096;
}

START_TEST(large_code_is_checked_where_no_thread_can_be_had)
{
    if (address_space() > (uint64_t)1 << 40) {
        puts("SKIPPED: a sanitizer takes all of the address space");
        return;
    }
    if (!fork()) {   /* elsewhere: a stack that was used once is kept at hand */
        put_large(open_cache());
        _exit(0);
    }
    wait_all(1);
    struct cache *c = open_cache();
    uint64_t most = address_space() + LARGE + (2 << 20);   /* room for the file and not for a stack */
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &(struct rlimit){most, most}), 0);
    ck_assert_int_eq(get_large(c), 1);
    ck_assert_uint_eq(c->checkers.n, 0);
    cache_close(c);
}
END_TEST

START_TEST(processes_that_make_the_key_at_once_agree)
{
    for (int i = 0; i < PROCESSES; i++)
        if (!fork()) {
            uint8_t digest[CODE_DIGEST_LEN] = {(uint8_t)i, 9};
            put(open_cache(), digest, "code", "{}");
            _exit(0);
        }
    wait_all(PROCESSES);
    struct cache *c = open_cache();
    for (int i = 0; i < PROCESSES; i++) {
        uint8_t digest[CODE_DIGEST_LEN] = {(uint8_t)i, 9};
        ck_assert_int_eq(get(c, digest, "code"), 1);
    }
    cache_close(c);
}
END_TEST

START_TEST(processes_that_store_one_entry_at_once_do_not_harm_each_other)
{
    struct cache *c = open_cache();
    put(c, digest_a, "code", "{}");
    for (int i = 0; i < PROCESSES; i++)
        if (!fork()) {
            struct cache *mine = open_cache();
            for (int n = 0; n < ROUNDS; n++) {
                put(mine, digest_a, "code", "{}");
                if (get(mine, digest_a, "code") != 1)   /* once there it is always there, and whole */
                    _exit(1);
            }
            _exit(0);
        }
    wait_all(PROCESSES);
    ck_assert_int_eq(get(c, digest_a, "code"), 1);
    cache_close(c);
}
END_TEST

START_TEST(a_process_killed_while_it_stores_leaves_the_entry_as_it_was)
{
    struct cache *c = open_cache();
    put(c, digest_a, "code", "{}");
    for (int i = 0; i < 30; i++) {
        pid_t pid = fork();
        if (!pid)
            for (;;)
                put(c, digest_a, "code", "{}");
        usleep((useconds_t)(200 + i * 137));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        ck_assert_int_eq(get(c, digest_a, "code"), 1);
    }
    cache_close(c);
}
END_TEST

/* ---- the key ---- */

START_TEST(a_key_that_others_can_read_is_refused)
{
    char key[200];
    struct cache *c = open_cache();
    struct stat st;
    cordon_error *err = NULL;
    cache_close(c);
    snprintf(key, sizeof key, "%s/key", dir);
    ck_assert_int_eq(stat(key, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(st.st_size, 32);
    chmod(key, 0640);
    ck_assert_int_eq(cache_open(dir, &c, &err), -CORDON_E_UNSAFE_PATH);
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(err), "key"));
    cordon_error_free(err);
    unlink(key);
    ck_assert_int_eq(symlink("/dev/zero", key), 0);
    ck_assert_int_eq(cache_open(dir, &c, NULL), -CORDON_E_UNSAFE_PATH);
}
END_TEST

START_TEST(a_broken_key_is_made_anew_and_its_entries_are_gone)
{
    char key[200];
    struct cache *c = open_cache();
    put(c, digest_a, "code", "{}");
    cache_close(c);
    snprintf(key, sizeof key, "%s/key", dir);
    ck_assert_int_eq(truncate(key, 7), 0);
    c = open_cache();
    ck_assert_int_eq(get(c, digest_a, "code"), 0);
    put(c, digest_a, "code", "{}");
    ck_assert_int_eq(get(c, digest_a, "code"), 1);
    cache_close(c);
}
END_TEST

/* ---- the folder ---- */

static void expect_unsafe(const char *path, const char *hint)
{
    struct cache *c = NULL;
    cordon_error *err = NULL;
    ck_assert_int_eq(cache_open(path, &c, &err), -CORDON_E_UNSAFE_PATH);
    ck_assert_msg(!hint || !strncmp(cordon_error_hint(err), hint, strlen(hint)), "%s", cordon_error_hint(err));
    cordon_error_free(err);
}

START_TEST(missing_folders_are_made_for_us_alone)
{
    struct stat st;
    char path[200];
    umask(0);
    cache_close(open_cache());
    snprintf(path, sizeof path, "%s/home/.cache", root);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(stat(dir, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    strcat(dir, "//");
    cache_close(open_cache());
}
END_TEST

START_TEST(a_folder_that_others_can_read_or_write_is_refused_with_the_command)
{
    char command[200];
    cache_close(open_cache());
    snprintf(command, sizeof command, "chmod 700 %s", dir);
    chmod(dir, 0755);
    expect_unsafe(dir, command);
    chmod(dir, 0720);
    expect_unsafe(dir, command);
    chmod(dir, 0700);
    strcat(dir, "/code-v1");
    chmod(dir, 0770);
    *strrchr(dir, '/') = '\0';
    expect_unsafe(dir, "chmod 700 ");
    expect_unsafe("relative/path", NULL);
}
END_TEST

START_TEST(a_folder_beneath_one_that_others_can_write_is_refused)
{
    char above[128], command[200];
    cache_close(open_cache());
    snprintf(above, sizeof above, "%s/home", root);
    snprintf(command, sizeof command, "chmod go-w %s", above);
    chmod(above, 0777);
    expect_unsafe(dir, command);
    chmod(above, 0775);
    expect_unsafe(dir, command);
    strcat(above, "/new");   /* nothing is made there either */
    expect_unsafe(above, NULL);
    ck_assert_int_lt(access(above, F_OK), 0);
    *strrchr(above, '/') = '\0';
    chmod(above, 01777);
    cache_close(open_cache());
}
END_TEST

START_TEST(a_folder_of_or_beneath_another_users_is_refused)
{
    char above[128];
    if (geteuid()) {
        puts("SKIPPED: a folder of another user takes root to make");
        return;
    }
    cache_close(open_cache());
    snprintf(above, sizeof above, "%s/home", root);
    ck_assert_int_eq(chmod(above, 0755) | chown(above, 1, 1), 0);
    expect_unsafe(dir, NULL);
    ck_assert_int_eq(chown(above, 0, 0) | chown(dir, 1, 1), 0);
    expect_unsafe(dir, NULL);
}
END_TEST

START_TEST(a_link_on_the_way_is_followed_and_what_it_leads_to_is_checked)
{
    char link[128], target[128], beneath[160];
    snprintf(link, sizeof link, "%s/link", root);
    snprintf(target, sizeof target, "%s/target", root);
    snprintf(beneath, sizeof beneath, "%s/cordon", link);
    ck_assert_int_eq(mkdir(target, 0700) | symlink(target, link), 0);
    strcpy(dir, beneath);
    cache_close(open_cache());
    chmod(target, 0777);
    expect_unsafe(beneath, NULL);
}
END_TEST

/* ---- refusals ---- */

static cordon_error *refused(struct cache *c, const char *engine, const uint8_t *digest)
{
    cordon_error *err = NULL;
    struct cache_entry e;
    int r = cache_get(c, engine, digest, &e, &err);
    ck_assert_int_eq(r, err ? -(int)cordon_error_code(err) : 0);
    return err;
}

START_TEST(a_refusal_is_given_again_as_it_was)
{
    struct cache *c = open_cache();
    cordon_error *why = NULL;
    err_set(&why, CORDON_E_UNKNOWN_IMPORT, "x:y/z", "imports %s", "x:y/z");
    err_hint(&why, "leave it");
    err_cause(&why, "one");
    err_cause(&why, "two");
    ck_assert_int_eq(cache_put_refusal(c, "engine 1", digest_a, why, NULL), 0);
    cordon_error_free(why);
    cache_close(c);
    c = open_cache();
    for (int i = 0; i < 2; i++) {
        cordon_error *err = refused(c, "engine 1", digest_a);
        ck_assert_str_eq(cordon_error_id(err), "unknown-import");
        ck_assert_str_eq(cordon_error_message(err), "imports x:y/z");
        ck_assert_str_eq(cordon_error_hint(err), "leave it");
        ck_assert_str_eq(cordon_error_subject(err), "x:y/z");
        ck_assert_str_eq(cordon_error_cause(err, 1), "two");
        cordon_error_free(err);
    }
    ck_assert_ptr_null(refused(c, "engine 2", digest_a));
    ck_assert_ptr_null(refused(c, "engine 1", digest_b));
    flip(file(".no", 0), 3);
    ck_assert_ptr_null(refused(c, "engine 1", digest_a));
    ck_assert_str_eq(file(".no", 0), "");
    cache_close(c);
}
END_TEST

START_TEST(a_limit_is_remembered_under_its_bounds_only)
{
    struct cache *c = open_cache();
    struct code_bounds b = {UINT64_C(4) << 30, 60, 120};
    cordon_error *why = NULL;
    cache_set_bounds(c, &b);
    err_set(&why, CORDON_E_COMPILE_LIMIT, NULL, "took more than 60 s of CPU");
    ck_assert_int_eq(cache_put_refusal(c, "engine 1", digest_a, why, NULL), 0);
    cordon_error_free(why);
    why = refused(c, "engine 1", digest_a);
    ck_assert_int_eq(cordon_error_code(why), CORDON_E_COMPILE_LIMIT);
    cordon_error_free(why);
    b.cpu_s++;
    cache_set_bounds(c, &b);
    ck_assert_ptr_null(refused(c, "engine 1", digest_a));
    cache_close(c);
}
END_TEST

START_TEST(what_passes_is_not_remembered)
{
    struct cache *c = open_cache();
    cordon_error *why = NULL;
    err_set(&why, CORDON_E_COMPILE_LIMIT, NULL, "took more than 120 s");
    err_pass(&why);
    ck_assert_int_eq(cache_put_refusal(c, "engine 1", digest_a, why, NULL), 0);
    cordon_error_free(why);
    ck_assert_ptr_null(refused(c, "engine 1", digest_a));
    cache_close(c);
}
END_TEST

START_TEST(what_is_not_the_artifacts_fault_is_not_remembered)
{
    static const enum cordon_errc codes[] = {CORDON_E_IO, CORDON_E_NO_RESOURCES, CORDON_E_HOST_BUG, CORDON_E_KERNEL};
    struct cache *c = open_cache();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        cordon_error *why = NULL;
        err_set(&why, codes[i], NULL, "not today");
        ck_assert_int_eq(cache_put_refusal(c, "engine 1", digest_a, why, NULL), 0);
        cordon_error_free(why);
        ck_assert_ptr_null(refused(c, "engine 1", digest_a));
    }
    cache_close(c);
}
END_TEST

/* ---- files that are known ---- */

static char known_path[200];

static void write_file(const char *text)
{
    snprintf(known_path, sizeof known_path, "%s/artifact", root);
    FILE *f = fopen(known_path, "w");
    ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void settle(void) { usleep(2100000); }

static void remember(struct cache *c)
{
    struct stat st;
    cleanup_fd int fd = open(known_path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &st), 0);
    cache_remember_digest(c, fd, &st, digest_a);
}

static bool is_known(struct cache *c)
{
    struct stat st;
    uint8_t digest[CODE_DIGEST_LEN];
    ck_assert_int_eq(stat(known_path, &st), 0);
    if (!cache_known_digest(c, &st, digest))
        return false;
    ck_assert_mem_eq(digest, digest_a, sizeof digest);
    return true;
}

START_TEST(a_file_is_known_until_anything_about_it_changes)
{
    struct cache *c = open_cache();
    struct stat st;
    write_file("one");
    ck_assert(!is_known(c));
    settle();
    remember(c);
    ck_assert(is_known(c));
    stat(known_path, &st);
    write_file("two");   /* the same length, and the old time of modification put back */
    ck_assert_int_eq(utimensat(AT_FDCWD, known_path, (struct timespec[]){st.st_atim, st.st_mtim}, 0), 0);
    ck_assert(!is_known(c));
    settle();
    remember(c);
    ck_assert(is_known(c));
    unlink(known_path);
    write_file("two");
    ck_assert(!is_known(c));
    cache_close(c);
}
END_TEST

START_TEST(a_file_that_changed_just_now_is_not_remembered)
{
    struct cache *c = open_cache();
    write_file("one");
    remember(c);
    ck_assert(!is_known(c));
    usleep(1000000);
    remember(c);
    ck_assert(!is_known(c));
    struct timespec later;
    clock_gettime(CLOCK_REALTIME, &later);
    later.tv_sec += 60;   /* a time that is still to come tells nothing */
    ck_assert_int_eq(utimensat(AT_FDCWD, known_path, (struct timespec[]){later, later}, 0), 0);
    settle();
    remember(c);
    ck_assert(!is_known(c));
    cache_close(c);
}
END_TEST

START_TEST(a_file_that_changed_while_it_was_read_is_not_remembered)
{
    struct cache *c = open_cache();
    struct stat before;
    write_file("one");
    settle();
    cleanup_fd int fd = open(known_path, O_RDONLY | O_CLOEXEC);
    fstat(fd, &before);
    ck_assert_int_eq(chmod(known_path, 0640), 0);
    settle();
    cache_remember_digest(c, fd, &before, digest_a);
    ck_assert(!is_known(c));
    cache_close(c);
}
END_TEST

START_TEST(a_digest_that_was_altered_is_not_believed)
{
    struct cache *c = open_cache();
    write_file("one");
    settle();
    remember(c);
    cleanup_fd int fd = open(file(".is", 0), O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(pwrite(fd, "f", 1, 0), 1);
    ck_assert(!is_known(c));
    cache_close(c);
}
END_TEST

/* ---- trimming ---- */

static void age(const char *path, time_t s)
{
    struct timespec t[2] = {{.tv_sec = time(NULL) - s}, {.tv_sec = time(NULL) - s}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW), 0);
}

START_TEST(trimming_takes_what_was_used_longest_ago)
{
    struct cache *c = open_cache();
    struct stat st;
    char temp[200], fresh[200];
    put(c, digest_a, "code a", "{}");
    age(file("", 0), 100000);
    put(c, digest_b, "code b", "{}");
    age(file("", 0), 50000);
    age(file("", 1), 50000);
    ck_assert_int_eq(get(c, digest_a, "code a"), 1);   /* now the younger one */
    stat(file("", 0), &st);
    snprintf(temp, sizeof temp, "%s/code-v1/tmp-0123", dir);
    snprintf(fresh, sizeof fresh, "%s/code-v1/tmp-4567", dir);
    close(open(temp, O_CREAT | O_WRONLY, 0600));
    close(open(fresh, O_CREAT | O_WRONLY, 0600));
    age(temp, 4000);
    ck_assert_int_eq(cache_trim(c, (uint64_t)st.st_blocks * 512, NULL), 0);
    ck_assert_int_eq(get(c, digest_a, "code a"), 1);
    ck_assert_int_eq(get(c, digest_b, "code b"), 0);
    ck_assert_int_lt(access(temp, F_OK), 0);
    ck_assert_int_eq(access(fresh, F_OK), 0);
    ck_assert_int_eq(cache_trim(c, 0, NULL), 0);
    ck_assert_int_eq(get(c, digest_a, "code a"), 0);
    ck_assert_int_eq(cache_trim(c, 0, NULL), 0);
    cache_close(c);
}
END_TEST

Suite *suite_cache(void);
Suite *suite_cache(void)
{
    static const TTest *const *all[] = {
        &an_entry_comes_back_as_it_was_put, &an_entry_is_for_its_engine_and_its_bytes_alone, &a_changed_byte_anywhere_is_seen,
        &a_machine_without_aes_keeps_and_checks_entries_too, &a_shorter_or_longer_file_is_no_entry, &entries_cannot_pass_for_each_other,
        &a_changed_byte_in_any_part_of_large_code_is_seen, &parts_of_large_code_cannot_change_places, &large_code_that_is_cut_at_a_part_is_none,
        &threads_may_check_large_code_at_once_and_none_is_left_behind, &large_code_is_checked_where_no_thread_can_be_had,
        &a_refusal_cannot_pass_for_an_entry, &an_entry_of_another_cache_is_none_of_ours, &only_a_regular_file_of_ours_alone_is_an_entry,
        &what_cannot_be_stored_leaves_nothing_behind, &processes_that_make_the_key_at_once_agree,
        &processes_that_store_one_entry_at_once_do_not_harm_each_other, &a_process_killed_while_it_stores_leaves_the_entry_as_it_was,
        &a_key_that_others_can_read_is_refused, &a_broken_key_is_made_anew_and_its_entries_are_gone, &missing_folders_are_made_for_us_alone,
        &an_entry_of_another_user_is_none, &a_folder_of_or_beneath_another_users_is_refused,
        &a_folder_that_others_can_read_or_write_is_refused_with_the_command, &a_folder_beneath_one_that_others_can_write_is_refused,
        &a_link_on_the_way_is_followed_and_what_it_leads_to_is_checked, &a_refusal_is_given_again_as_it_was,
        &a_limit_is_remembered_under_its_bounds_only, &what_passes_is_not_remembered, &what_is_not_the_artifacts_fault_is_not_remembered,
        &a_file_is_known_until_anything_about_it_changes, &a_file_that_changed_just_now_is_not_remembered,
        &a_file_that_changed_while_it_was_read_is_not_remembered, &a_digest_that_was_altered_is_not_believed,
        &trimming_takes_what_was_used_longest_ago,
    };
    Suite *s = suite_create("cache");
    TCase *t = tcase_create("cache");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tcase_add_test(t, *all[i]);
    suite_add_tcase(s, t);
    return s;
}
