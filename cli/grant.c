/* SPDX-License-Identifier: Apache-2.0
 * cordon grant and cordon revoke: what an installed skill may do, from its next call on. */
#include "cleanup.h"
#include "report.h"
#include "session.h"

enum { GRANT_CONFIG, GRANT_JSON, GRANT_QUIET, GRANT_OPTIONS };
enum { REVOKE_ALL, REVOKE_CONFIG, REVOKE_JSON, REVOKE_QUIET, REVOKE_OPTIONS };
enum { WORDS_MAX = 1001 };

static const struct option grant_options[] = {
    [GRANT_CONFIG] = OPTION_CONFIG, [GRANT_JSON] = OPTION_JSON, [GRANT_QUIET] = OPTION_QUIET, [GRANT_OPTIONS] = OPTION_END};
static const struct option revoke_options[] = {
    [REVOKE_ALL] = {.letter = 'a', .name = "all", .help = "everything it was granted"},
    [REVOKE_CONFIG] = OPTION_CONFIG,
    [REVOKE_JSON] = OPTION_JSON,
    [REVOKE_QUIET] = OPTION_QUIET,
    [REVOKE_OPTIONS] = OPTION_END,
};

/* What it has now. */
static int tell(const struct cli *cli, cordon_registry *registry, const char *name)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    size_t i;
    json_t *g;
    if (cordon_registry_show(registry, name, &json, &err) < 0)
        return report_error(cli, name, err);
    cleanup_json json_t *about = json_loads(json, 0, NULL);
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{ss sO}", "name", text_of(about, "name"), "grants", json_object_get(about, "grants"));
        return out_object(cli, object);
    }
    if (cli->quiet)
        return 0;
    print_guest(stdout, text_of(about, "name"), 128);
    puts(json_array_size(json_object_get(about, "grants")) ? " may:" : " may do nothing beyond computing");
    json_array_foreach(json_object_get(about, "grants"), i, g) {
        fputs("  ", stdout);
        print_guest(stdout, text_of(g, "words"), 4096);
        fputs("  (", stdout);
        print_guest(stdout, text_of(g, "grant"), 4096);
        puts(")");
    }
    return out_end(cli, 0);
}

/* What is wrong with one of them keeps all back. */
static int change_all(const struct cli *cli, cordon_registry *registry, bool grant, cordon_error **err)
{
    const char *const *words = (const char *const *)cli->args.words + 1;
    size_t n = (size_t)cli->args.n_words - 1;
    return grant ? cordon_registry_change_grants(registry, cli->args.words[0], words, n, NULL, 0, err)
                 : cordon_registry_change_grants(registry, cli->args.words[0], NULL, 0, words, n, err);
}

static int run_grant(struct cli *cli)
{
    cordon_error *err = NULL;
    const char *name = cli->args.words[0];
    cleanup(session_finish) struct session session = {0};
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 || change_all(cli, session.registry, true, &err) < 0)
        return report_error(cli, name, err);
    return tell(cli, session.registry, name);
}

static int run_revoke(struct cli *cli)
{
    cordon_error *err = NULL;
    const char *name = cli->args.words[0];
    bool all = cli->args.value[REVOKE_ALL];
    cleanup(session_finish) struct session session = {0};
    if (all == (cli->args.n_words > 1)) {
        cordon_error_set(&err, CORDON_E_USAGE, NULL, "`cordon inspect NAME` lists what it was granted.", "say what to take back: grants, or --all");
        return report_error(cli, name, err);
    }
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 ||
        (all ? cordon_registry_revoke(session.registry, name, NULL, &err) : change_all(cli, session.registry, false, &err)) < 0)
        return report_error(cli, name, err);
    return tell(cli, session.registry, name);
}

const struct command command_grant = {
    .name = "grant",
    .group = GROUP_TRUST,
    .first = true,
    .words_min = 2,
    .words_max = WORDS_MAX,
    .summary = "let an installed skill do more",
    .synopsis = "NAME GRANT... [-j] [-q]",
    .about = "From its next call on, also in programs that run already. A grant is written as `cordon help grants` has it. What the\n"
             "skill's manifest does not ask for cannot be granted. Grants belong to name, source and publisher (if nobody signed\n"
             "it, to the very bytes): what is installed from elsewhere under that name begins with nothing.",
    .options = grant_options,
    .example = "cordon grant weather net=api.weather.example\n"
               "cordon grant notes read=~/notes::/data",
    .run = run_grant,
};

const struct command command_revoke = {
    .name = "revoke",
    .group = GROUP_TRUST,
    .words_min = 1,
    .words_max = WORDS_MAX,
    .summary = "take grants of an installed skill back",
    .synopsis = "NAME [GRANT... | --all] [-j] [-q]",
    .about = "From its next call on, also in programs that run already. `cordon inspect NAME` lists what it was granted.",
    .options = revoke_options,
    .example = "cordon revoke weather net=api.weather.example\n"
               "cordon revoke notes --all",
    .run = run_revoke,
};
