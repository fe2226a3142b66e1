/* SPDX-License-Identifier: Apache-2.0
 * cordon warm: compiles what is installed, so that no call waits for that. */
#include "cleanup.h"
#include "report.h"
#include "session.h"

enum { WARM_ALL, WARM_CONFIG, WARM_JSON, WARM_QUIET, WARM_OPTIONS };

static const struct option options[] = {
    [WARM_ALL] = {.letter = 'a', .name = "all", .help = "everything that is installed"},
    [WARM_CONFIG] = OPTION_CONFIG,
    [WARM_JSON] = OPTION_JSON,
    [WARM_QUIET] = OPTION_QUIET,
    [WARM_OPTIONS] = OPTION_END,
};

/* 1: there was something to compile, or it was there; 0: a script. */
static int warm_one(const struct session *s, const char *name, cordon_error **err)
{
    cordon_skill *skill = NULL;
    bool is_script = false;
    int rc = cordon_registry_is_script(s->registry, name, &is_script, err);
    if (rc < 0 || is_script)
        return rc;
    rc = cordon_skill_load_installed(s->registry, name, &skill, err);
    cordon_skill_free(skill);
    return rc < 0 ? rc : 1;
}

/* One that fails is told about, and the others go on. */
static int warm_all(const struct cli *cli, const struct session *s, json_t *warmed)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    size_t i;
    json_t *one;
    int code = 0;
    if (cordon_registry_list(s->registry, &json, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *list = json_loads(json, 0, NULL);
    struct cli text = *cli;
    text.json = false;
    json_array_foreach(json_object_get(list, "skills"), i, one) {
        err = NULL;
        int rc = warm_one(s, text_of(one, "name"), &err);
        if (rc < 0)
            code = report_error(&text, text_of(one, "name"), err);
        else if (rc > 0)
            json_array_append(warmed, json_object_get(one, "name"));
    }
    return code;
}

static int tell(const struct cli *cli, const json_t *warmed, int code)
{
    size_t i;
    json_t *name;
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{sO sb}", "warm", warmed, "ok", code == 0);
        int written = out_object(cli, object);
        return written ? written : code;
    }
    if (!cli->quiet)
        json_array_foreach(warmed, i, name)
            printf("%s\n", json_string_value(name));
    return out_end(cli, code);
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    cleanup_json json_t *warmed = json_array();
    const char *name = cli->args.n_words ? cli->args.words[0] : NULL;
    if (!name == !cli->args.value[WARM_ALL]) {
        cordon_error_set(&err, CORDON_E_USAGE, NULL, NULL, "say which: a name, or --all");
        return report_error(cli, name, err);
    }
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0)
        return report_error(cli, name, err);
    if (!name)
        return tell(cli, warmed, warm_all(cli, &session, warmed));
    int rc = warm_one(&session, name, &err);
    if (rc < 0)
        return report_error(cli, name, err);
    if (rc > 0)
        json_array_append_new(warmed, json_string(name));
    return tell(cli, warmed, 0);
}

const struct command command_warm = {
    .name = "warm",
    .group = GROUP_OPERATE,
    .words_max = 1,
    .summary = "compile installed skills before they are called",
    .synopsis = "NAME | --all [-j] [-q]",
    .about = "Compiled code is kept under $XDG_CACHE_HOME/cordon, where what is used least makes room. This makes what is missing,\n"
             "for the tier that each skill has now, and prints the names of those that are ready.",
    .options = options,
    .example = "cordon warm --all",
    .run = run,
};
