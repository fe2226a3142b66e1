/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http_out.h"
#include "base/cleanup.h"
#include "egress/gateway.h"
#include "engine/call.h"

#include <stdlib.h>
#include <string.h>

/* A request as it is sent, when the audit lets it: all it needs is its own. */
struct outgoing {
    char method[16];
    char *url;
    size_t url_len, n_fields, left;
    bool has_body;
    int64_t body_len;
    uint64_t deadline_ns;
    struct gateway_field field[GATEWAY_FIELDS_MAX];
    char bytes[];                         /* what all these point to */
};

/* One exchange. Two owners: the shim's handle, and the gateway until it is done, or whoever lets it begin. */
struct exchange {
    _Atomic uint32_t refs;
    struct call *call;                    /* a reference */
    struct shim_exchange *theirs;         /* until done */
    struct powers *powers;                /* a reference: what it was sent with */
    struct effects *effects;              /* a reference; NULL where no audit is kept */
    _Atomic bool too_much;
    pthread_mutex_t lock;
    bool dropped;                         /* from here on under the lock: nobody wants it any more */
    struct outgoing *held;                /* it has not begun: the audit has to know first */
    struct gateway_request *request;      /* NULL until it begins, then for good */
};

/* ---- what is left with the call ---- */

void http_out_init(struct http_out *h) { pthread_mutex_init(&h->lock, NULL); }

static void note_denial(struct http_out *h, const char *wanted, enum denial why)
{
    pthread_mutex_lock(&h->lock);
    if (!h->denials)
        h->denials = calloc(HTTP_OUT_DENIALS_MAX, sizeof *h->denials);
    char *copy = h->denials && !h->over && h->n_denials < HTTP_OUT_DENIALS_MAX ? strdup(wanted) : NULL;
    if (copy)
        h->denials[h->n_denials++] = (struct http_denial){copy, why};
    pthread_mutex_unlock(&h->lock);
}

void http_out_note(struct call *c, struct http_out *h, bool last)
{
    if (!h->bytes_max)
        return; /* it never sent anything */
    pthread_mutex_lock(&h->lock);
    for (unsigned i = 0; i < h->n_denials; i++) {
        call_denied(c, "net", 3, h->denials[i].wanted, strlen(h->denials[i].wanted), denial_text(h->denials[i].why));
        free(h->denials[i].wanted);
    }
    h->n_denials = 0;
    h->over = last;
    pthread_mutex_unlock(&h->lock);
}

void http_out_finish(struct http_out *h)
{
    for (unsigned i = 0; i < h->n_denials; i++)
        free(h->denials[i].wanted);
    free(h->denials);
    pthread_mutex_destroy(&h->lock);
}

static void exchange_unref(struct exchange *x)
{
    if (atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) != 1)
        return;
    gateway_request_unref(x->request);
    powers_unref(x->powers);
    effects_unref(x->effects);
    call_unref(x->call);
    pthread_mutex_destroy(&x->lock);
    free(x->held);
    free(x);
}

/* ---- on the gateway's thread ---- */

/* Counts what a body carries; over the call's limit the exchange ends. */
static bool count(struct exchange *x, size_t bytes)
{
    struct http_out *h = call_http_out(x->call);
    if (atomic_fetch_add(&h->bytes, bytes) + bytes <= h->bytes_max)
        return true;
    atomic_store(&x->too_much, true);
    gateway_cancel(x->request);
    return false;
}

static void on_head(void *data, unsigned status, const struct gateway_field *fields, size_t n)
{
    struct exchange *x = data;
    struct shim_http_field shown[GATEWAY_FIELDS_MAX];
    n = n > GATEWAY_FIELDS_MAX ? GATEWAY_FIELDS_MAX : n;
    for (size_t i = 0; i < n; i++)
        shown[i] = (struct shim_http_field){(const uint8_t *)fields[i].name, fields[i].name_len, (const uint8_t *)fields[i].value, fields[i].value_len};
    shim_exchange_head(x->theirs, status, shown, n);
}

static enum gateway_flow on_body(void *data, const void *bytes, size_t len)
{
    struct exchange *x = data;
    if (!count(x, len))
        return GATEWAY_GO_ON; /* its end is on its way */
    return shim_exchange_body(x->theirs, bytes, len) ? GATEWAY_PAUSE : GATEWAY_GO_ON;
}

static long on_more(void *data, void *buf, size_t cap)
{
    struct exchange *x = data;
    long n = shim_exchange_more(x->theirs, buf, cap);
    if (n > 0 && !count(x, (size_t)n))
        return GATEWAY_MORE_FAILED;
    return n == -1 ? GATEWAY_MORE_LATER : n < 0 ? GATEWAY_MORE_FAILED : n;
}

