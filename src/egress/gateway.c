/* SPDX-License-Identifier: Apache-2.0
 * The gateway's thread and its loop; what has to be opened. */
#include "internal.h"
#include "authorities.h"
#include "base/error.h"
#include "policy/proxy.h"
#include "sched/sched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { TOTAL = 2048, TOTAL_LEAST = 8, OTHERS_SHARE = 8 /* of a total: what one scope leaves */, SWEEP_MS = 10000 };

const char *gateway_end_name(enum gateway_end end)
{
    static const char *const names[] = {
        [GATEWAY_OK] = "ok", [GATEWAY_DENIED] = "denied", [GATEWAY_BAD_REQUEST] = "bad-request", [GATEWAY_NO_NAME] = "no-name", [GATEWAY_NO_SECRET] = "no-secret",
        [GATEWAY_NO_CONNECTION] = "no-connection", [GATEWAY_TLS] = "tls", [GATEWAY_TOO_LARGE] = "too-large", [GATEWAY_DEADLINE] = "deadline",
        [GATEWAY_CANCELLED] = "cancelled", [GATEWAY_REDIRECTS] = "redirects", [GATEWAY_PROTOCOL] = "protocol", [GATEWAY_NO_RESOURCES] = "no-resources",
    };
    return names[end];
}

/* ---- what is opened ---- */

static int open_all(struct gateway *g, cordon_error **err)
{
    int rc = curl_api_open(&g->curl, err);
    if (rc < 0 || (rc = authorities_read(g->ca_file, g->curl.ca_file, &g->authorities.data, &g->authorities.len, err)) < 0)
        return rc;
    g->authorities.flags = CURL_BLOB_NOCOPY;
    return names_init(&g->names, &g->loop, g->dns_server, err);
}

int gateway_prepare(struct gateway *g, cordon_error **err)
{
    cordon_error *why = NULL;
    pthread_mutex_lock(&g->lock);
    if (!g->prepared) {
        int rc = open_all(g, &why);
        g->prepared = true;
        g->unusable = rc < 0 ? (enum cordon_errc)-rc : 0;
        snprintf(g->why_unusable, sizeof g->why_unusable, "%s", rc < 0 ? cordon_error_message(why) : "");
        cordon_error_free(why);
    }
    pthread_mutex_unlock(&g->lock);
    return g->unusable ? err_set(err, g->unusable, NULL, "%s", g->why_unusable) : 0;
}

/* ---- the thread ---- */

static void swept(uv_timer_t *t)
{
    scope_sweep(t->data);
}

/* Ends all there is, and closes what keeps the loop going. */
static void shut(struct gateway *g)
{
    struct gateway_scope *s;
    struct gateway_request *r;
    mail_close(g->mail);
    mail_empty(g->mail);
    while ((s = TAILQ_FIRST(&g->scopes))) {
        scope_ref(s);
        while ((r = TAILQ_FIRST(&s->going)) || (r = TAILQ_FIRST(&s->waiting))) {
            request_fail(r, GATEWAY_CANCELLED, "the host is shutting down");
            request_end(r);
        }
        scope_rest(s);
        scope_unref(s);
    }
    names_finish(&g->names);
    if (g->store)
        tls_store_free(&g->curl.openssl, g->store);
    uv_close((uv_handle_t *)&g->sweep, NULL);
    uv_close((uv_handle_t *)&g->wake, NULL);
}

static void woken(uv_async_t *wake)
{
    struct gateway *g = wake->data;
    uv_update_time(&g->loop);
    if (atomic_load(&g->ending))
        shut(g);
    else
        mail_empty(g->mail);
}

static void *thread_main(void *data)
{
    struct gateway *g = data;
    gateway_prepare(g, NULL);
    uv_timer_start(&g->sweep, swept, SWEEP_MS, SWEEP_MS);
    uv_run(&g->loop, UV_RUN_DEFAULT);
    return NULL;
}

