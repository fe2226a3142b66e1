/* SPDX-License-Identifier: Apache-2.0
 * cordon update: installed skills, brought to what their sources have now. */
#include "cleanup.h"
#include "consent.h"
#include "installing.h"
#include "interrupt.h"
#include "report.h"
#include "update_watch.h"

enum { UPDATE_CONSENT, UPDATE_ALL = UPDATE_CONSENT + CONSENT_OPTIONS, UPDATE_WATCH, UPDATE_CONFIG, UPDATE_JSON, UPDATE_QUIET, UPDATE_OPTIONS };

static const struct option options[] = {
    CONSENT_OPTION_ROWS(UPDATE_CONSENT),
    [UPDATE_ALL] = {.name = "all", .help = "every installed skill"},
    [UPDATE_WATCH] = {.letter = 'w', .name = "watch", .help = "follow the folders of local skills, until a signal comes"},
    [UPDATE_CONFIG] = OPTION_CONFIG,
    [UPDATE_JSON] = OPTION_JSON,
    [UPDATE_QUIET] = OPTION_QUIET,
    [UPDATE_OPTIONS] = OPTION_END,
};

static json_t *error_as_json(const cordon_error *err)
{
    cleanup_text char *text = NULL;
    json_t *whole = cordon_error_json(err, NULL, &text, NULL) == 0 ? json_loads(text, 0, NULL) : NULL;
    json_t *error = json_incref(json_object_get(whole, "error"));
    json_decref(whole);
    return error;
}

static int bring(const struct cli *cli, struct installing *i, const char *name, cordon_error **err)
{
    int rc = cordon_update_new(i->registry, name, &i->install, err);
    if (rc < 0 || (rc = consent_prepare(cli, i->install, err)) < 0 || (rc = installing_fetch(cli, i, name, err)) < 0)
        return rc;
    bool unchanged = json_is_true(json_object_get(i->plan, "unchanged"));
    if (!unchanged)
        consent_show(cli, i->plan);
    if (args_has(&cli->args, "dry-run"))
        return 0;
    return installing_commit(cli, i, err);
}

/* One row of what is told at the end: the plan, what came of it, what kept it. */
static json_t *row_of(const struct installing *i, const char *name, const cordon_error *err)
{
    return json_pack("{s:s, s:O?, s:O?, s:o?}", "name", name, "plan", i->plan, "done", i->done, "error", err ? error_as_json(err) : NULL);
}

static void tell(const struct cli *cli, const struct installing *i, const char *name)
{
    if (cli->json)
        return;
    if (i->done) {
        consent_done(cli, i->plan, i->done);
        return;
    }
    if (json_is_true(json_object_get(i->plan, "unchanged"))) {
        printf("unchanged ");
        print_guest(stdout, name, 128);
        putchar('\n');
    }
}

/* Its exit code; the row goes to `rows`. */
static int update_one(const struct cli *cli, struct installing *i, const char *name, json_t *rows)
{
    cordon_error *err = NULL;
    bring(cli, i, name, &err);
    if (err)
        consent_command(cli, i->plan, err);
    json_array_append_new(rows, row_of(i, name, err));
    tell(cli, i, name);
    int code = err ? cordon_error_exit_code(err) : 0;
    if (err && !cli->json)
        code = report_error(cli, name, err);
    else
        cordon_error_free(err);
    installing_drop(i);
    return code;
}

static int update_all(const struct cli *cli, struct installing *i, json_t *rows, cordon_error **err)
{
    cleanup_text char *text = NULL;
    int first = cordon_registry_list(i->registry, &text, err);
    if (first < 0)
        return first;
    cleanup_json json_t *list = json_loads(text, 0, NULL);
    size_t n;
    json_t *skill;
    json_array_foreach(json_object_get(list, "skills"), n, skill) {
        if (interrupt_caught())
            break;
        int code = update_one(cli, i, text_of(skill, "name"), rows);
        first = first ? first : code;
    }
    return first;
}

/* What is wrong with the words is found first. */
static int check(const struct cli *cli, cordon_error **err)
{
    bool all = args_has(&cli->args, "all");
    if (all != (cli->args.n_words == 0))
        return cordon_error_set(err, CORDON_E_USAGE, "all", NULL, all ? "--all takes no name" : "name the skill to update, or give --all");
    return consent_check(cli, err);
}

static int update(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(installing_finish) struct installing i = {0};
    cleanup_json json_t *rows = json_array();
    int code = check(cli, &err);
    if (code == 0 && (code = installing_begin(cli, &i, &err)) == 0)
        code = cli->args.n_words ? update_one(cli, &i, cli->args.words[0], rows) : update_all(cli, &i, rows, &err);
    if (code < 0)
        return report_error(cli, NULL, err);
    if (!cli->json)
        return out_end(cli, code);
    cleanup_json json_t *whole = json_pack("{s:O}", "updates", rows);
    int failed = out_object(cli, whole);
    return failed ? failed : code;
}

static int run(struct cli *cli)
{
    int code = args_has(&cli->args, "watch") ? update_watch(cli) : update(cli);
    interrupt_reraise();
    return code;
}

const struct command command_update = {
    .name = "update",
    .group = GROUP_TRUST,
    .words_max = 1,
    .summary = "bring installed skills to what their sources have now",
    .synopsis = "NAME | --all [--dry-run | --watch] [-a GRANT]... [--yes | --no-grants]",
    .about = "Each is fetched from where it was installed from. One that asks for more than before, or whose name, description or\n"
             "schema a model is told differently, shows the difference and waits for an answer, as `cordon install` does; what it was\n"
             "granted stays if its publisher is the same. Another key, a signature that is gone and a lower version are refused.\n"
             "The earlier version is kept: `cordon rollback NAME` brings it back.\n"
             "\n"
             "--watch is for skills that were installed from a folder or file of yours with --tier local: what changes there is\n"
             "built and installed, keeps its grants as long as it asks for nothing more, and programs that run already follow at\n"
             "their next call.",
    .options = options,
    .example = "cordon update weather\n"
               "cordon update --all --dry-run\n"
               "cordon update weather --watch",
    .run = run,
};
