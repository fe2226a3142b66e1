/* SPDX-License-Identifier: Apache-2.0
 *
 * What is installed in Cordon's home: skills under a name, each with the version in force and a few before it, what the
 * operator granted them, their limits, and the keys he trusts. How something gets there: cordon/install.h.
 *
 * The registry is the host's: it lies in the host's home (cordon_host_opts_set_home). Whoever can write that home is the
 * operator. What changes it is done when the function returns: a kill at any instant leaves what was there or what was
 * to be, and other processes see it at their next call. Two that change it at once wait for each other, up to 10
 * seconds, then: BUSY. Who reads waits for nobody.
 *
 * Names: lower-case letters, digits, `-` and `_`, at most 64. All of these functions block, and may fail with UNSAFE_PATH
 * (the home can be written by others), DAMAGED, NEWER_HOME, MISSING_TOOL (SQLite), IO; those that change something also with BUSY and
 * TOO_LARGE (the disk is full).
 */
#ifndef CORDON_REGISTRY_H
#define CORDON_REGISTRY_H

#include <cordon/script.h>
#include <cordon/skill.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The registry of a host. */
typedef struct cordon_registry cordon_registry;

/** The registry in the host's home. Nothing is opened or made yet. The caller closes it, after the installations made
 *  from it and before the host. */
CORDON_API int cordon_registry_open(cordon_host *host, cordon_registry **ret, cordon_error **err);
/** NULL allowed. */
CORDON_API void cordon_registry_close(cordon_registry *registry);

/** What is installed, as one JSON object: `cordon` (1), `skills`, by name, each with `name`, `version`, `description`,
 *  `kind` (code | text | script), `tier` (as of now), `recorded_tier`, `source`, `digest` (of the bundle), `publisher` (id
 *  or null), `standing` (unsigned | bad-signature | unknown-key | trusted), `installed_at`, `updated_at`, `versions` (kept, newest first). Texts in it are a
 *  stranger's. The caller frees with cordon_free. */
CORDON_API int cordon_registry_list(cordon_registry *registry, char **ret_json, cordon_error **err);
/** One of them, with `author`, `entry`, `format`, `artifact` (sha256:…), `signature`, `asks` (what it asks for, each with `grant` and
 *  `words`; null: no manifest), `grants` (each with `grant`, `words`, `by`, `how`, `at`, `asked`), `limits` (by name, each with `value`,
 *  `origin`, `ceiling`, `text`, and `wished` where the ceiling cut it), `parents`, `path` (of its files) beside. `name` may be NAME@VERSION. Errors: NOT_FOUND. The
 *  caller frees. */
CORDON_API int cordon_registry_show(cordon_registry *registry, const char *name, char **ret_json, cordon_error **err);
/** The block of a prompt that tells a model of the installed skills: `## Available Tools`, then a line `name:
 *  description` each, at most `max` of them (0: 20), then `... and N more tools available`. Descriptions are cleaned to
 *  one line of at most 300 characters. Empty if nothing is installed. The caller frees with cordon_free. */
CORDON_API int cordon_registry_prompt(cordon_registry *registry, unsigned max, char **ret_text, cordon_error **err);

/** Removes a skill with its kept versions, grants and limits. Which key it was signed with and its highest version are
 *  remembered. Errors: NOT_FOUND. */
CORDON_API int cordon_registry_remove(cordon_registry *registry, const char *name, cordon_error **err);
/** Puts a kept version in force: the newest with that version, or, NULL, the one before the present one. Grants are
 *  those of its publisher, or, unsigned, of its very bytes. *ret_version, freed by the caller with cordon_free, may be
 *  NULL. Errors: NOT_FOUND. */
CORDON_API int cordon_registry_rollback(cordon_registry *registry, const char *name, const char *version,
                                        char **ret_version, cordon_error **err);
/** Hashes the files of a skill (NULL: of all) again and checks its signature, the kept versions' too. One JSON object:
 *  `cordon` (1), `ok`, `skills`, each with `name`, `version`, `ok`, `digest`, `files`, `bytes`, `standing`, `publisher`, `tier`, `problems` (texts). What is
 *  wrong is in it, not an error. Errors: NOT_FOUND. The caller frees. */
