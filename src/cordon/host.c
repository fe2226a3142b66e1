/* SPDX-License-Identifier: Apache-2.0
 * The host: what is made once and shared by all calls, and the delivery of finished ones. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/internal.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { LINGERING_MAX = 16 };

/* ---- making and freeing ---- */

/* On the ticker's thread, each ms while a guest runs. */
static void on_tick(void *data)
{
    cordon_host *h = data;
    for (int t = 0; t < CORDON_TIER_COUNT; t++) {
        struct engine *e = atomic_load_explicit(&h->engines[t], memory_order_acquire);
        if (e)
            wasmtime_engine_increment_epoch(e->wasm);
    }
}

static int check_limits(const struct cordon_host_opts *o, cordon_error **err)
{
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
            if (o->deflt[t][l] > o->ceiling[t][l])
                return err_set(err, CORDON_E_BAD_LIMIT, cordon_limit_name((enum cordon_limit)l), "the %s tier's default %s is above its ceiling",
                               cordon_tier_name((enum cordon_tier)t), cordon_limit_name((enum cordon_limit)l));
    return 0;
}

static int copy_opts(cordon_host *h, const cordon_host_opts *opts, cordon_error **err)
{
    if (!opts) {
        host_opts_init(&h->opts);
        return 0;
    }
    h->opts = *opts;
    h->opts.own = (struct own_set){0};
    memset(h->opts.settings_file, 0, sizeof h->opts.settings_file);
    if (opts->settings_file[SETTINGS_USER])
        h->opts.settings_file[SETTINGS_USER] = realpath(opts->settings_file[SETTINGS_USER], NULL); /* NULL: it is not there */
    h->opts.cache_dir = opts->cache_dir ? strdup(opts->cache_dir) : NULL;
    h->opts.home = opts->home ? strdup(opts->home) : NULL;
    h->opts.helper = opts->helper ? strdup(opts->helper) : NULL;
    h->opts.supervisor = opts->supervisor ? strdup(opts->supervisor) : NULL;
    if ((opts->cache_dir && !h->opts.cache_dir) || (opts->helper && !h->opts.helper) || (opts->supervisor && !h->opts.supervisor) ||
        (opts->home && !h->opts.home))
        return err_nomem(err);
    int rc = own_set_copy(&opts->own, h, &h->opts.own, err);
    return rc == 0 ? check_limits(&h->opts, err) : rc;
}

static int watch(int poll_fd, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN};
    return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* One descriptor that is readable for finished calls and, without workers, for the scheduler. */
static int open_fds(cordon_host *h, cordon_error **err)
{
    h->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (h->event_fd < 0 || h->poll_fd < 0 || watch(h->poll_fd, h->event_fd) < 0 || (h->opts.workers == 0 && watch(h->poll_fd, sched_fd(h->sched)) < 0))
        return err_errno(err, errno, "make", "the host's descriptors");
    return 0;
}

int cordon_host_new(const cordon_host_opts *opts, cordon_host **ret, cordon_error **err)
{
    err_wanted(err);
    if (sodium_init() < 0)
        return err_set(err, CORDON_E_HOST_BUG, "libsodium", "libsodium cannot be initialised");
    cordon_host *h = calloc(1, sizeof *h);
    if (!h)
        return err_nomem(err);
    h->event_fd = h->poll_fd = -1;
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_init(&h->started_lock, NULL);
    LIST_INIT(&h->started);
    int rc = copy_opts(h, opts, err);
    if (rc == 0)
        rc = id_source_init(&h->ids, err);
    if (rc == 0)
        rc = sched_new(&(struct sched_opts){.workers = h->opts.workers, .tick = on_tick, .data = h}, &h->sched, err);
    if (rc == 0)
        rc = pool_new(POOL_THREADS_MAX, &h->io, err);
    if (rc == 0)
        rc = open_fds(h, err);
    if (rc < 0) {
        cordon_host_free(h);
        return rc;
    }
    *ret = h;
    return 0;
}

