/* SPDX-License-Identifier: Apache-2.0 */
#include "host/http_op.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

enum { SHOWN_BODY_MAX = 1024 };

/* Two owners: whoever begins it, and the gateway until it is done. */
struct http_op {
    _Atomic uint32_t refs;
    struct host_op *op;              /* until it is answered */
    struct gateway_request *request;
    unsigned status;
    bool any_status;
    struct buf body;
};

static void http_op_unref(struct http_op *h)
{
    if (atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
        return;
    gateway_request_unref(h->request);
    buf_finish(&h->body);
    free(h);
}

/* ---- on the gateway's thread ---- */

static void on_head(void *data, unsigned status, const struct gateway_field *fields, size_t n)
{
    struct http_op *h = data;
    (void)fields, (void)n;
    h->status = status;
}

static enum gateway_flow on_body(void *data, const void *bytes, size_t len)
{
    struct http_op *h = data;
    if (buf_add(&h->body, bytes, len) < 0)
        gateway_cancel(h->request); /* out of memory: it is bounded by what the gateway lets through */
    return GATEWAY_GO_ON;
}

/* What a server says of its refusal is for the guest to read, as far as it is text. */
static void answer_status(struct http_op *h)
{
    size_t len = text_is_utf8(h->body.data ? h->body.data : "", h->body.len) ? h->body.len : 0;
    if (len > 0)
        host_op_answer_err(h->op, "HTTP %u: %.*s", h->status, (int)text_cut(h->body.data, len, SHOWN_BODY_MAX), h->body.data);
    else
        host_op_answer_err(h->op, "HTTP %u", h->status);
}

/* The text of a server is what it is. */
static void answer_number(struct http_op *h)
{
    size_t len;
    struct buf mended = {0};
    if (h->body.data && !text_is_utf8(h->body.data, h->body.len)) {
        buf_init(&mended, h->body.max);
        text_mend(&mended, h->body.data, h->body.len);
        buf_finish(&h->body);
        h->body = mended;
    }
    char *text = buf_take(&h->body, &len);
    if (text)
        host_op_answer_number(h->op, (int32_t)h->status, text, len);
    else
        host_op_answer_err(h->op, "%s failed: the answer is more than the call has room for", host_op_fn(h->op)->name);
}

static void answer(struct http_op *h, const struct gateway_result *result)
{
    size_t len;
    char *text;
    if (result->end == GATEWAY_DENIED)
        host_op_answer_denied(h->op, NULL, result->wanted, result->denial);
    else if (result->end != GATEWAY_OK)
        host_op_answer_err(h->op, "%s failed: %s", host_op_fn(h->op)->name, result->message);
    else if (h->any_status)
        answer_number(h);
    else if (h->status < 200 || h->status > 299)
        answer_status(h);
    else if ((text = buf_take(&h->body, &len)))
        host_op_answer_text(h->op, text, len);
    else
        host_op_answer_err(h->op, "%s failed: memory ran out", host_op_fn(h->op)->name);
}

static void on_done(void *data, const struct gateway_result *result)
{
    struct http_op *h = data;
    answer(h, result);
    http_op_unref(h);
}

static const struct gateway_events events = {.head = on_head, .body = on_body, .done = on_done};

/* ---- on the thread that polls the call ---- */

/* Under the operation's lock, so before it is answered: the gateway still holds it. */
static void abandon(void *data) { gateway_cancel(((struct http_op *)data)->request); }

static int start(struct http_op *h, const struct http_request *r, cordon_error **err)
{
    const struct powers *p = host_op_powers(h->op);
    const struct gateway_field type = {.name = "Content-Type", .name_len = strlen("Content-Type"), .value = r->type, .value_len = r->type ? strlen(r->type) : 0};
    const struct gateway_ask ask = {
        .method = r->method, .url = r->url.data, .url_len = r->url.len, .fields = &type, .n_fields = r->type ? 1 : 0, .body = r->body.data, .body_len = r->body.len,
        .follow = true, .decode = true, .grants = p->grants, .deadline_ns = host_op_deadline_ns(h->op), .request_max = r->body.len,
        .response_max = host_op_room(h->op), .secret = powers_secret, .secrets = (void *)(uintptr_t)p, .events = &events, .data = h,
    };
    return gateway_start(p->net, &ask, &h->request, err);
}

const char *http_op_type(struct host_str body)
{
    size_t at = 0;
    while (at < body.len && memchr(" \t\r\n", body.data[at], 4))
        at++;
    return at < body.len && (body.data[at] == '{' || body.data[at] == '[') ? "application/json" : "text/plain; charset=utf-8";
}

void http_op_begin(struct host_op *op, const struct http_request *r)
{
    cordon_error *err = NULL;
    struct http_op *h = host_op_powers(op)->net ? calloc(1, sizeof *h) : NULL;
    if (!h) {
        host_op_answer_err(op, "%s failed: %s", host_op_fn(op)->name, host_op_powers(op)->net ? "memory ran out" : "this host has no network");
        return;
    }
    *h = (struct http_op){.refs = 2, .op = op, .any_status = r->any_status};
    buf_init(&h->body, host_op_room(op));
    host_op_on_abandon(op, abandon, h);
    if (start(h, r, &err) < 0) { /* no event comes */
        host_op_on_abandon(op, NULL, NULL);
        host_op_answer_err(op, "%s failed: %s", host_op_fn(op)->name, cordon_error_message(err));
        cordon_error_free(err);
        http_op_unref(h);
    }
    http_op_unref(h);
}
