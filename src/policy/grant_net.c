/* SPDX-License-Identifier: Apache-2.0
 * net=…, and the origin of a credential. */
#include "base/error.h"
#include "policy/grant_parse.h"
#include "policy/prefix.h"
#include "policy/suffix.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

static const struct {
    const char *name;
    enum net_method bit;
} methods[] = {
    {"GET", NET_GET}, {"HEAD", NET_HEAD}, {"POST", NET_POST}, {"PUT", NET_PUT},
    {"PATCH", NET_PATCH}, {"DELETE", NET_DELETE}, {"OPTIONS", NET_OPTIONS},
};
enum { METHODS = sizeof methods / sizeof *methods };

unsigned net_method_find(const char *s, size_t len)
{
    for (size_t i = 0; i < METHODS; i++)
        if (strlen(methods[i].name) == len && memcmp(methods[i].name, s, len) == 0)
            return methods[i].bit;
    return 0;
}

const char *net_method_name(enum net_method method)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].bit == method)
            return methods[i].name;
    return NULL;
}

/* METHODS: are capitals and commas before a colon; a scheme's colon has slashes after it. Moves *s past them. */
static int take_methods(const struct grant_parse *p, const char **s, unsigned *ret)
{
    size_t len = strspn(*s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ,");
    unsigned set = 0;
    *ret = NET_ANY_METHOD;
    if (len == 0 || (*s)[len] != ':' || strncmp(*s + len, "://", 3) == 0)
        return 0;
    for (size_t at = 0; at <= len;) {
        size_t n = strcspn(*s + at, ",:");
        unsigned bit = net_method_find(*s + at, n);
        if (!bit)
            return grant_refuse(p, "what stands in capitals before the colon must be methods, with commas between: GET, HEAD, POST, PUT, PATCH, "
                                   "DELETE, OPTIONS (a host is written in small letters)");
        if (set & bit)
            return grant_refuse(p, "a method is named twice");
        set |= bit;
        at += n + 1;
    }
    *s += len + 1;
    *ret = set;
    return 0;
}

/* Moves *s past SCHEME://, if there is one; *ret is 0 if there is none. */
static int take_scheme(const struct grant_parse *p, const char **s, unsigned *ret)
{
    size_t len = strcspn(*s, ":/?#\\@");
    *ret = 0;
    if (strncmp(*s + len, "://", 3) != 0)
        return 0;
    if (len == 4 && strncasecmp(*s, "http", len) == 0)
        *ret = NET_HTTP;
    else if (len == 5 && strncasecmp(*s, "https", len) == 0)
        *ret = NET_HTTPS;
    else
        return grant_refuse(p, "the scheme must be http or https");
    *s += len + 3;
    return 0;
}

static enum net_span take_span(const char **s, size_t *len)
{
    size_t n = *len > 1 && (*s)[0] == '*' && (*s)[1] == '.' ? 2 : *len > 0 && (*s)[0] == '.' ? 1 : 0;
    *s += n;
    *len -= n;
    return n == 2 ? NET_BENEATH_ONLY : n == 1 ? NET_HOST_AND_BENEATH : NET_HOST_ONLY;
}

static int parse_port(const struct grant_parse *p, const char *s, size_t len, uint16_t *ret)
{
    unsigned port = 0;
    if (len > 0 && len <= 5 && s[0] != '0')
        for (size_t i = 0; i < len; i++)
            port = s[i] >= '0' && s[i] <= '9' && port <= UINT16_MAX ? port * 10 + (unsigned)(s[i] - '0') : UINT16_MAX + 1;
    if (port == 0 || port > UINT16_MAX)
        return grant_refuse(p, "the port must be a number from 1 to 65535");
    *ret = (uint16_t)port;
    return 0;
}

/* HOST[:PORT]; a port of 0 says that none is given. */
static int parse_authority(const struct grant_parse *p, const char *s, size_t len, struct net_scope *ret)
{
    const char *bracket = len > 0 && s[0] == '[' ? memchr(s, ']', len) : NULL;
    const char *from = bracket ? bracket : s, *colon = memchr(from, ':', len - (size_t)(from - s));
    size_t host_len = colon ? (size_t)(colon - s) : len;
    if (memchr(s, '@', len))
        return grant_refuse(p, "a user name or password before the host is never sent: leave it out");
    if (colon && !bracket && memchr(colon + 1, ':', len - host_len - 1))
        return grant_refuse(p, "the host has more than one colon (an IPv6 address stands in brackets, as [::1]:8080)");
    const char *why = host_parse(s, host_len, &ret->host);
    if (why)
        return grant_refuse(p, why);
    ret->port = 0;
    if (colon)
        return parse_port(p, colon + 1, len - host_len - 1, &ret->port);
    if (host_is_literal_or_localhost(&ret->host))
        return grant_refuse(p, "an address or localhost needs its port written out, as 127.0.0.1:8080");
    return 0;
}

static int parse_prefix(const struct grant_parse *p, const char *s, struct net_scope *ret)
{
    if (strlen(s) > GRANT_PREFIX_MAX)
        return grant_refuse(p, "the path is longer than 1024 bytes");
    char *prefix = malloc(strlen(s) + 1);
    if (!prefix)
        return err_nomem(p->err);
    ret->prefix = prefix; /* released with the grant */
    const char *why = prefix_parse(s, prefix);
    if (why)
        return grant_refuse(p, why);
    if (!*prefix) {
        free(prefix);
        ret->prefix = NULL;
    }
    return 0;
}

static void fill_in(struct net_scope *n)
{
    if (n->schemes == 0)
        n->schemes = n->port == 0 || n->port == PORT_HTTPS ? NET_HTTPS : NET_HTTP | NET_HTTPS;
    if (n->port == 0)
        n->port = n->schemes == NET_HTTP ? PORT_HTTP : PORT_HTTPS;
}

int grant_parse_net(struct grant_parse *p, const char *value)
{
    struct net_scope *n = &p->grant->net;
    const char *s = value;
    int rc = take_methods(p, &s, &n->methods);
    if (rc < 0 || (rc = take_scheme(p, &s, &n->schemes)) < 0)
        return rc;

    if (p->source->asked && n->schemes == 0 && strcmp(s, "*") == 0) {
        p->grant->any = true;
        return 0;
    }
    size_t len = strcspn(s, "/?#\\");
    const char *rest = s + len;
    if (*rest && n->schemes == 0)
        return grant_refuse(p, "a path needs its scheme: write https://HOST/PATH");
    n->span = take_span(&s, &len);
    if ((rc = parse_authority(p, s, len, n)) < 0 || (*rest && (rc = parse_prefix(p, rest, n)) < 0))
        return rc;
    const char *why = n->span == NET_HOST_ONLY ? NULL : suffix_why_not_beneath(&n->host);
    if (why)
        return grant_refuse(p, why);
    fill_in(n);
    return 0;
}

int grant_parse_origin(struct grant_parse *p, const char *value)
{
    struct net_scope *n = &p->grant->net;
    if (strchr(value, '/'))
        return grant_refuse(p, "a credential goes to a host, always by https: write HOST or HOST:PORT after the @");
    if (value[0] == '*' || value[0] == '.')
        return grant_refuse(p, "a credential goes to one host, not to the names beneath it");
    int rc = parse_authority(p, value, strlen(value), n);
    if (rc < 0)
        return rc;
    n->methods = NET_ANY_METHOD;
    n->schemes = NET_HTTPS;
    fill_in(n);
    return 0;
}

static void print_host(struct buf *b, const struct net_scope *n)
{
    static const char *const spans[] = {[NET_HOST_ONLY] = "", [NET_HOST_AND_BENEATH] = ".", [NET_BENEATH_ONLY] = "*."};
    bool brackets = n->host.kind == HOST_IPV6;
    buf_addf(b, "%s%s%s%s", spans[n->span], brackets ? "[" : "", n->host.text, brackets ? "]" : "");
}

static int print_port(struct buf *b, const struct net_scope *n, uint16_t usual)
{
    bool written = n->port != usual || host_is_literal_or_localhost(&n->host);
    return written ? buf_addf(b, ":%u", n->port) : 0;
}

int grant_print_origin(struct buf *b, const struct net_scope *n)
{
    print_host(b, n);
    return print_port(b, n, PORT_HTTPS);
}

int grant_print_methods(struct buf *b, unsigned set)
{
    const char *before = "";
    for (size_t i = 0; i < METHODS; i++) {
        if (set & methods[i].bit) {
            buf_addf(b, "%s%s", before, methods[i].name);
            before = ",";
        }
    }
    return b->full ? -1 : 0;
}

static int print_any(struct buf *b, unsigned set)
{
    buf_adds(b, "net");
    if (set == NET_ANY_METHOD)
        return b->full ? -1 : 0;
    buf_addc(b, '=');
    grant_print_methods(b, set);
    return buf_adds(b, ":*");
}

int grant_print_net(struct buf *b, const struct grant *g)
{
    const struct net_scope *n = &g->net;
    if (g->any)
        return print_any(b, n->methods);
    bool plain = n->schemes == (NET_HTTP | NET_HTTPS) || (n->schemes == NET_HTTPS && n->port == PORT_HTTPS && !n->prefix);
    buf_adds(b, "net=");
    if (n->methods != NET_ANY_METHOD) {
        grant_print_methods(b, n->methods);
        buf_addc(b, ':');
    }
    if (!plain)
        buf_adds(b, n->schemes == NET_HTTP ? "http://" : "https://");
    print_host(b, n);
    print_port(b, n, n->schemes == NET_HTTP ? PORT_HTTP : PORT_HTTPS);
    return n->prefix ? buf_adds(b, n->prefix) : b->full ? -1 : 0;
}

int grant_print_place(struct buf *b, const struct net_scope *n)
{
    struct net_scope shown = *n;
    shown.span = n->span == NET_BENEATH_ONLY ? NET_BENEATH_ONLY : NET_HOST_ONLY;
    print_host(b, &shown);
    print_port(b, n, n->schemes == NET_HTTP ? PORT_HTTP : PORT_HTTPS);
    return n->prefix ? buf_adds(b, n->prefix) : b->full ? -1 : 0;
}
