/* SPDX-License-Identifier: Apache-2.0
 * Wasmtime's types of a component's functions, as plain data (src/wit/type.h). */
#pragma once
#include "wit/type.h"
#include <cordon/error.h>
#include <wasmtime.h>

enum {
    TYPES_MEMBERS_MAX = 512,     /* of one record, variant, enum, ... or parameter list: the C API finds the n-th by walking there, so reading all of them takes the square */
    TYPES_NODES_MAX = 32768,     /* of one component's exports together */
};

/* Fills *ret (zeroed by the caller; on failure it is zero again). `name` is copied. `budget`: how many nodes may still be made, less those made here. Errors: TOO_LARGE for types
 * over the budget or the ceilings of src/wit/type.h, BAD_ARTIFACT for names that are not UTF-8 or over WIT_NAME_MAX. */
int types_func(const wasmtime_component_func_type_t *ty, const char *name, size_t *budget, struct wit_func *ret, cordon_error **err);
