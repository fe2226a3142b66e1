/* SPDX-License-Identifier: Apache-2.0
 * JSON Schema (2020-12) of a function's parameters, by the mapping of product §4; and the tool forms for models. */
#pragma once
#include "type.h"
#include <cordon/error.h>
#include <jansson.h>

enum { SCHEMA_MAX = 64 * 1024 };

/* Object schema of the parameters, additionalProperties false; doc comments become descriptions (escaped, capped). An export whose schema is over
 * SCHEMA_MAX as compact JSON is the error TOO_LARGE. */
int schema_of_params(const struct wit_func *f, json_t **ret, cordon_error **err);
int schema_of_type(const struct wit_type *t, json_t **ret, cordon_error **err);
/* Copies doc comments of `docs` (made by shim_wit_describe) onto the function's types, walking both in parallel and stopping where they differ. */
void schema_add_docs(struct wit_func *f, const json_t *docs);

enum tool_format { TOOL_MCP, TOOL_OPENAI, TOOL_ANTHROPIC };
/* One tool. `name` is made fit for the format ([a-zA-Z0-9_-], at most 64). */
int schema_tool(const char *name, const char *description, const json_t *params, enum tool_format format, json_t **ret, cordon_error **err);
/* The tool name of an export: `#`, `/`, `:`, `@`, `.` become `_`; over 64 characters it is cut and ends in 8 hex digits of a hash. */
void schema_tool_name(const char *export_name, char ret[65]);
