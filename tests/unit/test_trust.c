/* SPDX-License-Identifier: Apache-2.0
 * Keys and signatures: what is signed verifies, nothing else does, and every form has one spelling. The vectors were made by another implementation. */
#include "base/cleanup.h"
#include "base/error.h"
#include "trust/trust.h"
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_trust(void);

#define SEED "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define PUBLIC "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define DIGEST "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define SIGNED "d1402e91fca595acfebde51a11836270c9e1048eb42aee0118019528ff9c86c1ae59b1ffdd24e9d394088d7d1356379d765e653104fbbfcf0c9245c6f29d9001"
#define WASM_HASH "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476"
#define WASM_SIGNED "7c15260dd888ae5fcd379017ad1bb44b73b28bafdd09c4b5f6cf568fc4f64822a8bda4d5a939ec1e3878b5099e3650d813258570c98caf6aa0d55f4abb443605"
#define PRIVATE_FILE "-----BEGIN BLUFIO PUBLISHER PRIVATE KEY-----\n" SEED "\n-----END BLUFIO PUBLISHER PRIVATE KEY-----\n"
#define PUBLIC_FILE "-----BEGIN BLUFIO PUBLISHER PUBLIC KEY-----\n" PUBLIC "\n-----END BLUFIO PUBLISHER PUBLIC KEY-----\n"
#define SIGNATURE_TEXT "publisher_id=" PUBLIC "\nbundle_digest=" DIGEST "\nsignature=" SIGNED "\n"
#define LEGACY_TEXT "publisher_id=" PUBLIC "\ncontent_hash=" WASM_HASH "\nsignature=" WASM_SIGNED "\n"
static const char wasm[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};

static char root[64];

static void setup(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void teardown(void) { nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static const char *in_root(const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *at = path[next++ % 4];
    snprintf(at, sizeof *path, "%s/%s", root, name);
    return at;
}

static void put(const char *path, const char *text, mode_t mode)
{
    cleanup_fd int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
}

static void check_error(int r, enum cordon_errc code, cordon_error *err, const char *words)
{
    ck_assert_msg(r == -(int)code, "%d: %s", r, r < 0 ? cordon_error_message(err) : "no error");
    ck_assert_msg(strstr(cordon_error_message(err), words) || strstr(cordon_error_hint(err), words) ||
                      (cordon_error_cause(err, 0) && strstr(cordon_error_cause(err, 0), words)),
                  "%s\n%s", cordon_error_message(err), cordon_error_hint(err));
    cordon_error_free(err);
}

/* `err` is read after the call. */
#define fails_with(call, code, err, words) do { int r_ = (call); check_error(r_, (code), (err), (words)); } while (0)

static struct trust_secret *the_secret(void)
{
    struct trust_secret *s = NULL;
    ck_assert_int_eq(trust_secret_parse(PRIVATE_FILE, strlen(PRIVATE_FILE), &s, NULL), 0);
    return s;
}

static struct trust_signature the_signature(void)
{
    struct trust_signature sig;
    ck_assert_int_eq(trust_signature_parse(SIGNATURE_TEXT, strlen(SIGNATURE_TEXT), &sig, NULL), 0);
    return sig;
}

/* ---- keys ---- */

START_TEST(a_seed_gives_the_key_that_another_implementation_gives)
{
    struct trust_secret *s = the_secret();
    ck_assert_str_eq(trust_secret_key(s)->id, PUBLIC);
    trust_secret_free(s);
}
END_TEST

START_TEST(no_two_keys_that_are_made_are_alike)
{
    struct trust_secret *a, *b;
    ck_assert_int_eq(trust_secret_make(&a, NULL), 0);
    ck_assert_int_eq(trust_secret_make(&b, NULL), 0);
    ck_assert(!trust_key_equal(trust_secret_key(a), trust_secret_key(b)));
    trust_secret_free(a);
    trust_secret_free(b);
}
END_TEST

START_TEST(an_id_has_one_spelling)
{
    static const char *const bad[] = {
        "", "03", PUBLIC "0", PUBLIC "\n", " " PUBLIC, "03A107BFF3CE10BE1D70DD18E74BC09967E4D6309BA50D5F1DDC8664125531B8", "0x" PUBLIC,
        "g3a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
    };
    struct trust_key key;
    ck_assert_int_eq(trust_key_parse(PUBLIC, &key, NULL), 0);
    ck_assert_str_eq(key.id, PUBLIC);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cordon_error *err = NULL;
        fails_with(trust_key_parse(bad[i], &key, &err), CORDON_E_USAGE, err, "64");
    }
}
END_TEST

/* The neutral element, points of order 2, 4 and 8, encodings that are not canonical, and what lies off the curve. */
START_TEST(keys_of_small_order_and_second_spellings_are_no_keys)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0200000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct trust_key key;
        struct trust_signature sig;
        char text[sizeof SIGNATURE_TEXT], file[sizeof PUBLIC_FILE];
        cordon_error *err = NULL;
        fails_with(trust_key_parse(bad[i], &key, &err), CORDON_E_USAGE, err, "no Ed25519 public key");
        strcpy(text, SIGNATURE_TEXT);
        memcpy(text + strlen("publisher_id="), bad[i], 64);
        fails_with(trust_signature_parse(text, strlen(text), &sig, &err), CORDON_E_BAD_ARTIFACT, err, "no Ed25519 public key");
        strcpy(file, PUBLIC_FILE);
        memcpy(strstr(file, PUBLIC), bad[i], 64);
        fails_with(trust_public_parse(file, strlen(file), &key, &err), CORDON_E_BAD_ARTIFACT, err, "good faith");
    }
}
END_TEST

