/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share about keys. */
#pragma once
#include "trust/trust.h"
#include <sodium.h>

/* In memory of sodium_malloc, read-only once it is whole. */
struct trust_secret {
    struct trust_key key;
    uint8_t seed[crypto_sign_SEEDBYTES], secret[crypto_sign_SECRETKEYBYTES];
};

int trust_start(cordon_error **err);
/* False: no key that anybody could have made in good faith. */
bool trust_key_fill(const uint8_t public_key[TRUST_PUBLIC], struct trust_key *ret);
/* Zeros, to be given a seed, then derived; NULL without memory. */
struct trust_secret *trust_secret_new(void);
void trust_secret_derive(struct trust_secret *s);
