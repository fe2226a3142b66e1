/* SPDX-License-Identifier: Apache-2.0
 * How much an answer, or one host call, may carry from guest to host. */
#pragma once
#include "engine/call.h"

enum carry_bound { CARRY_BYTES, CARRY_OUTPUT, CARRY_MEMORY, CARRY_VALUES };

/* What dynamic values of a type (NULL: none) take on the host for each byte that Wasmtime counts for them, at worst. Once for each export. */
unsigned carry_dearness(const struct wit_type *t);
/* In bytes as Wasmtime counts them; *ret_bound (may be NULL) is what decided. */
size_t carry_of(const struct call_spec *s, enum carry_bound *ret_bound);
