/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/challenge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t token_len(const char *s)
{
    return strspn(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static const char *skip_blanks(const char *s) { return s + strspn(s, " \t"); }

/* At a quote. Printable ASCII alone; a backslash stands before what it makes plain. */
static bool take_quoted(const char **s, char *ret, size_t max)
{
    size_t n = 0;
    for (const char *c = *s + 1; *c; c++) {
        if (*c == '"') {
            ret[n] = '\0';
            *s = c + 1;
            return true;
        }
        if (*c == '\\')
            c++;
        if (*c < ' ' || *c > '~' || n == max)
            return false;
        ret[n++] = *c;
    }
    return false;
}

static bool take_value(const char **s, char *ret, size_t max)
{
    if (**s == '"')
        return take_quoted(s, ret, max);
    size_t n = token_len(*s);
    if (n == 0 || n > max)
        return false;
    memcpy(ret, *s, n);
    ret[n] = '\0';
    *s += n;
    return true;
}

static bool keep(char **where, const char *value)
{
    if (*where)
        return false;
    return (*where = strdup(value));
}

static bool take_param(const char **s, struct challenge *ret)
{
    char value[CHALLENGE_VALUE_MAX + 1];
    const char *name = *s;
    size_t len = token_len(name);
    if (len == 0 || name[len] != '=')
        return false;
    *s = name + len + 1;
    if (!take_value(s, value, CHALLENGE_VALUE_MAX))
        return false;
    if (len == 5 && !strncasecmp(name, "realm", len))
        return keep(&ret->realm, value);
    if (len == 7 && !strncasecmp(name, "service", len))
        return keep(&ret->service, value);
    return true;
}

static bool take_params(const char *s, struct challenge *ret)
{
    for (;;) {
        if (!take_param(&s, ret))
            return false;
        s = skip_blanks(s);
        if (!*s)
            return true;
        if (*s != ',')
            return false;
        s = skip_blanks(s + 1);
    }
}

static enum challenge_scheme scheme_of(const char *s, size_t len)
{
    if (len == 5 && !strncasecmp(s, "Basic", len))
        return CHALLENGE_BASIC;
    return len == 6 && !strncasecmp(s, "Bearer", len) ? CHALLENGE_BEARER : CHALLENGE_OTHER;
}

bool challenge_parse(const char *field, struct challenge *ret)
{
    size_t len = token_len(field);
    memset(ret, 0, sizeof *ret);
    if (len == 0 || field[len] != ' ')
        return false;
    ret->scheme = scheme_of(field, len);
    if (take_params(skip_blanks(field + len), ret))
        return true;
    challenge_finish(ret);
    return false;
}

void challenge_finish(struct challenge *c)
{
    free(c->realm);
    free(c->service);
    memset(c, 0, sizeof *c);
}
