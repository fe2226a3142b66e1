/* SPDX-License-Identifier: Apache-2.0 */
#include "consent.h"

#include "cleanup.h"
#include "interrupt.h"
#include "quote.h"
#include "report.h"
#include <string.h>
#include <strings.h>

enum { LINE_MAX_BYTES = 8192, TEXT_SHOWN = 400, HINT_SHORT = 960 /* a hint has room for so much */ };

/* ---- the command line ---- */

static bool has_allow(const struct cli *cli)
{
    for (int i = 0; i < cli->args.n_many; i++)
        if (!strcmp(cli->command->options[cli->args.many[i].row].name, "allow"))
            return true;
    return false;
}

int consent_check(const struct cli *cli, cordon_error **err)
{
    bool yes = args_has(&cli->args, "yes"), none = args_has(&cli->args, "no-grants");
    if (yes && none)
        return cordon_error_set(err, CORDON_E_USAGE, "no-grants", "--yes grants what is asked, --no-grants nothing of it: give one of them.",
                                "--yes and --no-grants do not go together");
    if (none && has_allow(cli))
        return cordon_error_set(err, CORDON_E_USAGE, "no-grants", "With --allow alone, nothing else is granted either.", "--allow and --no-grants do not go together");
    return 0;
}

int consent_may_answer(const struct cli *cli, const cordon_host_opts *opts, cordon_error **err)
{
    if (cordon_host_opts_flags(opts) || (!has_allow(cli) && !args_has(&cli->args, "yes")))
        return 0;
    return cordon_error_set(err, CORDON_E_NOT_GRANTED, "allow", "Answer on a terminal, or install with --no-grants. `cordon doctor` shows which file says so.",
                            "the settings let no flag grant anything (`[policy] flags`)");
}

static int accept_one(cordon_install *install, const char *what, cordon_error **err)
{
    static const char *const names[CORDON_ACCEPT_COUNT] = {
        [CORDON_ACCEPT_KEY] = "key", [CORDON_ACCEPT_UNSIGNED] = "unsigned", [CORDON_ACCEPT_OLDER] = "older", [CORDON_ACCEPT_SOURCE] = "source"};
    for (int i = 0; i < CORDON_ACCEPT_COUNT; i++)
        if (!strcmp(names[i], what))
            return cordon_install_accept(install, (enum cordon_accept)i, err);
    return cordon_error_set(err, CORDON_E_USAGE, "accept", NULL, "--accept %.100s: it is one of key, unsigned, older and source", what);
}

/* Calls `each` with every value of the option `name`. */
static int for_each(const struct cli *cli, const char *name, int (*each)(cordon_install *, const char *, cordon_error **), cordon_install *install, cordon_error **err)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < cli->args.n_many; i++)
        if (!strcmp(cli->command->options[cli->args.many[i].row].name, name))
            rc = each(install, cli->args.many[i].value, err);
    return rc;
}

int consent_prepare(const struct cli *cli, cordon_install *install, cordon_error **err)
{
    cordon_install_set_build(install, args_has(&cli->args, "build"), cli->quiet ? -1 : STDERR_FILENO);
    cordon_install_set_fetch(install, args_has(&cli->args, "fetch"));
    return for_each(cli, "accept", accept_one, install, err);
}

/* 1: the options say it. */
static int answer_by_options(const struct cli *cli, cordon_install *install, cordon_error **err)
{
    bool yes = args_has(&cli->args, "yes"), none = args_has(&cli->args, "no-grants"), allow = has_allow(cli);
    int rc = for_each(cli, "allow", cordon_install_allow, install, err);
    if (rc == 0 && yes)
        rc = cordon_install_allow_asked(install, err);
    if (rc == 0 && !yes && (none || allow))
        rc = cordon_install_allow_nothing(install, none && !strcmp(cli->command->name, "install"), err);
    return rc < 0 ? rc : yes || none || allow;
}

/* ---- showing ---- */

static bool is_true(const json_t *object, const char *key) { return json_is_true(json_object_get(object, key)); }

static void print_row(const char *what, const char *text)
{
    fprintf(stderr, "  %-9s ", what);
    print_guest(stderr, text, TEXT_SHOWN);
    fputc('\n', stderr);
}

static void print_signature(const json_t *plan)
{
    const char *signature = text_of(plan, "signature"), *publisher = text_of(plan, "publisher");
    if (!strcmp(signature, "bundle"))
        fprintf(stderr, "  signed    by %s, all of it; the key is %s\n", publisher, is_true(plan, "trusted") ? "trusted" : "not one that you trust (cordon key trust)");
    else if (!strcmp(signature, "code"))
        fprintf(stderr, "  signed    by %s, its code alone: not what it asks for\n", publisher);
    else
        print_row("signed", "by nobody");
}

