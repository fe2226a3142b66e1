/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Bytes of the character at `s`, or 0 if it is not UTF-8. */
static size_t text_char(const unsigned char *s, size_t len, uint32_t *ret)
{
    unsigned char c = s[0];
    if (c < 0x80) {
        *ret = c;
        return 1;
    }
    size_t n = c >= 0xC2 && c <= 0xDF ? 2 : (c & 0xF0) == 0xE0 ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    uint32_t cp = c & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (!is_continuation(s[i]))
            return 0;
        cp = cp << 6 | (s[i] & 0x3Fu);
    }
    if ((n == 3 && cp < 0x800) || (n == 4 && cp < 0x10000) || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        return 0;
    *ret = cp;
    return n;
}

static size_t ascii_run(const char *s, size_t len)
{
    size_t i = 0;
    for (uint64_t word; len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    return i;
}

bool text_is_utf8(const char *s, size_t len)
{
    uint32_t cp;
    size_t i = 0;
    while (i < len) {
        i += ascii_run(s + i, len - i);
        if (i == len)
            break;
        size_t n = text_char((const unsigned char *)s + i, len - i, &cp);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

int text_mend(struct buf *b, const char *s, size_t len)
{
    uint32_t cp;
    for (size_t i = 0; i < len && !b->full;) {
        size_t n = ascii_run(s + i, len - i);
        n = n ? n : text_char((const unsigned char *)s + i, len - i, &cp);
        if (n)
            buf_add(b, s + i, n);
        else
            buf_adds(b, "\xef\xbf\xbd");
        i += n ? n : 1;
    }
    return b->full ? -1 : 0;
}

size_t text_cut(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t cut = max;
    /* At most three back, so that bytes that are not UTF-8 cost no more than that. */
    while (cut > 0 && max - cut < 3 && is_continuation((unsigned char)s[cut]))
        cut--;
    return cut;
}

/* Nobody sees them, and a model reads them all the same: what a person agreed to would not be what it is told. Those that scripts and emoji are written with are not
 * among them (U+200C, 200D, FE0E, FE0F), nor is the soft hyphen. */
static bool is_unseen(uint32_t cp)
{
    static const struct { uint32_t first, last; } unseen[] = {
        {0x034F, 0x034F}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200B}, {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0D},
        {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; cp >= unseen[0].first && i < sizeof unseen / sizeof *unseen; i++)
        if (cp >= unseen[i].first && cp <= unseen[i].last)
            return true;
    return false;
}

/* Would it move the cursor, reorder what stands beside it, end the line, or not be seen? */
static bool is_harmful(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x061C || cp == 0x200E || cp == 0x200F ||
           (cp >= 0x2028 && cp <= 0x202E) || is_unseen(cp);
}

/* One byte that is not UTF-8 counts as a character of its own. */
static void escape_char(struct buf *b, uint32_t cp, size_t n, bool json)
{
    if (json && cp > 0xFFFF)
        buf_addf(b, "\\u%04x\\u%04x", 0xD800u + ((unsigned)cp - 0x10000u) / 0x400u, 0xDC00u + (unsigned)cp % 0x400u);
    else if (json)
        buf_addf(b, "\\u%04x", n ? (unsigned)cp : 0xFFFDu);
    else
        buf_addf(b, n > 1 ? "\\u{%04x}" : "\\x%02x", (unsigned)cp);
}

static int escape(struct buf *b, const char *s, size_t len, bool keep_newlines, bool json)
{
    size_t run = 0, i = 0;
    while (i < len) {
        uint32_t cp = (unsigned char)s[i];
        size_t n = text_char((const unsigned char *)s + i, len - i, &cp);
        bool kept = keep_newlines && (cp == '\n' || cp == '\t');
        if (n > 0 && (kept || !is_harmful(cp))) {
            i += n;
            continue;
        }
        buf_add(b, s + run, i - run);
        escape_char(b, cp, n, json);
        i += n ? n : 1;
        run = i;
    }
    return buf_add(b, s + run, len - run);
}

int text_escape(struct buf *b, const char *s, size_t len, bool keep_newlines)
{
    return escape(b, s, len, keep_newlines, false);
}

int text_escape_json(struct buf *b, const char *s, size_t len)
{
    return escape(b, s, len, true, true);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_within(const char *a, const char *b, int edits)
{
    while (*a && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    if (!*a && !*b)
        return true;
    if (edits == 0)
        return false;
    return (*a && is_within(a + 1, b, edits - 1)) || (*b && is_within(a, b + 1, edits - 1)) ||
           (*a && *b && is_within(a + 1, b + 1, edits - 1));
}

bool text_is_near(const char *a, const char *b)
{
    return is_within(a, b, 2);
}

void text_slug(const char *s, size_t len, char ret[TEXT_SLUG_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < TEXT_SLUG_MAX; i++) {
        char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            ret[n++] = c;
        else if (n && ret[n - 1] != '-')
            ret[n++] = '-';
    }
    while (n && ret[n - 1] == '-')
        n--;
    ret[n] = '\0';
}

static const char sh_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+:,./_-=";

int text_quote_sh(struct buf *b, const char *s)
{
    /* zsh looks a word that starts with `=` up as a command. */
    if (*s && *s != '=' && s[strspn(s, sh_safe)] == '\0')
        return buf_adds(b, s);
    buf_addc(b, '\'');
    for (;;) {
        size_t n = strcspn(s, "'");
        buf_add(b, s, n);
        if (!s[n])
            return buf_addc(b, '\'');
        buf_adds(b, "'\\''");
        s += n + 1;
    }
}
