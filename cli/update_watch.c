/* SPDX-License-Identifier: Apache-2.0 */
#include "update_watch.h"

#include "cleanup.h"
#include "consent.h"
#include "installing.h"
#include "rebuild.h"
#include "report.h"
#include <string.h>
#include <sys/stat.h>

/* One skill that follows its folder. */
struct skill { char *name, *source; bool is_folder, due; };   /* owned */

struct following {
    struct cli *cli;
    struct skill *skills;
    size_t n;
    struct rerun rerun;
};

/* ---- which skills ---- */

static int no_memory(cordon_error **err)
{
    return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

static int check(const struct cli *cli, cordon_error **err)
{
    static const char *const others[] = {"yes", "no-grants", "dry-run", "accept", "allow"};
    const struct args *a = &cli->args;
    bool all = args_has(a, "all"), other = a->n_many > 0;
    if (all != (a->n_words == 0))
        return cordon_error_set(err, CORDON_E_USAGE, "all", NULL, all ? "--all takes no name" : "name the skill to update, or give --all");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        other = other || args_has(a, others[i]);
    if (other)
        return cordon_error_set(err, CORDON_E_USAGE, "watch", "What a change asks for is shown; `cordon update NAME` answers it.",
                                "--watch takes no answers: it installs what needs none");
    return 0;
}

static bool is_local(const json_t *row)
{
    return strcmp(text_of(row, "recorded_tier"), "local") == 0 && text_of(row, "source")[0] == '/';
}

static int add(struct following *f, const json_t *row, cordon_error **err)
{
    struct stat st;
    struct skill *s = &f->skills[f->n++];
    *s = (struct skill){.name = strdup(text_of(row, "name")), .source = strdup(text_of(row, "source")), .due = true};
    if (!s->name || !s->source)
        return no_memory(err);
    s->is_folder = stat(s->source, &st) == 0 && S_ISDIR(st.st_mode);
    return 0;
}

static int refuse(const char *name, const json_t *row, cordon_error **err)
{
    if (!row)
        return cordon_error_set(err, CORDON_E_NOT_FOUND, name, NULL, "no skill named %.128s is installed", name);
    return cordon_error_set(err, CORDON_E_TIER_REFUSED, name, "If it is yours: cordon install FOLDER --tier local. Of others each change is yours to answer: cordon update NAME.",
                            "%.128s was not installed from a folder or file of this machine with --tier local", name);
}

static int choose(struct following *f, const json_t *skills, cordon_error **err)
{
    const char *name = f->cli->args.n_words ? f->cli->args.words[0] : NULL;
    const json_t *row, *named = NULL;
    size_t i;
    int rc = 0;
    f->skills = calloc(json_array_size(skills) + 1, sizeof *f->skills);
    if (!f->skills)
        return no_memory(err);
    json_array_foreach(skills, i, row) {
        bool wanted = !name || strcmp(text_of(row, "name"), name) == 0;
        named = name && wanted ? row : named;
        if (rc == 0 && wanted && is_local(row))
            rc = add(f, row, err);
    }
    if (rc == 0 && name && f->n == 0)
        return refuse(name, named, err);
    if (rc == 0 && f->n == 0)
        return cordon_error_set(err, CORDON_E_NOT_FOUND, "local", "Install one: cordon install FOLDER --tier local.", "no skill is installed from a folder or file of this machine with --tier local");
    return rc == 0 && f->n > WATCH_IDS_MAX ? cordon_error_set(err, CORDON_E_TOO_LARGE, "all", "Name one.", "more than %d skills are to be watched", WATCH_IDS_MAX) : rc;
}

/* The host is given back before any child is made: it has threads. */
static int find_skills(struct following *f, cordon_error **err)
{
    cleanup(installing_finish) struct installing i = {0};
    cleanup_text char *text = NULL;
    int rc = installing_begin(f->cli, &i, err);
    if (rc < 0 || (rc = cordon_registry_list(i.registry, &text, err)) < 0)
        return rc;
    cleanup_json json_t *list = json_loads(text, 0, NULL);
    return choose(f, json_object_get(list, "skills"), err);
}

static void following_finish(struct following *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->skills[i].name);
        free(f->skills[i].source);
    }
    free(f->skills);
    rerun_finish(&f->rerun);
}

/* ---- a change that needs no answer ---- */

static bool asks_for_more(const json_t *plan)
{
    const json_t *ask;
    size_t i;
    json_array_foreach(json_object_get(plan, "asks"), i, ask)
        if (json_is_true(json_object_get(ask, "new")))
            return true;
    return false;
}

static int keep_old(const struct cli *cli, const struct installing *i, const char *name, const char *why, cordon_error **err)
{
    char hint[512];
    consent_show(cli, i->plan);
    snprintf(hint, sizeof hint, "What is installed stays. To have the change: cordon update %.128s", name);
    return cordon_error_set(err, CORDON_E_CONSENT, name, hint, "%.128s %s, and nobody has said that this is meant", name, why);
}

/* What is in force is granted to the new bytes, in so far as it is still asked for. */
static int carry_grants(struct installing *i, const char *name, cordon_error **err)
{
    cleanup_text char *text = NULL;
    int rc = cordon_registry_show(i->registry, name, &text, err);
    cleanup_json json_t *shown = rc == 0 ? json_loads(text, 0, NULL) : NULL;
    const json_t *grant;
    size_t n;
    json_array_foreach(json_object_get(shown, "grants"), n, grant) {
        cordon_error *why = NULL;
        int one = rc == 0 ? cordon_install_allow(i->install, text_of(grant, "grant"), &why) : 0;
        if (one < 0 && one != -CORDON_E_NOT_ASKED) {
            *err = why;
            return one;
        }
        cordon_error_free(why);
    }
    return rc == 0 ? cordon_install_allow_nothing(i->install, false, err) : rc;
}

