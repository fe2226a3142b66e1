/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/jobs_author.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "engine/engine.h"
#include "engine/shim_wit.h"

#include <jansson.h>
#include <string.h>

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

/* "KIND N": what was made, and how many bytes of WIT stand before it. */
struct order { enum { MADE_CORE, MADE_TYPED, MADE_COMMAND, MADE_KINDS } kind; size_t wit; };

static int read_order(const char *arg, size_t len, struct order *ret, cordon_error **err)
{
    static const char *const kinds[MADE_KINDS] = {[MADE_CORE] = "core ", [MADE_TYPED] = "typed ", [MADE_COMMAND] = "command "};
    for (int k = 0; k < MADE_KINDS; k++) {
        size_t n = strlen(kinds[k]);
        char *end = NULL;
        if (strncmp(arg, kinds[k], n) != 0)
            continue;
        unsigned long long wit = strtoull(arg + n, &end, 10);
        if (end == arg + n || *end || wit > len)
            break;
        *ret = (struct order){.kind = k, .wit = (size_t)wit};
        return 0;
    }
    return err_set(err, CORDON_E_HOST_BUG, NULL, "the job is none that is known: %s", arg);
}

static int make(const struct order *o, const uint8_t *in, size_t len, struct shim_bytes *ret, struct shim_bytes *why)
{
    switch (o->kind) {
    case MADE_CORE: return shim_wit_componentize(in + o->wit, len - o->wit, in, o->wit, ret, why);
    case MADE_TYPED: return shim_wit_finish(in + o->wit, len - o->wit, in, o->wit, ret, why);
    default: return shim_wit_command(in, len, ret, why);
    }
}

/* "" for a command. */
static int world_name(const struct order *o, const uint8_t *in, char **ret, cordon_error **err)
{
    struct shim_bytes name = {0}, why = {0};
    int rc = o->kind == MADE_COMMAND ? 0 : shim_wit_world(in, o->wit, &name, &why);
    if (rc < 0)
        return failed(rc, why, "the WIT cannot be used", "Mend the WIT at the place the message names, and build again.", err);
    *ret = name.data ? strndup((const char *)name.data, name.len) : NULL;
    shim_bytes_free(name);
    return *ret || o->kind == MADE_COMMAND ? 0 : err_nomem(err);
}

static int write_meta(const struct order *o, const uint8_t *in, const struct shim_bytes *component, struct buf *meta, cordon_error **err)
{
    cleanup_free char *world = NULL;
    int rc = world_name(o, in, &world, err);
    if (rc < 0)
        return rc;
    json_t *j = json_pack("{s:o, s:s?}", "imports", import_names(component->data, component->len), "world", world);
    cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return text && buf_adds(meta, text) == 0 ? 0 : err_nomem(err);
}

int job_componentize(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err)
{
    struct shim_bytes made = {0}, why = {0};
    struct order o = {0};
    int rc = read_order(arg, len, &o, err);
    if (rc < 0)
        return rc;
    if ((rc = make(&o, in, len, &made, &why)) < 0)
        return failed(rc, why, "what was built cannot be made a component", "The message names what does not fit the world; mend the source or the WIT, and build again.", err);
    rc = write_meta(&o, in, &made, meta, err);
    if (rc < 0) {
        shim_bytes_free(made);
        return rc;
    }
    return give(made, body, err);
}
