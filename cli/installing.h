/* SPDX-License-Identifier: Apache-2.0
 * What installing and updating share: a registry, one installation, and what it says of itself. */
#pragma once
#include "session.h"
#include <jansson.h>

struct installing {
    struct session session;
    cordon_registry *registry;
    cordon_install *install;
    json_t *plan, *done;        /* owned: as of cordon_install_describe and _commit */
    bool watches;               /* for signals */
    int cancel;                 /* which make this descriptor readable */
};

/* `i` is zeroed, and must be finished, also after an error. From here on a signal ends what is fetched or asked; when all is given back the command dies of it
 * (interrupt_reraise). */
int installing_begin(const struct cli *cli, struct installing *i, cordon_error **err);
/* Fetches, telling a waiting person of `what`, and fills the plan. */
int installing_fetch(const struct cli *cli, struct installing *i, const char *what, cordon_error **err);
/* Has it answered, and installs it. CONSENT if nobody answers, or a person says no. */
int installing_commit(const struct cli *cli, struct installing *i, cordon_error **err);
/* Gives up the one installation, for the next. */
void installing_drop(struct installing *i);
void installing_finish(struct installing *i);
