/* SPDX-License-Identifier: Apache-2.0
 * Paths of a bundle: what may be one, what is left out, which two are too much alike. */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>

/* `code`, with the reason: it is no path of a bundle (empty, absolute, `.`, `..`, odd characters, blanks or dots at the end of a name, too long, too deep: TOO_LARGE). */
int path_check(const char *path, size_t len, enum cordon_errc code, cordon_error **err);
/* The same without what takes libunistring to see: for the helper, where nothing can be opened any more, and nobody believes it anyway. */
int path_check_plain(const char *path, size_t len, enum cordon_errc code, cordon_error **err);
/* One name of it, which is not looked at beyond its NUL. */
bool path_name_is_left_out(const char *name);
/* Has it such a name in it? */
bool path_is_left_out(const char *path);

/* The paths that are taken, and the folders they lie in. */
struct taken {
    struct taken_one { char *fold, *path; bool folder; } *one; /* owned; by fold */
    size_t n, cap, n_folders;
};
/* Takes the path of a file (which passed path_check) and of each folder above it. `code`: it is there already, or one that differs in case or spelling alone.
 * TOO_LARGE: too many folders. */
int taken_add(struct taken *t, const char *path, enum cordon_errc code, cordon_error **err);
void taken_finish(struct taken *t);
