/* SPDX-License-Identifier: Apache-2.0
 * cordon install: a skill, from wherever it comes, with what its operator lets it do. */
#include "cleanup.h"
#include "consent.h"
#include "installing.h"
#include "interrupt.h"
#include "report.h"

enum { INSTALL_CONSENT, INSTALL_AS = INSTALL_CONSENT + CONSENT_OPTIONS, INSTALL_TIER, INSTALL_DIGEST, INSTALL_CONFIG, INSTALL_JSON, INSTALL_QUIET, INSTALL_OPTIONS };

static const struct option options[] = {
    CONSENT_OPTION_ROWS(INSTALL_CONSENT),
    [INSTALL_AS] = {.name = "as", .value = "NAME", .help = "under this name, in place of its own"},
    [INSTALL_TIER] = {.name = "tier", .value = "TIER", .help = "at most this tier; local is for what is on this machine and yours"},
    [INSTALL_DIGEST] = {.name = "digest", .value = "SHA256", .help = "only if it is exactly this, as an earlier look showed it"},
    [INSTALL_CONFIG] = OPTION_CONFIG,
    [INSTALL_JSON] = OPTION_JSON,
    [INSTALL_QUIET] = OPTION_QUIET,
    [INSTALL_OPTIONS] = OPTION_END,
};

static int set(const struct cli *cli, cordon_install *install, cordon_error **err)
{
    const char *as = cli->args.value[INSTALL_AS], *tier = cli->args.value[INSTALL_TIER], *digest = cli->args.value[INSTALL_DIGEST];
    enum cordon_tier wanted;
    int rc = consent_prepare(cli, install, err);
    if (rc == 0 && as)
        rc = cordon_install_set_name(install, as, err);
    if (rc == 0 && tier && (rc = cordon_tier_parse(tier, &wanted, err)) == 0)
        rc = cordon_install_set_tier(install, wanted, err);
    return rc == 0 && digest ? cordon_install_set_digest(install, digest, err) : rc;
}

static int begin(const struct cli *cli, struct installing *i, cordon_error **err)
{
    int rc = consent_check(cli, err);
    if (rc < 0 || (rc = installing_begin(cli, i, err)) < 0 || (rc = cordon_install_new(i->registry, cli->args.words[0], &i->install, err)) < 0)
        return rc;
    return set(cli, i->install, err);
}

static int install(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(installing_finish) struct installing i = {0};
    int rc = begin(cli, &i, &err);
    if (rc < 0 || (rc = installing_fetch(cli, &i, cli->args.words[0], &err)) < 0)
        return report_error(cli, NULL, err);
    consent_show(cli, i.plan);
    if (args_has(&cli->args, "dry-run"))
        return cli->json ? out_object(cli, i.plan) : 0;
    if ((rc = installing_commit(cli, &i, &err)) < 0) {
        consent_command(cli, i.plan, err);
        return report_error(cli, NULL, err);
    }
    if (cli->json)
        return out_object(cli, i.done);
    consent_done(cli, i.plan, i.done);
    return out_end(cli, 0);
}

static int run(struct cli *cli)
{
    int code = install(cli);
    interrupt_reraise();
    return code;
}

const struct command command_install = {
    .name = "install",
    .group = GROUP_TRUST,
    .first = true,
    .words_min = 1,
    .words_max = 1,
    .summary = "install a skill, with what you let it do",
    .synopsis = "SOURCE [--as NAME] [-a GRANT]... [--yes | --no-grants] [--build] [--tier TIER]",
    .about = "SOURCE is a folder, a file (a component, a module, a .tar.gz or .zip), https://HOST/PATH[#sha256=HEX], or\n"
             "oci://HOST/REPOSITORY[:TAG][@sha256:HEX]. It is fetched once; what is shown is what is installed.\n"
             "\n"
             "What the skill asks for is granted by an answer on the terminal, by --allow, or by --yes, and by nothing else;\n"
             "without any of these, exit code 3 and the command to run. --yes grants what is asked with a scope; scripts, secrets,\n"
             "writing, wildcards, literal addresses and whatever has no scope want an --allow of their own.\n"
             "\n"
             "Grants belong to a skill's name, source and publisher (of an unsigned one: to its very bytes).",
    .options = options,
    .example = "cordon install ./weather\n"
               "cordon install ./weather --allow net=api.weather.example --allow bearer=weather-key@api.weather.example\n"
               "cordon install https://skills.example/weather-1.2.tar.gz#sha256=… --no-grants",
    .run = run,
};
