/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses as numbers: what IANA's registries say of them, and ranges of them. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT = 46, ADDRESS_RANGE_TEXT = 50 }; /* with the NUL */

struct address {
    bool v6;
    uint8_t bytes[16]; /* in network order; IPv4: the first four, the rest zero */
};

struct address_range {
    struct address first; /* nothing set behind `bits` */
    unsigned bits;
};

/* Four decimal numbers, or IPv6 without brackets and zone. */
bool address_parse(const char *text, struct address *ret);
void address_print(const struct address *a, char buf[ADDRESS_TEXT]);
bool address_equal(const struct address *a, const struct address *b);

/* Is this an address of the open internet, as the registries have it? NULL, or a static phrase that says what it is instead. An address that carries an
 * IPv4 address inside is never better than that one. */
const char *address_why_not_global(const struct address *a);

/* ADDRESS or ADDRESS/BITS, with nothing set behind the bits. NULL, or a static phrase that says what is wrong; *ret is then untouched. */
const char *address_range_parse(const char *text, struct address_range *ret);
void address_range_print(const struct address_range *r, char buf[ADDRESS_RANGE_TEXT]);
/* Of the same family only: an IPv4 range says nothing of addresses that carry one of it. */
bool address_in_range(const struct address *a, const struct address_range *r);
