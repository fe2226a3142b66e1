/* SPDX-License-Identifier: Apache-2.0
 * The system's file of host names, kept in memory: a process that has locked itself in cannot open it any more. */
#pragma once
#include "policy/address.h"
#include <time.h>

enum { HOSTS_FILE_MAX = 1 << 20 };

struct hosts {
    char *text; /* NULL: there is none, or it is too large */
    struct timespec changed;
};

/* Reads `path` if it changed since and can be read; else what is there stays. */
void hosts_refresh(struct hosts *h, const char *path);
void hosts_finish(struct hosts *h);
/* How many addresses `name` has in the text of such a file; at most `max`. */
size_t hosts_find(const char *text, const char *name, struct address *ret, size_t max);
