/* SPDX-License-Identifier: Apache-2.0
 * cordon remove: takes installed skills away. */
#include "cleanup.h"
#include "report.h"
#include "session.h"

enum { REMOVE_CONFIG, REMOVE_JSON, REMOVE_OPTIONS };

static const struct option options[] = {[REMOVE_CONFIG] = OPTION_CONFIG, [REMOVE_JSON] = OPTION_JSON, [REMOVE_OPTIONS] = OPTION_END};

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    const char *name = cli->args.words[0];
    cleanup(session_finish) struct session session = {0};
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 || cordon_registry_remove(session.registry, name, &err) < 0)
        return report_error(cli, name, err);
    cleanup_json json_t *object = json_pack("{ss}", "removed", name);
    return cli->json ? out_object(cli, object) : 0;
}

const struct command command_remove = {
    .name = "remove",
    .group = GROUP_TRUST,
    .words_min = 1,
    .words_max = 1,
    .summary = "remove an installed skill",
    .synopsis = "NAME [-j]",
    .about = "Removes the skill with its kept versions, its grants and its limits. Which key it was signed with and its highest\n"
             "version are remembered, so that nobody else takes its name unnoticed.",
    .options = options,
    .example = "cordon remove weather",
    .run = run,
};
