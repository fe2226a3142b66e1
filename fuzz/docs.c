/* SPDX-License-Identifier: Apache-2.0
 * A stranger's doc comments onto any type, then the JSON Schema and the tools of it. The first line is the function's type (make_type.h), the second the export's
 * name, the rest the docs as JSON. */
#include "make_type.h"

#include "wit/schema.h"

/* Every text in it is fit to be shown. */
static void check_shown(const json_t *j)
{
    size_t i;
    const char *key;
    json_t *in;
    if (json_is_string(j)) {
        HOLDS(json_string_length(j) < 16 * SCHEMA_DOCS_MAX);
        char *text = strdup(json_string_value(j));
        for (char *p = text; *p; p++)
            *p = *p == '\n' || *p == '\t' ? ' ' : *p; /* descriptions have lines */
        HOLDS(fuzz_is_harmless(text, json_string_length(j)));
        free(text);
    }
    json_array_foreach((json_t *)j, i, in)
        check_shown(in);
    json_object_foreach((json_t *)j, key, in) {
        HOLDS(fuzz_is_harmless(key, strlen(key)));
        check_shown(in);
    }
}

static void check_name(const char *name)
{
    char fit[65];
    schema_tool_name(name, fit);
    HOLDS(*fit && strlen(fit) <= 64);
    HOLDS(fit[strspn(fit, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0');
}

static void check_tools(const struct wit_func *f, const char *name, const json_t *params)
{
    for (enum tool_format format = TOOL_MCP; format <= TOOL_ANTHROPIC; format++) {
        json_t *tool = NULL;
        HOLDS(schema_tool(name, f->docs, params, format, &tool, NULL) == 0);
        check_shown(tool);
        json_decref(tool);
    }
}

static void check_schema(const struct wit_func *f, const char *name)
{
    json_t *params = NULL, *result = NULL;
    cordon_error *err = NULL;
    int rc = schema_of_params(f, &params, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_TOO_LARGE && !params);
        fuzz_check_error(rc, err);
    } else {
        HOLDS(json_dumpb(params, NULL, 0, JSON_COMPACT) <= SCHEMA_MAX);
        check_shown(params);
        check_tools(f, name, params);
    }
    if (f->result) {
        HOLDS(schema_of_type(f->result, &result, NULL) == 0);
        check_shown(result);
    }
    json_decref(params);
    json_decref(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t type_len, len;
    char *type = feed_line(&f, &type_len), *name = feed_line(&f, NULL), *text = feed_rest(&f, &len);
    struct feed letters = {(const uint8_t *)type, type_len};
    struct wit_func func = make_func(&letters);
    json_t *docs = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (docs)
        schema_add_docs(&func, docs);
    json_decref(docs);
    check_name(name);
    check_schema(&func, name);
    wit_func_finish(&func);
    free(type);
    free(name);
    free(text);
    return 0;
}
