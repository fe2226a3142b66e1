/* SPDX-License-Identifier: Apache-2.0
 * A folder, read into a draft. */
#pragma once
#include "bundle/draft.h"

/* Opens an author's folder. NOT_FOUND. */
int walk_open(const char *source, int *ret_fd, cordon_error **err);
/* Everything beneath `folder`. `as_kept`: it is a bundle that is kept, so nothing in it is left out. `what` is the folder in messages. */
int walk_folder(struct draft *d, int folder, const char *what, bool as_kept, cordon_error **err);
