/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

static void log_line(struct host_call *c, const struct host_str *args, const struct host_context **ret_context)
{
    (void)ret_context;
    host_call_log(c, args[0], args[1]);
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
