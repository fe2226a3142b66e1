/* SPDX-License-Identifier: Apache-2.0
 * What is given to a skill of the blufio ABI: JSON made compact, or text made JSON; and the one argument in JSON arguments. */
#include "fuzz.h"

#include "cordon/request_blufio.h"
#include "engine/values.h"

/* It is JSON, and compact already. */
static void check(const char *json, size_t len)
{
    bool is;
    char *copy = malloc(len + 1);
    memcpy(copy, json, len + 1);
    HOLDS(json[len] == '\0' && fuzz_is_utf8(json, len));
    HOLDS(values_is_json(json, len, &is, NULL) == 0 && is);
    HOLDS(values_compact(copy, len) == len && !memcmp(copy, json, len));
    free(copy);
}

static void read_as(int (*read)(const char *, size_t, char **, size_t *, cordon_error **), const char *text, size_t len)
{
    char *json = NULL;
    size_t json_len = 0;
    cordon_error *err = NULL;
    int rc = read(text, len, &json, &json_len, &err);
    if (rc == 0)
        check(json, json_len);
    else
        fuzz_check_error(rc, err);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t len;
    char *text = feed_rest(&f, &len), *exact = realloc(text, len ? len : 1);
    read_as(blufio_input, exact, len);
    read_as(blufio_args, exact, len);
    free(exact);
    return 0;
}
