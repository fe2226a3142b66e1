/* SPDX-License-Identifier: Apache-2.0
 * Does this grant allow this? Whatever is missing or not in canonical form is denied. */
#include "policy/grant.h"
#include "policy/prefix.h"
#include <string.h>

static bool is_one_bit_of(unsigned bit, unsigned set)
{
    return bit != 0 && (bit & (bit - 1)) == 0 && (bit & ~set) == 0;
}

static bool is_named(const struct grant *g, const char *name)
{
    return name && *name && strcmp(g->name, name) == 0;
}

static bool covers_host(const struct net_scope *n, const char *host)
{
    if (!host)
        return false;
    if (n->span != NET_HOST_ONLY && host_is_beneath(host, n->host.text))
        return true;
    return n->span != NET_BENEATH_ONLY && strcmp(host, n->host.text) == 0;
}

static bool covers_origin(const struct net_scope *n, const struct ask *a)
{
    return is_one_bit_of(a->scheme, n->schemes) && a->port != 0 && a->port == n->port && covers_host(n, a->host);
}

/* What leaves its scope open allows whatever is in canonical form. */
static bool is_any_net(const struct grant *g, const struct ask *a)
{
    return g->any && is_one_bit_of(a->scheme, NET_HTTP | NET_HTTPS) && is_one_bit_of(a->method, g->net.methods) && a->host && a->port != 0;
}

static bool is_any_name(const struct grant *g, const char *name) { return g->any && name && *name; }

static bool allows_net(const struct net_scope *n, const struct ask *a)
{
    return covers_origin(n, a) && is_one_bit_of(a->method, n->methods) &&
           (!n->prefix || (a->path && prefix_covers(n->prefix, a->path)));
}

static bool has_dot_segment(const char *path)
{
    for (const char *s = path; (s = strchr(s, '/')) != NULL;) {
        size_t n = strcspn(++s, "/");
        if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return true;
    }
    return false;
}

static bool allows_file(const struct grant *g, const struct ask *a, enum file_access access)
{
    if (!(g->access & access) || !a->path || a->path[0] != '/' || has_dot_segment(a->path))
        return false;
    if (g->any)
        return true;
    size_t n = strcmp(g->guest, "/") == 0 ? 0 : strlen(g->guest);
    return strncmp(a->path, g->guest, n) == 0 && (a->path[n] == '/' || a->path[n] == '\0');
}

bool grant_allows(const struct grant *g, const struct ask *a)
{
    switch (a->kind) {
    case ASK_NET: return g->kind == GRANT_NET && (is_any_net(g, a) || (!g->any && allows_net(&g->net, a)));
    case ASK_CREDENTIAL: return (g->kind == GRANT_BEARER || g->kind == GRANT_HEADER) && covers_origin(&g->net, a);
    case ASK_READ: return g->kind == GRANT_FILES && allows_file(g, a, FILE_READ);
    case ASK_WRITE: return g->kind == GRANT_FILES && allows_file(g, a, FILE_WRITE);
    case ASK_ENV: return g->kind == GRANT_ENV && (is_any_name(g, a->name) || is_named(g, a->name));
    case ASK_SECRET: return g->kind == GRANT_SECRET && (is_any_name(g, a->name) || is_named(g, a->name));
    case ASK_MEMORY: return g->kind == GRANT_MEMORY && a->name && (!*g->name || is_named(g, a->name));
    case ASK_CALL: return g->kind == GRANT_CALL && is_named(g, a->name);
    case ASK_EXEC: return g->kind == GRANT_EXEC;
    }
    return false;
}
