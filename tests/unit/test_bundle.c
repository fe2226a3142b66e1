/* SPDX-License-Identifier: Apache-2.0
 * A bundle is what was in the folder or the file, and nothing that two people could take for different things. */
#include "bundle/draft.h"
#include "bundle_ground.h"
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

Suite *suite_bundle(void);

static struct bundle stage(void)
{
    struct bundle b = BUNDLE_NONE;
    cordon_error *err = NULL;
    int r = bundle_stage_folder(staging, source, &b, &err);
    holds(r, err);
    return b;
}

/* Staging the source, and looking at it, both say this. */
static void is_refused(enum cordon_errc code, const char *words)
{
    struct bundle b;
    cordon_error *err = NULL;
    unsigned fds = count_fds();
    int r = bundle_stage_folder(staging, source, &b, &err);
    fails_with(r, code, err, words);
    r = bundle_survey(source, &b, &err);
    fails_with(r, code, err, words);
    ck_assert_uint_eq(count_fds(), fds);
    ck_assert_int_eq(count_staged(), 0);
}

/* ---- what is taken ---- */

START_TEST(a_folder_is_staged_as_it_is)
{
    char *text;
    size_t len;
    put("source/skill.toml", "[skill]\n");
    put_bytes("source/scripts/run.sh", "#!/bin/sh\n", 10, 0775);
    put("source/data/a/b.txt", "");
    struct bundle b = stage(), again = BUNDLE_NONE, seen = BUNDLE_NONE;
    ck_assert_str_eq(paths_of(&b), "data/a/b.txt scripts/run.sh skill.toml ");
    ck_assert_uint_eq(b.file[0].mode, 0644);
    ck_assert_uint_eq(b.file[1].mode, 0755);
    ck_assert_uint_eq(b.bytes, 18);
    ck_assert_int_eq(bundle_load(&b, "skill.toml", 100, &text, &len, NULL), 0);
    ck_assert_str_eq(text, "[skill]\n");
    free(text);
    ck_assert_int_eq(bundle_read(b.fd, b.path, &again, NULL), 0);
    ck_assert_mem_eq(again.digest, b.digest, BUNDLE_DIGEST);
    ck_assert_int_eq(bundle_survey(source, &seen, NULL), 0);
    ck_assert_mem_eq(seen.digest, b.digest, BUNDLE_DIGEST);
    bundle_discard(&seen);   /* an author's folder is never removed */
    ck_assert_int_eq(access(in_root("source/skill.toml"), F_OK), 0);
    bundle_finish(&again);
    bundle_discard(&b);
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

/* Made by hand, from the words in bundle.h. */
START_TEST(the_digest_is_what_is_documented)
{
    static const uint8_t head[] = {0, 0, 0, 3, 'a', '/', 'b', 0, 0, 1, 0xed, 0, 0, 0, 0, 0, 0, 0, 2}, head2[] = {0, 0, 0, 1, 'c', 0, 0, 1, 0xa4, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t hash[BUNDLE_DIGEST], digest[BUNDLE_DIGEST];
    crypto_hash_sha256_state h;
    put_bytes("source/a/b", "hi", 2, 0755);
    put("source/c", "");
    put("source/cordon.sig", "whatever it says");
    struct bundle b = stage();
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, head, sizeof head);
    crypto_hash_sha256(hash, (const uint8_t *)"hi", 2);
    crypto_hash_sha256_update(&h, hash, sizeof hash);
    crypto_hash_sha256_update(&h, head2, sizeof head2);
    crypto_hash_sha256(hash, (const uint8_t *)"", 0);
    crypto_hash_sha256_update(&h, hash, sizeof hash);
    crypto_hash_sha256_final(&h, digest);
    ck_assert_mem_eq(digest, b.digest, sizeof digest);
    bundle_discard(&b);
}
END_TEST

START_TEST(every_change_of_a_file_changes_the_digest_but_of_the_signature_at_the_top)
{
    uint8_t before[BUNDLE_DIGEST];
    put("source/a/b", "text");
    put("source/cordon.sig", "1");
    put("source/a/cordon.sig", "1");
    struct bundle b = stage();
    memcpy(before, b.digest, sizeof before);
    bundle_discard(&b);
    static const struct { const char *name, *text; mode_t mode; bool same; } changes[] = {
        {"source/a/b", "texT", 0644, false}, {"source/a/b", "text", 0755, false}, {"source/a/b", "text", 0644, true}, {"source/a/cordon.sig", "2", 0644, false},
        {"source/a/cordon.sig", "1", 0644, true}, {"source/cordon.sig", "2", 0644, true}, {"source/a/c", "", 0644, false},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        put_bytes(changes[i].name, changes[i].text, strlen(changes[i].text), changes[i].mode);
        b = stage();
        ck_assert_msg(!memcmp(b.digest, before, sizeof before) == changes[i].same, "change %zu", i);
        bundle_discard(&b);
    }
}
END_TEST

START_TEST(bytes_cannot_move_from_a_name_to_a_content)
{
    struct bundle b, c;
    put("source/ab", "c");
    b = stage();
    ck_assert_int_eq(unlink(in_root("source/ab")), 0);
    put("source/a", "bc");
    c = stage();
    ck_assert_mem_ne(b.digest, c.digest, BUNDLE_DIGEST);
    bundle_discard(&b);
    bundle_discard(&c);
}
END_TEST

START_TEST(what_is_left_out_is_counted)
{
    put("source/skill.toml", "x");
    put("source/.git/config", "x");
    put("source/.env", "SECRET=1");
    put("source/a/.hidden", "x");
    put("source/target/wasm/x.o", "x");
    put("source/a/node_modules/x/index.js", "x");
    put("source/a/__pycache__/x.pyc", "x");
    struct bundle b = stage();
    ck_assert_str_eq(paths_of(&b), "skill.toml ");
    ck_assert_uint_eq(b.left_out, 6);
    ck_assert_int_ne(faccessat(b.fd, "a", F_OK, 0), 0);   /* a folder without files is not kept */
    bundle_discard(&b);
}
END_TEST

START_TEST(a_file_is_staged_under_its_name)
{
    struct bundle b = BUNDLE_NONE;
    put("code", "\0asm");
    cleanup_fd int fd = open(in_root("code"), O_RDONLY);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), 0);
    put("code", "(component)");
    ck_assert_int_eq(bundle_stage_file(staging, fd, "skill.wat", &b, NULL), 0);
    ck_assert_str_eq(paths_of(&b), "skill.wat ");
    ck_assert_uint_eq(b.file[0].len, 11);
    bundle_discard(&b);
}
END_TEST

