/* SPDX-License-Identifier: Apache-2.0
 * JSON text to JSON, with two ceilings that jansson does not have: depth, and what the tree will cost in memory. */
#include "values.h"
#include "base/error.h"
#include <string.h>

/* Past the closing quote; `end` if there is none. `p` is behind the opening one. */
static const char *skip_string(const char *p, const char *end)
{
    while (p < end && *p != '"')
        p += *p == '\\' && end - p > 1 ? 2 : 1;
    return p < end ? p + 1 : end;
}

/* Where the text goes over a ceiling, or NULL. Needs no valid JSON: whatever nests or counts in valid JSON is seen here. */
static const char *scan(const char *text, size_t len, const char **ret_why)
{
    const char *end = text + len;
    size_t depth = 0, cost = 1;
    for (const char *p = text; p < end;) {
        char c = *p;
        if (c == '"') {
            p = skip_string(p + 1, end);
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
            cost += 8;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        } else if (c == ',') {
            cost++;
        }
        *ret_why = depth > VALUES_DEPTH_MAX ? "nested too deep" : "too many values";
        if (depth > VALUES_DEPTH_MAX || cost > VALUES_JSON_COST_MAX)
            return p;
        p++;
    }
    return NULL;
}

/* Lines and columns count from 1, columns in characters. */
static int refuse_at(const char *text, const char *at, const char *why, cordon_error **err)
{
    size_t line = 1, column = 1;
    for (const char *p = text; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xC0) != 0x80) {
            column++;
        }
    }
    return err_set(err, CORDON_E_BAD_ARGS, NULL, "line %zu, column %zu: %s", line, column, why);
}

static int refuse(const json_error_t *e, cordon_error **err)
{
    if (json_error_code(e) == json_error_out_of_memory)
        return err_nomem(err);
    /* jansson goes on with the text it met: payload, which errors do not carry. */
    const char *near = strstr(e->text, " near '");
    int len = near ? (int)(near - e->text) : (int)strlen(e->text);
    int r = err_set(err, CORDON_E_BAD_ARGS, NULL, "line %d, column %d: not valid JSON: %.*s", e->line, e->column, len, e->text);
    if (json_error_code(e) == json_error_numeric_overflow)
        err_hint(err, "An integer above 9223372036854775807 is given as a decimal string, infinity as \"inf\".");
    return r;
}

int values_parse_args(const char *text, size_t len, json_t **ret, cordon_error **err)
{
    const char *why = "not valid JSON: a NUL byte"; /* jansson reads over some */
    const char *at = len ? memchr(text, '\0', len) : NULL;
    if (!at)
        at = scan(text, len, &why);
    if (at)
        return refuse_at(text, at, why, err);
    json_error_t e;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (!j)
        return refuse(&e, err);
    *ret = j;
    return 0;
}

static size_t blanks(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && text[i] && strchr(" \t\r\n", text[i]))
        i++;
    return i;
}

int values_is_json(const char *text, size_t len, bool *ret, cordon_error **err)
{
    const char *why;
    size_t at = blanks(text, len);
    *ret = false;
    if (memchr(text, '\0', len))
        return 0;
    bool is_large = at < len && (text[at] == '{' || text[at] == '[');
    const char *over = is_large ? scan(text, len, &why) : NULL;
    if (over)
        return refuse_at(text, over, why, err);
    json_t *j = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    *ret = j != NULL;
    json_decref(j);
    return 0;
}

size_t values_compact(char *json, size_t len)
{
    const char *end = json + len;
    char *to = json;
    for (const char *p = json; p < end;) {
        const char *next = p + 1;
        if (*p == '"')
            next = skip_string(next, end);
        else if (strchr(" \t\r\n", *p))
            p = next;
        memmove(to, p, (size_t)(next - p));
        to += next - p;
        p = next;
    }
    return (size_t)(to - json);
}

void values_only_part(const char **json, size_t *len)
{
    const char *p = *json + blanks(*json, *len), *end = *json + *len;
    bool is_object = *p++ == '{';
    while (end[-1] != '}' && end[-1] != ']')
        end--;
    end--;
    p += blanks(p, (size_t)(end - p));
    if (is_object) {
        p = skip_string(p + 1, end);
        p += blanks(p, (size_t)(end - p)) + 1; /* the colon */
    }
    *json = p;
    *len = (size_t)(end - p);
}
