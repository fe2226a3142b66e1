/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables are IANA's "IPv4 Special-Purpose Address Registry" and "IPv6 Special-Purpose Address Registry" (RFC 6890, as of 2025), with what those leave
 * to others: multicast (their own registries), and addresses that clouds answer on beside the link-local one. Of several rows the one with most bits decides.
 */
#include "policy/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct row {
    uint8_t bytes[16];
    unsigned bits;
    const char *what; /* NULL: globally reachable */
};

static const struct row v4_rows[] = {
    {{0}, 8, "this network (0.0.0.0/8)"},
    {{10}, 8, "private use (10.0.0.0/8)"},
    {{100, 64}, 10, "shared address space (100.64.0.0/10)"},
    {{127}, 8, "loopback (127.0.0.0/8)"},
    {{168, 63, 129, 16}, 32, "a cloud's metadata service (168.63.129.16)"},
    {{169, 254}, 16, "link-local, with the clouds' metadata services (169.254.0.0/16)"},
    {{172, 16}, 12, "private use (172.16.0.0/12)"},
    {{192, 0, 0}, 24, "protocol assignments (192.0.0.0/24)"},
    {{192, 0, 0, 9}, 32, NULL},
    {{192, 0, 0, 10}, 32, NULL},
    {{192, 0, 2}, 24, "documentation (192.0.2.0/24)"},
    {{192, 88, 99}, 24, "6to4 relays (192.88.99.0/24)"},
    {{192, 168}, 16, "private use (192.168.0.0/16)"},
    {{198, 18}, 15, "benchmarking (198.18.0.0/15)"},
    {{198, 51, 100}, 24, "documentation (198.51.100.0/24)"},
    {{203, 0, 113}, 24, "documentation (203.0.113.0/24)"},
    {{224}, 4, "multicast (224.0.0.0/4)"},
    {{240}, 4, "reserved (240.0.0.0/4)"},
};

static const struct row v6_rows[] = {
    {{0}, 0, "no global unicast address"}, /* global unicast is 2000::/3 alone */
    {{0}, 128, "the unspecified address (::)"},
    {{[15] = 1}, 128, "loopback (::1)"},
    {{[10] = 0xff, [11] = 0xff}, 96, "an IPv4 address in IPv6 notation (::ffff:0:0/96)"},
    {{0x00, 0x64, 0xff, 0x9b}, 96, NULL}, /* NAT64: as the address inside */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "local NAT64 (64:ff9b:1::/48)"},
    {{0x01}, 64, "discard-only (100::/64)"},
    {{0x20}, 3, NULL},
    {{0x20, 0x01}, 23, "protocol assignments (2001::/23)"},
    {{0x20, 0x01}, 32, "Teredo (2001::/32)"},
    {{0x20, 0x01, 0x00, 0x01, [15] = 1}, 128, NULL},
    {{0x20, 0x01, 0x00, 0x01, [15] = 2}, 128, NULL},
    {{0x20, 0x01, 0x00, 0x01, [15] = 3}, 128, NULL},
    {{0x20, 0x01, 0x00, 0x03}, 32, NULL},
    {{0x20, 0x01, 0x00, 0x04, 0x01, 0x12}, 48, NULL},
    {{0x20, 0x01, 0x00, 0x20}, 28, NULL},
    {{0x20, 0x01, 0x00, 0x30}, 28, NULL},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation (2001:db8::/32)"},
    {{0x20, 0x02}, 16, "6to4 (2002::/16)"},
    {{0x3f, 0xff}, 20, "documentation (3fff::/20)"},
    {{0x5f}, 16, "segment routing (5f00::/16)"},
    {{0xfc}, 7, "unique local (fc00::/7)"},
    {{0xfe, 0x80}, 10, "link-local (fe80::/10)"},
    {{0xff}, 8, "multicast (ff00::/8)"},
};

static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

bool address_parse(const char *text, struct address *ret)
{
    struct address a = {.v6 = strchr(text, ':') != NULL};
    if (inet_pton(a.v6 ? AF_INET6 : AF_INET, text, a.bytes) != 1)
        return false;
    *ret = a;
    return true;
}

void address_print(const struct address *a, char buf[ADDRESS_TEXT])
{
    inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->bytes, buf, ADDRESS_TEXT);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->v6 == b->v6 && !memcmp(a->bytes, b->bytes, a->v6 ? 16 : 4);
}

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return !memcmp(bytes, prefix, whole) && (!rest || !((bytes[whole] ^ prefix[whole]) >> (8 - rest)));
}

static const struct row *find_row(const struct row *rows, size_t n, const uint8_t *bytes)
{
    const struct row *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (has_prefix(bytes, rows[i].bytes, rows[i].bits) && (!best || rows[i].bits > best->bits))
            best = &rows[i];
    return best;
}

const char *address_why_not_global(const struct address *a)
{
    const uint8_t *inside = a->v6 ? a->bytes + 12 : a->bytes;
    if (a->v6) {
        const struct row *row = find_row(v6_rows, sizeof v6_rows / sizeof *v6_rows, a->bytes);
        const char *what = row ? row->what : v6_rows->what; /* the first row is for all that has no other */
        if (what || memcmp(a->bytes, nat64, sizeof nat64) != 0)
            return what;
    }
    const struct row *row = find_row(v4_rows, sizeof v4_rows / sizeof *v4_rows, inside);
    return row ? row->what : NULL;
}

static const char *parse_bits(const char *digits, unsigned max, unsigned *ret)
{
    size_t n = strspn(digits, "0123456789");
    unsigned bits = 0;
    if (n == 0 || n > 3 || digits[n] || (n > 1 && digits[0] == '0'))
        return "must have a number of bits after the slash";
    for (size_t i = 0; i < n; i++)
        bits = bits * 10 + (unsigned)(digits[i] - '0');
    *ret = bits;
    return bits > max ? "has more bits after the slash than its address" : NULL;
}

const char *address_range_parse(const char *text, struct address_range *ret)
{
    struct address_range r;
    char address[ADDRESS_TEXT];
    size_t len = strcspn(text, "/");
    memcpy(address, text, len < sizeof address ? len : 0);
    address[len < sizeof address ? len : 0] = '\0';
    if (!address_parse(address, &r.first))
        return "is neither an address nor a range such as 10.0.0.0/8";
    unsigned max = r.bits = r.first.v6 ? 128 : 32;
    const char *why = text[len] ? parse_bits(text + len + 1, max, &r.bits) : NULL;
    if (why)
        return why;
    for (unsigned bit = r.bits; bit < max; bit++)
        if (r.first.bytes[bit / 8] & (0x80u >> bit % 8))
            return "has bits set behind its prefix";
    *ret = r;
    return NULL;
}

void address_range_print(const struct address_range *r, char buf[ADDRESS_RANGE_TEXT])
{
    char address[ADDRESS_TEXT];
    address_print(&r->first, address);
    snprintf(buf, ADDRESS_RANGE_TEXT, "%s/%u", address, r->bits);
}

bool address_in_range(const struct address *a, const struct address_range *r)
{
    return a->v6 == r->first.v6 && has_prefix(a->bytes, r->first.bytes, r->bits);
}
