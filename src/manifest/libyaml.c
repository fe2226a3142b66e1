/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/libyaml.h"
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

static bool find_all(void *library, struct libyaml *ret)
{
#define X(name) find(library, "yaml_" #name, &ret->name) &&
    return LIBYAML_USED(X) true;
#undef X
}

int libyaml_load(struct libyaml *ret, cordon_error **err)
{
    void *library = dlopen("libyaml-0.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    bool whole = library && find_all(library, ret);
    if (library)
        dlclose(library);
    if (whole)
        return 0;
    int r = err_set(err, CORDON_E_MISSING_TOOL, "libyaml-0.so.2", "libyaml is not installed, or too old: a SKILL.md cannot be read");
    err_hint(err, "apt-get install libyaml-0-2");
    return r;
}
