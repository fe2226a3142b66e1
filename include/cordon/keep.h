/* SPDX-License-Identifier: Apache-2.0
 *
 * What Cordon keeps for its operator: secrets.
 *
 * It lies in Cordon's home: `home`, an absolute path, or NULL: $CORDON_HOME, else $XDG_DATA_HOME/cordon, else
 * ~/.local/share/cordon. The folder is this user's, 0700; where others can write it, or put another in its place, it is
 * refused, and the hint is the command that mends it. Whoever can read it can read all that is kept in it: the
 * encryption guards copies of the files, not the user from himself.
 *
 * Any thread, and any number of processes at once. A kill at any instant leaves what was there or what was to be.
 */
#ifndef CORDON_KEEP_H
#define CORDON_KEEP_H

#include <cordon/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Keeps `len` bytes of UTF-8, at most 64 KiB, under `name`: letters, digits, `_`, `-` and `.`, at most 128. Replaces an
 *  earlier value. Encrypted with a key that is made with the first secret. At most 1,000 are kept. The caller wipes its
 *  own copy. No error repeats the value. Errors: USAGE, TOO_LARGE, UNSAFE_PATH, DAMAGED (the key), IO. */
CORDON_API int cordon_secret_set(const char *home, const char *name, const void *value, size_t len, cordon_error **err);
/** The names, without values, as one JSON object: `cordon` (1), `secrets`, each with `name` and `set_at` (RFC 3339; null
 *  if its file is damaged). The caller frees with cordon_free. Errors: UNSAFE_PATH, IO. */
CORDON_API int cordon_secret_list(const char *home, char **ret_json, cordon_error **err);
/** Removes it. Errors: NOT_KEPT, USAGE, UNSAFE_PATH, IO. */
CORDON_API int cordon_secret_remove(const char *home, const char *name, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
