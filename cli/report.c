/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "cleanup.h"
#include "quote.h"
#include "interrupt.h"
#include "target.h"
#include <errno.h>
#include <string.h>

int out_write(const char *data, size_t len, cordon_error **err)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n < 0 && errno == EINTR && !interrupt_caught())
            continue;
        if (n >= 0 && (size_t)n < len && interrupt_caught()) { /* the signal cut it short: the rest would block again */
            n = -1;
            errno = EINTR;
        }
        if (n < 0)
            return cordon_error_set(err, CORDON_E_IO, "stdout", "Check what standard output leads to: a full disk, or a reader that has gone.",
                                    "cannot write to standard output: %s", strerror(errno));
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Frees `shown`, which is NULL without memory. */
static int out_shown(char *shown, cordon_error **err)
{
    cleanup_text char *text = shown;
    if (!text)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    return out_write(text, strlen(text), err);
}

int out_guest(const struct cli *cli, const char *text, size_t len, cordon_error **err)
{
    return cli->out_is_terminal ? out_shown(cordon_escape(text, len, true), err) : out_write(text, len, err);
}

static int out_json(const struct cli *cli, const char *json, size_t len, cordon_error **err)
{
    return cli->out_is_terminal ? out_shown(cordon_escape_json(json, len), err) : out_write(json, len, err);
}

void print_guest_n(FILE *f, const char *text, size_t len)
{
    cleanup_text char *shown = cordon_escape(text, len, false);
    fputs(shown ? shown : "(out of memory)", f);
}

void print_guest(FILE *f, const char *text, size_t max)
{
    print_guest_n(f, text, strnlen(text, max));
}

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *bold(const struct cli *cli) { return cli->colour ? "\033[1;31m" : ""; }
static const char *plain(const struct cli *cli) { return cli->colour ? "\033[0m" : ""; }

/* "cordon run: " */
static void print_who(const struct cli *cli)
{
    fprintf(stderr, "%scordon%s%s:%s ", bold(cli), cli->command ? " " : "", cli->command ? cli->command->name : "", plain(cli));
}

static int error_as_json(const struct cli *cli, const char *skill, const cordon_error *why)
{
    cleanup_text char *json = NULL;
    if (cordon_error_json(why, skill, &json, NULL) == 0 && out_json(cli, json, strlen(json), NULL) == 0 && out_write("\n", 1, NULL) == 0)
        return cordon_error_exit_code(why);
    print_who(cli);
    fprintf(stderr, "%s\n", cordon_error_message(why));
    return json ? EXIT_IO : cordon_error_exit_code(why);
}

int report_error(const struct cli *cli, const char *skill, cordon_error *err)
{
    cleanup_error cordon_error *why = err;
    if (cli->json)
        return error_as_json(cli, skill, why);
    print_who(cli);
    fprintf(stderr, "%s\n", cordon_error_message(why));
    const char *cause;
    for (size_t i = 0; (cause = cordon_error_cause(why, i)); i++)
        fprintf(stderr, "  because: %s\n", cause);
    if (!cli->quiet)
        fprintf(stderr, "  %s\n", cordon_error_hint(why));
    return cordon_error_exit_code(why);
}

int out_json_line(const struct cli *cli, const char *json)
{
    cordon_error *err = NULL;
    if (out_json(cli, json, strlen(json), &err) == 0 && out_write("\n", 1, &err) == 0)
        return 0;
    struct cli text = *cli;
    text.json = false; /* stdout has failed: stderr is what is left */
    return report_error(&text, NULL, err);
}

int out_object(const struct cli *cli, json_t *object)
{
    cleanup_json json_t *whole = json_pack("{si}", "cordon", 1);
    cleanup_free char *text = NULL;
    if (whole && json_object_update_missing(whole, object) == 0)
        text = json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(12));
    if (text)
        return out_json_line(cli, text);
    cordon_error *err = NULL;
    cordon_error_set(&err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    return report_error(cli, NULL, err);
}

