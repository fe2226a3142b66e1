/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operator names comes from the network to a descriptor, and goes back: https:// URLs and OCI registries, over the gateway. Bytes are counted, hashed and
 * compared with what was promised as they come; whoever calls keeps nothing of what failed.
 *
 * Functions block, on any thread but the gateway's. The file that is written to begins empty; after an error what is in it is of no use.
 */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gateway_scope;

enum {
    FETCH_URL_MAX = 4096,
    FETCH_BLOB_MAX = 128 << 20,      /* a layer of an image; a bundle as it comes */
    FETCH_MANIFEST_MAX = 1 << 20,
    FETCH_INDEX_MAX = 64,            /* entries of an index */
    FETCH_CONFIG_MAX = 1 << 20,      /* Docker's configuration file */
    FETCH_ANNOTATION_MAX = 4096,
};

/* How to fetch; all is borrowed. */
struct fetch {
    struct gateway_scope *net;
    uint64_t deadline_ns;            /* monotonic, for each function as a whole; UINT64_MAX: none */
    int cancel_fd;                   /* once it is readable the function gives up, with FETCH_FAILED; -1: never. It is not read from */
    const char *docker_config;       /* path of Docker's configuration file, which need not be there; NULL: no credentials */
    const char *const *helpers;      /* credential helpers that may be started, if that file names them ("pass" for docker-credential-pass) */
    size_t n_helpers;
    /* NULL allowed. On the calling thread, a few times a second at most; `total` 0: not known. */
    void (*progress)(void *data, uint64_t bytes, uint64_t total);
    void *data;
};

/* $DOCKER_CONFIG/config.json, else ~/.docker/config.json. The caller frees; NULL: there is no such place, or no memory. */
char *fetch_docker_config(void);

/* ---- https.c ---- */
/* Is it a URL for fetch_url? Any text that begins with https:// or http://. */
bool fetch_is_url(const char *text);
/* The URL without query and fragment, for messages and for what is kept; the caller frees. USAGE as fetch_url. */
int fetch_url_shown(const char *url, char **ret, cordon_error **err);
/* Fetches https://HOST[:PORT]/PATH[?QUERY][#sha256=HEX] (http:// from localhost or a loopback address with a port alone) and writes at most `max` bytes to `fd`. Redirects
 * lead to any name of the open internet over https, or stay at the URL's own origin. USAGE for a URL that is none; FETCH_FAILED; TOO_LARGE; DIGEST_MISMATCH; NOT_GRANTED where the
 * network settings forbid it; IO. */
int fetch_url(const struct fetch *f, const char *url, uint64_t max, int fd, uint8_t ret_sha256[32], uint64_t *ret_len, cordon_error **err);

/* ---- oci_ref.c ---- */
enum { OCI_REPOSITORY_MAX = 255, OCI_TAG_MAX = 128, OCI_REF_MAX = 1024 };
/* oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:HEX]. All owned. */
struct oci_ref {
    char *registry;     /* "registry.example.com", "localhost:5000", "[::1]:5000" */
    char *repository;   /* "team/skill" */
    char *tag;          /* "latest" where neither tag nor digest is given; NULL: a digest alone */
    char *digest;       /* 64 hex digits; NULL: none */
};
bool oci_is_ref(const char *text); /* begins with oci:// */
/* USAGE. *ret is zeroed on failure. */
int oci_ref_parse(const char *text, struct oci_ref *ret, cordon_error **err);
void oci_ref_finish(struct oci_ref *r);
/* The canonical text; the caller frees. NULL without memory. */
char *oci_ref_text(const struct oci_ref *r);

/* ---- oci_pull.c ---- */
enum oci_kind { OCI_WASM, OCI_BUNDLE /* tar, gzip */ };
const char *oci_kind_media_type(enum oci_kind kind); /* as push writes it */

struct oci_found {
    enum oci_kind kind;
    uint8_t digest[32]; /* of the manifest, by which the very same can be pulled again */
    uint8_t sha256[32]; /* of what was written */
    uint64_t len;
};
/* Writes the one layer to `fd`. Errors as fetch_url; BAD_ARTIFACT for an image that is no skill. */
int fetch_oci(const struct fetch *f, const struct oci_ref *ref, int fd, struct oci_found *ret, cordon_error **err);

/* ---- oci_push.c ---- */
struct oci_push {
    enum oci_kind kind;
    int fd;                                     /* a regular file: all of it is sent */
    const char *title, *version, *description;  /* NULL: none */
};
/* To the tag of `ref`; one with a digest is USAGE. */
int fetch_oci_push(const struct fetch *f, const struct oci_ref *ref, const struct oci_push *what, uint8_t ret_digest[32], cordon_error **err);
