/* SPDX-License-Identifier: Apache-2.0
 * Names and literal addresses of hosts, in the one form in which they are compared. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { HOST_MAX = 253, HOST_LABEL_MAX = 63 };

enum host_kind { HOST_NAME, HOST_IPV4, HOST_IPV6 };

struct host {
    enum host_kind kind;
    char text[HOST_MAX + 1]; /* lower-case ASCII; an address as inet_ntop(3) writes it, without brackets */
};

/* Reads a host as it stands in a URL: a name of letters, digits, `-` and `_` (not ASCII: punycode), four decimal numbers, or an IPv6 address in
 * brackets. Every other notation of an address (0x7f.1, 127.1, 2130706433, 010.0.0.1, one that has an IPv4 address inside) is refused. Returns NULL, or a
 * static phrase that says what is wrong; *ret is then untouched. */
const char *host_parse(const char *s, size_t len, struct host *ret);
/* A literal address, localhost, or a name beneath localhost. */
bool host_is_literal_or_localhost(const struct host *h);
/* Is `name` beneath `parent`, at a label boundary? Not if they are the same. */
bool host_is_beneath(const char *name, const char *parent);
