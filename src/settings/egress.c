/* SPDX-License-Identifier: Apache-2.0
 * [egress]: what is no number. */
#include "settings/settings.h"

#include "policy/proxy.h"
#include <stdio.h>
#include <string.h>

static struct setting placed(const struct setting *place, uint64_t value)
{
    struct setting s = *place;
    s.value = value;
    return s;
}

const char *settings_add_private(struct settings_egress *e, const char *text, const struct setting *place)
{
    struct address_range r;
    const char *why = address_range_parse(text, &r);
    size_t n = e->allow_private.value;
    if (why)
        return why;
    if (n == SETTINGS_RANGES_MAX)
        return "is one range too many (ceiling 64)";
    e->range[n] = r;
    e->allow_private = placed(place, n + 1);
    return NULL;
}

const char *settings_set_proxy(struct settings_egress *e, const char *text, const struct setting *place)
{
    struct host host;
    uint16_t port;
    const char *why = strlen(text) > SETTINGS_PROXY_MAX ? "is too long" : proxy_parse(text, &host, &port);
    if (why)
        return why;
    strcpy(e->proxy_url, text);
    e->proxy = placed(place, 1);
    return NULL;
}

const char *settings_set_ca_file(struct settings_egress *e, const char *text, const struct setting *place)
{
    if (text[0] != '/')
        return "must be an absolute path";
    if (strlen(text) > SETTINGS_PATH_MAX)
        return "is too long";
    strcpy(e->ca_path, text);
    e->ca_file = placed(place, 1);
    return NULL;
}

void settings_write_private(const struct settings_egress *e, char buf[SETTINGS_RANGES_TEXT])
{
    size_t len = 0;
    strcpy(buf, "none");
    for (size_t i = 0; i < e->allow_private.value; i++) {
        char range[ADDRESS_RANGE_TEXT];
        address_range_print(&e->range[i], range);
        len += (size_t)snprintf(buf + len, SETTINGS_RANGES_TEXT - len, "%s%s", i ? ", " : "", range);
    }
}

static bool is_set(const struct setting *s) { return s->from != SETTINGS_UNSET; }

static bool lies_in_one(const struct address_range *r, const struct settings_egress *frame)
{
    for (size_t i = 0; i < frame->allow_private.value; i++)
        if (r->bits >= frame->range[i].bits && address_in_range(&r->first, &frame->range[i]))
            return true;
    return false;
}

static void take_private(struct settings_egress *e, const struct settings_egress *from, const struct settings_egress *frame)
{
    e->allow_private = from->allow_private;
    e->allow_private.value = 0;
    for (size_t i = 0; i < from->allow_private.value; i++)
        if (!frame || lies_in_one(&from->range[i], frame))
            e->range[e->allow_private.value++] = from->range[i];
}

void settings_force_egress(const struct settings_egress *system, const struct settings_egress *user, struct settings_egress *ret)
{
    const struct settings_egress *proxy = is_set(&system->proxy) ? system : user, *ca = is_set(&system->ca_file) ? system : user;
    if (is_set(&user->allow_private))
        take_private(ret, user, is_set(&system->allow_private) ? system : NULL);
    else if (is_set(&system->allow_private))
        take_private(ret, system, NULL);
    if (is_set(&proxy->proxy))
        settings_set_proxy(ret, proxy->proxy_url, &proxy->proxy);
    if (is_set(&ca->ca_file))
        settings_set_ca_file(ret, ca->ca_path, &ca->ca_file);
}
