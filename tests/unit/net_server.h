/* SPDX-License-Identifier: Apache-2.0
 * A server on the loopback that answers by path: one thread, any number of connections. */
#pragma once
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

static inline uint64_t server_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

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
        c->not_before_ns = server_now_ns() + c->route->delay_ms * UINT64_C(1000000);
        memmove(c->in, c->in + len, c->in_len - len + 1);
        c->in_len -= len;
    }
    return true;
}

static inline bool connection_write(struct connection *c)
{
    const struct route *r = c->route;
    if (!r || !r->answer || server_now_ns() < c->not_before_ns)
        return true;
    size_t len = r->len ? r->len : strlen(r->answer), left = len - c->sent;
    ssize_t n = send(c->fd, r->answer + c->sent, r->drip_ms ? 1 : left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->sent += (size_t)n;
    c->not_before_ns = server_now_ns() + r->drip_ms * UINT64_C(1000000);
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
            bool writes = s->c[i].route && s->c[i].route->answer, due = server_now_ns() >= s->c[i].not_before_ns;
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