CORDON_API int cordon_registry_verify(cordon_registry *registry, const char *name, char **ret_json, cordon_error **err);

/** Grants a skill something, as cordon_request_allow reads it; from its next call on, in every process. Of a folder it is
 *  noted which one it is: when another lies at its path, the skill is not loaded (NOT_GRANTED) until it is granted again.
 *  Errors: NOT_FOUND, USAGE, NOT_ASKED (its manifest does not ask for it). */
CORDON_API int cordon_registry_grant(cordon_registry *registry, const char *name, const char *grant,
                                     cordon_error **err);
/** Takes a grant back, or, NULL, all; from its next call on. Errors: NOT_FOUND, USAGE, NOT_GRANTED (it has no such
 *  grant; the message lists those it has). */
CORDON_API int cordon_registry_revoke(cordon_registry *registry, const char *name, const char *grant,
                                      cordon_error **err);
/** Both for several at once, in one transaction: first what is taken back, then what is granted; with an error nothing has
 *  changed. A list of none may be NULL. Errors as of both. */
CORDON_API int cordon_registry_change_grants(cordon_registry *registry, const char *name, const char *const *grant,
                                             size_t n_grant, const char *const *revoke, size_t n_revoke,
                                             cordon_error **err);
/** Sets one limit of its calls, in the unit of the limit's name; 0 takes the setting back. It goes before the manifest's
 *  and behind a request's own. Errors: NOT_FOUND, BAD_LIMIT (above the ceiling of its tier). */
CORDON_API int cordon_registry_set_limit(cordon_registry *registry, const char *name, enum cordon_limit limit,
                                         uint64_t value, cordon_error **err);

/** Trusts a key for the names that fit `pattern`: a name, or the beginning of names with `*` at the end (NULL: `*`). `key`
 *  is its id (64 hex digits), a path with a `/`: a key's file, or the name of a key of this user's own (cordon_key_make). Signed skills of such a name are verified from
 *  their next call on. *ret_id (freed with cordon_free) may be NULL. Errors: USAGE, NOT_FOUND (the file), BAD_ARTIFACT. */
CORDON_API int cordon_registry_trust(cordon_registry *registry, const char *key, const char *pattern, char **ret_id,
                                     cordon_error **err);
/** Takes that back, for one pattern or, NULL, for all; from the next call on. Errors: NOT_FOUND, USAGE. */
CORDON_API int cordon_registry_untrust(cordon_registry *registry, const char *key, const char *pattern,
                                       cordon_error **err);
/** The keys, as one JSON object: `cordon` (1), `trusted`, each with `id`, `pattern`, `by`, `at`; `seen`, each with `id`, `pinned`
 *  (names), `first_seen`, `last_used`. The caller frees. */
CORDON_API int cordon_registry_keys(cordon_registry *registry, char **ret_json, cordon_error **err);

/** Is the installed skill a local script (cordon_script_load_installed), or code or text (cordon_skill_load_installed)?
 *  Errors: NOT_FOUND; the message says what is there that is spelled nearly so. */
CORDON_API int cordon_registry_is_script(cordon_registry *registry, const char *name, bool *ret, cordon_error **err);
/** Loads the installed skill `name`, or NAME@VERSION of those that are kept. Its tier is the lower of what was recorded
 *  and what signature and trusted keys say now. Requests for it begin with its grants and its limits (those of the
 *  operator, then of the manifest, then of the tier), and allow nothing that its manifest does not ask for; what
 *  changes in the registry, another version included, holds for the next call that is started. Errors: NOT_FOUND, those of the artifact as for
 *  cordon_skill_load, DAMAGED (its files are not what was installed), TRUST_REFUSED (its signature does not hold any
 *  more), USAGE (a local script). The caller frees *ret, before the registry's host. */
CORDON_API int cordon_skill_load_installed(cordon_registry *registry, const char *name, cordon_skill **ret,
                                           cordon_error **err);
/** Loads an installed local script with its grants and limits, as they are now. Errors: NOT_FOUND, USAGE (no script),
 *  TIER_REFUSED (it was not installed as local), those of cordon_script_load. The caller frees. */
CORDON_API int cordon_script_load_installed(cordon_registry *registry, const char *name, cordon_script **ret,
                                            cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
