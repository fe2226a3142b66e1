/* SPDX-License-Identifier: Apache-2.0
 * The input of a skill of the blufio ABI, which is one JSON value. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

/* What the skill reads: `input` compact if it is JSON, else as a JSON string. BAD_ARGS: it is not UTF-8, or nested too deep. The caller frees *ret. */
int blufio_input(const char *input, size_t len, char **ret, size_t *ret_len, cordon_error **err);
/* The same of JSON arguments: {"input": VALUE} or [VALUE]. */
int blufio_args(const char *json, size_t len, char **ret, size_t *ret_len, cordon_error **err);