static enum shim_http_end end_of(const struct exchange *x, enum gateway_end end)
{
    if (atomic_load(&x->too_much))
        return SHIM_HTTP_TOO_LARGE;
    switch (end) {
    case GATEWAY_OK: return SHIM_HTTP_OK;
    case GATEWAY_DENIED: return SHIM_HTTP_DENIED;
    case GATEWAY_BAD_REQUEST: return SHIM_HTTP_BAD_REQUEST;
    case GATEWAY_NO_NAME: return SHIM_HTTP_NO_NAME;
    case GATEWAY_NO_CONNECTION: return SHIM_HTTP_NO_CONNECTION;
    case GATEWAY_TLS: return SHIM_HTTP_TLS;
    case GATEWAY_TOO_LARGE: return SHIM_HTTP_TOO_LARGE;
    case GATEWAY_DEADLINE:
    case GATEWAY_CANCELLED: return SHIM_HTTP_DEADLINE;
    case GATEWAY_NO_SECRET:
    case GATEWAY_NO_RESOURCES: return SHIM_HTTP_NO_RESOURCES;
    case GATEWAY_REDIRECTS:
    case GATEWAY_PROTOCOL: return SHIM_HTTP_PROTOCOL;
    }
    return SHIM_HTTP_PROTOCOL;
}

static void on_done(void *data, const struct gateway_result *result)
{
    struct exchange *x = data;
    struct http_out *h = call_http_out(x->call);
    if (result->end == GATEWAY_DENIED)
        note_denial(h, result->wanted, result->denial);
    atomic_fetch_sub(&h->open, 1);
    shim_exchange_done(take(x->theirs), end_of(x, result->end));
    exchange_unref(x);
}

static const struct gateway_events events = {on_head, on_body, on_more, on_done};

/* ---- on the guest's fiber: check, copy, hand on ---- */

/* A denial names the origin, as the gateway's do: so all that was wanted of one place is one line. */
static size_t origin_of(const struct shim_http_request *r)
{
    const uint8_t *end = memmem(r->url, r->url_len, "://", 3);
    const uint8_t *path = end ? memchr(end + 3, '/', (size_t)(r->url + r->url_len - end - 3)) : NULL;
    return path ? (size_t)(path - r->url) : r->url_len;
}

/* Denied on the spot what no grant could serve. */
static bool may_ask(struct call *c, const struct shim_http_request *r, enum shim_http_end *ret_end)
{
    if (call_powers(c)->net && grants_any(call_powers(c)->grants, ASK_NET))
        return true;
    call_denied(c, "net", 3, (const char *)r->url, origin_of(r), denial_text(grants_asks_any(call_powers(c)->grants, ASK_NET) ? DENIAL_NOT_GRANTED : DENIAL_NOT_ASKED));
    *ret_end = SHIM_HTTP_DENIED;
    return false;
}

/* A place among the call's exchanges, with the memory that one keeps at most. */
static bool take_place(struct call *c, struct http_out *h, enum shim_http_end *ret_end)
{
    *ret_end = SHIM_HTTP_NO_RESOURCES;
    unsigned open = atomic_load(&h->open);
    if (open >= HTTP_OUT_MAX || (open >= h->charged && !call_keep(c, HTTP_OUT_KEPT_BYTES)))
        return false;
    h->charged = open >= h->charged ? open + 1 : h->charged;
    if (!h->bytes_max)
        h->bytes_max = call_carry_left(c);
    atomic_fetch_add(&h->open, 1);
    return true;
}

/* ---- sending ---- */

static char *put(char **at, const void *bytes, size_t len)
{
    char *copy = *at;
    memcpy(copy, bytes, len);
    *at += len;
    return copy;
}

/* NULL: it is none that could be sent, or there is no memory. */
static struct outgoing *copy_request(struct call *c, const struct shim_http_request *r)
{
    size_t bytes = r->url_len;
    if (r->method_len >= sizeof ((struct outgoing *)NULL)->method || r->n_fields > GATEWAY_FIELDS_MAX)
        return NULL;
    for (size_t i = 0; i < r->n_fields; i++)
        bytes += r->fields[i].name_len + r->fields[i].value_len;
    struct outgoing *o = malloc(sizeof *o + bytes);
    if (!o)
        return NULL;
    char *at = o->bytes;
    memcpy(o->method, r->method, r->method_len);
    o->method[r->method_len] = '\0';
    o->url = put(&at, r->url, r->url_len);
    o->url_len = r->url_len;
    o->has_body = r->has_body;
    o->body_len = r->body_len;
    o->left = call_carry_left(c);
    o->deadline_ns = call_deadline_ns(c);
    o->n_fields = r->n_fields;
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct shim_http_field *f = &r->fields[i];
        char *name = put(&at, f->name, f->name_len), *value = put(&at, f->value, f->value_len);
        o->field[i] = (struct gateway_field){name, value, f->name_len, f->value_len};
    }
    return o;
}

