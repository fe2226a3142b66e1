/* SPDX-License-Identifier: Apache-2.0
 *
 * One request and its answer over the gateway, for a thread that waits. Bodies go through two buffers between the gateway's thread, which must not block, and this one,
 * which reads and writes files.
 */
#pragma once
#include "egress/gateway.h"
#include "base/buf.h"
#include "fetch/fetch.h"
#include "fetch/sink.h"

enum { EXCHANGE_TEXT_MAX = 16 << 10 /* what is kept of an answer that is no success */, EXCHANGE_CHALLENGES_MAX = 8 };

struct exchange_ask {
    const char *method, *url;
    const char *shown;          /* the URL as messages have it */
    struct grants *grants;
    bool follow, anywhere;      /* as the gateway has them */
    struct gateway_field fields[4];
    size_t n_fields;
    const void *body;           /* a small one; else a file's: */
    size_t body_len;
    const struct source *source;
    struct sink *sink;          /* where the body of a 200 goes; NULL: it is kept in the answer, as what is no success is */
    size_t max;                 /* bytes of a body that is kept */
    bool progress;              /* it is told how far it is */
};

struct exchange {
    unsigned status;
    char *location, *content_type, *digest; /* owned: fields of the answer; NULL: not there (digest: Docker-Content-Digest) */
    char *challenge[EXCHANGE_CHALLENGES_MAX];
    size_t n_challenges;                     /* WWW-Authenticate */
    struct buf body;
};

/* 0 for any status. FETCH_FAILED, TOO_LARGE, NO_RESOURCES, or what writing to the sink gave. *ret must be finished after success. */
int exchange(const struct fetch *f, const struct exchange_ask *ask, struct exchange *ret, cordon_error **err);
void exchange_finish(struct exchange *x);

/* "404 (not found)"; static or in `buf`. */
const char *exchange_status_words(unsigned status, char buf[48]);
