/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/id.h"
#include "base/number.h"
#include "base/text.h"
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

Suite *suite_base(void);

/* ---- buf ---- */

START_TEST(buf_holds_what_was_appended_and_a_nul)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 1000);
    ck_assert_int_eq(buf_adds(&b, "a"), 0);
    ck_assert_int_eq(buf_addc(&b, 'b'), 0);
    ck_assert_int_eq(buf_add(&b, "c\0d", 3), 0);
    ck_assert_int_eq(buf_addf(&b, "%d-%s", 7, "x"), 0);
    ck_assert_int_eq(buf_add(&b, NULL, 0), 0);
    ck_assert_uint_eq(b.len, 8);
    ck_assert_mem_eq(b.data, "abc\0d7-x", 9);
}
END_TEST

START_TEST(buf_refuses_what_passes_its_ceiling_and_all_after_it)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 4);
    ck_assert_int_eq(buf_adds(&b, "1234"), 0);
    ck_assert_int_eq(buf_addc(&b, '5'), -1);
    ck_assert(b.full);
    ck_assert_str_eq(b.data, "1234");
    ck_assert_int_eq(buf_add(&b, NULL, 0), -1);
    ck_assert_ptr_null(buf_take(&b, NULL));
    buf_finish(&b);
    ck_assert_int_eq(buf_addf(&b, "%s", "12345"), -1);
    ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(buf_survives_lengths_that_would_wrap)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, SIZE_MAX);
    ck_assert_int_eq(buf_adds(&b, "x"), 0);
    ck_assert_int_eq(buf_add(&b, "", SIZE_MAX), -1);
    ck_assert_str_eq(b.data, "x");
}
END_TEST

START_TEST(buf_grows_to_exactly_its_ceiling)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 10000);
    int refused = 0;
    for (int i = 0; i < 10000; i++)
        refused += buf_addc(&b, (char)('a' + i % 26));
    ck_assert_int_eq(refused, 0);
    ck_assert_uint_le(b.cap, 10001);
    ck_assert_int_eq(buf_addc(&b, 'x'), -1);
    ck_assert_uint_eq(strlen(b.data), 10000);
}
END_TEST

START_TEST(buf_cut_takes_back_a_failed_append_too)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 4);
    buf_cut(&b, 0);
    ck_assert_int_eq(buf_adds(&b, "abcd"), 0);
    ck_assert_int_eq(buf_addc(&b, 'e'), -1);
    buf_cut(&b, 2);
    ck_assert_str_eq(b.data, "ab");
    ck_assert_int_eq(buf_adds(&b, "xy"), 0);
    ck_assert_str_eq(b.data, "abxy");
}
END_TEST

START_TEST(buf_take_hands_on_even_nothing)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 0);
    size_t len = 9;
    cleanup_free char *empty = buf_take(&b, &len);
    ck_assert_str_eq(empty, "");
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_null(b.data);
}
END_TEST

/* ---- text ---- */

static const struct {
    const char *s;
    bool good;
} utf8[] = {
    {"", true}, {"plain ascii, longer than a word", true}, {"\xc3\xa9", true}, {"\xe2\x82\xac", true}, {"\xf0\x9f\x98\x80", true},
    {"\xf4\x8f\xbf\xbf", true}, {"\xed\x9f\xbf", true}, {"\xee\x80\x80", true}, {"\xc2\x80", true}, {"\xe0\xa0\x80", true},
    {"\xf0\x90\x80\x80", true}, {"12345678\xc3\xa9" "12345678", true},
    {"\x80", false}, {"\xc0\x80", false}, {"\xc1\xbf", false}, {"\xe0\x9f\xbf", false}, {"\xf0\x8f\xbf\xbf", false},
    {"\xed\xa0\x80", false}, {"\xed\xbf\xbf", false}, {"\xf4\x90\x80\x80", false}, {"\xf5\x80\x80\x80", false}, {"\xff", false},
    {"\xc3", false}, {"\xe2\x82", false}, {"\xf0\x9f\x98", false}, {"\xc3(", false}, {"12345678\xff", false}, {"1234567\x80", false},
};

