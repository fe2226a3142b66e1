/* SPDX-License-Identifier: Apache-2.0
 * [install]: programs that a registry's credentials may come from. */
#include "settings/settings.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct settings_install *s, const char *name)
{
    for (size_t i = 0; i < s->credential_helpers.value; i++)
        if (!strcmp(s->helper[i], name))
            return true;
    return false;
}

const char *settings_add_helper(struct settings_install *s, const char *text, const struct setting *place)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), n = s->credential_helpers.value;
    if (len == 0 || text[len])
        return "is no name of letters, digits, - and _ (what stands behind docker-credential-)";
    if (len > SETTINGS_HELPER_MAX)
        return "is too long";
    if (n == SETTINGS_HELPERS_MAX)
        return "is one helper too many (ceiling 8)";
    strcpy(s->helper[n], text);
    s->credential_helpers = *place;
    s->credential_helpers.value = n + 1;
    return NULL;
}

void settings_write_helpers(const struct settings_install *s, char buf[SETTINGS_HELPERS_TEXT])
{
    size_t len = 0;
    strcpy(buf, "none");
    for (size_t i = 0; i < s->credential_helpers.value; i++)
        len += (size_t)snprintf(buf + len, SETTINGS_HELPERS_TEXT - len, "%s%s", i ? ", " : "", s->helper[i]);
}

void settings_force_install(const struct settings_install *system, const struct settings_install *user, struct settings_install *ret)
{
    bool framed = system->credential_helpers.from != SETTINGS_UNSET;
    const struct settings_install *from = user->credential_helpers.from != SETTINGS_UNSET ? user : system;
    if (from->credential_helpers.from == SETTINGS_UNSET)
        return;
    ret->credential_helpers = from->credential_helpers;
    ret->credential_helpers.value = 0;
    for (size_t i = 0; i < from->credential_helpers.value; i++)
        if (!framed || has(system, from->helper[i]))
            strcpy(ret->helper[ret->credential_helpers.value++], from->helper[i]);
}
