/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the gateway stand on: a server that answers by path (one thread, any number of connections), a DNS server, and a client that waits.
 */
#pragma once
#include "egress/gateway.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a server ---- */

enum { CONNECTIONS_MAX = 2048, HEARD_MAX = 1 << 20 };

struct route {
    const char *path;       /* up to a query */
    const char *answer;     /* as it goes over the wire; NULL: none ever */
    size_t len;             /* 0: strlen */
    unsigned delay_ms;
    bool hang_up;           /* after it */
    bool endless;           /* the answer's last 1,000 bytes again and again */
    unsigned drip_ms;       /* a byte each so often */
};

struct connection {
    int fd;
    char in[16384];
    size_t in_len;
    const struct route *route; /* being answered */
    size_t sent;
    uint64_t not_before_ns;
};

struct server {
    int fd, stop[2];
    uint16_t port;
    const struct route *routes; /* ends with a path of NULL */
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection *c;
    _Atomic int n, accepted, most, requests;
    char *heard;            /* all that came in */
    size_t heard_len;
};

static inline void server_hear(struct server *s, const char *bytes, size_t len)
{
    pthread_mutex_lock(&s->lock);
    if (len < HEARD_MAX - s->heard_len) {
        memcpy(s->heard + s->heard_len, bytes, len);
        s->heard_len += len;
        s->heard[s->heard_len] = '\0';
    }
    pthread_mutex_unlock(&s->lock);
}

