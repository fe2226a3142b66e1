/* SPDX-License-Identifier: Apache-2.0
 *
 * One row of the audit as plain data, and what ties it to the row before it. Pure.
 *
 *     link(n) = BLAKE2b-256, keyed, over link(n - 1) and the canonical bytes of row n, its number among them
 *
 * So who does not have the key can neither change a row nor take one out, put one in or move one without its link, or the next one's, being wrong. The link before row
 * 1 is 32 zeros. Where rows were pruned a checkpoint stands in their place: it has the link of the last of them, so that the next one still fits, and a seal
 * over both.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AUDIT_KEY = 32, AUDIT_LINK = 32, AUDIT_HEX = 2 * AUDIT_LINK + 1 };

/* What rows are: their `kind`. */
#define AUDIT_CALL "call"             /* a call that is over, or never began */
#define AUDIT_STARTED "started"       /* a call is about to have its first effect; its `call` row follows when it is over */
#define AUDIT_LOST "lost"             /* rows could not be written: `success` is 0, `fuel_consumed` null, `error` says how many */
#define AUDIT_CHECKPOINT "checkpoint" /* what was here and before was pruned */

/* The columns in order, behind `seq`: the canonical bytes follow it, so a new one is a new form. X(name, is a number) */
#define AUDIT_COLUMNS(X)                                                                                                                            \
    X(kind, false) X(invocation_id, false) X(skill_name, false) X(skill_version, false) X(trust_tier, false) X(capabilities_used, false)            \
    X(input_hash, false) X(output_hash, false) X(fuel_consumed, true) X(memory_peak_bytes, true) X(duration_ms, true) X(success, true) X(error, false) \
    X(timestamp, false) X(bot_id, false) X(outcome, false) X(denials, true)

enum audit_column {
#define X(name, number) AUDIT_AT_##name,
    AUDIT_COLUMNS(X)
#undef X
    AUDIT_COLUMN_COUNT
};
const char *audit_column_name(enum audit_column c);
bool audit_column_is_number(enum audit_column c);

/* No chain gets there; so a number beyond it, or below 1, is nobody's of ours, and is not reckoned with. */
#define AUDIT_SEQ_MAX INT64_C(100000000000000000)
static inline bool audit_seq_fits(int64_t seq) { return seq >= 1 && seq <= AUDIT_SEQ_MAX; }

/* NULL text: null, as is a number that is not there. */
struct audit_value { const char *text; size_t len; int64_t number; bool there; };

struct audit_row {
    int64_t seq;                                  /* from 1 on, without gaps */
    struct audit_value at[AUDIT_COLUMN_COUNT];    /* texts are borrowed */
    uint8_t link[AUDIT_LINK];
};

void audit_row_text(struct audit_row *r, enum audit_column c, const char *text); /* NULL: null */
void audit_row_number(struct audit_row *r, enum audit_column c, int64_t number);
bool audit_row_is(const struct audit_row *r, const char *kind);

/* The link that the row should have behind `before`. */
void audit_row_link(const uint8_t key[AUDIT_KEY], const uint8_t before[AUDIT_LINK], const struct audit_row *r, uint8_t ret[AUDIT_LINK]);
/* The seal of a checkpoint: over its columns and the link it keeps. */
void audit_row_seal(const uint8_t key[AUDIT_KEY], const struct audit_row *r, uint8_t ret[AUDIT_LINK]);
/* What is told of a chain that ends with row `seq`: made of its link with the key, so that nobody else can make one for a chain he has cut. */
void audit_row_head(const uint8_t key[AUDIT_KEY], int64_t seq, const uint8_t link[AUDIT_LINK], uint8_t ret[AUDIT_LINK]);
