/* SPDX-License-Identifier: Apache-2.0
 * How a host fetches what an operator names: its gateway, its settings, the user's credentials. */
#pragma once
#include "fetch/fetch.h"
#include <cordon/host.h>

struct fetching {
    struct fetch fetch;
    const char *helper[8];   /* of the settings: borrowed from the host */
    char *docker_config;     /* owned */
};
#define FETCHING_NONE {.fetch = {.cancel_fd = -1}}

/* *ret is FETCHING_NONE, and finished by the caller in either case. `seconds` is for all that it is used for. */
int fetching_begin(cordon_host *host, unsigned seconds, struct fetching *ret, cordon_error **err);
void fetching_finish(struct fetching *f);