START_TEST(utf8_is_told_from_what_only_looks_like_it)
{
    ck_assert_int_eq(text_is_utf8(utf8[_i].s, strlen(utf8[_i].s)), utf8[_i].good);
}
END_TEST

START_TEST(cut_never_splits_a_character)
{
    const char *s = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    for (size_t max = 0; max <= strlen(s) + 1; max++) {
        size_t n = text_cut(s, strlen(s), max);
        ck_assert_uint_le(n, max);
        ck_assert(text_is_utf8(s, n));
        ck_assert(n + 4 > max || n == strlen(s));
    }
}
END_TEST

static const struct {
    const char *in, *out, *out_keeping_newlines;
} escapes[] = {
    {"plain \xc3\xa9 \\ text", "plain \xc3\xa9 \\ text", "plain \xc3\xa9 \\ text"},
    {"\x1b[31m", "\\x1b[31m", "\\x1b[31m"},
    {"a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd", "a\nb\tc\\x0dd"},
    {"\x7f", "\\x7f", "\\x7f"},
    {"\xc2\x9b" "31m", "\\u{009b}31m", "\\u{009b}31m"},
    {"\xe2\x80\xae" "gpj.exe", "\\u{202e}gpj.exe", "\\u{202e}gpj.exe"},
    {"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u{061c}\\u{200e}\\u{200f}", "\\u{061c}\\u{200e}\\u{200f}"},
    {"\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\xa8\xe2\x80\xa9", "\\u{2066}\\u{2069}\\u{2028}\\u{2029}", "\\u{2066}\\u{2069}\\u{2028}\\u{2029}"},
    {"\xff\xc3", "\\xff\\xc3", "\\xff\\xc3"},
    {"a\xf3\xa0\x81\xa1\xe2\x80\x8b\xef\xbb\xbf" "b", "a\\u{e0061}\\u{200b}\\u{feff}b", "a\\u{e0061}\\u{200b}\\u{feff}b"},
    {"\xd9\x85\xe2\x80\x8c\xe2\x80\x8d\xef\xb8\x8f", "\xd9\x85\xe2\x80\x8c\xe2\x80\x8d\xef\xb8\x8f", "\xd9\x85\xe2\x80\x8c\xe2\x80\x8d\xef\xb8\x8f"},
    {"", "", ""},
};

START_TEST(escape_leaves_nothing_that_moves_a_terminal)
{
    for (int keep = 0; keep < 2; keep++) {
        cleanup(buf_finish) struct buf b;
        buf_init(&b, 1000);
        ck_assert_int_eq(text_escape(&b, escapes[_i].in, strlen(escapes[_i].in), keep), 0);
        ck_assert_str_eq(b.data, keep ? escapes[_i].out_keeping_newlines : escapes[_i].out);
    }
}
END_TEST

START_TEST(escape_keeps_json_what_it_is)
{
    static const struct { const char *in, *out; } all[] = {
        {"{\"a\":\"\xe2\x80\xae gpj\"}", "{\"a\":\"\\u202e gpj\"}"}, {"\"\xc2\x9b\x7f\xd8\x9c\"", "\"\\u009b\\u007f\\u061c\""},
        {"\"\xf3\xa0\x81\xa1\"", "\"\\udb40\\udc61\""}, {"\"\\\\\\u202e \xc3\xa9\"", "\"\\\\\\u202e \xc3\xa9\""}, {"[\n\t1]", "[\n\t1]"}, {"\"\xff\"", "\"\\ufffd\""},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cleanup(buf_finish) struct buf b;
        buf_init(&b, 1000);
        ck_assert_int_eq(text_escape_json(&b, all[i].in, strlen(all[i].in)), 0);
        ck_assert_str_eq(b.data, all[i].out);
    }
}
END_TEST

