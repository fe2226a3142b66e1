/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/exchange.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

enum { PIPE_BYTES = 256 << 10, PIECE_BYTES = 16 << 10 /* the largest that the gateway hands over */, PROGRESS_EVERY_MS = 200 };

/* Between the two threads; all under the lock. Whoever waits is woken by the descriptor. */
struct pipe {
    char *bytes;
    size_t from, len;
};

struct flow {
    pthread_mutex_t lock;
    int wake;
    struct exchange *x;
    uint64_t total;               /* of the answer's body; 0: not known */
    struct pipe in, out;
    bool in_paused, out_dry, out_over, over;
    struct gateway_result result; /* once it is over */
    char message[GATEWAY_MESSAGE_MAX], wanted[GATEWAY_MESSAGE_MAX];
};

/* ---- on the gateway's thread ---- */

static void wake(struct flow *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->wake, &one, sizeof one);
    (void)n; /* full means readable already */
}

static bool is_named(const struct gateway_field *f, const char *name) { return f->name_len == strlen(name) && !memcmp(f->name, name, f->name_len); }

static void keep(char **where, const struct gateway_field *f)
{
    if (!*where)
        *where = strndup(f->value, f->value_len);
}

static uint64_t parse_length(const struct gateway_field *f)
{
    uint64_t n = 0;
    for (size_t i = 0; i < f->value_len; i++) {
        if (f->value[i] < '0' || f->value[i] > '9' || n > UINT64_MAX / 100)
            return 0;
        n = n * 10 + (uint64_t)(f->value[i] - '0');
    }
    return n;
}

static void take_field(struct flow *w, const struct gateway_field *f)
{
    struct exchange *x = w->x;
    if (is_named(f, "location"))
        keep(&x->location, f);
    else if (is_named(f, "content-type"))
        keep(&x->content_type, f);
    else if (is_named(f, "docker-content-digest"))
        keep(&x->digest, f);
    else if (is_named(f, "content-length"))
        w->total = parse_length(f);
    else if (is_named(f, "www-authenticate") && x->n_challenges < EXCHANGE_CHALLENGES_MAX && (x->challenge[x->n_challenges] = strndup(f->value, f->value_len)))
        x->n_challenges++;
}

static void on_head(void *data, unsigned status, const struct gateway_field *fields, size_t n)
{
    struct flow *w = data;
    pthread_mutex_lock(&w->lock);
    w->x->status = status;
    for (size_t i = 0; i < n; i++)
        take_field(w, &fields[i]);
    pthread_mutex_unlock(&w->lock);
}

static enum gateway_flow on_body(void *data, const void *bytes, size_t len)
{
    struct flow *w = data;
    pthread_mutex_lock(&w->lock);
    memcpy(w->in.bytes + w->in.len, bytes, len); /* there is room: else it was paused */
    w->in.len += len;
    w->in_paused = PIPE_BYTES - w->in.len < PIECE_BYTES;
    enum gateway_flow flow = w->in_paused ? GATEWAY_PAUSE : GATEWAY_GO_ON;
    wake(w);
    pthread_mutex_unlock(&w->lock);
    return flow;
}

static long on_more(void *data, void *buf, size_t cap)
{
    struct flow *w = data;
    pthread_mutex_lock(&w->lock);
    size_t n = w->out.len - w->out.from < cap ? w->out.len - w->out.from : cap;
    long given = n || w->out_over ? (long)n : GATEWAY_MORE_LATER;
    memcpy(buf, w->out.bytes + w->out.from, n);
    w->out.from += n;
    w->out_dry = !w->out_over && w->out.from == w->out.len;
    if (w->out_dry)
        wake(w);
    pthread_mutex_unlock(&w->lock);
    return given;
}

/* Under the lock to its last line: whoever waits gives all of this back once it sees `over`. */
static void on_done(void *data, const struct gateway_result *result)
{
    struct flow *w = data;
    pthread_mutex_lock(&w->lock);
    w->result = *result;
    snprintf(w->message, sizeof w->message, "%s", result->message);
    snprintf(w->wanted, sizeof w->wanted, "%s", result->wanted);
    w->over = true;
    wake(w);
    pthread_mutex_unlock(&w->lock);
}

/* ---- on the thread that waits ---- */

struct waiter {
    const struct fetch *f;
    const struct exchange_ask *ask;
    struct flow *flow;
    struct gateway_request *request;
    char *spare;          /* what is swapped with the pipe that came in */
    uint64_t sent, received, told_ns;
    bool cancelled;
    int rc;               /* the first failure of this side */
    cordon_error **err;
};

