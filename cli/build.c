/* SPDX-License-Identifier: Apache-2.0
 * cordon build: a folder of C becomes a component. */
#include "cleanup.h"
#include "report.h"

enum { BUILD_OUTPUT, BUILD_JSON, BUILD_OPTIONS };

static const struct option options[] = {
    [BUILD_OUTPUT] = {.letter = 'o', .name = "output", .value = "FILE", .help = "where the component goes (default: FOLDER/<its name>.wasm)"},
    [BUILD_JSON] = OPTION_JSON,
    [BUILD_OPTIONS] = OPTION_END,
};

static int print_result(const json_t *result)
{
    fputs("built ", stdout);
    print_guest(stdout, text_of(result, "output"), 4096);
    printf(" (%" JSON_INTEGER_FORMAT " bytes, world ", json_integer_value(json_object_get(result, "size_bytes")));
    print_guest(stdout, text_of(result, "world"), 256);
    fputs(")\nrun it with: cordon run ", stdout);
    print_guest(stdout, text_of(result, "output"), 4096);
    putchar('\n');
    return 0;
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    const char *dir = cli->args.n_words ? cli->args.words[0] : ".";
    if (cordon_build_c(dir, cli->args.value[BUILD_OUTPUT], NULL, STDERR_FILENO, &json, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *result = json_loads(json, 0, NULL);
    return cli->json ? out_object(cli, result) : out_end(cli, print_result(result));
}

const struct command command_build = {
    .name = "build",
    .group = GROUP_AUTHOR,
    .first = true,
    .words_max = 1,
    .summary = "build a skill written in C into a component",
    .synopsis = "[FOLDER] [-o FILE]",
    .about = "FOLDER (default: this one) holds *.c files, and in wit/ one world, or none: then it is the skill world.\n"
             "Bindings and the component are made inside; only clang, wasm-ld and wasi-libc are needed.",
    .options = options,
    .example = "cordon build ./hello && cordon run ./hello \"some text\"",
    .run = run,
};
