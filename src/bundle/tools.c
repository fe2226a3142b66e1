/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"
#include "bundle/libarchive.h"
#include "bundle/unicode.h"

#include <string.h>

int bundle_tools(cordon_error **err)
{
    static const char name[] = "caf\xc3\xa9";
    struct libarchive lib;
    const char *why;
    int r = libarchive_open(&lib, err);
    return r < 0 ? r : unicode_check(name, strlen(name), &why, err);
}
