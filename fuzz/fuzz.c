/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <jansson.h>

uint8_t feed_byte(struct feed *f)
{
    if (!f->left)
        return 0;
    f->left--;
    return *f->at++;
}

static char *take(struct feed *f, size_t len, size_t *ret_len)
{
    char *s = malloc(len + 1);
    HOLDS(s);
    if (len)
        memcpy(s, f->at, len);
    s[len] = '\0';
    f->at += len;
    f->left -= len;
    if (ret_len)
        *ret_len = len;
    return s;
}

char *feed_line(struct feed *f, size_t *ret_len)
{
    const uint8_t *end = f->left ? memchr(f->at, '\n', f->left) : NULL;
    char *line = take(f, end ? (size_t)(end - f->at) : f->left, ret_len);
    feed_byte(f);
    return line;
}

char *feed_rest(struct feed *f, size_t *ret_len)
{
    return take(f, f->left, ret_len);
}

/* By their bytes, so as not to ask the code that is being looked at. */
static bool is_control(const unsigned char *s, size_t left)
{
    if (s[0] < 0x20 || s[0] == 0x7F)
        return true;
    if (left > 1 && ((s[0] == 0xC2 && s[1] < 0xA0) || (s[0] == 0xD8 && s[1] == 0x9C)))
        return true;
    if (left > 1 && s[0] == 0xF3 && s[1] == 0xA0) /* tags, which nobody sees */
        return true;
    if (left > 2 && s[0] == 0xEF && s[1] == 0xBB && s[2] == 0xBF)
        return true;
    if (left < 3 || s[0] != 0xE2)
        return false;
    return s[1] == 0x80 ? s[2] == 0x8B || s[2] == 0x8E || s[2] == 0x8F || (s[2] >= 0xA8 && s[2] <= 0xAE) : s[1] == 0x81 && s[2] >= 0xA0 && s[2] <= 0xAF;
}

bool fuzz_is_utf8(const char *s, size_t len)
{
    json_t *j = json_stringn(s, len); /* NULL for what is none */
    json_decref(j);
    return j;
}

bool fuzz_is_harmless(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_control((const unsigned char *)s + i, len - i))
            return false;
    return fuzz_is_utf8(s, len);
}

static bool is_shown(const char *s)
{
    return !s || fuzz_is_harmless(s, strlen(s));
}

void fuzz_check_error(int rc, cordon_error *err)
{
    HOLDS(rc < 0 && err);
    HOLDS(cordon_error_code(err) == (enum cordon_errc)-rc && cordon_error_info(cordon_error_code(err)));
    HOLDS(cordon_error_message(err) && is_shown(cordon_error_message(err)));
    HOLDS(cordon_error_hint(err) && is_shown(cordon_error_hint(err)) && is_shown(cordon_error_subject(err)));
    for (size_t i = 0; cordon_error_cause(err, i); i++)
        HOLDS(is_shown(cordon_error_cause(err, i)));
    cordon_error_free(err);
}
