/* SPDX-License-Identifier: Apache-2.0
 * From sources to one core module, MADE_FILE. */
#pragma once
#include "author/bindings.h"
#include "author/sources.h"
#include "author/toolchain.h"

/* What the sources are: by what they include. */
enum compile_made { COMPILE_SKILL, COMPILE_COMMAND, COMPILE_BLUFIO };

/* `has_world`: it was given, so they are a skill of it. Else those that include blufio.h are a module of that ABI, and those that include neither it nor the bindings'
 * header a program with main; both are linked without bindings. */
int compile_core(const struct toolchain *t, const struct sources *s, const struct bindings *b, bool has_world, enum compile_made *ret, cordon_error **err);
