/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "engine/shim_toml.h"
#include "manifest/node.h"

static int refuse(const struct reading *r, int rc, struct shim_bytes why)
{
    const char *text = why.data ? (const char *)why.data : "no reason given";
    bool has_place = text[0] >= '0' && text[0] <= '9';
    int ret = err_set(r->err, rc == -2 ? CORDON_E_HOST_BUG : CORDON_E_BAD_MANIFEST, r->file, "%s:%s%s", r->file, has_place ? "" : " ", text);
    shim_bytes_free(why);
    return ret;
}

int toml_read(const struct reading *r, const char *text, size_t len, json_t **ret)
{
    struct shim_bytes json = {0}, why = {0};
    int rc = shim_toml_parse((const uint8_t *)text, len, &json, &why);
    if (rc < 0)
        return refuse(r, rc, why);
    *ret = json_loadb((const char *)json.data, json.len, 0, NULL);
    shim_bytes_free(json);
    return *ret ? 0 : err_nomem(r->err); /* it is JSON and within jansson's depth: nothing else is left */
}
