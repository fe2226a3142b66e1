/* SPDX-License-Identifier: Apache-2.0
 * The C of a skill's world. */
#pragma once
#include "author/wit_files.h"
#include "code/code.h"

enum { BINDINGS_NAME_MAX = 200 };

struct bindings {
    char *world;                                                         /* ns:package/name */
    char header[BINDINGS_NAME_MAX + 1], source[BINDINGS_NAME_MAX + 1];   /* files in the scratch folder */
};

/* Has the helper make them, and writes them to `scratch`. On failure there is nothing to finish. */
int bindings_make(struct helper *helper, const struct wit_files *wit, const char *scratch, struct bindings *ret, cordon_error **err);
/* The second half of it: `meta` is a helper's answer, of which nothing is believed. */
int bindings_take(const char *meta, const char *scratch, struct bindings *ret, cordon_error **err);
void bindings_finish(struct bindings *b);
