/* SPDX-License-Identifier: Apache-2.0
 * Commands that have actions: `cordon secret list`. */
#include "near.h"
#include "report.h"
#include <string.h>

static int usage(const struct cli *cli, const char *text)
{
    char hint[128];
    cordon_error *err = NULL;
    snprintf(hint, sizeof hint, "`cordon %s --help` shows its actions, with an example.", cli->command->name);
    cordon_error_set(&err, CORDON_E_USAGE, NULL, hint, "%s", text);
    return report_error(cli, NULL, err);
}

static int unknown(const struct cli *cli, const char *word)
{
    char text[512];
    struct near n;
    near_init(&n, word);
    for (const struct action *a = cli->command->actions; a->name; a++)
        near_offer(&n, a->name);
    if (n.best)
        snprintf(text, sizeof text, "cordon %s has no such action; did you mean %s?", cli->command->name, n.best);
    else
        snprintf(text, sizeof text, "cordon %s begins with what to do: %s", cli->command->name, cli->command->synopsis);
    return usage(cli, text);
}

static int wrong_words(const struct cli *cli, const struct action *a, int n)
{
    char text[512];
    snprintf(text, sizeof text, "%s: cordon %s %s %s", n < a->words_min ? "something is missing" : "there are too many words", cli->command->name, a->name,
             a->synopsis);
    return usage(cli, text);
}

int action_run(struct cli *cli)
{
    const char *word = cli->args.words[0];
    const struct action *a = cli->command->actions;
    while (a->name && strcmp(a->name, word) != 0)
        a++;
    if (!a->name)
        return unknown(cli, word);
    int n = cli->args.n_words - 1;
    if (n < a->words_min || n > a->words_max)
        return wrong_words(cli, a, n);
    return a->run(cli, cli->args.words + 1, n);
}
