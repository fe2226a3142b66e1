/* SPDX-License-Identifier: Apache-2.0
 * cordon apply and cordon export: what is installed, as a file. */
#include "cleanup.h"
#include "installing.h"
#include "report.h"
#include <string.h>

enum { APPLY_DRY_RUN, APPLY_PRUNE, APPLY_CONFIG, APPLY_JSON, APPLY_QUIET, APPLY_OPTIONS };

static const struct option options[] = {
    [APPLY_DRY_RUN] = {.name = "dry-run", .help = "say what would be done, and do nothing"},
    [APPLY_PRUNE] = {.name = "prune", .help = "remove what the file does not name, trusted keys too"},
    [APPLY_CONFIG] = OPTION_CONFIG,
    [APPLY_JSON] = OPTION_JSON,
    [APPLY_QUIET] = OPTION_QUIET,
    [APPLY_OPTIONS] = OPTION_END,
};

static void print_change(const json_t *row)
{
    const char *before = text_of(row, "before"), *after = text_of(row, "after");
    putchar(!*before ? '+' : !*after ? '-' : '~');
    printf(" %s ", text_of(row, "what"));
    print_guest(stdout, text_of(row, "name"), 128);
    if (*before)
        putchar(' ');
    print_guest(stdout, before, 1024);
    fputs(*before && *after ? " -> " : *after ? " " : "", stdout);
    print_guest(stdout, after, 1024);
    putchar('\n');
}

static int print_changes(const struct cli *cli, const json_t *done)
{
    const json_t *changes = json_object_get(done, "changes"), *row;
    size_t i;
    json_array_foreach(changes, i, row)
        print_change(row);
    if (!json_array_size(changes) && !cli->quiet)
        fputs("nothing to do: it is as the file says\n", stderr);
    return out_end(cli, 0);
}

static int run_apply(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *text = NULL;
    cleanup(installing_finish) struct installing i = {0};
    if (installing_begin(cli, &i, &err) < 0 ||
        cordon_apply(i.registry, cli->args.words[0], args_has(&cli->args, "dry-run"), args_has(&cli->args, "prune"), &text, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *done = json_loads(text, 0, NULL);
    return cli->json ? out_object(cli, done) : print_changes(cli, done);
}

const struct command command_apply = {
    .name = "apply",
    .group = GROUP_TRUST,
    .words_min = 1,
    .words_max = 1,
    .summary = "bring what is installed to what a file says",
    .synopsis = "FILE [--dry-run] [--prune]",
    .about = "FILE is TOML, as `cordon export` writes it: for each skill its source, and optionally digest, key, tier, build, grants\n"
             "and limits; and the keys that are trusted. All is done in one transaction, or nothing, and the difference is printed.\n"
             "The file is your word: a skill has exactly the grants and limits that it lists. Another key and a lower version are\n"
             "refused as `cordon install` refuses them.",
    .options = options,
    .example = "cordon apply skills.toml --dry-run\n"
               "cordon apply skills.toml --prune",
    .run = run_apply,
};

/* ---- export ---- */

enum { EXPORT_CONFIG, EXPORT_JSON, EXPORT_OPTIONS };

static const struct option export_options[] = {
    [EXPORT_CONFIG] = OPTION_CONFIG,
    [EXPORT_JSON] = OPTION_JSON,
    [EXPORT_OPTIONS] = OPTION_END,
};

static int run_export(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *text = NULL;
    cleanup(installing_finish) struct installing i = {0};
    if (installing_begin(cli, &i, &err) < 0 || cordon_export(i.registry, &text, &err) < 0)
        return report_error(cli, NULL, err);
    if (!cli->json)
        return out_guest(cli, text, strlen(text), &err) < 0 ? report_error(cli, NULL, err) : 0;
    cleanup_json json_t *object = json_pack("{s:s}", "file", text);
    return out_object(cli, object);
}

const struct command command_export = {
    .name = "export",
    .group = GROUP_TRUST,
    .summary = "print what is installed as a file for apply",
    .synopsis = "",
    .about = "Sources, digests, publishers, grants, limits and trusted keys, as TOML. Secrets and what bots remember are not in it.",
    .options = export_options,
    .example = "cordon export > skills.toml",
    .run = run_export,
};
