/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's life: waiting for its turn, then hop by hop, each decided anew: the URL, the addresses, the credentials.
 *
 * What fails is noted at once and ended from the loop, never from within libcurl or while a name is looked up for it.
 */
#include "internal.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WITHOUT_BODY (NET_GET | NET_HEAD)

void request_ref(struct gateway_request *r) { atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed); }

void gateway_request_unref(struct gateway_request *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (r->copies)
        explicit_bzero(r->copies, r->copies_len);
    free((void *)(uintptr_t)r->ask.fields);
    free(r->copies);
    free(r->wanted);
    grants_unref(r->ask.grants);
    scope_unref(r->scope);
    mail_unref(r->mail);
    free(r);
}

void request_fail(struct gateway_request *r, enum gateway_end end, const char *fmt, ...)
{
    va_list ap;
    if (r->failed)
        return;
    r->failed = true;
    r->end = end;
    va_start(ap, fmt);
    vsnprintf(r->message, sizeof r->message, fmt, ap);
    va_end(ap);
    r->message[text_cut(r->message, strlen(r->message), sizeof r->message - 1)] = '\0';
}

static void deadline_closed(uv_handle_t *h) { gateway_request_unref(h->data); }

static void leave_hop(struct gateway_request *r)
{
    if (r->lookup)
        names_cancel(r->lookup);
    r->lookup = NULL;
    transfer_stop(r);
    free(take(r->location));
    answer_finish(&r->answer);
}

void request_end(struct gateway_request *r)
{
    struct gateway *g = r->gateway;
    if (r->state == REQUEST_OVER)
        return;
    leave_hop(r);
    queue_remove(r);
    r->state = REQUEST_OVER;
    url_finish(&g->curl, &r->url);
    if (r->timed)
        uv_close((uv_handle_t *)&r->deadline, deadline_closed);
    struct gateway_result result = {.end = r->failed ? r->end : GATEWAY_OK, .message = r->message, .denial = r->denial, .wanted = r->wanted ? r->wanted : "", .redirects = r->redirects};
    r->ask.events->done(r->ask.data, &result);
    scope_left(r->scope);
    gateway_request_unref(r);
    queue_run(g);
}

/* ---- a hop ---- */

static void fetch(struct gateway_request *r)
{
    r->state = REQUEST_FETCHING;
    if (!transfer_start(r))
        request_end(r);
}

static void resolved(struct gateway_request *r, const struct address *a, size_t n)
{
    if (decide_addresses(r, a, n))
        fetch(r);
    else
        request_end(r);
}

static void found(void *data, enum names_end end, const struct address *a, size_t n)
{
    struct gateway_request *r = data;
    const char *host = r->by_proxy ? r->gateway->proxy_host.text : r->url.host.text;
    r->lookup = NULL;
    switch (end) {
    case NAMES_FOUND: resolved(r, a, n); return;
    case NAMES_NOT_FOUND: request_fail(r, GATEWAY_NO_NAME, "there is no host %s: its name does not resolve", host); break;
    case NAMES_NO_ANSWER: request_fail(r, GATEWAY_NO_NAME, "the name %s could not be looked up: no DNS server gave an answer", host); break;
    case NAMES_NO_RESOURCES: request_fail(r, GATEWAY_NO_RESOURCES, "the name %s could not be looked up: out of memory, or too many look-ups at once", host); break;
    }
    request_end(r);
}

static void resolve(struct gateway_request *r, const struct host *h)
{
    struct address a[2];
    if (h->kind != HOST_NAME && address_parse(h->text, &a[0])) {
        resolved(r, a, 1);
    } else if (host_is_literal_or_localhost(h)) {
        address_parse("127.0.0.1", &a[0]);
        address_parse("::1", &a[1]);
        resolved(r, a, 2);
    } else {
        atomic_fetch_add_explicit(&r->gateway->n_lookups, 1, memory_order_relaxed);
        struct lookup *l = names_find(&r->gateway->names, h->text, found, r);
        if (l)
            r->lookup = l;
    }
}

static bool is_this_machine(const struct host *h)
{
    return host_is_literal_or_localhost(h) && (h->kind == HOST_NAME || !strncmp(h->text, "127.", 4) || !strcmp(h->text, "::1"));
}

