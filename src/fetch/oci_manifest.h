/* SPDX-License-Identifier: Apache-2.0
 * Manifests of OCI images and indexes: what they promise, and what Cordon writes. Pure, over bytes. */
#pragma once
#include "fetch/fetch.h"
#include "base/buf.h"

#define OCI_IMAGE_TYPE "application/vnd.oci.image.manifest.v1+json"
#define OCI_WASM_CONFIG_TYPE "application/vnd.wasm.config.v0+json"
#define OCI_EMPTY_CONFIG_TYPE "application/vnd.oci.empty.v1+json"

/* What may be asked for, as the Accept field has it. */
extern const char oci_manifest_accept[];

struct oci_promise {
    bool is_manifest;     /* one entry of an index: the image's manifest; else the one layer of an image */
    enum oci_kind kind;   /* of a layer */
    uint8_t digest[32];
    uint64_t len;
};

/* `type` is the Content-Type of the answer; NULL: none. `shown` names it in messages. BAD_ARTIFACT, TOO_LARGE. */
int oci_manifest_parse(const char *json, size_t len, const char *type, const char *shown, struct oci_promise *ret, cordon_error **err);

/* Appends the config of an image, and its manifest. */
int oci_config_write(struct buf *b, enum oci_kind kind, const uint8_t layer[32], cordon_error **err);
int oci_manifest_write(struct buf *b, const struct oci_push *what, const uint8_t layer[32], uint64_t layer_len, const uint8_t config[32], size_t config_len, cordon_error **err);
const char *oci_config_type(enum oci_kind kind);
