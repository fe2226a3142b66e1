/* SPDX-License-Identifier: Apache-2.0
 * libyaml, opened when first needed. Its header is for compiling alone. Private to src/manifest. */
#pragma once
#include <cordon/error.h>
#include <yaml.h>

#define LIBYAML_USED(X) X(parser_initialize) X(parser_delete) X(parser_set_input_string) X(parser_set_encoding) X(parser_parse) X(event_delete)

/* Its functions, without their prefix. */
struct libyaml {
#define X(name) __typeof__(yaml_##name) *name;
    LIBYAML_USED(X)
#undef X
};

/* The library stays loaded. MISSING_TOOL. */
int libyaml_load(struct libyaml *ret, cordon_error **err);
