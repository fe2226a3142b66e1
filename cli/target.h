/* SPDX-License-Identifier: Apache-2.0
 *
 * What TARGET means: a word with a `/`, `.`, `-`, `*.wasm` and `*.wat` are artifacts, anything else is an installed skill's name.
 */
#pragma once
#include <cordon/cordon.h>
#include <stddef.h>

struct target {
    char *path;     /* NULL: the bytes are here */
    char *bytes;
    size_t len;
    char name[128]; /* for messages: the file's name without its ending, cut; not escaped */
};

/* Finds the artifact; only standard input is read. Errors: NOT_FOUND, BAD_ARTIFACT, IO, TOO_LARGE. */
int target_find(const char *word, struct target *ret, cordon_error **err);
void target_finish(struct target *t);
