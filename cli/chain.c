/* SPDX-License-Identifier: Apache-2.0
 *
 * cordon chain: the answer of each skill is the input of the next. The library holds the chain; here its links are found, and each runs as a call on the command's one
 * thread, so that a signal can end it. All are loaded before the first is called.
 */
#include "calling.h"
#include "cleanup.h"
#include "command.h"
#include "interrupt.h"
#include "link.h"
#include "report.h"
#include "source.h"
#include <string.h>

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

struct run {
    const struct cli *cli;
    cordon_chain *chain;
    struct link links[CORDON_CHAIN_MAX]; /* what is said of each; the chain has the rest */
};

/* The command line as if it had this one word: what is said of a link is about that. */
static struct cli for_link(const struct run *r, size_t at)
{
    struct cli one = *r->cli;
    one.args.words = &r->cli->args.words[at];
    one.args.n_words = 1;
    return one;
}

/* ---- endings ---- */

static int tell_json(const struct run *r, int code)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_chain_json(r->chain, &json, &err) < 0)
        return report_error(r->cli, NULL, err);
    int failed = out_json_line(r->cli, json);
    return failed ? failed : code;
}

/* A link that was not made or did not start. Takes the error, which has its position. */
static int fail_error(const struct run *r, cordon_error *err)
{
    int code = cordon_error_exit_code(err);
    if (!r->cli->json || !cordon_chain_failure(r->chain))
        return report_error(r->cli, NULL, err);
    cordon_error_free(err);
    return tell_json(r, code);
}

/* A link that ended in another way than ok. */
static int fail_outcome(const struct run *r, size_t at, const cordon_outcome *o)
{
    struct cli one = for_link(r, at);
    int code = cordon_outcome_exit_code(o);
    if (r->cli->json)
        return tell_json(r, code);
    report_ending(&one, cordon_chain_failure(r->chain), o);
    return code;
}

static void print_total(const cordon_chain *c)
{
    char fuel[32], memory[32];
    cordon_limit_format(CORDON_LIMIT_FUEL, cordon_chain_usage(c, CORDON_USAGE_FUEL), fuel, sizeof fuel);
    cordon_limit_format(CORDON_LIMIT_MEMORY_BYTES, cordon_chain_usage(c, CORDON_USAGE_MEMORY_PEAK_BYTES), memory, sizeof memory);
    fprintf(stderr, "the chain used %s fuel, %s of memory at most, %.3f ms\n", fuel, memory, (double)cordon_chain_usage(c, CORDON_USAGE_WALL_US) / 1e3);
}

static int succeed(const struct run *r, size_t last)
{
    if (r->cli->json)
        return tell_json(r, 0);
    struct cli one = for_link(r, last);
    int code = report_outcome(&one, r->links[last].name, cordon_chain_outcome(r->chain));
    if (r->cli->verbose)
        print_total(r->chain);
    return code;
}

/* ---- the way through ---- */

static int run_links(struct run *r, cordon_host *host)
{
    cordon_error *err = NULL;
    cordon_request *req;
    cordon_script *script;
    size_t at = 0, n = (size_t)r->cli->args.n_words;
    int rc;
    for (; (rc = cordon_chain_next(r->chain, &req, &script, &err)) > 0; at++) {
        cordon_outcome *o = NULL;
        cordon_error *why = NULL;
        if (link_call(r->cli, &r->links[at], host, req, script, at + 1 == n, &o, &why) < 0) {
            cordon_chain_give_up(r->chain, r->links[at].name, why, &err);
            return fail_error(r, err);
        }
        if (cordon_chain_ended(r->chain, o, &err) < 0)
            return report_error(r->cli, NULL, err);
        if (cordon_chain_failure(r->chain))
            return fail_outcome(r, at, o);
        struct cli one = for_link(r, at);
        if (at + 1 < n && !r->cli->json)
            report_ending(&one, NULL, o);
    }
    return rc < 0 ? fail_error(r, err) : succeed(r, n - 1);
}

