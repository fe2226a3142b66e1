/* SPDX-License-Identifier: Apache-2.0
 * The limits of each tier as shipped, and limits as people write and read them. */
#include <cordon/limits.h>

#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "policy/limit.h"
#include "policy/tier.h"
#include <stdio.h>
#include <string.h>

enum { GIVEN_MAX = 64 }; /* how much of a wrong value an error repeats */

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define G(n) ((uint64_t)(n) * 1000000000u)
#define SECONDS(n) ((uint64_t)(n) * 1000u)
#define MINUTES(n) SECONDS((n) * 60)

struct limit_range {
    uint64_t by_default, ceiling;
};

static const struct limit_range ranges[CORDON_TIER_COUNT][CORDON_LIMIT_COUNT] = {
    [CORDON_TIER_UNTRUSTED] = {
        [CORDON_LIMIT_FUEL] = {G(10), G(100)},
        [CORDON_LIMIT_MEMORY_BYTES] = {MIB(64), MIB(256)},
        [CORDON_LIMIT_WALL_MS] = {SECONDS(10), SECONDS(60)},
        [CORDON_LIMIT_TABLE_ELEMENTS] = {20000, 100000},
        [CORDON_LIMIT_INPUT_BYTES] = {MIB(8), MIB(32)},
        [CORDON_LIMIT_OUTPUT_BYTES] = {MIB(1), MIB(8)},
        [CORDON_LIMIT_LOG_BYTES] = {KIB(64), KIB(64)},
        [CORDON_LIMIT_LOG_LINES] = {1000, 1000},
        [CORDON_LIMIT_HOST_BYTES] = {MIB(8), MIB(64)},
    },
    [CORDON_TIER_VERIFIED] = {
        [CORDON_LIMIT_FUEL] = {G(50), G(1000)},
        [CORDON_LIMIT_MEMORY_BYTES] = {MIB(256), GIB(1)},
        [CORDON_LIMIT_WALL_MS] = {SECONDS(30), MINUTES(10)},
        [CORDON_LIMIT_TABLE_ELEMENTS] = {20000, 100000},
        [CORDON_LIMIT_INPUT_BYTES] = {MIB(32), MIB(32)},
        [CORDON_LIMIT_OUTPUT_BYTES] = {MIB(8), MIB(32)},
        [CORDON_LIMIT_LOG_BYTES] = {KIB(256), KIB(256)},
        [CORDON_LIMIT_LOG_LINES] = {4000, 4000},
        [CORDON_LIMIT_HOST_BYTES] = {MIB(32), MIB(256)},
    },
    [CORDON_TIER_LOCAL] = {
        [CORDON_LIMIT_FUEL] = {UINT64_MAX, UINT64_MAX},
        [CORDON_LIMIT_MEMORY_BYTES] = {MIB(256), GIB(1)},
        [CORDON_LIMIT_WALL_MS] = {MINUTES(5), MINUTES(60)},
        [CORDON_LIMIT_TABLE_ELEMENTS] = {20000, 100000},
        [CORDON_LIMIT_INPUT_BYTES] = {MIB(32), MIB(32)},
        [CORDON_LIMIT_OUTPUT_BYTES] = {MIB(8), MIB(32)},
        [CORDON_LIMIT_LOG_BYTES] = {MIB(1), MIB(1)},
        [CORDON_LIMIT_LOG_LINES] = {16000, 16000},
        [CORDON_LIMIT_HOST_BYTES] = {MIB(32), MIB(256)},
    },
};

/* Units from small to large. `written` is what a person types, `shown` what is easier to read. */
struct limit_unit {
    uint64_t factor;
    const char *written, *shown;
};
enum { UNITS_MAX = 5 };

static const struct limit_unit count_units[UNITS_MAX] = {
    {1, "", ""}, {1000, "k", " k"}, {1000000, "M", " M"}, {G(1), "G", " G"}, {G(1000), "T", " T"}};
static const struct limit_unit size_units[UNITS_MAX] = {
    {1, "B", " B"}, {KIB(1), "KiB", " KiB"}, {MIB(1), "MiB", " MiB"}, {GIB(1), "GiB", " GiB"}, {GIB(1024), "TiB", " TiB"}};
static const struct limit_unit time_units[UNITS_MAX] = {
    {1, "ms", " ms"}, {SECONDS(1), "s", " s"}, {MINUTES(1), "m", " min"}, {MINUTES(60), "h", " h"}};

struct limit_kind {
    const char *name;
    const struct limit_unit *units;
    int (*parse)(const char *, uint64_t *, const char **);
};

static int parse_ms(const char *s, uint64_t *ret, const char **ret_why)
{
    uint64_t us;
    if (number_duration(s, &us, ret_why) < 0)
        return -1;
    if (us % 1000 != 0) {
        *ret_why = "must be a whole number of milliseconds";
        return -1;
    }
    *ret = us / 1000;
    return 0;
}

static const struct limit_kind kinds[CORDON_LIMIT_COUNT] = {
    [CORDON_LIMIT_FUEL] = {"fuel", count_units, number_count},
    [CORDON_LIMIT_MEMORY_BYTES] = {"memory", size_units, number_size},
    [CORDON_LIMIT_WALL_MS] = {"timeout", time_units, parse_ms},
    [CORDON_LIMIT_TABLE_ELEMENTS] = {"tables", count_units, number_count},
    [CORDON_LIMIT_INPUT_BYTES] = {"input", size_units, number_size},
    [CORDON_LIMIT_OUTPUT_BYTES] = {"output", size_units, number_size},
    [CORDON_LIMIT_LOG_BYTES] = {"log", size_units, number_size},
    [CORDON_LIMIT_LOG_LINES] = {"log-lines", count_units, number_count},
    [CORDON_LIMIT_HOST_BYTES] = {"host-bytes", size_units, number_size},
};