START_TEST(escape_takes_any_bytes_and_gives_utf8)
{
    unsigned state = 1;
    for (int round = 0; round < 2000; round++) {
        char raw[40];
        for (size_t i = 0; i < sizeof raw; i++)
            raw[i] = (char)((state = state * 1664525u + 1013904223u) >> 24);
        cleanup(buf_finish) struct buf b;
        buf_init(&b, 4 * sizeof raw);
        ck_assert_int_eq(text_escape(&b, raw, sizeof raw, false), 0);
        bool clean = text_is_utf8(b.data, b.len);
        for (size_t i = 0; i < b.len; i++)
            clean = clean && (unsigned char)b.data[i] >= 0x20 && b.data[i] != 0x7f;
        ck_assert(clean);
    }
}
END_TEST

START_TEST(near_is_two_edits)
{
    ck_assert(text_is_near("inspect", "inspect"));
    ck_assert(text_is_near("inspect", "INSPCT"));
    ck_assert(text_is_near("run", "rnu"));
    ck_assert(text_is_near("doctor", "doktorr"));
    ck_assert(text_is_near("", "ab"));
    ck_assert(!text_is_near("", "abc"));
    ck_assert(!text_is_near("serve", "bench"));
    ck_assert(!text_is_near("install", "instruct"));
}
END_TEST

static const struct {
    const char *in, *out;
} quotes[] = {
    {"net=https://api.x.com/v1", "net=https://api.x.com/v1"},
    {"net=GET,HEAD:https://a.b/v1", "net=GET,HEAD:https://a.b/v1"},
    {"read=/a::/b", "read=/a::/b"},
    {"", "''"},
    {"a b", "'a b'"},
    {"*.x.com", "'*.x.com'"},
    {"it's", "'it'\\''s'"},
    {"$(rm -rf /)", "'$(rm -rf /)'"},
    {"~/x", "'~/x'"},
    {"=ls", "'=ls'"},
    {"a\nb", "'a\nb'"},
    {"'", "''\\'''"},
};

static const struct { const char *in, *out; } slugs[] = {
    {"", ""}, {"Weather Bot", "weather-bot"}, {"a_b..C9", "a-b-c9"}, {"--a--", "a"}, {"\xe5\xa4\xa9", ""}, {"z\xc3\xa4h", "z-h"}, {"../../x", "x"}, {"a/b", "a-b"}, {"a\nb", "a-b"},
};
START_TEST(a_slug_is_letters_digits_and_single_hyphens)
{
    char slug[TEXT_SLUG_MAX + 1], big[500];
    text_slug(slugs[_i].in, strlen(slugs[_i].in), slug);
    ck_assert_str_eq(slug, slugs[_i].out);
    memset(big, 'X', sizeof big);
    big[TEXT_SLUG_MAX - 1] = ' ';
    text_slug(big, sizeof big, slug);
    ck_assert_uint_eq(strlen(slug), TEXT_SLUG_MAX - 1);
    text_slug("a\0b", 3, slug);
    ck_assert_str_eq(slug, "a-b");
}
END_TEST

START_TEST(quoting_for_sh_is_only_where_it_is_needed)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 1000);
    ck_assert_int_eq(text_quote_sh(&b, quotes[_i].in), 0);
    ck_assert_str_eq(b.data, quotes[_i].out);
}
END_TEST

/* ---- number ---- */

typedef int parse_number(const char *, uint64_t *, const char **);

