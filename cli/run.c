/* SPDX-License-Identifier: Apache-2.0
 *
 * cordon run: one call of one skill.
 */
#include "ask.h"
#include "begin.h"
#include "calling.h"
#include "cleanup.h"
#include "command.h"
#include "interrupt.h"
#include "report.h"
#include "run_watch.h"
#include "script.h"

enum { RUN_JSON = PLAN_OPTIONS, RUN_QUIET, RUN_VERBOSE, RUN_ASK, RUN_WATCH, RUN_OPTIONS };

static const struct option options[RUN_OPTIONS + 1] = {
    PLAN_OPTION_ROWS,
    [RUN_JSON] = OPTION_JSON,
    [RUN_QUIET] = OPTION_QUIET,
    [RUN_VERBOSE] = OPTION_VERBOSE,
    [RUN_ASK] = {.name = "ask", .help = "ask on the terminal about what is not granted"},
    [RUN_WATCH] = {.letter = 'w', .name = "watch", .help = "build and run again whenever its files change, until a signal comes"},
    [RUN_OPTIONS] = OPTION_END,
};

static int run_loaded(const struct cli *cli, const struct plan *plan, const struct session *s, const char *name)
{
    cordon_error *err = NULL;
    cleanup_request cordon_request *req = NULL;
    cleanup(ask_finish) struct ask ask = {0};
    cleanup_outcome cordon_outcome *outcome = NULL;
    bool asks = args_has(&cli->args, "ask");
    struct calling_lines lines = {cli, name};
    if (plan_request(plan, s->skill, &req, &err) < 0 || ask_begin(cli, asks, &ask, &err) < 0 || ask_attach(&ask, s->skill, req, &err) < 0 ||
        (!cli->json && cordon_request_set_log(req, calling_line, &lines, &err) < 0) ||
        (!asks && calling_lock_in(cli, s->host, req, &err) < 0) || calling_run(s->host, req, &outcome, &err) < 0)
        return report_error(cli, name, err);
    int code = report_outcome(cli, name, outcome);
    calling_flush_audit(cli, s->host);
    ask_sum_up(&ask);
    return code;
}

static int run_target(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(plan_finish) struct plan plan = {0};
    cleanup(target_finish) struct target target = {0};
    cleanup(session_finish) struct session session = {0};
    if (session_begin(cli, &session, &err) < 0)
        return report_error(cli, cli->args.words[0], err);
    cordon_host_opts_set_audit(session.opts, true);
    if (begin_call(cli, &target, &plan, &session, &err) < 0)
        return report_error(cli, target.name[0] ? target.name : cli->args.words[0], err);
    if (session.script)
        return script_run(cli, &plan, session.script, target.name);
    return run_loaded(cli, &plan, &session, target.name);
}

static int run_once(struct cli *cli)
{
    int code = run_target(cli);
    interrupt_reraise();
    return code;
}

static int run(struct cli *cli)
{
    return args_has(&cli->args, "watch") ? run_watch(cli, run_once) : run_once(cli);
}

const struct command command_run = {
    .name = "run",
    .group = GROUP_OPERATE,
    .first = true,
    .has_rest = true,
    .words_min = 1,
    .words_max = 2,
    .summary = "run a skill once, in a sandbox of its own",
    .synopsis = "TARGET [INPUT | @FILE | -] [OPTION]... [-- ARG...]",
    .about = "TARGET is a file (*.wasm, *.wat, anything with a /), a folder with a manifest or a component, or - for stdin.\n"
             "The answer goes to standard output alone: text as it is, bytes raw, any other value as one line of JSON.\n"
             "Without -c, the skill's `execute` is called, else the command in it, else its only export.\n"
             "What follows -- are the arguments of a command. Exit codes: cordon help exit-codes.",
    .options = options,
    .example = "cordon run ./hello.wasm \"some text\"\n"
               "cordon run weather Oslo\n"
               "cordon run ./adder.wat -c add --args '[2, 40]' --json\n"
               "cordon run ./report.wasm @notes.txt --fuel 20G -m 128MiB -t 30s\n"
               "cordon run ./weather.wasm Oslo -a net=api.weather.example\n"
               "cordon run ./weather Oslo --watch",
    .run = run,
};
