/* SPDX-License-Identifier: Apache-2.0
 * Archives of strangers: what can come out of one is a folder that its sender could have sent, or nothing. */
#include "bundle/archive.h"
#include "bundle_ground.h"
#include "code/code.h"
#include <signal.h>
#include <sys/resource.h>

Suite *suite_archive(void);

static char archives[64];
static struct helper *helper;

static void make_archives(void)
{
    char command[512];
    strcpy(archives, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(archives));
    snprintf(command, sizeof command, "python3 " TEST_SOURCE_ROOT "/tests/unit/make_archives.py %s", archives);
    ck_assert_int_eq(system(command), 0);
}

static void remove_archives(void) { scratch_remove(strdup(archives)); }

static void setup(void)
{
    const struct code_bounds bounds = {.memory_bytes = UINT64_C(1) << 30, .cpu_s = 60, .wall_s = 120};
    make_ground();
    ck_assert_int_eq(helper_new(TEST_HELPER, &bounds, &helper, NULL), 0);
}

static void teardown(void)
{
    helper_free(helper);
    remove_ground();
}

static int stage(const char *name, struct bundle *ret, cordon_error **err)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", archives, name);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "%s", path);
    return bundle_stage_archive(staging, helper, fd, name, ret, err);
}

/* Nothing of it stays, and nothing was written anywhere else. */
static void is_refused(const char *name, enum cordon_errc code, const char *words)
{
    struct bundle b;
    cordon_error *err = NULL;
    unsigned fds = count_fds();
    int r = stage(name, &b, &err);
    ck_assert_uint_eq(count_fds(), fds);
    ck_assert_msg(r == -(int)code, "%s: %d: %s: %s", name, r, r < 0 ? cordon_error_message(err) : "no error", r < 0 ? cordon_error_cause(err, 0) : "");
    check_error(r, code, err, words);
    ck_assert_int_eq(count_staged(), 0);
    ck_assert_int_ne(access("/tmp/cordon-test-absolute", F_OK), 0);
    ck_assert_int_ne(access(in_root("home/x"), F_OK), 0);
    ck_assert_int_ne(access(in_root("home/staging/x"), F_OK), 0);
}

struct refusal { const char *name; enum cordon_errc code; const char *words; };
static void are_refused(const struct refusal *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        is_refused(r[i].name, r[i].code, r[i].words);
}
#define ALL_REFUSED(...) are_refused((const struct refusal[]){__VA_ARGS__}, sizeof(struct refusal[]){__VA_ARGS__} / sizeof(struct refusal))
#define BAD CORDON_E_BAD_ARTIFACT
#define LARGE CORDON_E_TOO_LARGE

static void holds_paths(const char *name, const char *paths)
{
    struct bundle b = BUNDLE_NONE;
    cordon_error *err = NULL;
    int r = stage(name, &b, &err);
    ck_assert_msg(r == 0, "%s: %s: %s", name, r < 0 ? cordon_error_message(err) : "", r < 0 ? cordon_error_cause(err, 0) : "");
    ck_assert_msg(!strcmp(paths_of(&b), paths), "%s: %s", name, paths_of(&b));
    bundle_discard(&b);
}

/* ---- what is taken ---- */

