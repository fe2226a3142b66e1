/* SPDX-License-Identifier: Apache-2.0
 * A chain: chain.c runs it, chain_json.c tells of it. */
#pragma once
#include "cordon/internal.h"
#include <cordon/chain.h>

enum { CHAIN_WHERE_MAX = 640 };

struct chain_link {
    cordon_request *request;       /* owned */
    cordon_script *script;         /* owned, in place of the request */
};

struct cordon_chain {
    cordon_host *host;
    struct chain_link link[CORDON_CHAIN_MAX];
    size_t n, at;                  /* links; the one that runs, or is next */
    bool begun, over, may_feed_scripts;
    char *input;                   /* owned or NULL: of the first link */
    size_t input_len;
    cordon_outcome *last;          /* owned or NULL: of the last link that ended */
    char *why;                     /* owned or NULL: the error that ended it, as JSON: id, message, hint */
    char failure[CHAIN_WHERE_MAX]; /* "": it did not fail */
    uint64_t usage[CORDON_USAGE_COUNT];
    json_t *told;                  /* owned: of each link that ended or failed its own object, as text */
};
