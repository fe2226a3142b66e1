/* SPDX-License-Identifier: Apache-2.0 */
#include "round.h"

#include <inttypes.h>
#include <stdio.h>

uint64_t round_up_125(uint64_t value, uint64_t least)
{
    static const unsigned steps[] = {1, 2, 5};
    for (uint64_t power = 1; power <= UINT64_MAX / 100; power *= 10)
        for (int i = 0; i < 3; i++)
            if (power * steps[i] >= value && power * steps[i] >= least)
                return power * steps[i];
    return value;
}

uint64_t round_up_2(uint64_t value, uint64_t least)
{
    uint64_t n = least;
    while (n < value && n <= UINT64_MAX / 2)
        n *= 2;
    return n;
}

static void with_unit(uint64_t value, uint64_t base, const char *const *units, size_t n_units, char *buf, size_t size)
{
    size_t i = 0;
    while (i + 1 < n_units && value >= base && value % base == 0) {
        value /= base;
        i++;
    }
    snprintf(buf, size, "%" PRIu64 "%s", value, units[i]);
}

void round_count(uint64_t value, char *buf, size_t size)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    with_unit(value, 1000, units, 5, buf, size);
}

void round_size(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    with_unit(bytes, 1024, units, 4, buf, size);
}

void round_time(uint64_t ms, char *buf, size_t size)
{
    static const char *const units[] = {"ms", "s"};
    with_unit(ms, 1000, units, 2, buf, size);
}
