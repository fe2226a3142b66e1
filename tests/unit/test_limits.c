/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "policy/tier.h"
#include <check.h>
#include <cordon/limits.h>
#include <string.h>

Suite *suite_limits(void);

#define MIB ((uint64_t)1 << 20)
#define GIGA ((uint64_t)1000000000)

/* The table of the manual, written out again by hand: untrusted, verified, local. */
static const struct {
    enum cordon_limit limit;
    uint64_t by_default[CORDON_TIER_COUNT], ceiling[CORDON_TIER_COUNT];
} shipped[] = {
    {CORDON_LIMIT_MEMORY_BYTES, {64 * MIB, 256 * MIB, 256 * MIB}, {256 * MIB, 1024 * MIB, 1024 * MIB}},
    {CORDON_LIMIT_FUEL, {10 * GIGA, 50 * GIGA, UINT64_MAX}, {100 * GIGA, 1000 * GIGA, UINT64_MAX}},
    {CORDON_LIMIT_WALL_MS, {10000, 30000, 300000}, {60000, 600000, 3600000}},
    {CORDON_LIMIT_TABLE_ELEMENTS, {20000, 20000, 20000}, {100000, 100000, 100000}},
    {CORDON_LIMIT_INPUT_BYTES, {8 * MIB, 32 * MIB, 32 * MIB}, {32 * MIB, 32 * MIB, 32 * MIB}},
    {CORDON_LIMIT_OUTPUT_BYTES, {1 * MIB, 8 * MIB, 8 * MIB}, {8 * MIB, 32 * MIB, 32 * MIB}},
    {CORDON_LIMIT_LOG_BYTES, {65536, 262144, 1 * MIB}, {65536, 262144, 1 * MIB}},
    {CORDON_LIMIT_LOG_LINES, {1000, 4000, 16000}, {1000, 4000, 16000}},
    {CORDON_LIMIT_HOST_BYTES, {8 * MIB, 32 * MIB, 32 * MIB}, {64 * MIB, 256 * MIB, 256 * MIB}},
};

START_TEST(limits_as_shipped_are_those_of_the_manual)
{
    ck_assert_uint_eq(sizeof shipped / sizeof *shipped, CORDON_LIMIT_COUNT);
    for (unsigned t = 0; t < CORDON_TIER_COUNT; t++) {
        ck_assert_uint_eq(cordon_limit_default((enum cordon_tier)t, shipped[_i].limit), shipped[_i].by_default[t]);
        ck_assert_uint_eq(cordon_limit_ceiling((enum cordon_tier)t, shipped[_i].limit), shipped[_i].ceiling[t]);
    }
}
END_TEST

START_TEST(every_limit_has_a_name_a_default_and_a_ceiling_in_every_tier)
{
    for (unsigned t = 0; t < CORDON_TIER_COUNT; t++) {
        for (unsigned l = 0; l < CORDON_LIMIT_COUNT; l++) {
            uint64_t d = cordon_limit_default((enum cordon_tier)t, (enum cordon_limit)l);
            ck_assert(cordon_limit_name((enum cordon_limit)l));
            ck_assert_uint_gt(d, 0);
            ck_assert_uint_le(d, cordon_limit_ceiling((enum cordon_tier)t, (enum cordon_limit)l));
        }
    }
    ck_assert_ptr_null(cordon_limit_name(CORDON_LIMIT_COUNT));
    ck_assert_uint_eq(cordon_limit_ceiling(CORDON_TIER_COUNT, CORDON_LIMIT_FUEL), 0);
    ck_assert_uint_eq(cordon_limit_default(CORDON_TIER_LOCAL, (enum cordon_limit)-1), 0);
}
END_TEST

START_TEST(tiers_are_read_and_named)
{
    enum cordon_tier tier = CORDON_TIER_LOCAL;
    for (unsigned t = 0; t < CORDON_TIER_COUNT; t++) {
        ck_assert_int_eq(cordon_tier_parse(cordon_tier_name((enum cordon_tier)t), &tier, NULL), 0);
        ck_assert_uint_eq(tier, t);
        ck_assert_int_eq(tier_parse(tier_name((enum cordon_tier)t), &tier), 0);
    }
    ck_assert_ptr_null(cordon_tier_name(CORDON_TIER_COUNT));
    cordon_error *err = NULL;
    tier = CORDON_TIER_VERIFIED;
    ck_assert_int_eq(cordon_tier_parse("Local", &tier, &err), -CORDON_E_USAGE);
    ck_assert_int_eq(tier, CORDON_TIER_VERIFIED);
    ck_assert(strstr(cordon_error_hint(err), "untrusted, verified, local"));
    cordon_error_free(err);
}
END_TEST

