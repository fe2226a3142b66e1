/* SPDX-License-Identifier: Apache-2.0
 * Counts, sizes and durations. */
#include "fuzz.h"

#include "base/number.h"

enum { UNTOUCHED = 0x5A5A };

typedef int parse_fn(const char *, uint64_t *, const char **);

static bool parse(parse_fn *fn, const char *s, uint64_t *ret)
{
    const char *why = NULL;
    *ret = UNTOUCHED;
    if (fn(s, ret, &why) == 0) {
        HOLDS(*ret > 0);
        return true;
    }
    HOLDS(why && *why && *ret == UNTOUCHED);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    char *s = feed_rest(&f, NULL);
    uint64_t count, bytes, us;
    bool is_count = parse(number_count, s, &count), is_size = parse(number_size, s, &bytes), is_time = parse(number_duration, s, &us);

    /* Their units of the same name are the same, but for m, which is minutes. */
    if (is_count && is_size)
        HOLDS(count == bytes);
    if (is_count && is_time && !strpbrk(s, "m"))
        HOLDS((unsigned __int128)count * 1000000 == us);
    if (*s && s[strspn(s, "0123456789")] == '\0' && strlen(s) < 19) {
        uint64_t plain = strtoull(s, NULL, 10);
        HOLDS(is_count == (plain > 0) && is_size == is_count && (!is_count || count == plain));
    }
    free(s);
    return 0;
}
