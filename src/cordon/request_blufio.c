/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/request_blufio.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/values.h"

#include <stdlib.h>
#include <string.h>

static int compact(const char *json, size_t len, char **ret, size_t *ret_len, cordon_error **err)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return err_nomem(err);
    memcpy(copy, json, len);
    *ret_len = values_compact(copy, len);
    copy[*ret_len] = '\0';
    *ret = copy;
    return 0;
}

static int as_string(const char *text, size_t len, char **ret, size_t *ret_len, cordon_error **err)
{
    json_t *s = json_stringn(text, len);
    char *json = s ? json_dumps(s, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(s);
    if (!json)
        return err_nomem(err);
    *ret = json;
    *ret_len = strlen(json);
    return 0;
}

int blufio_input(const char *input, size_t len, char **ret, size_t *ret_len, cordon_error **err)
{
    bool is_json;
    if (!text_is_utf8(input, len))
        return err_set(err, CORDON_E_BAD_ARGS, "input", "the skill takes JSON or text, and the input is not UTF-8");
    int rc = values_is_json(input, len, &is_json, err);
    if (rc < 0)
        return rc;
    return is_json ? compact(input, len, ret, ret_len, err) : as_string(input, len, ret, ret_len, err);
}

/* One argument, by its name or by its place. */
static bool is_one(const json_t *args)
{
    return json_is_object(args) ? json_object_size(args) == 1 && json_object_get(args, "input") : json_array_size(args) == 1;
}

int blufio_args(const char *json, size_t len, char **ret, size_t *ret_len, cordon_error **err)
{
    bool is_json;
    int rc = values_is_json(json, len, &is_json, err);
    if (rc < 0)
        return rc;
    json_t *args = is_json ? json_loadb(json, len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool one = is_one(args);
    json_decref(args);
    if (!one)
        return err_set(err, CORDON_E_BAD_ARGS, "args", "the skill takes one argument, any JSON, as {\"input\": VALUE} or [VALUE]; or give it as input");
    values_only_part(&json, &len);
    return compact(json, len, ret, ret_len, err);
}
