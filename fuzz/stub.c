/* SPDX-License-Identifier: Apache-2.0
 * Is it a stub, and what is its body? */
#include "fuzz.h"

#include "code/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t len, body_len = 0;
    char *body = NULL;
    cordon_error *err = NULL;
    uint8_t *bytes = (uint8_t *)feed_rest(&f, &len), *exact = realloc(bytes, len ? len : 1);
    int rc = code_stub_body(exact, len, &body, &body_len, &err);
    if (rc == 0)
        HOLDS(body && body[body_len] == '\0' && body_len < len && fuzz_is_utf8(body, body_len));
    else
        fuzz_check_error(rc, err);
    free(body);
    free(exact);
    return 0;
}
