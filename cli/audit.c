/* SPDX-License-Identifier: Apache-2.0
 * cordon audit: what was run, newest first; whether the record of it holds; and pruning it. */
#include "cleanup.h"
#include "report.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { AUDIT_BOT, AUDIT_LIMIT, AUDIT_VERIFY, AUDIT_HEAD, AUDIT_PRUNE, AUDIT_CONFIG, AUDIT_JSON, AUDIT_OPTIONS };
enum { SHOWN = 50, SHOWN_MAX = 10000, NAME_SHOWN_MAX = 128, ERROR_SHOWN_MAX = 300 };

static const struct option options[] = {
    [AUDIT_BOT] = {'b', "bot", "NAME", "only calls for that bot"},
    [AUDIT_LIMIT] = {'n', "limit", "N", "how many at most (default: 50; ceiling: 10000)"},
    [AUDIT_VERIFY] = {.name = "verify", .help = "check that no row was removed, edited, put in or moved"},
    [AUDIT_HEAD] = {.name = "head", .value = "N:HASH", .help = "verify: also against a head that was noted elsewhere"},
    [AUDIT_PRUNE] = {.name = "prune", .help = "remove what the settings keep no longer ([audit] keep, rows)"},
    [AUDIT_CONFIG] = OPTION_CONFIG,
    [AUDIT_JSON] = OPTION_JSON,
    [AUDIT_OPTIONS] = OPTION_END,
};

/* ---- rows ---- */

static int read_limit(const char *text, uint32_t *ret, cordon_error **err)
{
    char *end;
    errno = 0;
    long n = text ? strtol(text, &end, 10) : SHOWN;
    if (text && (text[0] < '0' || text[0] > '9' || *end || errno || n < 1 || n > SHOWN_MAX))
        return cordon_error_set(err, CORDON_E_USAGE, "limit", NULL, "--limit is a whole number from 1 to %d, not %.50s", SHOWN_MAX, text);
    *ret = (uint32_t)n;
    return 0;
}

static void print_used(const json_t *row)
{
    size_t i;
    const json_t *one;
    const json_t *used = json_object_get(row, "capabilities_used");
    json_array_foreach((json_t *)used, i, one) {
        fputs(i ? "," : "  ", stdout);
        print_guest(stdout, json_string_value(one) ? json_string_value(one) : "", NAME_SHOWN_MAX);
    }
}

/* 2026-01-31T12:00:00.000Z  ok  weather 1.2.0  12 ms  net,read */
static void print_row(const json_t *row)
{
    const char *version = text_of(row, "skill_version"), *bot = text_of(row, "bot_id"), *error = text_of(row, "error");
    const char *outcome = *text_of(row, "outcome") ? text_of(row, "outcome") : text_of(row, "kind");
    print_guest(stdout, text_of(row, "timestamp"), NAME_SHOWN_MAX);
    fputs("  ", stdout);
    print_guest(stdout, outcome, NAME_SHOWN_MAX);
    fputs("  ", stdout);
    print_guest(stdout, *text_of(row, "skill_name") ? text_of(row, "skill_name") : "-", NAME_SHOWN_MAX);
    if (*version) {
        fputc(' ', stdout);
        print_guest(stdout, version, NAME_SHOWN_MAX);
    }
    if (*bot) {
        fputs("  for ", stdout);
        print_guest(stdout, bot, NAME_SHOWN_MAX);
    }
    if (json_is_integer(json_object_get(row, "duration_ms")))
        printf("  %" JSON_INTEGER_FORMAT " ms", json_integer_value(json_object_get(row, "duration_ms")));
    print_used(row);
    if (*error) {
        fputs("  ", stdout);
        print_guest(stdout, error, ERROR_SHOWN_MAX);
    }
    fputc('\n', stdout);
}

