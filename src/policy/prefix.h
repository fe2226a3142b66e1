/* SPDX-License-Identifier: Apache-2.0
 *
 * Prefixes of paths of URLs, compared by segment. What one server may read as a separator or a dot and another as text (an encoded slash, backslash,
 * dot or NUL, a backslash) is refused on both sides, so that no spelling of a path leaves its prefix.
 */
#pragma once
#include <stdbool.h>

/* Reads `s`, which starts with `/`, into `ret` (at least as large as `s`): unreserved characters decoded, hex digits in capitals, no slash at the end;
 * empty for "/". Returns NULL, or a static phrase that says what is wrong. */
const char *prefix_parse(const char *s, char *ret);
/* Does `path` (of a URL, dot segments removed, without query) lie at or beneath `prefix` (made by prefix_parse)? */
bool prefix_covers(const char *prefix, const char *path);
