/* SPDX-License-Identifier: Apache-2.0
 * From a stranger's bytes to native code. Runs in the helper process only: it may take long, take much, or crash. */
#pragma once
#include "base/buf.h"
#include <cordon/limits.h>
#include <stdint.h>

/* `bytes`: a binary component, a core module of WASI preview 1 with _start (made a command), one of the blufio ABI, or the text form of any. Fills `code` and `meta`
 * ({"kind":"component"|"command"|"blufio","docs":{...},"wit":"..."|null}). Errors: BAD_ARTIFACT, NOT_A_COMPONENT, UNKNOWN_IMPORT, BAD_SIGNATURE, UNSUPPORTED_FEATURE, TOO_LARGE. */
int compile(enum cordon_tier tier, const uint8_t *bytes, size_t len, struct buf *meta, struct buf *code, cordon_error **err);
