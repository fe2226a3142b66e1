/* SPDX-License-Identifier: Apache-2.0
 * Wasmtime's types of a component's functions, as plain data (src/wit/type.h). */
#pragma once
#include "wit/type.h"
#include <cordon/error.h>
#include <wasmtime.h>

/* Fills *ret (zeroed by the caller; on failure it is zero again). `name` is copied. Errors: TOO_LARGE for types over the ceilings of src/wit/type.h, BAD_ARTIFACT for names that are
 * not UTF-8 or over WIT_NAME_MAX. */
int types_func(const wasmtime_component_func_type_t *ty, const char *name, struct wit_func *ret, cordon_error **err);
