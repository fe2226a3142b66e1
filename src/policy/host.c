/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const char why_number[] = "the host ends in a number, but is not an address of four decimal numbers such as 192.0.2.1";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *check_char(char c)
{
    if ((unsigned char)c >= 0x80)
        return "the host is not ASCII: write its punycode form (xn--…)";
    if (is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.')
        return NULL;
    if (c == '*')
        return "a * stands only for whole names at the start: write *.HOST";
    return "the host has a character that no host name has";
}

static const char *check_label(const char *label, size_t len)
{
    if (len == 0)
        return "the host has an empty label (two dots together, or one at an end)";
    if (len > HOST_LABEL_MAX)
        return "a label of the host is longer than 63 characters";
    if (label[0] == '-' || label[len - 1] == '-')
        return "a label of the host starts or ends with a hyphen";
    return NULL;
}

/* The last label decides, as in the URL standard: resolvers read 0x7f.1 and 127.1 as addresses. */
static bool ends_in_number(const char *name)
{
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    if (last[strspn(last, "0123456789")] == '\0')
        return true;
    return last[0] == '0' && last[1] == 'x' && last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
}

static const char *check_labels(const char *name)
{
    for (;;) {
        size_t len = strcspn(name, ".");
        const char *why = check_label(name, len);
        if (why || !name[len])
            return why;
        name += len + 1;
    }
}

static const char *parse_name(const char *s, size_t len, struct host *ret)
{
    struct host h = {.kind = HOST_NAME};
    if (len == 0)
        return "the host is missing";
    for (size_t i = 0; i < len; i++) {
        const char *why = check_char(s[i]);
        if (why)
            return why;
        if (i == HOST_MAX)
            return "the host is longer than 253 characters";
        h.text[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
    }
    const char *why = check_labels(h.text);
    if (why)
        return why;
    if (ends_in_number(h.text)) {
        struct in_addr a;
        if (inet_pton(AF_INET, h.text, &a) != 1)
            return why_number;
        h.kind = HOST_IPV4;
        inet_ntop(AF_INET, &a, h.text, sizeof h.text);
    }
    *ret = h;
    return NULL;
}

static bool embeds_ipv4(const struct in6_addr *a)
{
    return IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a);
}

static const char *parse_ipv6(const char *s, size_t len, struct host *ret)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr a;
    if (len < 2 || s[len - 1] != ']')
        return "the bracket around the IPv6 address is not closed";
    if (len - 2 >= sizeof text)
        return "what stands in brackets is not an IPv6 address";
    memcpy(text, s + 1, len - 2);
    text[len - 2] = '\0';
    if (inet_pton(AF_INET6, text, &a) != 1)
        return "what stands in brackets is not an IPv6 address";
    if (embeds_ipv4(&a))
        return "the IPv6 address has an IPv4 address inside: write that one, as four decimal numbers";
    struct host h = {.kind = HOST_IPV6};
    inet_ntop(AF_INET6, &a, h.text, sizeof h.text);
    *ret = h;
    return NULL;
}

const char *host_parse(const char *s, size_t len, struct host *ret)
{
    return len > 0 && s[0] == '[' ? parse_ipv6(s, len, ret) : parse_name(s, len, ret);
}

bool host_is_beneath(const char *name, const char *parent)
{
    size_t n = strlen(name), p = strlen(parent);
    return n > p + 1 && name[0] != '.' && name[n - p - 1] == '.' && strcmp(name + n - p, parent) == 0;
}

bool host_is_literal_or_localhost(const struct host *h)
{
    return h->kind != HOST_NAME || strcmp(h->text, "localhost") == 0 || host_is_beneath(h->text, "localhost");
}
