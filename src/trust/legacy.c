/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "trust/hex.h"
#include "trust/key.h"
#include <string.h>

enum { LINES = 3 };

int trust_legacy_parse(const char *text, size_t len, struct trust_legacy *ret, cordon_error **err)
{
    struct trust_legacy sig;
    uint8_t publisher[TRUST_PUBLIC];
    const struct hex_line lines[LINES] = {
        {"publisher_id", TRUST_PUBLIC, publisher}, {"content_hash", TRUST_DIGEST, sig.content_hash}, {"signature", TRUST_SIGNATURE, sig.signature}};
    int r = trust_start(err);
    if (r < 0)
        return r;
    unsigned bad = hex_lines_read(text, len, lines, LINES);
    if (bad > LINES)
        return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the detached signature: something follows it");
    if (bad)
        return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the detached signature, line %u: expected %s= and %zu lower-case hexadecimal digits", bad,
                       lines[bad - 1].name, 2 * lines[bad - 1].n);
    if (!trust_key_fill(publisher, &sig.publisher))
        return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the detached signature, line 1: publisher_id is no Ed25519 public key");
    *ret = sig;
    return 0;
}

int trust_legacy_verify(const struct trust_legacy *sig, const void *wasm, size_t len, cordon_error **err)
{
    uint8_t hash[TRUST_DIGEST];
    int r = trust_start(err);
    if (r < 0)
        return r;
    crypto_hash_sha256(hash, wasm, len);
    if (memcmp(hash, sig->content_hash, sizeof hash))
        return err_set(err, CORDON_E_TRUST_REFUSED, NULL, "the detached signature is of other code than this");
    if (crypto_sign_verify_detached(sig->signature, wasm, len, sig->publisher.public_key))
        return err_set(err, CORDON_E_TRUST_REFUSED, NULL, "the detached signature does not hold: the key it names did not sign this code");
    return 0;
}

void trust_legacy_print(const struct trust_legacy *sig, char ret[TRUST_SIGNATURE_FILE_MAX])
{
    struct trust_legacy s = *sig;
    hex_lines_write((const struct hex_line[LINES]){{"publisher_id", TRUST_PUBLIC, s.publisher.public_key},
                                                   {"content_hash", TRUST_DIGEST, s.content_hash}, {"signature", TRUST_SIGNATURE, s.signature}}, LINES, ret);
}
