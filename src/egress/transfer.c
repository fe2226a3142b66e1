/* SPDX-License-Identifier: Apache-2.0
 *
 * One hop as libcurl runs it. Callbacks that refuse to go on have said why with request_fail; request_fetched reads it.
 *
 * HTTP/1.1 alone: a connection then carries one request at a time, and one that is paused or flooded holds up no sibling.
 */
#include "internal.h"
#include "base/buf.h"
#include "base/cleanup.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECT_FIRST_MS = 3000, REDIRECT_BODY_MAX = 64 << 10 };
#define NO_BYTES_TAKEN 0 /* to libcurl: stop */

/* ---- while it runs ---- */

static size_t refuse(struct gateway_request *r, enum gateway_end end, const char *what)
{
    request_fail(r, end, "%s", what);
    return NO_BYTES_TAKEN;
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void take_head(struct gateway_request *r)
{
    struct gateway_field fields[GATEWAY_FIELDS_MAX];
    r->answered = true;
    if (r->ask.follow && is_redirect(r->answer.status) && (r->location = answer_value(&r->answer, "location")))
        return;
    size_t n = answer_fields(&r->answer, fields);
    if (r->ask.events->head)
        r->ask.events->head(r->ask.data, r->answer.status, fields, n);
}

static size_t take_line(char *line, size_t size, size_t n, void *data)
{
    struct gateway_request *r = data;
    size_t len = size * n;
    if (r->answered) { /* trailers: passed over, but counted */
        r->answer.bytes += len;
        return r->answer.bytes > GATEWAY_FIELD_BYTES_MAX ? refuse(r, GATEWAY_TOO_LARGE, "the server's trailers are longer than 64 KiB") : len;
    }
    switch (answer_take(&r->answer, line, len)) {
    case ANSWER_MORE: return len;
    case ANSWER_BAD: return refuse(r, GATEWAY_PROTOCOL, "the server's answer has a header that is none");
    case ANSWER_TOO_LARGE: return refuse(r, GATEWAY_TOO_LARGE, "the headers of the server's answer are more than 128 or longer than 64 KiB");
    case ANSWER_WHOLE: take_head(r);
    }
    return len;
}

static size_t too_large(struct gateway_request *r)
{
    request_fail(r, GATEWAY_TOO_LARGE, "the answer is larger than %zu bytes, which is all that may come", r->ask.response_max);
    return NO_BYTES_TAKEN;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *data)
{
    struct gateway_request *r = data;
    size_t len = size * n;
    if (!r->answered)
        return refuse(r, GATEWAY_PROTOCOL, "the server's answer has a body, but no head");
    if (r->receive_paused)
        return CURL_WRITEFUNC_PAUSE;
    r->received += len;
    if (r->location)
        return r->received > REDIRECT_BODY_MAX ? NO_BYTES_TAKEN : len; /* request_fetched goes on to the next hop either way */
    if (r->received > r->ask.response_max)
        return too_large(r);
    if (len > 0 && r->ask.events->body(r->ask.data, bytes, len) == GATEWAY_PAUSE && !r->ask.decode)
        r->receive_paused = true;
    return len;
}

static size_t give_body(char *buf, size_t size, size_t n, void *data)
{
    struct gateway_request *r = data;
    long given = r->ask.events->more(r->ask.data, buf, size * n);
    if (given == GATEWAY_MORE_LATER) {
        r->send_paused = true;
        return CURL_READFUNC_PAUSE;
    }
    if (given < 0 || (size_t)given > size * n || (given == 0 && r->ask.stream_len > 0 && r->sent < (uint64_t)r->ask.stream_len)) {
        request_fail(r, GATEWAY_CANCELLED, "the body of the request was not finished");
        return CURL_READFUNC_ABORT;
    }
    r->sent += (uint64_t)given;
    if (r->sent > r->ask.request_max) {
        request_fail(r, GATEWAY_TOO_LARGE, "the body of the request is larger than %zu bytes", r->ask.request_max);
        return CURL_READFUNC_ABORT;
    }
    return (size_t)given;
}

/* What comes in is counted here too: a body that decodes to nothing never reaches take_body. */
static int take_progress(void *data, curl_off_t to_come, curl_off_t come, curl_off_t to_send, curl_off_t gone)
{
    struct gateway_request *r = data;
    (void)to_come, (void)to_send, (void)gone;
    if (come <= 0 || r->location || (uint64_t)come <= r->ask.response_max)
        return 0;
    too_large(r);
    return 1;
}

int transfer_socket(const struct gateway_request *r, const struct sockaddr *where, int type, int protocol)
{
    struct address a = {.v6 = where->sa_family == AF_INET6};
    uint16_t port = 0;
    if (where->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)where;
        memcpy(a.bytes, &in6->sin6_addr, 16);
        port = ntohs(in6->sin6_port);
    } else if (where->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)where;
        memcpy(a.bytes, &in->sin_addr, 4);
        port = ntohs(in->sin_port);
    }
    if (port == 0 || port != r->pin_port || type != SOCK_STREAM || !address_equal(&a, &r->pins[r->pin]))
        return -1;
    return socket(where->sa_family, type | SOCK_CLOEXEC, protocol);
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct gateway_request *r = data;
    int fd = purpose == CURLSOCKTYPE_IPCXN ? transfer_socket(r, &where->addr, where->socktype, where->protocol) : -1;
    if (fd < 0)
        return CURL_SOCKET_BAD;
    atomic_fetch_add_explicit(&r->gateway->n_connections, 1, memory_order_relaxed);
    return fd;
}

