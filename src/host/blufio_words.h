/* SPDX-License-Identifier: Apache-2.0
 * What the blufio ABI says of a denial: its users know the words. */
#pragma once
#include "base/buf.h"
#include "host/host_fn.h"
#include "policy/grants.h"

/* Appends them, for a call of `fn` that wanted `wanted`. */
void blufio_denied_words(struct buf *b, const struct host_fn *fn, const struct grants *grants, struct host_str wanted, enum denial why);
