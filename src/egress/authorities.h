/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

enum { AUTHORITIES_MAX = 8 << 20 };

/* The whole PEM file of the operator's choice (`given`), else the system's (`usual`, else one of the places known); *ret is the caller's to free. The
 * system's may be missing: then *ret_len is 0. */
int authorities_read(const char *given, const char *usual, void **ret, size_t *ret_len, cordon_error **err);