START_TEST(a_file_can_be_added_and_replaced)
{
    struct bundle b, again = BUNDLE_NONE;
    cordon_error *err = NULL;
    put("source/a", "1");
    put("source/c", "3");
    b = stage();
    ck_assert_int_eq(bundle_add(&b, "b/d", 0755, "2", 1, &err), 0);
    ck_assert_int_eq(bundle_add(&b, "a", 0644, "one", 3, &err), 0);
    ck_assert_str_eq(paths_of(&b), "a b/d c ");
    ck_assert_uint_eq(b.bytes, 5);
    ck_assert_int_eq(bundle_read(b.fd, b.path, &again, NULL), 0);
    ck_assert_mem_eq(again.digest, b.digest, BUNDLE_DIGEST);
    bundle_finish(&again);
    fails_with(bundle_add(&b, "../x", 0644, "", 0, &err), CORDON_E_BAD_ARTIFACT, err, "..");
    fails_with(bundle_add(&b, "A", 0644, "", 0, &err), CORDON_E_BAD_ARTIFACT, err, "case");
    fails_with(bundle_add(&b, ".x", 0644, "", 0, &err), CORDON_E_BAD_ARTIFACT, err, ".x");
    bundle_discard(&b);
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

START_TEST(what_is_kept_cannot_be_written_any_more)
{
    struct bundle b, again = BUNDLE_NONE;
    struct stat st;
    put("source/a/b", "1");
    put_bytes("source/c", "1", 1, 0755);
    b = stage();
    ck_assert_int_eq(bundle_settle(&b, NULL), 0);
    ck_assert_int_eq(fstatat(b.fd, "a", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0500);
    ck_assert_int_eq(fstatat(b.fd, "a/b", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0400);
    ck_assert_int_eq(fstatat(b.fd, "c", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0500);
    ck_assert_int_eq(bundle_read(b.fd, b.path, &again, NULL), 0);
    ck_assert_mem_eq(again.digest, b.digest, BUNDLE_DIGEST);
    bundle_finish(&again);
    ck_assert_int_eq(rename(b.path, in_root("moved")), 0);
    ck_assert_int_eq(rename(in_root("moved"), b.path), 0);
    bundle_discard(&b);
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

START_TEST(staged_files_are_the_users_alone_whatever_the_umask)
{
    struct stat st;
    umask(0777);
    put("source/a/b", "1");
    chmod(source, 0755);
    chmod(in_root("source/a"), 0755);
    umask(0777);
    struct bundle b = stage();
    ck_assert_int_eq(fstat(b.fd, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(fstatat(b.fd, "a/b", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    umask(022);
    bundle_discard(&b);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(links_are_refused_also_those_that_stay_inside)
{
    put("source/a", "1");
    ck_assert_int_eq(symlink("a", in_root("source/b")), 0);
    is_refused(CORDON_E_BAD_ARTIFACT, "symbolic link");
    unlink(in_root("source/b"));
    ck_assert_int_eq(symlink("/etc", in_root("source/b")), 0);
    is_refused(CORDON_E_BAD_ARTIFACT, "symbolic link");
}
END_TEST

START_TEST(fifos_sockets_and_devices_are_refused_at_once)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    put("source/a", "1");
    ck_assert_int_eq(mkfifo(in_root("source/b"), 0600), 0);
    is_refused(CORDON_E_BAD_ARTIFACT, "FIFO");
    unlink(in_root("source/b"));
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", in_root("source/b"));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    is_refused(CORDON_E_BAD_ARTIFACT, "socket");
    unlink(in_root("source/b"));
    if (mknod(in_root("source/b"), S_IFCHR | 0600, 0x103) < 0)
        printf("SKIPPED: no right to make devices\n");
    else
        is_refused(CORDON_E_BAD_ARTIFACT, "device");
}
END_TEST

START_TEST(odd_names_are_refused)
{
    static const struct { const char *name, *why; } odd[] = {
        {"a\nb", "control"}, {"a\x1b[31m", "control"}, {"a\x7f", "control"}, {"a\\b", "backslash"}, {" a", "blank"}, {"a ", "blank"}, {"a.", "dot"},
        {"a\xff", "UTF-8"}, {"a\xc0\xaf", "UTF-8"}, {"a\xe2\x80\xaegnp.exe", "not seen"}, {"a\xe2\x80\x8b", "not seen"}, {"a\xc2\xad", "not seen"},
        {"a\xc2\xa0" "b", "not seen"}, {"\xe3\x85\xa4", "not seen"}, {"a\xef\xb8\x8f", "not seen"}, {"a\xee\x80\x80", "not seen"}, {"a\xc2\x85", "not seen"},
        {"cafe\xcc\x81", "NFC"}, {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "NFC"}, {"\xe2\x84\xaa", "NFC"},
    };
    put("source/good", "1");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char name[64];
        snprintf(name, sizeof name, "source/%s", odd[i].name);
        put(name, "1");
        is_refused(CORDON_E_BAD_ARTIFACT, odd[i].why);
        ck_assert_int_eq(unlink(in_root(name)), 0);
    }
}
END_TEST

START_TEST(names_in_every_script_are_taken)
{
    put("source/caf\xc3\xa9", "1");
    put("source/\xe6\x97\xa5\xe6\x9c\xac", "1");
    put("source/\xd1\x84\xd0\xb0\xd0\xb9\xd0\xbb", "1");
    put("source/with a blank, and-more_(1)~.txt", "1");
    struct bundle b = stage();
    ck_assert_uint_eq(b.n, 4);
    bundle_discard(&b);
}
END_TEST

/* Each pair is one name to somebody's file system. */
START_TEST(names_that_differ_in_case_or_spelling_alone_are_refused)
{
    static const char *const pairs[][2] = {
        {"a", "A"}, {"SKILL.md", "skill.md"}, {"caf\xc3\xa9", "CAF\xc3\x89"}, {"\xc3\x9f", "ss"}, {"\xef\xac\x81x", "fix"}, {"\xef\xbc\xa1", "a"},
        {"d/x", "D/y"}, {"x/a", "X"}, {"\xce\xa3", "\xcf\x82"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char one[64], two[64];
        snprintf(one, sizeof one, "source/%s", pairs[i][0]);
        snprintf(two, sizeof two, "source/%s", pairs[i][1]);
        put(one, "1");
        put(two, "2");
        is_refused(CORDON_E_BAD_ARTIFACT, "case or spelling");
        scratch_remove(strdup(source));
        ck_assert_int_eq(mkdir(source, 0755), 0);
    }
}
END_TEST

START_TEST(ceilings_are_kept)
{
    char name[600] = "source";
    for (int i = 0; i <= BUNDLE_FILES_MAX; i++) {
        snprintf(name, sizeof name, "source/%d", i);
        put(name, "");
        if (i == BUNDLE_FILES_MAX - 1) {
            struct bundle b = stage();
            ck_assert_uint_eq(b.n, BUNDLE_FILES_MAX);
            bundle_discard(&b);
        }
    }
    is_refused(CORDON_E_TOO_LARGE, "1000 files");
    scratch_remove(strdup(source));
    strcpy(name, "source");
    for (int i = 0; i < BUNDLE_DEPTH_MAX; i++)
        strcat(name, "/d");
    put(name, "1");   /* as deep as may be */
    struct bundle b = stage();
    bundle_discard(&b);
    unlink(in_root(name));
    strcat(name, "/d");
    put(name, "1");
    is_refused(CORDON_E_TOO_LARGE, "deeper than 16");
    scratch_remove(strdup(source));
    snprintf(name, sizeof name, "source/%0200d/%055d", 1, 1);
    put(name, "1");
    is_refused(CORDON_E_TOO_LARGE, "longer than 255");
}
END_TEST

START_TEST(there_is_an_end_to_the_folders_of_a_bundle_also_to_empty_ones)
{
    char name[64];
    put("source/a", "1");
    for (int i = 0; i <= BUNDLE_FILES_MAX; i++) {
        snprintf(name, sizeof name, "source/d%d", i);
        ck_assert_int_eq(mkdir(in_root(name), 0755), 0);
    }
    is_refused(CORDON_E_TOO_LARGE, "1000 folders");
}
END_TEST

START_TEST(there_is_an_end_to_the_bytes_of_a_bundle)
{
    struct bundle b;
    cordon_error *err = NULL;
    put("source/a", "1");
    ck_assert_int_eq(truncate(in_root("source/a"), BUNDLE_BYTES_MAX), 0);
    ck_assert_int_eq(bundle_survey(source, &b, NULL), 0);
    bundle_finish(&b);
    put("source/b", "1");
    fails_with(bundle_survey(source, &b, &err), CORDON_E_TOO_LARGE, err, "128 MiB");
}
END_TEST

START_TEST(an_empty_folder_and_none_at_all)
{
    struct bundle b;
    cordon_error *err = NULL;
    is_refused(CORDON_E_BAD_ARTIFACT, "no files");
    put("source/.x", "1");
    is_refused(CORDON_E_BAD_ARTIFACT, "left out");
    fails_with(bundle_stage_folder(staging, in_root("none"), &b, &err), CORDON_E_NOT_FOUND, err, "there is no folder");
}
END_TEST

/* A limit on the size of files stands in for a disk that is full. */
static void fill_the_disk(rlim_t bytes)
{
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_is_an_error_and_nothing_stays)
{
    static char bytes[10000];
    struct bundle b;
    cordon_error *err = NULL;
    put("source/a", "1");
    put_bytes("source/b", bytes, sizeof bytes, 0644);
    cleanup_fd int fd = open(in_root("source/b"), O_RDONLY);
    fill_the_disk(4096);
    fails_with(bundle_stage_folder(staging, source, &b, &err), CORDON_E_IO, err, "cannot write b");
    fails_with(bundle_stage_file(staging, fd, "skill.wasm", &b, &err), CORDON_E_IO, err, "cannot write skill.wasm");
    ck_assert_int_eq(count_staged(), 0);
    fill_the_disk(RLIM_INFINITY);
    b = stage();
    fill_the_disk(4096);
    ck_assert_int_eq(bundle_add(&b, "c", 0644, bytes, sizeof bytes, &err), -CORDON_E_IO);
    cordon_error_free(err);
    bundle_discard(&b);
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

/* ---- what is kept ---- */

START_TEST(a_kept_folder_with_anything_that_staging_does_not_make_is_damaged)
{
    static const char *const added[] = {".hidden", "node_modules/x", "a\\b"};
    struct bundle b, again;
    cordon_error *err = NULL;
    put("source/a", "1");
    b = stage();
    for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", b.path + strlen(root) + 1, added[i]);
        put(name, "1");
        fails_with(bundle_read(b.fd, b.path, &again, &err), CORDON_E_DAMAGED, err, "not as it was installed");
        unlink(in_root(name));
        if (strchr(added[i], '/'))
            unlinkat(b.fd, "node_modules", AT_REMOVEDIR);
    }
    ck_assert_int_eq(mkdirat(b.fd, "empty", 0700), 0);
    fails_with(bundle_read(b.fd, b.path, &again, &err), CORDON_E_DAMAGED, err, "without files");
    ck_assert_int_eq(unlinkat(b.fd, "empty", AT_REMOVEDIR), 0);
    ck_assert_int_eq(symlinkat("a", b.fd, "b"), 0);
    fails_with(bundle_read(b.fd, b.path, &again, &err), CORDON_E_DAMAGED, err, "symbolic link");
    bundle_discard(&b);
}
END_TEST

START_TEST(a_file_that_was_changed_is_not_given_out)
{
    struct bundle b;
    char *text = NULL, path[256];
    size_t len;
    int fd = -1;
    cordon_error *err = NULL;
    put("source/a", "1");
    put("source/d/c", "1");
    b = stage();
    snprintf(path, sizeof path, "%s/a", b.path + strlen(root) + 1);
    put(path, "2");
    fails_with(bundle_load(&b, "a", 10, &text, &len, &err), CORDON_E_DIGEST_MISMATCH, err, "changed");
    put(path, "");
    fails_with(bundle_load(&b, "a", 10, &text, &len, &err), CORDON_E_DIGEST_MISMATCH, err, "shorter");
    fails_with(bundle_load(&b, "b", 10, &text, &len, &err), CORDON_E_NOT_FOUND, err, "no b");
    fails_with(bundle_load(&b, "d/c", 0, &text, &len, &err), CORDON_E_TOO_LARGE, err, "0 bytes");
    ck_assert_int_eq(renameat(b.fd, "d", b.fd, "e"), 0);
    ck_assert_int_eq(symlinkat("e", b.fd, "d"), 0);
    ck_assert_int_lt(bundle_open(&b, "d/c", &fd, &err), 0);
    cordon_error_free(err);
    bundle_discard(&b);
}
END_TEST

/* ---- the staging folder ---- */

START_TEST(a_sweep_takes_what_a_dead_process_left_and_leaves_the_living_alone)
{
    int ready[2], status;
    char byte;
    put("source/a/b", "1");
    struct bundle own = stage();
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (!pid) {
        struct bundle b = BUNDLE_NONE;
        if (bundle_stage_folder(staging, source, &b, NULL) < 0 || bundle_settle(&b, NULL) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(bundle_sweep(staging, NULL), 0);
    ck_assert_int_eq(count_staged(), 2);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    ck_assert_int_eq(bundle_sweep(staging, NULL), 0);
    ck_assert_int_eq(count_staged(), 1);
    ck_assert_int_eq(faccessat(own.fd, "a/b", F_OK, 0), 0);
    bundle_finish(&own);   /* as one that was moved: nobody holds it any more */
    ck_assert_int_eq(bundle_sweep(staging, NULL), 0);
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

START_TEST(a_sweep_touches_only_what_staging_makes)
{
    put("home/x", "");
    chmod(in_root("home"), 0700);
    ck_assert_int_eq(bundle_sweep(staging, NULL), 0);   /* there is none */
    struct bundle b = BUNDLE_NONE;
    put("source/a", "1");
    b = stage();
    bundle_discard(&b);
    put("home/staging/notes", "1");
    ck_assert_int_eq(symlink(source, in_root("home/staging/00000000000000000000000000000000")), 0);
    ck_assert_int_eq(bundle_sweep(staging, NULL), 0);
    ck_assert_int_eq(access(in_root("home/staging/notes"), F_OK), 0);
    ck_assert_int_eq(access(in_root("source/a"), F_OK), 0);
}
END_TEST

START_TEST(a_staging_folder_that_others_can_write_is_refused)
{
    struct bundle b;
    cordon_error *err = NULL;
    put("source/a", "1");
    put("home/staging/x", "1");
    chmod(in_root("home/staging"), 0777);
    fails_with(bundle_stage_folder(staging, source, &b, &err), CORDON_E_UNSAFE_PATH, err, "chmod 700");
}
END_TEST

/* Stagers and sweepers at once: nobody's folder goes while it is held. */
START_TEST(a_sweep_never_takes_one_that_is_being_made)
{
    int status;
    put("source/a/b", "1");
    for (int id = 0; id < 3; id++) {
        if (fork())
            continue;
        for (int i = 0; i < 60; i++) {
            struct bundle b = BUNDLE_NONE;
            if (id == 2 ? bundle_sweep(staging, NULL) < 0 : bundle_stage_folder(staging, source, &b, NULL) < 0)
                _exit(1);
            if (id < 2 && faccessat(b.fd, "a/b", F_OK, 0) < 0)
                _exit(2);
            bundle_discard(&b);
        }
        _exit(0);
    }
    for (int id = 0; id < 3; id++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

Suite *suite_bundle(void)
{
    Suite *s = suite_create("bundle");
    TCase *t = tcase_create("bundle");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, make_ground, remove_ground);
    tcase_add_test(t, a_folder_is_staged_as_it_is);
    tcase_add_test(t, the_digest_is_what_is_documented);
    tcase_add_test(t, every_change_of_a_file_changes_the_digest_but_of_the_signature_at_the_top);
    tcase_add_test(t, bytes_cannot_move_from_a_name_to_a_content);
    tcase_add_test(t, what_is_left_out_is_counted);
    tcase_add_test(t, a_file_is_staged_under_its_name);
    tcase_add_test(t, a_file_can_be_added_and_replaced);
    tcase_add_test(t, what_is_kept_cannot_be_written_any_more);
    tcase_add_test(t, staged_files_are_the_users_alone_whatever_the_umask);
    tcase_add_test(t, links_are_refused_also_those_that_stay_inside);
    tcase_add_test(t, fifos_sockets_and_devices_are_refused_at_once);
    tcase_add_test(t, odd_names_are_refused);
    tcase_add_test(t, names_in_every_script_are_taken);
    tcase_add_test(t, names_that_differ_in_case_or_spelling_alone_are_refused);
    tcase_add_test(t, ceilings_are_kept);
    tcase_add_test(t, there_is_an_end_to_the_folders_of_a_bundle_also_to_empty_ones);
    tcase_add_test(t, there_is_an_end_to_the_bytes_of_a_bundle);
    tcase_add_test(t, an_empty_folder_and_none_at_all);
    tcase_add_test(t, a_full_disk_is_an_error_and_nothing_stays);
    tcase_add_test(t, a_kept_folder_with_anything_that_staging_does_not_make_is_damaged);
    tcase_add_test(t, a_file_that_was_changed_is_not_given_out);
    tcase_add_test(t, a_sweep_takes_what_a_dead_process_left_and_leaves_the_living_alone);
    tcase_add_test(t, a_sweep_touches_only_what_staging_makes);
    tcase_add_test(t, a_staging_folder_that_others_can_write_is_refused);
    tcase_add_test(t, a_sweep_never_takes_one_that_is_being_made);
    suite_add_tcase(s, t);
    return s;
}
