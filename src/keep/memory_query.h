/* SPDX-License-Identifier: Apache-2.0
 * From what somebody asks to what is looked for. Pure. */
#pragma once
#include "base/buf.h"

enum { QUERY_TERMS_MAX = 32, QUERY_TERM_MAX = 128, QUERY_TEXT_MAX = QUERY_TERMS_MAX * (QUERY_TERM_MAX + 8) };

/* Appends an expression of FTS5 that finds what has any of the words of `text` (UTF-8): each in quotes, so that nothing in it is read as syntax. Words are letters,
 * digits and all that is not ASCII; what is beyond the ceilings is left out. Returns how many words there are: 0, nothing is appended. */
unsigned memory_query(struct buf *b, const char *text, size_t len);
