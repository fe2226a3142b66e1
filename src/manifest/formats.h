/* SPDX-License-Identifier: Apache-2.0
 * The three formats, each into r->out, whose asks are an empty set; what was taken before a failure is left there. Private to src/manifest. */
#pragma once
#include "manifest/texts.h"

typedef int format_fn(const struct reading *r, const char *text, size_t len);
format_fn skill_toml_read, component_toml_read, skill_md_read;