static void stop(struct waiter *v, int rc)
{
    if (v->rc == 0)
        v->rc = rc;
    gateway_cancel(v->request);
}

static void tell(struct waiter *v, uint64_t total, bool last)
{
    uint64_t now = clock_now_ns();
    if (!v->f->progress || !v->ask->progress || (!last && now - v->told_ns < PROGRESS_EVERY_MS * UINT64_C(1000000)))
        return;
    v->told_ns = now;
    if (v->ask->source)
        v->f->progress(v->f->data, v->sent, v->ask->source->len);
    else
        v->f->progress(v->f->data, v->received, total);
}

static int take_text(struct waiter *v, const char *bytes, size_t len, bool success)
{
    struct buf *body = &v->flow->x->body;
    size_t left = body->max - body->len;
    if (success && len > left)
        return err_set(v->err, CORDON_E_TOO_LARGE, v->ask->shown, "%s: the answer is larger than %zu bytes, which is all that may come", v->ask->shown, body->max);
    return buf_add(body, bytes, len < left ? len : left) < 0 ? err_nomem(v->err) : 0;
}

static void take_in(struct waiter *v, const char *bytes, size_t len)
{
    bool success = v->flow->x->status == 200;
    v->received += len;
    if (v->rc < 0)
        return;
    int rc = v->ask->sink && success ? sink_take(v->ask->sink, bytes, len, v->err) : take_text(v, bytes, len, success);
    if (rc < 0)
        stop(v, rc);
}

/* Reads on in the file that is sent. */
static void fill(struct waiter *v)
{
    struct flow *w = v->flow;
    const struct source *s = v->ask->source;
    char piece[PIECE_BYTES];
    uint64_t left = s->len - v->sent;
    ssize_t n = left ? pread(s->fd, piece, left < sizeof piece ? (size_t)left : sizeof piece, (off_t)v->sent) : 0;
    if (n < 0 || (n == 0 && left)) {
        stop(v, n < 0 ? err_errno(v->err, errno, "read", "what is to be sent") : err_set(v->err, CORDON_E_IO, NULL, "what is to be sent became shorter meanwhile"));
        return;
    }
    v->sent += (uint64_t)n;
    pthread_mutex_lock(&w->lock);
    memcpy(w->out.bytes, piece, (size_t)n);
    w->out = (struct pipe){.bytes = w->out.bytes, .len = (size_t)n};
    w->out_dry = false;
    w->out_over = v->sent == s->len;
    pthread_mutex_unlock(&w->lock);
    gateway_resume(v->request, GATEWAY_SEND);
}

/* What there is to do now. False: it is over, and nothing comes any more. */
static bool turn(struct waiter *v)
{
    struct flow *w = v->flow;
    pthread_mutex_lock(&w->lock);
    struct pipe in = w->in;
    bool paused = w->in_paused, dry = w->out_dry, over = w->over;
    uint64_t total = w->total;
    w->in = (struct pipe){.bytes = v->spare};
    w->in_paused = false;
    pthread_mutex_unlock(&w->lock);
    v->spare = in.bytes;
    if (in.len > 0)
        take_in(v, in.bytes, in.len);
    if (paused && !over)
        gateway_resume(v->request, GATEWAY_RECEIVE);
    if (dry && !over && v->rc == 0)
        fill(v);
    tell(v, total, over);
    return !over;
}

static void wait_for(struct waiter *v)
{
    struct pollfd p[2] = {{.fd = v->flow->wake, .events = POLLIN}, {.fd = v->cancelled ? -1 : v->f->cancel_fd, .events = POLLIN}};
    uint64_t count;
    if (poll(p, 2, -1) < 0)
        return;
    if (p[0].revents) {
        ssize_t n = read(v->flow->wake, &count, sizeof count);
        (void)n;
    }
    if (p[1].revents) {
        v->cancelled = true;
        stop(v, err_set(v->err, CORDON_E_FETCH_FAILED, v->ask->shown, "%s: given up, as was asked for", v->ask->shown));
    }
}

static int denied(const struct waiter *v)
{
    const struct flow *w = v->flow;
    const char *shown = v->ask->shown;
    if (w->result.redirects > 0) {
        err_set(v->err, CORDON_E_FETCH_FAILED, shown, "%s redirects to %s, where nothing is fetched from", shown, w->wanted);
        return err_hint(v->err, "A redirect may lead to a name of the open internet over https, and nowhere else. Name the other address itself if you mean it.");
    }
    if (w->result.denial != DENIAL_PRIVATE_ADDRESS)
        return err_set(v->err, CORDON_E_FETCH_FAILED, shown, "%s: nothing is fetched from %s", shown, w->wanted);
    err_set(v->err, CORDON_E_FETCH_FAILED, shown, "%s: the host leads to an address that is not of the open internet", shown);
    return err_hint(v->err, "If that is meant, let the range in with [egress] allow_private in the settings.");
}