/* Completions that this brings about may try to start more: they are refused, else it would never end. */
static void close_calls(cordon_host *h)
{
    struct cordon_call *c;
    pthread_mutex_lock(&h->started_lock);
    h->closing = true;
    LIST_FOREACH(c, &h->started, started)
        call_cancel(c->call);
    pthread_mutex_unlock(&h->started_lock);
    cordon_host_quiesce(h, NULL);
    host_asked_dispatch(h);
}

void cordon_host_free(cordon_host *h)
{
    if (!h)
        return;
    if (h->poll_fd >= 0)
        close_calls(h);
    sched_free(h->sched);
    if (h->audit)
        audit_flush(h->audit, NULL); /* a request that waits for it ends now, not when there is no gateway any more */
    gateway_free(h->gateway); /* what calls left behind at these holds no call any more */
    pool_free(h->io);
    host_audit_close(h);
    shim_runtime_delete(h->runtime);
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        engine_free(h->engines[t]);
    if (h->cache)
        cache_close(h->cache);
    helper_free(h->helper);
    if (h->event_fd >= 0)
        close(h->event_fd);
    if (h->poll_fd >= 0)
        close(h->poll_fd);
    free(h->opts.cache_dir);
    free(h->opts.home);
    free(h->opts.helper);
    free(h->opts.supervisor);
    own_set_finish(&h->opts.own);
    free(h->opts.settings_file[SETTINGS_USER]);
    pthread_mutex_destroy(&h->started_lock);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* ---- what is made when first needed ---- */

/* Over the tiers that share the engine of `t`: its pool has to hold what any of their skills may have. Never below what is shipped: what a call may have is
 * its limiter's to say, as an outcome; the pool would refuse to load the skill. */
static uint64_t highest_ceiling(const cordon_host *h, enum cordon_tier t, enum cordon_limit limit)
{
    uint64_t max = cordon_limit_ceiling(t, limit);
    for (enum cordon_tier i = 0; i < CORDON_TIER_COUNT; i++)
        if (engine_tier(i) == t && h->opts.ceiling[i][limit] > max)
            max = h->opts.ceiling[i][limit];
    return max;
}

int host_engine(cordon_host *h, enum cordon_tier tier, struct engine **ret, cordon_error **err)
{
    enum cordon_tier t = engine_tier(tier);
    *ret = atomic_load_explicit(&h->engines[t], memory_order_acquire);
    if (*ret)
        return 0;
    pthread_mutex_lock(&h->lock);
    int rc = 0;
    *ret = atomic_load_explicit(&h->engines[t], memory_order_relaxed);
    if (!*ret) {
        rc = engine_new(t, h->opts.sandboxes, highest_ceiling(h, t, CORDON_LIMIT_MEMORY_BYTES), highest_ceiling(h, t, CORDON_LIMIT_TABLE_ELEMENTS), &h->opts.own, ret, err);
        if (rc == 0)
            atomic_store_explicit(&h->engines[t], *ret, memory_order_release);
    }
    pthread_mutex_unlock(&h->lock);
    return rc;
}

const char *host_default_origin(const cordon_host *h, enum cordon_tier tier, enum cordon_limit limit)
{
    static const char *const shipped[] = {"the untrusted tier's default", "the verified tier's default", "the local tier's default"};
    static const char *const set[] = {"the untrusted tier's default in the settings", "the verified tier's default in the settings",
                                      "the local tier's default in the settings"};
    const struct setting *s = &h->opts.settings.by_default[tier][limit];
    return s->from != SETTINGS_SHIPPED && s->value == h->opts.deflt[tier][limit] ? set[tier] : shipped[tier];
}

static int default_cache_dir(char **ret, cordon_error **err)
{
    const char *base = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
    int n = -1;
    if (base && base[0] == '/')
        n = asprintf(ret, "%s/cordon", base);
    else if (home && home[0] == '/')
        n = asprintf(ret, "%s/.cache/cordon", home);
    else
        return err_set(err, CORDON_E_USAGE, "XDG_CACHE_HOME", "neither XDG_CACHE_HOME nor HOME is an absolute path, so there is no place for compiled code");
    return n < 0 ? err_nomem(err) : 0;
}

int host_cache_dir(const cordon_host_opts *o, char **ret, cordon_error **err)
{
    if (!o->cache_dir)
        return default_cache_dir(ret, err);
    return (*ret = strdup(o->cache_dir)) ? 0 : err_nomem(err);
}

int host_cache(cordon_host *h, struct cache **ret, cordon_error **err)
{
    int rc = 0;
    pthread_mutex_lock(&h->lock);
    if (!h->cache) {
        cleanup_free char *dir = NULL;
        rc = host_cache_dir(&h->opts, &dir, err);
        if (rc == 0)
            rc = cache_open(dir, &h->cache, err);
        if (rc == 0)
            cache_set_bounds(h->cache, &h->opts.bounds);
    }
    *ret = h->cache;
    pthread_mutex_unlock(&h->lock);
    return rc;
}

int host_helper(cordon_host *h, struct helper **ret, cordon_error **err)
{
    int rc = 0;
    pthread_mutex_lock(&h->lock);
    if (!h->helper) {
        cleanup_free char *path = NULL;
        rc = helper_find(h->opts.helper, &path, err);
        if (rc == 0)
            rc = helper_new(path, &h->opts.bounds, &h->helper, err);
    }
    *ret = h->helper;
    pthread_mutex_unlock(&h->lock);
    return rc;
}

int host_gateway(cordon_host *h, struct gateway **ret, cordon_error **err)
{
    const struct settings_egress *e = &h->opts.egress;
    const struct gateway_opts opts = {
        .allow_private = e->range, .n_allow_private = e->allow_private.value, .proxy = e->proxy.value ? e->proxy_url : NULL, .ca_file = e->ca_file.value ? e->ca_path : NULL,
    };
    pthread_mutex_lock(&h->lock);
    int rc = h->gateway ? 0 : gateway_new(&opts, &h->gateway, err);
    *ret = h->gateway;
    pthread_mutex_unlock(&h->lock);
    return rc;
}

int host_runtime(cordon_host *h, cordon_error **err)
{
    int rc = 0;
    struct shim_bytes why = {0};
    struct shim_runtime *made = NULL;
    pthread_mutex_lock(&h->lock);
    if (!h->runtime) {
        sigset_t before;
        sched_block_signals(&before); /* for the thread that is started here: the program's signals are none of its */
        rc = shim_runtime_new(&made, &why);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (made)
        h->runtime = made;
    pthread_mutex_unlock(&h->lock);
    return rc < 0 ? engine_shim_error(rc, why, CORDON_E_NO_RESOURCES, NULL, "cannot start the timer thread", err) : 0;
}

void host_env(cordon_host *h, struct call_env *ret)
{
    uint32_t quarter = h->opts.sandboxes / 4;
    *ret = (struct call_env){
        .sched = h->sched,
        .runtime = h->runtime,
        .lingering = &h->lingering,
        .lingering_max = quarter < LINGERING_MAX ? quarter : LINGERING_MAX,
    };
}

/* ---- delivery ---- */

int host_list(cordon_host *h, struct cordon_call *c, cordon_error **err)
{
    pthread_mutex_lock(&h->started_lock);
    bool closing = h->closing;
    if (!closing)
        LIST_INSERT_HEAD(&h->started, c, started);
    pthread_mutex_unlock(&h->started_lock);
    return closing ? err_set(err, CORDON_E_USAGE, NULL, "the host is being freed: nothing can be started on it") : 0;
}

static void unlist(cordon_host *h, struct cordon_call *c)
{
    pthread_mutex_lock(&h->started_lock);
    LIST_REMOVE(c, started);
    pthread_mutex_unlock(&h->started_lock);
}

void host_signal(cordon_host *h)
{
    if (atomic_exchange(&h->signalled, true))
        return;
    uint64_t one = 1;
    ssize_t n = write(h->event_fd, &one, sizeof one);
    (void)n; /* full means readable already */
}

/* No delivery is missed: a deliverer pushes, then looks at `signalled`; the dispatcher clears it, then takes all. */
void host_deliver(cordon_host *h, struct cordon_call *c)
{
    c->next = atomic_load(&h->finished);
    while (!atomic_compare_exchange_weak(&h->finished, &c->next, c))
        ;
    host_signal(h);
}

static struct cordon_call *take_finished(cordon_host *h)
{
    uint64_t count;
    ssize_t n = read(h->event_fd, &count, sizeof count);
    (void)n; /* empty if nothing came, or its writer has not got to it yet: then the next dispatch reads it */
    atomic_store(&h->signalled, false);
    struct cordon_call *stack = atomic_exchange(&h->finished, NULL), *in_order = NULL;
    while (stack) {
        struct cordon_call *next = stack->next;
        stack->next = in_order;
        in_order = stack;
        stack = next;
    }
    return in_order;
}

void host_ask(cordon_host *h, struct asked *a)
{
    a->next = atomic_load(&h->asked);
    while (!atomic_compare_exchange_weak(&h->asked, &a->next, a))
        ;
    host_signal(h);
}

size_t host_asked_dispatch(cordon_host *h)
{
    struct asked *stack = atomic_exchange(&h->asked, NULL), *in_order = NULL;
    size_t n = 0;
    while (stack) {
        struct asked *next = stack->next;
        stack->next = in_order;
        in_order = stack;
        stack = next;
    }
    for (struct asked *a = in_order, *next; a; a = next, n++) {
        struct sched_inside frame;
        next = a->next;
        sched_enter(&frame, h->sched);
        a->run(a);
        sched_leave(&frame);
        free(a);
    }
    return n;
}

static void deliver_one(cordon_host *h, struct cordon_call *c)
{
    struct sched_inside frame;
    sched_enter(&frame, h->sched);
    c->done(c->data, take(c->outcome), take(c->err));
    sched_leave(&frame);
    unlist(h, c);
    cordon_call_unref(c);
}

size_t cordon_host_dispatch(cordon_host *h)
{
    if (h->opts.workers == 0)
        sched_dispatch(h->sched);
    struct cordon_call *finished = take_finished(h); /* first: it makes the descriptor quiet for what comes after */
    size_t n = host_asked_dispatch(h);
    for (struct cordon_call *c = finished, *next; c; c = next, n++) {
        next = c->next;
        deliver_one(h, c);
    }
    return n;
}

int cordon_host_fd(const cordon_host *h) { return h->poll_fd; }

int cordon_host_timeout_ms(const cordon_host *h)
{
    if (h->opts.workers)
        return -1;
    uint64_t ns = sched_dispatch_timeout_ns(h->sched);
    if (ns == UINT64_MAX)
        return -1;
    uint64_t ms = ns / 1000000 + (ns % 1000000 != 0);
    return ms > 3600000 ? 3600000 : (int)ms;
}

/* Nothing started that has not been delivered, nothing that runs or is being torn down. */
static bool is_quiet(cordon_host *h)
{
    struct sched_stats s;
    pthread_mutex_lock(&h->started_lock);
    bool none = LIST_EMPTY(&h->started);
    pthread_mutex_unlock(&h->started_lock);
    sched_stats(h->sched, &s);
    return none && s.live_tasks == 0 && atomic_load(&h->calls_ended) == atomic_load(&h->calls_started);
}

int cordon_host_quiesce(cordon_host *h, cordon_error **err)
{
    err_wanted(err);
    enum { LOOK_AGAIN_MS = 1 }; /* the end of a teardown is not told */
    if (sched_is_inside(h->sched))
        return err_set(err, CORDON_E_WOULD_DEADLOCK, NULL, "the host cannot be quiesced from inside one of its calls or completions");
    while (cordon_host_dispatch(h), !is_quiet(h)) {
        int ms = cordon_host_timeout_ms(h);
        struct pollfd p = {.fd = h->poll_fd, .events = POLLIN};
        poll(&p, 1, ms < 0 || ms > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : ms);
    }
    return 0;
}

void cordon_host_stats(const cordon_host *h, struct cordon_host_stats *ret)
{
    struct sched_stats s;
    sched_stats(h->sched, &s);
    *ret = (struct cordon_host_stats){
        .calls_started = atomic_load(&h->calls_started),
        .calls_ended = atomic_load(&h->calls_ended),
        .skills_loaded = atomic_load(&h->skills),
        .threads = s.threads + (h->runtime ? 1 : 0),
    };
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        if (h->engines[t])
            ret->sandboxes_in_use += admission_in_use(h->engines[t]->admission);
}
