/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"

#include "base/cleanup.h"
#include <string.h>

static int by_path(const void *path, const void *file) { return strcmp(path, ((const struct bundle_file *)file)->path); }

const struct bundle_file *bundle_find(const struct bundle *b, const char *path)
{
    return b->n ? bsearch(path, b->file, b->n, sizeof *b->file, by_path) : NULL;
}

void bundle_finish(struct bundle *b)
{
    for (size_t i = 0; i < b->n; i++)
        free(b->file[i].path);
    free(b->file);
    free(b->path);
    if (b->fd >= 0)
        close(b->fd);
    *b = (struct bundle)BUNDLE_NONE;
}
