/* SPDX-License-Identifier: Apache-2.0
 * Places on disk that nobody else can alter. */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>

/* `path` is real: absolute, no links, no dots. Checks the folders above its last name and, if `whole`, that one like them: each belongs to this user or root, and
 * others can write it only where it is sticky. UNSAFE_PATH, IO. */
int safe_chain(const char *path, bool whole, cordon_error **err);
/* UNSAFE_PATH: "PATH WHAT". `command` and the path are the hint; NULL: there is no command for it, the table's hint stands. */
int safe_refuse(const char *path, const char *what, const char *command, cordon_error **err);
