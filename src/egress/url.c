/* SPDX-License-Identifier: Apache-2.0 */
#include "url.h"
#include "base/cleanup.h"
#include "gateway.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

static const char *const no_memory = "memory ran out while it was parsed";

void url_finish(const struct curl_api *api, struct url *u)
{
    if (u->handle)
        api->curl_url_cleanup(u->handle);
    free(u->path);
    *u = (struct url){0};
}

/* A copy that free releases; NULL: there is no such part, or no memory. */
static char *get_part(const struct curl_api *api, const struct url *u, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (api->curl_url_get(u->handle, part, &text, flags) != CURLUE_OK)
        return NULL;
    char *copy = strdup(text);
    api->curl_free(text);
    return copy;
}

static bool has_part(const struct curl_api *api, const struct url *u, CURLUPart part)
{
    cleanup_free char *text = get_part(api, u, part, 0);
    return text;
}

static const char *read_scheme(const struct curl_api *api, struct url *u)
{
    cleanup_free char *text = get_part(api, u, CURLUPART_SCHEME, 0);
    if (!text)
        return no_memory;
    u->scheme = !strcmp(text, "https") ? NET_HTTPS : !strcmp(text, "http") ? NET_HTTP : 0;
    return u->scheme ? NULL : "only http and https are fetched";
}

static const char *read_port(const struct curl_api *api, struct url *u)
{
    cleanup_free char *text = get_part(api, u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    unsigned long port = text ? strtoul(text, NULL, 10) : 0;
    u->port = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX ? NULL : "its port is none";
}

static const char *read_host(const struct curl_api *api, struct url *u)
{
    cleanup_free char *text = get_part(api, u, CURLUPART_HOST, 0);
    if (has_part(api, u, CURLUPART_ZONEID))
        return "an address with a zone is never fetched";
    return text ? host_parse(text, strlen(text), &u->host) : no_memory;
}

/* Nothing of it is sent, and libcurl has nothing to add to a request from it. */
static const char *read_parts(const struct curl_api *api, struct url *u)
{
    const char *why = read_scheme(api, u);
    if (!why && (has_part(api, u, CURLUPART_USER) || has_part(api, u, CURLUPART_PASSWORD) || has_part(api, u, CURLUPART_OPTIONS)))
        why = "a user name or password before the host is never sent";
    if (why || (why = read_port(api, u)) || (why = read_host(api, u)))
        return why;
    u->path = get_part(api, u, CURLUPART_PATH, 0);
    if (!u->path || api->curl_url_set(u->handle, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK)
        return no_memory;
    return NULL;
}

static const char *why_of(CURLUcode code)
{
    switch (code) {
    case CURLUE_UNSUPPORTED_SCHEME: case CURLUE_BAD_SCHEME: return "only http and https are fetched";
    case CURLUE_USER_NOT_ALLOWED: return "a user name or password before the host is never sent";
    case CURLUE_BAD_PORT_NUMBER: return "its port must be a number from 1 to 65535";
    case CURLUE_NO_HOST: case CURLUE_BAD_HOSTNAME: case CURLUE_BAD_IPV6: return "its host is none";
    case CURLUE_OUT_OF_MEMORY: return no_memory;
    default: return "it is no URL of the form https://HOST/PATH";
    }
}

/* Parsers other than ours read 0x7f.1, a percent-encoded host or http:/host in their own ways: what was read must be what was written. */
static bool is_written_out(const char *text, const struct url *u)
{
    const char *scheme = u->scheme == NET_HTTPS ? "https://" : "http://";
    size_t len = strlen(scheme), host = strlen(u->host.text);
    if (strncasecmp(text, scheme, len) != 0)
        return false;
    text += len;
    if (u->host.kind == HOST_IPV6)
        return text[0] == '[';
    return !strncasecmp(text, u->host.text, host) && (text[host] == '\0' || strchr(":/?#", text[host]));
}

static const char *set_text(const struct curl_api *api, const char *text, struct url *u)
{
    unsigned flags = CURLU_DISALLOW_USER | CURLU_URLENCODE;
    CURLUcode code = u->handle ? api->curl_url_set(u->handle, CURLUPART_URL, text, flags) : CURLUE_OUT_OF_MEMORY;
    return code == CURLUE_OK ? read_parts(api, u) : why_of(code);
}

static const char *finish_with(const struct curl_api *api, const char *why, struct url *u, struct url *ret)
{
    if (why)
        url_finish(api, u);
    *ret = *u;
    return why;
}

static const char *check_text(const char *text, size_t len)
{
    if (len > GATEWAY_URL_MAX)
        return "it is longer than 8,192 bytes";
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || text[i] == '\\')
            return "it has a blank, a control character or a backslash, which must be percent-encoded";
    return NULL;
}

const char *url_parse(const struct curl_api *api, const char *text, size_t len, struct url *ret)
{
    struct url u = {0};
    const char *why = check_text(text, len);
    cleanup_free char *copy = why ? NULL : strndup(text, len);
    if (!why && !copy)
        why = no_memory;
    if (!why) {
        u.handle = api->curl_url();
        why = set_text(api, copy, &u);
    }
    if (!why && !is_written_out(copy, &u))
        why = "its host must be written out: a name, or an address of four decimal numbers or in brackets";
    return finish_with(api, why, &u, ret);
}

static bool has_scheme(const char *text)
{
    return !strncasecmp(text, "http:", 5) || !strncasecmp(text, "https:", 6);
}

const char *url_follow(const struct curl_api *api, const struct url *from, const char *location, struct url *ret)
{
    if (has_scheme(location))
        return url_parse(api, location, strlen(location), ret);
    struct url u = {0};
    const char *why = check_text(location, strlen(location));
    if (!why) {
        u.handle = api->curl_url_dup(from->handle);
        why = set_text(api, location, &u);
    }
    return finish_with(api, why, &u, ret);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->scheme == b->scheme && a->port == b->port && !strcmp(a->host.text, b->host.text);
}

void url_origin(const struct url *u, char buf[URL_ORIGIN_MAX])
{
    bool v6 = u->host.kind == HOST_IPV6, https = u->scheme == NET_HTTPS;
    int n = snprintf(buf, URL_ORIGIN_MAX, "%s://%s%s%s", https ? "https" : "http", v6 ? "[" : "", u->host.text, v6 ? "]" : "");
    if (u->port != (https ? PORT_HTTPS : PORT_HTTP) || host_is_literal_or_localhost(&u->host))
        snprintf(buf + n, URL_ORIGIN_MAX - (size_t)n, ":%u", u->port);
}
