/* SPDX-License-Identifier: Apache-2.0 */
#include "near.h"

#include <ctype.h>
#include <string.h>

enum { NEAR_WORD_MAX = 64, NEAR_MAX = 2 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance with swaps of neighbours as one step; anything longer than NEAR_WORD_MAX is far. */
static unsigned distance(const char *a, const char *b)
{
    size_t la = strnlen(a, NEAR_WORD_MAX + 1), lb = strnlen(b, NEAR_WORD_MAX + 1);
    if (la > NEAR_WORD_MAX || lb > NEAR_WORD_MAX)
        return NEAR_MAX + 1;
    unsigned rows[3][NEAR_WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= lb; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (ca != cb));
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) && cb == tolower((unsigned char)a[i - 2])
                && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[lb];
}

void near_init(struct near *n, const char *word)
{
    *n = (struct near){.word = word, .distance = NEAR_MAX + 1};
}

void near_offer(struct near *n, const char *candidate)
{
    size_t len = strnlen(n->word, NEAR_WORD_MAX + 1);
    unsigned d = distance(n->word, candidate);
    if (d > 1 && len >= 2 && strncmp(n->word, candidate, len) == 0)
        d = 1; /* the beginning of it */
    if (d > (len <= 3 ? 1u : NEAR_MAX) || d >= n->distance)
        return;
    n->best = candidate;
    n->distance = d;
}