static void print_limits(const json_t *plan)
{
    static const char *const shown[] = {"fuel", "memory", "timeout"};
    const json_t *limits = json_object_get(plan, "limits");
    fputs("  limits   ", stderr);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const json_t *one = json_object_get(limits, shown[i]);
        fprintf(stderr, "%s %s %s (%s)", i ? "," : "", shown[i], text_of(one, "text"), text_of(one, "origin"));
    }
    fputc('\n', stderr);
}

static void print_head(const json_t *plan)
{
    print_guest(stderr, text_of(plan, "name"), 128);
    fputc(' ', stderr);
    print_guest(stderr, text_of(plan, "version"), 128);
    fprintf(stderr, " (%s%s)\n", text_of(plan, "kind"), is_true(plan, "built") ? ", built here from source" : "");
    if (*text_of(plan, "description"))
        print_row("says", text_of(plan, "description"));
    print_row("from", text_of(plan, "source"));
    print_row("digest", text_of(plan, "digest"));
    print_signature(plan);
    print_row("tier", text_of(plan, "tier"));
    print_limits(plan);
}

static void print_value(const json_t *value)
{
    cleanup_free char *text = json_is_string(value) ? strdup(json_string_value(value)) : value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("-");
    print_guest(stderr, text ? text : "-", TEXT_SHOWN);
}

static void print_changes(const json_t *plan)
{
    const json_t *before = json_object_get(plan, "replaces"), *changes = json_object_get(plan, "changes"), *row;
    size_t i;
    if (!json_is_object(before))
        return;
    fputs("  replaces  ", stderr);
    print_guest(stderr, text_of(before, "version"), 128);
    fputs(" from ", stderr);
    print_guest(stderr, text_of(before, "source"), TEXT_SHOWN);
    fputc('\n', stderr);
    json_array_foreach(changes, i, row) {
        fputs("    ", stderr);
        print_guest(stderr, text_of(row, "what"), 256);
        fputs("\n      was: ", stderr);
        print_value(json_object_get(row, "before"));
        fputs("\n      is:  ", stderr);
        print_value(json_object_get(row, "after"));
        fputc('\n', stderr);
    }
}

static void print_ask(const json_t *ask)
{
    fputs("    ", stderr);
    print_guest(stderr, text_of(ask, "grant"), TEXT_SHOWN);
    fputs("  ", stderr);
    print_guest(stderr, text_of(ask, "words"), TEXT_SHOWN);
    if (*text_of(ask, "from")) {
        fputs(", inherited from ", stderr);
        print_guest(stderr, text_of(ask, "from"), 128);
    }
    fprintf(stderr, "%s%s%s\n", is_true(ask, "granted") ? " [granted]" : is_true(ask, "new") ? " [new]" : "",
            is_true(ask, "needs_scope") ? " [you name which]" : "", is_true(ask, "needs_word") ? " [not given by --yes]" : "");
}

static void print_could_use(const json_t *plan)
{
    const json_t *kinds = json_object_get(plan, "could_use"), *kind;
    size_t i;
    if (!json_array_size(kinds))
        return;
    fputs("  It has no manifest that says what it wants; granted, it could use:", stderr);
    json_array_foreach(kinds, i, kind) {
        fputs(i ? ", " : " ", stderr);
        print_guest(stderr, json_string_value(kind), 64);
    }
    fputc('\n', stderr);
}

void consent_show(const struct cli *cli, const json_t *plan)
{
    const json_t *asks = json_object_get(plan, "asks"), *one;
    size_t i;
    if (cli->json || cli->quiet)
        return;
    print_head(plan);
    print_changes(plan);
    json_array_foreach(json_object_get(plan, "warnings"), i, one)
        print_row("note", json_string_value(one));
    print_could_use(plan);
    if (json_array_size(asks))
        fputs("  It asks to\n", stderr);
    json_array_foreach(asks, i, one)
        print_ask(one);
}

/* ---- asking ---- */

/* A line from the terminal without its end; false: there is none, or it does not fit. */
static bool read_line(char *line, size_t size)
{
    fflush(stderr);
    if (interrupt_caught() || !fgets(line, (int)size, stdin))
        return false;
    char *end = strchr(line, '\n');
    if (!end) {
        for (int c = 0; c != '\n' && c != EOF;)
            c = fgetc(stdin);
        return false;
    }
    *end = '\0';
    return true;
}

