/* SPDX-License-Identifier: Apache-2.0 */
#include "code.h"
#include <string.h>

enum { BLANKS_MAX = 4096 };

static bool starts(const uint8_t *bytes, size_t len, const char *magic, size_t n)
{
    return len >= n && !memcmp(bytes, magic, n);
}

/* After the magic come a version and, in the upper half, the layer: 0 is a core module, 1 a component. The version is left to the
 * helper, which can say which one it knows. */
static enum code_kind sniff_wasm(const uint8_t *bytes, size_t len)
{
    if (len < 8 || bytes[7])
        return CODE_OTHER;
    return bytes[6] == 1 ? CODE_COMPONENT : bytes[6] == 0 ? CODE_CORE_MODULE : CODE_OTHER;
}

/* The text format begins with a parenthesis or a comment, a JSON object with a brace; both after blanks. */
static enum code_kind sniff_text(const uint8_t *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && i < BLANKS_MAX && strchr(" \t\r\n", bytes[i]) && bytes[i])
        i++;
    if (starts(bytes + i, len - i, "(", 1) || starts(bytes + i, len - i, ";;", 2))
        return CODE_TEXT;
    return starts(bytes + i, len - i, "{", 1) ? CODE_JSON : CODE_OTHER;
}

enum code_kind code_sniff(const uint8_t *bytes, size_t len)
{
    if (!len)
        return CODE_EMPTY;
    if (starts(bytes, len, "\0asm", 4))
        return sniff_wasm(bytes, len);
    if (starts(bytes, len, "\177ELF", 4))
        return CODE_PRECOMPILED;
    return sniff_text(bytes, len);
}
