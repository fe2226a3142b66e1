/* SPDX-License-Identifier: Apache-2.0
 * What kind of bytes these are. */
#include "fuzz.h"

#include "code/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t len;
    uint8_t *bytes = (uint8_t *)feed_rest(&f, &len), *exact = realloc(bytes, len ? len : 1);
    enum code_kind kind = code_sniff(exact, len);
    bool is_wasm = len >= 8 && !memcmp(exact, "\0asm", 4);
    HOLDS((kind == CODE_EMPTY) == (len == 0));
    HOLDS((kind == CODE_COMPONENT) == (is_wasm && exact[6] == 1 && exact[7] == 0));
    HOLDS((kind == CODE_CORE_MODULE) == (is_wasm && exact[6] == 0 && exact[7] == 0));
    if (kind == CODE_TEXT)
        HOLDS(!is_wasm && (memchr(exact, '(', len) || memchr(exact, ';', len)));
    /* Native code is known by its first bytes, whatever follows. */
    if (len >= 4 && !memcmp(exact, "\177ELF", 4))
        HOLDS(kind == CODE_PRECOMPILED);
    free(exact);
    return 0;
}