static bool is_yes(void)
{
    char line[16];
    return read_line(line, sizeof line) && (!strcasecmp(line, "y") || !strcasecmp(line, "yes"));
}

/* The answer is a grant, with or without what stands before its first =. Until one can be read, or none is given. */
static int ask_scope(cordon_install *install, const char *ask, cordon_error **err)
{
    char line[LINE_MAX_BYTES], grant[LINE_MAX_BYTES + 64];
    size_t kind = strcspn(ask, "=");
    for (;;) {
        fprintf(stderr, "  which? %.*s=", (int)kind, ask);
        if (!read_line(line, sizeof line) || !*line)
            return 0;
        bool whole = !strncmp(line, ask, kind) && line[kind] == '=';
        snprintf(grant, sizeof grant, "%.*s%s%s", whole ? 0 : (int)kind, ask, whole ? "" : "=", line);
        cleanup_error cordon_error *why = NULL;
        int rc = cordon_install_allow(install, grant, &why);
        if (rc == 0)
            continue;
        if (rc != -CORDON_E_USAGE && rc != -CORDON_E_NOT_ASKED) {
            *err = take(why);
            return rc;
        }
        fprintf(stderr, "  %s\n", cordon_error_message(why));
    }
}

static int ask_one(cordon_install *install, const json_t *ask, cordon_error **err)
{
    const char *grant = text_of(ask, "grant");
    if (is_true(ask, "granted"))
        return 0;
    fputs("Let it ", stderr);
    print_guest(stderr, text_of(ask, "words"), TEXT_SHOWN);
    if (is_true(ask, "needs_scope")) {
        fputs("? Name one, or nothing for no.\n", stderr);
        return ask_scope(install, grant, err);
    }
    fputs("? [y/N] ", stderr);
    return is_yes() ? cordon_install_allow(install, grant, err) : 0;
}

/* 1: the person does not want it. */
static int ask_person(cordon_install *install, const json_t *plan, cordon_error **err)
{
    size_t i;
    json_t *ask;
    fputs("Install it? [y/N] ", stderr);
    if (!is_yes())
        return 1;
    json_array_foreach(json_object_get(plan, "asks"), i, ask) {
        int rc = ask_one(install, ask, err);
        if (rc < 0)
            return rc;
    }
    return cordon_install_allow_nothing(install, false, err);
}

static bool can_ask(const struct cli *cli) { return !cli->json && isatty(STDIN_FILENO) && cli->err_is_terminal; }

int consent_answer(const struct cli *cli, cordon_install *install, const json_t *plan, cordon_error **err)
{
    int rc = answer_by_options(cli, install, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (!is_true(plan, "consent") || !can_ask(cli))
        return 0; /* the commit says what is missing */
    return ask_person(install, plan, err);
}

void consent_command(const struct cli *cli, const json_t *plan, const cordon_error *err)
{
    const char *command = text_of(plan, "command");
    if (cli->json || cli->quiet || cordon_error_code(err) != CORDON_E_CONSENT || strlen(command) < HINT_SHORT)
        return;
    fputs("  The whole command: ", stderr);
    print_guest(stderr, command, strlen(command));
    fputc('\n', stderr);
}

/* ---- done ---- */

static bool needs_scope(const json_t *plan, const char *grant)
{
    size_t i;
    json_t *ask;
    json_array_foreach(json_object_get(plan, "asks"), i, ask)
        if (!strcmp(text_of(ask, "grant"), grant))
            return is_true(ask, "needs_scope");
    return true;
}

/* With the command that gives it, if it can be given as it is asked. */
static void print_not_granted(const json_t *plan, const json_t *done)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(done, "not_granted"), i, one) {
        const char *grant = json_string_value(one);
        fputs("  not granted: ", stderr);
        print_guest(stderr, grant, TEXT_SHOWN);
        fputs("   cordon grant ", stderr);
        quote_print(stderr, text_of(done, "name"));
        fputc(' ', stderr);
        if (needs_scope(plan, grant))
            fprintf(stderr, "%.*s=...", (int)strcspn(grant, "="), grant);
        else
            quote_print(stderr, grant);
        fputc('\n', stderr);
    }
}

void consent_done(const struct cli *cli, const json_t *plan, const json_t *done)
{
    printf("%s ", is_true(done, "unchanged") ? "unchanged" : "installed");
    print_guest(stdout, text_of(done, "name"), 128);
    putchar(' ');
    print_guest(stdout, text_of(done, "version"), 128);
    printf(" (%s)\n", text_of(done, "tier"));
    if (!cli->quiet)
        print_not_granted(plan, done);
}
