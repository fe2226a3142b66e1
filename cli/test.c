/* SPDX-License-Identifier: Apache-2.0
 * cordon test: a project's cases, each a call in a sandbox of its own. What it prints is TAP, which programs read. */
#include "cleanup.h"
#include "junit.h"
#include "plan.h"
#include "report.h"
#include "session.h"
#include "stale.h"
#include "trial.h"
#include "whole.h"
#include <cordon/author.h>
#include <fnmatch.h>
#include <string.h>

enum { TEST_UPDATE, TEST_BUILD, TEST_JUNIT, TEST_ALLOW, TEST_TIER, TEST_CONFIG, TEST_JSON, TEST_OPTIONS };
enum { LOG_LINES_SHOWN = 20, DENIALS_SHOWN = 10, VALUE_SHOWN = 4096, PATTERNS_MAX = 1000, EXIT_FAILED = 1 };

static const struct option options[] = {
    [TEST_UPDATE] = {.letter = 'u', .name = "update", .help = "write the answers into the snapshots, tests/CASE.out"},
    [TEST_BUILD] = {.letter = 'b', .name = "build", .help = "build it first"},
    [TEST_JUNIT] = {.name = "junit", .value = "FILE", .help = "write the results into FILE, too, as JUnit's XML"},
    [TEST_ALLOW] = {'a', "allow", "GRANT", "let every case do one thing more than it says (cordon help grants); again for more", true},
    [TEST_TIER] = {.name = "tier", .value = "TIER", .help = "how far the skill is trusted: untrusted (default), or what the settings allow"},
    [TEST_CONFIG] = OPTION_CONFIG,
    [TEST_JSON] = OPTION_JSON,
    [TEST_OPTIONS] = OPTION_END,
};

struct test {
    const struct cli *cli;
    const char *dir;
    struct session session;
    struct trial_setup setup;
    json_t *cases, *rows, *description;   /* owned */
    char stale[STALE_NAME_MAX];           /* a source that is newer than what is tested; "" */
    const char *grants[OPTIONS_MANY_MAX];
    size_t passed, failed, written;
};

static void test_finish(struct test *t)
{
    session_finish(&t->session);
    json_decref(t->cases);
    json_decref(t->rows);
    json_decref(t->description);
}

/* ---- snapshots ---- */

static int write_snapshot(struct test *t, struct trial *trial, cordon_error **err)
{
    cleanup_free char *path = NULL, *text = NULL;
    size_t len;
    if (asprintf(&path, "%s/tests/%s.out", t->dir, trial->name) < 0)
        path = NULL;
    text = trial_snapshot(trial->answer, &len);
    if (!path || !text)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    int rc = whole_write(path, text, len, err);
    if (rc < 0)
        return rc;
    trial->why[0] = '\0';
    t->written++;
    return 0;
}

/* ---- telling ---- */

static void print_value(const char *what, const json_t *value)
{
    char *text = json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    printf("# %s: ", what);
    print_guest(stdout, text ? text : "", VALUE_SHOWN);
    putchar('\n');
    free(text);
}

static void print_log(const cordon_outcome *o)
{
    const char *level, *message, *capability, *wanted, *reason;
    uint64_t count;
    for (size_t i = 0; i < LOG_LINES_SHOWN && o && cordon_outcome_log(o, i, &level, &message); i++) {
        printf("# log: %s: ", level);
        print_guest(stdout, message, VALUE_SHOWN);
        putchar('\n');
    }
    for (size_t i = 0; i < DENIALS_SHOWN && o && cordon_outcome_denial(o, i, &capability, &wanted, &reason, &count); i++) {
        printf("# denied: %s ", capability);
        print_guest(stdout, wanted, VALUE_SHOWN);
        printf(" (%s)\n", reason);
    }
}

/* The name of a case is letters, digits and a few signs: no word of it can be taken for TAP. */
static void print_trial(size_t number, const struct trial *trial)
{
    bool passed = !trial->why[0];
    printf("%s %zu - %s\n", passed ? "ok" : "not ok", number, trial->name);
    if (passed)
        return;
    fputs("# ", stdout);
    print_guest(stdout, trial->why, TRIAL_WHY_MAX);
    putchar('\n');
    if (trial->expected)
        print_value("expected", trial->expected);
    if (trial->expected || (trial->answer && !json_is_null(trial->answer)))
        print_value("answered", trial->answer);
    print_log(trial->result);
}

