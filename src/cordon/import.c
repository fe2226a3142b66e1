/* SPDX-License-Identifier: Apache-2.0
 * Skills of other systems become installed ones: untrusted, and granted nothing, whatever their system thought of them. */
#include "cordon/import.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/answer.h"
#include "cordon/registry_parts.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

void import_list_finish(struct import_list *l)
{
    for (size_t n = 0; n < l->n; n++) {
        free(l->item[n].source);
        free(l->item[n].manifest);
        free(l->item[n].name);
    }
    free(l->item);
}

int import_add(struct import_list *l, char *source, char *manifest, char *name, cordon_error **err)
{
    struct import_found *more = l->n < IMPORT_SKILLS_MAX ? realloc(l->item, (l->n + 1) * sizeof *more) : NULL;
    if (!more) {
        free(source);
        free(manifest);
        free(name);
        return l->n < IMPORT_SKILLS_MAX ? err_nomem(err) : err_set(err, CORDON_E_TOO_LARGE, NULL, "there are more than %d skills", IMPORT_SKILLS_MAX);
    }
    l->item = more;
    more[l->n++] = (struct import_found){.source = source, .manifest = manifest, .name = name};
    return 0;
}

/* ---- folders ---- */

static bool has_manifest(const char *folder)
{
    for (int f = 0; f < MANIFEST_FORMAT_COUNT; f++) {
        cleanup_free char *path = NULL;
        struct stat st;
        if (asprintf(&path, "%s/%s", folder, manifest_file((enum manifest_format)f)) < 0)
            path = NULL;
        if (path && lstat(path, &st) == 0)
            return true;
    }
    return false;
}

