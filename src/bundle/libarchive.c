/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/libarchive.h"

#include "base/error.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static bool find(void *library, const char *name, void *slot)
{
    void *symbol = dlsym(library, name);
    memcpy(slot, &symbol, sizeof symbol);
    return symbol;
}

static bool find_all(void *library, struct libarchive *ret)
{
#define X(name) find(library, #name, &ret->name) &&
    return ARCHIVE_USED(X) true;
#undef X
}

static int load(int how, struct libarchive *ret, cordon_error **err)
{
    void *library = dlopen("libarchive.so.13", how | RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    bool whole = library && find_all(library, ret);
    if (library)
        dlclose(library);
    if (whole)
        return 0;
    int r = err_set(err, CORDON_E_MISSING_TOOL, "libarchive.so.13", "libarchive, which reads archives, is not installed, or too old");
    err_hint(err, "apt-get install libarchive13. Or unpack the archive, look at it, and install the folder.");
    return r;
}

int libarchive_open(struct libarchive *ret, cordon_error **err) { return load(0, ret, err); }

int libarchive_again(struct libarchive *ret, cordon_error **err) { return load(RTLD_NOLOAD, ret, err); }
