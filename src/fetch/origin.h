/* SPDX-License-Identifier: Apache-2.0
 * Scheme, host and port, and the set of grants that lets requests go there and nowhere else. */
#pragma once
#include "policy/grants.h"

enum { ORIGIN_TEXT = HOST_MAX + 32 };

struct origin {
    enum net_scheme scheme;
    struct host host;
    uint16_t port;
};

/* HOST[:PORT] of exactly `len` bytes. Without a port that of the scheme. NULL, or a static phrase that says what is wrong; *ret is then untouched. */
const char *origin_parse(enum net_scheme scheme, const char *authority, size_t len, struct origin *ret);
/* HOST[:PORT] as a URL has it; the scheme's own port is left out. */
void origin_authority(const struct origin *o, char buf[ORIGIN_TEXT]);
/* "https://HOST[:PORT]" */
void origin_print(const struct origin *o, char buf[ORIGIN_TEXT]);
bool origin_equal(const struct origin *a, const struct origin *b);
/* localhost, a name beneath it, 127.0.0.0/8, ::1. */
bool origin_is_loopback(const struct host *h);
/* Every method of `methods`, whatever the path. */
int origin_grants(const struct origin *o, unsigned methods, struct grants **ret, cordon_error **err);
/* As origin_parse: a registry on this machine is spoken to by http, every other by https. */
const char *origin_of_registry(const char *authority, size_t len, struct origin *ret);
