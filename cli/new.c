/* SPDX-License-Identifier: Apache-2.0
 * cordon new: a project to start from. */
#include "cleanup.h"
#include "report.h"
#include <string.h>

enum { NEW_LANG, NEW_TYPE, NEW_WORLD, NEW_ABI, NEW_JSON, NEW_OPTIONS };

static const struct option options[] = {
    [NEW_LANG] = {.letter = 'l', .name = "lang", .value = "LANGUAGE", .help = "what it is written in: c (default), rust, js, ts, python"},
    [NEW_TYPE] = {.name = "type", .value = "TYPE", .help = "tool (default), or prompt: text for a model, no code"},
    [NEW_WORLD] = {.name = "world", .value = "WORLD", .help = "typed (default): a function of its own; skill: text in, text out"},
    [NEW_ABI] = {.name = "abi", .value = "ABI", .help = "component (default), or blufio: a core module of that format"},
    [NEW_JSON] = OPTION_JSON,
    [NEW_OPTIONS] = OPTION_END,
};

/* Languages, with the templates of --world typed and --world skill. */
static const struct { const char *name; enum cordon_template typed, text; } languages[] = {
    {"c", CORDON_TEMPLATE_C, CORDON_TEMPLATE_C_SKILL},
    {"js", CORDON_TEMPLATE_JS, CORDON_TEMPLATE_JS_SKILL},
    {"ts", CORDON_TEMPLATE_TS, CORDON_TEMPLATE_TS_SKILL},
    {"python", CORDON_TEMPLATE_PYTHON, CORDON_TEMPLATE_PYTHON_SKILL},
    {"rust", CORDON_TEMPLATE_RUST, CORDON_TEMPLATE_RUST_SKILL},
};
enum { LANGUAGES = sizeof languages / sizeof *languages };

/* Their own toolchains make skills of these, and docs/guests says how. */
static const char *const elsewhere[] = {"go"};

static int refuse_language(const char *lang, cordon_error **err)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (strcmp(lang, elsewhere[i]) == 0)
            return cordon_error_set(err, CORDON_E_USAGE, "lang", "docs/guests has a page for each language, with the commands of its own toolchain.", "projects in %s are not offered yet", lang);
    return cordon_error_set(err, CORDON_E_USAGE, "lang", "`cordon new --help` has the languages.", "--lang: %.100s is not a language that is known here", lang);
}

static bool is_given(const char *value, const char *wanted)
{
    return value && strcmp(value, wanted) == 0;
}

/* One of two words, the first of which may be left out. */
static int check_word(const char *option, const char *value, const char *usual, const char *other, cordon_error **err)
{
    if (!value || is_given(value, usual) || is_given(value, other))
        return 0;
    return cordon_error_set(err, CORDON_E_USAGE, option, NULL, "--%s is %s or %s, not %.100s", option, usual, other, value);
}

static int check_prompt(const struct args *args, cordon_error **err)
{
    static const char *const of_code[] = {"lang", "world", "abi"};
    for (size_t i = 0; i < sizeof of_code / sizeof *of_code; i++)
        if (args_has(args, of_code[i]))
            return cordon_error_set(err, CORDON_E_USAGE, of_code[i], NULL, "a prompt runs no code: it has no --%s", of_code[i]);
    return 0;
}

static int choose(const struct args *args, enum cordon_template *ret, cordon_error **err)
{
    const char *lang = args->value[NEW_LANG], *type = args->value[NEW_TYPE], *world = args->value[NEW_WORLD], *abi = args->value[NEW_ABI];
    bool is_blufio = is_given(abi, "blufio");
    int rc = check_word("type", type, "tool", "prompt", err);
    if (rc < 0 || (rc = check_word("world", world, "typed", "skill", err)) < 0 || (rc = check_word("abi", abi, "component", "blufio", err)) < 0)
        return rc;
    if (is_given(type, "prompt")) {
        *ret = CORDON_TEMPLATE_PROMPT;
        return check_prompt(args, err);
    }
    size_t n = 0;
    while (lang && n < LANGUAGES && strcmp(lang, languages[n].name) != 0)
        n++;
    if (n == LANGUAGES)
        return refuse_language(lang, err);
    if (is_blufio && n > 0)
        return cordon_error_set(err, CORDON_E_USAGE, "abi", NULL, "core modules of the blufio ABI are made in C: leave --lang out");
    if (is_blufio && world)
        return cordon_error_set(err, CORDON_E_USAGE, "world", NULL, "a core module of the blufio ABI has no world: leave --world out");
    *ret = is_blufio ? CORDON_TEMPLATE_C_BLUFIO : is_given(world, "skill") ? languages[n].text : languages[n].typed;
    return 0;
}

static int print_result(const json_t *result)
{
    const json_t *row;
    size_t i;
    printf("made %s, %s:\n", text_of(result, "name"), text_of(result, "what"));
    json_array_foreach(json_object_get(result, "files"), i, row)
        printf("  %s\n", json_string_value(row));
    puts("go on with:");
    json_array_foreach(json_object_get(result, "next"), i, row)
        printf("  %s\n", json_string_value(row));
    return 0;
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    enum cordon_template which = CORDON_TEMPLATE_C;
    if (choose(&cli->args, &which, &err) < 0 || cordon_new(".", cli->args.words[0], which, &json, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *result = json_loads(json, 0, NULL);
    return cli->json ? out_object(cli, result) : out_end(cli, print_result(result));
}

const struct command command_new = {
    .name = "new",
    .group = GROUP_AUTHOR,
    .first = true,
    .words_min = 1,
    .words_max = 1,
    .summary = "make a project for a skill, which builds and runs as it stands",
    .synopsis = "NAME [--lang LANGUAGE] [--world skill | --abi blufio] [--type prompt]",
    .about = "The folder NAME is made here, and must not be there yet: source, manifest, WIT, a README, and cases for\n"
             "a test. NAME is letters, digits, hyphens and underscores; of a prompt, lower-case letters, digits and hyphens.",
    .options = options,
    .example = "cordon new weather && cordon build weather",
    .run = run,
};