static inline bool server_heard(struct server *s, const char *text)
{
    pthread_mutex_lock(&s->lock);
    bool found = strstr(s->heard, text);
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* How much of c->in is one whole request; 0: not all is there. A chunked body ends with its last chunk. */
static inline size_t request_len(const struct connection *c)
{
    char *end = strstr(c->in, "\r\n\r\n"), *length = strcasestr(c->in, "\r\nContent-Length:");
    if (!end)
        return 0;
    size_t len = (size_t)(end - c->in) + 4;
    if (strcasestr(c->in, "\r\nTransfer-Encoding: chunked")) {
        char *last = strstr(end, "\r\n0\r\n\r\n");
        return last ? (size_t)(last - c->in) + 7 : 0;
    }
    if (length && length < end)
        len += strtoul(length + 17, NULL, 10);
    return len <= c->in_len ? len : 0;
}

static inline const struct route *find_route(const struct server *s, const char *request)
{
    static const struct route none = {.path = "", .answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"};
    const char *path = strchr(request, ' ');
    path = path ? path + 1 : "";
    if (!strncmp(path, "http://", 7)) /* as a proxy is asked */
        path = strchr(path + 7, '/') ? strchr(path + 7, '/') : "";
    for (const struct route *r = s->routes; r->path; r++)
        if (strcspn(path, " ?") == strlen(r->path) && !strncmp(path, r->path, strlen(r->path)))
            return r;
    return &none;
}

static inline void connection_close(struct server *s, int i)
{
    close(s->c[i].fd);
    s->c[i] = s->c[--s->n];
}

/* False: it is closed. */
static inline bool connection_read(struct server *s, struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_len, sizeof c->in - 1 - c->in_len, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    server_hear(s, c->in + c->in_len, (size_t)n);
    c->in_len += (size_t)n;
    c->in[c->in_len] = '\0';
    size_t len = request_len(c);
    if (len && !c->route) {
        s->requests++;
        c->route = find_route(s, c->in);
        c->sent = 0;
        c->not_before_ns = clock_now_ns() + c->route->delay_ms * UINT64_C(1000000);
        memmove(c->in, c->in + len, c->in_len - len + 1);
        c->in_len -= len;
    }
    return true;
}

static inline bool connection_write(struct connection *c)
{
    const struct route *r = c->route;
    if (!r || !r->answer || clock_now_ns() < c->not_before_ns)
        return true;
    size_t len = r->len ? r->len : strlen(r->answer), left = len - c->sent;
    ssize_t n = send(c->fd, r->answer + c->sent, r->drip_ms ? 1 : left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->sent += (size_t)n;
    c->not_before_ns = clock_now_ns() + r->drip_ms * UINT64_C(1000000);
    if (c->sent < len)
        return true;
    if (r->endless)
        c->sent = len - 1000;
    else
        c->route = NULL;
    return !r->hang_up;
}

static inline void *server_main(void *data)
{
    struct server *s = data;
    struct pollfd *p = calloc(CONNECTIONS_MAX + 2, sizeof *p);
    for (;;) {
        int n = s->n, wait = 1000;
        p[0] = (struct pollfd){.fd = s->fd, .events = POLLIN};
        p[1] = (struct pollfd){.fd = s->stop[0], .events = POLLIN};
        for (int i = 0; i < n; i++) {
            bool writes = s->c[i].route && s->c[i].route->answer, due = clock_now_ns() >= s->c[i].not_before_ns;
            p[i + 2] = (struct pollfd){.fd = s->c[i].fd, .events = (short)(POLLIN | (writes && due ? POLLOUT : 0))};
            if (writes && !due)
                wait = 2;
        }
        poll(p, (nfds_t)n + 2, wait);
        if (p[1].revents)
            break;
        for (int i = n - 1; i >= 0; i--) {
            bool open = !(p[i + 2].revents & POLLIN) || connection_read(s, &s->c[i]);
            if (!open || !connection_write(&s->c[i]))
                connection_close(s, i);
        }
        int fd = p[0].revents && s->n < CONNECTIONS_MAX ? accept4(s->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) {
            s->c[s->n] = (struct connection){.fd = fd};
            s->accepted++;
            if (++s->n > s->most)
                s->most = s->n;
        }
    }
    while (s->n > 0)
        connection_close(s, 0);
    free(p);
    return NULL;
}

/* On an address of the loopback; port 0: any. */
static inline struct server *server_start(const char *address, uint16_t port, const struct route *routes)
{
    struct server *s = calloc(1, sizeof *s);
    struct sockaddr_storage where = {0};
    socklen_t len = strchr(address, ':') ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int one = 1;
    where.ss_family = strchr(address, ':') ? AF_INET6 : AF_INET;
    if (where.ss_family == AF_INET6) {
        inet_pton(AF_INET6, address, &((struct sockaddr_in6 *)&where)->sin6_addr);
        ((struct sockaddr_in6 *)&where)->sin6_port = htons(port);
    } else {
        inet_pton(AF_INET, address, &((struct sockaddr_in *)&where)->sin_addr);
        ((struct sockaddr_in *)&where)->sin_port = htons(port);
    }
    s->routes = routes;
    s->heard = calloc(1, HEARD_MAX);
    s->c = calloc(CONNECTIONS_MAX, sizeof *s->c);
    pthread_mutex_init(&s->lock, NULL);
    s->fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    ck_assert_msg(bind(s->fd, (struct sockaddr *)&where, len) == 0, "bind %s: %s", address, strerror(errno));
    ck_assert_int_eq(listen(s->fd, 4096), 0);
    ck_assert_int_eq(getsockname(s->fd, (struct sockaddr *)&where, &len), 0);
    s->port = ntohs(where.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&where)->sin6_port : ((struct sockaddr_in *)&where)->sin_port);
    ck_assert_int_eq(pipe(s->stop), 0);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, server_main, s), 0);
    return s;
}

static inline void server_stop(struct server *s)
{
    ck_assert_int_eq(write(s->stop[1], "x", 1), 1);
    pthread_join(s->thread, NULL);
    close(s->fd);
    close(s->stop[0]);
    close(s->stop[1]);
    free(s->heard);
    free(s->c);
    free(s);
}

/* ---- a DNS server ---- */

struct dns_name {
    const char *name;
    const char *answers[4]; /* to the first question for an address of that family, the second, ...; the last one stays. Addresses with blanks between. NULL: silence. "": none */
};

struct dns {
    int fd;
    char where[32]; /* ADDRESS:PORT */
    const struct dns_name *names;
    pthread_t thread;
    _Atomic int questions, stopping;
    int asked[16][2];
};

static inline size_t dns_read_name(const uint8_t *q, size_t len, char *name)
{
    size_t at = 12, n = 0;
    while (at < len && q[at] && n + q[at] + 1 < 256) {
        memcpy(name + n, q + at + 1, q[at]);
        n += q[at];
        name[n++] = '.';
        at += q[at] + 1u;
    }
    name[n ? n - 1 : 0] = '\0';
    return at + 1;
}

static inline size_t dns_put_address(uint8_t *at, const char *text, bool v6)
{
    uint8_t head[12] = {0xc0, 12, 0, v6 ? 28 : 1, 0, 1, 0, 0, 0, 1, 0, v6 ? 16 : 4};
    memcpy(at, head, 12);
    ck_assert_int_eq(inet_pton(v6 ? AF_INET6 : AF_INET, text, at + 12), 1);
    return v6 ? 28 : 16;
}

