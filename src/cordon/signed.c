/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/signed.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <string.h>

enum { ENTRY_MAX = 64 << 20 };
#define LEGACY_END ".sig"

static void word_finish(struct signed_word *w)
{
    cordon_error_free(w->why);
    *w = (struct signed_word){0};
}

void signed_finish(struct signed_state *s)
{
    word_finish(&s->bundle);
    word_finish(&s->code);
}

/* What is wrong with a signature is what was asked; anything else is an error. */
static int judge(struct signed_word *w, int r, cordon_error *why, cordon_error **err)
{
    w->holds = r >= 0;
    if (r >= 0)
        return 0;
    if (r == -CORDON_E_BAD_ARTIFACT || r == -CORDON_E_TRUST_REFUSED || r == -CORDON_E_TOO_LARGE) {
        w->why = why;
        return 0;
    }
    if (err)
        *err = why;
    else
        cordon_error_free(why);
    return r;
}

static int look_at_bundle(const struct bundle *b, const char *name, const char *version, struct signed_word *w, cordon_error **err)
{
    cleanup_free char *text = NULL;
    struct trust_signature sig;
    cordon_error *why = NULL;
    size_t len = 0;
    if (!(w->there = bundle_find(b, TRUST_SIGNATURE_FILE)))
        return 0;
    int r = bundle_load(b, TRUST_SIGNATURE_FILE, TRUST_SIGNATURE_FILE_MAX, &text, &len, &why);
    if (r >= 0 && (r = trust_signature_parse(text, len, &sig, &why)) >= 0) {
        w->read = true;
        w->publisher = sig.publisher;
        memcpy(w->signature, sig.signature, sizeof w->signature);
        r = trust_verify(&sig, name, version, b->digest, &why);
    }
    return judge(w, r, why, err);
}

static int verify_code(const struct bundle *b, const char *entry, const struct trust_legacy *sig, cordon_error **why)
{
    cleanup_free char *wasm = NULL;
    size_t len = 0;
    int r = bundle_load(b, entry, ENTRY_MAX, &wasm, &len, why);
    return r < 0 ? r : trust_legacy_verify(sig, wasm, len, why);
}

static int look_at_code(const struct bundle *b, const char *entry, struct signed_word *w, cordon_error **err)
{
    char path[BUNDLE_PATH_MAX + sizeof LEGACY_END];
    cleanup_free char *text = NULL;
    struct trust_legacy sig;
    cordon_error *why = NULL;
    size_t len = 0;
    if (!entry || strlen(entry) > BUNDLE_PATH_MAX || !bundle_find(b, entry))
        return 0;
    stpcpy(stpcpy(path, entry), LEGACY_END);
    if (!(w->there = bundle_find(b, path)))
        return 0;
    int r = bundle_load(b, path, TRUST_SIGNATURE_FILE_MAX, &text, &len, &why);
    if (r >= 0 && (r = trust_legacy_parse(text, len, &sig, &why)) >= 0) {
        w->read = true;
        w->publisher = sig.publisher;
        memcpy(w->signature, sig.signature, sizeof w->signature);
        r = verify_code(b, entry, &sig, &why);
    }
    return judge(w, r, why, err);
}

int signed_look(const struct bundle *b, const char *name, const char *version, const char *entry, struct signed_state *ret, cordon_error **err)
{
    struct signed_state s = {0};
    int r = look_at_bundle(b, name, version, &s.bundle, err);
    if (r >= 0)
        r = look_at_code(b, entry, &s.code, err);
    if (r < 0) {
        signed_finish(&s);
        return r;
    }
    *ret = s;
    return 0;
}
