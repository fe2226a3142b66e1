/* SPDX-License-Identifier: Apache-2.0
 * A folder of this process alone, for what lies between. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

/* In TMPDIR if that is an absolute path, else in /tmp; its name begins with `prefix`. Mode 0700. */
int scratch_make(const char *prefix, char **ret, cordon_error **err);
/* Removes the folder with all that is in it, however deep and whatever its modes, and frees its name. NULL allowed. Nobody else may be at work in it. */
void scratch_remove(char *path);
/* Writes a new file; `name` has no slash. */
int scratch_write(const char *scratch, const char *name, const char *text, size_t len, cordon_error **err);
