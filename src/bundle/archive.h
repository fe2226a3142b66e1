/* SPDX-License-Identifier: Apache-2.0
 * What the helper says is in an archive, taken into a draft. */
#pragma once
#include "bundle/draft.h"
#include "bundle/stream.h"

/* All of the stream; a single folder at its top is stepped into. */
int archive_take(struct draft *d, const void *bytes, size_t len, cordon_error **err);
