/* SPDX-License-Identifier: Apache-2.0
 *
 * package.json and package-lock.json of a stranger's project, before npm sees them. npm follows whatever they name: addresses, repositories, archives, folders, links. What passes
 * here names packages of the registry that the caller's npm uses, each by its version and the digest of its archive, and nothing else.
 */
#pragma once
#include <cordon/error.h>
#include <jansson.h>
#include <stddef.h>

#define JS_MANIFEST "package.json"
#define JS_LOCK "package-lock.json"

/* As `check` of struct lang. Appends to `items` what is fetched on this machine: not what is for other systems. */
int js_lock_check(const char *file, const char *text, size_t len, json_t *items, cordon_error **err);
/* Of a package.json that has been checked: what npm has to see of it, and no more. *ret: the caller's; free(). */
int js_lock_reduce(const char *text, size_t len, char **ret, cordon_error **err);