/* Makes the answer of a question in place; 0: none is given. */
static inline size_t dns_answer(struct dns *d, uint8_t *q, size_t len)
{
    char name[300], list[256];
    size_t end = dns_read_name(q, len, name) + 4;
    bool v6 = q[end - 3] == 28;
    const char *answer = "";
    q[2] = 0x84;
    q[3] = 3; /* NXDOMAIN */
    q[10] = q[11] = 0;
    for (int i = 0; d->names[i].name; i++)
        if (!strcasecmp(d->names[i].name, name)) {
            int turn = d->asked[i][v6];
            while (turn > 0 && !d->names[i].answers[turn])
                turn--;
            d->asked[i][v6] = turn < 3 ? turn + 1 : 3;
            answer = d->names[i].answers[turn];
            q[3] = 0;
        }
    if (!answer)
        return 0;
    snprintf(list, sizeof list, "%s", answer);
    for (char *save = NULL, *one = strtok_r(list, " ", &save); one; one = strtok_r(NULL, " ", &save))
        if ((strchr(one, ':') != NULL) == v6) {
            end += dns_put_address(q + end, one, v6);
            q[7]++;
        }
    return end;
}

static inline void *dns_main(void *data)
{
    struct dns *d = data;
    uint8_t q[2048];
    struct sockaddr_storage from;
    while (!d->stopping) {
        struct pollfd p = {.fd = d->fd, .events = POLLIN};
        socklen_t from_len = sizeof from;
        if (poll(&p, 1, 50) <= 0)
            continue;
        ssize_t n = recvfrom(d->fd, q, 512, 0, (struct sockaddr *)&from, &from_len);
        if (n < 17)
            continue;
        d->questions++;
        q[7] = 0;
        size_t len = dns_answer(d, q, (size_t)n);
        if (len)
            sendto(d->fd, q, len, 0, (struct sockaddr *)&from, from_len);
    }
    return NULL;
}

static inline struct dns *dns_start(const struct dns_name *names)
{
    struct dns *d = calloc(1, sizeof *d);
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof where;
    d->names = names;
    d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(d->fd, (struct sockaddr *)&where, len), 0);
    getsockname(d->fd, (struct sockaddr *)&where, &len);
    snprintf(d->where, sizeof d->where, "127.0.0.1:%u", ntohs(where.sin_port));
    ck_assert_int_eq(pthread_create(&d->thread, NULL, dns_main, d), 0);
    return d;
}

static inline void dns_stop(struct dns *d)
{
    d->stopping = 1;
    pthread_join(d->thread, NULL);
    close(d->fd);
    free(d);
}

/* ---- a client ---- */

struct fetch {
    struct gateway_ask ask;
    struct gateway_request *request;
    sem_t over, headed;
    unsigned status;
    char fields[8192], *body;
    size_t body_len, body_cap;
    enum gateway_end end;
    enum denial denial;
    char wanted[1024], message[GATEWAY_MESSAGE_MAX];
    unsigned redirects;
    _Atomic unsigned dones;
    int pause_after;   /* pieces; 0: never */
    _Atomic int pieces;
    const char *more;  /* of a body that streams; NULL: all was given */
    _Atomic bool more_later;
};

static inline void on_head(void *data, unsigned status, const struct gateway_field *fields, size_t n)
{
    struct fetch *f = data;
    size_t len = 0;
    f->status = status;
    for (size_t i = 0; i < n && len < sizeof f->fields; i++)
        len += (size_t)snprintf(f->fields + len, sizeof f->fields - len, "%.*s: %.*s\n", (int)fields[i].name_len, fields[i].name, (int)fields[i].value_len, fields[i].value);
    sem_post(&f->headed);
}

static inline enum gateway_flow on_body(void *data, const void *bytes, size_t len)
{
    struct fetch *f = data;
    if (f->body_len + len + 1 > f->body_cap)
        f->body = realloc(f->body, f->body_cap = (f->body_len + len + 1) * 2);
    memcpy(f->body + f->body_len, bytes, len);
    f->body[f->body_len += len] = '\0';
    return f->pause_after && ++f->pieces % f->pause_after == 0 ? GATEWAY_PAUSE : GATEWAY_GO_ON;
}

