/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzz targets share. A target looks for two things: what a sanitizer sees, and a promise of the code that does not hold.
 * Text is handed on in allocations of its exact size, so that a read past its end is seen.
 */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the code promises. Broken, it ends the process, and the input is kept. */
#define HOLDS(what)                                                             \
    do {                                                                        \
        if (!(what)) {                                                          \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what);  \
            abort();                                                            \
        }                                                                       \
    } while (0)

/* An input, taken apart from its front. */
struct feed {
    const uint8_t *at;
    size_t left;
};

/* 0 once nothing is left. */
uint8_t feed_byte(struct feed *f);
/* Up to the next newline, which is dropped; all there is, if there is none. A NUL follows. The caller frees. */
char *feed_line(struct feed *f, size_t *ret_len);
char *feed_rest(struct feed *f, size_t *ret_len);

/* Asks a library that is not ours. */
bool fuzz_is_utf8(const char *s, size_t len);
/* May it go to a terminal: no control characters, nothing that reorders text, nothing that is not UTF-8. */
bool fuzz_is_harmless(const char *s, size_t len);
/* A failure of code `rc` left this error, fit to be shown. Frees it. */
void fuzz_check_error(int rc, cordon_error *err);
