/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "trust/hex.h"
#include "trust/key.h"
#include <string.h>

#define PURPOSE "cordon-bundle-v1"
enum { MESSAGE_MAX = sizeof PURPOSE + 2 * (TRUST_NAME_MAX + 1) + TRUST_DIGEST, LINES = 3 };

static int check_length(const char *what, const char *text, cordon_error **err)
{
    size_t len = strnlen(text, TRUST_NAME_MAX + 1);
    if (len && len <= TRUST_NAME_MAX)
        return 0;
    return len ? err_set(err, CORDON_E_TOO_LARGE, NULL, "the %s that is signed has more than %d bytes", what, TRUST_NAME_MAX)
               : err_set(err, CORDON_E_BAD_MANIFEST, NULL, "there is no %s to sign", what);
}

/* No two triples have one message: no part holds a NUL, but the last, whose length is fixed. */
static int make_message(const char *name, const char *version, const uint8_t *digest, uint8_t ret[MESSAGE_MAX], size_t *ret_len, cordon_error **err)
{
    int r = check_length("name", name, err);
    if (r < 0 || (r = check_length("version", version, err)) < 0)
        return r;
    uint8_t *at = mempcpy(ret, PURPOSE, sizeof PURPOSE);
    at = mempcpy(at, name, strlen(name) + 1);
    at = mempcpy(at, version, strlen(version) + 1);
    at = mempcpy(at, digest, TRUST_DIGEST);
    *ret_len = (size_t)(at - ret);
    return 0;
}

int trust_sign(const struct trust_secret *s, const char *name, const char *version, const uint8_t digest[TRUST_DIGEST], struct trust_signature *ret, cordon_error **err)
{
    uint8_t message[MESSAGE_MAX];
    size_t len = 0;
    int r = make_message(name, version, digest, message, &len, err);
    if (r < 0)
        return r;
    ret->publisher = s->key;
    memcpy(ret->digest, digest, TRUST_DIGEST);
    crypto_sign_detached(ret->signature, NULL, message, len, s->secret);
    return 0;
}

static int refuse(const char *why, const char *hint, cordon_error **err)
{
    int r = err_set(err, CORDON_E_TRUST_REFUSED, TRUST_SIGNATURE_FILE, TRUST_SIGNATURE_FILE " %s", why);
    err_hint(err, "%s", hint);
    return r;
}

int trust_verify(const struct trust_signature *sig, const char *name, const char *version, const uint8_t digest[TRUST_DIGEST], cordon_error **err)
{
    uint8_t message[MESSAGE_MAX];
    size_t len = 0;
    int r = trust_start(err);
    if (r < 0 || (r = make_message(name, version, digest, message, &len, err)) < 0)
        return r;
    if (memcmp(sig->digest, digest, TRUST_DIGEST))
        return refuse("is of other files than these: something was changed, added or removed after it was signed",
                      "Fetch it again, or ask the publisher to sign what is there now: cordon sign.", err);
    if (crypto_sign_verify_detached(sig->signature, message, len, sig->publisher.public_key))
        return refuse("does not hold: the key it names did not sign this name, version and content",
                      "Ask the publisher; do not install it as it is.", err);
    return 0;
}

int trust_signature_parse(const char *text, size_t len, struct trust_signature *ret, cordon_error **err)
{
    struct trust_signature sig;
    uint8_t publisher[TRUST_PUBLIC];
    const struct hex_line lines[LINES] = {
        {"publisher_id", TRUST_PUBLIC, publisher}, {"bundle_digest", TRUST_DIGEST, sig.digest}, {"signature", TRUST_SIGNATURE, sig.signature}};
    int r = trust_start(err);
    if (r < 0)
        return r;
    unsigned bad = hex_lines_read(text, len, lines, LINES);
    if (bad > LINES)
        return err_set(err, CORDON_E_BAD_ARTIFACT, TRUST_SIGNATURE_FILE, TRUST_SIGNATURE_FILE ": something follows the signature");
    if (bad)
        return err_set(err, CORDON_E_BAD_ARTIFACT, TRUST_SIGNATURE_FILE, TRUST_SIGNATURE_FILE ":%u: expected %s= and %zu lower-case hexadecimal digits",
                       bad, lines[bad - 1].name, 2 * lines[bad - 1].n);
    if (!trust_key_fill(publisher, &sig.publisher))
        return err_set(err, CORDON_E_BAD_ARTIFACT, TRUST_SIGNATURE_FILE, TRUST_SIGNATURE_FILE ":1: publisher_id is no Ed25519 public key");
    *ret = sig;
    return 0;
}

void trust_signature_print(const struct trust_signature *sig, char ret[TRUST_SIGNATURE_FILE_MAX])
{
    struct trust_signature s = *sig;
    hex_lines_write((const struct hex_line[LINES]){{"publisher_id", TRUST_PUBLIC, s.publisher.public_key},
                                                   {"bundle_digest", TRUST_DIGEST, s.digest}, {"signature", TRUST_SIGNATURE, s.signature}}, LINES, ret);
}
