/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"
#include "host/http_op.h"

static void http_get(struct host_op *op)
{
    http_op_begin(op, &(struct http_request){.method = "GET", .url = host_op_arg(op, 0)});
}

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
    .begin = http_get,
};