/* ---- key files ---- */

START_TEST(key_files_have_the_form_of_the_contracts)
{
    struct trust_secret *s = the_secret();
    char *text = sodium_malloc(TRUST_KEY_FILE_MAX), public[TRUST_KEY_FILE_MAX];
    struct trust_key key;
    trust_secret_print(s, text);
    ck_assert_str_eq(text, PRIVATE_FILE);
    trust_public_print(trust_secret_key(s), public);
    ck_assert_str_eq(public, PUBLIC_FILE);
    ck_assert_int_eq(trust_public_parse(PUBLIC_FILE, strlen(PUBLIC_FILE), &key, NULL), 0);
    ck_assert(trust_key_equal(&key, trust_secret_key(s)));
    ck_assert_int_eq(trust_public_parse(PUBLIC_FILE, strlen(PUBLIC_FILE) - 1, &key, NULL), 0);
    ck_assert_int_eq(trust_form_of(PRIVATE_FILE, strlen(PRIVATE_FILE)), TRUST_FORM_PRIVATE);
    ck_assert_int_eq(trust_form_of(PUBLIC_FILE, strlen(PUBLIC_FILE)), TRUST_FORM_PUBLIC);
    ck_assert_int_eq(trust_form_of("", 0), -1);
    sodium_free(text);
    trust_secret_free(s);
}
END_TEST

START_TEST(a_key_file_is_read_to_the_letter)
{
    for (size_t len = 0; len < strlen(PUBLIC_FILE) - 1; len++) {
        struct trust_key key;
        ck_assert_int_eq(trust_public_parse(PUBLIC_FILE, len, &key, NULL), -CORDON_E_BAD_ARTIFACT);
    }
    for (size_t at = 0; at < strlen(PUBLIC_FILE); at++) {
        char text[] = PUBLIC_FILE;
        struct trust_key key;
        text[at] ^= 0x20;   /* also a digit's case */
        int r = trust_public_parse(text, strlen(text), &key, NULL);
        ck_assert_msg(r == -CORDON_E_BAD_ARTIFACT, "byte %zu", at);
    }
    static const char *const bad[] = {PUBLIC_FILE "\n", PUBLIC_FILE " ", "\n" PUBLIC_FILE, PUBLIC_FILE PUBLIC_FILE, PUBLIC "\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct trust_key key;
        ck_assert_int_eq(trust_public_parse(bad[i], strlen(bad[i]), &key, NULL), -CORDON_E_BAD_ARTIFACT);
    }
}
END_TEST