int out_end(const struct cli *cli, int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    struct cli text = *cli;
    text.json = false;
    cordon_error *err = NULL;
    cordon_error_set(&err, CORDON_E_IO, "stdout", NULL, "cannot write to standard output: %s", strerror(errno ? errno : EIO));
    return report_error(&text, NULL, err);
}

void report_log_line(const struct cli *cli, const char *skill, const char *level, const char *message)
{
    if (cli->quiet || (!cli->verbose && strcmp(level, "error") != 0 && strcmp(level, "warn") != 0))
        return;
    print_guest(stderr, skill, 128);
    fprintf(stderr, ": %s: ", level);
    print_guest(stderr, message, 8192);
    fputc('\n', stderr);
}

/* Of what is installed: the line for all its calls. */
static void print_for_good(const struct cli *cli, const char *grant)
{
    const char *word = cli->args.words[0];
    cleanup_free char *name = strndup(word, strcspn(word, "@"));
    if (!target_is_installed(word) || !name)
        return;
    fputs("  Always: cordon grant ", stderr);
    quote_print(stderr, name);
    fputc(' ', stderr);
    quote_print(stderr, grant);
    fputc('\n', stderr);
}

static bool takes_grants(const struct command *command)
{
    for (const struct option *o = command->options; o && o->name; o++)
        if (strcmp(o->name, "allow") == 0)
            return true;
    return false;
}

static void print_once(const struct cli *cli, const char *grant)
{
    fprintf(stderr, "  Once: cordon %s ", cli->command->name);
    quote_print(stderr, cli->args.words[0]);
    fputs(" -a ", stderr);
    quote_print(stderr, grant);
    fputc('\n', stderr);
}

/* The line to paste, for a person: a program that reads this must not find commands in it. */
static void print_way_out(const struct cli *cli, const cordon_outcome *o, size_t n)
{
    cleanup_text char *grant = cli->err_is_terminal && !cli->quiet ? cordon_outcome_denial_grant(o, n) : NULL;
    if (!grant || !cli->command || !cli->args.n_words)
        return;
    if (takes_grants(cli->command))
        print_once(cli, grant);
    print_for_good(cli, grant);
}

static void print_denials(const struct cli *cli, const cordon_outcome *o)
{
    const char *capability, *wanted, *reason;
    uint64_t count;
    for (size_t i = 0; cordon_outcome_denial(o, i, &capability, &wanted, &reason, &count); i++) {
        fputs("denied ", stderr);
        print_guest(stderr, capability, 128);
        if (wanted && *wanted) {
            fputc(' ', stderr);
            print_guest(stderr, wanted, 512);
        }
        fprintf(stderr, " (%s, %lu×)\n", reason, (unsigned long)count);
        print_way_out(cli, o, i);
        if (!strcmp(reason, "private-address") && cli->err_is_terminal && !cli->quiet)
            fputs("  The name leads to an address that is not of the open internet; allow_private under [egress] in the settings lets it in: man cordon-config\n", stderr);
    }
}

/* The innermost frames say most; -v shows them all. */
static void print_frames(const struct cli *cli, const cordon_outcome *o)
{
    const char *frame;
    for (size_t i = 0; (frame = cordon_outcome_frame(o, i)); i++) {
        if (i == 8 && !cli->verbose) {
            fputs("    … (-v shows all)\n", stderr);
            return;
        }
        fputs("    at ", stderr);
        print_guest(stderr, frame, 512);
        fputc('\n', stderr);
    }
}

static void print_failure(const struct cli *cli, const char *where, const cordon_outcome *o)
{
    print_who(cli);
    if (where) {
        print_guest(stderr, where, 512);
        fputs(": ", stderr);
    }
    const char *message = cordon_outcome_message(o), *hint = cordon_outcome_hint(o);
    print_guest(stderr, message ? message : cordon_outcome_name(cordon_outcome_kind(o)), 8192);
    fputc('\n', stderr);
    print_frames(cli, o);
    if (hint && !cli->quiet)
        fprintf(stderr, "  %s\n", hint);
}