int gateway_run(struct gateway *g, cordon_error **err)
{
    sigset_t before;
    int r = 0;
    pthread_mutex_lock(&g->lock);
    if (!g->started) {
        sched_block_signals(&before);
        r = pthread_create(&g->thread, NULL, thread_main, g);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        g->started = r == 0;
        if (r == 0)
            pthread_setname_np(g->thread, "cordon-net");
    }
    pthread_mutex_unlock(&g->lock);
    return r ? err_errno(err, r, "start", "the gateway's thread") : 0;
}

/* ---- making and ending ---- */

static unsigned usual_total(void)
{
    struct rlimit files;
    rlim_t half = getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur / 2 : TOTAL;
    return half >= TOTAL ? TOTAL : half < TOTAL_LEAST ? TOTAL_LEAST : (unsigned)half;
}

static int copy_text(const char *text, char **ret, cordon_error **err)
{
    *ret = text ? strdup(text) : NULL;
    return text && !*ret ? err_nomem(err) : 0;
}

static int copy_opts(struct gateway *g, const struct gateway_opts *o, cordon_error **err)
{
    g->total = o->total ? o->total : usual_total();
    g->per_scope = o->per_scope ? o->per_scope : g->total - g->total / OTHERS_SHARE;
    g->has_proxy = o->proxy;
    const char *why = o->proxy ? proxy_parse(o->proxy, &g->proxy_host, &g->proxy_port) : NULL;
    if (why)
        return err_set(err, CORDON_E_BAD_CONFIG, o->proxy, "egress.proxy %s", why);
    g->allow_private = calloc(o->n_allow_private + 1, sizeof *g->allow_private);
    if (!g->allow_private)
        return err_nomem(err);
    for (; g->n_allow_private < o->n_allow_private; g->n_allow_private++)
        g->allow_private[g->n_allow_private] = o->allow_private[g->n_allow_private];
    int rc = copy_text(o->ca_file, &g->ca_file, err);
    return rc < 0 ? rc : copy_text(o->dns_server, &g->dns_server, err);
}

static void release(struct gateway *g)
{
    mail_unref(g->mail);
    pthread_mutex_destroy(&g->lock);
    free(g->allow_private);
    free(g->ca_file);
    free(g->dns_server);
    free(g->authorities.data);
    free(g);
}

static int open_loop(struct gateway *g, cordon_error **err)
{
    int r = uv_loop_init(&g->loop);
    if (r < 0)
        return err_errno(err, -r, "open", "an event loop");
    r = uv_async_init(&g->loop, &g->wake, woken);
    if (r < 0) {
        uv_loop_close(&g->loop);
        return err_errno(err, -r, "open", "an event loop");
    }
    uv_timer_init(&g->loop, &g->sweep);
    g->wake.data = g->sweep.data = g;
    return 0;
}

int gateway_new(const struct gateway_opts *opts, struct gateway **ret, cordon_error **err)
{
    struct gateway *g = calloc(1, sizeof *g);
    if (!g)
        return err_nomem(err);
    pthread_mutex_init(&g->lock, NULL);
    TAILQ_INIT(&g->scopes);
    int rc = copy_opts(g, opts, err);
    if (rc == 0 && !(g->mail = mail_new(&g->wake)))
        rc = err_nomem(err);
    if (rc < 0 || (rc = open_loop(g, err)) < 0) {
        release(g);
        return rc;
    }
    *ret = g;
    return 0;
}

void gateway_free(struct gateway *g)
{
    if (!g)
        return;
    atomic_store(&g->ending, true);
    if (g->started) {
        uv_async_send(&g->wake);
        pthread_join(g->thread, NULL);
    } else {
        shut(g);
        uv_run(&g->loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&g->loop);
    release(g);
}

uint16_t gateway_proxy_port(const struct gateway *g) { return g->proxy_port; }

void gateway_stats(const struct gateway *g, struct gateway_stats *ret)
{
    *ret = (struct gateway_stats){.on_their_way = atomic_load(&g->n_going), .waiting = atomic_load(&g->n_waiting),
                                  .connections_opened = atomic_load(&g->n_connections), .lookups = atomic_load(&g->n_lookups)};
}
