/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn host_http_post = {
    .name = "http-post",
    .type = "func(url: string, body: string) -> result<string, string>",
    .strings = 2,
    .capability = "net",
    .ask = ASK_NET,
    .once = true,
    .legacy_name = "HttpPost",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Sends a body to a URL.",
};
