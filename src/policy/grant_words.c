/* SPDX-License-Identifier: Apache-2.0
 * Grants for people: what one means in a line, and which of them are never given by a yes to everything. */
#include "policy/grant_parse.h"
#include <string.h>

static int net_words(struct buf *b, const struct grant *g)
{
    const struct net_scope *n = &g->net;
    if (n->methods == NET_ANY_METHOD) {
        buf_adds(b, "reach ");
    } else {
        buf_adds(b, "send ");
        grant_print_methods(b, n->methods);
        buf_adds(b, " requests to ");
    }
    if (g->any)
        return buf_adds(b, "hosts that you name");
    buf_adds(b, n->schemes == NET_HTTP ? "http://" : n->schemes == NET_HTTPS ? "https://" : "");
    grant_print_place(b, n);
    return n->span == NET_HOST_AND_BENEATH ? buf_adds(b, " and the names beneath it") : b->full ? -1 : 0;
}

static int credential_words(struct buf *b, const struct grant *g)
{
    buf_adds(b, "send requests to https://");
    grant_print_place(b, &g->net);
    return g->kind == GRANT_BEARER ? buf_addf(b, " with the secret %s, which it does not see", g->secret)
                                   : buf_addf(b, " with the secret %s as header %s, which it does not see", g->secret, g->name);
}

static int files_words(struct buf *b, const struct grant *g)
{
    const char *verb = g->access == FILE_READ ? "read" : g->access == FILE_WRITE ? "write" : "read and write";
    if (g->any)
        return buf_addf(b, "%s files in folders that you name", verb);
    buf_addf(b, "%s files beneath %s", verb, g->path ? g->path : g->guest);
    return g->path && strcmp(g->path, g->guest) != 0 ? buf_addf(b, ", which it sees as %s", g->guest) : b->full ? -1 : 0;
}

int grant_words(struct buf *b, const struct grant *g)
{
    switch (g->kind) {
    case GRANT_NET: return net_words(b, g);
    case GRANT_BEARER: case GRANT_HEADER: return credential_words(b, g);
    case GRANT_FILES: return files_words(b, g);
    case GRANT_ENV: return g->any ? buf_adds(b, "read environment variables that you name") : buf_addf(b, "read the environment variable %s", g->name);
    case GRANT_SECRET: return g->any ? buf_adds(b, "read secrets that you name") : buf_addf(b, "read the secret %s", g->name);
    case GRANT_MEMORY: return *g->name ? buf_addf(b, "recall what the bot %s remembers", g->name) : buf_adds(b, "recall what the bot that calls it remembers");
    case GRANT_CALL: return buf_addf(b, "call functions of the program under %s", g->name);
    case GRANT_EXEC: return buf_adds(b, "run as a script on this machine, outside of WebAssembly");
    }
    return -1;
}

/* A path that an author chose, and that on this machine is likely to be somebody's own. */
static bool is_private_path(const char *path)
{
    static const char *const own[] = {"/home", "/root", "/etc", "/var"};
    if (strstr(path, "/.") || strcmp(path, "/") == 0)
        return true;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        size_t n = strlen(own[i]);
        if (strncmp(path, own[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
            return true;
    }
    return false;
}

bool grant_wants_own_word(const struct grant *g)
{
    switch (g->kind) {
    case GRANT_NET: return g->any || g->net.span != NET_HOST_ONLY || host_is_literal_or_localhost(&g->net.host);
    case GRANT_FILES: return g->any || g->access != FILE_READ || is_private_path(g->path ? g->path : g->guest);
    case GRANT_ENV: return g->any;
    case GRANT_MEMORY: case GRANT_CALL: return false;
    case GRANT_BEARER: case GRANT_HEADER: case GRANT_SECRET: case GRANT_EXEC: return true;
    }
    return true;
}