/* ---- what is sent ---- */

static void wipe_list(const struct curl_api *api, struct curl_slist **list)
{
    for (struct curl_slist *i = *list; i; i = i->next)
        explicit_bzero(i->data, strlen(i->data));
    api->curl_slist_free_all(*list);
    *list = NULL;
}

static bool add_line(struct gateway_request *r, const char *line)
{
    struct curl_slist *longer = r->gateway->curl.curl_slist_append(r->fields, line);
    if (longer)
        r->fields = longer;
    else
        request_fail(r, GATEWAY_NO_RESOURCES, "memory ran out");
    return longer;
}

static const char *credential_name(const struct grant *g) { return g->kind == GRANT_BEARER ? "Authorization" : g->name; }

static void cleanup_secret(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
}

/* A secret that came out of a file has the file's last line break, which is none of it. */
static bool secret_is_clean(char *secret, size_t len)
{
    while (len > 0 && (secret[len - 1] == '\n' || secret[len - 1] == '\r'))
        secret[--len] = '\0';
    return len > 0 && strlen(secret) == len && field_value_is_clean(secret, len);
}

static bool add_credential(struct gateway_request *r, const struct grant *g)
{
    cleanup(cleanup_secret) char *value = NULL;
    cleanup(cleanup_secret) char *line = NULL;
    size_t len = 0;
    if (!r->ask.secret || r->ask.secret(r->ask.secrets, g->secret, &value, &len) < 0 || !value) {
        request_fail(r, GATEWAY_NO_SECRET, "the secret '%s', which a grant adds to requests to %s, is not there", g->secret, g->net.host.text);
        return false;
    }
    if (!secret_is_clean(value, len)) {
        request_fail(r, GATEWAY_NO_SECRET, "the secret '%s' is empty or has characters that no header may have", g->secret);
        return false;
    }
    if (asprintf(&line, "%s: %s%s", credential_name(g), g->kind == GRANT_BEARER ? "Bearer " : "", value) < 0) {
        line = NULL;
        request_fail(r, GATEWAY_NO_RESOURCES, "memory ran out");
        return false;
    }
    return add_line(r, line);
}

static bool is_credential(const struct gateway_request *r, const struct gateway_field *f)
{
    for (const struct grant *g = NULL; (g = decide_credential(r, g));)
        if (field_is(f, credential_name(g)))
            return true;
    return false;
}

/* libcurl reads `Name;` as a field without a value, and `Name:` as one to leave out. */
static bool add_field(struct gateway_request *r, const struct gateway_field *f)
{
    size_t at = 0;
    while (at < f->value_len && (f->value[at] == ' ' || f->value[at] == '\t'))
        at++;
    cleanup_free char *line = NULL;
    bool empty = at == f->value_len;
    if (asprintf(&line, "%.*s%s%.*s", (int)f->name_len, f->name, empty ? ";" : ": ", (int)(f->value_len - at), f->value + at) < 0) {
        line = NULL;
        request_fail(r, GATEWAY_NO_RESOURCES, "memory ran out");
        return false;
    }
    return add_line(r, line);
}