static void print_usage(const cordon_outcome *o)
{
    char fuel[32], memory[32];
    cordon_limit_format(CORDON_LIMIT_FUEL, cordon_outcome_usage(o, CORDON_USAGE_FUEL), fuel, sizeof fuel);
    cordon_limit_format(CORDON_LIMIT_MEMORY_BYTES, cordon_outcome_usage(o, CORDON_USAGE_MEMORY_PEAK_BYTES), memory, sizeof memory);
    fprintf(stderr, "used %s%s fuel, %s of memory at most, %.3f ms (%.3f ms of CPU), %lu host calls\n",
            cordon_outcome_usage(o, CORDON_USAGE_FUEL_EXACT) ? "" : "at least ", fuel, memory,
            (double)cordon_outcome_usage(o, CORDON_USAGE_WALL_US) / 1e3, (double)cordon_outcome_usage(o, CORDON_USAGE_CPU_US) / 1e3,
            (unsigned long)cordon_outcome_usage(o, CORDON_USAGE_HOST_CALLS));
}

static bool is_limit(const cordon_outcome *o)
{
    enum cordon_outcome_kind kind = cordon_outcome_kind(o);
    return kind == CORDON_OUTCOME_OUT_OF_FUEL || kind == CORDON_OUTCOME_OUT_OF_MEMORY || kind == CORDON_OUTCOME_DEADLINE
        || kind == CORDON_OUTCOME_OUTPUT_TOO_LARGE;
}

/* The answer alone: text as it is, bytes raw but not to a terminal, JSON in one line. */
static int write_answer(const struct cli *cli, const cordon_outcome *o, cordon_error **err)
{
    size_t len;
    enum cordon_output_kind kind;
    const char *output = cordon_outcome_output(o, &len, &kind);
    if (kind == CORDON_OUTPUT_NONE || (!len && kind != CORDON_OUTPUT_JSON))
        return 0;
    if (kind == CORDON_OUTPUT_BYTES && cli->out_is_terminal)
        return cordon_error_set(err, CORDON_E_USAGE, "stdout", "Redirect it (`> FILE`), or use --json to get base64.",
                                "the answer is %zu bytes that are no text, and standard output is a terminal", len);
    int rc = kind == CORDON_OUTPUT_BYTES ? out_write(output, len, err)
             : kind == CORDON_OUTPUT_JSON ? out_json(cli, output, len, err)
                                          : out_guest(cli, output, len, err);
    bool wants_newline = kind == CORDON_OUTPUT_JSON || (kind == CORDON_OUTPUT_TEXT && cli->out_is_terminal && output[len - 1] != '\n');
    return rc == 0 && wants_newline ? out_write("\n", 1, err) : rc;
}

static int outcome_as_json(const struct cli *cli, const char *skill, const cordon_outcome *o)
{
    cleanup_text char *json = NULL;
    cordon_error *err = NULL;
    if (cordon_outcome_json(o, &json, &err) < 0)
        return report_error(cli, skill, err);
    int failed = out_json_line(cli, json);
    return failed ? failed : cordon_outcome_exit_code(o);
}

void report_ending(const struct cli *cli, const char *where, const cordon_outcome *o)
{
    print_denials(cli, o);
    if (cordon_outcome_kind(o) != CORDON_OUTCOME_OK)
        print_failure(cli, where, o);
    if (cli->verbose || (is_limit(o) && !cli->quiet))
        print_usage(o);
}

int report_outcome(const struct cli *cli, const char *skill, const cordon_outcome *o)
{
    if (cli->json)
        return outcome_as_json(cli, skill, o);
    cordon_error *err = NULL;
    int rc = write_answer(cli, o, &err);
    report_ending(cli, NULL, o);
    int code = cordon_outcome_exit_code(o);
    if (rc < 0) {
        int failed = report_error(cli, skill, err);
        return code && failed == EXIT_USAGE ? code : failed;
    }
    return code;
}
