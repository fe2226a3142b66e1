/* SPDX-License-Identifier: Apache-2.0
 * Going along the chain, row by row in the order of their numbers, and saying where it does not hold. Pure. */
#pragma once
#include "audit/row.h"

enum { AUDIT_FINDINGS_MAX = 100 };

enum audit_fault {
    AUDIT_CHANGED,        /* row `first` is not as it was written */
    AUDIT_MISSING,        /* rows `first` to `last` are gone */
    AUDIT_UNSEALED,       /* the checkpoint at `first` was not made with the key, or is not at the beginning */
    AUDIT_CUT,            /* rows `first` to `last` were there once: the head says so */
    AUDIT_OTHER_HEAD,     /* row `first` is not the one that the head is of */
    AUDIT_PRUNED_HEAD,    /* the row `first` that a head names was pruned: it cannot be compared */
    AUDIT_NO_HEAD,        /* the file of the head is gone or not as it was written */
    AUDIT_MALFORMED,      /* row `first` holds what no row can hold */
};
struct audit_finding { enum audit_fault fault; int64_t first, last; };

struct audit_head { int64_t seq; uint8_t hash[AUDIT_LINK]; };

struct audit_chain {
    const uint8_t *key;
    int64_t seq;                       /* of the last row seen; 0: none */
    uint8_t link[AUDIT_LINK];          /* that it has */
    int64_t rows, pruned;              /* seen; and behind the checkpoint at the beginning */
    struct { const struct audit_head *head; bool seen; } heads[2]; /* to be compared on the way */
    struct audit_finding finding[AUDIT_FINDINGS_MAX];
    size_t n_findings, findings;       /* listed; and in all */
};

void audit_chain_init(struct audit_chain *c, const uint8_t key[AUDIT_KEY]);
/* A head to compare with, at most two. */
void audit_chain_expect(struct audit_chain *c, const struct audit_head *head);
/* The next row. `seal` is NULL where it has none. */
void audit_chain_next(struct audit_chain *c, const struct audit_row *r, const uint8_t *seal);
/* A row that could not be read as one. */
void audit_chain_malformed(struct audit_chain *c, int64_t seq);
/* There are no more. */
void audit_chain_end(struct audit_chain *c);
void audit_chain_find(struct audit_chain *c, enum audit_fault fault, int64_t first, int64_t last);
/* What the head of the whole is now. */
void audit_chain_head(const struct audit_chain *c, struct audit_head *ret);