static const struct {
    enum cordon_limit limit;
    const char *text;
    uint64_t value;
} accepted[] = {
    {CORDON_LIMIT_FUEL, "20G", 20 * GIGA}, {CORDON_LIMIT_FUEL, "100G", 100 * GIGA}, {CORDON_LIMIT_FUEL, "1", 1},
    {CORDON_LIMIT_MEMORY_BYTES, "64MiB", 64 * MIB}, {CORDON_LIMIT_MEMORY_BYTES, "256MiB", 256 * MIB},
    {CORDON_LIMIT_WALL_MS, "250ms", 250}, {CORDON_LIMIT_WALL_MS, "60", 60000}, {CORDON_LIMIT_WALL_MS, "1m", 60000},
    {CORDON_LIMIT_TABLE_ELEMENTS, "100k", 100000}, {CORDON_LIMIT_OUTPUT_BYTES, "8MB", 8000000},
};

START_TEST(a_limit_up_to_the_ceiling_is_accepted)
{
    uint64_t value = 0;
    ck_assert_int_eq(cordon_limit_parse(accepted[_i].limit, CORDON_TIER_UNTRUSTED, accepted[_i].text, &value, NULL), 0);
    ck_assert_uint_eq(value, accepted[_i].value);
}
END_TEST

static const struct {
    enum cordon_limit limit;
    const char *text, *message, *hint;
} refused[] = {
    {CORDON_LIMIT_FUEL, "101G", "fuel '101G' is above the ceiling; the ceiling of the untrusted tier is 100 G", "at most 100G, such as 10G"},
    {CORDON_LIMIT_FUEL, "0", "fuel '0' must be above zero; the ceiling of the untrusted tier is 100 G", "at most 100G"},
    {CORDON_LIMIT_FUEL, "-1", "must not have a sign", "at most 100G"},
    {CORDON_LIMIT_FUEL, "unlimited", "must start with a digit", "at most 100G"},
    {CORDON_LIMIT_FUEL, "", "fuel '' is empty", "at most 100G"},
    {CORDON_LIMIT_FUEL, "99999999999999999999999", "is too large", "at most 100G"},
    {CORDON_LIMIT_FUEL, "\x1b[2J", "fuel '\\x1b[2J'", "at most 100G"},
    {CORDON_LIMIT_MEMORY_BYTES, "257MiB", "memory '257MiB' is above the ceiling; the ceiling of the untrusted tier is 256 MiB",
     "at most 256MiB, such as 64MiB"},
    {CORDON_LIMIT_MEMORY_BYTES, "64 MiB", "must not contain blanks", "256MiB"},
    {CORDON_LIMIT_WALL_MS, "61s", "timeout '61s' is above the ceiling; the ceiling of the untrusted tier is 1 min", "at most 1m, such as 10s"},
    {CORDON_LIMIT_WALL_MS, "250us", "must be a whole number of milliseconds", "1m"},
    {CORDON_LIMIT_WALL_MS, "10parsecs", "unknown unit", "1m"},
};

START_TEST(a_refused_limit_names_field_given_ceiling_and_way_out)
{
    cordon_error *err = NULL;
    uint64_t value = 77;
    ck_assert_int_eq(cordon_limit_parse(refused[_i].limit, CORDON_TIER_UNTRUSTED, refused[_i].text, &value, &err), -CORDON_E_BAD_LIMIT);
    ck_assert_uint_eq(value, 77);
    ck_assert_msg(strstr(cordon_error_message(err), refused[_i].message), "%s", cordon_error_message(err));
    ck_assert_msg(strstr(cordon_error_hint(err), refused[_i].hint), "%s", cordon_error_hint(err));
    ck_assert_str_eq(cordon_error_subject(err), cordon_limit_name(refused[_i].limit));
    cordon_error_free(err);
    ck_assert_int_eq(cordon_limit_parse(refused[_i].limit, CORDON_TIER_UNTRUSTED, refused[_i].text, &value, NULL), -CORDON_E_BAD_LIMIT);
}
END_TEST