static int list(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    uint32_t limit = SHOWN;
    if (read_limit(cli->args.value[AUDIT_LIMIT], &limit, &err) < 0 ||
        cordon_audit_query(NULL, cli->args.n_words ? cli->args.words[0] : NULL, cli->args.value[AUDIT_BOT], limit, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *found = json_loads(json, JSON_ALLOW_NUL, NULL);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(found, "rows"), i, row)
        print_row(row);
    return out_end(cli, 0);
}

/* ---- verifying ---- */

static int print_findings(const struct cli *cli, const json_t *found)
{
    cordon_error *err = NULL;
    const json_t *list = json_object_get(found, "findings"), *one;
    size_t i;
    json_array_foreach((json_t *)list, i, one)
        printf("%s\n", text_of(one, "message"));
    fflush(stdout);
    cordon_error_set(&err, CORDON_E_DAMAGED, "audit", "Find out who could write to Cordon's home. Keep a copy of it as it is before anything else is run.",
                     "the audit does not hold: %" JSON_INTEGER_FORMAT " findings", json_integer_value(json_object_get(found, "findings_total")));
    return report_error(cli, NULL, err);
}

static int print_verdict(const struct cli *cli, const json_t *found)
{
    json_int_t rows = json_integer_value(json_object_get(found, "rows")), gaps = json_integer_value(json_object_get(found, "gaps"));
    const char *head = text_of(found, "head");
    if (!*head)
        puts("there is no audit yet");
    else
        printf("%" JSON_INTEGER_FORMAT " rows hold; head %s\n", rows, head);
    if (gaps)
        printf("%" JSON_INTEGER_FORMAT " of them tell that others are missing (cordon audit, outcome lost)\n", gaps);
    return out_end(cli, 0);
}

static int verify(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    bool ok;
    if (cordon_audit_verify(NULL, cli->args.value[AUDIT_HEAD], &ok, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json) {
        int code = out_json_line(cli, json);
        return code || ok ? code : EXIT_IO;
    }
    cleanup_json json_t *found = json_loads(json, 0, NULL);
    return ok ? print_verdict(cli, found) : print_findings(cli, found);
}

/* ---- pruning ---- */

static int prune(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_opts cordon_host_opts *opts = cordon_host_opts_new();
    uint64_t n;
    if (!opts)
        cordon_error_set(&err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    if (!opts || cordon_host_opts_load(opts, cli->args.value[AUDIT_CONFIG], &err) < 0 || cordon_audit_prune(opts, &n, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{sI}", "pruned", (json_int_t)n);
        return out_object(cli, object);
    }
    printf("%llu rows pruned\n", (unsigned long long)n);
    return out_end(cli, 0);
}

static int refuse(const struct cli *cli, const char *what)
{
    cordon_error *err = NULL;
    cordon_error_set(&err, CORDON_E_USAGE, NULL, NULL, "%s", what);
    return report_error(cli, NULL, err);
}

static int run(struct cli *cli)
{
    char *const *value = (char *const *)cli->args.value;
    bool verifies = value[AUDIT_VERIFY], prunes = value[AUDIT_PRUNE];
    if (value[AUDIT_HEAD] && !verifies)
        return refuse(cli, "--head goes with --verify");
    if ((verifies || prunes) && (cli->args.n_words || value[AUDIT_BOT] || value[AUDIT_LIMIT] || (verifies && prunes)))
        return refuse(cli, "--verify and --prune are for the whole audit, one at a time: without NAME, --bot and --limit");
    return verifies ? verify(cli) : prunes ? prune(cli) : list(cli);
}

const struct command command_audit = {
    .name = "audit",
    .group = GROUP_OPERATE,
    .words_max = 1,
    .summary = "show what was run, and verify that the record holds",
    .synopsis = "[NAME] [--bot BOT] [--limit N] | --verify [--head N:HASH] | --prune",
    .about = "Every run is a row: when, which skill, in which tier, what it used, hashes of input and output, how it ended. The\n"
             "newest come first; NAME shows those of one skill. The rows are chained with a key, so --verify finds whatever was\n"
             "removed, edited, put in or moved. It prints the head, N:HASH: noted elsewhere and given to --head later, it finds\n"
             "also what somebody did who has the key. --prune removes what the settings keep no longer.",
    .options = options,
    .example = "cordon audit weather -n 10\n"
               "cordon audit --verify\n"
               "cordon audit --verify --head \"$(cat /mnt/elsewhere/audit.head)\"",
    .run = run,
};
