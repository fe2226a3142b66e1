/* SPDX-License-Identifier: Apache-2.0
 * JSON Schema (2020-12) of a function's parameters, by the mapping of docs/reference.md; and the tool forms for models. */
#pragma once
#include "type.h"
#include <cordon/error.h>
#include <jansson.h>

enum {
    SCHEMA_MAX = 64 * 1024,
    SCHEMA_DOCS_MAX = 1024 /* bytes of one description; longer ones are cut */
};

/* Object schema of the parameters, additionalProperties false; doc comments become descriptions (escaped, capped). An export whose schema is over
 * SCHEMA_MAX as compact JSON is the error TOO_LARGE. */
int schema_of_params(const struct wit_func *f, json_t **ret, cordon_error **err);
int schema_of_type(const struct wit_type *t, json_t **ret, cordon_error **err);
/* Copies the doc comments of one function of shim_wit_describe (src/engine/shim_wit.h: a value of its "functions") onto the function's types, walking
 * both in parallel; where they differ, there are none. */
void schema_add_docs(struct wit_func *f, const json_t *docs);

enum tool_format { TOOL_MCP, TOOL_OPENAI, TOOL_ANTHROPIC };
/* One tool. `name` is made fit for the formats by schema_tool_name; `description` (may be NULL) is escaped and capped; `params` is copied. */
int schema_tool(const char *name, const char *description, const json_t *params, enum tool_format format, json_t **ret, cordon_error **err);
/* The tool name of an export: whatever is not in [a-zA-Z0-9_-] becomes `_`; over 64 characters it is cut and ends in 8 hex digits of a hash. Two
 * exports can come out the same (`a#b`, `a/b`): the caller compares. */
void schema_tool_name(const char *export_name, char ret[65]);