static uint64_t usage(const struct trial *trial, enum cordon_usage what)
{
    return trial->result ? cordon_outcome_usage(trial->result, what) : 0;
}

static int add_row(struct test *t, const struct trial *trial)
{
    json_t *why = trial->why[0] ? json_string(trial->why) : NULL;   /* a cut may have split a character */
    if (trial->why[0] && !why)
        why = json_string("its message is not UTF-8");
    return json_array_append_new(t->rows, json_pack("{s:s, s:b, s:s, s:o?, s:O?, s:I, s:I, s:I}", "name", trial->name, "passed", !trial->why[0], "outcome", trial->outcome, "why",
                                                    why, "answer", trial->answer, "fuel", (json_int_t)usage(trial, CORDON_USAGE_FUEL), "memory_peak_bytes",
                                                    (json_int_t)usage(trial, CORDON_USAGE_MEMORY_PEAK_BYTES), "wall_us", (json_int_t)usage(trial, CORDON_USAGE_WALL_US)));
}

static int tell_all(struct test *t)
{
    int code = t->failed ? EXIT_FAILED : 0;
    if (t->cli->json) {
        cleanup_json json_t *all = json_pack("{s:O, s:I, s:I, s:I, s:s?}", "cases", t->rows, "passed", (json_int_t)t->passed, "failed", (json_int_t)t->failed, "written",
                                             (json_int_t)t->written, "stale", t->stale[0] ? t->stale : NULL);
        int rc = out_object(t->cli, all);
        return rc ? rc : code;
    }
    printf("# %zu cases: %zu passed, %zu failed", t->passed + t->failed, t->passed, t->failed);
    if (t->written)
        printf("; %zu snapshots written", t->written);
    putchar('\n');
    return out_end(t->cli, code);
}

/* ---- running ---- */