static int check_line(const struct cli *cli, const cordon_host_opts *opts, cordon_error **err)
{
    int stdins = cli->args.value[CHAIN_FILE] && strcmp(cli->args.value[CHAIN_FILE], "-") == 0;
    for (int i = 0; i < cli->args.n_words; i++)
        stdins += strcmp(cli->args.words[i], "-") == 0 || strncmp(cli->args.words[i], "-#", 2) == 0;
    if (stdins > 1)
        return cordon_error_set(err, CORDON_E_USAGE, "-", NULL, "standard input can be read only once, and is asked for %d times", stdins);
    if (cli->args.value[CHAIN_INPUT] && cli->args.value[CHAIN_FILE])
        return cordon_error_set(err, CORDON_E_USAGE, "input", NULL, "the input is given twice: with -i and with --input-file");
    if (cli->args.value[CHAIN_SCRIPT_INPUT] && !cordon_host_opts_flags(opts))
        return cordon_error_set(err, CORDON_E_NOT_GRANTED, "--allow-script-input", "The settings decide (`[policy] flags`); `cordon doctor` shows which file says so.",
                                "the settings let no flag grant anything");
    return 0;
}

static int set_input(const struct run *r, const cordon_host_opts *opts, cordon_error **err)
{
    const char *text = r->cli->args.value[CHAIN_INPUT], *path = r->cli->args.value[CHAIN_FILE];
    cleanup_free char *data = NULL;
    size_t len = 0, max = (size_t)cordon_host_opts_ceiling(opts, r->links[0].tier, CORDON_LIMIT_INPUT_BYTES);
    if (!path)
        return text ? cordon_chain_set_input(r->chain, text, strlen(text), err) : 0;
    int rc = source_read(path, max, "the input", &data, &len, err);
    return rc == 0 ? cordon_chain_set_input(r->chain, data, len, err) : rc;
}

static int add_links(struct run *r, struct session *session, cordon_error **err)
{
    for (int i = 0; i < r->cli->args.n_words; i++) {
        cordon_error *why = NULL;
        r->links[i].lines = (struct calling_lines){r->cli, r->links[i].name};
        if (link_add(r->cli, r->cli->args.words[i], session, r->cli->args.value[CHAIN_BOT], r->chain, &r->links[i], &why) < 0)
            return cordon_chain_give_up(r->chain, r->links[i].name, why, err);
    }
    return 0;
}

static void drop_chain(cordon_chain **c) { cordon_chain_free(*c); }

static int run_chain(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    if (session_begin(cli, &session, &err) < 0 || check_line(cli, session.opts, &err) < 0)
        return report_error(cli, NULL, err);
    cordon_host_opts_set_audit(session.opts, true);
    cleanup(drop_chain) cordon_chain *chain = NULL;
    if (cordon_host_new(session.opts, &session.host, &err) < 0 || cordon_chain_new(session.host, &chain, &err) < 0)
        return report_error(cli, NULL, err);
    struct run r = {.cli = cli, .chain = chain};
    if (cli->args.value[CHAIN_SCRIPT_INPUT])
        cordon_chain_allow_script_input(chain);
    if (add_links(&r, &session, &err) < 0)
        return fail_error(&r, err);
    if (set_input(&r, session.opts, &err) < 0)
        return report_error(cli, NULL, err);
    int code = run_links(&r, session.host);
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
    .words_max = CORDON_CHAIN_MAX,
    .summary = "run skills one after the other, each on what the one before answered",
    .synopsis = "TARGET[#EXPORT] TARGET[#EXPORT]... [-i INPUT | -f FILE] [OPTION]...",
    .about = "Each TARGET is an installed skill or a file, as of cordon run; at most 16. EXPORT is what is called of it, as of\n"
             "cordon run -c. Each is a call of its own, with the grants and limits that it has: nothing can be granted here. What\n"
             "fails ends the chain, with the exit code of its link, and says at which position, the first being 0. What a skill\n"
             "answers is no input of a local script, unless you say so.",
    .options = options,
    .example = "cordon chain fetch-page summarise ./translate.wasm -i https://example.org/\n"
               "cordon chain ./parse.wasm ./count.wasm#words --input-file data.txt --json",
    .run = run,
};
