/* SPDX-License-Identifier: Apache-2.0
 * Settings: the system's file, a line `====`, the user's file; then what the two put in force. */
#include "fuzz.h"

#include "settings/settings.h"

static bool parse(enum settings_from from, const char *text, size_t len, struct settings *ret)
{
    cordon_error *err = NULL;
    int rc = settings_parse("config.toml", from, text, len, ret, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_CONFIG);
        fuzz_check_error(rc, err);
    }
    return rc == 0;
}

/* What a file sets is from it, and has a place in it. */
static void check_setting(const struct setting *s, enum settings_from from)
{
    HOLDS(s->from == SETTINGS_UNSET ? !s->value && !s->line : s->from == from && s->line > 0 && s->column > 0);
}

static void check_parsed(const struct settings *s, enum settings_from from)
{
    for (int k = 0; k < SETTINGS_KEY_COUNT; k++) {
        check_setting(&s->key[k], from);
        HOLDS(s->key[k].from == SETTINGS_UNSET || settings_fits((enum settings_key)k, s->key[k].value));
    }
    for (int t = 0; t < CORDON_TIER_COUNT; t++) {
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            const struct setting *d = &s->by_default[t][l], *c = &s->ceiling[t][l];
            check_setting(d, from);
            check_setting(c, from);
            HOLDS(d->value <= settings_limit_max((enum cordon_limit)l) && c->value <= settings_limit_max((enum cordon_limit)l));
            HOLDS(d->from == SETTINGS_UNSET || d->value > 0);
            HOLDS(c->from == SETTINGS_UNSET || d->value <= c->value);
        }
    }
}

/* The user's file never widens what the system's has set. */
static void check_forced(const struct settings *all, const struct settings *system)
{
    for (int k = 0; k < SETTINGS_KEY_COUNT; k++) {
        HOLDS(all->key[k].from != SETTINGS_UNSET && settings_fits((enum settings_key)k, all->key[k].value));
        HOLDS(system->key[k].from == SETTINGS_UNSET || all->key[k].value <= system->key[k].value);
    }
    for (int t = 0; t < CORDON_TIER_COUNT; t++) {
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            const struct setting *d = &all->by_default[t][l], *c = &all->ceiling[t][l], *frame = &system->ceiling[t][l];
            HOLDS(d->from != SETTINGS_UNSET && c->from != SETTINGS_UNSET && d->value > 0 && d->value <= c->value);
            HOLDS(frame->from == SETTINGS_UNSET || c->value <= frame->value);
        }
    }
}

/* Every range that is in force lies in one of the system's, if it has any. */
static void check_egress(const struct settings_egress *all, const struct settings_egress *system)
{
    char text[SETTINGS_RANGES_TEXT];
    settings_write_private(all, text);
    HOLDS(strlen(text) < sizeof text && all->allow_private.value <= SETTINGS_RANGES_MAX);
    for (size_t i = 0; system->allow_private.from != SETTINGS_UNSET && i < all->allow_private.value; i++) {
        bool lies = false;
        for (size_t k = 0; k < system->allow_private.value; k++)
            lies = lies || (all->range[i].bits >= system->range[k].bits && address_in_range(&all->range[i].first, &system->range[k]));
        HOLDS(lies);
    }
    HOLDS(system->proxy.from == SETTINGS_UNSET || !strcmp(all->proxy_url, system->proxy_url));
    HOLDS(system->ca_file.from == SETTINGS_UNSET || !strcmp(all->ca_path, system->ca_path));
}

static bool has_helper(const struct settings_install *s, const char *name)
{
    for (size_t i = 0; i < s->credential_helpers.value; i++)
        if (!strcmp(s->helper[i], name))
            return true;
    return false;
}

/* Every helper that may be started is in the system's list, if it has one. */
static void check_install(const struct settings_install *all, const struct settings_install *system)
{
    char text[SETTINGS_HELPERS_TEXT];
    settings_write_helpers(all, text);
    HOLDS(strlen(text) < sizeof text && all->credential_helpers.value <= SETTINGS_HELPERS_MAX);
    for (size_t i = 0; i < all->credential_helpers.value; i++) {
        HOLDS(*all->helper[i] && !strchr(all->helper[i], '/') && !strchr(all->helper[i], '.'));
        HOLDS(system->credential_helpers.from == SETTINGS_UNSET || has_helper(system, all->helper[i]));
    }
}

static void check_force(const struct settings *system, const struct settings *user)
{
    static const char *const files[SETTINGS_FROM_COUNT] = {[SETTINGS_SYSTEM] = "/etc/cordon/config.toml", [SETTINGS_USER] = "config.toml"};
    struct settings all;
    cordon_error *err = NULL;
    int rc = settings_in_force(system, user, files, &all, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_CONFIG);
        fuzz_check_error(rc, err);
        return;
    }
    check_forced(&all, system);
    check_egress(&all.egress, &system->egress);
    check_install(&all.install, &system->install);
}

/* The first part ends where a line is `====`. */
static char *feed_file(struct feed *f, size_t *ret_len)
{
    static const char line[] = "\n====\n";
    const uint8_t *end = f->left ? memmem(f->at, f->left, line, sizeof line - 1) : NULL;
    struct feed part = {f->at, end ? (size_t)(end - f->at) + 1 : f->left};
    size_t skip = end ? part.left + sizeof line - 2 : part.left;
    char *text = feed_rest(&part, ret_len);
    f->at += skip;
    f->left -= skip;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    struct settings system = {0}, user = {0};
    size_t system_len, user_len;
    char *first = feed_file(&f, &system_len), *second = feed_file(&f, &user_len);
    if (parse(SETTINGS_SYSTEM, first, system_len, &system) && parse(SETTINGS_USER, second, user_len, &user)) {
        check_parsed(&system, SETTINGS_SYSTEM);
        check_parsed(&user, SETTINGS_USER);
        check_force(&system, &user);
    }
    free(first);
    free(second);
    return 0;
}