/* The URL of this hop was let through: what is its address? */
void request_go(struct gateway_request *r)
{
    const struct gateway *g = r->gateway;
    r->state = REQUEST_RESOLVING;
    r->by_proxy = g->has_proxy && !is_this_machine(&r->url.host);
    r->pin_port = r->by_proxy ? g->proxy_port : r->url.port;
    if (r->url.scheme == NET_HTTPS && !g->authorities.len) {
        request_fail(r, GATEWAY_TLS, "this machine has no certificate authorities to check %s with: install ca-certificates, or set egress.ca_file", r->url.host.text);
        request_end(r);
        return;
    }
    request_ref(r); /* it may end before this returns */
    resolve(r, r->by_proxy ? &g->proxy_host : &r->url.host);
    gateway_request_unref(r);
}

/* ---- redirects ---- */

static bool is_of_body(const struct gateway_field *f)
{
    return field_is(f, "content-type") || field_is(f, "content-encoding") || field_is(f, "content-language") || field_is(f, "content-location");
}

static bool is_for_origin(const struct gateway_field *f)
{
    return field_is(f, "authorization") || field_is(f, "cookie");
}

static void drop_fields(struct gateway_request *r, bool (*which)(const struct gateway_field *))
{
    struct gateway_field *fields = (struct gateway_field *)(uintptr_t)r->ask.fields; /* our own copy */
    size_t kept = 0;
    for (size_t i = 0; i < r->ask.n_fields; i++)
        if (!which(&fields[i]))
            fields[kept++] = fields[i];
    r->ask.n_fields = kept;
}

/* As browsers do: 303 is fetched with GET, and so is what a POST led to by 301 or 302. */
static void change_method(struct gateway_request *r, unsigned status)
{
    if ((status != 303 || r->method & WITHOUT_BODY) && !((status == 301 || status == 302) && r->method == NET_POST))
        return;
    r->method = NET_GET;
    r->ask.method = net_method_name(NET_GET);
    r->ask.body_len = 0;
    drop_fields(r, is_of_body);
}

static bool follow(struct gateway_request *r, const char *location, unsigned status)
{
    struct url next;
    if (r->redirects == GATEWAY_REDIRECTS_MAX) {
        request_fail(r, GATEWAY_REDIRECTS, "more than %d redirects", GATEWAY_REDIRECTS_MAX);
        return false;
    }
    const char *why = url_follow(&r->gateway->curl, &r->url, location, &next);
    if (why) {
        request_fail(r, GATEWAY_REDIRECTS, "the server %s redirects to a URL that cannot be fetched: %s", r->url.host.text, why);
        return false;
    }
    if (!url_same_origin(&r->url, &next))
        drop_fields(r, is_for_origin);
    url_finish(&r->gateway->curl, &r->url);
    r->url = next;
    r->redirects++;
    change_method(r, status);
    return decide_url(r);
}

/* ---- how a hop ended ---- */

static bool is_tls(CURLcode code)
{
    return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CIPHER || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

static bool is_unconnected(const struct gateway_request *r, CURLcode code)
{
    long sent = 0;
    r->gateway->curl.curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &sent);
    return (code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT) && sent == 0 && r->sent == 0;
}

/* libcurl's own words are shown where they cannot hold anything of the request. */
static void note(struct gateway_request *r, CURLcode code)
{
    const char *host = r->url.host.text, *words = r->gateway->curl.curl_easy_strerror(code);
    unsigned port = r->url.port;
    if (code == CURLE_OK)
        return;
    if (is_tls(code))
        request_fail(r, GATEWAY_TLS, "no trusted connection to %s:%u: %.200s", host, port, r->curl_error[0] ? r->curl_error : words);
    else if (is_unconnected(r, code) && r->by_proxy)
        request_fail(r, GATEWAY_NO_CONNECTION, "cannot connect to the proxy %s:%u", r->gateway->proxy_host.text, r->gateway->proxy_port);
    else if (is_unconnected(r, code))
        request_fail(r, GATEWAY_NO_CONNECTION, "cannot connect to %s:%u", host, port);
    else if (code == CURLE_FILESIZE_EXCEEDED)
        request_fail(r, GATEWAY_TOO_LARGE, "the answer is larger than %zu bytes, which is all that may come", r->ask.response_max);
    else if (code == CURLE_OUT_OF_MEMORY)
        request_fail(r, GATEWAY_NO_RESOURCES, "memory ran out");
    else if (code == CURLE_PARTIAL_FILE)
        request_fail(r, GATEWAY_PROTOCOL, "%s:%u hung up before its answer was complete", host, port);
    else if (code == CURLE_GOT_NOTHING)
        request_fail(r, GATEWAY_PROTOCOL, "%s:%u hung up without an answer", host, port);
    else
        request_fail(r, GATEWAY_PROTOCOL, "the exchange with %s:%u failed: %s", host, port, words);
}