static bool add_fields(struct gateway_request *r)
{
    bool has_type = false;
    if (!add_line(r, "Expect:"))
        return false;
    for (size_t i = 0; i < r->ask.n_fields; i++) {
        const struct gateway_field *f = &r->ask.fields[i];
        has_type = has_type || field_is(f, "content-type");
        if (!is_credential(r, f) && !add_field(r, f))
            return false;
    }
    if (!has_type && !add_line(r, "Content-Type:"))
        return false;
    for (const struct grant *g = NULL; (g = decide_credential(r, g));)
        if (!add_credential(r, g))
            return false;
    return true;
}

/* ---- options ---- */

struct options {
    struct gateway_request *r;
    CURLcode rc;
};
#define SET(o, option, value) ((o)->rc = (o)->rc ? (o)->rc : (o)->r->gateway->curl.curl_easy_setopt((o)->r->easy, option, value))

static void set_method(struct options *o)
{
    const struct gateway_ask *a = &o->r->ask;
    if (o->r->method == NET_HEAD) {
        SET(o, CURLOPT_NOBODY, 1L);
        return;
    }
    if (a->streams) {
        SET(o, CURLOPT_UPLOAD, 1L);
        SET(o, CURLOPT_READFUNCTION, give_body);
        SET(o, CURLOPT_READDATA, o->r);
        SET(o, CURLOPT_INFILESIZE_LARGE, (curl_off_t)a->stream_len);
        SET(o, CURLOPT_FRESH_CONNECT, 1L); /* a reused one may turn out to be closed, and the body cannot be sent again */
    } else if (a->body_len > 0 || o->r->method & (NET_POST | NET_PUT | NET_PATCH)) {
        SET(o, CURLOPT_POST, 1L);
        SET(o, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)a->body_len);
        SET(o, CURLOPT_POSTFIELDS, a->body_len ? a->body : "");
    }
    SET(o, CURLOPT_CUSTOMREQUEST, a->method);
}

