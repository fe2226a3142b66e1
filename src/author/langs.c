/* SPDX-License-Identifier: Apache-2.0 */
#include "author/lang.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* In the order of asking a folder: C last, since a project of another language may hold a C file. */
static const struct lang *const all[] = {&lang_ts, &lang_js, &lang_python, &lang_rust, &lang_c};
enum { LANGS = sizeof all / sizeof *all };

const struct lang *lang_at(size_t n) { return n < LANGS ? all[n] : NULL; }

const struct lang *lang_named(const char *name)
{
    for (size_t i = 0; i < LANGS; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

const struct lang *lang_of(int fd)
{
    for (size_t i = 0; i < LANGS; i++)
        if (all[i]->is_it(fd))
            return all[i];
    return NULL;
}

bool lang_has(int fd, const char *name)
{
    struct stat st;
    return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}
