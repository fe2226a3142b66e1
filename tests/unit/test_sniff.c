/* SPDX-License-Identifier: Apache-2.0 */
#include "code/code.h"
#include <check.h>
#include <string.h>

#define SNIFF(s) code_sniff((const uint8_t *)(s), sizeof(s) - 1)

START_TEST(binary_kinds_are_told_by_magic_and_layer)
{
    ck_assert_int_eq(SNIFF("\0asm\x0d\0\1\0"), CODE_COMPONENT);
    ck_assert_int_eq(SNIFF("\0asm\x0d\0\1\0rest"), CODE_COMPONENT);
    ck_assert_int_eq(SNIFF("\0asm\1\0\0\0"), CODE_CORE_MODULE);
    ck_assert_int_eq(SNIFF("\0asm\1\0\2\0"), CODE_OTHER);
    ck_assert_int_eq(SNIFF("\177ELF\2\1\1\310"), CODE_PRECOMPILED);
}
END_TEST

START_TEST(truncated_and_empty_files_are_neither)
{
    ck_assert_int_eq(code_sniff(NULL, 0), CODE_EMPTY);
    ck_assert_int_eq(SNIFF(""), CODE_EMPTY);
    ck_assert_int_eq(SNIFF("\0"), CODE_OTHER);
    ck_assert_int_eq(SNIFF("\0asm"), CODE_OTHER);
    ck_assert_int_eq(SNIFF("\0asm\x0d\0\1"), CODE_OTHER);
}
END_TEST

START_TEST(text_begins_with_a_parenthesis_or_a_comment)
{
    ck_assert_int_eq(SNIFF("(module)"), CODE_TEXT);
    ck_assert_int_eq(SNIFF(" \t\r\n  (component)"), CODE_TEXT);
    ck_assert_int_eq(SNIFF(";; hello\n(component)"), CODE_TEXT);
    ck_assert_int_eq(SNIFF("; hello"), CODE_OTHER);
    ck_assert_int_eq(SNIFF(" {\"boternity_wasm_stub\": true}"), CODE_JSON);
    ck_assert_int_eq(SNIFF("[1]"), CODE_OTHER);
    ck_assert_int_eq(SNIFF("---\nname: x\n---\n"), CODE_OTHER);
    ck_assert_int_eq(SNIFF(" "), CODE_OTHER);
    ck_assert_int_eq(SNIFF(" \0("), CODE_OTHER);
}
END_TEST

START_TEST(a_file_of_blanks_is_not_walked_to_its_end)
{
    static uint8_t blanks[10000];
    memset(blanks, ' ', sizeof blanks);
    blanks[sizeof blanks - 1] = '(';
    ck_assert_int_eq(code_sniff(blanks, sizeof blanks), CODE_OTHER);
}
END_TEST

Suite *suite_sniff(void);
Suite *suite_sniff(void)
{
    Suite *s = suite_create("sniff");
    TCase *t = tcase_create("kinds");
    tcase_add_test(t, binary_kinds_are_told_by_magic_and_layer);
    tcase_add_test(t, truncated_and_empty_files_are_neither);
    tcase_add_test(t, text_begins_with_a_parenthesis_or_a_comment);
    tcase_add_test(t, a_file_of_blanks_is_not_walked_to_its_end);
    suite_add_tcase(s, t);
    return s;
}
