/* SPDX-License-Identifier: Apache-2.0
 * What a new version does otherwise: its number, and what a model is told of it. */
#include "cordon/install_parts.h"

#include <ctype.h>
#include <string.h>

/* ---- versions ---- */

static bool is_number(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isdigit((unsigned char)s[i]))
            return false;
    return len > 0;
}

static int sign(int n) { return (n > 0) - (n < 0); }

/* Numbers of any length, without their leading zeros. */
static int compare_numbers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    for (; a_len > 1 && *a == '0'; a++)
        a_len--;
    for (; b_len > 1 && *b == '0'; b++)
        b_len--;
    return a_len != b_len ? (a_len > b_len) - (a_len < b_len) : sign(memcmp(a, b, a_len));
}

/* Nothing comes before numbers, and they before words. */
static int compare_part(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (!a_len || !b_len)
        return (a_len > 0) - (b_len > 0);
    bool a_number = is_number(a, a_len), b_number = is_number(b, b_len);
    if (a_number && b_number)
        return compare_numbers(a, a_len, b, b_len);
    if (a_number != b_number)
        return a_number ? -1 : 1;
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? sign(order) : (a_len > b_len) - (a_len < b_len);
}

/* Parts between dots; one that is not there counts as `missing`. */
static int compare_dotted(const char *a, size_t a_len, const char *b, size_t b_len, const char *missing)
{
    const char *a_end = a + a_len, *b_end = b + b_len;
    while (a < a_end || b < b_end) {
        const char *a_dot = memchr(a, '.', (size_t)(a_end - a)), *b_dot = memchr(b, '.', (size_t)(b_end - b));
        size_t a_part = (size_t)((a_dot ? a_dot : a_end) - a), b_part = (size_t)((b_dot ? b_dot : b_end) - b);
        bool a_gone = a >= a_end, b_gone = b >= b_end;
        int order = compare_part(a_gone ? missing : a, a_gone ? strlen(missing) : a_part, b_gone ? missing : b, b_gone ? strlen(missing) : b_part);
        if (order)
            return order;
        a += a_part + (a_dot ? 1 : 0);
        b += b_part + (b_dot ? 1 : 0);
    }
    return 0;
}

/* Without the build's name behind +. */
static size_t release_len(const char *v) { return strcspn(v, "-+"); }
static size_t before_build(const char *v) { return strcspn(v, "+"); }

int install_version_compare(const char *a, const char *b)
{
    a += *a == 'v' && isdigit((unsigned char)a[1]);
    b += *b == 'v' && isdigit((unsigned char)b[1]);
    size_t a_len = release_len(a), b_len = release_len(b);
    int order = compare_dotted(a, a_len, b, b_len, "0");
    if (order)
        return order;
    const char *a_pre = a + a_len, *b_pre = b + b_len;
    bool a_has = *a_pre == '-', b_has = *b_pre == '-';
    if (a_has != b_has)
        return a_has ? -1 : 1; /* 1.0.0-rc comes before 1.0.0 */
    return a_has ? compare_dotted(a_pre + 1, before_build(a_pre + 1), b_pre + 1, before_build(b_pre + 1), "") : 0;
}

/* ---- what is told of it ---- */

static bool add(json_t *to, const char *what, const char *which, const json_t *before, const json_t *after)
{
    char name[256];
    snprintf(name, sizeof name, "%s%s%.200s", what, which ? " of " : "", which ? which : "");
    json_t *row = json_pack("{s:s, s:O?, s:O?}", "what", name, "before", before, "after", after);
    return row && json_array_append_new(to, row) == 0;
}

static bool compare_key(json_t *to, const char *what, const char *which, const char *key, const json_t *before, const json_t *after)
{
    const json_t *b = json_object_get(before, key), *a = json_object_get(after, key);
    if ((!a && !b) || (a && b && json_equal(a, b)))
        return true;
    return add(to, what, which, b, a);
}

static const char *name_of(const json_t *tool)
{
    const char *name = json_string_value(json_object_get(tool, "name"));
    return name ? name : "";
}

static const json_t *find_tool(const json_t *tools, const char *name)
{
    size_t i;
    json_t *tool;
    json_array_foreach(tools, i, tool)
        if (!strcmp(name_of(tool), name))
            return tool;
    return NULL;
}

static bool compare_tools(json_t *to, const json_t *before, const json_t *after)
{
    size_t i;
    json_t *tool;
    json_array_foreach(after, i, tool) {
        const char *name = name_of(tool);
        const json_t *old = find_tool(before, name);
        if (!old ? !add(to, "tool", NULL, NULL, json_object_get(tool, "name"))
                 : !compare_key(to, "description", name, "description", old, tool) || !compare_key(to, "schema", name, "inputSchema", old, tool)
                       || !compare_key(to, "result", name, "outputSchema", old, tool))
            return false;
    }
    json_array_foreach(before, i, tool)
        if (!find_tool(after, name_of(tool)) && !add(to, "tool", NULL, json_object_get(tool, "name"), NULL))
            return false;
    return true;
}

bool install_changes(json_t *to, const json_t *before, const json_t *after)
{
    return compare_key(to, "name", NULL, "name", before, after) && compare_key(to, "description", NULL, "description", before, after)
           && compare_tools(to, json_object_get(before, "tools"), json_object_get(after, "tools"));
}
