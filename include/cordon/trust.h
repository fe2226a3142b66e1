/* SPDX-License-Identifier: Apache-2.0
 *
 * A publisher's keys and signatures: the author's side. Which keys an operator trusts is the registry's.
 *
 * A signature covers everything that is installed: the name, the version, and every file with its path and whether it may
 * be executed. It lies in the skill's folder as `cordon.sig`, and travels with it.
 *
 * Any thread. `home` is as in cordon/keep.h.
 */
#ifndef CORDON_TRUST_H
#define CORDON_TRUST_H

#include <cordon/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes an Ed25519 key. `key` is its name (letters, digits, `-`, `_`; at most 64), for a file in `home`/keys, or, with a
 *  slash in it, the path of a file; NULL: the name `default`. The secret key is for this user alone (0600) and is never
 *  written over another; the public one lies beside it, with `.pub` at the end. *ret_json is an object: `cordon` (1),
 *  `id` (the public key, 64 digits), `key_file`, `public_file`; the caller frees it with cordon_free. Errors: CONFLICT (there is one),
 *  USAGE, UNSAFE_PATH, IO. */
CORDON_API int cordon_key_make(const char *home, const char *key, char **ret_json, cordon_error **err);
/** What is public of a key: `key` as above, and a file of either kind. An object: `cordon` (1), `id`, `file`. The caller
 *  frees with cordon_free. Errors: NOT_FOUND, BAD_ARTIFACT (no key file), USAGE, UNSAFE_PATH, IO. */
CORDON_API int cordon_key_show(const char *home, const char *key, char **ret_json, cordon_error **err);

/** Signs the skill in the folder `dir`, which has a manifest, with the secret key `key` (as above), and writes `cordon.sig`
 *  there, in the place of an earlier one. What is signed is what would be installed: names that begin with a dot, and
 *  `target`, `node_modules` and `__pycache__`, are left out. An object: `cordon` (1), `name`, `version`, `digest`
 *  (`sha256:` and 64 digits), `publisher`, `file`, `files` (paths), `left_out` (how many). The caller frees with
 *  cordon_free. Errors: NOT_FOUND (folder or key), BAD_MANIFEST (also if there is none), BAD_ARTIFACT (what no skill may hold), TOO_LARGE,
 *  UNSAFE_PATH, MISSING_TOOL, IO. */
CORDON_API int cordon_sign(const char *home, const char *dir, const char *key, char **ret_json, cordon_error **err);
/** What signatures the skill in the folder `dir` has, and what they cover. Whether their keys are trusted is not asked. An
 *  object: `cordon` (1), `name`, `version`, `digest`, `covers` (`bundle`: all of it; `code`: the code alone, and so not
 *  what it asks for; `nothing`), `signature` and `code_signature`: null, or an object with `publisher` (null if the file
 *  cannot be read), `holds` and `why` (null, or why it does not). The caller frees with cordon_free. Errors as of
 *  cordon_sign. */
CORDON_API int cordon_signature_check(const char *dir, char **ret_json, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
