/* SPDX-License-Identifier: Apache-2.0
 * A refusal as JSON and back. What is read here has passed its tag. */
#include "base/error.h"
#include "cache_parts.h"
#include <jansson.h>
#include <string.h>

static json_t *causes_json(const cordon_error *why)
{
    json_t *list = json_array();
    const char *cause;
    for (size_t i = 0; (cause = cordon_error_cause(why, i)); i++)
        json_array_append_new(list, json_string(cause));
    return list;
}

char *cache_refusal_json(const cordon_error *why, const struct code_bounds *b)
{
    json_t *j = json_pack("{s:s, s:s, s:s, s:s?, s:o, s:[I,i,i]}", "id", cordon_error_id(why), "message", cordon_error_message(why), "hint",
                          cordon_error_hint(why), "subject", cordon_error_subject(why), "causes", causes_json(why), "bounds",
                          (json_int_t)b->memory_bytes, (int)b->cpu_s, (int)b->wall_s);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return text;
}

static bool same_bounds(json_t *j, const struct code_bounds *b)
{
    json_t *list = json_object_get(j, "bounds");
    return (uint64_t)json_integer_value(json_array_get(list, 0)) == b->memory_bytes && json_integer_value(json_array_get(list, 1)) == b->cpu_s &&
           json_integer_value(json_array_get(list, 2)) == b->wall_s;
}

static int set_error(json_t *j, enum cordon_errc code, cordon_error **err)
{
    json_t *causes = json_object_get(j, "causes");
    const char *message = json_string_value(json_object_get(j, "message")), *hint = json_string_value(json_object_get(j, "hint"));
    int r = err_set(err, code, json_string_value(json_object_get(j, "subject")), "%s", message ? message : "");
    if (hint)
        err_hint(err, "%s", hint);
    for (size_t i = 0; i < json_array_size(causes); i++) {
        const char *cause = json_string_value(json_array_get(causes, i));
        err_cause(err, "%s", cause ? cause : "");
    }
    return r;
}

int cache_refusal_error(const char *json, const struct code_bounds *b, cordon_error **err)
{
    json_t *j = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(j, "id"));
    const struct cordon_error_info *info = id ? cordon_error_info_by_id(id) : NULL;
    bool holds = info && (info->code != CORDON_E_COMPILE_LIMIT || same_bounds(j, b));
    int r = holds ? set_error(j, info->code, err) : 0;
    json_decref(j);
    return r;
}
