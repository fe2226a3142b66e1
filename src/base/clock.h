/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>
#include <string.h>
#include <time.h>

/* Monotonic nanoseconds (vDSO: about 22 ns, no system call). */
static inline uint64_t clock_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Wall clock, milliseconds since 1970. */
static inline uint64_t clock_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* CLOCK_WALL_MAX_MS is the last millisecond of the year 9999, the last that RFC 3339 can write. */
#define CLOCK_WALL_MAX_MS 253402300799999u
enum { CLOCK_TEXT = 32 };

/* RFC 3339 in UTC, whole seconds; what is beyond CLOCK_WALL_MAX_MS as that. */
static inline void clock_write(uint64_t wall_ms, char ret[CLOCK_TEXT])
{
    time_t s = (time_t)((wall_ms > CLOCK_WALL_MAX_MS ? CLOCK_WALL_MAX_MS : wall_ms) / 1000);
    struct tm tm;
    if (!gmtime_r(&s, &tm) || !strftime(ret, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
        strcpy(ret, "1970-01-01T00:00:00Z");
}
