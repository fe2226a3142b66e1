/* SPDX-License-Identifier: Apache-2.0
 * A lock file of JavaScript's: what of it may be fetched? */
#include "fuzz.h"

#include "author/js_lock.h"
#include <jansson.h>

/* What is said of a package goes to a terminal. */
static void check_items(const json_t *items)
{
    const json_t *one;
    size_t i;
    json_array_foreach(items, i, one) {
        const char *name = json_string_value(json_object_get(one, "name")), *version = json_string_value(json_object_get(one, "version"));
        HOLDS(name && *name && name[0] != '.' && !strstr(name, "..") && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@/._~-") == strlen(name));
        HOLDS(version && *version >= '0' && *version <= '9' && !strpbrk(version, "/:@ "));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    const char *file = feed_byte(&f) & 1 ? JS_LOCK : JS_MANIFEST;
    size_t len;
    char *text = feed_rest(&f, &len), *reduced = NULL;
    json_t *items = json_array();
    cordon_error *err = NULL;
    int rc = js_lock_check(file, text, len, items, &err);
    if (rc == 0)
        check_items(items);
    else
        fuzz_check_error(rc, err);
    if (rc == 0 && strcmp(file, JS_MANIFEST) == 0) {
        HOLDS(js_lock_reduce(text, len, &reduced, NULL) == 0);
        HOLDS(js_lock_check(JS_MANIFEST, reduced, strlen(reduced), items, NULL) == 0);
    }
    free(reduced);
    free(text);
    json_decref(items);
    return 0;
}
