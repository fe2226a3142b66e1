/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/digest.h"
#include "fetch/oci_manifest.h"
#include "fetch/oci_session.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static void session_finish_p(struct oci_session *s) { oci_session_finish(s); }
static void exchange_finish_p(struct exchange *x) { exchange_finish(x); }

static int mismatch(const struct oci_session *s, const char *what, const uint8_t came[32], const char *wanted, cordon_error **err)
{
    char hex[DIGEST_TEXT];
    digest_write(came, hex);
    return err_set(err, CORDON_E_DIGEST_MISMATCH, s->shown, "%s: its %s has the digest %s, promised was %s", s->shown, what, hex, wanted);
}

/* `wanted` NULL: whatever the tag names, but what the registry itself says of it has to hold. */
static int check_manifest(const struct oci_session *s, const struct exchange *x, const char *wanted, uint8_t ret[32], cordon_error **err)
{
    uint8_t sha256[32], said[32];
    char hex[DIGEST_TEXT];
    crypto_hash_sha256(sha256, (const unsigned char *)(x->body.data ? x->body.data : ""), x->body.len);
    digest_write(sha256, hex);
    if (wanted && strcmp(hex, wanted))
        return mismatch(s, "manifest", sha256, wanted, err);
    if (x->digest && !strncmp(x->digest, "sha256:", 7) && digest_read(x->digest + 7, said) && memcmp(said, sha256, 32))
        return mismatch(s, "manifest", sha256, x->digest + 7, err);
    memcpy(ret, sha256, sizeof sha256);
    return 0;
}

/* The manifest of that tag or digest. */
static int get_manifest(struct oci_session *s, const char *digest, uint8_t ret_digest[32], struct oci_promise *ret, cordon_error **err)
{
    cleanup(exchange_finish_p) struct exchange x = {0};
    struct exchange_ask ask = {.method = "GET", .max = FETCH_MANIFEST_MAX, .follow = true, .anywhere = true};
    char path[OCI_TAG_MAX + 128];
    oci_field(&ask, "accept", oci_manifest_accept);
    snprintf(path, sizeof path, "manifests/%s%s", digest ? "sha256:" : "", digest ? digest : s->ref->tag);
    int rc = oci_request(s, path, &ask, &x, err);
    if (rc < 0)
        return rc;
    if (x.status != 200)
        return oci_refused(s, "fetch its manifest", &x, err);
    rc = check_manifest(s, &x, digest, ret_digest, err);
    return rc < 0 ? rc : oci_manifest_parse(x.body.data ? x.body.data : "", x.body.len, x.content_type, s->shown, ret, err);
}

static int find_layer(struct oci_session *s, uint8_t ret_digest[32], struct oci_promise *ret, cordon_error **err)
{
    char hex[DIGEST_TEXT];
    uint8_t of_image[32];
    int rc = get_manifest(s, s->ref->digest, ret_digest, ret, err);
    if (rc < 0 || !ret->is_manifest)
        return rc;
    digest_write(ret->digest, hex);
    if ((rc = get_manifest(s, hex, of_image, ret, err)) < 0)
        return rc;
    if (ret->is_manifest)
        return err_set(err, CORDON_E_BAD_ARTIFACT, s->shown, "%s is no skill: its index names another index", s->shown);
    return 0;
}

/* Who installs goes by the bytes, so they have to be what the manifest says. */
static int check_kind(const struct oci_session *s, enum oci_kind kind, const struct sink *sink, cordon_error **err)
{
    static const uint8_t wasm[4] = {0, 'a', 's', 'm'}, gzip[2] = {0x1f, 0x8b};
    bool fits = kind == OCI_WASM ? !memcmp(sink->head, wasm, sizeof wasm) : !memcmp(sink->head, gzip, sizeof gzip);
    return fits ? 0 : err_set(err, CORDON_E_BAD_ARTIFACT, s->shown, "%s is no skill: its manifest says that its layer is %s, but its bytes are not", s->shown,
                              kind == OCI_WASM ? "WebAssembly" : "packed with gzip");
}

static int get_blob(struct oci_session *s, const struct oci_promise *layer, int fd, uint8_t ret_sha256[32], cordon_error **err)
{
    cleanup(exchange_finish_p) struct exchange x = {0};
    struct sink sink;
    char path[DIGEST_TEXT + 32], hex[DIGEST_TEXT];
    uint8_t sha256[32];
    digest_write(layer->digest, hex);
    snprintf(path, sizeof path, "blobs/sha256:%s", hex);
    sink_init(&sink, fd, layer->len, s->shown);
    sink.exact = true;
    struct exchange_ask ask = {.method = "GET", .sink = &sink, .follow = true, .anywhere = true, .progress = true};
    int rc = oci_request(s, path, &ask, &x, err);
    if (rc < 0)
        return rc;
    if (x.status != 200)
        return oci_refused(s, "fetch its layer", &x, err);
    if ((rc = sink_end(&sink, sha256, err)) < 0)
        return rc;
    if (memcmp(sha256, layer->digest, sizeof sha256))
        return mismatch(s, "layer", sha256, hex, err);
    if ((rc = check_kind(s, layer->kind, &sink, err)) < 0)
        return rc;
    memcpy(ret_sha256, sha256, sizeof sha256);
    return 0;
}

int fetch_oci(const struct fetch *f, const struct oci_ref *ref, int fd, struct oci_found *ret, cordon_error **err)
{
    cleanup(session_finish_p) struct oci_session s = {0};
    struct oci_promise layer;
    struct oci_found found;
    int rc = oci_session_init(&s, f, ref, false, err);
    if (rc < 0 || (rc = find_layer(&s, found.digest, &layer, err)) < 0 || (rc = get_blob(&s, &layer, fd, found.sha256, err)) < 0)
        return rc;
    found.kind = layer.kind;
    found.len = layer.len;
    *ret = found;
    return 0;
}