static const struct limit_range *find_range(enum cordon_tier tier, enum cordon_limit limit)
{
    static const struct limit_range nothing = {0, 0};
    return (unsigned)tier < CORDON_TIER_COUNT && (unsigned)limit < CORDON_LIMIT_COUNT ? &ranges[tier][limit] : &nothing;
}

const char *cordon_limit_name(enum cordon_limit limit)
{
    return (unsigned)limit < CORDON_LIMIT_COUNT ? kinds[limit].name : NULL;
}

uint64_t cordon_limit_default(enum cordon_tier tier, enum cordon_limit limit)
{
    return find_range(tier, limit)->by_default;
}

uint64_t cordon_limit_ceiling(enum cordon_tier tier, enum cordon_limit limit)
{
    return find_range(tier, limit)->ceiling;
}

/* The largest unit that fits into `value`; for times it must also divide it, as nobody reads 1.08 h. */
static const struct limit_unit *readable_unit(const struct limit_unit *units, uint64_t value)
{
    const struct limit_unit *best = &units[0];
    for (int i = 1; i < UNITS_MAX && units[i].factor && value >= units[i].factor; i++)
        if (units != time_units || i == 1 || value % units[i].factor == 0)
            best = &units[i];
    return best;
}

void cordon_limit_format(enum cordon_limit limit, uint64_t value, char *buf, size_t size)
{
    if (limit == CORDON_LIMIT_FUEL && value == UINT64_MAX) {
        snprintf(buf, size, "metered");
        return;
    }
    const struct limit_unit *units = (unsigned)limit < CORDON_LIMIT_COUNT ? kinds[limit].units : count_units;
    const struct limit_unit *u = readable_unit(units, value);
    /* Two digits after the point, rounded down: what was used never reads as more than it was. */
    unsigned hundredths = (unsigned)(value % u->factor * 100 / u->factor);
    unsigned long long whole = value / u->factor;
    if (hundredths == 0)
        snprintf(buf, size, "%llu%s", whole, u->shown);
    else if (hundredths % 10 == 0)
        snprintf(buf, size, "%llu.%u%s", whole, hundredths / 10, u->shown);
    else
        snprintf(buf, size, "%llu.%02u%s", whole, hundredths, u->shown);
}

int limit_read(enum cordon_limit limit, const char *text, uint64_t *ret, const char **ret_why)
{
    return kinds[limit].parse(text, ret, ret_why);
}

void limit_write(enum cordon_limit limit, uint64_t value, char *buf, size_t size)
{
    if (limit == CORDON_LIMIT_FUEL && value == UINT64_MAX) {
        snprintf(buf, size, "metered");
        return;
    }
    const struct limit_unit *units = kinds[limit].units, *best = &units[0];
    for (int i = 1; i < UNITS_MAX && units[i].factor; i++)
        if (value % units[i].factor == 0)
            best = &units[i];
    snprintf(buf, size, "%llu%s", (unsigned long long)(value / best->factor), best->written);
}

static int refuse_limit(enum cordon_limit limit, const struct limit_bound *b, const char *text, const char *why, cordon_error **err)
{
    enum { SIZE = 32 };
    const char *name = kinds[limit].name;
    int given = (int)text_cut(text, strnlen(text, GIVEN_MAX + 4), GIVEN_MAX);
    if (b->max == UINT64_MAX) {
        err_set(err, CORDON_E_BAD_LIMIT, name, "%s '%.*s' %s (the %s tier has no %s for it)", name, given, text, why,
                tier_name(b->tier), b->name);
        return err_hint(err, "Write a whole number above zero, such as 20G, or leave it out.");
    }
    char shown[SIZE], written[SIZE], usual[SIZE];
    cordon_limit_format(limit, b->max, shown, sizeof shown);
    limit_write(limit, b->max, written, sizeof written);
    limit_write(limit, b->usual, usual, sizeof usual);
    err_set(err, CORDON_E_BAD_LIMIT, name, "%s '%.*s' %s; the %s of the %s tier is %s", name, given, text, why, b->name,
            tier_name(b->tier), shown);
    return err_hint(err, "Write a value above zero and at most %s, such as %s.", written, usual);
}

int limit_parse_within(enum cordon_limit limit, const struct limit_bound *b, const char *text, uint64_t *ret, cordon_error **err)
{
    uint64_t value = 0;
    const char *why = b->why;
    if (limit_read(limit, text, &value, &why) == 0 && value <= b->max) {
        *ret = value;
        return 0;
    }
    refuse_limit(limit, b, text, why, err);
    return -CORDON_E_BAD_LIMIT;
}

int cordon_limit_parse(enum cordon_limit limit, enum cordon_tier tier, const char *text, uint64_t *ret, cordon_error **err)
{
    err_wanted(err);
    if ((unsigned)limit >= CORDON_LIMIT_COUNT || (unsigned)tier >= CORDON_TIER_COUNT)
        return err_set(err, CORDON_E_BAD_LIMIT, NULL, "there is no limit %u in tier %u", (unsigned)limit, (unsigned)tier);
    const struct limit_range *r = &ranges[tier][limit];
    struct limit_bound shipped = {.tier = tier, .max = r->ceiling, .usual = r->by_default, .name = "ceiling", .why = "is above the ceiling"};
    return limit_parse_within(limit, &shipped, text, ret, err);
}
