/* SPDX-License-Identifier: Apache-2.0
 * Tiers of trust. */
#pragma once
#include <cordon/limits.h>
/* Name of the tier ("untrusted", ...), or NULL. */
const char *tier_name(enum cordon_tier t);
/* Returns 0 or -1. */
int tier_parse(const char *s, enum cordon_tier *ret);
