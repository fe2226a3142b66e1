/* SPDX-License-Identifier: Apache-2.0
 * Settings files, as they shape the options of a host. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/internal.h"
#include "policy/limit.h"

#include <string.h>

/* A file that was found, and what it sets. */
struct found {
    char *path;               /* owned; NULL: there is no such place */
    bool read;
    struct settings settings;
};

static void found_finish(struct found *f) { free(f->path); }

static int read_file(struct found *f, enum settings_from from, cordon_error **err)
{
    cleanup_free char *text = NULL;
    size_t len;
    int rc = f->path ? settings_read(f->path, from, &text, &len, err) : 0;
    if (rc <= 0)
        return rc;
    f->read = true;
    return settings_parse(f->path, from, text, len, &f->settings, err);
}

static int read_system(struct found *f, cordon_error **err)
{
    f->path = strdup(SETTINGS_SYSTEM_FILE);
    return f->path ? read_file(f, SETTINGS_SYSTEM, err) : err_nomem(err);
}

static int read_user(struct found *f, const char *given, cordon_error **err)
{
    int rc = settings_find(given, &f->path, err);
    if (rc == 0)
        rc = read_file(f, SETTINGS_USER, err);
    if (rc == 0 && given && !f->read)
        return err_set(err, CORDON_E_IO, given, "there is no settings file %s", given);
    return rc;
}

static bool is_from_file(const struct setting *s) { return s->from == SETTINGS_SYSTEM || s->from == SETTINGS_USER; }

static void apply_key(cordon_host_opts *o, enum settings_key key, uint64_t value)
{
    switch (key) {
    case SETTINGS_CACHE_MAX: o->cache_max = value; break;
    case SETTINGS_COMPILE_MEMORY: o->bounds.memory_bytes = value; break;
    case SETTINGS_COMPILE_CPU: o->bounds.cpu_s = (unsigned)value; break;
    case SETTINGS_COMPILE_WALL: o->bounds.wall_s = (unsigned)value; break;
    case SETTINGS_SCRIPTS_LANDLOCK: o->scripts_without_landlock = value; break;
    case SETTINGS_SCRIPTS_ROOT: o->scripts_as_root = value; break;
    case SETTINGS_AUDIT_KEEP: o->audit_keep = value; break;
    case SETTINGS_AUDIT_ROWS: o->audit_rows = value; break;
    default: break; /* asked for where it matters */
    }
}

static void take_private(cordon_host_opts *o, const struct settings_egress *e)
{
    o->egress.allow_private = e->allow_private;
    memcpy(o->egress.range, e->range, sizeof o->egress.range);
}

/* What no file sets stays as the program has it. */
static void apply(cordon_host_opts *o, const struct settings *s)
{
    for (int k = 0; k < SETTINGS_KEY_COUNT; k++)
        if (is_from_file(&s->key[k]))
            apply_key(o, (enum settings_key)k, s->key[k].value);
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            if (is_from_file(&s->ceiling[t][l]))
                o->ceiling[t][l] = s->ceiling[t][l].value;
            if (is_from_file(&s->by_default[t][l]))
                o->deflt[t][l] = s->by_default[t][l].value;
        }
    if (is_from_file(&s->egress.allow_private))
        take_private(o, &s->egress);
    if (is_from_file(&s->egress.proxy))
        settings_set_proxy(&o->egress, s->egress.proxy_url, &s->egress.proxy);
    if (is_from_file(&s->egress.ca_file))
        settings_set_ca_file(&o->egress, s->egress.ca_path, &s->egress.ca_file);
    o->settings = *s;
}

static void keep_path(cordon_host_opts *o, enum settings_from from, struct found *f)
{
    free(o->settings_file[from]);
    o->settings_file[from] = take(f->path);
    o->settings_read[from] = f->read;
}

int cordon_host_opts_load(cordon_host_opts *o, const char *config_path, cordon_error **err)
{
    err_wanted(err);
    cleanup(found_finish) struct found system = {0}, user = {0};
    struct settings all;
    int rc = read_system(&system, err);
    if (rc < 0 || (rc = read_user(&user, config_path, err)) < 0)
        return rc;
    const char *const files[SETTINGS_FROM_COUNT] = {[SETTINGS_SYSTEM] = system.path, [SETTINGS_USER] = user.path};
    if ((rc = settings_in_force(&system.settings, &user.settings, files, &all, err)) < 0)
        return rc;
    apply(o, &all);
    keep_path(o, SETTINGS_SYSTEM, &system);
    keep_path(o, SETTINGS_USER, &user);
    return 0;
}

/* ---- what follows for a command line ---- */

static bool is_known(enum cordon_tier tier, enum cordon_limit limit)
{
    return (unsigned)tier < CORDON_TIER_COUNT && (unsigned)limit < CORDON_LIMIT_COUNT;
}

uint64_t cordon_host_opts_ceiling(const cordon_host_opts *o, enum cordon_tier tier, enum cordon_limit limit)
{
    return is_known(tier, limit) ? o->ceiling[tier][limit] : 0;
}

uint64_t cordon_host_opts_default(const cordon_host_opts *o, enum cordon_tier tier, enum cordon_limit limit)
{
    return is_known(tier, limit) ? o->deflt[tier][limit] : 0;
}

bool cordon_host_opts_flags(const cordon_host_opts *o) { return o->settings.key[SETTINGS_FLAGS].value; }

int cordon_host_opts_parse_limit(const cordon_host_opts *o, enum cordon_tier tier, enum cordon_limit limit, const char *text, uint64_t *ret, cordon_error **err)
{
    err_wanted(err);
    if (!is_known(tier, limit))
        return err_set(err, CORDON_E_USAGE, NULL, "there is no limit %u in tier %u", (unsigned)limit, (unsigned)tier);
    struct limit_bound b = {.tier = tier, .max = o->ceiling[tier][limit], .usual = o->deflt[tier][limit], .name = "ceiling", .why = "is above the ceiling"};
    if (!cordon_host_opts_flags(o)) {
        b.max = o->deflt[tier][limit];
        b.name = "default";
        b.why = "is above the default, and the settings say that flags raise nothing";
    }
    return limit_parse_within(limit, &b, text, ret, err);
}

int cordon_host_opts_check_tier(const cordon_host_opts *o, enum cordon_tier tier, cordon_error **err)
{
    err_wanted(err);
    const struct setting *highest = &o->settings.key[SETTINGS_HIGHEST_TIER];
    if (tier == CORDON_TIER_UNTRUSTED || (tier == CORDON_TIER_VERIFIED && highest->value >= CORDON_TIER_VERIFIED))
        return 0;
    err_set(err, CORDON_E_TIER_REFUSED, "tier", "a target that is not installed runs %s: --tier %s is refused",
            highest->value >= CORDON_TIER_VERIFIED ? "untrusted or verified" : "untrusted", cordon_tier_name(tier));
    if (tier == CORDON_TIER_VERIFIED && highest->from == SETTINGS_SHIPPED)
        return err_hint(err, "The operator allows it with highest_tier = \"verified\" under [policy] in the settings. More compute alone is --fuel, --memory and --timeout.");
    if (tier == CORDON_TIER_VERIFIED)
        return err_hint(err, "%s says so in line %u: highest_tier.", o->settings_file[highest->from], highest->line);
    return -CORDON_E_TIER_REFUSED;
}
