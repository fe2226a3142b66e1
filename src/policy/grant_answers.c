/* SPDX-License-Identifier: Apache-2.0
 * Is there anything that both what is asked for and a grant allow? */
#include "policy/grant.h"
#include "policy/prefix.h"
#include <string.h>

static bool is_in_span(const struct net_scope *n, const char *host)
{
    if (n->span != NET_HOST_ONLY && host_is_beneath(host, n->host.text))
        return true;
    return n->span != NET_BENEATH_ONLY && strcmp(host, n->host.text) == 0;
}

static bool hosts_meet(const struct net_scope *a, const struct net_scope *b)
{
    if (a->span == NET_HOST_ONLY)
        return is_in_span(b, a->host.text);
    if (b->span == NET_HOST_ONLY)
        return is_in_span(a, b->host.text);
    return strcmp(a->host.text, b->host.text) == 0 || host_is_beneath(a->host.text, b->host.text) || host_is_beneath(b->host.text, a->host.text);
}

static bool prefixes_meet(const char *a, const char *b)
{
    return !a || !b || prefix_covers(a, b) || prefix_covers(b, a);
}

static bool origins_meet(const struct net_scope *a, const struct net_scope *b)
{
    return (a->schemes & b->schemes) && a->port == b->port && hosts_meet(a, b);
}

static bool answers_net(const struct grant *asked, const struct grant *g)
{
    if (asked->kind != GRANT_NET || !(asked->net.methods & g->net.methods))
        return false;
    return asked->any || (origins_meet(&asked->net, &g->net) && prefixes_meet(asked->net.prefix, g->net.prefix));
}

static bool answers_credential(const struct grant *asked, const struct grant *g)
{
    if (asked->kind == GRANT_NET)
        return asked->any || origins_meet(&asked->net, &g->net);
    return asked->kind == g->kind && strcmp(asked->name, g->name) == 0 && origins_meet(&asked->net, &g->net);
}

/* A folder of which a part is asked for would be open as a whole to a guest that uses WASI. */
static bool answers_files(const struct grant *asked, const struct grant *g)
{
    if (asked->kind != GRANT_FILES || !(asked->access & g->access))
        return false;
    if (asked->any)
        return true;
    size_t n = strcmp(asked->guest, "/") == 0 ? 0 : strlen(asked->guest);
    return strncmp(g->guest, asked->guest, n) == 0 && (g->guest[n] == '/' || g->guest[n] == '\0');
}

static bool answers_name(const struct grant *asked, const struct grant *g)
{
    return asked->kind == g->kind && (asked->any || strcmp(asked->name, g->name) == 0);
}

static bool is_same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static bool is_same_net(const struct net_scope *a, const struct net_scope *b)
{
    return a->methods == b->methods && a->schemes == b->schemes && a->span == b->span && a->port == b->port && a->host.kind == b->host.kind &&
           strcmp(a->host.text, b->host.text) == 0 && is_same_text(a->prefix, b->prefix);
}

bool grant_is_same(const struct grant *a, const struct grant *b)
{
    return a->kind == b->kind && a->any == b->any && a->access == b->access && is_same_net(&a->net, &b->net) && strcmp(a->name, b->name) == 0 &&
           strcmp(a->secret, b->secret) == 0 && is_same_text(a->path, b->path) && is_same_text(a->guest, b->guest);
}

bool grant_answers(const struct grant *asked, const struct grant *g)
{
    if (g->any)
        return false;
    switch (g->kind) {
    case GRANT_NET: return answers_net(asked, g);
    case GRANT_BEARER: case GRANT_HEADER: return answers_credential(asked, g);
    case GRANT_FILES: return answers_files(asked, g);
    case GRANT_ENV: case GRANT_SECRET: case GRANT_CALL: return answers_name(asked, g);
    case GRANT_MEMORY: return asked->kind == GRANT_MEMORY && (!*asked->name || !*g->name || strcmp(asked->name, g->name) == 0);
    case GRANT_EXEC: return asked->kind == GRANT_EXEC;
    }
    return false;
}
