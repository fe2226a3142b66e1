/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key.h"

#include "base/error.h"
#include "trust/hex.h"
#include <stdlib.h>
#include <string.h>

/* Before it was started, libsodium's own memory ends the process. */
int trust_start(cordon_error **err)
{
    return sodium_init() < 0 ? err_set(err, CORDON_E_KERNEL, NULL, "no source of random numbers") : 0;
}

/* A point of small order verifies anything; one that is not canonical is a second name for another key. */
bool trust_key_fill(const uint8_t public_key[TRUST_PUBLIC], struct trust_key *ret)
{
    if (!crypto_core_ed25519_is_valid_point(public_key))
        return false;
    memcpy(ret->public_key, public_key, TRUST_PUBLIC);
    hex_write(public_key, TRUST_PUBLIC, ret->id);
    return true;
}

int trust_key_parse(const char *id, struct trust_key *ret, cordon_error **err)
{
    uint8_t bytes[TRUST_PUBLIC];
    int r = trust_start(err);
    if (r < 0)
        return r;
    if (strnlen(id, TRUST_ID + 1) != TRUST_ID || !hex_read(id, bytes, TRUST_PUBLIC)) {
        r = err_set(err, CORDON_E_USAGE, NULL, "a publisher's id is %d lower-case hexadecimal digits", TRUST_ID);
        err_hint(err, "`cordon key show` prints the id of a key.");
        return r;
    }
    if (trust_key_fill(bytes, ret))
        return 0;
    r = err_set(err, CORDON_E_USAGE, id, "%s is no Ed25519 public key: nobody can have made it in good faith", id);
    err_hint(err, "Ask the publisher for the id again; `cordon key show` prints it.");
    return r;
}

bool trust_key_equal(const struct trust_key *a, const struct trust_key *b) { return !memcmp(a->public_key, b->public_key, TRUST_PUBLIC); }

struct trust_secret *trust_secret_new(void)
{
    struct trust_secret *s = sodium_malloc(sizeof *s);
    if (s)
        memset(s, 0, sizeof *s);
    return s;
}

void trust_secret_derive(struct trust_secret *s)
{
    crypto_sign_seed_keypair(s->key.public_key, s->secret, s->seed);
    hex_write(s->key.public_key, TRUST_PUBLIC, s->key.id);
    sodium_mprotect_readonly(s);
}

int trust_secret_make(struct trust_secret **ret, cordon_error **err)
{
    int r = trust_start(err);
    struct trust_secret *s = r < 0 ? NULL : trust_secret_new();
    if (!s)
        return r < 0 ? r : err_nomem(err);
    randombytes_buf(s->seed, sizeof s->seed);
    trust_secret_derive(s);
    *ret = s;
    return 0;
}

const struct trust_key *trust_secret_key(const struct trust_secret *s) { return &s->key; }

void trust_secret_free(struct trust_secret *s) { sodium_free(s); }
