/* SPDX-License-Identifier: Apache-2.0 */
#include "author/bindings.h"
#include "base/scratch.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <jansson.h>
#include <string.h>

static void decref(json_t **j)
{
    json_decref(*j);
}

/* A stranger's WIT may have taken the helper over: its names of files go nowhere but where they should. */
static bool is_name(const char *name, const char *end)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n > 0 && n + strlen(end) <= BINDINGS_NAME_MAX && strcmp(name + n, end) == 0;
}

static int write_files(json_t *files, const char *scratch, struct bindings *b, cordon_error **err)
{
    const char *name;
    json_t *text;
    json_object_foreach(files, name, text) {
        char *where = is_name(name, ".h") ? b->header : is_name(name, ".c") ? b->source : NULL;
        if (!where || *where || !json_is_string(text))
            return err_set(err, CORDON_E_HOST_BUG, NULL, "the helper made bindings with a file that is none of theirs");
        strcpy(where, name);
        int rc = scratch_write(scratch, name, json_string_value(text), json_string_length(text), err);
        if (rc < 0)
            return rc;
    }
    return *b->header && *b->source ? 0 : err_set(err, CORDON_E_HOST_BUG, NULL, "the helper made bindings without a header or a source");
}

static int read_answer(const json_t *j, const char *scratch, struct bindings *b, cordon_error **err)
{
    const char *world = json_string_value(json_object_get(j, "world"));
    if (!world)
        return err_set(err, CORDON_E_HOST_BUG, NULL, "the helper made bindings without the name of their world");
    if (!(b->world = strdup(world)))
        return err_nomem(err);
    return write_files(json_object_get(j, "files"), scratch, b, err);
}

int bindings_take(const char *meta, const char *scratch, struct bindings *ret, cordon_error **err)
{
    cleanup(decref) json_t *j = json_loads(meta, 0, NULL);
    struct bindings b = {0};
    int rc = read_answer(j, scratch, &b, err);
    if (rc == 0)
        *ret = b;
    else
        bindings_finish(&b);
    return rc;
}

int bindings_make(struct helper *helper, const struct wit_files *wit, const char *scratch, struct bindings *ret, cordon_error **err)
{
    cleanup_free char *meta = NULL;
    cleanup_fd int body = -1;
    uint64_t body_len;
    int rc = helper_run(helper, CODE_JOB_BINDINGS, "", (const uint8_t *)wit->json, wit->len, &meta, &body, &body_len, err);
    return rc < 0 ? rc : bindings_take(meta, scratch, ret, err);
}

void bindings_finish(struct bindings *b)
{
    free(b->world);
}
