/* SPDX-License-Identifier: Apache-2.0
 * A URL as an operator gives it: taken apart as far as it decides where a request may go. The gateway reads it again, whole and strictly. */
#pragma once
#include "fetch/origin.h"

struct web_url {
    struct origin origin;
    char *text;           /* owned: without fragment, what is fetched */
    char *shown;          /* owned: without query too */
    bool has_sha256;      /* #sha256=HEX */
    uint8_t sha256[32];
};

/* USAGE. *ret is zeroed on failure. */
int web_url_parse(const char *text, struct web_url *ret, cordon_error **err);
void web_url_finish(struct web_url *u);