static const struct {
    parse_number *parse;
    const char *s;
    uint64_t value; /* 0: refused */
} numbers[] = {
    {number_count, "20", 20}, {number_count, "20k", 20000}, {number_count, "20K", 20000}, {number_count, "20M", 20000000},
    {number_count, "20G", 20000000000}, {number_count, "20g", 20000000000}, {number_count, "1T", 1000000000000},
    {number_count, "1.5G", 1500000000}, {number_count, "1.50000000000000000000000k", 1500}, {number_count, "18446744073709551615", UINT64_MAX},
    {number_count, "007", 7}, {number_count, "18446744073.709551615G", UINT64_MAX},
    {number_count, "", 0}, {number_count, "0", 0}, {number_count, "0G", 0}, {number_count, "-1", 0}, {number_count, "+1", 0},
    {number_count, " 1", 0}, {number_count, "1 ", 0}, {number_count, "1 G", 0}, {number_count, "1.5", 0}, {number_count, "1.", 0},
    {number_count, ".5G", 0}, {number_count, "1e9", 0}, {number_count, "0x10", 0}, {number_count, "unlimited", 0}, {number_count, "1Gi", 0},
    {number_count, "18446744073709551616", 0}, {number_count, "99999999999T", 0}, {number_count, "1.00000000000000000001k", 0},
    {number_count, "1844674407370955161.99k", 0}, {number_count, "1,000", 0}, {number_count, "\xd9\xa1", 0},
    {number_size, "4096", 4096}, {number_size, "4096B", 4096}, {number_size, "16k", 16000}, {number_size, "16kB", 16000},
    {number_size, "16MB", 16000000}, {number_size, "16Ki", 16384}, {number_size, "16KiB", 16384}, {number_size, "16MiB", 16777216},
    {number_size, "1GiB", 1073741824}, {number_size, "1.5KiB", 1536}, {number_size, "64mib", 67108864},
    {number_size, "0.3KiB", 0}, {number_size, "16MBs", 0}, {number_size, "16777216TiB", 0}, {number_size, "0B", 0}, {number_size, "MiB", 0},
    {number_duration, "250us", 250}, {number_duration, "250ms", 250000}, {number_duration, "10s", 10000000}, {number_duration, "10", 10000000},
    {number_duration, "1.5s", 1500000}, {number_duration, "5m", 300000000}, {number_duration, "1h", 3600000000}, {number_duration, "0.000001", 1},
    {number_duration, "0.0000001s", 0}, {number_duration, "0.5us", 0}, {number_duration, "0s", 0}, {number_duration, "5M", 0},
    {number_duration, "5min", 0}, {number_duration, "-5s", 0}, {number_duration, "99999999999999h", 0}, {number_duration, "1h30m", 0},
};

START_TEST(numbers_are_read_as_people_write_them)
{
    uint64_t value = 0;
    const char *why = NULL;
    int rc = numbers[_i].parse(numbers[_i].s, &value, &why);
    ck_assert_msg((rc == 0) == (numbers[_i].value != 0), "'%s': %s", numbers[_i].s, why ? why : "accepted");
    ck_assert_uint_eq(value, numbers[_i].value);
    ck_assert_int_eq(why == NULL, rc == 0);
}
END_TEST

START_TEST(a_refused_number_says_why)
{
    uint64_t value;
    const char *why;
    ck_assert_int_eq(number_count("0", &value, &why), -1);
    ck_assert_str_eq(why, "must be above zero");
    number_count("-3", &value, &why);
    ck_assert_str_eq(why, "must not have a sign");
    number_size("3XB", &value, &why);
    ck_assert(strstr(why, "unit"));
}
END_TEST

/* ---- error ---- */

