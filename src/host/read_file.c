/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn host_read_file = {
    .name = "read-file",
    .type = "func(path: string) -> result<string, string>",
    .strings = 1,
    .capability = "read",
    .ask = ASK_READ,
    .legacy_name = "ReadFile",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Reads a text file.",
};
