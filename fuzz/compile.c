/* SPDX-License-Identifier: Apache-2.0
 *
 * What the helper does with an artifact, in this process. Not among those that are run unasked: it spends its time in Wasmtime, which has fuzzing of its own, and whose
 * compiler may well end the process or take long on what it is given (that is why there is a helper). What is looked for here is our part around it.
 */
#include "fuzz.h"

#include "code/code.h"
#include "engine/compile.h"
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf meta, code;
    cordon_error *err = NULL;
    buf_init(&meta, CODE_META_MAX);
    buf_init(&code, CODE_BODY_MAX);
    int rc = compile(CORDON_TIER_UNTRUSTED, data, size, &meta, &code, &err);
    if (rc < 0) {
        HOLDS(strcmp(cordon_error_category(err), "artifact") == 0);
        fuzz_check_error(rc, err);
    } else {
        json_t *j = json_loadb(meta.data, meta.len, JSON_REJECT_DUPLICATES, NULL);
        HOLDS(json_is_object(j) && code.len > 0);
        json_decref(j);
    }
    buf_finish(&meta);
    buf_finish(&code);
    return 0;
}
