/* SPDX-License-Identifier: Apache-2.0
 * Which signatures a bundle carries, and whether they hold. Whose keys are trusted is asked elsewhere. */
#pragma once
#include "bundle/bundle.h"
#include "trust/trust.h"

struct signed_word {
    bool there, read, holds;     /* its file is there; it could be read: `publisher` and `signature` are set; it is of this bundle */
    struct trust_key publisher;
    uint8_t signature[TRUST_SIGNATURE];
    cordon_error *why;           /* owned: why it does not hold; NULL if it does, or is not there */
};

struct signed_state {
    struct signed_word bundle;   /* cordon.sig: all of it */
    struct signed_word code;     /* ENTRY.sig: the code alone. It makes nothing verified. */
};

/* `entry` is the path of the code; NULL or not there: no signature of it is looked for. A signature that does not hold is no error. */
int signed_look(const struct bundle *b, const char *name, const char *version, const char *entry, struct signed_state *ret, cordon_error **err);
void signed_finish(struct signed_state *s);
