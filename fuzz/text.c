/* SPDX-License-Identifier: Apache-2.0
 * Text from outside: is it UTF-8, where may it be cut, how is it shown and quoted. */
#include "fuzz.h"

#include "base/text.h"

static void check_cut(const char *s, size_t len, size_t max)
{
    size_t cut = text_cut(s, len, max);
    HOLDS(cut <= len && cut <= max && (cut == len || max - cut <= 3));
    if (fuzz_is_utf8(s, len))
        HOLDS(fuzz_is_utf8(s, cut) && fuzz_is_utf8(s + cut, len - cut));
}

static void check_escape(const char *s, size_t len, bool keep_newlines)
{
    struct buf b;
    buf_init(&b, 4 * len);
    HOLDS(text_escape(&b, s, len, keep_newlines) == 0);
    for (size_t i = 0; keep_newlines && i < b.len; i++)
        b.data[i] = b.data[i] == '\n' || b.data[i] == '\t' ? ' ' : b.data[i];
    HOLDS(fuzz_is_harmless(b.len ? b.data : "", b.len));
    if (!keep_newlines && fuzz_is_harmless(s, len))
        HOLDS(b.len == len && (!len || memcmp(b.data, s, len) == 0));
    buf_finish(&b);

    /* Under a ceiling that is too low it fails, or all of it was there. */
    buf_init(&b, len / 2);
    if (text_escape(&b, s, len, keep_newlines) == 0)
        HOLDS(b.len >= len);
    buf_finish(&b);
}

/* As a shell reads a word: what single quotes or a backslash keep, and of the rest only what means nothing to any shell. wordexp(3) makes two words of ''a. */
static char *read_word(const char *s)
{
    char *word = malloc(strlen(s) + 1), *w = word;
    HOLDS(word);
    for (bool quoted = false; *s; s++) {
        if (*s == '\'')
            quoted = !quoted;
        else if (quoted)
            *w++ = *s;
        else if (*s == '\\')
            *w++ = *++s;
        else {
            HOLDS(!strchr(" \t\n|&;<>()$`\"*?[]{}#~!^", *s) && (w != word || *s != '='));
            *w++ = *s;
        }
        HOLDS(s[1] || !quoted);
    }
    *w = '\0';
    return word;
}

static void check_quote(const char *s)
{
    struct buf b;
    buf_init(&b, 4 * strlen(s) + 2);
    HOLDS(text_quote_sh(&b, s) == 0 && b.len > 0);
    char *word = read_word(b.data);
    HOLDS(strcmp(word, s) == 0);
    free(word);
    buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t max = feed_byte(&f), len;
    char *first = feed_line(&f, NULL), *s = feed_rest(&f, &len);
    HOLDS(text_is_utf8(s, len) == fuzz_is_utf8(s, len));
    check_cut(s, len, max);
    check_escape(s, len, true);
    check_escape(s, len, false);
    check_quote(s);
    HOLDS(text_is_near(s, s) && text_is_near(first, s) == text_is_near(s, first));
    free(first);
    free(s);
    return 0;
}
