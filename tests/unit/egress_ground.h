/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the gateway stand on: a server (net_server.h), a DNS server, and a client that waits.
 */
#pragma once
#include "egress/gateway.h"
#include "base/clock.h"
#include "net_server.h"

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
