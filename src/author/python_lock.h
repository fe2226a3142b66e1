/* SPDX-License-Identifier: Apache-2.0
 *
 * requirements.txt of a stranger's project, before pip sees it. pip follows whatever it names: addresses, folders, other files, options, variables. What passes here is
 *
 *     NAME==VERSION --hash=sha256:DIGEST...
 *
 * one package a line, which goes on where it ends in `\`; and comments. pip is given what was read (python_lock_print), never the file itself.
 */
#pragma once
#include "base/buf.h"
#include <cordon/error.h>
#include <jansson.h>
#include <stddef.h>

#define PYTHON_LOCK "requirements.txt"
#define PYTHON_COMPILER "componentize-py"

/* As `check` of struct lang: appends {"name", "version"} of each. BAD_MANIFEST, with line and column; also if it does not name the compiler. */
int python_lock_check(const char *file, const char *text, size_t len, json_t *items, cordon_error **err);
/* The same packages, a line for each, appended to `ret`. */
int python_lock_print(const char *text, size_t len, struct buf *ret, cordon_error **err);
