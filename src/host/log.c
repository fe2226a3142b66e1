/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

static bool log_line(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    (void)ret;
    host_call_log(c, in->strings[0], in->strings[1]);
    return true;
}

const struct host_fn host_log = {
    .name = "log",
    .type = "func(level: string, message: string)",
    .strings = 2,
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_NOTHING,
    .doc = "Adds a line to the call's log.",
    .body = log_line,
};
