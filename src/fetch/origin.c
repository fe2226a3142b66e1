/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/origin.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static uint16_t usual_port(enum net_scheme scheme) { return scheme == NET_HTTP ? 80 : 443; }

static const char *parse_port(const char *s, size_t len, uint16_t *ret)
{
    static const char why[] = "the port is no number from 1 to 65535";
    unsigned port = 0;
    if (len == 0 || len > 5 || s[0] == '0')
        return why;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return why;
        port = port * 10 + (unsigned)(s[i] - '0');
    }
    *ret = (uint16_t)port;
    return port > UINT16_MAX ? why : NULL;
}

const char *origin_parse(enum net_scheme scheme, const char *authority, size_t len, struct origin *ret)
{
    struct origin o = {.scheme = scheme, .port = usual_port(scheme)};
    const char *bracket = len > 0 && authority[0] == '[' ? memchr(authority, ']', len) : NULL, *from = bracket ? bracket : authority;
    const char *colon = memchr(from, ':', len - (size_t)(from - authority));
    size_t host_len = colon ? (size_t)(colon - authority) : len;
    if (memchr(authority, '@', len))
        return "it has a user name or password: those are never taken from an address";
    const char *why = host_parse(authority, host_len, &o.host);
    if (!why && colon)
        why = parse_port(colon + 1, len - host_len - 1, &o.port);
    if (!why)
        *ret = o;
    return why;
}

void origin_authority(const struct origin *o, char buf[ORIGIN_TEXT])
{
    bool brackets = o->host.kind == HOST_IPV6;
    int n = snprintf(buf, ORIGIN_TEXT, "%s%s%s", brackets ? "[" : "", o->host.text, brackets ? "]" : "");
    if (o->port != usual_port(o->scheme))
        snprintf(buf + n, ORIGIN_TEXT - (size_t)n, ":%u", o->port);
}

void origin_print(const struct origin *o, char buf[ORIGIN_TEXT])
{
    char authority[ORIGIN_TEXT];
    origin_authority(o, authority);
    snprintf(buf, ORIGIN_TEXT, "%s://%.270s", o->scheme == NET_HTTP ? "http" : "https", authority);
}

bool origin_equal(const struct origin *a, const struct origin *b)
{
    return a->scheme == b->scheme && a->port == b->port && !strcmp(a->host.text, b->host.text);
}

bool origin_is_loopback(const struct host *h)
{
    if (h->kind == HOST_NAME)
        return host_is_literal_or_localhost(h);
    return h->kind == HOST_IPV4 ? !strncmp(h->text, "127.", 4) : !strcmp(h->text, "::1");
}

int origin_grants(const struct origin *o, unsigned methods, struct grants **ret, cordon_error **err)
{
    struct grant g = {.kind = GRANT_NET, .net = {.methods = methods, .schemes = o->scheme, .span = NET_HOST_ONLY, .host = o->host, .port = o->port}};
    struct grants *set = grants_new();
    if (!set)
        return err_nomem(err);
    int rc = grants_add(&set, &g, err);
    if (rc < 0) {
        grants_unref(set);
        return rc;
    }
    *ret = set;
    return 0;
}

const char *origin_of_registry(const char *authority, size_t len, struct origin *ret)
{
    const char *why = origin_parse(NET_HTTPS, authority, len, ret);
    return !why && origin_is_loopback(&ret->host) ? origin_parse(NET_HTTP, authority, len, ret) : why;
}
