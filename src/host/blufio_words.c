/* SPDX-License-Identifier: Apache-2.0 */
#include "host/blufio_words.h"
#include "base/text.h"

#include <string.h>

enum { WANTED_MAX = 256, LISTED_MAX = 16, LISTED_BYTES_MAX = 128 };

/* "https://user@api.x.com:8443/v1" -> "api.x.com"; what is no URL is left as it is. */
static struct host_str host_of(struct host_str url)
{
    const char *end = url.data + url.len, *at = memmem(url.data, url.len, "://", 3);
    struct host_str host = {at ? at + 3 : url.data, 0};
    const char *p = host.data;
    while (p < end && !memchr("/?#\\", *p, 4))
        p++;
    const char *user = memrchr(host.data, '@', (size_t)(p - host.data));
    if (user)
        host.data = user + 1;
    const char *colon = memrchr(host.data, ':', (size_t)(p - host.data)), *bracket = memrchr(host.data, ']', (size_t)(p - host.data));
    host.len = (size_t)((colon && (!bracket || colon > bracket) ? colon : p) - host.data);
    return host;
}

static bool is_of(const struct grant *g, enum ask_kind ask)
{
    if (ask == ASK_NET)
        return g->kind == GRANT_NET;
    return g->kind == GRANT_FILES && (g->access & (ask == ASK_READ ? FILE_READ : FILE_WRITE));
}

static void add_listed(struct buf *b, const struct grant *g)
{
    struct buf text;
    buf_init(&text, GRANT_TEXT_MAX);
    if (g->kind == GRANT_FILES)
        buf_adds(&text, g->guest);
    else
        grant_print(&text, g);
    const char *shown = text.data ? text.data : "";
    if (!strncmp(shown, "net=", 4))
        shown += 4;
    buf_addf(b, "\"%.*s\"", (int)text_cut(shown, strlen(shown), LISTED_BYTES_MAX), shown);
    buf_finish(&text);
}

/* ["api.x.com", "*.y.org"] */
static void add_list(struct buf *b, const struct grants *grants, enum ask_kind ask)
{
    size_t listed = 0;
    buf_addc(b, '[');
    for (size_t i = 0; grants && i < grants->n; i++) {
        if (!is_of(&grants->item[i], ask))
            continue;
        if (listed == LISTED_MAX) {
            buf_adds(b, ", …");
            break;
        }
        if (listed++)
            buf_adds(b, ", ");
        add_listed(b, &grants->item[i]);
    }
    buf_addc(b, ']');
}

static const char *permission(enum ask_kind ask)
{
    return ask == ASK_NET ? "network" : ask == ASK_READ ? "filesystem read" : "filesystem write";
}

void blufio_denied_words(struct buf *b, const struct host_fn *fn, const struct grants *grants, struct host_str wanted, enum denial why)
{
    struct host_str shown = fn->ask == ASK_NET ? host_of(wanted) : wanted;
    int len = (int)text_cut(shown.data, shown.len, WANTED_MAX);
    if (why == DENIAL_PRIVATE_ADDRESS) {
        buf_addf(b, "SSRF blocked: '%.*s' leads to an address that is not on the open internet", len, shown.data);
        return;
    }
    buf_adds(b, "capability not permitted: ");
    if (!grants || !grants_any(grants, fn->ask)) {
        buf_addf(b, "skill lacks %s permission", permission(fn->ask));
        return;
    }
    if (fn->ask == ASK_NET)
        buf_addf(b, "domain '%.*s' not in allowed list ", len, shown.data);
    else
        buf_addf(b, "path '%.*s' not within allowed %s paths ", len, shown.data, fn->ask == ASK_READ ? "read" : "write");
    add_list(b, why == DENIAL_NOT_ASKED ? grants->asked : grants, fn->ask);
}