static inline long on_more(void *data, void *buf, size_t cap)
{
    struct fetch *f = data;
    if (f->more_later)
        return GATEWAY_MORE_LATER;
    size_t len = f->more ? strlen(f->more) : 0;
    len = len < cap ? len : cap;
    memcpy(buf, f->more ? f->more : "", len);
    f->more = NULL;
    return (long)len;
}

static inline void on_done(void *data, const struct gateway_result *r)
{
    struct fetch *f = data;
    f->end = r->end;
    f->denial = r->denial;
    f->redirects = r->redirects;
    f->dones++;
    snprintf(f->wanted, sizeof f->wanted, "%s", r->wanted);
    snprintf(f->message, sizeof f->message, "%s", r->message);
    sem_post(&f->over);
}

static const struct gateway_events fetch_events = {on_head, on_body, on_more, on_done};

static inline struct grants *grants_of(const char *list)
{
    struct grants *g = grants_new();
    char text[4096];
    snprintf(text, sizeof text, "%s", list);
    for (char *save = NULL, *one = strtok_r(text, " ", &save); one; one = strtok_r(NULL, " ", &save)) {
        struct grant grant;
        cordon_error *err = NULL;
        int rc = grant_parse(one, NULL, &grant, &err);
        ck_assert_msg(rc == 0, "%s: %s", one, err ? cordon_error_message(err) : "");
        ck_assert_int_eq(grants_add(&g, &grant, NULL), 0);
    }
    return g;
}

/* `grants` with blanks between. */
static inline struct fetch *fetch_new(const char *method, const char *url, const char *grants)
{
    struct fetch *f = calloc(1, sizeof *f);
    sem_init(&f->over, 0, 0);
    sem_init(&f->headed, 0, 0);
    f->ask = (struct gateway_ask){.method = method, .url = strdup(url), .url_len = strlen(url), .follow = true, .decode = true, .grants = grants_of(grants),
                                  .deadline_ns = clock_now_ns() + UINT64_C(30000000000), .request_max = 1 << 20, .response_max = 1 << 20, .stream_len = -1,
                                  .events = &fetch_events, .data = f};
    return f;
}

static inline void fetch_start(struct gateway_scope *s, struct fetch *f)
{
    cordon_error *err = NULL;
    int rc = gateway_start(s, &f->ask, &f->request, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
}

static inline void sem_wait_long(sem_t *sem)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    ck_assert_msg(sem_timedwait(sem, &until) == 0, "nothing came within a minute");
}

static inline void fetch_wait(struct fetch *f) { sem_wait_long(&f->over); }

static inline struct fetch *fetch_run(struct gateway_scope *s, struct fetch *f)
{
    fetch_start(s, f);
    fetch_wait(f);
    return f;
}

static inline void fetch_free(struct fetch *f)
{
    gateway_request_unref(f->request);
    grants_unref(f->ask.grants);
    free((char *)(uintptr_t)f->ask.url);
    free(f->body);
    sem_destroy(&f->over);
    sem_destroy(&f->headed);
    free(f);
}

static inline struct fetch *get(struct gateway_scope *s, const char *grants, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static inline struct fetch *get(struct gateway_scope *s, const char *grants, const char *fmt, ...)
{
    char url[16384];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(url, sizeof url, fmt, ap);
    va_end(ap);
    return fetch_run(s, fetch_new("GET", url, grants));
}

#define expect_end(f, wanted_end) ck_assert_msg((f)->end == (wanted_end), "%s (%s), not %s: %s", gateway_end_name((f)->end), (f)->message, gateway_end_name(wanted_end), (f)->ask.url)

static inline struct gateway *make_gateway(const char *dns, const char *ranges, const struct gateway_opts *more)
{
    struct gateway *g = NULL;
    struct gateway_opts o = more ? *more : (struct gateway_opts){0};
    struct address_range range[8];
    char text[512];
    cordon_error *err = NULL;
    snprintf(text, sizeof text, "%s", ranges ? ranges : "");
    for (char *save = NULL, *one = strtok_r(text, " ", &save); one; one = strtok_r(NULL, " ", &save))
        ck_assert_ptr_null(address_range_parse(one, &range[o.n_allow_private++]));
    o.allow_private = range;
    o.dns_server = dns;
    int rc = gateway_new(&o, &g, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    return g;
}
