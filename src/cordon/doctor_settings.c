/* SPDX-License-Identifier: Apache-2.0
 * The settings in force and where each is from. */
#include "base/cleanup.h"
#include "cordon/internal.h"
#include "policy/limit.h"

#include <string.h>

/* A path may be no UTF-8. */
static json_t *path_json(const char *path)
{
    cleanup_free char *shown = cordon_escape(path, strlen(path), false);
    return json_string(shown ? shown : "");
}

/* A value that differs from the settings' was set by the program. */
static void add_setting(json_t *list, const cordon_host_opts *o, const char *key, const char *text, uint64_t value, const struct setting *s)
{
    const char *from = value != s->value ? "program" : s->from == SETTINGS_SHIPPED ? "shipped" : o->settings_file[s->from];
    json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "key", key, "value", text, "from", path_json(from), "line",
                                          value == s->value && s->line ? json_integer(s->line) : json_null()));
}

static uint64_t value_in_force(const cordon_host_opts *o, enum settings_key key)
{
    switch (key) {
    case SETTINGS_CACHE_MAX: return o->cache_max;
    case SETTINGS_COMPILE_MEMORY: return o->bounds.memory_bytes;
    case SETTINGS_COMPILE_CPU: return o->bounds.cpu_s;
    case SETTINGS_COMPILE_WALL: return o->bounds.wall_s;
    case SETTINGS_SCRIPTS_LANDLOCK: return o->scripts_without_landlock;
    case SETTINGS_SCRIPTS_ROOT: return o->scripts_as_root;
    case SETTINGS_AUDIT_KEEP: return o->audit_keep;
    case SETTINGS_AUDIT_ROWS: return o->audit_rows;
    default: return o->settings.key[key].value;
    }
}

static void add_keys(json_t *list, const cordon_host_opts *o)
{
    for (int i = 0; i < SETTINGS_KEY_COUNT; i++) {
        enum settings_key k = (enum settings_key)i;
        char key[64], text[SETTINGS_VALUE_TEXT];
        snprintf(key, sizeof key, "%s.%s", settings_section(k), settings_name(k));
        settings_write(k, value_in_force(o, k), text);
        add_setting(list, o, key, text, value_in_force(o, k), &o->settings.key[k]);
    }
}

static void add_text(json_t *list, const cordon_host_opts *o, const char *key, const char *text, const struct setting *s)
{
    const char *from = s->from == SETTINGS_UNSET ? "program" : s->from == SETTINGS_SHIPPED ? "shipped" : o->settings_file[s->from];
    json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "key", key, "value", path_json(text), "from", path_json(from), "line",
                                          s->line ? json_integer(s->line) : json_null()));
}

static void add_egress(json_t *list, const cordon_host_opts *o)
{
    char ranges[SETTINGS_RANGES_TEXT];
    const struct settings_egress *e = &o->egress;
    settings_write_private(e, ranges);
    add_text(list, o, "egress.allow_private", ranges, &e->allow_private);
    add_text(list, o, "egress.proxy", e->proxy.value ? e->proxy_url : "none", &e->proxy);
    add_text(list, o, "egress.ca_file", e->ca_file.value ? e->ca_path : "system", &e->ca_file);
}

static void add_install(json_t *list, const cordon_host_opts *o)
{
    char helpers[SETTINGS_HELPERS_TEXT];
    settings_write_helpers(&o->settings.install, helpers);
    add_text(list, o, "install.credential_helpers", helpers, &o->settings.install.credential_helpers);
}

static void add_limits(json_t *list, const cordon_host_opts *o, enum cordon_tier t, const char *what, const uint64_t values[CORDON_LIMIT_COUNT],
                       const struct setting settings[CORDON_LIMIT_COUNT])
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        char key[64], text[SETTINGS_VALUE_TEXT];
        snprintf(key, sizeof key, "tiers.%s.%s.%s", cordon_tier_name(t), what, cordon_limit_name((enum cordon_limit)l));
        limit_write((enum cordon_limit)l, values[l], text, sizeof text);
        add_setting(list, o, key, text, values[l], &settings[l]);
    }
}

static json_t *files_json(const cordon_host_opts *o)
{
    json_t *list = json_array();
    for (enum settings_from f = SETTINGS_SYSTEM; f <= SETTINGS_USER; f++)
        if (o->settings_file[f])
            json_array_append_new(list, json_pack("{s:o, s:b}", "path", path_json(o->settings_file[f]), "read", (int)o->settings_read[f]));
    return list;
}

json_t *doctor_settings(const cordon_host_opts *o)
{
    json_t *values = json_array();
    add_keys(values, o);
    add_egress(values, o);
    add_install(values, o);
    for (enum cordon_tier t = 0; t < CORDON_TIER_COUNT; t++) {
        add_limits(values, o, t, "default", o->deflt[t], o->settings.by_default[t]);
        add_limits(values, o, t, "ceiling", o->ceiling[t], o->settings.ceiling[t]);
    }
    return json_pack("{s:o, s:o}", "files", files_json(o), "values", values);
}
