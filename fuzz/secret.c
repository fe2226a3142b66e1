/* SPDX-License-Identifier: Apache-2.0
 *
 * A secret's file that somebody changed does not open. `r`: the file is the rest, as it is. Else a sealed one: a byte, how many changes (at most 7), each a place and what is put there;
 * a byte, how much shorter it gets; a name up to a newline, a name it is opened as up to a newline, and the value.
 */
#include "fuzz.h"

#include "keep/secret_file.h"

static const uint8_t key[SECRET_KEY] = {1, 2, 3};

/* In memory of its exact size; -1, 0 or 1. */
static int open_exact(const char *name, const uint8_t *file, size_t size, const char *value, size_t len)
{
    uint64_t ms;
    uint8_t *exact = malloc(size ? size : 1);
    char *found = malloc(size > SECRET_EXTRA ? size - SECRET_EXTRA : 1);
    HOLDS(exact && found);
    memcpy(exact, file, size);
    int r = secret_file_open(key, name, exact, size, found);
    HOLDS(r == 0 || r == 1);
    if (r)
        HOLDS(size == SECRET_EXTRA + len && !memcmp(found, value, len) && secret_file_time(exact, size, &ms));
    free(found);
    free(exact);
    return r;
}

static void check_sealed(struct feed *f)
{
    uint8_t places[8], bytes[8], n = feed_byte(f) % 8;
    for (int i = 0; i < n; i++)
        places[i] = feed_byte(f), bytes[i] = feed_byte(f);
    size_t cut = feed_byte(f), len;
    char *name = feed_line(f, NULL), *as = feed_line(f, NULL), *value = feed_rest(f, &len);
    size_t size = SECRET_EXTRA + len;
    uint8_t *file = malloc(size), *before = malloc(size);
    HOLDS(file && before && secret_file_seal(key, name, 1700000000000, value, len, file));
    memcpy(before, file, size);
    for (int i = 0; i < n; i++)
        file[places[i] % size] = bytes[i];
    bool same = !memcmp(file, before, size) && !strcmp(name, as) && !cut && len;
    HOLDS(open_exact(as, file, size - (cut < size ? cut : size), value, len) == same);
    free(before);
    free(file);
    free(value);
    free(as);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    HOLDS(sodium_init() >= 0);
    if (feed_byte(&f) == 'r')
        HOLDS(!open_exact("name", f.at, f.left, NULL, SIZE_MAX));
    else if (size < SECRET_VALUE_MAX)
        check_sealed(&f);
    return 0;
}
