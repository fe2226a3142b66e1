/* SPDX-License-Identifier: Apache-2.0
 * Reading what the user points at: a file, a pipe, standard input. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

/* Reads `path` ("-": standard input) to its end. More than `max` bytes: TOO_LARGE, with `what` in the message. The caller frees *ret (NUL behind it). */
int source_read(const char *path, size_t max, const char *what, char **ret, size_t *ret_len, cordon_error **err);