static int answer(const struct cli *cli, struct installing *i, const char *name, cordon_error **err)
{
    /* Signed, grants are its publisher's and stay; unsigned, they are those of the old bytes. */
    if (!json_is_true(json_object_get(i->plan, "consent")) && json_is_string(json_object_get(i->plan, "publisher")))
        return 0;
    if (strcmp(text_of(i->plan, "tier"), "local") != 0)
        return keep_old(cli, i, name, "is not local any more", err);
    if (asks_for_more(i->plan))
        return keep_old(cli, i, name, "asks for more than before", err);
    if (json_array_size(json_object_get(i->plan, "changes")) > 0)
        return keep_old(cli, i, name, "is described otherwise than before", err);
    if (!cordon_host_opts_flags(i->session.opts))
        return keep_old(cli, i, name, "has changed, the settings let no flag grant anything", err);
    return carry_grants(i, name, err);
}

static int bring(const struct cli *cli, struct installing *i, const char *name, cordon_error **err)
{
    cleanup_text char *text = NULL;
    int rc = cordon_update_new(i->registry, name, &i->install, err);
    if (rc < 0 || (rc = consent_prepare(cli, i->install, err)) < 0 || (rc = installing_fetch(cli, i, name, err)) < 0)
        return rc;
    if (json_is_true(json_object_get(i->plan, "unchanged")))
        return 0;
    if ((rc = answer(cli, i, name, err)) < 0 || (rc = cordon_install_commit(i->install, &text, err)) < 0)
        return rc;
    i->done = json_loads(text, 0, NULL);
    return 0;
}

/* ---- in a child ---- */

static int tell(const struct cli *cli, const struct installing *i)
{
    if (!i->done)
        return 0;
    if (cli->json)
        return out_object(cli, i->done);
    consent_done(cli, i->plan, i->done);
    return out_end(cli, 0);
}

static int bring_one(const struct cli *cli, struct installing *i, const char *name)
{
    cordon_error *err = NULL;
    int code = bring(cli, i, name, &err) < 0 ? report_error(cli, name, err) : tell(cli, i);
    installing_drop(i);
    return code;
}

static int bring_due(void *data)
{
    const struct following *f = data;
    cordon_error *err = NULL;
    cleanup(installing_finish) struct installing i = {0};
    int code = 0;
    if (installing_begin(f->cli, &i, &err) < 0)
        return report_error(f->cli, NULL, err);
    for (size_t n = 0; n < f->n; n++)
        if (f->skills[n].due)
            code = bring_one(f->cli, &i, f->skills[n].name) ?: code;
    return code;
}

/* ---- following ---- */

/* What was built into the folder once is built there again: it would be installed as it is. Without, installing builds. */
static bool has_component(const char *folder)
{
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/%s.wasm", folder, name) < 0)
        path = NULL;
    return path && access(path, F_OK) == 0;
}

static bool builds(const struct skill *s)
{
    return s->is_folder && rebuild_is_project(s->source) && has_component(s->source);
}

static enum rerun_end build_due(struct following *f, cordon_error **err)
{
    enum rerun_end end = RERUN_ENDED;
    for (size_t i = 0; end == RERUN_ENDED && i < f->n; i++) {
        struct skill *s = &f->skills[i];
        bool built = true;
        if (s->due && builds(s))
            end = rebuild(&f->rerun, s->source, &built, err);
        if (end == RERUN_ENDED && !built) {
            rerun_say(&f->rerun, "%s is not built; what is installed stays", s->name);
            s->due = false;
        }
    }
    return end;
}

static void take_due(struct following *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->skills[i].due |= watch_take(f->rerun.watch, (unsigned)i);
}

static enum rerun_end turn(struct following *f, cordon_error **err)
{
    int status;
    enum rerun_end end = build_due(f, err);
    if (end == RERUN_ENDED && (end = rerun_child(&f->rerun, bring_due, f, false, &status, err)) == RERUN_ENDED)
        for (size_t i = 0; i < f->n; i++)
            f->skills[i].due = false;
    if (end == RERUN_ENDED) {
        rerun_say(&f->rerun, "waiting for a change of %zu skill%s", f->n, f->n == 1 ? "" : "s");
        end = rerun_wait(&f->rerun, err);
    }
    if (end == RERUN_CHANGED)
        take_due(f);
    return end;
}

static int watch_skills(struct following *f, cordon_error **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < f->n; i++) {
        const struct skill *s = &f->skills[i];
        rc = s->is_folder ? watch_folder(f->rerun.watch, s->source, (unsigned)i, builds(s), err) : watch_file(f->rerun.watch, s->source, (unsigned)i, err);
    }
    return rc;
}

static int follow(struct following *f, cordon_error **err)
{
    int rc = check(f->cli, err);
    if (rc < 0 || (rc = find_skills(f, err)) < 0 || (rc = rerun_begin(f->cli, &f->rerun, err)) < 0 || (rc = watch_skills(f, err)) < 0)
        return rc;
    cordon_error *why = NULL;
    while (turn(f, &why) == RERUN_CHANGED)
        rerun_say(&f->rerun, "%s changed", f->rerun.changed);
    if (why)
        *err = why;
    return why ? -1 : 0;
}

int update_watch(struct cli *cli)
{
    cordon_error *err = NULL;
    struct following f = {.cli = cli, .rerun = {.signals = -1}};
    int code = follow(&f, &err) < 0 ? report_error(cli, NULL, err) : 0;
    following_finish(&f);
    rerun_reraise(&f.rerun);
    return code;
}
