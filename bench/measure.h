/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of this folder share: a clock, the middle of many samples, and how to end. Each prints one JSON object, which `run` reads. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The value below which `percent` of the samples lie; sorts them. */
static inline double percentile(uint64_t *samples, size_t n, double percent)
{
    qsort(samples, n, sizeof *samples, by_value);
    return (double)samples[(size_t)((double)(n - 1) * percent / 100)];
}

static inline uint64_t *samples_of(size_t n)
{
    uint64_t *s = calloc(n ? n : 1, sizeof *s);
    if (!s) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return s;
}

static inline size_t count_of(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n == 0 || n > 100000000) {
        fprintf(stderr, "%s is no count\n", text);
        exit(2);
    }
    return n;
}

/* Of allocations.c; there only when it is preloaded. */
extern size_t allocations_made(void) __attribute__((weak));

static inline size_t allocations(void)
{
    if (allocations_made)
        return allocations_made();
    fputs("allocations are counted only with liballocations preloaded\n", stderr);
    exit(2);
}
