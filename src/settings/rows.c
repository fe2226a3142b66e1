/* SPDX-License-Identifier: Apache-2.0
 * The table of keys. */
#include "settings/settings.h"

#include "base/number.h"
#include "policy/limit.h"
#include "policy/tier.h"
#include <stdio.h>
#include <string.h>

#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)
#define TIB(n) (UINT64_C(n) << 40)

enum kind { SWITCH, TIER, SIZE, SECONDS, NEED, AGE, COUNT };

struct row {
    const char *section, *name;
    enum kind kind;
    uint64_t min, max;
    const char *expected;
};

static const struct row rows[SETTINGS_KEY_COUNT] = {
    [SETTINGS_FLAGS] = {"policy", "flags", SWITCH, 0, 1, "true or false"},
    [SETTINGS_HIGHEST_TIER] = {"policy", "highest_tier", TIER, 0, CORDON_TIER_COUNT - 1, "\"untrusted\", \"verified\" or \"local\""},
    [SETTINGS_CACHE_MAX] = {"cache", "max", SIZE, MIB(16), TIB(16), "a size from 16MiB to 16TiB, such as \"2GiB\""},
    [SETTINGS_COMPILE_MEMORY] = {"compile", "memory", SIZE, MIB(64), GIB(64), "a size from 64MiB to 64GiB, such as \"4GiB\""},
    [SETTINGS_COMPILE_CPU] = {"compile", "cpu", SECONDS, 1, 3600, "a duration from 1s to 1h in whole seconds, such as \"60s\""},
    [SETTINGS_COMPILE_WALL] = {"compile", "wall", SECONDS, 1, 3600, "a duration from 1s to 1h in whole seconds, such as \"120s\""},
    [SETTINGS_SCRIPTS_LANDLOCK] = {"scripts", "landlock", NEED, 0, 1, "\"required\" or \"optional\""},
    [SETTINGS_SCRIPTS_ROOT] = {"scripts", "root", SWITCH, 0, 1, "true or false"},
    [SETTINGS_AUDIT_KEEP] = {"audit", "keep", AGE, 3600, SETTINGS_FOREVER, "\"forever\", or a duration from 1h to 36500d, such as \"90d\""},
    [SETTINGS_AUDIT_ROWS] = {"audit", "rows", COUNT, 100, SETTINGS_FOREVER, "\"all\", or a number from 100 to 1T, such as \"1M\""},
};

enum { DAY_S = 24 * 3600 };
#define AGE_MAX (UINT64_C(36500) * DAY_S)
#define COUNT_MAX UINT64_C(1000000000000)

static const char *const needs[] = {"required", "optional"};

static const uint64_t limit_max[CORDON_LIMIT_COUNT] = {
    [CORDON_LIMIT_FUEL] = UINT64_C(1000000000000000000),
    [CORDON_LIMIT_MEMORY_BYTES] = GIB(4), /* what a 32-bit memory can address */
    [CORDON_LIMIT_WALL_MS] = UINT64_C(24) * 3600 * 1000,
    [CORDON_LIMIT_TABLE_ELEMENTS] = 10000000,
    [CORDON_LIMIT_INPUT_BYTES] = MIB(256),
    [CORDON_LIMIT_OUTPUT_BYTES] = MIB(256),
    [CORDON_LIMIT_LOG_BYTES] = MIB(16),
    [CORDON_LIMIT_LOG_LINES] = 1000000,
    [CORDON_LIMIT_HOST_BYTES] = GIB(64),
};

const char *settings_section(enum settings_key key) { return (unsigned)key < SETTINGS_KEY_COUNT ? rows[key].section : NULL; }
const char *settings_name(enum settings_key key) { return (unsigned)key < SETTINGS_KEY_COUNT ? rows[key].name : NULL; }
bool settings_is_switch(enum settings_key key) { return rows[key].kind == SWITCH; }
const char *settings_expected(enum settings_key key) { return rows[key].expected; }
uint64_t settings_limit_max(enum cordon_limit limit) { return limit_max[limit]; }

bool settings_is_kept(enum settings_key key) { return rows[key].kind == AGE || rows[key].kind == COUNT; }

bool settings_fits(enum settings_key key, uint64_t value)
{
    return value >= rows[key].min && value <= rows[key].max;
}

static int read_switch(const char *text, uint64_t *ret, const char **ret_why)
{
    *ret_why = "is neither true nor false";
    *ret = text[0] == 't';
    return strcmp(text, "true") && strcmp(text, "false") ? -1 : 0;
}

