/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/chain.h"

#include <sodium.h>
#include <string.h>

void audit_chain_init(struct audit_chain *c, const uint8_t key[AUDIT_KEY]) { *c = (struct audit_chain){.key = key}; }

void audit_chain_expect(struct audit_chain *c, const struct audit_head *head) { c->heads[c->heads[0].head ? 1 : 0].head = head; }

void audit_chain_find(struct audit_chain *c, enum audit_fault fault, int64_t first, int64_t last)
{
    if (c->n_findings < AUDIT_FINDINGS_MAX)
        c->finding[c->n_findings++] = (struct audit_finding){fault, first, last};
    c->findings++;
}

static void compare(struct audit_chain *c)
{
    for (size_t i = 0; i < 2; i++) {
        const struct audit_head *h = c->heads[i].head;
        struct audit_head now;
        if (!h || c->heads[i].seen || h->seq != c->seq)
            continue;
        c->heads[i].seen = true;
        audit_chain_head(c, &now);
        if (sodium_memcmp(now.hash, h->hash, AUDIT_LINK))
            audit_chain_find(c, AUDIT_OTHER_HEAD, h->seq, h->seq);
    }
}

/* What was before it is pruned: a head of that cannot be compared, and is not missed. */
static void forget_pruned(struct audit_chain *c, int64_t seq)
{
    for (size_t i = 0; i < 2; i++)
        if (c->heads[i].head && !c->heads[i].seen && c->heads[i].head->seq < seq) {
            c->heads[i].seen = true;
            if (c->heads[i].head->seq > 0)
                audit_chain_find(c, AUDIT_PRUNED_HEAD, c->heads[i].head->seq, c->heads[i].head->seq);
        }
}

/* From here on the chain is what this row says it is: what comes behind is held against that, so that one fault is told once. */
static void go_on(struct audit_chain *c, const struct audit_row *r)
{
    c->seq = r->seq;
    memcpy(c->link, r->link, AUDIT_LINK);
    compare(c);
}

static void take_checkpoint(struct audit_chain *c, const struct audit_row *r, const uint8_t *seal)
{
    uint8_t right[AUDIT_LINK];
    audit_row_seal(c->key, r, right);
    if (c->seq || c->rows || !seal || sodium_memcmp(right, seal, AUDIT_LINK))
        audit_chain_find(c, AUDIT_UNSEALED, r->seq, r->seq);
    else
        c->pruned = r->seq;
    forget_pruned(c, r->seq);
    go_on(c, r);
}

void audit_chain_next(struct audit_chain *c, const struct audit_row *r, const uint8_t *seal)
{
    uint8_t right[AUDIT_LINK];
    if (!audit_seq_fits(r->seq)) {
        audit_chain_malformed(c, r->seq);
        return;
    }
    if (c->seq == 0)
        compare(c); /* a head from before the first row */
    if (audit_row_is(r, AUDIT_CHECKPOINT)) {
        take_checkpoint(c, r, seal);
        return;
    }
    c->rows++;
    if (r->seq != c->seq + 1) {
        audit_chain_find(c, AUDIT_MISSING, c->seq + 1, r->seq - 1);
    } else {
        audit_row_link(c->key, c->link, r, right);
        if (sodium_memcmp(right, r->link, AUDIT_LINK))
            audit_chain_find(c, AUDIT_CHANGED, r->seq, r->seq);
    }
    go_on(c, r);
}

void audit_chain_malformed(struct audit_chain *c, int64_t seq)
{
    c->rows++;
    audit_chain_find(c, AUDIT_MALFORMED, seq, seq);
    if (!audit_seq_fits(seq))
        return;
    c->seq = seq;
    memset(c->link, 0, AUDIT_LINK);
}

void audit_chain_end(struct audit_chain *c)
{
    if (c->seq == 0)
        compare(c);
    for (size_t i = 0; i < 2; i++) {
        const struct audit_head *h = c->heads[i].head;
        if (h && !c->heads[i].seen)
            audit_chain_find(c, h->seq > c->seq ? AUDIT_CUT : AUDIT_OTHER_HEAD, h->seq > c->seq ? c->seq + 1 : h->seq, h->seq);
    }
}

void audit_chain_head(const struct audit_chain *c, struct audit_head *ret)
{
    ret->seq = c->seq;
    audit_row_head(c->key, c->seq, c->link, ret->hash);
}
