/* SPDX-License-Identifier: Apache-2.0
 * The decisions on a hop. The allow-list is asked before anything is looked up, the addresses before anything is connected to. */
#include "internal.h"
#include "base/buf.h"
#include "policy/prefix.h"

#include <stdio.h>
#include <string.h>

static struct ask ask_of(const struct gateway_request *r, enum ask_kind kind)
{
    return (struct ask){.kind = kind, .method = r->method, .scheme = r->url.scheme, .host = r->url.host.text, .port = r->url.port, .path = r->url.path};
}

/* Does the grant fit this origin, so that it is the path or the method that it leaves out? */
static bool fits_origin(const struct grant *g, const struct gateway_request *r)
{
    struct ask a = ask_of(r, ASK_NET);
    a.method = (enum net_method)(g->net.methods & -g->net.methods);
    a.path = g->net.prefix ? g->net.prefix : "/";
    return grant_allows(g, &a);
}

/* The smallest grant worth giving: the origin; the method and path only where the origin is granted already, and it is not the address that is in the way. */
static void write_wanted(struct gateway_request *r, enum denial why)
{
    char origin[URL_ORIGIN_MAX], path[GATEWAY_URL_MAX * 3 + 1];
    bool narrower = false;
    url_origin(&r->url, origin);
    for (size_t i = 0; why == DENIAL_NOT_GRANTED && r->ask.grants && i < r->ask.grants->n; i++)
        narrower = narrower || (r->ask.grants->item[i].kind == GRANT_NET && fits_origin(&r->ask.grants->item[i], r));
    if (!narrower || prefix_parse(r->url.path, path) || strlen(path) > GRANT_PREFIX_MAX)
        path[0] = '\0';
    if (asprintf(&r->wanted, "%s%s%s%s", narrower ? r->ask.method : "", narrower ? ":" : "", origin, path) < 0)
        r->wanted = NULL;
}

static void deny(struct gateway_request *r, enum denial why, const char *what)
{
    r->denial = why;
    write_wanted(r, why);
    request_fail(r, GATEWAY_DENIED, "net=%.300s %s", r->wanted ? r->wanted : "", what);
}

/* Not where a request begins, so that what the asker names is always granted. */
static bool goes_anywhere(const struct gateway_request *r)
{
    return r->ask.anywhere && r->redirects > 0 && r->url.scheme == NET_HTTPS && r->method & (NET_GET | NET_HEAD) && !host_is_literal_or_localhost(&r->url.host);
}

bool decide_url(struct gateway_request *r)
{
    struct ask a = ask_of(r, ASK_NET);
    r->granted = grants_find(r->ask.grants, &a);
    if (r->granted || goes_anywhere(r))
        return true;
    enum denial why = grants_why_not(r->ask.grants, &a);
    if (why == DENIAL_NOT_ASKED)
        deny(r, why, r->redirects ? "is where a redirect leads, and is not asked for in the skill's manifest" : "is not asked for in the skill's manifest");
    else
        deny(r, why, r->redirects ? "is where a redirect leads, and is not granted" : "is not granted");
    return false;
}

static bool is_let_in(const struct gateway *g, const struct address *a)
{
    for (size_t i = 0; i < g->n_allow_private; i++)
        if (address_in_range(a, &g->allow_private[i]))
            return true;
    return false;
}

static bool may_reach(const struct gateway_request *r, const struct address *a)
{
    return (r->granted && is_let_in(r->gateway, a)) || (!address_why_not_global(a) && !own_address(a));
}

/* A literal and localhost were granted as such, with their port: decide_url has compared them. */
bool decide_addresses(struct gateway_request *r, const struct address *a, size_t n)
{
    bool as_written = host_is_literal_or_localhost(&r->url.host) || r->by_proxy;
    r->n_pins = r->pin = 0;
    for (size_t i = 0; i < n && r->n_pins < PINS_MAX; i++)
        if (as_written || may_reach(r, &a[i]))
            r->pins[r->n_pins++] = a[i];
    if (r->n_pins > 0)
        return true;
    deny(r, DENIAL_PRIVATE_ADDRESS, "leads to an address that is not of the open internet");
    return false;
}

const struct grant *decide_credential(const struct gateway_request *r, const struct grant *before)
{
    struct ask a = ask_of(r, ASK_CREDENTIAL);
    return before ? grants_find_next(r->ask.grants, &a, before) : grants_find(r->ask.grants, &a);
}
