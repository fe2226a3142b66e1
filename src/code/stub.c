/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/text.h"
#include "code.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MARK "boternity_wasm_stub"

static int no_stub(const char *why, cordon_error **err)
{
    return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "the file is JSON and no stub of a skill: %s", why);
}

static int copy(const char *text, size_t len, char **ret, size_t *ret_len, cordon_error **err)
{
    char *own = malloc(len + 1);
    if (!own)
        return err_nomem(err);
    memcpy(own, text, len);
    own[len] = '\0';
    *ret = own;
    *ret_len = len;
    return 0;
}

static int read_body(const json_t *stub, char **ret, size_t *ret_len, cordon_error **err)
{
    const json_t *body = json_object_get(stub, "body");
    if (!json_is_true(json_object_get(stub, MARK)))
        return no_stub("`" MARK "` is not true in it", err);
    if (body && !json_is_string(body))
        return no_stub("its `body` is no text", err);
    return copy(body ? json_string_value(body) : "", json_string_length(body), ret, ret_len, err);
}

int code_stub_body(const uint8_t *bytes, size_t len, char **ret, size_t *ret_len, cordon_error **err)
{
    json_error_t why;
    if (len > CODE_STUB_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the file is JSON of %zu bytes (ceiling %d)", len, CODE_STUB_MAX);
    json_t *stub = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (!stub)
        return no_stub(why.text, err);
    int rc = read_body(stub, ret, ret_len, err);
    json_decref(stub);
    return rc;
}
