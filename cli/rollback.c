/* SPDX-License-Identifier: Apache-2.0
 * cordon rollback: an earlier version of an installed skill, in force again. */
#include "cleanup.h"
#include "report.h"
#include "session.h"

enum { ROLLBACK_CONFIG, ROLLBACK_JSON, ROLLBACK_OPTIONS };

static const struct option options[] = {[ROLLBACK_CONFIG] = OPTION_CONFIG, [ROLLBACK_JSON] = OPTION_JSON, [ROLLBACK_OPTIONS] = OPTION_END};

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    const char *name = cli->args.words[0], *version = cli->args.n_words > 1 ? cli->args.words[1] : NULL;
    cleanup(session_finish) struct session session = {0};
    cleanup_text char *now = NULL;
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 || cordon_registry_rollback(session.registry, name, version, &now, &err) < 0)
        return report_error(cli, name, err);
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{ssss}", "name", name, "version", now);
        return out_object(cli, object);
    }
    print_guest(stdout, name, 128);
    fputs(" is at ", stdout);
    print_guest(stdout, now, 128);
    puts(" again");
    return out_end(cli, 0);
}

const struct command command_rollback = {
    .name = "rollback",
    .group = GROUP_TRUST,
    .words_min = 1,
    .words_max = 2,
    .summary = "put an earlier version of a skill in force again",
    .synopsis = "NAME [VERSION] [-j]",
    .about = "Up to five versions of a skill are kept. Without VERSION, the one before the present one comes back. Its grants are\n"
             "those of its publisher, or, if nobody signed it, those that were given to these very bytes.",
    .options = options,
    .example = "cordon rollback weather\n"
               "cordon rollback weather 1.2.0",
    .run = run,
};
