/* SPDX-License-Identifier: Apache-2.0
 * The secrets, as a program on the library sees them: it can set, list and remove them, and read none. */
#include "cordon/answer.h"
#include "base/clock.h"
#include "base/error.h"
#include "keep/secrets.h"
#include <cordon/keep.h>

#include <jansson.h>

int cordon_secret_set(const char *home, const char *name, const void *value, size_t len, cordon_error **err)
{
    err_wanted(err);
    return secrets_set(home, name, value, len, err);
}

static json_t *entry_json(const struct secret_entry *e)
{
    char at[CLOCK_TEXT];
    clock_write(e->set_at_ms, at);
    return json_pack("{s:s, s:o}", "name", e->name, "set_at", e->whole ? json_string(at) : json_null());
}

int cordon_secret_list(const char *home, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    struct secret_list list;
    int r = secrets_list(home, &list, err);
    if (r < 0)
        return r;
    json_t *entries = json_array();
    for (size_t i = 0; i < list.n; i++)
        json_array_append_new(entries, entry_json(&list.item[i]));
    secret_list_finish(&list);
    json_t *whole = json_pack("{s:i, s:o}", "cordon", 1, "secrets", entries);
    return answer_json(whole, ret_json, err);
}

int cordon_secret_remove(const char *home, const char *name, cordon_error **err)
{
    err_wanted(err);
    int r = secrets_remove(home, name, err);
    return r ? (r < 0 ? r : 0) : err_set(err, CORDON_E_NOT_KEPT, name, "no secret %s is kept", name);
}
