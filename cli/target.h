/* SPDX-License-Identifier: Apache-2.0
 *
 * What TARGET means: a word with a `/`, `.`, `-`, `*.wasm` and `*.wat` are artifacts, anything else is an installed skill's name.
 */
#pragma once
#include <cordon/cordon.h>
#include <stdbool.h>
#include <stddef.h>

struct target {
    bool installed; /* the word is the name of an installed skill, or NAME@VERSION; there is nothing else */
    char *path;     /* NULL: the bytes are here */
    bool is_folder; /* the path is a folder's, with a manifest in it */
    char *bytes;
    size_t len;
    char name[128]; /* for messages: the file's name without its ending, cut; not escaped */
};

/* Does the word name an installed skill? Nothing is looked at. */
bool target_is_installed(const char *word);
/* Finds the artifact; only standard input is read. Whether a skill of that name is installed is not looked at. Errors: NOT_FOUND, BAD_ARTIFACT, IO, TOO_LARGE. */
int target_find(const char *word, struct target *ret, cordon_error **err);
/* Takes the error that no such skill is installed, and gives one that names the file that may have been meant, if there is one. */
void target_hint(const char *word, cordon_error **err);
void target_finish(struct target *t);
