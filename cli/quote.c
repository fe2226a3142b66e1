/* SPDX-License-Identifier: Apache-2.0 */
#include "quote.h"

#include <string.h>

void quote_print(FILE *f, const char *word)
{
    static const char plain_ones[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+~";
    if (*word && word[strspn(word, plain_ones)] == '\0') {
        fputs(word, f);
        return;
    }
    fputc('\'', f);
    for (const char *p = word; *p; p++)
        *p == '\'' ? fputs("'\\''", f) : fputc(*p, f);
    fputc('\'', f);
}
