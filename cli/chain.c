/* SPDX-License-Identifier: Apache-2.0
 *
 * cordon chain: the answer of each skill is the input of the next. Each link is a call of its own, with its own grants and limits, and its own row in the audit; nothing that
 * one link may do is lent to another. All are loaded before the first is called.
 */
#include "calling.h"
#include "cleanup.h"
#include "command.h"
#include "interrupt.h"
#include "link.h"
#include "report.h"
#include "source.h"
#include <inttypes.h>
#include <string.h>

enum { LINKS_MAX = 16 };
enum { CHAIN_INPUT, CHAIN_FILE, CHAIN_SCRIPT_INPUT, CHAIN_BOT, CHAIN_CONFIG, CHAIN_JSON, CHAIN_QUIET, CHAIN_VERBOSE, CHAIN_OPTIONS };

static const struct option options[CHAIN_OPTIONS + 1] = {
    [CHAIN_INPUT] = {'i', "input", "INPUT", "the input of the first, exactly as written (no @FILE, no -)"},
    [CHAIN_FILE] = {'f', "input-file", "FILE|-", "the input of the first, from a file or standard input"},
    [CHAIN_SCRIPT_INPUT] = {.name = "allow-script-input", .help = "let a local script read what a skill that is not local answered"},
    [CHAIN_BOT] = {.name = "bot", .value = "NAME", .help = "the bot they work for, whose memory they may be granted"},
    [CHAIN_CONFIG] = OPTION_CONFIG,
    [CHAIN_JSON] = OPTION_JSON,
    [CHAIN_QUIET] = OPTION_QUIET,
    [CHAIN_VERBOSE] = OPTION_VERBOSE,
    [CHAIN_OPTIONS] = OPTION_END,
};

struct chain {
    const struct cli *cli;
    struct link links[LINKS_MAX];
    size_t n;
    char *input;              /* owned; of the first link */
    size_t input_len;
    uint64_t usage[CORDON_USAGE_COUNT];
    json_t *told;             /* with --json: of each link that has ended or failed its own object, as text */
    char where[256];          /* of a failure, as the contract words it */
};

static void chain_finish(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++)
        link_finish(&c->links[i]);
    free(c->input);
    json_decref(c->told);
}

/* The command line as if it had this one word: what is said of a link is about that. */
static struct cli for_link(const struct chain *c, size_t at)
{
    struct cli one = *c->cli;
    one.args.words = &c->cli->args.words[at];
    one.args.n_words = 1;
    return one;
}

static void set_where(struct chain *c, size_t at)
{
    const struct link *l = &c->links[at];
    snprintf(c->where, sizeof c->where, "skill chain failed at position %zu (skill '%s')", at, l->skill ? cordon_skill_name(l->skill) : l->name);
}

/* ---- the object of --json ---- */

