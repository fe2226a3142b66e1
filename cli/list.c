/* SPDX-License-Identifier: Apache-2.0
 * cordon list: what is installed. */
#include "cleanup.h"
#include "installed.h"
#include "outdated.h"
#include "session.h"
#include <stdlib.h>
#include <string.h>

enum { LIST_OUTDATED, LIST_PROMPT, LIST_MAX, LIST_CONFIG, LIST_JSON, LIST_OPTIONS };
enum { PROMPT_MAX = 1000, WIDTH_MAX = 32 };

static const struct option options[] = {
    [LIST_OUTDATED] = {.name = "outdated", .help = "those whose sources have something else now; each is fetched, and nothing installed"},
    [LIST_PROMPT] = {.name = "prompt", .help = "print the block that tells a model of the tools"},
    [LIST_MAX] = {.letter = 'n', .name = "max", .value = "N", .help = "how many tools --prompt names (default: 20)"},
    [LIST_CONFIG] = OPTION_CONFIG,
    [LIST_JSON] = OPTION_JSON,
    [LIST_OPTIONS] = OPTION_END,
};

static int read_max(const char *text, unsigned *ret, cordon_error **err)
{
    char *end;
    unsigned long n = text ? strtoul(text, &end, 10) : 0;
    if (text && (text[0] < '0' || text[0] > '9' || *end || n < 1 || n > PROMPT_MAX))
        return cordon_error_set(err, CORDON_E_USAGE, "max", NULL, "--max takes a whole number from 1 to %d, not %.50s", PROMPT_MAX, text);
    *ret = (unsigned)n;
    return 0;
}

static int print_prompt(const struct cli *cli, cordon_registry *registry)
{
    cordon_error *err = NULL;
    cleanup_text char *text = NULL;
    unsigned max = 0;
    if (read_max(cli->args.value[LIST_MAX], &max, &err) < 0 || cordon_registry_prompt(registry, max, &text, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{ss}", "prompt", text);
        return out_object(cli, object);
    }
    return out_guest(cli, text, strlen(text), &err) < 0 ? report_error(cli, NULL, err) : 0;
}

static int widest(const json_t *skills, const char *key)
{
    size_t i, most = 0;
    json_t *s;
    json_array_foreach(skills, i, s) {
        size_t len = strlen(text_of(s, key));
        most = len > most ? len : most;
    }
    return most > WIDTH_MAX ? WIDTH_MAX : (int)most;
}

static int print_table(const struct cli *cli, const json_t *skills)
{
    size_t i;
    json_t *s;
    int name = widest(skills, "name"), version = widest(skills, "version");
    json_array_foreach(skills, i, s) {
        installed_cell(text_of(s, "name"), name);
        installed_cell(text_of(s, "version"), version);
        installed_cell(text_of(s, "tier"), 9);
        installed_cell(text_of(s, "description"), 0);
        putchar('\n');
    }
    if (!json_array_size(skills) && cli->err_is_terminal)
        fputs("nothing is installed yet: cordon install\n", stderr);
    return out_end(cli, 0);
}

static int run(struct cli *cli)
{
    if (cli->args.value[LIST_OUTDATED])
        return outdated_run(cli);
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    cleanup_text char *json = NULL;
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->args.value[LIST_PROMPT])
        return print_prompt(cli, session.registry);
    if (cordon_registry_list(session.registry, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *list = json_loads(json, 0, NULL);
    return print_table(cli, json_object_get(list, "skills"));
}

const struct command command_list = {
    .name = "list",
    .group = GROUP_TRUST,
    .summary = "show what is installed",
    .synopsis = "[--prompt [-n N]] [-j]",
    .about = "Prints name, version, tier and description of each installed skill. --prompt prints them as the block of a prompt\n"
             "that tells a model of its tools. `cordon inspect NAME` shows all of one.",
    .options = options,
    .example = "cordon list\n"
               "cordon list --prompt",
    .run = run,
};
