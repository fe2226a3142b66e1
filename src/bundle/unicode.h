/* SPDX-License-Identifier: Apache-2.0
 * Names beyond ASCII, by libunistring, which is opened with the first of them. */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>

/* `s` is UTF-8. *ret_why (static) is what keeps it from being a name everyone sees alike: characters that are not seen, spaces that are none, a form that is not
 * normal (NFC); NULL: nothing. MISSING_TOOL. */
int unicode_check(const char *s, size_t len, const char **ret_why, cordon_error **err);
/* What all spellings of `s` that may be taken for one another have in common: NFKC of its case-folded form. The caller frees. MISSING_TOOL. */
int unicode_fold(const char *s, size_t len, char **ret, cordon_error **err);
