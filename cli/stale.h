/* SPDX-License-Identifier: Apache-2.0
 * Was a project's source changed after it was built? By the times of its files: a hint for its author, and no more. */
#pragma once
#include <stdbool.h>

enum { STALE_NAME_MAX = 256 };

/* True: FOLDER/<its name>.wasm is there, and `ret` names a source (a path in the folder; a stranger's text) that is newer. */
bool stale_source(const char *folder, char ret[STALE_NAME_MAX]);
