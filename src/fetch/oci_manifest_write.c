/* SPDX-License-Identifier: Apache-2.0
 * Writing. The same skill gives the same bytes, so the same digest. */
#include "fetch/oci_manifest.h"
#include "fetch/digest.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define OUR_BUNDLE_ARTIFACT "application/vnd.cordon.bundle.v1"
enum { DIGEST_FIELD = 80 };

static void json_decref_p(json_t **j) { json_decref(*j); }
#define cleanup_json cleanup(json_decref_p)

const char *oci_config_type(enum oci_kind kind) { return kind == OCI_WASM ? OCI_WASM_CONFIG_TYPE : OCI_EMPTY_CONFIG_TYPE; }

static void write_digest(const uint8_t sha256[32], char ret[DIGEST_FIELD])
{
    char hex[DIGEST_TEXT];
    digest_write(sha256, hex);
    snprintf(ret, DIGEST_FIELD, "sha256:%s", hex);
}

static int dump(struct buf *b, const json_t *root, cordon_error **err)
{
    cleanup_free char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    return text && buf_adds(b, text) == 0 ? 0 : err_nomem(err);
}

int oci_config_write(struct buf *b, enum oci_kind kind, const uint8_t layer[32], cordon_error **err)
{
    char digest[DIGEST_FIELD];
    write_digest(layer, digest);
    cleanup_json json_t *root = kind == OCI_BUNDLE ? json_object() : json_pack("{ss ss s[s]}", "architecture", "wasm", "os", "wasip2", "layerDigests", digest);
    return dump(b, root, err);
}

static json_t *descriptor(const char *type, const uint8_t sha256[32], uint64_t len)
{
    char digest[DIGEST_FIELD];
    write_digest(sha256, digest);
    return json_pack("{ss ss sI}", "mediaType", type, "digest", digest, "size", (json_int_t)len);
}

static json_t *annotations(const struct oci_push *what)
{
    return json_pack("{ss* ss* ss*}", "org.opencontainers.image.title", what->title, "org.opencontainers.image.version", what->version,
                     "org.opencontainers.image.description", what->description);
}

int oci_manifest_write(struct buf *b, const struct oci_push *what, const uint8_t layer[32], uint64_t layer_len, const uint8_t config[32], size_t config_len, cordon_error **err)
{
    cleanup_json json_t *root = json_pack("{si ss ss* so s[o] so}", "schemaVersion", 2, "mediaType", OCI_IMAGE_TYPE, "artifactType", what->kind == OCI_BUNDLE ? OUR_BUNDLE_ARTIFACT : NULL,
                                          "config", descriptor(oci_config_type(what->kind), config, config_len),
                                          "layers", descriptor(oci_kind_media_type(what->kind), layer, layer_len), "annotations", annotations(what));
    return dump(b, root, err);
}
