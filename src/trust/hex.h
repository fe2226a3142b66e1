/* SPDX-License-Identifier: Apache-2.0
 * Bytes as lower-case hexadecimal digits, and files that are lines of them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exactly 2 * n lower-case digits, which are the first of `text`. In time that does not depend on them: they may be a secret. */
bool hex_read(const char *text, uint8_t *ret, size_t n);
/* 2 * n digits and a NUL. */
void hex_write(const uint8_t *bytes, size_t n, char *ret);

/* One line `name=DIGITS`. */
struct hex_line {
    const char *name;
    size_t n;        /* bytes */
    uint8_t *bytes;
};
/* These lines, in this order, and nothing else. 0, or the number of the line that is not as it must be. */
unsigned hex_lines_read(const char *text, size_t len, const struct hex_line *lines, unsigned n);
void hex_lines_write(const struct hex_line *lines, unsigned n, char *ret);