START_TEST(the_table_of_errors_is_whole)
{
    static const char *const categories[] = {"usage", "trust", "limit", "artifact", "host", "bug"};
    static const int exit_codes[] = {2, 3, 4, 6, 7, 70};
    for (int code = 1; code < CORDON_ERRC_COUNT; code++) {
        const struct cordon_error_info *info = cordon_error_info((enum cordon_errc)code);
        ck_assert_int_eq(info->code, code);
        ck_assert_ptr_eq(cordon_error_info_by_id(info->id), info);
        ck_assert(*info->meaning && *info->hint);
        ck_assert(info->http_status >= 400 && info->http_status < 600);
        size_t c = 0;
        while (c < 6 && strcmp(categories[c], info->category) != 0)
            c++;
        ck_assert_msg(c < 6, "%s", info->category);
        ck_assert_msg(info->exit_code == exit_codes[c], "%s exits %d", info->id, info->exit_code);
    }
    ck_assert_ptr_null(cordon_error_info(CORDON_OK));
    ck_assert_ptr_null(cordon_error_info(CORDON_ERRC_COUNT));
    ck_assert_ptr_null(cordon_error_info((enum cordon_errc)-1));
    ck_assert_ptr_null(cordon_error_info_by_id("no-such-id"));
}
END_TEST

START_TEST(an_error_carries_code_message_subject_and_hint)
{
    cordon_error *err = NULL;
    ck_assert_int_eq(err_set(&err, CORDON_E_NOT_FOUND, "a.wasm", "there is no %s", "a.wasm"), -CORDON_E_NOT_FOUND);
    ck_assert_int_eq(cordon_error_code(err), CORDON_E_NOT_FOUND);
    ck_assert_str_eq(cordon_error_id(err), "not-found");
    ck_assert_str_eq(cordon_error_category(err), "artifact");
    ck_assert_int_eq(cordon_error_exit_code(err), 6);
    ck_assert_str_eq(cordon_error_message(err), "there is no a.wasm");
    ck_assert_str_eq(cordon_error_subject(err), "a.wasm");
    ck_assert_str_eq(cordon_error_hint(err), cordon_error_info(CORDON_E_NOT_FOUND)->hint);
    ck_assert_ptr_null(cordon_error_cause(err, 0));
    ck_assert_int_eq(err_hint(&err, "look in %s", "b"), -CORDON_E_NOT_FOUND);
    ck_assert_int_eq(err_hint(&err, "look in %s", "c"), -CORDON_E_NOT_FOUND);
    ck_assert_str_eq(cordon_error_hint(err), "look in c");
    cordon_error_free(err);
    cordon_error_free(NULL);
}
END_TEST

START_TEST(wrapping_builds_the_chain_nearest_first)
{
    cordon_error *err = NULL;
    err_errno(&err, ENOENT, "open", "x\ny");
    err_cause(&err, "deepest");
    ck_assert_int_eq(err_wrap(&err, "cannot load %d", 1), -CORDON_E_IO);
    ck_assert_int_eq(err_wrap(&err, "cannot run"), -CORDON_E_IO);
    ck_assert_str_eq(cordon_error_message(err), "cannot run");
    ck_assert_str_eq(cordon_error_cause(err, 0), "cannot load 1");
    ck_assert_str_eq(cordon_error_cause(err, 1), "cannot open x\\x0ay: No such file or directory");
    ck_assert_str_eq(cordon_error_cause(err, 2), "deepest");
    ck_assert_ptr_null(cordon_error_cause(err, 3));
    ck_assert_str_eq(cordon_error_subject(err), "x\\x0ay");
    cordon_error_free(err);
}
END_TEST

START_TEST(a_chain_that_is_too_long_keeps_both_its_ends)
{
    cordon_error *err = NULL;
    err_set(&err, CORDON_E_IO, NULL, "root");
    for (int i = 0; i < 20; i++)
        err_wrap(&err, "level %d", i);
    ck_assert_str_eq(cordon_error_message(err), "level 19");
    ck_assert_str_eq(cordon_error_cause(err, 0), "level 18");
    ck_assert_str_eq(cordon_error_cause(err, ERR_CAUSES_MAX - 1), "root");
    ck_assert_ptr_null(cordon_error_cause(err, ERR_CAUSES_MAX));
    for (int i = 0; i < 3; i++)
        err_cause(&err, "why %d", i);
    ck_assert_str_eq(cordon_error_cause(err, 0), "level 18");
    ck_assert_str_eq(cordon_error_cause(err, ERR_CAUSES_MAX - 1), "why 2");
    cordon_error_free(err);
}
END_TEST