static int no_memory(const struct cli *cli)
{
    cordon_error *err = NULL;
    cordon_error_set(&err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    return report_error(cli, NULL, err);
}

static json_t *usage_of(const struct chain *c)
{
    const uint64_t *u = c->usage;
    return json_pack("{sI sb sI sI sI sI sI sI}", "fuel", (json_int_t)u[CORDON_USAGE_FUEL], "fuel_exact", (int)u[CORDON_USAGE_FUEL_EXACT], "memory_peak_bytes",
                     (json_int_t)u[CORDON_USAGE_MEMORY_PEAK_BYTES], "wall_us", (json_int_t)u[CORDON_USAGE_WALL_US], "cpu_us", (json_int_t)u[CORDON_USAGE_CPU_US],
                     "host_calls", (json_int_t)u[CORDON_USAGE_HOST_CALLS], "bytes_in", (json_int_t)u[CORDON_USAGE_BYTES_IN], "bytes_out",
                     (json_int_t)u[CORDON_USAGE_BYTES_OUT]);
}

/* The objects of the links are joined as texts: what a skill answered may hold numbers that a JSON value of ours cannot. */
static void print_links(FILE *f, const json_t *told)
{
    size_t i;
    json_t *one;
    json_array_foreach(told, i, one)
        fprintf(f, "%s%s", i ? "," : "", json_string_value(one));
}

/* An answer that is JSON goes out as it is; the others are strings, and so is all else in the object of their link. */
static void print_output(FILE *f, const struct chain *c, const cordon_outcome *o)
{
    size_t len = 0;
    enum cordon_output_kind kind = CORDON_OUTPUT_NONE;
    const char *output = o ? cordon_outcome_output(o, &len, &kind) : NULL;
    if (kind == CORDON_OUTPUT_JSON) {
        fprintf(f, ",\"output\":%s,\"output_kind\":\"json\"", output);
        return;
    }
    json_t *last = kind == CORDON_OUTPUT_NONE ? NULL : json_array_get(c->told, json_array_size(c->told) - 1);
    cleanup_json json_t *whole = last ? json_loads(json_string_value(last), JSON_ALLOW_NUL, NULL) : NULL;
    json_t *value = json_object_get(whole, "output");
    cleanup_free char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    fprintf(f, ",\"output\":%s,\"output_kind\":\"%s\"", text ? text : "null", text ? text_of(whole, "output_kind") : "json");
}

/* `outcome`: its name. `o`: the last link's, where the chain has an answer. `failure`: why it failed at `at`, else NULL, and then `at` means nothing. Takes `failure`. */
static int tell_json(const struct chain *c, const char *outcome, const cordon_outcome *o, size_t at, json_t *failure)
{
    cleanup_json json_t *why = failure, *usage = usage_of(c);
    cleanup_free char *error = why ? json_dumps(why, JSON_COMPACT) : strdup("null"), *used = usage ? json_dumps(usage, JSON_COMPACT) : NULL, *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return no_memory(c->cli);
    fprintf(f, "{\"cordon\":1,\"outcome\":\"%s\"", outcome);
    print_output(f, c, o);
    if (why)
        fprintf(f, ",\"position\":%zu", at);
    else
        fputs(",\"position\":null", f);
    fprintf(f, ",\"error\":%s,\"links\":[", error ? error : "null");
    print_links(f, c->told);
    fprintf(f, "],\"usage\":%s}", used ? used : "null");
    bool whole = !ferror(f) && error && used;
    return fclose(f) == 0 && whole ? out_json_line(c->cli, text) : no_memory(c->cli);
}

/* Takes the text. */
static int keep_told(struct chain *c, char *json, cordon_error **err)
{
    cleanup_text char *text = json;
    return json_array_append_new(c->told, json_string(text)) == 0 ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

/* ---- endings ---- */

/* A link that did not start. Takes the error. */
static int fail_error(struct chain *c, size_t at, cordon_error *why)
{
    cleanup_error cordon_error *cause = why;
    cordon_error *err = NULL;
    char *json = NULL;
    set_where(c, at);
    cordon_error_set(&err, cordon_error_code(cause), cordon_error_subject(cause), cordon_error_hint(cause), "%s: %s", c->where, cordon_error_message(cause));
    if (!c->cli->json)
        return report_error(c->cli, NULL, err);
    cleanup_error cordon_error *whole = err;
    if (cordon_error_json(cause, c->links[at].name, &json, NULL) < 0 || keep_told(c, json, NULL) < 0)
        return no_memory(c->cli);
    int failed = tell_json(c, "not-started", NULL, at,
                           json_pack("{ss ss ss}", "id", cordon_error_id(cause), "message", cordon_error_message(whole), "hint", cordon_error_hint(whole)));
    return failed ? failed : cordon_error_exit_code(cause);
}

/* A link that ended in another way than ok. */
static int fail_outcome(struct chain *c, size_t at, const cordon_outcome *o)
{
    const char *name = cordon_outcome_name(cordon_outcome_kind(o)), *message = cordon_outcome_message(o);
    struct cli one = for_link(c, at);
    set_where(c, at);
    if (!c->cli->json) {
        report_ending(&one, c->where, o);
        return cordon_outcome_exit_code(o);
    }
    cleanup_free char *text = NULL;
    cleanup_text char *where = cordon_escape(c->where, strlen(c->where), false);
    if (asprintf(&text, "%s: %s", where ? where : "", message ? message : name) < 0)
        return no_memory(c->cli);
    int failed = tell_json(c, name, NULL, at, json_pack("{ss ss ss?}", "id", name, "message", text, "hint", cordon_outcome_hint(o)));
    return failed ? failed : cordon_outcome_exit_code(o);
}

static void print_total(const struct chain *c)
{
    char fuel[32], memory[32];
    cordon_limit_format(CORDON_LIMIT_FUEL, c->usage[CORDON_USAGE_FUEL], fuel, sizeof fuel);
    cordon_limit_format(CORDON_LIMIT_MEMORY_BYTES, c->usage[CORDON_USAGE_MEMORY_PEAK_BYTES], memory, sizeof memory);
    fprintf(stderr, "the chain used %s fuel, %s of memory at most, %.3f ms\n", fuel, memory, (double)c->usage[CORDON_USAGE_WALL_US] / 1e3);
}

static int succeed(const struct chain *c, const cordon_outcome *o)
{
    if (c->cli->json)
        return tell_json(c, "ok", o, 0, NULL);
    struct cli one = for_link(c, c->n - 1);
    int code = report_outcome(&one, c->links[c->n - 1].name, o);
    if (c->cli->verbose)
        print_total(c);
    return code;
}

/* ---- the way through ---- */

/* What was used adds up, but for the peak of memory, which is the highest of any link, since none holds its memory while another runs. */
static void add_usage(struct chain *c, const cordon_outcome *o)
{
    for (int i = 0; i < CORDON_USAGE_COUNT; i++) {
        uint64_t one = cordon_outcome_usage(o, (enum cordon_usage)i), *sum = &c->usage[i];
        if (i == CORDON_USAGE_FUEL_EXACT)
            *sum = *sum && one;
        else if (i == CORDON_USAGE_MEMORY_PEAK_BYTES)
            *sum = one > *sum ? one : *sum;
        else if (__builtin_add_overflow(*sum, one, sum) || *sum > INT64_MAX)
            *sum = INT64_MAX;
    }
}

static int note_outcome(struct chain *c, const cordon_outcome *o, cordon_error **err)
{
    char *json = NULL;
    add_usage(c, o);
    if (!c->cli->json)
        return 0;
    int rc = cordon_outcome_json(o, &json, err);
    return rc < 0 ? rc : keep_told(c, json, err);
}

static struct link_input answer_of(const cordon_outcome *o)
{
    struct link_input in = {0};
    enum cordon_output_kind kind;
    in.data = cordon_outcome_output(o, &in.len, &kind);
    in.given = kind != CORDON_OUTPUT_NONE;
    return in;
}

static int run_links(struct chain *c, cordon_host *host)
{
    cordon_error *err = NULL;
    cleanup_outcome cordon_outcome *before = NULL;
    struct link_input in = {.given = c->input, .data = c->input, .len = c->input_len};
    for (size_t i = 0; i < c->n; i++) {
        cleanup_outcome cordon_outcome *o = NULL;
        if (link_call(c->cli, &c->links[i], host, &in, c->cli->args.value[CHAIN_BOT], i + 1 == c->n, &o, &err) < 0)
            return fail_error(c, i, err);
        if (note_outcome(c, o, &err) < 0)
            return report_error(c->cli, NULL, err);
        if (cordon_outcome_kind(o) != CORDON_OUTCOME_OK)
            return fail_outcome(c, i, o);
        struct cli one = for_link(c, i);
        if (i + 1 < c->n && !c->cli->json)
            report_ending(&one, NULL, o);
        cordon_outcome_free(before);
        before = take(o);
        in = answer_of(before);
    }
    return succeed(c, before);
}

/* A local script is a program with this user's rights: what a stranger's skill says may not steer one, unless the operator said so. */
static int check_script_input(const struct chain *c, size_t at, cordon_error **err)
{
    if (at == 0 || !c->links[at].script || link_tier(&c->links[at - 1]) == CORDON_TIER_LOCAL || c->cli->args.value[CHAIN_SCRIPT_INPUT])
        return 0;
    return cordon_error_set(err, CORDON_E_NOT_GRANTED, c->links[at].name, "If you trust that answer with it, say --allow-script-input.",
                            "%s is a local script, and what %s answers is %s: it may not become a script's input", c->links[at].name, c->links[at - 1].name,
                            cordon_tier_name(link_tier(&c->links[at - 1])));
}

static int check_line(const struct cli *cli, const cordon_host_opts *opts, cordon_error **err)
{
    int stdins = cli->args.value[CHAIN_FILE] && strcmp(cli->args.value[CHAIN_FILE], "-") == 0;
    for (int i = 0; i < cli->args.n_words; i++)
        stdins += strcmp(cli->args.words[i], "-") == 0;
    if (stdins > 1)
        return cordon_error_set(err, CORDON_E_USAGE, "-", NULL, "standard input can be read only once, and is asked for %d times", stdins);
    if (cli->args.value[CHAIN_INPUT] && cli->args.value[CHAIN_FILE])
        return cordon_error_set(err, CORDON_E_USAGE, "input", NULL, "the input is given twice: with -i and with --input-file");
    if (cli->args.value[CHAIN_SCRIPT_INPUT] && !cordon_host_opts_flags(opts))
        return cordon_error_set(err, CORDON_E_NOT_GRANTED, "--allow-script-input", "The settings decide (`[policy] flags`); `cordon doctor` shows which file says so.",
                                "the settings let no flag grant anything");
    return 0;
}

static int read_input(struct chain *c, const cordon_host_opts *opts, cordon_error **err)
{
    const char *text = c->cli->args.value[CHAIN_INPUT], *path = c->cli->args.value[CHAIN_FILE];
    size_t max = (size_t)cordon_host_opts_ceiling(opts, link_tier(&c->links[0]), CORDON_LIMIT_INPUT_BYTES);
    if (path)
        return source_read(path, max, "the input", &c->input, &c->input_len, err);
    if (!text)
        return 0;
    c->input = strdup(text);
    c->input_len = strlen(text);
    return c->input ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

static int run_chain(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    cleanup(chain_finish) struct chain c = {.cli = cli, .usage = {[CORDON_USAGE_FUEL_EXACT] = 1}, .told = json_array()};
    if (!c.told)
        return no_memory(cli);
    if (session_begin(cli, &session, &err) < 0 || check_line(cli, session.opts, &err) < 0)
        return report_error(cli, NULL, err);
    cordon_host_opts_set_audit(session.opts, true);
    for (int i = 0; i < cli->args.n_words; i++) {
        c.n++;
        if (link_open(cli, cli->args.words[i], &session, &c.links[i], &err) < 0 || check_script_input(&c, (size_t)i, &err) < 0)
            return fail_error(&c, (size_t)i, err);
    }
    if (read_input(&c, session.opts, &err) < 0)
        return report_error(cli, NULL, err);
    int code = run_links(&c, session.host);
    calling_flush_audit(cli, session.host);
    return code;
}

static int run(struct cli *cli)
{
    int code = run_chain(cli);
    interrupt_reraise();
    return code;
}

const struct command command_chain = {
    .name = "chain",
    .group = GROUP_OPERATE,
    .words_min = 2,
    .words_max = LINKS_MAX,
    .summary = "run skills one after the other, each on what the one before answered",
    .synopsis = "TARGET TARGET... [-i INPUT | -f FILE] [OPTION]...",
    .about = "Each TARGET is an installed skill or a file, as of cordon run; at most 16. Each is a call of its own, with the grants\n"
             "and limits that it has: nothing can be granted here. What fails ends the chain, with the exit code of its link, and\n"
             "says at which position, the first being 0. What a skill answers is no input of a local script, unless you say so.",
    .options = options,
    .example = "cordon chain fetch-page summarise ./translate.wasm -i https://example.org/\n"
               "cordon chain ./parse.wasm ./check.wasm --input-file data.txt --json",
    .run = run,
};
