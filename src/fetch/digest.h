/* SPDX-License-Identifier: Apache-2.0
 * SHA-256 as 64 hex digits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { DIGEST_TEXT = 65 }; /* with the NUL */

/* Exactly 64 lower-case digits and no more. *ret is untouched otherwise. */
bool digest_read(const char *text, uint8_t ret[32]);
void digest_write(const uint8_t sha256[32], char ret[DIGEST_TEXT]);