void request_fetched(struct gateway_request *r, CURLcode code)
{
    bool again = !r->failed && is_unconnected(r, code) && r->pin + 1 < r->n_pins;
    cleanup_free char *location = r->failed ? NULL : take(r->location);
    unsigned status = r->answer.status;
    if (!again && !location)
        note(r, code);
    leave_hop(r);
    if (again) {
        r->pin++;
        fetch(r);
    } else if (location && follow(r, location, status)) {
        request_go(r);
    } else {
        request_end(r);
    }
}

/* ---- from other threads ---- */

static void too_late(uv_timer_t *t)
{
    struct gateway_request *r = t->data;
    request_fail(r, GATEWAY_DEADLINE, "the time was over");
    request_end(r);
}

/* False: it is over already. */
static bool set_deadline(struct gateway_request *r)
{
    uint64_t now = clock_now_ns(), left = r->ask.deadline_ns > now ? r->ask.deadline_ns - now : 0;
    if (left == 0)
        request_fail(r, GATEWAY_DEADLINE, "the time was over");
    if (left == 0 || r->ask.deadline_ns == UINT64_MAX)
        return left > 0;
    uv_timer_init(&r->gateway->loop, &r->deadline);
    r->deadline.data = r;
    r->timed = true;
    request_ref(r);
    uv_update_time(&r->gateway->loop);
    uv_timer_start(&r->deadline, too_late, left / 1000000 + 2, 0); /* the loop counts whole ms, from one that has begun */
    return true;
}

static bool parse(struct gateway_request *r)
{
    const char *why = url_parse(&r->gateway->curl, r->ask.url, r->ask.url_len, &r->url);
    if (why)
        request_fail(r, GATEWAY_BAD_REQUEST, "the URL is refused: %s", why);
    return !why;
}

static bool is_usable(struct gateway_request *r)
{
    if (atomic_load(&r->gateway->ending))
        request_fail(r, GATEWAY_CANCELLED, "the host is shutting down");
    else if (r->gateway->unusable)
        request_fail(r, GATEWAY_NO_RESOURCES, "%s", r->gateway->why_unusable);
    return !r->failed;
}

static void begin(struct gateway_request *r)
{
    if (r->failed || !is_usable(r) || !parse(r) || !decide_url(r) || !set_deadline(r)) {
        request_end(r);
        return;
    }
    if (!queue_add(r)) {
        request_fail(r, GATEWAY_NO_RESOURCES, "too many requests of this skill wait already");
        request_end(r);
        return;
    }
    queue_run(r->gateway);
}

static void taken(struct post *p)
{
    struct gateway_request *r = (struct gateway_request *)((char *)p - offsetof(struct gateway_request, post));
    unsigned wants = atomic_exchange(&r->wants, 0);
    if (wants & WANT_CANCEL)
        request_fail(r, GATEWAY_CANCELLED, "it was cancelled");
    if (wants & WANT_START && r->state == REQUEST_NEW)
        begin(r);
    else if (wants & WANT_CANCEL)
        request_end(r);
    if (r->state == REQUEST_FETCHING && wants & (WANT_RECEIVE | WANT_SEND)) {
        r->receive_paused = r->receive_paused && !(wants & WANT_RECEIVE);
        r->send_paused = r->send_paused && !(wants & WANT_SEND);
        transfer_resume(r);
    }
    gateway_request_unref(r);
}

static bool post(struct gateway_request *r, unsigned wants)
{
    request_ref(r);
    atomic_fetch_or(&r->wants, wants);
    if (mail_post(r->mail, &r->post))
        return true;
    gateway_request_unref(r);
    return false;
}

void gateway_cancel(struct gateway_request *r) { post(r, WANT_CANCEL); }

void gateway_resume(struct gateway_request *r, unsigned directions)
{
    post(r, (directions & GATEWAY_RECEIVE ? WANT_RECEIVE : 0) | (directions & GATEWAY_SEND ? WANT_SEND : 0));
}

