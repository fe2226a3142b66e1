/* SPDX-License-Identifier: Apache-2.0
 * cordon import: skills of other systems, untrusted and granted nothing. */
#include "cleanup.h"
#include "installing.h"
#include "report.h"

enum { IMPORT_DRY_RUN, IMPORT_CONFIG, IMPORT_JSON, IMPORT_QUIET, IMPORT_OPTIONS, EXIT_PARTLY = 6 };

static const struct option options[] = {
    [IMPORT_DRY_RUN] = {.name = "dry-run", .help = "say what would be installed, and install nothing"},
    [IMPORT_CONFIG] = OPTION_CONFIG,
    [IMPORT_JSON] = OPTION_JSON,
    [IMPORT_QUIET] = OPTION_QUIET,
    [IMPORT_OPTIONS] = OPTION_END,
};

static void print_row(const struct cli *cli, const json_t *row, bool dry_run)
{
    const json_t *error = json_object_get(row, "error"), *warnings = json_object_get(row, "warnings"), *one;
    size_t i;
    FILE *f = error ? stderr : stdout;
    fputs(error ? "not imported " : json_is_true(json_object_get(row, "unchanged")) ? "unchanged " : dry_run ? "would import " : "imported ", f);
    print_guest(f, text_of(row, "name"), 128);
    fputs(*text_of(row, "version") ? " " : "", f);
    print_guest(f, text_of(row, "version"), 128);
    fputs(" from ", f);
    print_guest(f, text_of(row, "source"), 1024);
    fputc('\n', f);
    if (error)
        fprintf(stderr, "  %s\n  %s\n", text_of(error, "message"), text_of(error, "hint"));
    json_array_foreach(warnings, i, one) {
        if (cli->quiet)
            break;
        fputs("  note: ", stderr);
        print_guest(stderr, json_string_value(one), 1024);
        fputc('\n', stderr);
    }
}

static int exit_code(const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
        if (json_object_get(row, "error"))
            return EXIT_PARTLY;
    return 0;
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *text = NULL;
    cleanup(installing_finish) struct installing i = {0};
    bool dry_run = args_has(&cli->args, "dry-run");
    if (installing_begin(cli, &i, &err) < 0 || cordon_import(i.registry, cli->args.n_words ? cli->args.words[0] : NULL, dry_run, &text, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *done = json_loads(text, 0, NULL);
    const json_t *rows = json_object_get(done, "skills");
    int code = exit_code(rows);
    if (cli->json) {
        int failed = out_object(cli, done);
        return failed ? failed : code;
    }
    size_t n;
    json_t *row;
    json_array_foreach(rows, n, row)
        print_row(cli, row, dry_run);
    return out_end(cli, code);
}

const struct command command_import = {
    .name = "import",
    .group = GROUP_TRUST,
    .words_max = 1,
    .summary = "install the skills of another system",
    .synopsis = "[FOLDER | TABLE] [--dry-run]",
    .about = "FOLDER is a skill's, a folder of skills, or a system's own folder with skills/ in it (default: $BOTERNITY_DATA_DIR, else\n"
             "~/.boternity); TABLE is blufio's SQLite file. Tiers, grants and states are not taken over: every skill arrives\n"
             "untrusted, and may do nothing until you grant it (cordon grant). One that fails does not keep the others back.",
    .options = options,
    .example = "cordon import --dry-run\n"
               "cordon import ~/.local/share/blufio/blufio.db",
    .run = run,
};
