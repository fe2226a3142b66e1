/* SPDX-License-Identifier: Apache-2.0
 * Limits as people write them, for whoever has bounds of its own (cordon/limits.h knows those that are shipped). Pure. */
#pragma once
#include <cordon/limits.h>

/* Reads a value above zero, without any ceiling. Returns 0, or -1 with a static phrase in *ret_why. */
int limit_read(enum cordon_limit limit, const char *text, uint64_t *ret, const char **ret_why);
/* Exactly, and as a person would type it: "100G", "64MiB", "1m"; "metered" for fuel without end. */
void limit_write(enum cordon_limit limit, uint64_t value, char *buf, size_t size);

/* What a value is held against, and how an error calls it. */
struct limit_bound {
    enum cordon_tier tier;
    uint64_t max, usual;      /* `usual` is offered as an example */
    const char *name;         /* of `max`: "ceiling" */
    const char *why;          /* what is said of a value above it */
};
/* As cordon_limit_parse, with this bound. */
int limit_parse_within(enum cordon_limit limit, const struct limit_bound *bound, const char *text, uint64_t *ret, cordon_error **err);
