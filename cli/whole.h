/* SPDX-License-Identifier: Apache-2.0
 * Writing a file that an author asked for. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

/* Whole or not at all, and in the place of whatever is there: a link is not followed. */
int whole_write(const char *path, const char *text, size_t len, cordon_error **err);
