/* SPDX-License-Identifier: Apache-2.0
 * The WIT of a skill as text. */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>

enum { WIT_FILES_MAX = 256, WIT_BYTES_MAX = 1 << 20 };

struct wit_files {
    char *json;      /* as shim_wit_bindings_c wants it */
    size_t len;
    bool is_own;     /* of the folder's wit/; false: the skill world */
};

/* wit/ with its *.wit, wit/deps/NAME/ with its own, and wit/deps/NAME.wit; where there is no wit/, the skill world. Files and folders proper: a symbolic link,
 * which may lead anywhere, is refused. On failure there is nothing to free. */
int wit_files_read(const char *dir, struct wit_files *ret, cordon_error **err);
