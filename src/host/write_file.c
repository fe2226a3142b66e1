/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn host_write_file = {
    .name = "write-file",
    .type = "func(path: string, content: string) -> result<_, string>",
    .strings = 2,
    .capability = "write",
    .ask = ASK_WRITE,
    .legacy_name = "WriteFile",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Writes a text file.",
};
