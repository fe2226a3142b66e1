/* SPDX-License-Identifier: Apache-2.0
 *
 * What Cordon keeps for its operator: secrets, and what bots remember.
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
#include <stdint.h>

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

/** Adds a text (UTF-8, at most 64 KiB) to what `bot` remembers; skills that are granted `memory` find it again by its words. A
 *  bot is known by its slug: the letters and digits of its name in lower case, all else a hyphen, at most 128 bytes;
 *  bots of one slug are one. At most 10,000 texts and 128 MiB each. *ret_id is its number. Blocks for 5 seconds at
 *  most. Errors: USAGE, TOO_LARGE, UNSAFE_PATH, DAMAGED, MISSING_TOOL (SQLite), IO. */
CORDON_API int cordon_memory_add(const char *home, const char *bot, const char *text, size_t len, int64_t *ret_id,
                                 cordon_error **err);
/** What has any of the words of `query` (UTF-8), best first; of an empty one, the newest. One JSON object: `cordon` (1),
 *  `bot` (its slug), `memories`, each with `id`, `added_at` (RFC 3339) and `text`: at most `limit` and 32 of them, and
 *  64 KiB together. The caller frees with cordon_free. Blocks for 5 seconds at most. Errors: USAGE, UNSAFE_PATH, DAMAGED,
 *  MISSING_TOOL, IO. */
CORDON_API int cordon_memory_search(const char *home, const char *bot, const char *query, uint32_t limit,
                                    char **ret_json, cordon_error **err);
/** Removes one text by its number. Errors: NOT_KEPT, and as above. */
CORDON_API int cordon_memory_remove(const char *home, const char *bot, int64_t id, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
