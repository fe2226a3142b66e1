/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/hex.h"

#include <sodium.h>
#include <string.h>

bool hex_read(const char *text, uint8_t *ret, size_t n)
{
    size_t len = 0;
    unsigned upper = 0;
    for (size_t i = 0; i < 2 * n; i++)
        upper |= (unsigned)(text[i] >= 'A') & (unsigned)(text[i] <= 'F');
    return !sodium_hex2bin(ret, n, text, 2 * n, NULL, &len, NULL) && len == n && !upper;
}

void hex_write(const uint8_t *bytes, size_t n, char *ret) { sodium_bin2hex(ret, 2 * n + 1, bytes, n); }

unsigned hex_lines_read(const char *text, size_t len, const struct hex_line *lines, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        size_t name = strlen(lines[i].name), whole = name + 1 + 2 * lines[i].n;
        if (len < whole || memcmp(text, lines[i].name, name) || text[name] != '=' || !hex_read(text + name + 1, lines[i].bytes, lines[i].n))
            return i + 1;
        text += whole;
        len -= whole;
        if (len && text[0] == '\n')
            text++, len--;
        else if (len || i + 1 < n)   /* the last newline may be missing, and no other */
            return i + 1;
    }
    return len ? n + 1 : 0;
}

void hex_lines_write(const struct hex_line *lines, unsigned n, char *ret)
{
    for (unsigned i = 0; i < n; i++) {
        ret = stpcpy(stpcpy(ret, lines[i].name), "=");
        hex_write(lines[i].bytes, lines[i].n, ret);
        ret = stpcpy(ret + 2 * lines[i].n, "\n");
    }
}