START_TEST(a_message_is_escaped_and_cut_between_characters)
{
    char big[5000];
    for (size_t i = 0; i + 3 < sizeof big; i += 3)
        memcpy(big + i, "\xe2\x82\xac", 3);
    big[sizeof big - 2] = '\0';
    cordon_error *err = NULL;
    err_set(&err, CORDON_E_IO, big, "%s", big);
    ck_assert_uint_eq(strlen(cordon_error_message(err)), ERR_MESSAGE_MAX / 3 * 3);
    ck_assert_uint_eq(strlen(cordon_error_subject(err)), ERR_SUBJECT_MAX / 3 * 3);
    ck_assert(text_is_utf8(cordon_error_message(err), strlen(cordon_error_message(err))));
    ck_assert_ptr_null(strstr(cordon_error_message(err), "\\x"));
    ck_assert_ptr_null(strstr(cordon_error_subject(err), "\\x"));
    cordon_error_free(err);

    memset(big, 0x1b, sizeof big - 1);
    big[sizeof big - 1] = '\0';
    err_set(&err, CORDON_E_IO, big, "%s\xff\xe2\x80\xae", "x\x1b");
    ck_assert_str_eq(cordon_error_message(err), "x\\x1b\\xff\\u{202e}");
    ck_assert_uint_eq(strlen(cordon_error_subject(err)), ERR_SUBJECT_MAX);
    cordon_error_free(err);
}
END_TEST

START_TEST(nobody_needs_to_want_the_error)
{
    ck_assert_int_eq(err_set(NULL, CORDON_E_BUSY, "s", "m"), -CORDON_E_BUSY);
    ck_assert_int_eq(err_nomem(NULL), -CORDON_E_NO_RESOURCES);
    ck_assert_int_eq(err_errno(NULL, EIO, "read", NULL), -CORDON_E_IO);
    ck_assert_int_lt(err_hint(NULL, "h"), 0);
    ck_assert_int_lt(err_wrap(NULL, "w"), 0);
    err_cause(NULL, "c");
}
END_TEST

START_TEST(out_of_memory_is_one_object_that_never_changes)
{
    cordon_error *a = NULL, *b = NULL;
    ck_assert_int_eq(err_nomem(&a), -CORDON_E_NO_RESOURCES);
    err_nomem(&b);
    ck_assert_ptr_eq(a, b);
    ck_assert_int_eq(err_wrap(&a, "wrapped"), -CORDON_E_NO_RESOURCES);
    err_hint(&a, "hint");
    err_cause(&a, "cause");
    ck_assert_str_eq(cordon_error_message(a), "out of memory");
    ck_assert_str_eq(cordon_error_hint(a), cordon_error_info(CORDON_E_NO_RESOURCES)->hint);
    ck_assert_ptr_null(cordon_error_cause(a, 0));
    cordon_error_free(a);
    cordon_error_free(b);
    ck_assert_int_eq(cordon_error_code(b), CORDON_E_NO_RESOURCES);
}
END_TEST

START_TEST(a_shortage_is_told_from_bad_luck)
{
    static const int shortages[] = {ENOMEM, EMFILE, ENFILE, EAGAIN};
    for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++)
        ck_assert_int_eq(err_errno(NULL, shortages[i], "open", "x"), -CORDON_E_NO_RESOURCES);
    ck_assert_int_eq(err_errno(NULL, EACCES, "open", "x"), -CORDON_E_IO);
}
END_TEST

/* ---- id ---- */

