/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"
#include "base/error.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_FILE "/etc/hosts"
enum { TIMEOUT_MS = 2000, TRIES = 2 };

struct lookup {
    struct names *names;
    names_done *done; /* NULL: nobody waits any more */
    void *data;
    bool starting, over;
};

/* ---- c-ares on the loop ---- */

static void set_timer(struct names *s);

static void process(struct names *s, int read_fd, int write_fd)
{
    s->api.ares_process_fd(s->channel, read_fd, write_fd);
    set_timer(s);
}

static void timed_out(uv_timer_t *t)
{
    process(t->data, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void set_timer(struct names *s)
{
    struct timeval most = {.tv_sec = 60}, wait;
    if (s->at_once == 0) {
        uv_timer_stop(&s->timer);
        return;
    }
    const struct timeval *t = s->api.ares_timeout(s->channel, &most, &wait);
    uv_timer_start(&s->timer, timed_out, (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_usec / 1000 + 1, 0);
}

static void ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    if (!w->owner)
        return;
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    process(w->owner, events & UV_READABLE ? w->fd : ARES_SOCKET_BAD, events & UV_WRITABLE ? w->fd : ARES_SOCKET_BAD);
}

static void socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct names *s = data;
    struct watch *w;
    LIST_FOREACH(w, &s->watches, of)
        if (w->fd == fd)
            break;
    if (!readable && !writable) {
        if (w)
            watch_free(w);
        return;
    }
    if (!w)
        w = watch_new(s->loop, fd, s, &s->watches);
    if (w) /* else the look-up ends with its time-out */
        watch_set(w, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), ready);
}

int names_init(struct names *s, uv_loop_t *loop, const char *dns_server, cordon_error **err)
{
    int rc = ares_api_open(&s->api, err);
    if (rc < 0)
        return rc;
    struct ares_options o = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES, .timeout = TIMEOUT_MS, .tries = TRIES, .lookups = (char[]){"b"},
        .sock_state_cb = socket_state, .sock_state_cb_data = s,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (s->api.ares_init_options(&s->channel, &o, mask) != ARES_SUCCESS)
        return err_set(err, CORDON_E_NO_RESOURCES, "/etc/resolv.conf", "the resolver cannot be initialised");
    if (dns_server && s->api.ares_set_servers_ports_csv(s->channel, dns_server) != ARES_SUCCESS) {
        s->api.ares_destroy(s->channel);
        s->channel = NULL;
        return err_set(err, CORDON_E_USAGE, dns_server, "'%s' is no address of a DNS server", dns_server);
    }
    s->loop = loop;
    s->timed = uv_timer_init(loop, &s->timer) == 0;
    s->timer.data = s;
    hosts_refresh(&s->hosts, HOSTS_FILE);
    return 0;
}

void names_finish(struct names *s)
{
    if (s->channel)
        s->api.ares_destroy(s->channel);
    s->channel = NULL;
    if (s->timed)
        uv_close((uv_handle_t *)&s->timer, NULL);
    s->timed = false;
    hosts_finish(&s->hosts);
}

/* ---- look-ups ---- */

static void finish(struct lookup *l, enum names_end end, const struct address *a, size_t n)
{
    l->over = true;
    l->names->at_once--;
    if (l->done)
        l->done(l->data, end, a, n);
    if (!l->starting)
        free(l);
}

static size_t collect(const struct ares_addrinfo *list, struct address *ret)
{
    size_t n = 0;
    for (const struct ares_addrinfo_node *i = list->nodes; i && n < NAMES_ADDRESSES_MAX; i = i->ai_next) {
        struct address a = {.v6 = i->ai_family == AF_INET6};
        if (a.v6)
            memcpy(a.bytes, &((const struct sockaddr_in6 *)i->ai_addr)->sin6_addr, 16);
        else if (i->ai_family == AF_INET)
            memcpy(a.bytes, &((const struct sockaddr_in *)i->ai_addr)->sin_addr, 4);
        else
            continue;
        ret[n++] = a;
    }
    return n;
}

static enum names_end end_of(int status)
{
    switch (status) {
    case ARES_SUCCESS: return NAMES_FOUND;
    case ARES_ENODATA: case ARES_ENOTFOUND: case ARES_EBADNAME: case ARES_ENONAME: return NAMES_NOT_FOUND;
    case ARES_ENOMEM: return NAMES_NO_RESOURCES;
    default: return NAMES_NO_ANSWER;
    }
}

static void answered(void *data, int status, int timeouts, struct ares_addrinfo *list)
{
    struct lookup *l = data;
    struct names *s = l->names;
    struct address found[NAMES_ADDRESSES_MAX];
    size_t n = status == ARES_SUCCESS ? collect(list, found) : 0;
    enum names_end how = end_of(status);
    (void)timeouts;
    if (list)
        s->api.ares_freeaddrinfo(list);
    finish(l, how == NAMES_FOUND && n == 0 ? NAMES_NOT_FOUND : how, found, n);
}

static bool in_hosts_file(struct names *s, const char *name, names_done *done, void *data)
{
    struct address found[NAMES_ADDRESSES_MAX];
    hosts_refresh(&s->hosts, HOSTS_FILE);
    size_t n = hosts_find(s->hosts.text, name, found, NAMES_ADDRESSES_MAX);
    if (n > 0)
        done(data, NAMES_FOUND, found, n);
    return n > 0;
}

struct lookup *names_find(struct names *s, const char *name, names_done *done, void *data)
{
    static const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    s->asked++;
    if (in_hosts_file(s, name, done, data))
        return NULL;
    struct lookup *l = s->at_once < NAMES_AT_ONCE_MAX ? calloc(1, sizeof *l) : NULL;
    if (!l) {
        done(data, NAMES_NO_RESOURCES, NULL, 0);
        return NULL;
    }
    *l = (struct lookup){.names = s, .done = done, .data = data, .starting = true};
    s->at_once++;
    s->api.ares_getaddrinfo(s->channel, name, NULL, &hints, answered, l);
    set_timer(s);
    l->starting = false;
    if (!l->over)
        return l;
    free(l);
    return NULL;
}

void names_cancel(struct lookup *l) { l->done = NULL; }
