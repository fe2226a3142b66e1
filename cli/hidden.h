/* SPDX-License-Identifier: Apache-2.0
 * Reading what nobody should see: one copy, in memory that is wiped. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

struct hidden {
    char *bytes;
    size_t len, cap;
};

/* From a file (`@FILE`), or standard input (NULL, `-`, `@-`): a terminal is asked for `what`, and shows nothing of it. More than `max` bytes: TOO_LARGE. Dies of a signal that
 * comes meanwhile, when the terminal is as it was. */
int hidden_read(const char *word, const char *what, size_t max, struct hidden *ret, cordon_error **err);
/* Takes one newline away from its end, if there is one. */
void hidden_chomp(struct hidden *h);
void hidden_finish(struct hidden *h);
