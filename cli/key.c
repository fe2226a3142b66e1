/* SPDX-License-Identifier: Apache-2.0
 * cordon key: a publisher's own keys. */
#include "cleanup.h"
#include "report.h"

enum { KEY_JSON, KEY_QUIET, KEY_OPTIONS };

static const struct option options[] = {
    [KEY_JSON] = OPTION_JSON,
    [KEY_QUIET] = OPTION_QUIET,
    [KEY_OPTIONS] = OPTION_END,
};

static int make(const struct cli *cli, char **words, int n_words)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_key_make(NULL, n_words ? words[0] : NULL, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *made = json_loads(json, 0, NULL);
    printf("%s\n", text_of(made, "id"));
    if (!cli->quiet) {
        fputs("the secret key is in ", stderr);
        print_guest(stderr, text_of(made, "key_file"), 4096);
        fputs(": keep a copy of it in a safe place, and give it to nobody\n", stderr);
    }
    return out_end(cli, 0);
}

static int show(const struct cli *cli, char **words, int n_words)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_key_show(NULL, n_words ? words[0] : NULL, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *key = json_loads(json, 0, NULL);
    printf("%s\n", text_of(key, "id"));
    return out_end(cli, 0);
}

static const struct action actions[] = {
    {"new", "[NAME | FILE]", 0, 1, make},
    {"show", "[NAME | FILE]", 0, 1, show},
    {.name = NULL},
};

const struct command command_key = {
    .name = "key",
    .group = GROUP_TRUST,
    .words_min = 1,
    .summary = "keep a publisher's keys: new, show",
    .synopsis = "new [NAME | FILE] | show [NAME | FILE]",
    .about = "new makes a key to sign skills with: NAME in Cordon's home (else the one called default), or a FILE with a slash\n"
             "in its path. It prints the id, which is the public key: what others give to `cordon key trust`. show prints the\n"
             "id of a key. A key is never written over.",
    .options = options,
    .actions = actions,
    .example = "cordon key new\n"
               "cordon key show\n"
               "cordon key new ./release.key",
    .run = action_run,
};
