/* SPDX-License-Identifier: Apache-2.0
 *
 * Grants: read, printed, read again, and asked. The first line is where the text comes from (a: asked by a manifest, c: the command line, s: settings) and
 * the grant; each later line is an ask: its kind (n c r w e s m x), then, apart by blanks, method, scheme, port, host, path and name as far as it has them.
 */
#include "fuzz.h"

#include "policy/grant.h"
#include "policy/prefix.h"

static const struct grant_source asked = {.asked = true}, command = {.cwd = "/home/ada/work", .home = "/home/ada"};

static char *print(const struct grant *g)
{
    struct buf b;
    buf_init(&b, 2 * GRANT_TEXT_MAX);
    HOLDS(grant_print(&b, g) == 0);
    return buf_take(&b, NULL);
}

static bool same_text(const char *a, const char *b)
{
    return !a == !b && (!a || strcmp(a, b) == 0);
}

static bool same(const struct grant *a, const struct grant *b)
{
    return a->kind == b->kind && a->access == b->access && a->any == b->any && same_text(a->name, b->name) && same_text(a->secret, b->secret) && same_text(a->path, b->path) &&
           same_text(a->guest, b->guest) && a->net.methods == b->net.methods && a->net.schemes == b->net.schemes && a->net.span == b->net.span &&
           a->net.port == b->net.port && a->net.host.kind == b->net.host.kind && same_text(a->net.host.text, b->net.host.text) &&
           same_text(a->net.prefix, b->net.prefix);
}

/* What is printed is harmless, and means the same where nothing is left to fill in. */
static void check_printed(const struct grant *g, const struct grant_source *source)
{
    char *text = print(g);
    struct grant again;
    HOLDS(fuzz_is_harmless(text, strlen(text)));
    HOLDS(grant_parse(text, source && source->asked ? source : NULL, &again, NULL) == 0);
    HOLDS(same(g, &again));
    char *twice = print(&again);
    HOLDS(strcmp(text, twice) == 0);
    free(twice);
    free(text);
    grant_finish(&again);
}

/* One harmless line, whatever the grant. */
static void check_words(const struct grant *g)
{
    struct buf b;
    buf_init(&b, 2 * GRANT_TEXT_MAX);
    HOLDS(grant_words(&b, g) == 0 && b.len > 0);
    HOLDS(fuzz_is_harmless(b.data, b.len));
    HOLDS(!g->any || grant_wants_own_word(g));
    HOLDS(g->any || grant_answers(g, g));
    buf_finish(&b);
}

/* ---- a second opinion on paths ---- */

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static char *decode(const char *s)
{
    char *out = malloc(strlen(s) + 1), *o = out;
    HOLDS(out);
    for (; *s; s++) {
        if (*s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
            *o = (char)(hex(s[1]) << 4 | hex(s[2]));
            s += 2;
        } else {
            *o = *s;
        }
        o++;
    }
    *o = '\0';
    return out;
}

/* As the most careless server sees it: decoded first, backslashes as slashes, parameters dropped, dot segments taken out last. */
static char *resolve(const char *path, bool is_url)
{
    char *s = is_url ? decode(path) : strdup(path), *out = calloc(1, strlen(s) + 2);
    size_t n = 0;
    HOLDS(s && out);
    for (char *p = s; is_url && *p; p++)
        *p = *p == '\\' ? '/' : *p;
    for (char *rest = s, *segment; (segment = strsep(&rest, "/"));) {
        if (is_url)
            segment[strcspn(segment, ";")] = '\0';
        if (!*segment || strcmp(segment, ".") == 0)
            continue;
        if (strcmp(segment, "..") == 0) {
            while (n > 0 && out[--n] != '/')
                ;
            out[n] = '\0';
            continue;
        }
        n += (size_t)sprintf(out + n, "/%s", segment);
    }
    free(s);
    return out;
}

static bool is_within(const char *path, const char *root, bool is_url)
{
    char *p = resolve(path, is_url), *r = resolve(root, is_url);
    size_t n = strlen(r);
    bool within = strncmp(p, r, n) == 0 && (p[n] == '/' || p[n] == '\0');
    free(p);
    free(r);
    return within;
}

/* ---- decisions ---- */

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), t = strlen(tail);
    return n >= t && strcmp(s + n - t, tail) == 0;
}

static void check_origin(const struct net_scope *n, const struct ask *a)
{
    HOLDS(a->host && a->port == n->port && (n->schemes & a->scheme));
    HOLDS(ends_with(a->host, n->host.text));
    if (n->span == NET_HOST_ONLY || n->host.kind != HOST_NAME)
        HOLDS(strcmp(a->host, n->host.text) == 0);
    else if (strlen(a->host) > strlen(n->host.text))
        HOLDS(a->host[strlen(a->host) - strlen(n->host.text) - 1] == '.');
    else
        HOLDS(n->span == NET_HOST_AND_BENEATH);
}

