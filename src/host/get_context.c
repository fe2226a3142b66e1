/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

static bool get_context(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    (void)in;
    ret->context = host_call_context(c);
    return true;
}

const struct host_fn host_get_context = {
    .name = "get-context",
    .type = "func() -> record { bot-name: string, bot-slug: string, skill-name: string, invocation-id: string }",
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_CONTEXT,
    .doc = "Who is asking: the bot, the skill's name and the id of this call.",
    .body = get_context,
};
