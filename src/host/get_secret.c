/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn host_get_secret = {
    .name = "get-secret",
    .type = "func(name: string) -> result<string, string>",
    .strings = 1,
    .capability = "secret",
    .ask = ASK_SECRET,
    .legacy_name = "GetSecret",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Gives the skill a secret.",
};
