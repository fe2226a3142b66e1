/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "trust/trust.h"
#include <string.h>

static bool may_be_in_a_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int trust_pattern_check(const char *pattern, cordon_error **err)
{
    size_t len = strnlen(pattern, TRUST_NAME_MAX + 1), i = 0;
    while (i < len && may_be_in_a_name(pattern[i]))
        i++;
    if (len && len <= TRUST_NAME_MAX && (i == len || (i + 1 == len && pattern[i] == '*')))
        return 0;
    int r = err_set(err, CORDON_E_USAGE, NULL, "a pattern of names is a name, or its beginning with one * behind it");
    err_hint(err, "For instance weather, weather-* or, for every name, *.");
    return r;
}

bool trust_pattern_fits(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);
    return len && pattern[len - 1] == '*' ? !strncmp(pattern, name, len - 1) : !strcmp(pattern, name);
}
