/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/proxy.h"

#include <string.h>
#include <strings.h>

enum { PORT_USUAL = 80 };

/* 0: none, or not one. */
static unsigned parse_port(const char *s, size_t len)
{
    unsigned port = 0;
    for (size_t i = 0; i < len && port <= UINT16_MAX; i++)
        port = s[i] >= '0' && s[i] <= '9' ? port * 10 + (unsigned)(s[i] - '0') : UINT16_MAX + 1u;
    return port <= UINT16_MAX ? port : 0;
}

const char *proxy_parse(const char *text, struct host *ret_host, uint16_t *ret_port)
{
    static const char what[] = "must be http://HOST or http://HOST:PORT";
    if (strncasecmp(text, "http://", 7) != 0)
        return what;
    text += 7;
    size_t len = strcspn(text, "/");
    const char *from = text[0] == '[' ? memchr(text, ']', len) : text;
    const char *colon = from ? memchr(from, ':', len - (size_t)(from - text)) : NULL;
    size_t host_len = colon ? (size_t)(colon - text) : len;
    unsigned port = colon ? parse_port(colon + 1, len - host_len - 1) : PORT_USUAL;
    struct host host;
    if ((text[len] && text[len + 1]) || port == 0 || host_parse(text, host_len, &host))
        return what;
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return NULL;
}
