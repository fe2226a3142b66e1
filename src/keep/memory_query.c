/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/memory_query.h"

#include "base/text.h"

static bool is_word(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* No quote can be in a word, so none has to be doubled. */
static void add_word(struct buf *b, const char *word, size_t len, bool first)
{
    buf_adds(b, first ? "\"" : " OR \"");
    buf_add(b, word, text_cut(word, len, QUERY_TERM_MAX));
    buf_addc(b, '"');
}

unsigned memory_query(struct buf *b, const char *text, size_t len)
{
    unsigned n = 0;
    for (size_t at = 0; at < len && n < QUERY_TERMS_MAX;) {
        size_t begin = at;
        while (at < len && is_word(text[at]))
            at++;
        if (at > begin)
            add_word(b, text + begin, at - begin, n++ == 0);
        else
            at++;
    }
    return n;
}
