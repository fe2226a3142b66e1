/* SPDX-License-Identifier: Apache-2.0
 * The C files of a skill's folder. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>

enum { SOURCES_MAX = 256 };

struct sources {
    char *dir;      /* as given, without slashes at its end, and never with a dash in front */
    char *name;     /* the folder's own name */
    char **paths;   /* dir/file.c, in the order of bytes */
    size_t n;
};

/* NOT_FOUND: no such folder, or no *.c in it. On failure there is nothing to finish. */
int sources_list(const char *dir, struct sources *ret, cordon_error **err);
void sources_finish(struct sources *s);
