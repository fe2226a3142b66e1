/* SPDX-License-Identifier: Apache-2.0
 *
 * The import section of a core module. What the linker makes imports functions alone; a list with anything else in it ends there.
 */
#include "author/core_imports.h"

#include <stdbool.h>
#include <string.h>

enum { SECTION_IMPORT = 2, KIND_FUNCTION = 0, HEADER = 8, MODULES_MAX = 64 };

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static uint32_t take_number(struct cursor *c)
{
    uint32_t n = 0;
    for (unsigned shift = 0; shift < 35 && c->at < c->end; shift += 7) {
        uint8_t b = *c->at++;
        n |= (uint32_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return n;
    }
    c->bad = true;
    return 0;
}

static const uint8_t *take_bytes(struct cursor *c, uint32_t len)
{
    if (c->bad || len > (size_t)(c->end - c->at)) {
        c->bad = true;
        return NULL;
    }
    c->at += len;
    return c->at - len;
}

static bool is_listed(const json_t *list, const char *name, size_t len)
{
    const json_t *row;
    size_t i;
    json_array_foreach(list, i, row)
        if (json_string_length(row) == len && memcmp(json_string_value(row), name, len) == 0)
            return true;
    return false;
}

static void read_imports(struct cursor *c, json_t *list)
{
    for (uint32_t n = take_number(c); n > 0 && !c->bad && json_array_size(list) < MODULES_MAX; n--) {
        uint32_t len = take_number(c);
        const char *module = (const char *)take_bytes(c, len);
        take_bytes(c, take_number(c));
        const uint8_t *kind = take_bytes(c, 1);
        if (module && !is_listed(list, module, len) && json_array_append_new(list, json_stringn(module, len)) < 0)
            c->bad = true;
        if (!kind || *kind != KIND_FUNCTION)
            return;
        take_number(c);
    }
}

json_t *core_imports(const uint8_t *module, size_t len)
{
    struct cursor c = {module, module + len, len < HEADER || memcmp(module, "\0asm\1\0\0\0", HEADER) != 0};
    json_t *list = json_array();
    if (!c.bad)
        c.at += HEADER;
    while (list && !c.bad && c.at < c.end) {
        uint8_t id = *c.at++;
        uint32_t size = take_number(&c);
        const uint8_t *body = take_bytes(&c, size);
        if (!body || id != SECTION_IMPORT)
            continue;
        struct cursor section = {body, body + size, false};
        read_imports(&section, list);
        c.bad = section.bad;
        break;
    }
    if (!c.bad)
        return list;
    json_decref(list);
    return NULL;
}
