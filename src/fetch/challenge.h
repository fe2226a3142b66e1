/* SPDX-License-Identifier: Apache-2.0
 * What a server asks for that answers 401: one WWW-Authenticate field (RFC 9110, 11.6.1). */
#pragma once
#include <stdbool.h>

enum { CHALLENGE_VALUE_MAX = 2048 };

enum challenge_scheme { CHALLENGE_BASIC, CHALLENGE_BEARER, CHALLENGE_OTHER };

struct challenge {
    enum challenge_scheme scheme;
    char *realm, *service; /* owned; NULL: not said */
};

/* False: it is none, or more than one in a field, or says something twice. *ret is zeroed then. */
bool challenge_parse(const char *field, struct challenge *ret);
void challenge_finish(struct challenge *c);