/* A scope left open is one of its kind all the same. */
static void check_any(const struct grant *g, const struct ask *a)
{
    switch (a->kind) {
    case ASK_NET: HOLDS(g->kind == GRANT_NET && (g->net.methods & a->method) && a->host && a->port); break;
    case ASK_READ: case ASK_WRITE: HOLDS(g->kind == GRANT_FILES && (g->access & (a->kind == ASK_READ ? FILE_READ : FILE_WRITE)) && a->path[0] == '/'); break;
    case ASK_ENV: HOLDS(g->kind == GRANT_ENV && *a->name); break;
    case ASK_SECRET: HOLDS(g->kind == GRANT_SECRET && *a->name); break;
    default: HOLDS(false);
    }
}

/* Nothing is allowed but what the grant's own words cover. */
static void check_allowed(const struct grant *g, const struct ask *a)
{
    if (g->any) {
        check_any(g, a);
        return;
    }
    switch (a->kind) {
    case ASK_NET:
        HOLDS(g->kind == GRANT_NET && (g->net.methods & a->method));
        check_origin(&g->net, a);
        HOLDS(!g->net.prefix || is_within(a->path, g->net.prefix, true));
        break;
    case ASK_CREDENTIAL:
        HOLDS((g->kind == GRANT_BEARER || g->kind == GRANT_HEADER) && a->scheme == NET_HTTPS);
        check_origin(&g->net, a);
        break;
    case ASK_READ:
    case ASK_WRITE:
        HOLDS(g->kind == GRANT_FILES && (g->access & (a->kind == ASK_READ ? FILE_READ : FILE_WRITE)));
        HOLDS(is_within(a->path, g->guest, false));
        break;
    case ASK_ENV: HOLDS(g->kind == GRANT_ENV && strcmp(g->name, a->name) == 0); break;
    case ASK_SECRET: HOLDS(g->kind == GRANT_SECRET && strcmp(g->name, a->name) == 0); break;
    case ASK_MEMORY: HOLDS(g->kind == GRANT_MEMORY && (!*g->name || strcmp(g->name, a->name) == 0)); break;
    case ASK_CALL: HOLDS(g->kind == GRANT_CALL && !strcmp(g->name, a->name)); break;
    case ASK_EXEC: HOLDS(g->kind == GRANT_EXEC); break;
    }
}

static void check_ask(const struct grant *g, char *line)
{
    static const char kinds[] = {[ASK_NET] = 'n', [ASK_CREDENTIAL] = 'c', [ASK_READ] = 'r', [ASK_WRITE] = 'w', [ASK_ENV] = 'e', [ASK_SECRET] = 's', [ASK_MEMORY] = 'm', [ASK_CALL] = 'l', [ASK_EXEC] = 'x'};
    const char *kind = *line ? memchr(kinds, *line, sizeof kinds) : NULL;
    char *rest = line + (*line ? 1 : 0);
    if (!kind)
        return;
    strsep(&rest, " ");
    struct ask a = {.kind = (enum ask_kind)(kind - kinds)};
    if (a.kind == ASK_NET || a.kind == ASK_CREDENTIAL) {
        const char *method = strsep(&rest, " "), *scheme = strsep(&rest, " "), *port = strsep(&rest, " ");
        a.method = (enum net_method)(method ? atoi(method) : 0);
        a.scheme = (enum net_scheme)(scheme ? atoi(scheme) : 0);
        a.port = (uint16_t)(port ? atoi(port) : 0);
        a.host = strsep(&rest, " ");
    }
    if (a.kind <= ASK_WRITE)
        a.path = rest;
    else
        a.name = rest;
    if (grant_allows(g, &a))
        check_allowed(g, &a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    uint8_t from = feed_byte(&f);
    const struct grant_source *source = from == 'a' ? &asked : from == 'c' ? &command : NULL;
    char *text = feed_line(&f, NULL);
    struct grant g;
    cordon_error *err = NULL;
    int rc = grant_parse(text, source, &g, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_USAGE);
        fuzz_check_error(rc, err);
    } else {
        HOLDS(!g.any || from == 'a');
        check_words(&g);
        check_printed(&g, source);
        while (f.left) {
            char *line = feed_line(&f, NULL);
            check_ask(&g, line);
            free(line);
        }
        grant_finish(&g);
    }
    free(text);
    return 0;
}
