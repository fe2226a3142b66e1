/* SPDX-License-Identifier: Apache-2.0
 * The C files of a skill's folder. */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>

enum { SOURCES_MAX = 256 };

struct sources {
    char *dir;      /* absolute */
    char **paths;   /* dir/file.c, in the order of bytes */
    size_t n;
};

/* Is there any in the folder? */
bool sources_any(int folder);
/* NOT_FOUND: no such folder, or no *.c in it. On failure there is nothing to finish. */
int sources_list(const char *dir, struct sources *ret, cordon_error **err);
void sources_finish(struct sources *s);
