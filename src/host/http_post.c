/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"
#include "host/http_op.h"

static void http_post(struct host_op *op)
{
    struct host_str body = host_op_arg(op, 1);
    http_op_begin(op, &(struct http_request){.method = "POST", .url = host_op_arg(op, 0), .body = body, .type = http_op_type(body)});
}

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
    .begin = http_post,
};
