/* SPDX-License-Identifier: Apache-2.0
 * Blobs first, each whole in one request, then the manifest that names them. What the registry has already is not sent again. */
#include "fetch/digest.h"
#include "fetch/oci_manifest.h"
#include "fetch/oci_session.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void session_finish_p(struct oci_session *s) { oci_session_finish(s); }
static void exchange_finish_p(struct exchange *x) { exchange_finish(x); }
static void buf_finish_p(struct buf *b) { buf_finish(b); }

/* What is sent: bytes, or a file. */
struct blob {
    const void *bytes;
    const struct source *source; /* NULL: bytes */
    uint64_t len;
    uint8_t sha256[32];
};

static int hash_file(int fd, struct source *ret, struct blob *blob, cordon_error **err)
{
    struct stat st;
    crypto_hash_sha256_state hash;
    char piece[64 << 10];
    uint64_t at = 0;
    ssize_t n;
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", "what is to be sent");
    if (!S_ISREG(st.st_mode) || st.st_size < 1 || st.st_size > FETCH_BLOB_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "what is sent is a file of 1 byte to 128 MiB, this has %" PRIu64 " bytes", (uint64_t)st.st_size);
    *ret = (struct source){fd, (uint64_t)st.st_size};
    crypto_hash_sha256_init(&hash);
    while (at < ret->len && (n = pread(fd, piece, sizeof piece < ret->len - at ? sizeof piece : (size_t)(ret->len - at), (off_t)at)) > 0) {
        crypto_hash_sha256_update(&hash, (unsigned char *)piece, (size_t)n);
        at += (uint64_t)n;
    }
    if (at < ret->len)
        return err_set(err, CORDON_E_IO, NULL, "what is to be sent cannot be read");
    *blob = (struct blob){.source = ret, .len = ret->len};
    crypto_hash_sha256_final(&hash, blob->sha256);
    return 0;
}

static int is_there(struct oci_session *s, const char *digest, bool *ret, cordon_error **err)
{
    cleanup(exchange_finish_p) struct exchange x = {0};
    struct exchange_ask ask = {.method = "HEAD"};
    char path[DIGEST_TEXT + 32];
    snprintf(path, sizeof path, "blobs/sha256:%s", digest);
    int rc = oci_request(s, path, &ask, &x, err);
    if (rc == 0 && (x.status == 401 || x.status == 403))
        rc = oci_refused(s, "write to it", &x, err);
    *ret = rc == 0 && x.status == 200;
    return rc;
}

static int elsewhere(const struct oci_session *s, cordon_error **err)
{
    return err_set(err, CORDON_E_FETCH_FAILED, s->shown, "%s: the registry wants the upload to go somewhere else than to itself, and nothing is sent there", s->shown);
}

/* Where the upload goes on, with its digest; at the registry's own origin. */
static int upload_url(const struct oci_session *s, const char *location, const char *digest, char **ret, cordon_error **err)
{
    char own[ORIGIN_TEXT];
    struct origin o;
    bool https = !strncmp(location, "https://", 8), whole = https || !strncmp(location, "http://", 7);
    const char *authority = location + (https ? 8 : 7);
    origin_print(&s->origin, own);
    if (whole && (origin_parse(https ? NET_HTTPS : NET_HTTP, authority, strcspn(authority, "/?#"), &o) || !origin_equal(&o, &s->origin)))
        return elsewhere(s, err);
    if ((!whole && (location[0] != '/' || location[1] == '/')) || strchr(location, '#') || strlen(location) > GATEWAY_URL_MAX / 2)
        return elsewhere(s, err);
    if (asprintf(ret, "%s%s%cdigest=sha256:%s", whole ? "" : own, location, strchr(location, '?') ? '&' : '?', digest) < 0)
        return err_nomem(err);
    return 0;
}

static int begin_upload(struct oci_session *s, const char *digest, char **ret, cordon_error **err)
{
    cleanup(exchange_finish_p) struct exchange x = {0};
    struct exchange_ask ask = {.method = "POST"};
    int rc = oci_request(s, "blobs/uploads/", &ask, &x, err);
    if (rc < 0)
        return rc;
    if (x.status != 202 || !x.location)
        return oci_refused(s, "begin an upload", &x, err);
    return upload_url(s, x.location, digest, ret, err);
}