static int ended(const struct waiter *v)
{
    const struct flow *w = v->flow;
    const char *shown = v->ask->shown;
    cordon_error **err = v->err;
    if (v->rc < 0)
        return v->rc;
    switch (w->result.end) {
    case GATEWAY_OK: return 0;
    case GATEWAY_DENIED: return denied(v);
    case GATEWAY_TOO_LARGE:
        if (v->ask->sink && v->ask->sink->exact)
            return sink_too_much(v->ask->sink, err);
        return err_set(err, CORDON_E_TOO_LARGE, shown, "%s: %s", shown, w->message);
    case GATEWAY_NO_RESOURCES: return err_set(err, CORDON_E_NO_RESOURCES, shown, "%s: %s", shown, w->message);
    case GATEWAY_BAD_REQUEST: return err_set(err, CORDON_E_USAGE, shown, "%s: %s", shown, w->message);
    default: return err_set(err, CORDON_E_FETCH_FAILED, shown, "%s: %s", shown, w->message);
    }
}

static const struct gateway_events events = {.head = on_head, .body = on_body, .more = on_more, .done = on_done};

static uint64_t max_of(const struct exchange_ask *a)
{
    uint64_t max = a->sink ? a->sink->max : a->max;
    return max > EXCHANGE_TEXT_MAX ? max : EXCHANGE_TEXT_MAX;
}

static int start(struct waiter *v)
{
    const struct exchange_ask *a = v->ask;
    const struct gateway_ask ask = {
        .method = a->method, .url = a->url, .url_len = strlen(a->url), .fields = a->fields, .n_fields = a->n_fields,
        .body = a->body, .body_len = a->body_len, .streams = a->source, .stream_len = a->source ? (int64_t)a->source->len : 0,
        .follow = a->follow, .anywhere = a->anywhere, .grants = a->grants, .deadline_ns = v->f->deadline_ns,
        .request_max = a->source ? (size_t)a->source->len : a->body_len, .response_max = max_of(a), .events = &events, .data = v->flow,
    };
    return gateway_start(v->f->net, &ask, &v->request, v->err);
}

static int run(struct waiter *v)
{
    int rc = start(v);
    if (rc < 0)
        return rc;
    while (turn(v))
        wait_for(v);
    gateway_request_unref(v->request);
    return ended(v);
}

int exchange(const struct fetch *f, const struct exchange_ask *ask, struct exchange *ret, cordon_error **err)
{
    struct exchange x = {0};
    struct flow flow = {.x = &x, .in.bytes = malloc(PIPE_BYTES), .out.bytes = malloc(PIECE_BYTES), .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    struct waiter v = {.f = f, .ask = ask, .flow = &flow, .spare = malloc(PIPE_BYTES), .err = err};
    int rc;
    buf_init(&x.body, ask->max > EXCHANGE_TEXT_MAX ? ask->max : EXCHANGE_TEXT_MAX);
    pthread_mutex_init(&flow.lock, NULL);
    if (flow.wake < 0)
        rc = err_errno(err, errno, "open", "an event descriptor");
    else
        rc = flow.in.bytes && flow.out.bytes && v.spare ? run(&v) : err_nomem(err);
    pthread_mutex_destroy(&flow.lock);
    free(flow.in.bytes);
    free(flow.out.bytes);
    free(v.spare);
    if (flow.wake >= 0)
        close(flow.wake);
    if (rc < 0)
        exchange_finish(&x);
    else
        *ret = x;
    return rc;
}

void exchange_finish(struct exchange *x)
{
    free(x->location);
    free(x->content_type);
    free(x->digest);
    for (size_t i = 0; i < x->n_challenges; i++)
        free(x->challenge[i]);
    buf_finish(&x->body);
    memset(x, 0, sizeof *x);
}

const char *exchange_status_words(unsigned status, char buf[48])
{
    static const struct { unsigned status; const char *words; } rows[] = {
        {400, "bad request"}, {401, "not authorized"}, {403, "forbidden"}, {404, "not found"}, {405, "not supported"}, {410, "gone"}, {413, "too large"},
        {429, "too many requests"}, {500, "the server failed"}, {502, "bad gateway"}, {503, "unavailable"}, {504, "gateway timeout"},
    };
    const char *words = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        words = rows[i].status == status ? rows[i].words : words;
    snprintf(buf, 48, "%u%s%s%s", status, words ? " (" : "", words ? words : "", words ? ")" : "");
    return buf;
}
