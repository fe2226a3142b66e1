/* SPDX-License-Identifier: Apache-2.0
 *
 * What components import of us: the dispatcher of host functions with its one capability check, and the check of their types at load. Wasmtime's C API links any signature for
 * a function defined through it, and a body that then reads a number as a string reads memory of the guest's choosing.
 */
#pragma once
#include "host/host_fn.h"
#include <cordon/error.h>
#include <stdbool.h>
#include <wasmtime.h>

enum { IMPORT_ASKS_MAX = 16 };
/* Grant kinds that the imported functions can use; static texts. */
struct import_asks { const char *kind[IMPORT_ASKS_MAX]; size_t n; };

/* Defines every function of src/host/ in the linker. */
int imports_define(wasmtime_component_linker_t *linker, cordon_error **err);
/* True if Cordon offers an import of that name; *ret_asks is the grant kind it can ask for, or NULL; *ret_waits: calls may suspend in it. */
bool imports_offered(const char *name, size_t len, const char **ret_asks, bool *ret_waits);
/* The interface of host functions of that name; NULL: there is none. */
const struct host_interface *imports_interface(const char *name, size_t len);
/* Checks the functions a component imports from one, type by type: UNKNOWN_IMPORT, BAD_SIGNATURE. Adds what they can ask for. */
int imports_check_host(const struct host_interface *host, const wasmtime_component_instance_type_t *ty, const wasm_engine_t *engine, struct import_asks *asks, cordon_error **err);
