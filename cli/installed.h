/* SPDX-License-Identifier: Apache-2.0
 * What the registry says of a skill, for people. */
#pragma once
#include "report.h"

/* Of what cordon_registry_show gave: version, source, who signed it, what it asks for and was granted. */
void installed_print(const json_t *about);
/* Its limits, where nothing else shows them. */
void installed_print_limits(const json_t *about);
/* "label       text", a stranger's text escaped and cut; nothing for an empty one. */
void installed_field(const char *label, const char *text);
/* "NAME (12 characters wide)…": one cell of a table, escaped and cut, padded to `width` if it is not the last (0). */
void installed_cell(const char *text, int width);
