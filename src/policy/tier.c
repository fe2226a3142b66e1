/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/tier.h"

#include "base/error.h"
#include <string.h>

static const char *const names[CORDON_TIER_COUNT] = {
    [CORDON_TIER_UNTRUSTED] = "untrusted", [CORDON_TIER_VERIFIED] = "verified", [CORDON_TIER_LOCAL] = "local"};

const char *tier_name(enum cordon_tier t)
{
    return (unsigned)t < CORDON_TIER_COUNT ? names[t] : NULL;
}

int tier_parse(const char *s, enum cordon_tier *ret)
{
    for (unsigned t = 0; t < CORDON_TIER_COUNT; t++) {
        if (strcmp(names[t], s) == 0) {
            *ret = (enum cordon_tier)t;
            return 0;
        }
    }
    return -1;
}

const char *cordon_tier_name(enum cordon_tier tier)
{
    return tier_name(tier);
}

int cordon_tier_parse(const char *name, enum cordon_tier *ret, cordon_error **err)
{
    err_wanted(err);
    if (tier_parse(name, ret) == 0)
        return 0;
    err_set(err, CORDON_E_USAGE, name, "there is no tier '%.64s'", name);
    err_hint(err, "Write one of: untrusted, verified, local.");
    return -CORDON_E_USAGE;
}
