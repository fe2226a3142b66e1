/* SPDX-License-Identifier: Apache-2.0
 * cordon new: a project to start from. */
#include "cleanup.h"
#include "report.h"
#include <string.h>

enum { NEW_LANG, NEW_TYPE, NEW_WORLD, NEW_JSON, NEW_OPTIONS };

static const struct option options[] = {
    [NEW_LANG] = {.letter = 'l', .name = "lang", .value = "LANGUAGE", .help = "what it is written in: c (default)"},
    [NEW_TYPE] = {.name = "type", .value = "TYPE", .help = "tool (default), or prompt: text for a model, no code"},
    [NEW_WORLD] = {.name = "world", .value = "WORLD", .help = "typed (default): a function of its own; skill: text in, text out"},
    [NEW_JSON] = OPTION_JSON,
    [NEW_OPTIONS] = OPTION_END,
};

/* Their own toolchains make skills of these, and docs/guests says how. */
static const char *const elsewhere[] = {"rust", "js", "ts", "javascript", "typescript", "python", "go"};

static int refuse_language(const char *lang, cordon_error **err)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (strcmp(lang, elsewhere[i]) == 0)
            return cordon_error_set(err, CORDON_E_USAGE, "lang", "A skill in C is made with --lang c. docs/guests has a page for each language, with the commands of its own toolchain.",
                                    "projects in %s are not offered yet, only those in c", lang);
    return cordon_error_set(err, CORDON_E_USAGE, "lang", "Write --lang c.", "--lang: %.100s is not a language that is known here", lang);
}

static int choose(const struct args *args, enum cordon_template *ret, cordon_error **err)
{
    const char *lang = args->value[NEW_LANG], *type = args->value[NEW_TYPE], *world = args->value[NEW_WORLD];
    bool is_prompt = type && strcmp(type, "prompt") == 0, is_skill = world && strcmp(world, "skill") == 0;
    if (type && !is_prompt && strcmp(type, "tool") != 0)
        return cordon_error_set(err, CORDON_E_USAGE, "type", NULL, "--type is tool or prompt, not %.100s", type);
    if (is_prompt && (lang || world))
        return cordon_error_set(err, CORDON_E_USAGE, lang ? "lang" : "world", NULL, "a prompt runs no code: it has no --%s", lang ? "lang" : "world");
    if (world && !is_skill && strcmp(world, "typed") != 0)
        return cordon_error_set(err, CORDON_E_USAGE, "world", NULL, "--world is typed or skill, not %.100s", world);
    if (lang && strcmp(lang, "c") != 0)
        return refuse_language(lang, err);
    *ret = is_prompt ? CORDON_TEMPLATE_PROMPT : is_skill ? CORDON_TEMPLATE_C_SKILL : CORDON_TEMPLATE_C;
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
    .synopsis = "NAME [--lang c] [--world skill] [--type prompt]",
    .about = "The folder NAME is made here, and must not be there yet: source, manifest, WIT, a README, and cases for\n"
             "a test. NAME is letters, digits, hyphens and underscores; of a prompt, lower-case letters, digits and hyphens.",
    .options = options,
    .example = "cordon new weather && cordon build weather",
    .run = run,
};
