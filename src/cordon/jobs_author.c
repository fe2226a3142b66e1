/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/jobs_author.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/engine.h"
#include "engine/shim_wit.h"

#include <jansson.h>

static int failed(int rc, struct shim_bytes why, const char *doing, const char *hint, cordon_error **err)
{
    rc = engine_shim_error(rc, why, CORDON_E_BUILD_FAILED, NULL, doing, err);
    return rc == -CORDON_E_BUILD_FAILED ? err_hint(err, "%s", hint) : rc;
}

/* Takes `b`. */
static int give(struct shim_bytes b, struct buf *ret, cordon_error **err)
{
    int rc = buf_add(ret, b.data, b.len) == 0 ? 0 : err_set(err, CORDON_E_TOO_LARGE, NULL, "what was made has %zu bytes (ceiling %zu)", b.len, ret->max);
    shim_bytes_free(b);
    return rc;
}

int job_bindings(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err)
{
    (void)arg;
    (void)body;
    struct shim_bytes made = {0}, why = {0};
    int rc = shim_wit_bindings_c(in, len, &made, &why);
    return rc == 0 ? give(made, meta, err) : failed(rc, why, "the WIT cannot be used", "Mend the WIT at the place the message names, and build again.", err);
}

static json_t *import_names(const uint8_t *component, size_t len)
{
    struct shim_bytes text = {0};
    json_t *names = json_array(), *row;
    size_t i;
    if (shim_wit_describe(component, len, &text, NULL) < 0)
        return names;
    json_t *described = json_loadb((const char *)text.data, text.len, 0, NULL);
    shim_bytes_free(text);
    json_array_foreach(json_object_get(described, "imports"), i, row)
        json_array_append(names, json_object_get(row, "name"));
    json_decref(described);
    return names;
}

static int write_imports(const struct shim_bytes *component, struct buf *meta, cordon_error **err)
{
    json_t *j = json_pack("{s:o}", "imports", import_names(component->data, component->len));
    cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return text && buf_adds(meta, text) == 0 ? 0 : err_nomem(err);
}

static int read_wit_len(const char *arg, size_t len, size_t *ret, cordon_error **err)
{
    char *end;
    unsigned long long n = strtoull(arg, &end, 10);
    if (end == arg || *end || n > len)
        return err_set(err, CORDON_E_HOST_BUG, NULL, "the job's length of WIT is wrong: %s", arg);
    *ret = (size_t)n;
    return 0;
}

int job_componentize(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err)
{
    struct shim_bytes made = {0}, why = {0};
    size_t wit = 0;
    int rc = read_wit_len(arg, len, &wit, err);
    if (rc < 0)
        return rc;
    rc = wit ? shim_wit_componentize(in + wit, len - wit, in, wit, &made, &why) : shim_wit_command(in, len, &made, &why);
    if (rc < 0)
        return failed(rc, why, "the module cannot be made a component", "The message names what does not fit the world; mend the source or the WIT, and build again.", err);
    rc = write_imports(&made, meta, err);
    if (rc < 0) {
        shim_bytes_free(made);
        return rc;
    }
    return give(made, body, err);
}
