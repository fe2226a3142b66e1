/* SPDX-License-Identifier: Apache-2.0
 * What http-get and http-post share: a request at the gateway, which decides each hop by the call's grants, and its answer as text. */
#pragma once
#include "host/op.h"

struct http_request {
    const char *method;    /* static */
    struct host_str url, body;
    const char *type;      /* Content-Type of the body, static; NULL: none */
    bool any_status;       /* it is answered with the status, whichever, and the text that came with it; else with the text, or an err */
};

/* What a body is sent as: JSON if it begins as a JSON object or array does, else text. Static. */
const char *http_op_type(struct host_str body);

/* Ends the caller's use of the operation. */
void http_op_begin(struct host_op *op, const struct http_request *request);
