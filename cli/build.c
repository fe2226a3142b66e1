/* SPDX-License-Identifier: Apache-2.0
 * cordon build: a folder of source becomes a component. */
#include "cleanup.h"
#include "report.h"
#include "session.h"
#include <cordon/author.h>

enum { BUILD_OUTPUT, BUILD_FETCH, BUILD_NO_SANDBOX, BUILD_TIMEOUT, BUILD_TIER, BUILD_CONFIG, BUILD_JSON, BUILD_QUIET, BUILD_OPTIONS };
enum { PATH_SHOWN = 4096, NAME_SHOWN = 256, TYPE_SHOWN = 1000, MS = 1000 };

static const struct option options[] = {
    [BUILD_OUTPUT] = {.letter = 'o', .name = "output", .value = "FILE", .help = "where the component goes (default: what the manifest names, or FOLDER/<its name>.wasm)"},
    [BUILD_FETCH] = {.name = "fetch", .help = "first fetch what its lock files name: the one step with a network"},
    [BUILD_NO_SANDBOX] = {.name = "no-sandbox", .help = "let its tools run with your rights"},
    [BUILD_TIMEOUT] = {.letter = 't', .name = "timeout", .value = "DURATION", .help = "the longest that one of its tools may run (10m)"},
    [BUILD_TIER] = {.name = "tier", .value = "TIER", .help = "which tier's engine it must fit: untrusted (default) or verified"},
    [BUILD_CONFIG] = OPTION_CONFIG,
    [BUILD_JSON] = OPTION_JSON,
    [BUILD_QUIET] = OPTION_QUIET,
    [BUILD_OPTIONS] = OPTION_END,
};

struct building {
    struct session session;
    cordon_build *build;
    json_t *fetched, *built;   /* owned */
};

static void building_finish(struct building *b)
{
    cordon_build_free(b->build);
    session_finish(&b->session);
    json_decref(b->fetched);
    json_decref(b->built);
}

static int set_timeout(const struct cli *cli, cordon_build *build, cordon_error **err)
{
    uint64_t ms;
    const char *given = cli->args.value[BUILD_TIMEOUT];
    if (!given)
        return 0;
    int rc = cordon_limit_parse(CORDON_LIMIT_WALL_MS, CORDON_TIER_LOCAL, given, &ms, err);
    return rc < 0 ? rc : cordon_build_set_timeout(build, (unsigned)((ms + MS - 1) / MS), err);
}

static int set_tier(const struct cli *cli, cordon_build *build, cordon_error **err)
{
    enum cordon_tier tier;
    const char *given = cli->args.value[BUILD_TIER];
    int rc = given ? cordon_tier_parse(given, &tier, err) : 0;
    if (rc < 0 || !given)
        return rc;
    if (tier == CORDON_TIER_LOCAL)
        return cordon_error_set(err, CORDON_E_USAGE, "tier", NULL, "--tier is untrusted or verified: what is built is WebAssembly, and runs on one of their engines");
    cordon_build_set_tier(build, tier);
    return 0;
}

static int begin(const struct cli *cli, struct building *b, cordon_error **err)
{
    const char *dir = cli->args.n_words ? cli->args.words[0] : ".", *output = cli->args.value[BUILD_OUTPUT];
    int rc = session_begin(cli, &b->session, err);
    if (rc < 0 || (rc = cordon_host_new(b->session.opts, &b->session.host, err)) < 0 || (rc = cordon_build_new(b->session.host, dir, &b->build, err)) < 0)
        return rc;
    cordon_build_set_log(b->build, cli->quiet ? -1 : STDERR_FILENO);
    cordon_build_set_sandbox(b->build, !args_has(&cli->args, "no-sandbox"));
    if (output && (rc = cordon_build_set_output(b->build, output, err)) < 0)
        return rc;
    rc = set_timeout(cli, b->build, err);
    return rc < 0 ? rc : set_tier(cli, b->build, err);
}

static int make(const struct cli *cli, struct building *b, cordon_error **err)
{
    cleanup_text char *fetched = NULL, *built = NULL;
    int rc = args_has(&cli->args, "fetch") ? cordon_build_fetch(b->build, &fetched, err) : 0;
    if (rc < 0 || (rc = cordon_build_run(b->build, &built, err)) < 0)
        return rc;
    b->fetched = fetched ? json_loads(fetched, 0, NULL) : NULL;
    b->built = json_loads(built, 0, NULL);
    return 0;
}

/* ---- telling ---- */

static void print_names(const char *what, const json_t *list)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        printf("  %-9s ", i ? "" : what);
        print_guest(stdout, json_is_string(one) ? json_string_value(one) : text_of(one, "name"), NAME_SHOWN);
        const char *type = json_is_object(one) ? text_of(one, "type") : "";
        if (*type) {
            fputs(": ", stdout);
            print_guest(stdout, type, TYPE_SHOWN);
        }
        putchar('\n');
    }
}

static void print_warnings(const json_t *list)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        fputs("warning: ", stderr);
        print_guest(stderr, json_string_value(one), PATH_SHOWN);
        fputc('\n', stderr);
    }
}

/* A folder with a manifest runs by what that says. A name alone would be that of an installed skill. */
static void print_target(const struct cli *cli, const json_t *r)
{
    const char *dir = cli->args.n_words ? cli->args.words[0] : ".";
    if (!json_is_array(json_object_get(r, "asks"))) {
        print_guest(stdout, text_of(r, "output"), PATH_SHOWN);
        return;
    }
    if (dir[0] != '/' && dir[0] != '.')
        fputs("./", stdout);
    print_guest(stdout, dir, PATH_SHOWN);
}

static void print_result(const struct cli *cli, const json_t *r)
{
    fputs("built ", stdout);
    print_guest(stdout, text_of(r, "output"), PATH_SHOWN);
    printf(" (%" JSON_INTEGER_FORMAT " bytes, world ", json_integer_value(json_object_get(r, "size_bytes")));
    print_guest(stdout, text_of(r, "world"), NAME_SHOWN);
    puts(")");
    print_names("exports", json_object_get(r, "exports"));
    print_names("imports", json_object_get(r, "imports"));
    print_names("could use", json_object_get(r, "could_use"));
    print_names("asks for", json_object_get(r, "asks"));
    fputs("run it with: cordon run ", stdout);
    print_target(cli, r);
    putchar('\n');
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(building_finish) struct building b = {0};
    if (begin(cli, &b, &err) < 0 || make(cli, &b, &err) < 0)
        return report_error(cli, NULL, err);
    print_warnings(json_object_get(b.built, "warnings"));
    if (cli->json) {
        if (b.fetched)
            json_object_set(b.built, "fetched", b.fetched);
        return out_object(cli, b.built);
    }
    if (!cli->quiet)
        print_result(cli, b.built);
    return out_end(cli, 0);
}

const struct command command_build = {
    .name = "build",
    .group = GROUP_AUTHOR,
    .first = true,
    .words_max = 1,
    .summary = "build a skill from source into a component",
    .synopsis = "[FOLDER] [-o FILE] [--fetch]",
    .about = "FOLDER (default: this one) is an ordinary project of its language, and in wit/ it has one world, or none: then it\n"
             "is the skill world. Its own tools build it, in a sandbox without network, home or secrets; the result is checked\n"
             "against its world, stripped and compiled. A tool that is missing is named with the command that gets it.",
    .options = options,
    .example = "cordon build ./hello && cordon run ./hello \"some text\"",
    .run = run,
};
