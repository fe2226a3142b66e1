/* SPDX-License-Identifier: Apache-2.0
 *
 * Sending a skill to an OCI registry, from where others install it.
 */
#ifndef CORDON_PUSH_H
#define CORDON_PUSH_H

#include <cordon/registry.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Sends `target` to `reference`, "oci://HOST[:PORT]/NAME[:TAG]" (no tag: latest). `target` is a component or a core
 *  module (.wasm), which becomes an image of the type application/wasm; or the folder of a skill, or an archive of one
 *  (.tar.gz), which becomes a bundle (application/vnd.cordon.bundle.v1.tar+gzip). Of a folder everything is sent that
 *  installing it would take, a signature too. Title, version and description are those of its manifest.
 *
 *  By https, but for a registry on this machine; with the credentials that Docker's configuration has for that host
 *  ($DOCKER_CONFIG, else ~/.docker), and no others. What is named by the settings in force when the host was made counts:
 *  proxy, authorities, credential helpers. Half an hour at most.
 *
 *  `cancel_fd`: once that descriptor is readable it gives up (-1: never); it is not read from. *ret_json is an object:
 *  `cordon` (1), `reference`, `pinned` (the same with the digest in place of the tag), `digest`, `kind` (component |
 *  module | bundle), `media_type`, `size_bytes`, `name`, `version` (or null); the caller frees it with cordon_free.
 *
 *  Any thread; blocks. Errors: USAGE, NOT_FOUND, BAD_ARTIFACT, BAD_MANIFEST, TOO_LARGE, FETCH_FAILED, DIGEST_MISMATCH,
 *  BAD_CONFIG (Docker's), MISSING_TOOL, UNSAFE_PATH, IO. */
CORDON_API int cordon_push(cordon_host *host, const char *target, const char *reference, int cancel_fd,
                           char **ret_json, cordon_error **err);
/** The same of an installed skill, NAME or NAME@VERSION: its files as they were installed, with their signature. Errors
 *  also: NOT_FOUND (no such skill), DAMAGED (its files are not what was installed). */
CORDON_API int cordon_push_installed(cordon_registry *registry, const char *name, const char *reference, int cancel_fd,
                                     char **ret_json, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
