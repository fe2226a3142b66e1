/* SPDX-License-Identifier: Apache-2.0
 * What two files together put in force. */
#include "settings/settings.h"

#include "base/error.h"
#include "policy/limit.h"

static struct setting shipped(uint64_t value) { return (struct setting){.value = value, .from = SETTINGS_SHIPPED}; }

void settings_shipped(struct settings *ret)
{
    ret->key[SETTINGS_FLAGS] = shipped(true);
    ret->key[SETTINGS_HIGHEST_TIER] = shipped(CORDON_TIER_UNTRUSTED);
    ret->key[SETTINGS_CACHE_MAX] = shipped(UINT64_C(2) << 30);
    ret->key[SETTINGS_COMPILE_MEMORY] = shipped(UINT64_C(4) << 30);
    ret->key[SETTINGS_COMPILE_CPU] = shipped(60);
    ret->key[SETTINGS_COMPILE_WALL] = shipped(120);
    ret->key[SETTINGS_SCRIPTS_LANDLOCK] = shipped(0);
    ret->key[SETTINGS_SCRIPTS_ROOT] = shipped(false);
    ret->key[SETTINGS_AUDIT_KEEP] = shipped(SETTINGS_FOREVER);
    ret->key[SETTINGS_AUDIT_ROWS] = shipped(SETTINGS_FOREVER);
    ret->install = (struct settings_install){.credential_helpers = shipped(0)};
    ret->egress = (struct settings_egress){.allow_private = shipped(0), .proxy = shipped(0), .ca_file = shipped(0)};
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            ret->by_default[t][l] = shipped(cordon_limit_default((enum cordon_tier)t, (enum cordon_limit)l));
            ret->ceiling[t][l] = shipped(cordon_limit_ceiling((enum cordon_tier)t, (enum cordon_limit)l));
        }
}

static bool is_set(const struct setting *s) { return s->from != SETTINGS_UNSET; }

/* The narrower of the files' values, else what is in *s. */
static void narrow(struct setting *s, const struct setting *system, const struct setting *user)
{
    if (is_set(system) && is_set(user))
        *s = user->value < system->value ? *user : *system;
    else if (is_set(system) || is_set(user))
        *s = is_set(system) ? *system : *user;
}

/* The same where the larger one is the narrower. */
static void keep_longer(struct setting *s, const struct setting *system, const struct setting *user)
{
    if (is_set(system) && is_set(user))
        *s = user->value > system->value ? *user : *system;
    else
        narrow(s, system, user);
}

static int refuse(enum cordon_tier tier, enum cordon_limit limit, const struct setting *s, const struct setting *ceiling, const char *file, cordon_error **err)
{
    char max[SETTINGS_VALUE_TEXT];
    const char *name = cordon_limit_name(limit);
    limit_write(limit, ceiling->value, max, sizeof max);
    err_set(err, CORDON_E_BAD_CONFIG, file, "%s:%u:%u: tiers.%s.default.%s is above the tier's ceiling, which is %s", file, s->line, s->column, cordon_tier_name(tier), name, max);
    return err_hint(err, "Lower it, or raise tiers.%s.ceiling.%s too.", cordon_tier_name(tier), name);
}

/* The user's default goes before the system's, but where the system lets flags raise nothing, neither may the user's file. */
static const struct setting *pick_default(const struct setting *as_shipped, const struct setting *system, const struct setting *user, bool may_raise)
{
    const struct setting *top = is_set(system) ? system : as_shipped;
    return is_set(user) && (may_raise || user->value <= top->value) ? user : top;
}

int settings_in_force(const struct settings *system, const struct settings *user, const char *const files[SETTINGS_FROM_COUNT], struct settings *ret, cordon_error **err)
{
    struct settings all;
    bool may_raise = !is_set(&system->key[SETTINGS_FLAGS]) || system->key[SETTINGS_FLAGS].value;
    settings_shipped(&all);
    for (int k = 0; k < SETTINGS_KEY_COUNT; k++)
        settings_is_kept((enum settings_key)k) ? keep_longer(&all.key[k], &system->key[k], &user->key[k]) : narrow(&all.key[k], &system->key[k], &user->key[k]);
    settings_force_install(&system->install, &user->install, &all.install);
    settings_force_egress(&system->egress, &user->egress, &all.egress);
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            struct setting *ceiling = &all.ceiling[t][l], *value = &all.by_default[t][l];
            narrow(ceiling, &system->ceiling[t][l], &user->ceiling[t][l]);
            *value = *pick_default(value, &system->by_default[t][l], &user->by_default[t][l], may_raise);
            if (value->value <= ceiling->value)
                continue;
            if (value->from != SETTINGS_SHIPPED && ceiling->from == SETTINGS_SHIPPED)
                return refuse((enum cordon_tier)t, (enum cordon_limit)l, value, ceiling, files[value->from], err);
            *value = *ceiling;
        }
    *ret = all;
    return 0;
}
