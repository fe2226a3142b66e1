/* SPDX-License-Identifier: Apache-2.0
 *
 * cordon run: one call of one skill. The guest runs inside cordon_host_dispatch on this very thread, a slice at a time, so that a signal can cancel it between two
 * instructions of it, and the process needs no other thread.
 */
#include "ask.h"
#include "begin.h"
#include "cleanup.h"
#include "command.h"
#include "interrupt.h"
#include "report.h"
#include "script.h"
#include <poll.h>
#include <string.h>

enum { RUN_JSON = PLAN_OPTIONS, RUN_QUIET, RUN_VERBOSE, RUN_ASK, RUN_OPTIONS };

static const struct option options[RUN_OPTIONS + 1] = {
    PLAN_OPTION_ROWS,
    [RUN_JSON] = OPTION_JSON,
    [RUN_QUIET] = OPTION_QUIET,
    [RUN_VERBOSE] = OPTION_VERBOSE,
    [RUN_ASK] = {.name = "ask", .help = "ask on the terminal about what is not granted"},
    [RUN_OPTIONS] = OPTION_END,
};

/* Guest lines go out as they are written, each behind the skill's name; while a question stands they wait. */
struct lines { const struct cli *cli; const char *skill; };

static void on_line(void *data, const char *invocation_id, const char *level, const char *message)
{
    const struct lines *l = data;
    (void)invocation_id;
    report_log_line(l->cli, l->skill, level, message);
}

struct ending {
    bool done;
    cordon_outcome *outcome;
    cordon_error *err;
};

static void on_done(void *data, cordon_outcome *outcome, cordon_error *err)
{
    *(struct ending *)data = (struct ending){.done = true, .outcome = outcome, .err = err};
}

/* Runs the request to its end, which a signal may bring nearer. */
static int call(cordon_host *host, cordon_request *req, struct ending *ret, cordon_error **err)
{
    cordon_call *started = NULL;
    interrupt_begin();
    int rc = cordon_request_start(req, on_done, ret, &started, err);
    if (rc < 0)
        return rc;
    interrupt_watch(started);
    struct pollfd ready = {.fd = cordon_host_fd(host), .events = POLLIN};
    while (cordon_host_dispatch(host), !ret->done)
        poll(&ready, 1, cordon_host_timeout_ms(host)); /* EINTR: the handler has cancelled, the next dispatch delivers */
    interrupt_watch(NULL);
    cordon_call_unref(started);
    return 0;
}

/* From here on the process starts nothing, and reaches nothing but what was granted; not with --ask, where that is not known yet. Not where the process itself
 * has something to do at its end: the address sanitizer starts a thread that traces the others, to look for leaks; the figures of `make coverage` are files. */
static int lock_in(const struct cli *cli, cordon_host *host, const cordon_request *req, cordon_error **err)
{
#if defined(__SANITIZE_ADDRESS__) || defined(CORDON_COVERAGE)
    (void)cli, (void)host, (void)req, (void)err;
    return 0;
#else
    const char *missing = NULL;
    int rc = cordon_lock_in(host, req, &missing, err);
    if (rc == 0 && missing && cli->verbose && !cli->json)
        fprintf(stderr, "cordon run: not locked in fully, the kernel lacks: %s\n", missing);
    return rc;
#endif
}

/* The row is written when the answer is out. */
static void tell_missing(const struct cli *cli, cordon_host *host)
{
    cleanup_error cordon_error *why = NULL;
    fflush(stdout);
    if (cordon_audit_flush(host, &why) < 0 && !cli->quiet && !cli->json)
        fprintf(stderr, "cordon run: this call is not in the audit: %s\n", cordon_error_message(why));
}

static int run_loaded(const struct cli *cli, const struct plan *plan, const struct session *s, const char *name)
{
    cordon_error *err = NULL;
    cleanup_request cordon_request *req = NULL;
    cleanup(ask_finish) struct ask ask = {0};
    struct ending end = {0};
    bool asks = args_has(&cli->args, "ask");
    struct lines lines = {cli, name};
    if (plan_request(plan, s->skill, &req, &err) < 0 || ask_begin(cli, asks, &ask, &err) < 0 || ask_attach(&ask, s->skill, req, &err) < 0 ||
        (!cli->json && cordon_request_set_log(req, on_line, &lines, &err) < 0) ||
        (!asks && lock_in(cli, s->host, req, &err) < 0) || call(s->host, req, &end, &err) < 0)
        return report_error(cli, name, err);
    if (end.err)
        return report_error(cli, name, end.err);
    cleanup_outcome cordon_outcome *outcome = end.outcome;
    int code = report_outcome(cli, name, outcome);
    tell_missing(cli, s->host);
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

static int run(struct cli *cli)
{
    int code = run_target(cli);
    interrupt_reraise();
    return code;
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
               "cordon run ./weather.wasm Oslo -a net=api.weather.example",
    .run = run,
};