static int put_blob(struct oci_session *s, const struct blob *b, cordon_error **err)
{
    cleanup(exchange_finish_p) struct exchange x = {0};
    cleanup_free char *url = NULL;
    char digest[DIGEST_TEXT];
    bool there;
    digest_write(b->sha256, digest);
    int rc = is_there(s, digest, &there, err);
    if (rc < 0 || there || (rc = begin_upload(s, digest, &url, err)) < 0)
        return rc;
    struct exchange_ask ask = {.method = "PUT", .source = b->source, .body = b->bytes, .body_len = b->source ? 0 : (size_t)b->len, .progress = b->source};
    oci_field(&ask, "content-type", "application/octet-stream");
    if ((rc = oci_request_url(s, url, &ask, &x, err)) < 0)
        return rc;
    return x.status == 201 || x.status == 204 ? 0 : oci_refused(s, "upload its bytes", &x, err);
}

static int put_manifest(struct oci_session *s, const struct buf *manifest, uint8_t ret_digest[32], cordon_error **err)
{
    cleanup(exchange_finish_p) struct exchange x = {0};
    struct exchange_ask ask = {.method = "PUT", .body = manifest->data, .body_len = manifest->len};
    char path[OCI_TAG_MAX + 32];
    uint8_t sha256[32], said[32];
    oci_field(&ask, "content-type", OCI_IMAGE_TYPE);
    snprintf(path, sizeof path, "manifests/%s", s->ref->tag);
    int rc = oci_request(s, path, &ask, &x, err);
    if (rc < 0)
        return rc;
    if (x.status != 201)
        return oci_refused(s, "write its manifest", &x, err);
    crypto_hash_sha256(sha256, (unsigned char *)manifest->data, manifest->len);
    if (x.digest && !strncmp(x.digest, "sha256:", 7) && digest_read(x.digest + 7, said) && memcmp(said, sha256, 32))
        return err_set(err, CORDON_E_DIGEST_MISMATCH, s->shown, "%s: the registry keeps another manifest than the one that was sent", s->shown);
    memcpy(ret_digest, sha256, sizeof sha256);
    return 0;
}

static int put_all(struct oci_session *s, const struct oci_push *what, uint8_t ret_digest[32], cordon_error **err)
{
    cleanup(buf_finish_p) struct buf config;
    cleanup(buf_finish_p) struct buf manifest;
    struct source source;
    struct blob layer, of_config;
    buf_init(&config, FETCH_MANIFEST_MAX);
    buf_init(&manifest, FETCH_MANIFEST_MAX);
    int rc = hash_file(what->fd, &source, &layer, err);
    if (rc < 0 || (rc = oci_config_write(&config, what->kind, layer.sha256, err)) < 0)
        return rc;
    of_config = (struct blob){.bytes = config.data, .len = config.len};
    crypto_hash_sha256(of_config.sha256, (unsigned char *)config.data, config.len);
    if ((rc = oci_manifest_write(&manifest, what, layer.sha256, layer.len, of_config.sha256, config.len, err)) < 0)
        return rc;
    if ((rc = put_blob(s, &layer, err)) < 0 || (rc = put_blob(s, &of_config, err)) < 0)
        return rc;
    return put_manifest(s, &manifest, ret_digest, err);
}

int fetch_oci_push(const struct fetch *f, const struct oci_ref *ref, const struct oci_push *what, uint8_t ret_digest[32], cordon_error **err)
{
    cleanup(session_finish_p) struct oci_session s = {0};
    if (ref->digest || !ref->tag)
        return err_set(err, CORDON_E_USAGE, NULL, "what is pushed goes to a tag; its digest follows from its bytes: leave the @sha256: out");
    int rc = oci_session_init(&s, f, ref, true, err);
    return rc < 0 ? rc : put_all(&s, what, ret_digest, err);
}
