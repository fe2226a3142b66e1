/* SPDX-License-Identifier: Apache-2.0
 * cordon tools: a skill's exports as tools of a model. */
#include "cleanup.h"
#include "near.h"
#include "plan.h"
#include "report.h"
#include "session.h"
#include <string.h>

enum { TOOLS_FORMAT, TOOLS_CONFIG, TOOLS_JSON, TOOLS_OPTIONS };

static const struct option options[] = {
    [TOOLS_FORMAT] = {.name = "format", .value = "FORMAT", .help = "mcp (default), openai or anthropic"},
    [TOOLS_CONFIG] = OPTION_CONFIG,
    [TOOLS_JSON] = {.letter = 'j', .name = "json", .help = "print errors as JSON too (the tools always are)"},
    [TOOLS_OPTIONS] = OPTION_END,
};

static int read_format(const char *text, enum cordon_tool_format *ret, cordon_error **err)
{
    static const char *const names[] = {[CORDON_TOOLS_MCP] = "mcp", [CORDON_TOOLS_OPENAI] = "openai", [CORDON_TOOLS_ANTHROPIC] = "anthropic"};
    struct near n;
    near_init(&n, text ? text : "mcp");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(n.word, names[i]) == 0) {
            *ret = (enum cordon_tool_format)i;
            return 0;
        }
        near_offer(&n, names[i]);
    }
    return cordon_error_set(err, CORDON_E_USAGE, "format", NULL, "there is no format %.100s; %s%s", n.word,
                            n.best ? "did you mean " : "the formats are mcp, openai and anthropic", n.best ? n.best : "");
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    enum cordon_tool_format format = CORDON_TOOLS_MCP;
    cleanup(target_finish) struct target target = {0};
    cleanup(session_finish) struct session session = {0};
    cleanup_text char *json = NULL;
    if (read_format(cli->args.value[TOOLS_FORMAT], &format, &err) < 0 || target_find(cli->args.words[0], &target, &err) < 0
        || session_begin(cli, &session, &err) < 0 || session_open(cli, &target, CORDON_TIER_UNTRUSTED, &session, &err) < 0
        || cordon_skill_tools(session.skill, format, &json, &err) < 0)
        return report_error(cli, target.name[0] ? target.name : NULL, err);
    return out_json_line(cli, json);
}

const struct command command_tools = {
    .name = "tools",
    .group = GROUP_AUTHOR,
    .first = true,
    .words_min = 1,
    .words_max = 1,
    .summary = "print a skill's exports as tools of a model",
    .synopsis = "TARGET [--format mcp|openai|anthropic]",
    .about = "Prints a JSON array with one tool for each export that JSON can call; its schema is made from the skill's types\n"
             "and doc comments. Nothing of the skill is run.",
    .options = options,
    .example = "cordon tools ./hello.wasm --format openai",
    .run = run,
};
