/* SPDX-License-Identifier: Apache-2.0
 * Reading. A text that could be read as an index and as an image, or whose type is not what the server said, is refused: two readers must not see two things. */
#include "fetch/oci_manifest.h"
#include "fetch/digest.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define DOCKER_IMAGE_TYPE "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_INDEX_TYPE "application/vnd.docker.distribution.manifest.list.v2+json"
#define OUR_BUNDLE_TYPE "application/vnd.cordon.bundle.v1.tar+gzip"

const char oci_manifest_accept[] = OCI_IMAGE_TYPE ", " INDEX_TYPE ", " DOCKER_IMAGE_TYPE ", " DOCKER_INDEX_TYPE;

static const struct layer_type { const char *type; enum oci_kind kind; } layer_types[] = {
    {"application/wasm", OCI_WASM},
    {"application/vnd.wasm.content.layer.v1+wasm", OCI_WASM},
    {"application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", OCI_WASM},
    {OUR_BUNDLE_TYPE, OCI_BUNDLE},
    {"application/vnd.oci.image.layer.v1.tar+gzip", OCI_BUNDLE},
};

const char *oci_kind_media_type(enum oci_kind kind) { return kind == OCI_WASM ? "application/wasm" : OUR_BUNDLE_TYPE; }

static void json_decref_p(json_t **j) { json_decref(*j); }

struct reader {
    const char *shown;
    cordon_error **err;
};

__attribute__((format(printf, 2, 3)))
static int refuse(const struct reader *r, const char *fmt, ...)
{
    char why[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    err_set(r->err, CORDON_E_BAD_ARTIFACT, r->shown, "%s is no skill: %s", r->shown, why);
    return err_hint(r->err, "A skill in a registry is an image with one layer, a component (application/wasm) or a bundle (%s); `cordon push` makes one.", OUR_BUNDLE_TYPE);
}

static const char *text_at(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    const char *s = json_string_value(v);
    return s && strlen(s) == json_string_length(v) ? s : NULL;
}

static bool is_image_type(const char *type) { return type && (!strcmp(type, OCI_IMAGE_TYPE) || !strcmp(type, DOCKER_IMAGE_TYPE)); }
static bool is_index_type(const char *type) { return type && (!strcmp(type, INDEX_TYPE) || !strcmp(type, DOCKER_INDEX_TYPE)); }

static int read_descriptor(const struct reader *r, const char *what, const json_t *d, uint64_t max, struct oci_promise *ret)
{
    const char *digest = text_at(d, "digest");
    const json_t *size = json_object_get(d, "size");
    if (!digest || strncmp(digest, "sha256:", 7) || !digest_read(digest + 7, ret->digest))
        return refuse(r, "its %s has no digest sha256:HEX", what);
    if (!json_is_integer(size) || json_integer_value(size) < 1)
        return refuse(r, "its %s has no size above zero", what);
    ret->len = (uint64_t)json_integer_value(size);
    if (ret->len > max)
        return err_set(r->err, CORDON_E_TOO_LARGE, r->shown, "%s: its %s has %" PRIu64 " bytes, at most %" PRIu64 " are fetched", r->shown, what, ret->len, max);
    return 0;
}

static int read_image(const struct reader *r, const json_t *root, struct oci_promise *ret)
{
    const json_t *layers = json_object_get(root, "layers"), *layer = json_array_get(layers, 0);
    const char *type = text_at(layer, "mediaType");
    if (!json_is_array(layers) || json_array_size(layers) != 1)
        return refuse(r, "the image has %zu layers, not one", json_array_size(layers));
    for (size_t i = 0; type && i < sizeof layer_types / sizeof *layer_types; i++)
        if (!strcmp(type, layer_types[i].type)) {
            ret->kind = layer_types[i].kind;
            return read_descriptor(r, "layer", layer, FETCH_BLOB_MAX, ret);
        }
    return refuse(r, "its layer is of the type '%.150s'", type ? type : "");
}

/* Build tools put a record of the build beside the image; it says of itself that it is for no platform. */
static bool is_usable(const json_t *entry)
{
    const char *os = text_at(json_object_get(entry, "platform"), "os");
    return is_image_type(text_at(entry, "mediaType")) && (!os || strcmp(os, "unknown"));
}

static bool is_for_wasm(const json_t *entry)
{
    const char *architecture = text_at(json_object_get(entry, "platform"), "architecture");
    return architecture && !strcmp(architecture, "wasm");
}

static int read_index(const struct reader *r, const json_t *root, struct oci_promise *ret)
{
    const json_t *entries = json_object_get(root, "manifests"), *found[2] = {NULL, NULL};
    size_t n[2] = {0, 0}, i;
    json_t *entry;
    if (!json_is_array(entries) || json_array_size(entries) > FETCH_INDEX_MAX)
        return refuse(r, "the index has %zu entries, at most %d are looked at", json_array_size(entries), FETCH_INDEX_MAX);
    json_array_foreach(entries, i, entry) {
        bool wasm = is_for_wasm(entry);
        if (!is_usable(entry))
            continue;
        found[wasm] = entry;
        n[wasm]++;
    }
    bool wasm = n[1] > 0; /* what is built for WebAssembly goes before what names no platform or another */
    if (n[wasm] != 1)
        return refuse(r, "the index has %zu images that could be meant, not one", n[wasm]);
    ret->is_manifest = true;
    return read_descriptor(r, "entry", found[wasm], FETCH_MANIFEST_MAX, ret);
}

/* Without the parameters. */
static bool same_type(const char *field, const char *type)
{
    size_t len = strcspn(field, "; \t");
    return len == strlen(type) && !strncasecmp(field, type, len);
}

static int read_root(const struct reader *r, const json_t *root, const char *field, struct oci_promise *ret)
{
    const char *type = text_at(root, "mediaType");
    bool index = json_object_get(root, "manifests"), image = json_object_get(root, "layers") || json_object_get(root, "config");
    if (!json_is_object(root))
        return refuse(r, "its manifest is no JSON object, or has a key twice");
    if (json_integer_value(json_object_get(root, "schemaVersion")) != 2)
        return refuse(r, "its manifest is not of schema version 2");
    if (index == image || json_object_get(root, "fsLayers"))
        return refuse(r, "its manifest is neither an image nor an index, or both");
    if (!type && json_object_get(root, "mediaType"))
        return refuse(r, "the media type of its manifest is no text");
    if (type && !(index ? is_index_type(type) : is_image_type(type)))
        return refuse(r, "its manifest is of the type '%.150s'", type);
    if (!field || !(type ? same_type(field, type) : index ? same_type(field, INDEX_TYPE) : same_type(field, OCI_IMAGE_TYPE)))
        return refuse(r, "the server says that its manifest is '%.150s', which it is not", field ? field : "");
    return index ? read_index(r, root, ret) : read_image(r, root, ret);
}

int oci_manifest_parse(const char *json, size_t len, const char *type, const char *shown, struct oci_promise *ret, cordon_error **err)
{
    const struct reader r = {shown, err};
    struct oci_promise p = {0};
    cleanup(json_decref_p) json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    int rc = read_root(&r, root, type, &p);
    if (rc == 0)
        *ret = p;
    return rc;
}