START_TEST(ids_are_uuids_of_version_7_with_the_time_first)
{
    struct id_source s;
    char id[ID_TEXT], last[ID_TEXT] = "";
    ck_assert_int_eq(id_source_init(&s, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        id_next(&s, 0x0123456789abu, id);
        ck_assert_uint_eq(strlen(id), 36);
        ck_assert_mem_eq(id, "01234567-89ab-7", 15);
        ck_assert(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
        ck_assert(strchr("89ab", id[19]));
        ck_assert_uint_eq(strspn(id, "0123456789abcdef-"), 36);
        ck_assert_str_ne(id, last);
        memcpy(last, id, sizeof id);
    }
}
END_TEST

START_TEST(later_ids_sort_after_earlier_ones)
{
    struct id_source s;
    char a[ID_TEXT], b[ID_TEXT];
    ck_assert_int_eq(id_source_init(&s, NULL), 0);
    for (uint64_t ms = 1; ms < 1000; ms++) {
        id_next(&s, ms, a);
        id_next(&s, ms + 1, b);
        ck_assert_int_lt(strcmp(a, b), 0);
    }
}
END_TEST

START_TEST(two_sources_give_different_ids)
{
    struct id_source s, t;
    char a[ID_TEXT], b[ID_TEXT];
    ck_assert_int_eq(id_source_init(&s, NULL), 0);
    ck_assert_int_eq(id_source_init(&t, NULL), 0);
    id_next(&s, 1, a);
    id_next(&t, 1, b);
    ck_assert_str_ne(a, b);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

Suite *suite_base(void)
{
    Suite *s = suite_create("base");
    TCase *c = tcase_create("buf");
    tcase_add_test(c, buf_holds_what_was_appended_and_a_nul);
    tcase_add_test(c, buf_refuses_what_passes_its_ceiling_and_all_after_it);
    tcase_add_test(c, buf_survives_lengths_that_would_wrap);
    tcase_add_test(c, buf_grows_to_exactly_its_ceiling);
    tcase_add_test(c, buf_cut_takes_back_a_failed_append_too);
    tcase_add_test(c, buf_take_hands_on_even_nothing);
    suite_add_tcase(s, c);
    c = tcase_create("text");
    tcase_add_loop_test(c, utf8_is_told_from_what_only_looks_like_it, 0, COUNT(utf8));
    tcase_add_test(c, cut_never_splits_a_character);
    tcase_add_loop_test(c, escape_leaves_nothing_that_moves_a_terminal, 0, COUNT(escapes));
    tcase_add_test(c, escape_takes_any_bytes_and_gives_utf8);
    tcase_add_test(c, escape_keeps_json_what_it_is);
    tcase_add_loop_test(c, a_slug_is_letters_digits_and_single_hyphens, 0, sizeof slugs / sizeof *slugs);
    tcase_add_test(c, near_is_two_edits);
    tcase_add_loop_test(c, quoting_for_sh_is_only_where_it_is_needed, 0, COUNT(quotes));
    suite_add_tcase(s, c);
    c = tcase_create("number");
    tcase_add_loop_test(c, numbers_are_read_as_people_write_them, 0, COUNT(numbers));
    tcase_add_test(c, a_refused_number_says_why);
    suite_add_tcase(s, c);
    c = tcase_create("error");
    tcase_add_test(c, the_table_of_errors_is_whole);
    tcase_add_test(c, an_error_carries_code_message_subject_and_hint);
    tcase_add_test(c, wrapping_builds_the_chain_nearest_first);
    tcase_add_test(c, a_chain_that_is_too_long_keeps_both_its_ends);
    tcase_add_test(c, a_message_is_escaped_and_cut_between_characters);
    tcase_add_test(c, nobody_needs_to_want_the_error);
    tcase_add_test(c, out_of_memory_is_one_object_that_never_changes);
    tcase_add_test(c, a_shortage_is_told_from_bad_luck);
    suite_add_tcase(s, c);
    c = tcase_create("id");
    tcase_add_test(c, ids_are_uuids_of_version_7_with_the_time_first);
    tcase_add_test(c, later_ids_sort_after_earlier_ones);
    tcase_add_test(c, two_sources_give_different_ids);
    suite_add_tcase(s, c);
    return s;
}
