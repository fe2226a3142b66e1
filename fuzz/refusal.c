/* SPDX-License-Identifier: Apache-2.0
 * A refusal from the cache, as JSON. */
#include "fuzz.h"

#include "code/cache_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct code_bounds bounds = {.memory_bytes = 1 << 30, .cpu_s = 60, .wall_s = 120};
    struct feed f = {data, size};
    char *json = feed_rest(&f, NULL);
    cordon_error *err = NULL, *again = NULL;
    int rc = cache_refusal_error(json, &bounds, &err);
    HOLDS(rc <= 0 && !err == !rc);
    if (rc < 0) {
        /* Kept once more it is told in the same words. */
        char *kept = cache_refusal_json(err, &bounds);
        HOLDS(kept && cache_refusal_error(kept, &bounds, &again) == rc);
        HOLDS(strcmp(cordon_error_message(err), cordon_error_message(again)) == 0);
        HOLDS(strcmp(cordon_error_hint(err), cordon_error_hint(again)) == 0);
        free(kept);
        fuzz_check_error(rc, err);
        fuzz_check_error(rc, again);
    }
    free(json);
    return 0;
}
