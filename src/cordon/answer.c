/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/answer.h"

#include "base/error.h"

int answer_json(json_t *j, char **ret, cordon_error **err)
{
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (!text)
        return err_nomem(err);
    *ret = text;
    return 0;
}
