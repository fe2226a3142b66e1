/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fields of all formats have in common: names, versions, lines for people, paths, asks. Private to src/manifest.
 */
#pragma once
#include "manifest/node.h"

/* Adds a copy. */
int texts_add(struct manifest_list *l, const char *text, cordon_error **err);

/* Letters, digits, `-` and `_`. */
bool text_is_name(const char *s);
/* Lower-case letters, digits and hyphens, none at either end. */
bool text_is_slug(const char *s);
/* MAJOR.MINOR.PATCH[-PRE][+BUILD], as semver.org has it. */
bool text_is_version(const char *s);

/* Each takes the node's text into *ret. */
int take_version(const struct reading *r, const json_t *node, const char *path, bool strict, char **ret);
/* One line: blanks of all kinds are one blank each, what could harm a terminal is escaped; cut at `max` characters. */
int take_line(const struct reading *r, const json_t *node, const char *path, size_t max, char **ret);
/* A path in the skill's own folder. */
int take_path(const struct reading *r, const json_t *node, const char *path, char **ret);

/* Asks for what the grant `KIND=VALUE` stands for, or `KIND` alone with value NULL; what is asked for already is not added again. */
int take_ask(const struct reading *r, const json_t *node, const char *path, const char *kind, const char *value);
