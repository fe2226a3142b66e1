/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/sqlite.h"

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

static bool find_all(void *library, struct sqlite *ret)
{
#define X(name) find(library, "sqlite3_" #name, &ret->name) &&
    return SQLITE_USED(X) true;
#undef X
}

int sqlite_load(struct sqlite *ret, cordon_error **err)
{
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    bool whole = library && find_all(library, ret);
    if (library)
        dlclose(library);
    if (whole)
        return 0;
    int r = err_set(err, CORDON_E_MISSING_TOOL, "libsqlite3.so.0", "SQLite is not installed, or too old");
    err_hint(err, "apt-get install libsqlite3-0");
    return r;
}
