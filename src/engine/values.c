/* SPDX-License-Identifier: Apache-2.0
 * Component values as such: giving them back, taking results apart. */
#include "values.h"
#include <string.h>

void values_finish(wasmtime_component_val_t *vals, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wasmtime_component_val_delete(&vals[i]);
        memset(&vals[i], 0, sizeof(vals[i]));
    }
}

bool values_split_result(const struct wit_type *t, const wasmtime_component_val_t *v, bool *ok, const struct wit_type **payload_t,
                         const wasmtime_component_val_t **payload_v)
{
    if (t && t->kind == WIT_RESULT) {
        if (v->kind != WASMTIME_COMPONENT_RESULT)
            return false;
        const struct wit_type *side = v->of.result.is_ok ? t->elem : t->err;
        if (!side != !v->of.result.val)
            return false;
        *ok = v->of.result.is_ok;
        *payload_t = side;
        *payload_v = v->of.result.val;
        return true;
    }
    *ok = true;
    *payload_t = t;
    *payload_v = t ? v : NULL;
    return true;
}
