/* SPDX-License-Identifier: Apache-2.0
 *
 * words: a skill with a typed function of its own (wit/world.wit) instead of text in, text out. */
#include "words.h"
#include <stdlib.h>
#include <string.h>

struct entry {
    const uint8_t *text; /* into the input */
    size_t len;
    uint32_t count;
};

/* Bytes from 0x80 on belong to letters outside ASCII, so that no character is ever cut. */
static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

static int by_text(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int by_count(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;

    return a->count != b->count ? (a->count < b->count) - (a->count > b->count) : by_text(a, b);
}

/* The words of `text`, which become lower case in place. */
static size_t split(words_string_t *text, struct entry *words)
{
    size_t n = 0, start = 0;

    for (size_t i = 0; i <= text->len; i++) {
        if (i < text->len && is_word(text->ptr[i])) {
            if (text->ptr[i] >= 'A' && text->ptr[i] <= 'Z')
                text->ptr[i] += 'a' - 'A';
            continue;
        }
        if (i > start)
            words[n++] = (struct entry){.text = text->ptr + start, .len = i - start, .count = 1};
        start = i + 1;
    }
    return n;
}

/* Sorts and merges equal words. Returns how many are left. */
static size_t merge(struct entry *words, size_t n)
{
    size_t distinct = 0;

    qsort(words, n, sizeof(*words), by_text);
    for (size_t i = 0; i < n; i++) {
        if (distinct && by_text(&words[distinct - 1], &words[i]) == 0)
            words[distinct - 1].count++;
        else
            words[distinct++] = words[i];
    }
    qsort(words, distinct, sizeof(*words), by_count);
    return distinct;
}

/* A copy of the first `n` words. */
static bool report_top(const struct entry *words, size_t n, words_list_word_t *ret)
{
    ret->len = n;
    ret->ptr = n ? malloc(n * sizeof(*ret->ptr)) : NULL;
    if (n && !ret->ptr)
        return false;
    for (size_t i = 0; i < n; i++) {
        words_string_dup_n(&ret->ptr[i].text, (const char *)words[i].text, words[i].len);
        ret->ptr[i].count = words[i].count;
    }
    return true;
}

static bool count(words_string_t *text, uint32_t top, words_report_t *ret)
{
    /* Two bytes hold at most one word. */
    struct entry *words = calloc(text->len / 2 + 1, sizeof(*words));
    bool ok = false;

    if (words) {
        size_t total = split(text, words), distinct = merge(words, total);
        ret->total = total;
        ret->distinct = distinct;
        ok = report_top(words, top < distinct ? top : distinct, &ret->top);
    }
    free(words);
    return ok;
}

bool exports_words_count(words_string_t *text, uint32_t top, words_report_t *ret, words_string_t *err)
{
    bool ok = false;

    if (top == 0)
        words_string_dup(err, "top is at least 1");
    else if (!(ok = count(text, top, ret)))
        words_string_dup(err, "the text is too long for the memory at hand");
    words_string_free(text);
    return ok;
}
