/* SPDX-License-Identifier: Apache-2.0
 * cordon secret: the operator's secrets, set, listed and removed; never shown. */
#include "cleanup.h"
#include "hidden.h"
#include "report.h"
#include <limits.h>

enum { SECRET_EXACT, SECRET_JSON, SECRET_QUIET, SECRET_OPTIONS };
enum { VALUE_MAX = 64 << 10 };

static const struct option options[] = {
    [SECRET_EXACT] = {.name = "exact", .help = "set: keep a newline at the end of the value"},
    [SECRET_JSON] = OPTION_JSON,
    [SECRET_QUIET] = OPTION_QUIET,
    [SECRET_OPTIONS] = OPTION_END,
};

/* {"cordon": 1, "name": NAME}, or a word to who sits at a terminal. */
static int tell(const struct cli *cli, const char *name, const char *what)
{
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{ss}", "name", name);
        return out_object(cli, object);
    }
    if (cli->err_is_terminal && !cli->quiet)
        fprintf(stderr, "secret %s %s\n", name, what);
    return 0;
}

/* A word is seen by every process of the machine, and stays in the shell's history. */
static int refuse_value(const struct cli *cli)
{
    cordon_error *err = NULL;
    cordon_error_set(&err, CORDON_E_USAGE, NULL, "cordon secret set NAME (asks, or reads standard input), or cordon secret set NAME @FILE",
                     "a value is not given as a word: other users see it in the list of processes, and the shell keeps it in its history");
    return report_error(cli, NULL, err);
}

static int set(const struct cli *cli, char **words, int n_words)
{
    cordon_error *err = NULL;
    cleanup(hidden_finish) struct hidden value = {0};
    const char *from = n_words > 1 ? words[1] : NULL;
    if (n_words > 2 || (from && from[0] != '@' && !(from[0] == '-' && !from[1])))
        return refuse_value(cli);
    if (hidden_read(from, "value", VALUE_MAX, &value, &err) < 0)
        return report_error(cli, NULL, err);
    if (!args_has(&cli->args, "exact"))
        hidden_chomp(&value);
    if (cordon_secret_set(NULL, words[0], value.bytes, value.len, &err) < 0)
        return report_error(cli, NULL, err);
    return tell(cli, words[0], "is kept");
}

static int list(const struct cli *cli, char **words, int n_words)
{
    (void)words, (void)n_words;
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_secret_list(NULL, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *found = json_loads(json, 0, NULL);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(found, "secrets"), i, row)
        printf("%-20s  %s\n", *text_of(row, "set_at") ? text_of(row, "set_at") : "damaged", text_of(row, "name"));
    return out_end(cli, 0);
}

static int remove_one(const struct cli *cli, char **words, int n_words)
{
    (void)n_words;
    cordon_error *err = NULL;
    if (cordon_secret_remove(NULL, words[0], &err) < 0)
        return report_error(cli, NULL, err);
    return tell(cli, words[0], "is removed");
}

static const struct action actions[] = {
    {"set", "NAME [@FILE | -]", 1, INT_MAX, set},
    {"list", "", 0, 0, list},
    {"remove", "NAME", 1, 1, remove_one},
    {.name = NULL},
};

const struct command command_secret = {
    .name = "secret",
    .group = GROUP_OPERATE,
    .discreet = true,
    .words_min = 1,
    .summary = "keep secrets for skills: set, list, remove",
    .synopsis = "set NAME [@FILE | -] | list | remove NAME",
    .about = "set NAME asks for the value on a terminal without showing it, else reads standard input; @FILE reads a file. The value\n"
             "is UTF-8, at most 64 KiB; one newline at its end is dropped, unless --exact is given. It is kept encrypted in\n"
             "Cordon's home, and nothing shows it again. A skill that is handed a secret can pass it on: where it is for a\n"
             "request, let the gateway add it (bearer=NAME@HOST, header=FIELD:NAME@HOST) instead of granting secret=NAME.",
    .options = options,
    .actions = actions,
    .example = "cordon secret set weather-key\n"
               "cordon secret set weather-key @key.txt\n"
               "cordon secret list",
    .run = action_run,
};
