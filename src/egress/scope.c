/* SPDX-License-Identifier: Apache-2.0
 * A scope, and its libcurl multi on the loop. */
#include "internal.h"

#include <stdlib.h>

enum { IDLE_MS = 30000, KEPT_CONNECTIONS = 8 };

void scope_ref(struct gateway_scope *s) { atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); }

void scope_unref(struct gateway_scope *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    mail_unref(s->mail);
    free(s);
}

void scope_list(struct gateway_scope *s)
{
    if (s->listed)
        return;
    s->listed = true;
    scope_ref(s);
    TAILQ_INSERT_TAIL(&s->gateway->scopes, s, of);
}

static void unlist_empty(struct gateway_scope *s)
{
    if (!s->listed || s->multi || s->n_waiting > 0 || s->n_going > 0)
        return;
    s->listed = false;
    TAILQ_REMOVE(&s->gateway->scopes, s, of);
    scope_unref(s);
}

void scope_left(struct gateway_scope *s)
{
    s->idle_since_ms = uv_now(&s->gateway->loop);
    if (s->given_back && s->n_going == 0)
        scope_rest(s);
    else
        unlist_empty(s);
}

static void given_back(struct post *p)
{
    struct gateway_scope *s = (struct gateway_scope *)((char *)p - offsetof(struct gateway_scope, post));
    s->given_back = true;
    scope_left(s);
    scope_unref(s);
}

struct gateway_scope *gateway_scope_new(struct gateway *g)
{
    struct gateway_scope *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->refs = s->users = 1;
    s->gateway = g;
    s->mail = g->mail;
    mail_ref(s->mail);
    s->post.take = given_back;
    TAILQ_INIT(&s->waiting);
    TAILQ_INIT(&s->going);
    LIST_INIT(&s->watches);
    return s;
}

void gateway_scope_ref(struct gateway_scope *s) { atomic_fetch_add_explicit(&s->users, 1, memory_order_relaxed); }

void gateway_scope_unref(struct gateway_scope *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->users, 1, memory_order_acq_rel) != 1)
        return;
    if (!mail_post(s->mail, &s->post)) /* else the reference goes with the post */
        scope_unref(s);
}

/* ---- libcurl on the loop ---- */

/* libcurl itself failed; nothing of this multi can be trusted to go on. */
static void give_up(struct gateway_scope *s)
{
    struct gateway_request *r;
    while ((r = TAILQ_FIRST(&s->going))) {
        request_fail(r, GATEWAY_NO_RESOURCES, "libcurl failed, most likely for want of memory or descriptors");
        request_end(r);
    }
    scope_rest(s);
}

static void act(struct gateway_scope *s, int fd, int events)
{
    const struct curl_api *api = &s->gateway->curl;
    int running, left;
    scope_ref(s);
    if (s->multi && api->curl_multi_socket_action(s->multi, fd, events, &running) != CURLM_OK)
        give_up(s);
    for (CURLMsg *m; s->multi && (m = api->curl_multi_info_read(s->multi, &left));) {
        struct gateway_request *r = NULL;
        CURLcode code = m->data.result;
        if (m->msg == CURLMSG_DONE && api->curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r) == CURLE_OK)
            request_fetched(r, code);
    }
    scope_unref(s);
}

static void ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    if (w->owner)
        act(w->owner, w->fd, flags);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *data, void *of_socket)
{
    struct gateway_scope *s = data;
    struct watch *w = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            s->gateway->curl.curl_multi_assign(s->multi, fd, NULL);
            watch_free(w);
        }
        return 0;
    }
    if (!w) {
        if (!(w = watch_new(&s->gateway->loop, fd, s, &s->watches)))
            return -1;
        s->gateway->curl.curl_multi_assign(s->multi, fd, w);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return watch_set(w, events, ready) ? 0 : -1;
}

static void timed_out(uv_timer_t *t) { act(t->data, CURL_SOCKET_TIMEOUT, 0); }

static int timer_wanted(CURLM *multi, long ms, void *data)
{
    struct gateway_scope *s = data;
    (void)multi;
    return ms < 0 ? uv_timer_stop(s->timer) : uv_timer_start(s->timer, timed_out, (uint64_t)ms, 0);
}

static void timer_closed(uv_handle_t *h) { free(h); }

/* One for each multi, as that of the last one may not be closed yet. */
static bool make_multi(struct gateway_scope *s)
{
    s->timer = malloc(sizeof *s->timer);
    s->multi = s->timer ? s->gateway->curl.curl_multi_init() : NULL;
    if (!s->multi) {
        free(s->timer);
        return false;
    }
    uv_timer_init(&s->gateway->loop, s->timer);
    s->timer->data = s;
    return true;
}

CURLM *scope_multi(struct gateway_scope *s)
{
    const struct curl_api *api = &s->gateway->curl;
    if (s->multi || !make_multi(s))
        return s->multi;
    api->curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    api->curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
    api->curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    api->curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
    api->curl_multi_setopt(s->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    api->curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    return s->multi;
}

void scope_rest(struct gateway_scope *s)
{
    if (s->multi) {
        s->gateway->curl.curl_multi_cleanup(s->multi);
        s->multi = NULL;
        while (!LIST_EMPTY(&s->watches))
            watch_free(LIST_FIRST(&s->watches));
        uv_close((uv_handle_t *)s->timer, timer_closed);
    }
    unlist_empty(s);
}

bool scope_sweep(struct gateway *g)
{
    struct gateway_scope *s, *next;
    for (s = TAILQ_FIRST(&g->scopes); s; s = next) {
        next = TAILQ_NEXT(s, of);
        if (s->n_going == 0 && s->n_waiting == 0 && uv_now(&g->loop) - s->idle_since_ms >= IDLE_MS)
            scope_rest(s);
    }
    return !TAILQ_EMPTY(&g->scopes);
}
