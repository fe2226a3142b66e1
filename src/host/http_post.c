/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"
#include "host/http_op.h"

#include <string.h>

/* A body that begins as a JSON object or array does is sent as JSON, else as text. */
static const char *type_of(struct host_str body)
{
    size_t at = 0;
    while (at < body.len && memchr(" \t\r\n", body.data[at], 4))
        at++;
    return at < body.len && (body.data[at] == '{' || body.data[at] == '[') ? "application/json" : "text/plain; charset=utf-8";
}

static void http_post(struct host_op *op)
{
    struct host_str body = host_op_arg(op, 1);
    http_op_begin(op, &(struct http_request){.method = "POST", .url = host_op_arg(op, 0), .body = body, .type = type_of(body)});
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
