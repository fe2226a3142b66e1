/* SPDX-License-Identifier: Apache-2.0
 * What a core module imports, as far as a name goes. */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The modules that its functions are imported from, each once, in their order. NULL: it does not read as a module, or out of memory. The caller gives it back. */
json_t *core_imports(const uint8_t *module, size_t len);