static void set_callbacks(struct options *o)
{
    SET(o, CURLOPT_HEADERFUNCTION, take_line);
    SET(o, CURLOPT_HEADERDATA, o->r);
    SET(o, CURLOPT_WRITEFUNCTION, take_body);
    SET(o, CURLOPT_WRITEDATA, o->r);
    SET(o, CURLOPT_XFERINFOFUNCTION, take_progress);
    SET(o, CURLOPT_XFERINFODATA, o->r);
    SET(o, CURLOPT_NOPROGRESS, 0L);
    SET(o, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(o, CURLOPT_OPENSOCKETDATA, o->r);
    SET(o, CURLOPT_PRIVATE, o->r);
    SET(o, CURLOPT_ERRORBUFFER, o->r->curl_error);
}

/* What libcurl would take from its environment or do of its own accord. */
static void set_nothing_else(struct options *o)
{
    SET(o, CURLOPT_NOSIGNAL, 1L);
    SET(o, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(o, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(o, CURLOPT_FOLLOWLOCATION, 0L);
    SET(o, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(o, CURLOPT_HTTP09_ALLOWED, 0L);
    SET(o, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(o, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(o, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(o, CURLOPT_USERAGENT, "cordon/" CORDON_VERSION);
    if (o->r->method != NET_HEAD)
        SET(o, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)(o->r->ask.response_max < INT64_MAX ? o->r->ask.response_max : INT64_MAX));
    if (o->r->ask.decode)
        SET(o, CURLOPT_ACCEPT_ENCODING, o->r->gateway->curl.encodings);
}

static CURLcode give_store(CURL *easy, void *ssl_ctx, void *data)
{
    const struct gateway *g = data;
    (void)easy;
    tls_store_use(&g->curl.openssl, g->store, ssl_ctx);
    return CURLE_OK;
}

static void set_authorities(struct options *o)
{
    struct gateway *g = o->r->gateway;
    if (g->curl.has_openssl && !g->store)
        g->store = tls_store_new(&g->curl.openssl, g->authorities.data, g->authorities.len);
    if (!g->store) {
        SET(o, CURLOPT_CAINFO_BLOB, &g->authorities);
        return;
    }
    SET(o, CURLOPT_SSL_CTX_FUNCTION, give_store);
    SET(o, CURLOPT_SSL_CTX_DATA, g);
}

static void set_tls(struct options *o)
{
    if (o->r->url.scheme != NET_HTTPS)
        return;
    SET(o, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(o, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(o, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(o, CURLOPT_CAINFO, (char *)NULL);
    SET(o, CURLOPT_CAPATH, (char *)NULL);
    set_authorities(o);
}

/* To the pin, whatever the name: libcurl has nothing to resolve. Behind a proxy the pin is the proxy's. */
static void set_way(struct options *o)
{
    struct gateway_request *r = o->r;
    char address[ADDRESS_TEXT], to[ADDRESS_TEXT + 32];
    const struct address *pin = &r->pins[r->pin];
    address_print(pin, address);
    const char *open = pin->v6 ? "[" : "", *close = pin->v6 ? "]" : "";
    if (r->by_proxy)
        snprintf(to, sizeof to, "http://%s%s%s:%u", open, address, close, r->pin_port);
    else
        snprintf(to, sizeof to, "::%s%s%s:%u", open, address, close, r->pin_port);
    SET(o, CURLOPT_PROXY, r->by_proxy ? to : "");
    SET(o, CURLOPT_NOPROXY, r->by_proxy ? "" : "*");
    if (!r->by_proxy && !(r->connect_to = r->gateway->curl.curl_slist_append(NULL, to)))
        o->rc = CURLE_OUT_OF_MEMORY;
    SET(o, CURLOPT_CONNECT_TO, r->connect_to);
    if (r->pin + 1 < r->n_pins)
        SET(o, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_FIRST_MS);
    else
        SET(o, CURLOPT_CONNECTTIMEOUT_MS, 24L * 3600 * 1000); /* the deadline comes first */
}

static bool set_all(struct gateway_request *r)
{
    struct options o = {.r = r};
    set_nothing_else(&o);
    set_callbacks(&o);
    set_tls(&o);
    set_way(&o);
    set_method(&o);
    SET(&o, CURLOPT_CURLU, r->url.handle);
    SET(&o, CURLOPT_HTTPHEADER, r->fields);
    if (o.rc != CURLE_OK)
        request_fail(r, GATEWAY_NO_RESOURCES, "libcurl cannot do what is needed: %s", r->gateway->curl.curl_easy_strerror(o.rc));
    return o.rc == CURLE_OK;
}

bool transfer_start(struct gateway_request *r)
{
    const struct curl_api *api = &r->gateway->curl;
    CURLM *multi = scope_multi(r->scope);
    answer_finish(&r->answer);
    r->answered = r->receive_paused = r->send_paused = false;
    r->received = r->sent = 0;
    r->curl_error[0] = '\0';
    if (!add_fields(r))
        return false;
    r->easy = multi ? api->curl_easy_init() : NULL;
    if (!r->easy) {
        request_fail(r, GATEWAY_NO_RESOURCES, "memory ran out");
        return false;
    }
    if (!set_all(r))
        return false;
    CURLMcode rc = api->curl_multi_add_handle(multi, r->easy);
    if (rc != CURLM_OK)
        request_fail(r, GATEWAY_NO_RESOURCES, "libcurl cannot take another request");
    return rc == CURLM_OK;
}

void transfer_stop(struct gateway_request *r)
{
    const struct curl_api *api = &r->gateway->curl;
    if (r->easy) {
        api->curl_multi_remove_handle(r->scope->multi, r->easy); /* does nothing for one that was not added */
        api->curl_easy_cleanup(r->easy);
        r->easy = NULL;
    }
    if (r->fields)
        wipe_list(api, &r->fields);
    if (r->connect_to)
        api->curl_slist_free_all(r->connect_to);
    r->connect_to = NULL;
}

void transfer_resume(struct gateway_request *r)
{
    int paused = (r->receive_paused ? CURLPAUSE_RECV : 0) | (r->send_paused ? CURLPAUSE_SEND : 0);
    CURLcode rc = r->easy ? r->gateway->curl.curl_easy_pause(r->easy, paused) : CURLE_OK;
    if (rc != CURLE_OK)
        request_fetched(r, rc);
}