static void close_folder(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int by_source(const void *a, const void *b) { return strcmp(((const struct import_found *)a)->source, ((const struct import_found *)b)->source); }

static int add_folder(const char *folder, const char *name, struct import_list *ret, cordon_error **err)
{
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    if (!has_manifest(path))
        return 0;
    char *own = strdup(name);
    return own ? import_add(ret, take(path), NULL, own, err) : err_nomem(err);
}

static int find_in(const char *folder, struct import_list *ret, cordon_error **err)
{
    cleanup(close_folder) DIR *d = opendir(folder);
    struct dirent *e;
    int rc = d ? 0 : err_errno(err, errno, "open", folder);
    while (rc == 0 && (e = readdir(d)))
        if (e->d_name[0] != '.')
            rc = add_folder(folder, e->d_name, ret, err);
    if (rc == 0 && ret->n)
        qsort(ret->item, ret->n, sizeof *ret->item, by_source);
    return rc;
}

/* A skill, a folder of skills, or a system's own folder with skills/ in it. */
static int find(const char *path, struct import_list *ret, cordon_error **err)
{
    cleanup_free char *real = realpath(path, NULL), *inner = NULL;
    struct stat st;
    if (!real || stat(real, &st) < 0)
        return err_set(err, CORDON_E_NOT_FOUND, path, "there is nothing at %s to import", path);
    if (!S_ISDIR(st.st_mode))
        return import_is_table(real) ? import_read_table(real, ret, err) : err_set(err, CORDON_E_BAD_ARTIFACT, path, "%s is neither a folder nor blufio's table of skills", path);
    if (has_manifest(real))
        return import_add(ret, take(real), NULL, NULL, err);
    if (asprintf(&inner, "%s/skills", real) < 0) {
        inner = NULL;
        return err_nomem(err);
    }
    return find_in(stat(inner, &st) == 0 && S_ISDIR(st.st_mode) ? inner : real, ret, err);
}

/* ---- where, if nobody says ---- */

static int default_place(char **ret, cordon_error **err)
{
    const char *given = secure_getenv("BOTERNITY_DATA_DIR"), *home = secure_getenv("HOME");
    if (!given && !home)
        return err_set(err, CORDON_E_USAGE, NULL, "there is no home folder to look in: name the folder to import from");
    int n = given ? asprintf(ret, "%s", given) : asprintf(ret, "%s/.boternity", home);
    if (n < 0)
        *ret = NULL;
    return *ret ? 0 : err_nomem(err);
}

/* ---- installing ---- */

static void install_drop(cordon_install **i) { cordon_install_free(*i); }

struct import {
    cordon_registry *registry;
    bool dry_run;
    json_t *rows;                  /* of each that was found, in that order */
    cordon_install **done;         /* owned, and each of them: those that would be installed, for the others to see; nothing of them is staged any more */
    struct install_beside beside;
};

static void import_finish(struct import *im)
{
    for (size_t n = 0; n < im->beside.n; n++)
        cordon_install_free(im->done[n]);
    free(im->done);
    json_decref(im->rows);
}

static int install(struct import *im, const struct import_found *f, json_t *row, cordon_error **err)
{
    cleanup(install_drop) cordon_install *i = NULL;
    cleanup_free char *text = NULL;
    int rc = cordon_install_new(im->registry, f->source, &i, err);
    if (rc < 0 || (rc = cordon_install_set_tier(i, CORDON_TIER_UNTRUSTED, err)) < 0)
        return rc;
    if (f->manifest && !(i->manifest_text = strdup(f->manifest)))
        return err_nomem(err);
    i->beside = &im->beside;
    i->of_others = true;
    if ((rc = cordon_install_fetch(i, err)) < 0)
        return rc;
    json_object_set_new(row, "name", json_string(i->next.name));
    json_object_set_new(row, "version", json_string(i->next.version));
    json_object_set(row, "warnings", i->warnings);
    json_object_set_new(row, "unchanged", json_boolean(i->unchanged));
    if (im->dry_run) {
        install_let_go(i);
        im->done[im->beside.n++] = take(i);
    } else if ((rc = cordon_install_allow_nothing(i, false, err)) == 0)
        rc = cordon_install_commit(i, &text, err);
    return rc;
}

static json_t *why_json(const cordon_error *err)
{
    return json_pack("{s:s, s:s, s:s}", "id", cordon_error_id(err), "message", cordon_error_message(err), "hint", cordon_error_hint(err));
}

/* One that cannot be installed does not keep the others back. */
static void import_one(struct import *im, const struct import_found *f, json_t *row)
{
    cordon_error *why = NULL;
    json_object_del(row, "error");
    if (install(im, f, row, &why) < 0)
        json_object_set_new(row, "error", why_json(why));
    cordon_error_free(why);
}

/* What was missed may be there by now: a parent, or what is needed. */
static bool is_worth_another_try(const json_t *row)
{
    const char *id = json_string_value(json_object_get(json_object_get(row, "error"), "id"));
    return id && !strcmp(id, cordon_error_info(CORDON_E_NOT_FOUND)->id);
}

static void import_all(struct import *im, const struct import_list *list)
{
    size_t missed = list->n + 1, before;
    for (size_t n = 0; n < list->n; n++)
        import_one(im, &list->item[n], json_array_get(im->rows, n));
    do {
        before = missed;
        missed = 0;
        for (size_t n = 0; n < list->n; n++) {
            json_t *row = json_array_get(im->rows, n);
            if (!is_worth_another_try(row))
                continue;
            import_one(im, &list->item[n], row);
            missed += is_worth_another_try(row);
        }
    } while (missed && missed < before);
}

static int import_begin(struct import *im, const struct import_list *list, cordon_error **err)
{
    im->rows = json_array();
    im->done = calloc(list->n + 1, sizeof *im->done);
    im->beside.item = im->done;
    if (!im->rows || !im->done)
        return err_nomem(err);
    for (size_t n = 0; n < list->n; n++)
        if (json_array_append_new(im->rows, json_pack("{s:s?, s:s}", "name", list->item[n].name, "source", list->item[n].source)) < 0)
            return err_nomem(err);
    return 0;
}

int cordon_import(cordon_registry *registry, const char *path, bool dry_run, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(import_list_finish) struct import_list list = {0};
    cleanup(import_finish) struct import im = {.registry = registry, .dry_run = dry_run};
    cleanup_free char *place = NULL;
    int rc = path ? 0 : default_place(&place, err);
    if (rc < 0 || (rc = find(path ? path : place, &list, err)) < 0 || (rc = import_begin(&im, &list, err)) < 0)
        return rc;
    import_all(&im, &list);
    return answer_json(json_pack("{s:i, s:b, s:O}", "cordon", 1, "dry_run", dry_run, "skills", im.rows), ret_json, err);
}
