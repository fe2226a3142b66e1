/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/row.h"

#include <sodium.h>
#include <string.h>

_Static_assert(AUDIT_LINK == crypto_generichash_BYTES && AUDIT_KEY == crypto_generichash_KEYBYTES, "BLAKE2b-256 with a key");

static const struct { const char *name; bool number; } columns[AUDIT_COLUMN_COUNT] = {
#define X(name, number) {#name, number},
    AUDIT_COLUMNS(X)
#undef X
};

/* What each is hashed for: none of them is ever taken for another. */
static const char of_row[] = "cordon audit row 1", of_checkpoint[] = "cordon audit checkpoint 1", of_head[] = "cordon audit head 1";

const char *audit_column_name(enum audit_column c) { return columns[c].name; }
bool audit_column_is_number(enum audit_column c) { return columns[c].number; }

void audit_row_text(struct audit_row *r, enum audit_column c, const char *text)
{
    r->at[c] = (struct audit_value){.text = text, .len = text ? strlen(text) : 0, .there = text};
}

void audit_row_number(struct audit_row *r, enum audit_column c, int64_t number) { r->at[c] = (struct audit_value){.number = number, .there = true}; }

bool audit_row_is(const struct audit_row *r, const char *kind)
{
    const struct audit_value *v = &r->at[AUDIT_AT_kind];
    return v->there && v->len == strlen(kind) && !memcmp(v->text, kind, v->len);
}

/* ---- canonical bytes: a tag for each value, then its length and bytes, or the number ---- */

static void add(crypto_generichash_state *h, const void *bytes, size_t len) { crypto_generichash_update(h, bytes, len); }

static void add_number(crypto_generichash_state *h, uint64_t n)
{
    uint8_t be[8];
    for (int i = 0; i < 8; i++)
        be[i] = (uint8_t)(n >> (56 - 8 * i));
    add(h, be, sizeof be);
}

static void add_value(crypto_generichash_state *h, const struct audit_value *v, bool number)
{
    add(h, !v->there ? "-" : number ? "n" : "t", 1);
    if (!v->there)
        return;
    add_number(h, number ? (uint64_t)v->number : v->len);
    if (!number)
        add(h, v->text, v->len);
}

static void begin(crypto_generichash_state *h, const uint8_t *key, const char *what, size_t len)
{
    crypto_generichash_init(h, key, AUDIT_KEY, AUDIT_LINK);
    add(h, what, len); /* with its NUL */
}

static void add_row(crypto_generichash_state *h, const struct audit_row *r)
{
    add_number(h, (uint64_t)r->seq);
    for (enum audit_column c = 0; c < AUDIT_COLUMN_COUNT; c++)
        add_value(h, &r->at[c], columns[c].number);
}

void audit_row_link(const uint8_t key[AUDIT_KEY], const uint8_t before[AUDIT_LINK], const struct audit_row *r, uint8_t ret[AUDIT_LINK])
{
    crypto_generichash_state h;
    begin(&h, key, of_row, sizeof of_row);
    add(&h, before, AUDIT_LINK);
    add_row(&h, r);
    crypto_generichash_final(&h, ret, AUDIT_LINK);
}

void audit_row_seal(const uint8_t key[AUDIT_KEY], const struct audit_row *r, uint8_t ret[AUDIT_LINK])
{
    crypto_generichash_state h;
    begin(&h, key, of_checkpoint, sizeof of_checkpoint);
    add(&h, r->link, AUDIT_LINK);
    add_row(&h, r);
    crypto_generichash_final(&h, ret, AUDIT_LINK);
}

void audit_row_head(const uint8_t key[AUDIT_KEY], int64_t seq, const uint8_t link[AUDIT_LINK], uint8_t ret[AUDIT_LINK])
{
    crypto_generichash_state h;
    begin(&h, key, of_head, sizeof of_head);
    add_number(&h, (uint64_t)seq);
    add(&h, link, AUDIT_LINK);
    crypto_generichash_final(&h, ret, AUDIT_LINK);
}
