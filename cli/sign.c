/* SPDX-License-Identifier: Apache-2.0
 * cordon sign: a publisher's word for a skill's folder. */
#include "cleanup.h"
#include "report.h"
#include <string.h>

enum { SIGN_KEY, SIGN_CHECK, SIGN_JSON, SIGN_QUIET, SIGN_OPTIONS };
enum { EXIT_REFUSED = 3 };

static const struct option options[] = {
    [SIGN_KEY] = {.letter = 'k', .name = "key", .value = "NAME|FILE", .help = "the secret key (default: the one called default)"},
    [SIGN_CHECK] = {.name = "check", .help = "sign nothing: say which signatures are there and what they cover"},
    [SIGN_JSON] = OPTION_JSON,
    [SIGN_QUIET] = OPTION_QUIET,
    [SIGN_OPTIONS] = OPTION_END,
};

static void print_name(const json_t *o)
{
    print_guest(stdout, text_of(o, "name"), 256);
    putchar(' ');
    print_guest(stdout, text_of(o, "version"), 256);
}

static int sign(const struct cli *cli, const char *dir)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_sign(NULL, dir, cli->args.value[SIGN_KEY], &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *done = json_loads(json, 0, NULL);
    json_int_t left_out = json_integer_value(json_object_get(done, "left_out"));
    size_t n = json_array_size(json_object_get(done, "files"));
    fputs("signed ", stdout);
    print_name(done);
    printf(": %zu %s, %s\npublisher %s\n", n, n == 1 ? "file" : "files", text_of(done, "digest"), text_of(done, "publisher"));
    if (left_out && !cli->quiet)
        fprintf(stderr, "%" JSON_INTEGER_FORMAT " left out: names that begin with a dot, target, node_modules, __pycache__\n", left_out);
    return out_end(cli, 0);
}

/* One line for each signature that is there. */
static void print_word(const json_t *word, const char *what)
{
    if (!json_is_object(word))
        return;
    printf("%s: %s", what, json_is_true(json_object_get(word, "holds")) ? "holds, by " : "does not hold: ");
    print_guest(stdout, text_of(word, json_is_true(json_object_get(word, "holds")) ? "publisher" : "why"), 1024);
    putchar('\n');
}

static bool is_broken(const json_t *word) { return json_is_object(word) && !json_is_true(json_object_get(word, "holds")); }

static void print_check(const json_t *found)
{
    const char *covers = text_of(found, "covers");
    print_name(found);
    printf(" %s\n", text_of(found, "digest"));
    print_word(json_object_get(found, "signature"), "cordon.sig");
    print_word(json_object_get(found, "code_signature"), "signature of the code");
    printf("covered: %s\n", !strcmp(covers, "bundle") ? "all of it"
                            : !strcmp(covers, "code") ? "the code alone; what it asks for could have been changed"
                                                      : "nothing");
}

/* A signature that does not hold is a refusal; none at all is not. */
static int check(const struct cli *cli, const char *dir)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_signature_check(dir, &json, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *found = json_loads(json, 0, NULL);
    int code = is_broken(json_object_get(found, "signature")) || is_broken(json_object_get(found, "code_signature")) ? EXIT_REFUSED : 0;
    if (cli->json) {
        int written = out_json_line(cli, json);
        return written ? written : code;
    }
    print_check(found);
    return out_end(cli, code);
}

static int run(struct cli *cli)
{
    const char *dir = cli->args.n_words ? cli->args.words[0] : ".";
    return args_has(&cli->args, "check") ? check(cli, dir) : sign(cli, dir);
}

const struct command command_sign = {
    .name = "sign",
    .group = GROUP_TRUST,
    .words_max = 1,
    .summary = "sign a skill's folder, or check its signature",
    .synopsis = "[FOLDER] [--key NAME|FILE] [--check]",
    .about = "Writes cordon.sig into FOLDER (default: this one), which has a manifest. It covers the name, the version and every\n"
             "file that would be installed, so sign last: any change after it ends the signature.",
    .options = options,
    .example = "cordon sign ./weather\n"
               "cordon sign ./weather --check",
    .run = run,
};