START_TEST(a_single_folder_at_the_top_is_stepped_into)
{
    static const char *const names[] = {"one-folder.tar.gz", "one-folder.tar", "one-folder.zip", "ustar.tar.gz", "gnu.tar.gz", "no-folder.tar.gz", "dot-slash.tar.gz", "stored.zip"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        holds_paths(names[i], "scripts/run.sh skill.toml ");
    holds_paths("two-folders.tar.gz", "a/x b/y ");
}
END_TEST

START_TEST(an_archive_and_its_folder_are_one_bundle)
{
    struct bundle b = BUNDLE_NONE, folder = BUNDLE_NONE;
    put("source/skill.toml", "[skill]\n");
    put_bytes("source/scripts/run.sh", "#!/bin/sh\n", 10, 0755);
    put("source/.git/x", "1");
    ck_assert_int_eq(bundle_stage_folder(staging, source, &folder, NULL), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(stage((const char *const[]){"one-folder.tar.gz", "one-folder.zip", "no-folder.tar.gz"}[i], &b, NULL), 0);
        ck_assert_mem_eq(b.digest, folder.digest, BUNDLE_DIGEST);
        bundle_discard(&b);
    }
    bundle_discard(&folder);
}
END_TEST

START_TEST(names_beyond_ascii_come_through_whole)
{
    setenv("LC_ALL", "C", 1);
    holds_paths("unicode.tar.gz", "\xe6\x97\xa5\xe6\x9c\xac.txt ");
    holds_paths("unicode.zip", "\xe6\x97\xa5\xe6\x9c\xac.txt ");
}
END_TEST

START_TEST(archives_are_known_by_their_first_bytes)
{
    static const struct { const char *name; bool is; } known[] = {
        {"one-folder.tar.gz", true}, {"one-folder.tar", true}, {"one-folder.zip", true}, {"empty.zip", true}, {"7z", false}, {"none", false}, {"mtree", false}, {"cpio", false},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char path[128], head[512];
        snprintf(path, sizeof path, "%s/%s", archives, known[i].name);
        cleanup_fd int fd = open(path, O_RDONLY);
        ssize_t n = read(fd, head, sizeof head);
        ck_assert_msg(bundle_is_archive(head, (size_t)n) == known[i].is, "%s", known[i].name);
    }
    ck_assert(!bundle_is_archive("\0asm\1\0\0\0", 8) && !bundle_is_archive("(component)", 11) && !bundle_is_archive("", 0));
}
END_TEST

/* ---- ways out ---- */

START_TEST(traversal_is_refused)
{
    ALL_REFUSED({"parent.tar.gz", BAD, "has . or .."}, {"parent-within.tar.gz", BAD, "has . or .."}, {"parent-at-end.tar.gz", BAD, "has . or .."},
                {"parent-folder.tar.gz", BAD, "has . or .."}, {"parent.zip", BAD, "has . or .."}, {"backslash.tar.gz", BAD, "backslash"}, {"backslash.zip", BAD, "backslash"});
}
END_TEST

START_TEST(absolute_paths_are_refused)
{
    ALL_REFUSED({"absolute.tar.gz", BAD, "absolute"}, {"absolute.zip", BAD, "absolute"});
}
END_TEST

START_TEST(symbolic_links_are_refused_wherever_they_lead)
{
    ALL_REFUSED({"link-out.tar.gz", BAD, "symbolic link"}, {"link-in.tar.gz", BAD, "symbolic link"}, {"link-then-through.tar.gz", BAD, "symbolic link"},
                {"link-left-out.tar.gz", BAD, "symbolic link"}, {"link.zip", BAD, "symbolic link"});
}
END_TEST

START_TEST(hard_links_are_refused)
{
    ALL_REFUSED({"hard-link.tar.gz", BAD, "hard link"}, {"hard-link-out.tar.gz", BAD, "hard link"});
}
END_TEST

START_TEST(devices_and_fifos_in_archives_are_refused)
{
    ALL_REFUSED({"device.tar.gz", BAD, "neither a file nor a folder"}, {"block-device.tar.gz", BAD, "neither"}, {"fifo.tar.gz", BAD, "neither"});
}
END_TEST

/* ---- names ---- */

START_TEST(duplicate_entries_are_refused)
{
    ALL_REFUSED({"twice.tar.gz", BAD, "there twice"}, {"twice.zip", BAD, "there twice"}, {"dotted-twice.tar.gz", BAD, "there twice"},
                {"file-and-folder.tar.gz", BAD, "both a file and a folder"});
}
END_TEST

START_TEST(entries_whose_names_differ_in_case_alone_are_refused)
{
    ALL_REFUSED({"case.tar.gz", BAD, "case or spelling"}, {"case-of-folder.tar.gz", BAD, "case or spelling"}, {"case.zip", BAD, "case or spelling"});
}
END_TEST

START_TEST(odd_names_in_archives_are_refused)
{
    ALL_REFUSED({"newline.tar.gz", BAD, "control"}, {"bidi.tar.gz", BAD, "not seen"}, {"no-name.tar.gz", BAD, "empty name"}, {"long.tar.gz", LARGE, "255"},
                {"deep.tar.gz", LARGE, "16 names"}, {"latin1.tar.gz", BAD, "UTF-8"});
}
END_TEST

/* ---- sizes ---- */

START_TEST(bombs_are_refused_by_their_ratio)
{
    ALL_REFUSED({"bomb.tar.gz", LARGE, "100 times"}, {"bomb.zip", LARGE, "100 times"}, {"bomb-left-out.tar.gz", LARGE, "100 times"});
    holds_paths("small-but-many-times.tar.gz", "skill.toml zeros ");
}
END_TEST

START_TEST(the_bytes_of_an_archive_are_counted_together)
{
    is_refused("too-much.tar.gz", LARGE, "128 MiB");
}
END_TEST

START_TEST(the_entries_of_an_archive_are_counted)
{
    ALL_REFUSED({"many.tar.gz", LARGE, "1000 files"}, {"many-folders.tar.gz", LARGE, "4000 entries"});
}
END_TEST

START_TEST(an_archive_has_a_ceiling_itself)
{
    struct bundle b;
    cordon_error *err = NULL;
    put("large", "\x1f\x8b");
    ck_assert_int_eq(truncate(in_root("large"), BUNDLE_ARCHIVE_MAX + 1), 0);
    cleanup_fd int fd = open(in_root("large"), O_RDONLY);
    fails_with(bundle_stage_archive(staging, helper, fd, "large", &b, &err), LARGE, err, "64 MiB");
}
END_TEST

START_TEST(sparse_files_are_refused)
{
    ALL_REFUSED({"sparse.tar.gz", BAD, "holes"}, {"sparse-end.tar.gz", BAD, "holes"});
}
END_TEST

START_TEST(a_full_disk_while_unpacking_is_an_error_and_nothing_stays)
{
    const struct rlimit limit = {4096, RLIM_INFINITY};
    struct bundle b;
    cordon_error *err = NULL;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fails_with(stage("small-but-many-times.tar.gz", &b, &err), CORDON_E_IO, err, "cannot write");
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

/* ---- forms ---- */

START_TEST(encrypted_entries_are_refused)
{
    is_refused("encrypted.zip", BAD, "encrypted");
}
END_TEST

START_TEST(what_is_packed_twice_is_refused)
{
    is_refused("packed-twice.tar.gz", BAD, "packed more than once");
}
END_TEST

START_TEST(archives_that_are_cut_or_changed_are_refused)
{
    ALL_REFUSED({"cut.tar.gz", BAD, "cannot be read"}, {"cut.tar", BAD, "cannot be read"}, {"cut.zip", BAD, "cannot be read"}, {"changed.zip", BAD, "CRC"},
                {"longer.zip", BAD, ""});
}
END_TEST

START_TEST(other_formats_are_refused)
{
    ALL_REFUSED({"7z", BAD, "cannot be read"}, {"mtree", BAD, "cannot be read"}, {"cpio", BAD, "cannot be read"}, {"no-archive.tar.gz", BAD, "cannot be read"},
                {"none", BAD, "no archive of a skill"}, {"empty.tar", BAD, "no archive of a skill"}, {"empty.zip", BAD, "cannot be read"});
}
END_TEST

/* Each is refused or is a bundle; nothing else happens. */
START_TEST(a_change_of_any_byte_leaves_a_bundle_or_an_error)
{
    static const char *const names[] = {"stored.zip", "no-folder.tar.gz"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128], bytes[1024];
        snprintf(path, sizeof path, "%s/%s", archives, names[i]);
        cleanup_fd int fd = open(path, O_RDONLY);
        ssize_t len = read(fd, bytes, sizeof bytes);
        for (ssize_t at = 0; at < len; at += 5) {
            struct bundle b = BUNDLE_NONE;
            cordon_error *err = NULL;
            bytes[at] ^= (char)0x81;
            put_bytes("changed", bytes, (size_t)len, 0600);
            bytes[at] ^= (char)0x81;
            cleanup_fd int changed = open(in_root("changed"), O_RDONLY);
            int r = bundle_stage_archive(staging, helper, changed, "changed", &b, &err);
            ck_assert_msg(r == 0 || r == -BAD || r == -LARGE, "byte %zd: %d: %s", at, r, r < 0 ? cordon_error_cause(err, 0) : "");
            cordon_error_free(err);
            bundle_discard(&b);
        }
    }
    ck_assert_int_eq(count_staged(), 0);
}
END_TEST

/* ---- a helper that was taken over ---- */

static int take_stream(const struct stream_entry *entries, const char *const *paths, size_t n, size_t cut, cordon_error **err)
{
    struct draft d = DRAFT(false, BAD);
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, &entries[i], sizeof *entries);
        buf_adds(&b, paths[i]);
        buf_adds(&b, "bytes");
    }
    int r = archive_take(&d, b.data, b.len - cut, err);
    draft_finish(&d);
    buf_finish(&b);
    return r;
}

