/* SPDX-License-Identifier: Apache-2.0
 * Addresses against IANA's registries. */
#include "policy/address.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char *why(const char *text)
{
    struct address a;
    ck_assert_msg(address_parse(text, &a), "%s is no address", text);
    return address_why_not_global(&a);
}

/* First and last of each block, and their neighbours outside where those are of the open internet. */
START_TEST(what_the_registries_do_not_call_global_is_not)
{
    static const char *const special[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255",
        "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.170", "192.0.0.192", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.1", "192.168.0.0", "192.168.255.255",
        "198.18.0.0", "198.19.255.255", "198.51.100.0", "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255", "168.63.129.16", "100.100.100.200",
        "::", "::1", "::2", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "64:ff9b:0:1::1",
        "100::1", "100:0:0:1::1", "2001::1", "2001:0:ffff::", "2001:1::4", "2001:2::1", "2001:10::1", "2001:db8::1", "2001:db8:ffff::", "2002:7f00:1::", "2002:808:808::", "3fff::1", "3fff:fff::",
        "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1::", "1fff::1",
    };
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        ck_assert_msg(why(special[i]), "%s passes", special[i]);
}
END_TEST

START_TEST(the_open_internet_passes)
{
    static const char *const global[] = {
        "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
        "192.0.0.9", "192.0.0.10", "192.0.1.0", "192.0.3.0", "192.31.196.1", "192.88.98.1", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0",
        "223.255.255.255", "168.63.129.15", "168.63.129.17", "64:ff9b::8.8.8.8", "2000::1", "2001:1::1", "2001:1::2", "2001:1::3", "2001:3::1", "2001:4:112::1", "2001:20::1", "2001:30::1", "2001:200::1",
        "2001:db7::1", "2001:db9::1", "2003::1", "2606:4700::1111", "2620:4f:8000::1", "3ffe::1", "3fff:1000::1",
    };
    for (size_t i = 0; i < sizeof global / sizeof *global; i++)
        ck_assert_msg(!why(global[i]), "%s: %s", global[i], why(global[i]));
}
END_TEST

/* Every IPv4 address that is not global is none inside IPv6 either, whatever carries it. */
START_TEST(an_address_inside_another_is_no_better)
{
    srand(4);
    for (int i = 0; i < 200000; i++) {
        struct address v4 = {0}, v6 = {.v6 = true, .bytes = {0, 0x64, 0xff, 0x9b}};
        for (int b = 0; b < 4; b++)
            v4.bytes[b] = v6.bytes[12 + b] = (uint8_t)rand();
        ck_assert_int_eq(!address_why_not_global(&v4), !address_why_not_global(&v6));
        memset(v6.bytes, 0, 12);
        ck_assert_ptr_nonnull(address_why_not_global(&v6));
        v6.bytes[10] = v6.bytes[11] = 0xff;
        ck_assert_ptr_nonnull(address_why_not_global(&v6));
    }
}
END_TEST

START_TEST(outside_of_2000_3_only_nat64_is_global)
{
    srand(6);
    for (int i = 0; i < 200000; i++) {
        struct address a = {.v6 = true};
        for (int b = 0; b < 16; b++)
            a.bytes[b] = (uint8_t)rand();
        if (a.bytes[0] >> 5 != 1)
            ck_assert_ptr_nonnull(address_why_not_global(&a));
    }
}
END_TEST

START_TEST(a_range_reads_back_and_holds_its_own)
{
    static const char *const ranges[] = {"10.0.0.0/8", "0.0.0.0/0", "192.168.1.128/25", "127.0.0.1/32", "::/0", "fd00::/8", "2001:db8::/33", "::1/128"};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct address_range r;
        char text[ADDRESS_RANGE_TEXT];
        ck_assert_ptr_null(address_range_parse(ranges[i], &r));
        address_range_print(&r, text);
        ck_assert_str_eq(text, ranges[i]);
        struct address a = r.first;
        ck_assert(address_in_range(&a, &r));
        for (unsigned bit = 0; bit < (a.v6 ? 128u : 32u); bit++) {
            a = r.first;
            a.bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
            ck_assert_int_eq(address_in_range(&a, &r), bit >= r.bits);
        }
        a.v6 = !a.v6;
        ck_assert(!address_in_range(&a, &r));
    }
    struct address_range one;
    ck_assert_ptr_null(address_range_parse("10.1.2.3", &one));
    ck_assert_uint_eq(one.bits, 32);
}
END_TEST

START_TEST(what_is_no_range_is_refused)
{
    static const char *const bad[] = {"", "/", "/8", "10/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.1/8", "::1/64", "::/129", "::/1280", "[::1]/128", "10.0.0.0/8/8",
                                      "fe80::1%lo", "010.0.0.0/8", "0x0a.0.0.0/8", "localhost", "10.0.0.0/+8", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/12"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct address_range r = {.bits = 77};
        ck_assert_msg(address_range_parse(bad[i], &r), "%s passes", bad[i]);
        ck_assert_uint_eq(r.bits, 77);
    }
}
END_TEST

Suite *suite_address(void);
Suite *suite_address(void)
{
    Suite *s = suite_create("address");
    TCase *t = tcase_create("address");
    tcase_add_test(t, what_the_registries_do_not_call_global_is_not);
    tcase_add_test(t, the_open_internet_passes);
    tcase_add_test(t, an_address_inside_another_is_no_better);
    tcase_add_test(t, outside_of_2000_3_only_nat64_is_global);
    tcase_add_test(t, a_range_reads_back_and_holds_its_own);
    tcase_add_test(t, what_is_no_range_is_refused);
    suite_add_tcase(s, t);
    return s;
}
