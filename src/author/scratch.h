/* SPDX-License-Identifier: Apache-2.0
 * A folder of this process alone, for what lies between the sources and the component. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

/* In TMPDIR if that is an absolute path, else in /tmp. */
int scratch_make(char **ret, cordon_error **err);
/* Removes the folder with all that is in it, and frees its name. NULL allowed. */
void scratch_remove(char *path);
/* Writes a new file; `name` has no slash. */
int scratch_write(const char *scratch, const char *name, const char *text, size_t len, cordon_error **err);
