/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"
#include "host/http_op.h"

static void http_request(struct host_op *op)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"};
    uint32_t n = host_op_number(op, 0);
    if (n >= sizeof methods / sizeof *methods) {
        host_op_answer_err(op, "there is no method %d for http_request", (int32_t)n);
        return;
    }
    struct http_request r = {.method = methods[n], .url = host_op_arg(op, 0), .any_status = true};
    bool has_body = methods[n][0] != 'G' && methods[n][0] != 'H';
    if (has_body && host_op_arg(op, 1).len) {
        r.body = host_op_arg(op, 1);
        r.type = http_op_type(r.body);
    }
    http_op_begin(op, &r);
}

const struct host_fn blufio_http_request = {
    .name = "http-request",
    .type = "func(url: string, body: string, method: u32) -> s32",
    .strings = 2,
    .numbers = 1,
    .capability = "net",
    .ask = ASK_NET,
    .once = true,
    .denied = HOST_DENIED_TRAP,
    .result = HOST_RETURNS_NUMBER,
    .slot = HOST_SLOT_RESULT,
    .wanted_arg = 0,
    .doc = "Sends a request; the response text becomes the result.",
    .begin = http_request,
};
