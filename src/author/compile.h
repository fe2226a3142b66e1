/* SPDX-License-Identifier: Apache-2.0
 * From sources to one core module. */
#pragma once
#include "author/bindings.h"
#include "author/sources.h"
#include "author/toolchain.h"

#define COMPILE_CORE "core.wasm"   /* in the scratch folder */

/* `may_be_command`: sources that do not include the bindings' header are a program with main, linked without them; *ret_command says so. */
int compile_core(const struct toolchain *t, const struct sources *s, const struct bindings *b, bool may_be_command, bool *ret_command, cordon_error **err);
