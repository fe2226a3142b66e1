/* SPDX-License-Identifier: Apache-2.0
 * What the gateway reads: `u` a URL, and on a second line where a server sends it on to; `a` an answer's lines; `h` a name, then a file of hosts; `r` an address or a
 * range; `p` a proxy; `f` a header's name, then its value. */
#include "fuzz.h"

#include "egress/fields.h"
#include "egress/hosts.h"
#include "egress/url.h"
#include "policy/proxy.h"

static const struct curl_api *curl(void)
{
    static struct curl_api api;
    static bool open;
    if (!open)
        HOLDS(curl_api_open(&api, NULL) == 0);
    open = true;
    return &api;
}

/* ---- URLs ---- */

static void check_parts(const struct url *u)
{
    struct host again;
    char host[HOST_MAX + 3];
    snprintf(host, sizeof host, u->host.kind == HOST_IPV6 ? "[%s]" : "%s", u->host.text);
    HOLDS(u->scheme == NET_HTTP || u->scheme == NET_HTTPS);
    HOLDS(u->port > 0 && u->path && u->path[0] == '/');
    HOLDS(!host_parse(host, strlen(host), &again) && again.kind == u->host.kind && !strcmp(again.text, u->host.text));
}

/* A grant of its origin allows it, and no other origin's does. */
static void check_origin(const struct url *u)
{
    char text[URL_ORIGIN_MAX + 4] = "net=";
    struct grant g;
    struct ask a = {.kind = ASK_NET, .method = NET_GET, .scheme = u->scheme, .host = u->host.text, .port = u->port, .path = u->path};
    url_origin(u, text + 4);
    HOLDS(grant_parse(text, NULL, &g, NULL) == 0);
    HOLDS(grant_allows(&g, &a));
    a.port ^= 1;
    HOLDS(!grant_allows(&g, &a));
    grant_finish(&g);
}

/* What libcurl will fetch reads as what was decided on. */
static void check_whole(const struct url *u)
{
    char *text = NULL;
    struct url again;
    HOLDS(curl()->curl_url_get(u->handle, CURLUPART_URL, &text, 0) == CURLUE_OK);
    const char *why = url_parse(curl(), text, strlen(text), &again);
    HOLDS(!why || strlen(text) > GATEWAY_URL_MAX);
    if (!why)
        HOLDS(url_same_origin(u, &again) && !strcmp(u->path, again.path));
    HOLDS(!strchr(text, '@') || strchr(text, '@') > strchr(strstr(text, "://") + 3, '/'));
    url_finish(curl(), &again);
    curl()->curl_free(text);
}

static void check_url(const struct url *u)
{
    check_parts(u);
    check_origin(u);
    check_whole(u);
}

static void fuzz_url(struct feed *f)
{
    size_t len;
    char *text = feed_line(f, &len), *location = feed_rest(f, NULL);
    struct url u, next;
    const char *why = url_parse(curl(), text, len, &u);
    HOLDS(!why == !!u.handle);
    if (!why) {
        check_url(&u);
        if (!url_follow(curl(), &u, location, &next))
            check_url(&next);
        url_finish(curl(), &next);
    }
    url_finish(curl(), &u);
    free(text);
    free(location);
}

/* ---- header fields ---- */

static void check_field(const struct gateway_field *f)
{
    HOLDS(f->name_len > 0 && field_value_is_clean(f->value, f->value_len));
    for (size_t i = 0; i < f->name_len; i++)
        HOLDS(f->name[i] > ' ' && f->name[i] != ':' && f->name[i] != 0x7f && !(f->name[i] >= 'A' && f->name[i] <= 'Z'));
}

static void fuzz_answer(struct feed *f)
{
    struct answer a = {0};
    struct gateway_field fields[GATEWAY_FIELDS_MAX];
    enum answer_line last = ANSWER_MORE;
    answer_init(&a);
    while (f->left && last == ANSWER_MORE) {
        size_t len;
        char *line = feed_line(f, &len);
        last = answer_take(&a, line, len);
        free(line);
    }
    HOLDS(last != ANSWER_WHOLE || (a.status >= 200 && a.status <= 599));
    size_t n = answer_fields(&a, fields);
    HOLDS(n <= GATEWAY_FIELDS_MAX && a.text.len <= GATEWAY_FIELD_BYTES_MAX);
    for (size_t i = 0; i < n; i++)
        check_field(&fields[i]);
    free(answer_value(&a, "location"));
    answer_finish(&a);
}

/* A field that may be sent is one line, whatever is in it. */
static void fuzz_field(struct feed *f)
{
    const struct gateway_field *which;
    struct gateway_field field = {0};
    char *name = feed_line(f, &field.name_len), *value = feed_rest(f, &field.value_len);
    field.name = name;
    field.value = value;
    if (!fields_refuse(&field, 1, true, &which)) {
        HOLDS(field.name_len > 0 && !memchr(name, ':', field.name_len) && !memchr(name, '\r', field.name_len) && !memchr(name, '\0', field.name_len));
        HOLDS(!memchr(value, '\r', field.value_len) && !memchr(value, '\n', field.value_len) && !memchr(value, '\0', field.value_len));
        HOLDS(!field_is(&field, "host") && !field_is(&field, "content-length") && !field_is(&field, "transfer-encoding"));
    }
    free(name);
    free(value);
}

/* ---- addresses ---- */

static void check_address(const struct address *a)
{
    char text[ADDRESS_TEXT];
    struct address again;
    address_print(a, text);
    HOLDS(address_parse(text, &again) && address_equal(a, &again));
    HOLDS(!address_why_not_global(a) == !address_why_not_global(&again));
}

static void fuzz_range(struct feed *f)
{
    char *text = feed_rest(f, NULL), printed[ADDRESS_RANGE_TEXT];
    struct address_range r, again;
    if (!address_range_parse(text, &r)) {
        address_range_print(&r, printed);
        HOLDS(!address_range_parse(printed, &again) && again.bits == r.bits && address_equal(&r.first, &again.first));
        HOLDS(address_in_range(&r.first, &r));
        check_address(&r.first);
    }
    free(text);
}

static void fuzz_hosts(struct feed *f)
{
    enum { MAX = 3 };
    struct address found[MAX];
    char *name = feed_line(f, NULL), *text = feed_rest(f, NULL);
    size_t n = hosts_find(text, name, found, MAX);
    HOLDS(n <= MAX);
    for (size_t i = 0; i < n; i++)
        check_address(&found[i]);
    free(name);
    free(text);
}

static void fuzz_proxy(struct feed *f)
{
    struct host host;
    uint16_t port = 0;
    char *text = feed_rest(f, NULL);
    if (!proxy_parse(text, &host, &port))
        HOLDS(port > 0 && host.text[0] && !strchr(text, '@'));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    switch (feed_byte(&f)) {
    case 'u': fuzz_url(&f); break;
    case 'a': fuzz_answer(&f); break;
    case 'f': fuzz_field(&f); break;
    case 'r': fuzz_range(&f); break;
    case 'h': fuzz_hosts(&f); break;
    case 'p': fuzz_proxy(&f); break;
    }
    return 0;
}
