/* SPDX-License-Identifier: Apache-2.0
 * Round numbers for suggested limits, written as the flags read them. Pure. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The next 1, 2 or 5 times a power of ten that is at least `value` and `least` (itself such a number). */
uint64_t round_up_125(uint64_t value, uint64_t least);
/* The next power of two. */
uint64_t round_up_2(uint64_t value, uint64_t least);

/* "20k", "5M"; "2MiB", "64KiB"; "50ms", "2s". What divides evenly gets the larger unit. */
void round_count(uint64_t value, char *buf, size_t size);
void round_size(uint64_t bytes, char *buf, size_t size);
void round_time(uint64_t ms, char *buf, size_t size);