START_TEST(a_helper_that_was_taken_over_gets_no_further_than_an_honest_archive)
{
    cordon_error *err = NULL;
    fails_with(take_stream((struct stream_entry[]){{4, 0, 5}}, (const char *const[]){"../x"}, 1, 0, &err), BAD, err, "..");
    fails_with(take_stream((struct stream_entry[]){{2, 0, 5}}, (const char *const[]){"/x"}, 1, 0, &err), BAD, err, "absolute");
    fails_with(take_stream((struct stream_entry[]){{1, 0, 5}, {1, 0, 5}}, (const char *const[]){"a", "A"}, 2, 0, &err), BAD, err, "case");
    fails_with(take_stream((struct stream_entry[]){{1, 0, 6}}, (const char *const[]){"a"}, 1, 0, &err), CORDON_E_HOST_BUG, err, "well-formed");
    fails_with(take_stream((struct stream_entry[]){{1, 0, UINT64_MAX}}, (const char *const[]){"a"}, 1, 0, &err), CORDON_E_HOST_BUG, err, "well-formed");
    fails_with(take_stream((struct stream_entry[]){{UINT32_MAX, 0, 0}}, (const char *const[]){"a"}, 1, 0, &err), CORDON_E_HOST_BUG, err, "well-formed");
    fails_with(take_stream((struct stream_entry[]){{1, 2, 5}}, (const char *const[]){"a"}, 1, 0, &err), CORDON_E_HOST_BUG, err, "well-formed");
    fails_with(take_stream((struct stream_entry[]){{1, 0, 5}}, (const char *const[]){"a"}, 1, 7, &err), CORDON_E_HOST_BUG, err, "well-formed");
    fails_with(take_stream((struct stream_entry[]){{0, 0, 5}}, (const char *const[]){""}, 1, 0, &err), BAD, err, "empty");
    fails_with(take_stream((struct stream_entry[]){{2, 0, 5}, {2, 0, 5}}, (const char *const[]){"a/", "a/"}, 2, 0, &err), BAD, err, "empty");
    ck_assert_int_eq(take_stream((struct stream_entry[]){{3, 1, 5}}, (const char *const[]){"a/b"}, 1, 0, NULL), 0);
}
END_TEST

