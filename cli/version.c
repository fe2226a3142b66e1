/* SPDX-License-Identifier: Apache-2.0
 * cordon version. */
#include "cleanup.h"
#include "report.h"

enum { VERSION_JSON, VERSION_OPTIONS };

static const struct option options[] = {[VERSION_JSON] = OPTION_JSON, [VERSION_OPTIONS] = OPTION_END};

static int run(struct cli *cli)
{
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{ss ss}", "version", cordon_version(), "engine_version", cordon_engine_version());
        return out_object(cli, object);
    }
    printf("cordon %s (Wasmtime %s)\n", cordon_version(), cordon_engine_version());
    return out_end(cli, 0);
}

const struct command command_version = {
    .name = "version",
    .group = GROUP_OTHER,
    .summary = "print the versions of Cordon and its engine",
    .synopsis = "[-j]",
    .options = options,
    .example = "cordon version",
    .run = run,
};
