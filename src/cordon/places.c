/* SPDX-License-Identifier: Apache-2.0
 * Where Cordon's own things lie. Whoever can write there is the operator, and whoever can read there sees what it keeps: no skill is given any of it. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/internal.h"
#include "keep/home.h"

#include <string.h>

void places_finish(struct places *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->path[i]);
}

/* Takes `path`; NULL and what is not absolute is no place. */
static void add(struct places *p, char *path, const char *what, unsigned access)
{
    if (!path || path[0] != '/') {
        free(path);
        return;
    }
    p->path[p->n] = path;
    p->place[p->n++] = (struct file_place){.path = path, .what = what, .access = access};
}

static char *folder_of(const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    return slash && slash != file ? strndup(file, (size_t)(slash - file)) : NULL;
}

int places_find(const cordon_host_opts *o, struct places *ret, cordon_error **err)
{
    char *data = NULL, *own = NULL, *cache = NULL;
    cleanup_free char *settings = NULL;
    int rc = 0;
    if (o->home && home_find(o->home, &own, err) < 0)
        return -CORDON_E_NO_RESOURCES;
    add(ret, own, "Cordon's own data", FILE_READ | FILE_WRITE);
    home_find(NULL, &data, NULL); /* NULL: there is no such place */
    add(ret, data, "Cordon's own data", FILE_READ | FILE_WRITE);
    if (host_cache_dir(o, &cache, NULL) == 0)
        add(ret, cache, "Cordon's compiled code", FILE_READ | FILE_WRITE);
    rc = settings_find(NULL, &settings, err);
    if (rc < 0)
        return rc;
    add(ret, folder_of(settings), "Cordon's settings", FILE_WRITE);
    if (o->settings_file[SETTINGS_USER])
        add(ret, strdup(o->settings_file[SETTINGS_USER]), "Cordon's settings", FILE_WRITE);
    add(ret, folder_of(SETTINGS_SYSTEM_FILE), "the settings of this machine", FILE_WRITE);
    return 0;
}