START_TEST(a_giant_value_leaves_room_for_the_ceiling)
{
    char big[100001];
    memset(big, '9', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    cordon_error *err = NULL;
    uint64_t value;
    ck_assert_int_eq(cordon_limit_parse(CORDON_LIMIT_FUEL, CORDON_TIER_UNTRUSTED, big, &value, &err), -CORDON_E_BAD_LIMIT);
    ck_assert(strstr(cordon_error_message(err), "ceiling of the untrusted tier is 100 G"));
    cordon_error_free(err);
}
END_TEST

START_TEST(local_fuel_is_metered_without_ceiling)
{
    uint64_t value = 0;
    ck_assert_int_eq(cordon_limit_parse(CORDON_LIMIT_FUEL, CORDON_TIER_LOCAL, "18446744073709551615", &value, NULL), 0);
    ck_assert_uint_eq(value, UINT64_MAX);
    cordon_error *err = NULL;
    ck_assert_int_eq(cordon_limit_parse(CORDON_LIMIT_FUEL, CORDON_TIER_LOCAL, "0", &value, &err), -CORDON_E_BAD_LIMIT);
    ck_assert(strstr(cordon_error_message(err), "no ceiling"));
    cordon_error_free(err);
}
END_TEST

START_TEST(a_limit_or_tier_outside_the_enum_is_refused)
{
    uint64_t value;
    ck_assert_int_lt(cordon_limit_parse(CORDON_LIMIT_COUNT, CORDON_TIER_LOCAL, "1", &value, NULL), 0);
    ck_assert_int_lt(cordon_limit_parse(CORDON_LIMIT_FUEL, CORDON_TIER_COUNT, "1", &value, NULL), 0);
}
END_TEST

static const struct {
    enum cordon_limit limit;
    uint64_t value;
    const char *text;
} shown[] = {
    {CORDON_LIMIT_FUEL, 10 * GIGA, "10 G"}, {CORDON_LIMIT_FUEL, 1000 * GIGA, "1 T"}, {CORDON_LIMIT_FUEL, 999, "999"},
    {CORDON_LIMIT_FUEL, 1500000, "1.5 M"}, {CORDON_LIMIT_FUEL, 1999999, "1.99 M"}, {CORDON_LIMIT_FUEL, 1050000, "1.05 M"},
    {CORDON_LIMIT_FUEL, UINT64_MAX, "metered"}, {CORDON_LIMIT_FUEL, 0, "0"},
    {CORDON_LIMIT_MEMORY_BYTES, 64 * MIB, "64 MiB"}, {CORDON_LIMIT_MEMORY_BYTES, 1024 * MIB, "1 GiB"}, {CORDON_LIMIT_MEMORY_BYTES, 100, "100 B"},
    {CORDON_LIMIT_MEMORY_BYTES, 3 * MIB / 2, "1.5 MiB"}, {CORDON_LIMIT_MEMORY_BYTES, UINT64_MAX, "16777215.99 TiB"},
    {CORDON_LIMIT_WALL_MS, 250, "250 ms"}, {CORDON_LIMIT_WALL_MS, 10000, "10 s"}, {CORDON_LIMIT_WALL_MS, 1500, "1.5 s"},
    {CORDON_LIMIT_WALL_MS, 300000, "5 min"}, {CORDON_LIMIT_WALL_MS, 3600000, "1 h"}, {CORDON_LIMIT_WALL_MS, 90000, "90 s"},
    {CORDON_LIMIT_TABLE_ELEMENTS, 20000, "20 k"}, {CORDON_LIMIT_LOG_BYTES, 65536, "64 KiB"},
};

START_TEST(limits_are_shown_as_people_read_them)
{
    char buf[32];
    cordon_limit_format(shown[_i].limit, shown[_i].value, buf, sizeof buf);
    ck_assert_str_eq(buf, shown[_i].text);
    char small[4];
    cordon_limit_format(shown[_i].limit, shown[_i].value, small, sizeof small);
    ck_assert_mem_eq(small, shown[_i].text, strnlen(shown[_i].text, 3));
    ck_assert_uint_le(strlen(small), 3);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

Suite *suite_limits(void)
{
    Suite *s = suite_create("limits");
    TCase *c = tcase_create("limits");
    tcase_add_loop_test(c, limits_as_shipped_are_those_of_the_manual, 0, COUNT(shipped));
    tcase_add_test(c, every_limit_has_a_name_a_default_and_a_ceiling_in_every_tier);
    tcase_add_test(c, tiers_are_read_and_named);
    tcase_add_loop_test(c, a_limit_up_to_the_ceiling_is_accepted, 0, COUNT(accepted));
    tcase_add_loop_test(c, a_refused_limit_names_field_given_ceiling_and_way_out, 0, COUNT(refused));
    tcase_add_test(c, a_giant_value_leaves_room_for_the_ceiling);
    tcase_add_test(c, local_fuel_is_metered_without_ceiling);
    tcase_add_test(c, a_limit_or_tier_outside_the_enum_is_refused);
    tcase_add_loop_test(c, limits_are_shown_as_people_read_them, 0, COUNT(shown));
    suite_add_tcase(s, c);
    return s;
}