/* ---- start ---- */

static char *put(char **at, const char *bytes, size_t len)
{
    char *copy = memcpy(*at, bytes, len);
    *at += len;
    return copy;
}

/* URL and fields into one block; they are within their ceilings. */
static int copy_texts(struct gateway_request *r, const struct gateway_ask *ask, cordon_error **err)
{
    size_t len = ask->url_len;
    for (size_t i = 0; i < ask->n_fields; i++)
        len += ask->fields[i].name_len + ask->fields[i].value_len;
    struct gateway_field *fields = calloc(ask->n_fields + 1, sizeof *fields);
    char *at = r->copies = malloc(len + 1);
    r->copies_len = at ? len : 0;
    r->ask.fields = fields;
    if (!fields || !at)
        return err_nomem(err);
    r->ask.url = put(&at, ask->url, ask->url_len);
    for (size_t i = 0; i < ask->n_fields; i++) {
        fields[i] = ask->fields[i];
        fields[i].name = put(&at, ask->fields[i].name, ask->fields[i].name_len);
        fields[i].value = put(&at, ask->fields[i].value, ask->fields[i].value_len);
    }
    return 0;
}

/* What is never sent. Then it is not copied either: the request only tells. */
static bool check(struct gateway_request *r, const struct gateway_ask *ask)
{
    const struct gateway_field *field;
    const char *why = fields_refuse(ask->fields, ask->n_fields, ask->decode, &field);
    r->method = (enum net_method)net_method_find(ask->method, strlen(ask->method));
    if (!r->method)
        request_fail(r, GATEWAY_BAD_REQUEST, "the method is refused: GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS are sent");
    else if (ask->url_len > GATEWAY_URL_MAX)
        request_fail(r, GATEWAY_BAD_REQUEST, "the URL is refused: it is longer than 8,192 bytes");
    else if (why && field)
        request_fail(r, GATEWAY_BAD_REQUEST, "a header is refused: %s", why);
    else if (why)
        request_fail(r, GATEWAY_BAD_REQUEST, "the headers are refused: %s", why);
    else if (r->method & WITHOUT_BODY && (ask->body_len > 0 || ask->streams))
        request_fail(r, GATEWAY_BAD_REQUEST, "a %s has no body", net_method_name(r->method));
    else if (ask->body_len > ask->request_max || (ask->streams && ask->stream_len > 0 && (uint64_t)ask->stream_len > ask->request_max))
        request_fail(r, GATEWAY_TOO_LARGE, "the body of the request is larger than %zu bytes", ask->request_max);
    return !r->failed;
}

static int copy_ask(struct gateway_request *r, const struct gateway_ask *ask, cordon_error **err)
{
    r->ask = *ask;
    r->ask.fields = NULL;
    r->ask.n_fields = 0;
    r->ask.follow = ask->follow && !ask->streams;
    if (ask->grants)
        grants_ref(ask->grants);
    if (!check(r, ask))
        return 0;
    r->ask.n_fields = ask->n_fields;
    r->ask.method = net_method_name(r->method);
    return copy_texts(r, ask, err);
}

static void cleanup_request(struct gateway_request **r) { gateway_request_unref(*r); }

int gateway_start(struct gateway_scope *s, const struct gateway_ask *ask, struct gateway_request **ret, cordon_error **err)
{
    cleanup(cleanup_request) struct gateway_request *r = calloc(1, sizeof *r);
    if (!r)
        return err_nomem(err);
    r->refs = 1;
    r->post.take = taken;
    r->gateway = s->gateway;
    r->mail = s->mail;
    mail_ref(r->mail);
    r->scope = s;
    scope_ref(s);
    answer_init(&r->answer);
    int rc = copy_ask(r, ask, err);
    if (rc < 0 || (rc = gateway_run(r->gateway, err)) < 0)
        return rc;
    request_ref(r); /* the gateway's, until it is over */
    if (ret) {
        request_ref(r);
        *ret = r; /* before its first event */
    }
    if (post(r, WANT_START))
        return 0;
    gateway_request_unref(r);
    if (ret)
        gateway_request_unref(take(*ret));
    return err_set(err, CORDON_E_NO_RESOURCES, NULL, "the gateway has been closed");
}
