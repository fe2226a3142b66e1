/* SPDX-License-Identifier: Apache-2.0
 * Brings the registry to what a file says, in one transaction. What has to be fetched is fetched before it begins. The file is the operator's word: what it grants is granted, and
 * nothing else; but whom to trust it does not decide for a skill, so a changed key or a lower version is refused here as everywhere. */
#include "cordon/answer.h"
#include "cordon/apply.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/registry_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

struct apply {
    cordon_registry *registry;
    struct apply_file file;
    struct apply_job *job;         /* owned, one for each skill of the file */
    size_t n_jobs;
    cordon_install **beside;       /* owned; the installations of the jobs are not its own */
    struct install_beside together;
    struct registry *r;            /* NULL: nothing was ever installed, and nothing is written */
    bool write, prune;
    json_t *changes;
};

static void apply_finish(struct apply *a)
{
    for (size_t n = 0; n < a->n_jobs; n++) {
        cordon_install_free(a->job[n].install);
        registry_version_finish(&a->job[n].row);
    }
    free(a->job);
    free(a->beside);
    registry_close(a->r);
    json_decref(a->changes);
    apply_file_finish(&a->file);
}

/* ---- the file ---- */

static int read_text(const char *path, char **ret, size_t *ret_len, cordon_error **err)
{
    struct stat st;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return errno == ENOENT ? err_set(err, CORDON_E_NOT_FOUND, path, "there is no file %s", path) : err_errno(err, errno, "open", path);
    cleanup_free char *text = malloc(APPLY_FILE_MAX + 1);
    if (!text)
        return err_nomem(err);
    for (*ret_len = 0; *ret_len <= APPLY_FILE_MAX;) {
        ssize_t n = read(fd, text + *ret_len, APPLY_FILE_MAX + 1 - *ret_len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", path);
        if (n == 0) {
            *ret = take(text);
            return 0;
        }
        *ret_len += (size_t)n;
    }
    return err_set(err, CORDON_E_TOO_LARGE, path, "%s has more than %d bytes", path, APPLY_FILE_MAX);
}

static int read_file(struct apply *a, const char *path, cordon_error **err)
{
    char real[PATH_MAX];
    cleanup_free char *text = NULL;
    size_t len = 0;
    int rc = read_text(path, &text, &len, err);
    if (rc < 0)
        return rc;
    if (!realpath(path, real))
        return err_errno(err, errno, "open", path);
    char *slash = strrchr(real, '/');
    slash[slash == real] = '\0';
    return apply_file_parse(path, real, text, len, &a->file, err);
}

/* ---- what has to be fetched ---- */

static bool is_from(const struct apply_skill *s, const struct registry_version *row)
{
    struct install_source source;
    if (install_source_parse(s->source, NULL, &source, NULL) < 0)
        return false;
    char *real = source.from == INSTALL_FROM_PATH ? realpath(source.place, NULL) : NULL;
    bool same = !strcmp(row->source, real ? real : source.text);
    free(real);
    install_source_finish(&source);
    return same;
}

static bool is_there(const struct apply_skill *s, const struct registry_version *row)
{
    bool same_digest = !s->has_digest || !memcmp(s->digest, row->bundle, sizeof s->digest);
    bool same_tier = !s->has_tier || s->tier == row->tier || s->tier == CORDON_TIER_VERIFIED;
    return row->id && is_from(s, row) && same_digest && same_tier;
}

static int check_key(const struct apply_skill *s, const char *publisher, cordon_error **err)
{
    if (!s->key || !strcmp(s->key, publisher))
        return 0;
    err_set(err, CORDON_E_TRUST_REFUSED, s->name, "%s is to be signed by %s, and is %s%s", s->name, s->key, *publisher ? "signed by " : "not signed", publisher);
    return err_hint(err, "Find out from the publisher which key is right, and put that into the file.");
}

static int fetch(struct apply *a, struct apply_job *j, cordon_error **err)
{
    const struct apply_skill *s = j->s;
    int rc = cordon_install_new(a->registry, s->source, &j->install, err);
    if (rc < 0 || (rc = cordon_install_set_name(j->install, s->name, err)) < 0 || (s->has_tier && (rc = cordon_install_set_tier(j->install, s->tier, err)) < 0))
        return rc;
    cordon_install_set_build(j->install, s->build, -1);
    j->install->accept[CORDON_ACCEPT_SOURCE] = true;
    j->install->has_digest = s->has_digest;
    memcpy(j->install->digest, s->digest, sizeof s->digest);
    return install_prepare(j->install, err);
}

static int refuse_install(const struct apply_job *j, cordon_error **err)
{
    cleanup_free char *from = install_source_show(j->s->source);
    return err_wrap(err, "%s cannot be installed from %s", j->s->name, from ? from : "its source");
}

static int prepare_one(struct apply *a, struct registry *r, struct apply_job *j, cordon_error **err)
{
    int rc = r ? registry_get(r, j->s->name, NULL, &j->row, err) : 0;
    if (rc < 0)
        return rc;
    if (is_there(j->s, &j->row))
        return check_key(j->s, j->row.publisher, err);
    rc = fetch(a, j, err);
    return rc < 0 ? refuse_install(j, err) : check_key(j->s, j->install->next.publisher, err);
}

static int prepare(struct apply *a, cordon_error **err)
{
    cleanup(registry_drop) struct registry *r = NULL;
    int rc = registry_begin(a->registry, REGISTRY_READ, &r, err);
    if (rc < 0)
        return rc;
    a->job = calloc(a->file.n_skills + 1, sizeof *a->job);
    if (!a->job)
        return err_nomem(err);
    for (rc = 0; rc == 0 && a->n_jobs < a->file.n_skills; a->n_jobs++) {
        a->job[a->n_jobs].s = &a->file.skill[a->n_jobs];
        rc = prepare_one(a, r, &a->job[a->n_jobs], err);
    }
    return rc;
}

/* ---- each beside the others ---- */

static bool is_listed(const struct apply *a, const char *name)
{
    for (size_t n = 0; n < a->file.n_skills; n++)
        if (!strcmp(a->file.skill[n].name, name))
            return true;
    return false;
}

static bool goes(const void *data, const char *name)
{
    const struct apply *a = data;
    return a->prune && !is_listed(a, name);
}

static int consider(struct apply *a, cordon_error **err)
{
    int rc = 0;
    a->beside = calloc(a->n_jobs + 1, sizeof *a->beside);
    if (!a->beside)
        return err_nomem(err);
    a->together = (struct install_beside){.item = a->beside, .goes = goes, .data = a};
    for (size_t n = 0; n < a->n_jobs; n++)
        if (a->job[n].install)
            a->beside[a->together.n++] = a->job[n].install;
    for (size_t n = 0; rc == 0 && n < a->n_jobs; n++) {
        cordon_install *i = a->job[n].install;
        if (!i)
            continue;
        i->beside = &a->together;
        if ((rc = install_consider(i, err)) < 0)
            rc = refuse_install(&a->job[n], err);
    }
    return rc == 0 ? apply_order(a->job, a->n_jobs, err) : rc;
}

/* ---- bringing it about ---- */

static int note(struct apply *a, const char *what, const char *name, const char *before, const char *after, cordon_error **err)
{
    json_t *row = json_pack("{s:s, s:s, s:s?, s:s?}", "what", what, "name", name, "before", before, "after", after);
    return row && json_array_append_new(a->changes, row) == 0 ? 0 : err_nomem(err);
}

static int put(struct apply *a, struct apply_job *j, cordon_error **err)
{
    if (!j->install || j->install->unchanged)
        return 0;
    int rc = note(a, j->row.id ? "replace" : "install", j->s->name, j->row.id ? j->row.version : NULL, j->install->next.version, err);
    return rc == 0 && a->write ? install_write(j->install, a->r, err) : rc;
}

static bool holds(const struct apply_list *l, const char *text)
{
    for (size_t n = 0; n < l->n; n++)
        if (!strcmp(l->item[n], text))
            return true;
    return false;
}

static bool has_row(const struct registry_grants *rows, const char *grant, const char *folder)
{
    for (size_t n = 0; n < rows->n; n++)
        if (!strcmp(rows->item[n].grant, grant))
            return !folder || !rows->item[n].folder || !strcmp(rows->item[n].folder, folder);
    return false;
}

static void drop_grants(struct grants **g) { grants_unref(*g); }

/* A grant that the manifest asks nothing of would never be used. A folder has to be there. */
static int check_grant(const struct apply *a, const struct registry_version *v, const char *text, struct grant *ret, cordon_error **err)
{
    cleanup(drop_grants) struct grants *asked = NULL;
    int rc = v->asks ? install_grants_read(v->asks, true, &asked, err) : 0;
    if (rc < 0 || (rc = grant_parse(text, NULL, ret, err)) < 0)
        return rc;
    if (!grants_answers(asked, ret))
        return err_set(err, CORDON_E_NOT_ASKED, text, "%s does not ask for anything that %s would answer", v->name, text);
    return ret->kind == GRANT_FILES ? grants_check_folder(a->registry->host, ret, err) : 0;
}

static int bring_grant(struct apply *a, const struct registry_version *v, const struct registry_grants *now, const char *text, cordon_error **err)
{
    char noted[GRANT_FOLDER_TEXT];
    cleanup(grant_finish) struct grant g = {0};
    int rc = check_grant(a, v, text, &g, err);
    if (rc < 0)
        return rc;
    const char *folder = grants_folder_text(&g, noted);
    if (has_row(now, text, folder))
        return 0;
    rc = note(a, "grant", v->name, NULL, text, err);
    return rc == 0 && a->write ? registry_grant(a->r, v, text, folder, "apply", err) : rc;
}

static int bring_grants(struct apply *a, const struct apply_job *j, const struct registry_version *v, cordon_error **err)
{
    cleanup(registry_grants_finish) struct registry_grants now = {0};
    int rc = a->r ? registry_grants(a->r, v, &now, err) : 0;
    for (size_t n = 0; rc >= 0 && n < now.n; n++) {
        if (holds(&j->s->grants, now.item[n].grant))
            continue;
        rc = note(a, "revoke", j->s->name, now.item[n].grant, NULL, err);
        if (rc == 0 && a->write)
            rc = registry_revoke(a->r, v, now.item[n].grant, err);
    }
    for (size_t n = 0; rc >= 0 && n < j->s->grants.n; n++)
        rc = bring_grant(a, v, &now, j->s->grants.item[n], err);
    return rc < 0 ? rc : 0;
}

static int bring_limit(struct apply *a, const struct apply_job *j, enum cordon_limit l, uint64_t now, cordon_error **err)
{
    char before[32], after[32], what[64];
    uint64_t want = j->s->limit[l];
    enum cordon_tier tier = j->install ? j->install->next.tier : j->row.tier;
    if (want == now)
        return 0;
    int rc = want ? host_check_limit(a->registry->host, tier, l, want, err) : 0;
    if (rc < 0)
        return rc;
    cordon_limit_format(l, now, before, sizeof before);
    cordon_limit_format(l, want, after, sizeof after);
    snprintf(what, sizeof what, "limit %s", cordon_limit_name(l));
    rc = note(a, what, j->s->name, now ? before : NULL, want ? after : NULL, err);
    return rc == 0 && a->write ? registry_set_limit(a->r, j->s->name, l, want, err) : rc;
}

static int bring_limits(struct apply *a, const struct apply_job *j, cordon_error **err)
{
    struct registry_limits now = {{0}};
    int rc = a->r ? registry_limits(a->r, j->s->name, &now, err) : 0;
    for (int l = 0; rc >= 0 && l < CORDON_LIMIT_COUNT; l++)
        rc = bring_limit(a, j, (enum cordon_limit)l, now.value[l], err);
    return rc < 0 ? rc : 0;
}

/* What is not written anew has to be what it was found to be: grants and limits are for that. What is, install_write looks at. */
static int check_still(struct apply *a, const struct apply_job *j, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version now = {0};
    if (!a->write || !j->row.id || (j->install && !j->install->unchanged))
        return 0;
    int rc = registry_get(a->r, j->s->name, NULL, &now, err);
    if (rc < 0 || (rc && now.id == j->row.id && !memcmp(now.bundle, j->row.bundle, sizeof now.bundle)))
        return rc < 0 ? rc : 0;
    err_set(err, CORDON_E_CONFLICT, j->s->name, "%s was changed by another process meanwhile; nothing was changed", j->s->name);
    return err_hint(err, "Run it again: it then goes by what is installed now.");
}

static int bring_skill(struct apply *a, struct apply_job *j, cordon_error **err)
{
    int rc = check_still(a, j, err);
    if (rc == 0)
        rc = put(a, j, err);
    const struct registry_version *v = j->install ? &j->install->next : &j->row;
    if (rc == 0)
        rc = bring_grants(a, j, v, err);
    return rc == 0 ? bring_limits(a, j, err) : rc;
}

static int prune_skills(struct apply *a, cordon_error **err)
{
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    int rc = a->r && a->prune ? registry_all(a->r, &all, err) : 0;
    for (size_t n = 0; rc >= 0 && n < all.n; n++) {
        if (is_listed(a, all.item[n].name))
            continue;
        rc = note(a, "remove", all.item[n].name, all.item[n].version, NULL, err);
        if (rc == 0 && a->write)
            rc = registry_remove(a->r, all.item[n].name, err);
    }
    return rc < 0 ? rc : 0;
}

/* ---- keys ---- */

static bool is_trusted(const struct registry_keys *now, const char *id, const char *pattern)
{
    for (size_t n = 0; n < now->n; n++)
        if (!strcmp(now->item[n].id, id) && !strcmp(now->item[n].pattern, pattern))
            return true;
    return false;
}

static bool file_trusts(const struct apply_file *f, const struct registry_key *k)
{
    for (size_t n = 0; n < f->n_keys; n++)
        if (!strcmp(f->key[n].id, k->id) && holds(&f->key[n].patterns, k->pattern))
            return true;
    return false;
}

static int trust_new(struct apply *a, const struct registry_keys *now, cordon_error **err)
{
    int rc = 0;
    for (size_t n = 0; n < a->file.n_keys; n++)
        for (size_t m = 0; rc == 0 && m < a->file.key[n].patterns.n; m++) {
            const char *id = a->file.key[n].id, *pattern = a->file.key[n].patterns.item[m];
            if (!is_trusted(now, id, pattern) && (rc = note(a, "trust", id, NULL, pattern, err)) == 0 && a->write)
                rc = registry_trust(a->r, id, pattern, err);
        }
    return rc;
}

static int bring_keys(struct apply *a, cordon_error **err)
{
    cleanup(registry_keys_finish) struct registry_keys now = {0};
    int rc = a->r ? registry_keys(a->r, &now, err) : 0;
    if (rc < 0 || (rc = trust_new(a, &now, err)) < 0)
        return rc;
    for (size_t n = 0; rc >= 0 && a->prune && n < now.n; n++)
        if (!file_trusts(&a->file, &now.item[n]) && (rc = note(a, "untrust", now.item[n].id, now.item[n].pattern, NULL, err)) == 0 && a->write)
            rc = registry_untrust(a->r, now.item[n].id, now.item[n].pattern, err);
    return rc < 0 ? rc : 0;
}

/* ---- all of it ---- */

static int bring(struct apply *a, cordon_error **err)
{
    int rc = registry_begin(a->registry, a->write ? REGISTRY_WRITE : REGISTRY_READ, &a->r, err);
    if (rc < 0 || (rc = bring_keys(a, err)) < 0)
        return rc;
    for (size_t n = 0; rc == 0 && n < a->n_jobs; n++)
        rc = bring_skill(a, &a->job[n], err);
    if (rc < 0 || (rc = prune_skills(a, err)) < 0)
        return rc;
    if (a->write && (rc = registry_commit(a->r, err)) < 0)
        return rc;
    for (size_t n = 0; a->write && n < a->n_jobs; n++)
        if (a->job[n].install && !a->job[n].install->unchanged)
            install_let_go(a->job[n].install);
    return 0;
}

int cordon_apply(cordon_registry *registry, const char *path, bool dry_run, bool prune, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(apply_finish) struct apply a = {.registry = registry, .write = !dry_run, .prune = prune, .changes = json_array()};
    int rc = a.changes ? read_file(&a, path, err) : err_nomem(err);
    if (rc < 0 || (rc = prepare(&a, err)) < 0 || (rc = consider(&a, err)) < 0 || (rc = bring(&a, err)) < 0)
        return rc;
    json_t *done = json_pack("{s:i, s:b, s:O}", "cordon", 1, "dry_run", dry_run, "changes", a.changes);
    return answer_json(done, ret_json, err);
}
