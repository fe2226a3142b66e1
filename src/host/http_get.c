/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn host_http_get = {
    .name = "http-get",
    .type = "func(url: string) -> result<string, string>",
    .strings = 1,
    .capability = "net",
    .ask = ASK_NET,
    .legacy_name = "HttpGet",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Fetches a URL.",
};
