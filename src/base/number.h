/* SPDX-License-Identifier: Apache-2.0
 * Numbers as people write them. All refuse zero, signs, blanks, fractions that are no whole result and overflow, and say why:
 * *ret_why is then a static phrase such as "must be above zero". Return 0 or -1. */
#pragma once
#include <stdint.h>

/* 20, 20k, 20M, 20G, 20T (powers of ten, upper or lower case). */
int number_count(const char *s, uint64_t *ret, const char **ret_why);
/* 4096, 4096B, 16k, 16kB, 16MB (powers of ten), 16Ki, 16KiB, 16MiB, 1GiB (powers of two); result in bytes. */
int number_size(const char *s, uint64_t *ret, const char **ret_why);
/* 250us, 250ms, 10s, 5m, 1h; a bare number is seconds; 1.5s allowed. Result in microseconds. */
int number_duration(const char *s, uint64_t *ret_us, const char **ret_why);