static int run_case(struct test *t, size_t number, const json_t *one, cordon_error **err)
{
    cleanup(trial_finish) struct trial trial;
    int rc = trial_run(&t->setup, one, &trial, err);
    if (rc == 0 && trial.is_fresh && args_has(&t->cli->args, "update"))
        rc = write_snapshot(t, &trial, err);
    if (rc < 0)
        return rc;
    t->passed += !trial.why[0];
    t->failed += trial.why[0] != '\0';
    if (!t->cli->json)
        print_trial(number, &trial);
    return add_row(t, &trial) == 0 ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

static int run_cases(struct test *t, cordon_error **err)
{
    const json_t *one;
    size_t i;
    if (!t->cli->json)
        printf("TAP version 13\n1..%zu\n", json_array_size(t->cases));
    json_array_foreach(t->cases, i, one) {
        int rc = run_case(t, i + 1, one, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- which cases ---- */

static int no_case(const struct test *t, const char *pattern, cordon_error **err)
{
    const json_t *one;
    size_t i;
    char names[400] = "It has ";
    json_array_foreach(t->cases, i, one)
        if (strlen(names) + 160 < sizeof names)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", text_of(one, "name"));
        else if (names[strlen(names) - 1] != '.')
            strcat(names, " and more.");
    return cordon_error_set(err, CORDON_E_NOT_FOUND, pattern, names, "there is no case %.128s in %.300s/tests", pattern, t->dir);
}

/* Those whose names the command line gives, as names or as patterns of a shell; each of these has to be of one at least. */
static int choose_cases(struct test *t, cordon_error **err)
{
    const struct args *a = &t->cli->args;
    cleanup_json json_t *chosen = json_array();
    bool hit[PATTERNS_MAX] = {false};
    json_t *one;
    size_t i;
    if (a->n_words < 2)
        return 0;
    json_array_foreach(t->cases, i, one) {
        bool any = false;
        for (int w = 1; w < a->n_words; w++) {
            bool is = fnmatch(a->words[w], text_of(one, "name"), 0) == 0;
            hit[w - 1] |= is;
            any |= is;
        }
        if (any)
            json_array_append(chosen, one);
    }
    for (int w = 1; w < a->n_words; w++)
        if (!hit[w - 1])
            return no_case(t, a->words[w], err);
    json_decref(t->cases);
    t->cases = take(chosen);
    return 0;
}

/* ---- the project ---- */

static int write_junit(const struct test *t, cordon_error **err)
{
    const char *path = t->cli->args.value[TEST_JUNIT];
    return path ? junit_write(path, text_of(t->description, "name"), t->rows, err) : 0;
}

static int describe(struct test *t, cordon_error **err)
{
    cleanup_text char *text = NULL;
    int rc = cordon_skill_describe(t->session.skill, &text, err);
    t->description = rc == 0 ? json_loads(text, 0, NULL) : NULL;
    t->setup.limits = json_object_get(t->description, "limits");
    return rc;
}

/* The folder as a target: a name alone would be that of an installed skill. */
static int find_project(const char *dir, struct target *ret, cordon_error **err)
{
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s%s", dir[0] == '/' || dir[0] == '.' ? "" : "./", dir) < 0)
        path = NULL;
    return path ? target_find(path, ret, err) : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

static void free_build(cordon_build **b) { cordon_build_free(*b); }

static int build(struct test *t, cordon_error **err)
{
    struct session *s = &t->session;
    cleanup(free_build) cordon_build *b = NULL;
    cleanup_text char *said = NULL;
    int rc = cordon_host_new(s->opts, &s->host, err);
    if (rc < 0 || (rc = cordon_build_new(s->host, t->dir, &b, err)) < 0)
        return rc;
    cordon_build_set_log(b, STDERR_FILENO);
    cordon_build_set_tier(b, t->setup.tier);
    return cordon_build_run(b, &said, err);
}

/* Cases that pass or fail for what was built before mislead. */
static void warn_stale(struct test *t)
{
    if (!stale_source(t->dir, t->stale) || t->cli->json)
        return;
    fputs("cordon test: ", stderr);
    print_guest(stderr, t->stale, sizeof t->stale);
    fputs(" is newer than what was built: build it first (cordon build ", stderr);
    print_guest(stderr, t->dir, VALUE_SHOWN);
    fputs("), or give --build\n", stderr);
}

static int open_project(struct test *t, cordon_error **err)
{
    const struct cli *cli = t->cli;
    cleanup(target_finish) struct target target = {0};
    int rc = session_begin(cli, &t->session, err);
    if (rc < 0 || (rc = plan_tier(cli->args.value[TEST_TIER], t->session.opts, &t->setup.tier, err)) < 0 || (args_has(&cli->args, "build") && (rc = build(t, err)) < 0) ||
        (rc = find_project(t->dir, &target, err)) < 0 || (rc = session_open(cli, &target, t->setup.tier, &t->session, err)) < 0)
        return rc;
    warn_stale(t);
    t->setup.skill = t->session.skill;
    t->setup.opts = t->session.opts;
    t->setup.grants = t->grants;
    for (int i = 0; i < cli->args.n_many; i++)
        t->grants[t->setup.n_grants++] = cli->args.many[i].value;
    return describe(t, err);
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *text = NULL;
    cleanup(test_finish) struct test t = {.cli = cli, .dir = cli->args.n_words ? cli->args.words[0] : ".", .rows = json_array()};
    if (cordon_cases_read(t.dir, &text, &err) < 0)
        return report_error(cli, NULL, err);
    t.cases = json_loads(text, JSON_ALLOW_NUL, NULL);
    if (choose_cases(&t, &err) < 0 || open_project(&t, &err) < 0 || run_cases(&t, &err) < 0 || write_junit(&t, &err) < 0)
        return report_error(cli, NULL, err);
    return tell_all(&t);
}

const struct command command_test = {
    .name = "test",
    .group = GROUP_AUTHOR,
    .words_max = 1 + PATTERNS_MAX,
    .summary = "run a project's cases, each in a sandbox of its own",
    .synopsis = "[FOLDER [CASE]...] [-b] [-u] [-a GRANT]...",
    .about = "FOLDER (default: this one) holds a skill that is built, and in tests/ a file CASE.toml for each case. CASE is the name\n"
             "of one, or a pattern of a shell ('den*'); without any, all are run. What is printed is TAP; the last line counts. A case\n"
             "may read what lies in the project; more is granted with -a.",
    .options = options,
    .example = "cordon test ./weather\n"
               "cordon test ./weather oslo --build",
    .run = run,
};
