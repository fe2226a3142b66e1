/* SPDX-License-Identifier: Apache-2.0
 * Text from outside: is it UTF-8, and how is it shown without harm. */
#pragma once
#include "buf.h"
#include <stdbool.h>
#include <stddef.h>

/* Strict UTF-8 (RFC 3629: no surrogates, nothing over-long, nothing above U+10FFFF). ASCII runs go 8 bytes at a time. */
bool text_is_utf8(const char *s, size_t len);
/* Appends `s` with U+FFFD in the place of each byte that is not UTF-8. */
int text_mend(struct buf *b, const char *s, size_t len);
/* Length of the longest prefix of at most `max` bytes that ends on a character boundary. `s` is UTF-8. */
size_t text_cut(const char *s, size_t len, size_t max);
/* Appends `s` for a terminal or a log: C0 and C1 controls (also ESC), DEL, bidi controls (U+061C, 200E, 200F, 202A-202E,
 * 2066-2069), line and paragraph separators, what nobody sees (tags, fillers, zero-width spaces; not the joiners that scripts need) and bytes that are
 * not UTF-8 as \xNN or \u{NNNN}; backslash as it is.
 * `keep_newlines` leaves \n and \t alone. */
int text_escape(struct buf *b, const char *s, size_t len, bool keep_newlines);
/* The same for text that is JSON, which it stays, of the same meaning: as \uNNNN; line breaks and tabs between values are left alone. */
int text_escape_json(struct buf *b, const char *s, size_t len);
enum { TEXT_SLUG_MAX = 128 };
/* `s` as lower-case ASCII letters, digits and single hyphens, none at either end: all else is a hyphen. Empty if nothing is left; cut at TEXT_SLUG_MAX. */
void text_slug(const char *s, size_t len, char ret[TEXT_SLUG_MAX + 1]);
/* Edit distance of at most 2 for "did you mean"; ASCII, case-insensitive. */
bool text_is_near(const char *a, const char *b);
/* Appends `s` quoted for sh if it needs quotes. `s` has no NUL. */
int text_quote_sh(struct buf *b, const char *s);
