/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { FRACTION_MAX = 19 }; /* 10^19 is the largest power of ten in 64 bits */

struct number_unit {
    const char *name;
    uint64_t factor;
};

struct number_kind {
    const struct number_unit *units; /* ends with name NULL */
    int (*compare)(const char *, const char *);
    const char *why_unit, *why_whole;
};

static const uint64_t kilo = 1000, kibi = 1024;

static int number_refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return -1;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool add_digit(uint64_t *n, char c)
{
    return !__builtin_mul_overflow(*n, 10u, n) && !__builtin_add_overflow(*n, (uint64_t)(c - '0'), n);
}

static const struct number_unit *find_unit(const struct number_kind *kind, const char *name)
{
    const struct number_unit *u = kind->units;
    while (u->name && kind->compare(u->name, name) != 0)
        u++;
    return u->name ? u : NULL;
}

/* Length of the fraction's digits without the zeros at their end. */
static size_t fraction_len(const char *s, size_t len)
{
    while (len > 0 && s[len - 1] == '0')
        len--;
    return len;
}

static const char *why_not_a_number(const char *s)
{
    if (!*s)
        return "is empty";
    if (s[strcspn(s, " \t\r\n\v\f")])
        return "must not contain blanks";
    if (*s == '-' || *s == '+')
        return "must not have a sign";
    return is_digit(*s) ? NULL : "must start with a digit";
}

static int number_parse(const struct number_kind *kind, const char *s, uint64_t *ret, const char **ret_why)
{
    const char *why = why_not_a_number(s);
    if (why)
        return number_refuse(ret_why, why);

    uint64_t digits = 0, scale = 1;
    for (; is_digit(*s); s++)
        if (!add_digit(&digits, *s))
            return number_refuse(ret_why, "is too large");
    if (*s == '.') {
        size_t len = strspn(++s, "0123456789"), used = fraction_len(s, len);
        if (len == 0)
            return number_refuse(ret_why, "needs a digit after the point");
        if (used > FRACTION_MAX)
            return number_refuse(ret_why, kind->why_whole);
        for (size_t i = 0; i < used; i++, scale *= 10)
            if (!add_digit(&digits, s[i]))
                return number_refuse(ret_why, "has too many digits");
        s += len;
    }
    const struct number_unit *unit = find_unit(kind, s);
    if (!unit)
        return number_refuse(ret_why, kind->why_unit);
    if (digits == 0)
        return number_refuse(ret_why, "must be above zero");

    unsigned __int128 product = (unsigned __int128)digits * unit->factor;
    if (product % scale != 0)
        return number_refuse(ret_why, kind->why_whole);
    if (product / scale > UINT64_MAX)
        return number_refuse(ret_why, "is too large");
    *ret = (uint64_t)(product / scale);
    return 0;
}

int number_count(const char *s, uint64_t *ret, const char **ret_why)
{
    const struct number_unit units[] = {
        {"", 1}, {"k", kilo}, {"M", kilo * kilo}, {"G", kilo * kilo * kilo}, {"T", kilo * kilo * kilo * kilo}, {NULL, 0},
    };
    const struct number_kind kind = {units, strcasecmp, "has an unknown unit (known: k, M, G, T)", "must be a whole number"};
    return number_parse(&kind, s, ret, ret_why);
}

int number_size(const char *s, uint64_t *ret, const char **ret_why)
{
    const uint64_t M = kilo * kilo, G = M * kilo, T = G * kilo, Mi = kibi * kibi, Gi = Mi * kibi, Ti = Gi * kibi;
    const struct number_unit units[] = {
        {"", 1},     {"B", 1},     {"k", kilo},   {"kB", kilo}, {"Ki", kibi}, {"KiB", kibi}, {"M", M},    {"MB", M},    {"Mi", Mi},
        {"MiB", Mi}, {"G", G},     {"GB", G},     {"Gi", Gi},   {"GiB", Gi},  {"T", T},      {"TB", T},   {"Ti", Ti},   {"TiB", Ti},
        {NULL, 0},
    };
    const struct number_kind kind = {units, strcasecmp, "has an unknown unit (known: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)",
                                     "must be a whole number of bytes"};
    return number_parse(&kind, s, ret, ret_why);
}

int number_duration(const char *s, uint64_t *ret_us, const char **ret_why)
{
    static const struct number_unit units[] = {
        {"", 1000000}, {"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}, {NULL, 0},
    };
    const struct number_kind kind = {units, strcmp, "has an unknown unit (known: us, ms, s, m, h)",
                                     "must be a whole number of microseconds"};
    return number_parse(&kind, s, ret_us, ret_why);
}
