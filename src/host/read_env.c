/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn host_read_env = {
    .name = "read-env",
    .type = "func(name: string) -> result<string, string>",
    .strings = 1,
    .capability = "env",
    .legacy_name = "ReadEnv",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Reads an environment variable.",
};