START_TEST(an_archive_that_the_helper_cannot_bear_is_an_error)
{
    const struct code_bounds tight = {.memory_bytes = UINT64_C(120) << 20, .cpu_s = 60, .wall_s = 120};
    struct helper *small;
    struct bundle b;
    char path[128];
    cordon_error *err = NULL;
    ck_assert_int_eq(helper_new(TEST_HELPER, &tight, &small, NULL), 0);
    snprintf(path, sizeof path, "%s/too-much.tar.gz", archives);
    cleanup_fd int fd = open(path, O_RDONLY);
    int r = bundle_stage_archive(staging, small, fd, "it", &b, &err);
    ck_assert_int_lt(r, 0);
    cordon_error_free(err);
    ck_assert_int_eq(count_staged(), 0);
    helper_free(small);
}
END_TEST

Suite *suite_archive(void)
{
    Suite *s = suite_create("archive");
    TCase *t = tcase_create("archive");
    tcase_set_timeout(t, 240);
    tcase_add_unchecked_fixture(t, make_archives, remove_archives);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_single_folder_at_the_top_is_stepped_into);
    tcase_add_test(t, an_archive_and_its_folder_are_one_bundle);
    tcase_add_test(t, names_beyond_ascii_come_through_whole);
    tcase_add_test(t, archives_are_known_by_their_first_bytes);
    tcase_add_test(t, traversal_is_refused);
    tcase_add_test(t, absolute_paths_are_refused);
    tcase_add_test(t, symbolic_links_are_refused_wherever_they_lead);
    tcase_add_test(t, hard_links_are_refused);
    tcase_add_test(t, devices_and_fifos_in_archives_are_refused);
    tcase_add_test(t, duplicate_entries_are_refused);
    tcase_add_test(t, entries_whose_names_differ_in_case_alone_are_refused);
    tcase_add_test(t, odd_names_in_archives_are_refused);
    tcase_add_test(t, bombs_are_refused_by_their_ratio);
    tcase_add_test(t, the_bytes_of_an_archive_are_counted_together);
    tcase_add_test(t, the_entries_of_an_archive_are_counted);
    tcase_add_test(t, an_archive_has_a_ceiling_itself);
    tcase_add_test(t, sparse_files_are_refused);
    tcase_add_test(t, a_full_disk_while_unpacking_is_an_error_and_nothing_stays);
    tcase_add_test(t, encrypted_entries_are_refused);
    tcase_add_test(t, what_is_packed_twice_is_refused);
    tcase_add_test(t, archives_that_are_cut_or_changed_are_refused);
    tcase_add_test(t, other_formats_are_refused);
    tcase_add_test(t, a_change_of_any_byte_leaves_a_bundle_or_an_error);
    tcase_add_test(t, a_helper_that_was_taken_over_gets_no_further_than_an_honest_archive);
    tcase_add_test(t, an_archive_that_the_helper_cannot_bear_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
