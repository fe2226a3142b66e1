/* SPDX-License-Identifier: Apache-2.0
 * Are the files of what is installed still those that were installed, and does its signature hold? */
#include "base/cleanup.h"
#include "base/error.h"
#include "bundle/bundle.h"
#include "cordon/registry_parts.h"

#include <string.h>

static void cleanup_json(json_t **j) { json_decref(*j); }

static void add_error(json_t *problems, cordon_error *why)
{
    json_array_append_new(problems, json_string(cordon_error_message(why)));
    cordon_error_free(why);
}

static void check_code(const struct registry_version *v, const struct bundle *b, json_t *problems)
{
    const struct bundle_file *code = v->entry ? bundle_find(b, v->entry) : NULL;
    if (v->entry && !code)
        json_array_append_new(problems, json_sprintf("its code, %s, is gone", v->entry));
    else if (code && memcmp(code->sha256, v->artifact, sizeof v->artifact))
        json_array_append_new(problems, json_sprintf("its code, %s, is not what was installed", v->entry));
}

/* Each file of it is read. */
static int check_files(struct registry *r, const struct registry_version *v, json_t *problems, size_t *ret_files, uint64_t *ret_bytes, cordon_error **err)
{
    cleanup_fd int fd = -1;
    cleanup_free char *path = NULL;
    cleanup(bundle_finish) struct bundle b = BUNDLE_NONE;
    cordon_error *why = NULL;
    int rc = registry_store_open(r, v->bundle, &fd, &path, err);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        json_array_append_new(problems, json_string("its files are gone"));
        return 0;
    }
    if (bundle_read(fd, path, &b, &why) < 0) {
        add_error(problems, why);
        return 0;
    }
    *ret_files = b.n;
    *ret_bytes = b.bytes;
    if (memcmp(b.digest, v->bundle, sizeof b.digest))
        json_array_append_new(problems, json_string("its files are not those that were installed: the digest over them is another"));
    check_code(v, &b, problems);
    return 0;
}

static int check_one(struct registry *r, const struct registry_version *v, json_t *to, bool *ok, cordon_error **err)
{
    struct registry_worth worth;
    char digest[REGISTRY_DIGEST_TEXT];
    size_t files = 0;
    uint64_t bytes = 0;
    cleanup(cleanup_json) json_t *problems = json_array();
    int rc = registry_weigh(r, v, &worth, err);
    if (rc < 0 || (rc = check_files(r, v, problems, &files, &bytes, err)) < 0)
        return rc;
    if (worth.standing == REGISTRY_BAD_SIGNATURE)
        json_array_append_new(problems, json_string("its signature does not hold: it is not over this name, version and digest"));
    bool good = json_array_size(problems) == 0;
    *ok = *ok && good;
    registry_digest_text(v->bundle, digest);
    json_t *row = json_pack("{s:s, s:s, s:b, s:s, s:I, s:I, s:s, s:o, s:s, s:O}", "name", v->name, "version", v->version, "ok", (int)good, "digest", digest, "files",
                            (json_int_t)files, "bytes", (json_int_t)bytes, "standing", registry_standing_words(worth.standing), "publisher",
                            v->publisher[0] ? json_string(v->publisher) : json_null(), "tier", cordon_tier_name(worth.tier), "problems", problems);
    return row && json_array_append_new(to, row) == 0 ? 0 : err_nomem(err);
}

static int check_name(struct registry *r, const char *name, json_t *to, bool *ok, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions kept = {0};
    int rc = registry_kept(r, name, &kept, err);
    for (size_t i = 0; rc == 0 && i < kept.n; i++)
        rc = check_one(r, &kept.item[i], to, ok, err);
    return rc;
}

static int check_named(struct registry *r, const char *name, json_t *to, bool *ok, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version v = {0};
    int rc = registry_need(r, name, &v, err);
    if (rc < 0)
        return rc;
    return strchr(name, '@') ? check_one(r, &v, to, ok, err) : check_name(r, v.name, to, ok, err);
}

static int check_all(struct registry *r, json_t *to, bool *ok, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    int rc = registry_all(r, &all, err);
    for (size_t i = 0; rc == 0 && i < all.n; i++)
        rc = check_name(r, all.item[i].name, to, ok, err);
    return rc;
}

int cordon_registry_verify(cordon_registry *reg, const char *name, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(registry_let_go) struct registry *r = NULL;
    cleanup(cleanup_json) json_t *whole = json_pack("{s:i, s:b, s:[]}", "cordon", 1, "ok", 1, "skills");
    bool ok = true;
    int rc = name ? registry_begin_of(reg, name, &r, err) : registry_begin(reg, REGISTRY_READ, &r, err);
    if (rc >= 0 && r)
        rc = name ? check_named(r, name, json_object_get(whole, "skills"), &ok, err) : check_all(r, json_object_get(whole, "skills"), &ok, err);
    if (rc < 0)
        return rc;
    json_object_set_new(whole, "ok", json_boolean(ok));
    char *text = json_dumps(whole, JSON_COMPACT);
    if (!text)
        return err_nomem(err);
    *ret_json = text;
    return 0;
}
