/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/limit_words.h"

#include <stdio.h>

static const char *happening(enum cordon_limit limit)
{
    switch (limit) {
    case CORDON_LIMIT_FUEL: return "used up its fuel";
    case CORDON_LIMIT_MEMORY_BYTES: return "wanted more memory than it may have";
    case CORDON_LIMIT_TABLE_ELEMENTS: return "wanted more table elements than it may have";
    case CORDON_LIMIT_WALL_MS: return "did not finish in time";
    case CORDON_LIMIT_HOST_BYTES: return "handed host functions more bytes than it may";
    default: return "answered more than it may";
    }
}

/* What was used of the limits that are metered. */
static bool used_of(const struct cordon_outcome *o, enum cordon_limit limit, uint64_t *ret)
{
    switch (limit) {
    case CORDON_LIMIT_FUEL: *ret = o->usage[CORDON_USAGE_FUEL]; return true;
    case CORDON_LIMIT_MEMORY_BYTES: *ret = o->usage[CORDON_USAGE_MEMORY_PEAK_BYTES]; return true;
    case CORDON_LIMIT_WALL_MS: *ret = o->usage[CORDON_USAGE_WALL_US] / 1000; return true;
    default: return false;
    }
}

/* A value as its flag takes it: whole, with the largest unit that divides it. */
static void flag_text(enum cordon_limit limit, uint64_t v, char *ret, size_t size)
{
    static const struct { enum cordon_limit limit; uint64_t unit; const char *name; } units[] = {
        {CORDON_LIMIT_FUEL, 1000000000, "G"}, {CORDON_LIMIT_FUEL, 1000000, "M"}, {CORDON_LIMIT_FUEL, 1000, "k"}, {CORDON_LIMIT_FUEL, 1, ""},
        {CORDON_LIMIT_MEMORY_BYTES, 1 << 20, "MiB"}, {CORDON_LIMIT_MEMORY_BYTES, 1 << 10, "KiB"}, {CORDON_LIMIT_MEMORY_BYTES, 1, ""},
        {CORDON_LIMIT_WALL_MS, 1000, "s"}, {CORDON_LIMIT_WALL_MS, 1, "ms"},
    };
    *ret = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].limit == limit && v % units[i].unit == 0) {
            snprintf(ret, size, "%llu%s", (unsigned long long)(v / units[i].unit), units[i].name);
            return;
        }
    }
}

static const char *flag_of(enum cordon_limit limit)
{
    switch (limit) {
    case CORDON_LIMIT_FUEL: return "--fuel";
    case CORDON_LIMIT_MEMORY_BYTES: return "--memory";
    case CORDON_LIMIT_WALL_MS: return "--timeout";
    default: return NULL;
    }
}

/* Twice the limit, as far as the tier goes. */
static void hint(struct cordon_outcome *o, const struct call_spec *spec, enum cordon_limit limit)
{
    char more[32];
    const char *flag = flag_of(limit);
    uint64_t v = spec->limits.value[limit], ceiling = spec->ceiling[limit];
    if (!flag)
        return;
    if (v >= ceiling) {
        outcome_hint(o, "That is the ceiling of the %s tier; only the operator's settings can raise it.", cordon_tier_name(spec->tier));
        return;
    }
    flag_text(limit, v > ceiling / 2 ? ceiling : 2 * v, more, sizeof more);
    if (spec->installed)
        outcome_hint(o, "If it needs more, give it more for one call: %s %s, or for all: cordon limit %s %s=%s", flag, more, spec->skill, cordon_limit_name(limit), more);
    else
        outcome_hint(o, "If it needs more, give it more for one call: %s %s", flag, more);
}

void limit_say(struct cordon_outcome *o, const struct call_spec *spec, enum cordon_limit limit, const char *happened)
{
    char value[64], used[64] = "";
    uint64_t amount;
    cordon_limit_format(limit, spec->limits.value[limit], value, sizeof value);
    if (used_of(o, limit, &amount))
        cordon_limit_format(limit, amount, used, sizeof used);
    outcome_say(o, "%s %s: %s%slimit %s (%s)", spec->skill, happened ? happened : happening(limit), used, *used ? " used, " : "", value, spec->limits.origin[limit]);
    hint(o, spec, limit);
}
