/* SPDX-License-Identifier: Apache-2.0
 * What this process holds now. */
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A field of a file of /proc/self, in the unit it is given in. */
static inline size_t process_field(const char *file, const char *name)
{
    char line[256];
    size_t value = 0, len = strlen(name);
    FILE *f = fopen(file, "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, name, len) && line[len] == ':')
            value = strtoul(line + len + 1, NULL, 10);
    if (f)
        fclose(f);
    return value;
}

static inline size_t process_resident_kib(void) { return process_field("/proc/self/smaps_rollup", "Rss"); }
static inline size_t process_threads(void) { return process_field("/proc/self/status", "Threads"); }

static inline size_t process_descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}
