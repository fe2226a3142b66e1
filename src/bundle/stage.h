/* SPDX-License-Identifier: Apache-2.0
 * Fresh folders to stage in. */
#pragma once
#include "bundle/draft.h"

/* Makes and locks one, for a draft that writes. */
int stage_begin(struct draft *d, const char *staging, cordon_error **err);
/* Removes it, unless it became a bundle. */
void stage_finish(struct draft *d);