/* Under the lock. */
static int start(struct exchange *x, const struct outgoing *o)
{
    const struct gateway_ask ask = {
        .method = o->method, .url = o->url, .url_len = o->url_len, .fields = o->field, .n_fields = o->n_fields, .streams = o->has_body, .stream_len = o->body_len,
        .grants = x->powers->grants, .deadline_ns = o->deadline_ns, .request_max = o->left, .response_max = o->left, .secret = powers_secret, .secrets = x->powers,
        .events = &events, .data = x,
    };
    return gateway_start(x->powers->net, &ask, &x->request, NULL);
}

/* It will never begin. */
static void end_unsent(struct exchange *x, enum shim_http_end end)
{
    atomic_fetch_sub(&call_http_out(x->call)->open, 1);
    shim_exchange_done(take(x->theirs), end);
    exchange_unref(x);
}

/* The audit knows that the call has started, or cannot. On its thread. */
static void on_audited(void *data)
{
    struct exchange *x = data;
    enum shim_http_end end = SHIM_HTTP_OK;
    pthread_mutex_lock(&x->lock);
    if (x->dropped)
        end = SHIM_HTTP_DEADLINE;
    else if (effects_step(x->effects) != EFFECTS_GO)
        end = SHIM_HTTP_NO_RESOURCES;
    else if (start(x, x->held) < 0)
        end = SHIM_HTTP_BAD_REQUEST;
    pthread_mutex_unlock(&x->lock);
    if (end != SHIM_HTTP_OK)
        end_unsent(x, end);
}

static void on_audited_drop(void *data) { exchange_unref(data); }

/* False: it has not begun, and never will; *ret_end says why. */
static bool begin(struct exchange *x, enum shim_http_end *ret_end)
{
    atomic_fetch_add(&x->refs, 1); /* the audit's */
    enum effects_step step = effects_begin(x->effects, EFFECT_NET, &(struct host_waker){on_audited, on_audited_drop, x});
    if (step == EFFECTS_PENDING)
        return true;
    exchange_unref(x);
    *ret_end = step == EFFECTS_GO ? SHIM_HTTP_BAD_REQUEST : SHIM_HTTP_NO_RESOURCES;
    pthread_mutex_lock(&x->lock);
    bool begun = step == EFFECTS_GO && start(x, x->held) == 0;
    pthread_mutex_unlock(&x->lock);
    return begun;
}

static struct exchange *new_exchange(struct call *c, const struct shim_http_request *r, struct shim_exchange *ex, enum shim_http_end *ret_end)
{
    struct effects *effects = NULL;
    struct outgoing *o = call_effects(c, &effects) ? copy_request(c, r) : NULL;
    struct exchange *x = o ? calloc(1, sizeof *x) : NULL;
    *ret_end = o ? SHIM_HTTP_NO_RESOURCES : SHIM_HTTP_BAD_REQUEST;
    if (!x) {
        free(o);
        return NULL;
    }
    *x = (struct exchange){.refs = 2, .call = c, .theirs = ex, .powers = call_own_powers(c), .effects = effects, .held = o};
    pthread_mutex_init(&x->lock, NULL);
    powers_ref(x->powers);
    effects_ref(x->effects);
    call_ref(c);
    return x;
}

void *http_out_send(void *data, const struct shim_http_request *r, struct shim_exchange *ex, enum shim_http_end *ret_end)
{
    struct call *c = data;
    struct http_out *h = call_http_out(c);
    if (!call_count_host_call(c, r->url_len) || !may_ask(c, r, ret_end) || !take_place(c, h, ret_end))
        return NULL;
    struct exchange *x = new_exchange(c, r, ex, ret_end);
    if (x && begin(x, ret_end))
        return x;
    atomic_fetch_sub(&h->open, 1);
    if (x) {
        exchange_unref(x);
        exchange_unref(x);
    }
    return NULL;
}

/* ---- from any thread ---- */

/* What has not begun has nothing to go on with. */
void http_out_resume(void *handle, unsigned directions)
{
    struct exchange *x = handle;
    pthread_mutex_lock(&x->lock);
    struct gateway_request *request = x->request;
    pthread_mutex_unlock(&x->lock);
    if (request)
        gateway_resume(request, directions);
}

void http_out_drop(void *handle)
{
    struct exchange *x = handle;
    pthread_mutex_lock(&x->lock);
    struct gateway_request *request = x->request;
    x->dropped = true;
    pthread_mutex_unlock(&x->lock);
    if (request)
        gateway_cancel(request);
    exchange_unref(x);
}
