/* SPDX-License-Identifier: Apache-2.0
 *
 * Who says that a bundle is theirs: Ed25519 keys, the files they lie in, what a signature covers. It decides nothing: which key is trusted for what is the
 * registry's.
 *
 * Every text form is read to the letter (lower-case digits, these lines in this order, nothing behind them but one newline), so that no two texts mean the same.
 * libsodium is started where it is first needed. Any thread.
 */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRUST_PUBLIC = 32,              /* bytes of a public key */
    TRUST_ID = 2 * TRUST_PUBLIC,    /* digits of its id */
    TRUST_DIGEST = 32,
    TRUST_SIGNATURE = 64,
    TRUST_NAME_MAX = 255,           /* bytes of a name or a version that is signed */
    TRUST_KEY_FILE_MAX = 256,       /* a key file, with its NUL */
    TRUST_SIGNATURE_FILE_MAX = 512, /* a signature file, with its NUL */
};

/* The signature of a bundle lies in it under this name. */
#define TRUST_SIGNATURE_FILE "cordon.sig"

struct trust_key {
    uint8_t public_key[TRUST_PUBLIC];
    char id[TRUST_ID + 1];          /* the public key in lower-case hexadecimal digits */
};

/* ---- key.c ---- */
/* A key of its id: 64 lower-case digits. USAGE: it is none, or no key that anybody could have made in good faith (of small order, not on the curve, not canonical). */
int trust_key_parse(const char *id, struct trust_key *ret, cordon_error **err);
bool trust_key_equal(const struct trust_key *a, const struct trust_key *b);

/* A secret key: in locked memory, wiped when it is freed. */
struct trust_secret;
int trust_secret_make(struct trust_secret **ret, cordon_error **err);
const struct trust_key *trust_secret_key(const struct trust_secret *s);
void trust_secret_free(struct trust_secret *s); /* NULL allowed */

/* ---- key_file.c: a header line, 64 digits, the matching END line ---- */
enum trust_form { TRUST_FORM_PRIVATE, TRUST_FORM_PUBLIC };
/* Pure. Which of the two a text is, by its first line; -1: neither. */
int trust_form_of(const char *text, size_t len);
/* Pure; errors are BAD_ARTIFACT and repeat nothing of the text. */
int trust_public_parse(const char *text, size_t len, struct trust_key *ret, cordon_error **err);
int trust_secret_parse(const char *text, size_t len, struct trust_secret **ret, cordon_error **err);
void trust_public_print(const struct trust_key *key, char ret[TRUST_KEY_FILE_MAX]);
/* Into memory of sodium_malloc, TRUST_KEY_FILE_MAX bytes. */
void trust_secret_print(const struct trust_secret *s, char *ret);
/* Of a secret key's file: regular, this user's alone (UNSAFE_PATH). NOT_FOUND. */
int trust_secret_read(const char *path, struct trust_secret **ret, cordon_error **err);
/* 0600, and only if there is nothing of that name (CONFLICT). */
int trust_secret_write(const char *path, const struct trust_secret *s, cordon_error **err);
int trust_public_read(const char *path, struct trust_key *ret, cordon_error **err);
int trust_public_write(const char *path, const struct trust_key *key, cordon_error **err);
/* The public key in a file of either form; of a secret one nothing else is kept. */
int trust_key_read(const char *path, struct trust_key *ret, cordon_error **err);

/* ---- signature.c: `cordon.sig`: publisher_id=, bundle_digest=, signature=, a line each ---- */
struct trust_signature {
    struct trust_key publisher;
    uint8_t digest[TRUST_DIGEST], signature[TRUST_SIGNATURE];
};
/* Signs "cordon-bundle-v1" NUL name NUL version NUL digest. */
int trust_sign(const struct trust_secret *s, const char *name, const char *version, const uint8_t digest[TRUST_DIGEST], struct trust_signature *ret, cordon_error **err);
/* TRUST_REFUSED, with the reason: it is of another digest, or it does not hold. */
int trust_verify(const struct trust_signature *sig, const char *name, const char *version, const uint8_t digest[TRUST_DIGEST], cordon_error **err);
/* Pure. BAD_ARTIFACT with the line. */
int trust_signature_parse(const char *text, size_t len, struct trust_signature *ret, cordon_error **err);
void trust_signature_print(const struct trust_signature *sig, char ret[TRUST_SIGNATURE_FILE_MAX]);

/* ---- legacy.c: `FILE.wasm.sig` of skill.toml's format: publisher_id=, content_hash=, signature=. It covers the code alone, never the manifest: it makes nothing verified. ---- */
struct trust_legacy {
    struct trust_key publisher;
    uint8_t content_hash[TRUST_DIGEST], signature[TRUST_SIGNATURE];
};
int trust_legacy_parse(const char *text, size_t len, struct trust_legacy *ret, cordon_error **err);
/* TRUST_REFUSED, with the reason. */
int trust_legacy_verify(const struct trust_legacy *sig, const void *wasm, size_t len, cordon_error **err);
void trust_legacy_print(const struct trust_legacy *sig, char ret[TRUST_SIGNATURE_FILE_MAX]);

/* ---- pattern.c: which names a key is trusted for ---- */
/* A name, or the beginning of names with one `*` at its end; `*` alone is every name. USAGE. */
int trust_pattern_check(const char *pattern, cordon_error **err);
bool trust_pattern_fits(const char *pattern, const char *name);