START_TEST(one_form_is_not_taken_for_the_other_and_no_error_repeats_a_secret)
{
    struct trust_key key;
    struct trust_secret *s = NULL;
    cordon_error *err = NULL;
    ck_assert_int_eq(trust_public_parse(PRIVATE_FILE, strlen(PRIVATE_FILE), &key, &err), -CORDON_E_BAD_ARTIFACT);
    ck_assert_ptr_null(strstr(cordon_error_message(err), "0001"));
    ck_assert_ptr_null(strstr(cordon_error_hint(err), "0001"));
    ck_assert_ptr_null(cordon_error_subject(err));
    cordon_error_free(err);
    fails_with(trust_secret_parse(PUBLIC_FILE, strlen(PUBLIC_FILE), &s, &err), CORDON_E_BAD_ARTIFACT, err, "cannot sign");
}
END_TEST

START_TEST(a_secret_key_is_written_for_its_user_alone_and_never_over_another)
{
    struct trust_secret *s = the_secret(), *again = NULL;
    cordon_error *err = NULL;
    struct stat st;
    struct trust_key key;
    ck_assert_int_eq(trust_secret_write(in_root("a.key"), s, NULL), 0);
    ck_assert_int_eq(stat(in_root("a.key"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    fails_with(trust_secret_write(in_root("a.key"), s, &err), CORDON_E_CONFLICT, err, "never written over");
    ck_assert_int_eq(trust_public_write(in_root("a.pub"), trust_secret_key(s), NULL), 0);
    ck_assert_int_eq(trust_secret_read(in_root("a.key"), &again, NULL), 0);
    ck_assert_str_eq(trust_secret_key(again)->id, PUBLIC);
    ck_assert_int_eq(trust_key_read(in_root("a.key"), &key, NULL), 0);
    ck_assert_str_eq(key.id, PUBLIC);
    ck_assert_int_eq(trust_key_read(in_root("a.pub"), &key, NULL), 0);
    ck_assert_int_eq(trust_public_read(in_root("a.pub"), &key, NULL), 0);
    ck_assert_str_eq(key.id, PUBLIC);
    trust_secret_free(again);
    trust_secret_free(s);
}
END_TEST

START_TEST(a_secret_key_that_others_can_read_is_refused_with_the_command_that_mends_it)
{
    struct trust_secret *s = NULL;
    struct trust_key key;
    cordon_error *err = NULL;
    put(in_root("a.key"), PRIVATE_FILE, 0644);
    fails_with(trust_secret_read(in_root("a.key"), &s, &err), CORDON_E_UNSAFE_PATH, err, "chmod 600");
    fails_with(trust_key_read(in_root("a.key"), &key, &err), CORDON_E_UNSAFE_PATH, err, "chmod 600");
    put(in_root("a.pub"), PUBLIC_FILE, 0644);
    ck_assert_int_eq(trust_key_read(in_root("a.pub"), &key, NULL), 0);
}
END_TEST

START_TEST(what_is_no_key_file_is_refused_at_once)
{
    struct trust_secret *s = NULL;
    struct trust_key key;
    cordon_error *err = NULL;
    char large[1024];
    fails_with(trust_secret_read(in_root("none"), &s, &err), CORDON_E_NOT_FOUND, err, "cordon key new");
    fails_with(trust_key_read(in_root("none"), &key, &err), CORDON_E_NOT_FOUND, err, "no key file");
    ck_assert_int_eq(mkfifo(in_root("fifo"), 0600), 0);
    fails_with(trust_secret_read(in_root("fifo"), &s, &err), CORDON_E_UNSAFE_PATH, err, "regular");
    fails_with(trust_key_read(in_root("fifo"), &key, &err), CORDON_E_BAD_ARTIFACT, err, "regular");
    memset(large, 'a', sizeof large);
    large[sizeof large - 1] = '\0';
    put(in_root("large"), large, 0600);
    fails_with(trust_secret_read(in_root("large"), &s, &err), CORDON_E_BAD_ARTIFACT, err, "1023");
    put(in_root("empty"), "", 0600);
    fails_with(trust_key_read(in_root("empty"), &key, &err), CORDON_E_BAD_ARTIFACT, err, "no key file");
    put(in_root("cut"), "-----BEGIN BLUFIO PUBLISHER PRIVATE KEY-----\n00", 0600);
    fails_with(trust_secret_read(in_root("cut"), &s, &err), CORDON_E_BAD_ARTIFACT, err, "three lines");
    ck_assert_int_eq(symlink("cut", in_root("link")), 0);
    fails_with(trust_secret_read(in_root("link"), &s, &err), CORDON_E_UNSAFE_PATH, err, "symbolic link");
}
END_TEST

START_TEST(a_key_files_path_names_a_file)
{
    static const char *const bad[] = {"", "/", "/tmp/", "..", "a/.."};
    struct trust_secret *s = the_secret();
    cordon_error *err = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        fails_with(trust_secret_write(bad[i], s, &err), CORDON_E_USAGE, err, "names no file");
    fails_with(trust_secret_write(in_root("no/such/a.key"), s, &err), CORDON_E_NOT_FOUND, err, "there is no folder");
    trust_secret_free(s);
}
END_TEST

/* ---- signatures ---- */

START_TEST(a_signature_is_the_one_that_another_implementation_makes)
{
    struct trust_secret *s = the_secret();
    struct trust_signature sig, known = the_signature();
    char text[TRUST_SIGNATURE_FILE_MAX];
    ck_assert_int_eq(trust_sign(s, "weather", "1.2.3", known.digest, &sig, NULL), 0);
    trust_signature_print(&sig, text);
    ck_assert_str_eq(text, SIGNATURE_TEXT);
    ck_assert_int_eq(trust_verify(&known, "weather", "1.2.3", known.digest, NULL), 0);
    trust_secret_free(s);
}
END_TEST

START_TEST(a_signature_cannot_be_carried_to_another_name_version_or_digest)
{
    static const char *const other[][2] = {{"Weather", "1.2.3"}, {"weather", "1.2.4"}, {"weather1", ".2.3"}, {"weathe", "r1.2.3"}};
    struct trust_signature sig = the_signature();
    cordon_error *err = NULL;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        fails_with(trust_verify(&sig, other[i][0], other[i][1], sig.digest, &err), CORDON_E_TRUST_REFUSED, err, "does not hold");
    uint8_t digest[TRUST_DIGEST];
    memcpy(digest, sig.digest, sizeof digest);
    digest[31] ^= 1;
    fails_with(trust_verify(&sig, "weather", "1.2.3", digest, &err), CORDON_E_TRUST_REFUSED, err, "other files");
    memcpy(sig.digest, digest, sizeof digest);   /* and the file's own word for it does not help */
    fails_with(trust_verify(&sig, "weather", "1.2.3", digest, &err), CORDON_E_TRUST_REFUSED, err, "does not hold");
}
END_TEST

START_TEST(a_change_of_any_bit_of_a_signature_ends_it)
{
    for (size_t bit = 0; bit < 8 * TRUST_SIGNATURE; bit++) {
        struct trust_signature sig = the_signature();
        sig.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(trust_verify(&sig, "weather", "1.2.3", sig.digest, NULL), -CORDON_E_TRUST_REFUSED);
    }
}
END_TEST

START_TEST(another_key_does_not_verify)
{
    struct trust_secret *s;
    struct trust_signature sig = the_signature();
    cordon_error *err = NULL;
    ck_assert_int_eq(trust_secret_make(&s, NULL), 0);
    sig.publisher = *trust_secret_key(s);
    fails_with(trust_verify(&sig, "weather", "1.2.3", sig.digest, &err), CORDON_E_TRUST_REFUSED, err, "does not hold");
    trust_secret_free(s);
}
END_TEST

/* S + L is the same number to a verifier that does not look. */
START_TEST(a_signature_has_one_spelling)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    struct trust_signature sig = the_signature();
    sodium_add(sig.signature + 32, order, 32);
    ck_assert_int_eq(trust_verify(&sig, "weather", "1.2.3", sig.digest, NULL), -CORDON_E_TRUST_REFUSED);
}
END_TEST

START_TEST(what_cannot_be_signed)
{
    struct trust_secret *s = the_secret();
    struct trust_signature sig = the_signature();
    char longest[TRUST_NAME_MAX + 2];
    cordon_error *err = NULL;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    fails_with(trust_sign(s, longest, "1", sig.digest, &sig, &err), CORDON_E_TOO_LARGE, err, "255");
    fails_with(trust_sign(s, "a", longest, sig.digest, &sig, &err), CORDON_E_TOO_LARGE, err, "version");
    fails_with(trust_sign(s, "", "1", sig.digest, &sig, &err), CORDON_E_BAD_MANIFEST, err, "no name");
    longest[TRUST_NAME_MAX] = '\0';
    ck_assert_int_eq(trust_sign(s, longest, longest, sig.digest, &sig, NULL), 0);
    ck_assert_int_eq(trust_verify(&sig, longest, longest, sig.digest, NULL), 0);
    trust_secret_free(s);
}
END_TEST

START_TEST(a_signature_file_is_read_to_the_letter)
{
    struct trust_signature sig;
    cordon_error *err = NULL;
    for (size_t len = 0; len + 1 < strlen(SIGNATURE_TEXT); len++)
        ck_assert_int_eq(trust_signature_parse(SIGNATURE_TEXT, len, &sig, NULL), -CORDON_E_BAD_ARTIFACT);
    static const char *const bad[] = {
        "publisher_id=" PUBLIC "\r\nbundle_digest=" DIGEST "\nsignature=" SIGNED "\n",
        "bundle_digest=" DIGEST "\npublisher_id=" PUBLIC "\nsignature=" SIGNED "\n",
        "publisher_id=" PUBLIC "\npublisher_id=" PUBLIC "\nbundle_digest=" DIGEST "\nsignature=" SIGNED "\n",
        "publisher_id= " PUBLIC "\nbundle_digest=" DIGEST "\nsignature=" SIGNED "\n",
        "\n" SIGNATURE_TEXT,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(trust_signature_parse(bad[i], strlen(bad[i]), &sig, NULL), -CORDON_E_BAD_ARTIFACT);
    fails_with(trust_signature_parse(SIGNATURE_TEXT "\n", strlen(SIGNATURE_TEXT) + 1, &sig, &err), CORDON_E_BAD_ARTIFACT, err, "follows");
    fails_with(trust_signature_parse(SIGNATURE_TEXT "name=x\n", strlen(SIGNATURE_TEXT) + 7, &sig, &err), CORDON_E_BAD_ARTIFACT, err, "follows");
    fails_with(trust_signature_parse("publisher_id=" PUBLIC "\n", 78, &sig, &err), CORDON_E_BAD_ARTIFACT, err, "cordon.sig:2: expected bundle_digest=");
}
END_TEST

/* ---- the detached signature of skill.toml's format ---- */

START_TEST(a_detached_signature_is_over_the_code_alone)
{
    struct trust_legacy sig;
    char text[TRUST_SIGNATURE_FILE_MAX];
    cordon_error *err = NULL;
    ck_assert_int_eq(trust_legacy_parse(LEGACY_TEXT, strlen(LEGACY_TEXT), &sig, NULL), 0);
    ck_assert_int_eq(trust_legacy_verify(&sig, wasm, sizeof wasm, NULL), 0);
    trust_legacy_print(&sig, text);
    ck_assert_str_eq(text, LEGACY_TEXT);
    fails_with(trust_legacy_verify(&sig, wasm, sizeof wasm - 1, &err), CORDON_E_TRUST_REFUSED, err, "other code");
    sig.signature[0] ^= 1;
    fails_with(trust_legacy_verify(&sig, wasm, sizeof wasm, &err), CORDON_E_TRUST_REFUSED, err, "does not hold");
}
END_TEST

START_TEST(a_detached_signature_is_never_taken_for_one_of_a_bundle)
{
    struct trust_legacy legacy;
    struct trust_signature sig = the_signature();
    cordon_error *err = NULL;
    fails_with(trust_legacy_parse(SIGNATURE_TEXT, strlen(SIGNATURE_TEXT), &legacy, &err), CORDON_E_BAD_ARTIFACT, err, "content_hash=");
    fails_with(trust_signature_parse(LEGACY_TEXT, strlen(LEGACY_TEXT), &sig, &err), CORDON_E_BAD_ARTIFACT, err, "bundle_digest=");
    /* A key's owner signs code that is the message of a bundle: the forms keep them apart, and so does this purpose. */
    ck_assert_int_eq(trust_legacy_parse(LEGACY_TEXT, strlen(LEGACY_TEXT), &legacy, NULL), 0);
    memcpy(sig.digest, legacy.content_hash, TRUST_DIGEST);
    memcpy(sig.signature, legacy.signature, TRUST_SIGNATURE);
    ck_assert_int_eq(trust_verify(&sig, "weather", "1.2.3", sig.digest, NULL), -CORDON_E_TRUST_REFUSED);
}
END_TEST

/* ---- patterns ---- */

START_TEST(a_pattern_has_one_star_at_its_end)
{
    static const char *const good[] = {"*", "weather", "weather-*", "a_b", "A1*"}, *const bad[] = {"", "**", "*a", "a*b", "a b", "../x", "a.b", "weather-*\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_int_eq(trust_pattern_check(good[i], NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cordon_error *err = NULL;
        fails_with(trust_pattern_check(bad[i], &err), CORDON_E_USAGE, err, "one *");
    }
    ck_assert(trust_pattern_fits("*", "a") && trust_pattern_fits("weather-*", "weather-x") && trust_pattern_fits("weather", "weather"));
    ck_assert(!trust_pattern_fits("weather", "weather-x") && !trust_pattern_fits("weather-*", "weather") && !trust_pattern_fits("Weather", "weather"));
}
END_TEST

Suite *suite_trust(void)
{
    Suite *s = suite_create("trust");
    TCase *t = tcase_create("trust");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_seed_gives_the_key_that_another_implementation_gives);
    tcase_add_test(t, no_two_keys_that_are_made_are_alike);
    tcase_add_test(t, an_id_has_one_spelling);
    tcase_add_test(t, keys_of_small_order_and_second_spellings_are_no_keys);
    tcase_add_test(t, key_files_have_the_form_of_the_contracts);
    tcase_add_test(t, a_key_file_is_read_to_the_letter);
    tcase_add_test(t, one_form_is_not_taken_for_the_other_and_no_error_repeats_a_secret);
    tcase_add_test(t, a_secret_key_is_written_for_its_user_alone_and_never_over_another);
    tcase_add_test(t, a_secret_key_that_others_can_read_is_refused_with_the_command_that_mends_it);
    tcase_add_test(t, what_is_no_key_file_is_refused_at_once);
    tcase_add_test(t, a_key_files_path_names_a_file);
    tcase_add_test(t, a_signature_is_the_one_that_another_implementation_makes);
    tcase_add_test(t, a_signature_cannot_be_carried_to_another_name_version_or_digest);
    tcase_add_test(t, a_change_of_any_bit_of_a_signature_ends_it);
    tcase_add_test(t, another_key_does_not_verify);
    tcase_add_test(t, a_signature_has_one_spelling);
    tcase_add_test(t, what_cannot_be_signed);
    tcase_add_test(t, a_signature_file_is_read_to_the_letter);
    tcase_add_test(t, a_detached_signature_is_over_the_code_alone);
    tcase_add_test(t, a_detached_signature_is_never_taken_for_one_of_a_bundle);
    tcase_add_test(t, a_pattern_has_one_star_at_its_end);
    suite_add_tcase(s, t);
    return s;
}