static int read_tier(const char *text, uint64_t *ret, const char **ret_why)
{
    enum cordon_tier tier = CORDON_TIER_UNTRUSTED;
    *ret_why = "is no tier";
    int rc = tier_parse(text, &tier);
    *ret = tier;
    return rc;
}

static int read_seconds(const char *text, uint64_t *ret, const char **ret_why)
{
    uint64_t us;
    if (number_duration(text, &us, ret_why) < 0)
        return -1;
    *ret_why = "must be a whole number of seconds";
    *ret = us / 1000000;
    return us % 1000000 ? -1 : 0;
}

static int read_need(const char *text, uint64_t *ret, const char **ret_why)
{
    *ret_why = "is neither required nor optional";
    *ret = !strcmp(text, needs[1]);
    return strcmp(text, needs[*ret]) ? -1 : 0;
}

/* A duration, of whole days too. */
static int read_age(const char *text, uint64_t *ret, const char **ret_why)
{
    size_t len = strlen(text);
    char days[16];
    if (!strcmp(text, "forever")) {
        *ret = SETTINGS_FOREVER;
        return 0;
    }
    if (len < 2 || len > sizeof days || text[len - 1] != 'd') {
        if (read_seconds(text, ret, ret_why) < 0)
            return -1;
    } else {
        memcpy(days, text, len - 1);
        days[len - 1] = '\0';
        if (number_count(days, ret, ret_why) < 0)
            return -1;
        *ret = *ret > AGE_MAX ? AGE_MAX + 1 : *ret * DAY_S;
    }
    *ret_why = "is too large";
    return *ret > AGE_MAX ? -1 : 0;
}

static int read_count(const char *text, uint64_t *ret, const char **ret_why)
{
    if (!strcmp(text, "all")) {
        *ret = SETTINGS_FOREVER;
        return 0;
    }
    if (number_count(text, ret, ret_why) < 0)
        return -1;
    *ret_why = "is too large";
    return *ret > COUNT_MAX ? -1 : 0;
}

int settings_value(enum settings_key key, const char *text, uint64_t *ret, const char **ret_why)
{
    static int (*const read[])(const char *, uint64_t *, const char **) = {
        [SWITCH] = read_switch, [TIER] = read_tier, [SIZE] = number_size, [SECONDS] = read_seconds, [NEED] = read_need,
        [AGE] = read_age, [COUNT] = read_count};
    uint64_t value = 0;
    if (read[rows[key].kind](text, &value, ret_why) < 0)
        return -1;
    *ret_why = value < rows[key].min ? "is too small" : "is too large";
    if (!settings_fits(key, value))
        return -1;
    *ret = value;
    return 0;
}

static void write_age(uint64_t value, char buf[SETTINGS_VALUE_TEXT])
{
    if (value == SETTINGS_FOREVER)
        snprintf(buf, SETTINGS_VALUE_TEXT, "forever");
    else if (value % DAY_S == 0)
        snprintf(buf, SETTINGS_VALUE_TEXT, "%llud", (unsigned long long)(value / DAY_S));
    else
        snprintf(buf, SETTINGS_VALUE_TEXT, "%llus", (unsigned long long)value);
}

static void write_count(uint64_t value, char buf[SETTINGS_VALUE_TEXT])
{
    if (value == SETTINGS_FOREVER)
        snprintf(buf, SETTINGS_VALUE_TEXT, "all");
    else
        snprintf(buf, SETTINGS_VALUE_TEXT, "%llu", (unsigned long long)value);
}

void settings_write(enum settings_key key, uint64_t value, char buf[SETTINGS_VALUE_TEXT])
{
    switch (rows[key].kind) {
    case SWITCH: snprintf(buf, SETTINGS_VALUE_TEXT, "%s", value ? "true" : "false"); break;
    case NEED: snprintf(buf, SETTINGS_VALUE_TEXT, "%s", needs[value != 0]); break;
    case TIER: snprintf(buf, SETTINGS_VALUE_TEXT, "%s", tier_name((enum cordon_tier)value)); break;
    case SIZE: limit_write(CORDON_LIMIT_MEMORY_BYTES, value, buf, SETTINGS_VALUE_TEXT); break;
    case AGE: write_age(value, buf); break;
    case COUNT: write_count(value, buf); break;
    case SECONDS: snprintf(buf, SETTINGS_VALUE_TEXT, "%llus", (unsigned long long)value); break;
    }
}
