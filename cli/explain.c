/* SPDX-License-Identifier: Apache-2.0
 * cordon explain: what an error's id, or an outcome, means and what to do next. */
#include "cleanup.h"
#include "near.h"
#include "report.h"
#include <string.h>

enum { EXPLAIN_JSON, EXPLAIN_OPTIONS };

static const struct option options[] = {[EXPLAIN_JSON] = OPTION_JSON, [EXPLAIN_OPTIONS] = OPTION_END};

static const struct { const char *meaning, *hint; } outcomes[CORDON_OUTCOME_COUNT] = {
    [CORDON_OUTCOME_OK] = {"The skill answered.", "Nothing is to be done."},
    [CORDON_OUTCOME_ERR] = {"The skill ran and returned an error of its own.", "The message is the skill's: look at its input."},
    [CORDON_OUTCOME_TRAP] = {"The skill did what WebAssembly stops: divided by zero, ran out of its stack, reached beyond its memory.",
                             "It is a fault in the skill; the backtrace says where. Nothing outside its sandbox was touched."},
    [CORDON_OUTCOME_OUT_OF_FUEL] = {"The skill used all the instructions it may use.",
                                    "If it does honest work, give it more: --fuel 20G. An endless loop ends like this too."},
    [CORDON_OUTCOME_OUT_OF_MEMORY] = {"The skill wanted more memory or table elements than it may have, and did not go on without.",
                                      "If it does honest work, give it more: -m 128MiB."},
    [CORDON_OUTCOME_DEADLINE] = {"The time of the call was over, host calls and waiting included.", "If it needs longer, give it more: -t 30s."},
    [CORDON_OUTCOME_CANCELLED] = {"Somebody cancelled the call: a signal, or the program that made it.", "Run it again if that was a mistake."},
    [CORDON_OUTCOME_OUTPUT_TOO_LARGE] = {"The answer is larger than it may be.", "Let the skill answer less, or in pieces."},
    [CORDON_OUTCOME_HOST_BUG] = {"Cordon itself failed during the call in a way that must not happen.",
                                 "Please report it with the whole message; SECURITY.md says where if a guest can cause it."},
};

static const int outcome_codes[CORDON_OUTCOME_COUNT] = {
#define X(name, text, exit_code) [CORDON_OUTCOME_##name] = exit_code,
    CORDON_OUTCOME_MAP(X)
#undef X
};

static const char *outcome_id(int i)
{
    return cordon_outcome_name((enum cordon_outcome_kind)i);
}

static void print_one(const char *id, const char *kind, int exit_code, const char *meaning, const char *hint)
{
    printf("%s (%s, exit code %d)\n  %s\n  %s\n", id, kind, exit_code, meaning, hint);
}

static const struct cordon_error_info *error_nth(int i)
{
    return cordon_error_info((enum cordon_errc)(i + 1));
}

static int print_all(void)
{
    puts("Errors: what keeps something from being done");
    const struct cordon_error_info *e;
    for (int i = 0; (e = error_nth(i)); i++)
        printf("  %-21s%s\n", e->id, e->meaning);
    puts("\nOutcomes: how a call that was started ended");
    for (int i = 0; i < CORDON_OUTCOME_COUNT; i++)
        printf("  %-21s%s\n", outcome_id(i), outcomes[i].meaning);
    puts("\ncordon explain ID says what to do about one.");
    return 0;
}

static json_t *json_of_error(const struct cordon_error_info *e)
{
    return json_pack("{ss ss ss ss si si}", "id", e->id, "category", e->category, "meaning", e->meaning, "hint", e->hint, "exit_code",
                     e->exit_code, "http_status", e->http_status);
}

static json_t *json_of_outcome(int i)
{
    return json_pack("{ss ss ss si}", "id", outcome_id(i), "meaning", outcomes[i].meaning, "hint", outcomes[i].hint, "exit_code",
                     outcome_codes[i]);
}

static bool is_wanted(const char *id, const char *wanted)
{
    return !wanted || strcmp(id, wanted) == 0;
}

/* All of them, or those called `wanted`. */
static int print_json(const struct cli *cli, const char *wanted)
{
    cleanup_json json_t *all = json_pack("{s[] s[]}", "errors", "outcomes");
    const struct cordon_error_info *e;
    for (int i = 0; (e = error_nth(i)); i++)
        if (is_wanted(e->id, wanted))
            json_array_append_new(json_object_get(all, "errors"), json_of_error(e));
    for (int i = 0; i < CORDON_OUTCOME_COUNT; i++)
        if (is_wanted(outcome_id(i), wanted))
            json_array_append_new(json_object_get(all, "outcomes"), json_of_outcome(i));
    return out_object(cli, all);
}

static int unknown(const struct cli *cli, const char *id)
{
    cordon_error *err = NULL;
    struct near n;
    near_init(&n, id);
    const struct cordon_error_info *e;
    for (int i = 0; (e = error_nth(i)); i++)
        near_offer(&n, e->id);
    for (int i = 0; i < CORDON_OUTCOME_COUNT; i++)
        near_offer(&n, outcome_id(i));
    cordon_error_set(&err, CORDON_E_USAGE, id, "`cordon explain` lists them all.", "there is no error or outcome called %.200s%s%s%s", id,
                     n.best ? "; did you mean " : "", n.best ? n.best : "", n.best ? "?" : "");
    return report_error(cli, NULL, err);
}

static int find(const struct cli *cli, const char *id)
{
    const struct cordon_error_info *e = cordon_error_info_by_id(id);
    bool known = e;
    if (e && !cli->json)
        print_one(e->id, e->category, e->exit_code, e->meaning, e->hint);
    for (int i = 0; i < CORDON_OUTCOME_COUNT; i++) {
        if (strcmp(outcome_id(i), id) != 0)
            continue;
        known = true;
        if (!cli->json)
            print_one(id, "outcome", outcome_codes[i], outcomes[i].meaning, outcomes[i].hint);
    }
    if (!known)
        return unknown(cli, id);
    return cli->json ? print_json(cli, id) : 0;
}

static int run(struct cli *cli)
{
    if (cli->args.n_words)
        return out_end(cli, find(cli, cli->args.words[0]));
    return cli->json ? print_json(cli, NULL) : out_end(cli, print_all());
}

const struct command command_explain = {
    .name = "explain",
    .group = GROUP_OPERATE,
    .words_max = 1,
    .summary = "say what an error or outcome means and what to do",
    .synopsis = "[ID] [-j]",
    .about = "Without ID, lists them all.",
    .options = options,
    .example = "cordon explain out-of-fuel",
    .run = run,
};
