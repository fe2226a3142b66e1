/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this room share. All of it belongs to the gateway's thread but what is atomic, under a lock, or not changed after it was made.
 *
 *     gateway.c   the thread, its loop, what is opened        queue.c     which request may go, fairly between scopes
 *     scope.c     a libcurl multi on the loop                 request.c   a request's life, hop by hop
 *     decide.c    grants, addresses, credentials              transfer.c  one hop: a libcurl easy handle and its callbacks
 */
#pragma once
#include "fields.h"
#include "gateway.h"
#include "libs.h"
#include "mail.h"
#include "names.h"
#include "own.h"
#include "tls.h"
#include "url.h"
#include <pthread.h>

enum { PINS_MAX = 8, SCOPE_WAITING_MAX = 4096 };

struct gateway_scope {
    struct post post; /* it was given back: its multi goes */
    _Atomic uint32_t refs, users; /* all users together have one of the references */
    struct mail *mail;
    struct gateway *gateway;
    CURLM *multi;                          /* NULL: nothing was fetched lately */
    uv_timer_t *timer;                     /* libcurl's; open as long as there is a multi */
    uint64_t idle_since_ms;
    struct watches watches;
    TAILQ_HEAD(, gateway_request) waiting; /* for their turn, oldest first */
    TAILQ_HEAD(, gateway_request) going;
    unsigned n_waiting, n_going;
    bool listed, given_back;
    TAILQ_ENTRY(gateway_scope) of;         /* in gateway->scopes, while it has waiting or going requests or a multi */
};

enum request_state { REQUEST_NEW, REQUEST_WAITING, REQUEST_RESOLVING, REQUEST_FETCHING, REQUEST_OVER };
enum { WANT_START = 1, WANT_CANCEL = 2, WANT_RECEIVE = 4, WANT_SEND = 8 };

struct gateway_request {
    struct post post;
    _Atomic uint32_t refs, wants;
    struct mail *mail;
    struct gateway *gateway;
    struct gateway_scope *scope; /* a reference */
    enum request_state state;
    TAILQ_ENTRY(gateway_request) of; /* in waiting or going of its scope */
    uv_timer_t deadline;
    bool timed;

    struct gateway_ask ask; /* method, url, fields: our own copies; grants: a reference */
    enum net_method method; /* of this hop */
    char *copies;           /* what ask.url and ask.fields point into */
    size_t copies_len;

    /* Of this hop. */
    struct url url;
    bool granted;                  /* false: it goes where no grant leads, as `anywhere` lets it */
    struct lookup *lookup;
    struct address pins[PINS_MAX]; /* addresses that may be connected to, in the order to try */
    size_t n_pins, pin;
    uint16_t pin_port;
    bool by_proxy;
    CURL *easy;
    struct curl_slist *fields, *connect_to;
    char curl_error[CURL_ERROR_SIZE];
    struct answer answer;
    bool answered;          /* a final answer's fields are whole */
    char *location;         /* it is a redirect that is followed: to here */
    uint64_t sent, received;
    bool receive_paused, send_paused;

    unsigned redirects;
    bool failed;            /* the reason is in these, and counts */
    enum gateway_end end;
    enum denial denial;
    char *wanted;           /* owned; NULL: it was not denied, or no memory */
    char message[GATEWAY_MESSAGE_MAX];
};

struct gateway {
    struct mail *mail;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t sweep;              /* looks for multis that nobody used lately, while there are any */
    pthread_mutex_t lock;          /* of the three below */
    pthread_t thread;
    bool started, prepared;
    _Atomic bool ending;

    unsigned per_scope, total;
    struct address_range *allow_private;
    size_t n_allow_private;
    char *ca_file, *dns_server;
    bool has_proxy;
    struct host proxy_host;
    uint16_t proxy_port;

    struct curl_api curl;
    struct names names;
    struct curl_blob authorities;
    void *store;                   /* the same, parsed, when first needed; see tls.h */
    enum cordon_errc unusable;     /* 0, or preparing failed, for this reason: */
    char why_unusable[GATEWAY_MESSAGE_MAX];

    TAILQ_HEAD(, gateway_scope) scopes; /* the first is the next to be served */
    bool serving;
    _Atomic unsigned n_going, n_waiting, n_connections, n_lookups;
};

/* ---- gateway.c ---- */
/* Starts the thread, once. */
int gateway_run(struct gateway *g, cordon_error **err);

/* ---- decide.c ---- */
/* May this hop go out? Fills denial and wanted of the request if not. */
bool decide_url(struct gateway_request *r);
/* Leaves those of the addresses that may be connected to in r->pins. False: none, and the request has the denial. */
bool decide_addresses(struct gateway_request *r, const struct address *a, size_t n);
/* Which grant adds a credential to this hop: the one after `before` (NULL: the first), or NULL. */
const struct grant *decide_credential(const struct gateway_request *r, const struct grant *before);

/* ---- request.c ---- */
void request_ref(struct gateway_request *r);
/* From the queue: it is its turn. */
void request_go(struct gateway_request *r);
/* Keeps the first reason that a request fails for; it ends when whoever runs it is out of libcurl. */
__attribute__((format(printf, 3, 4)))
void request_fail(struct gateway_request *r, enum gateway_end end, const char *fmt, ...);
/* Ends a request that failed, or that is done. Not from within libcurl. */
void request_end(struct gateway_request *r);
/* libcurl is through with this hop. */
void request_fetched(struct gateway_request *r, CURLcode code);

/* ---- transfer.c ---- */
/* False: it failed at once. */
bool transfer_start(struct gateway_request *r);
void transfer_stop(struct gateway_request *r);
void transfer_resume(struct gateway_request *r);
/* The last word on the address: libcurl asks for a socket to it. -1: no. */
int transfer_socket(const struct gateway_request *r, const struct sockaddr *where, int type, int protocol);

/* ---- queue.c ---- */
/* False: too many wait already. */
bool queue_add(struct gateway_request *r);
void queue_remove(struct gateway_request *r);
/* Lets go who may. */
void queue_run(struct gateway *g);

/* ---- scope.c ---- */
void scope_ref(struct gateway_scope *s);
void scope_unref(struct gateway_scope *s);
/* Puts it among those that the gateway looks after. */
void scope_list(struct gateway_scope *s);
/* The multi, made if there is none; NULL without memory. */
CURLM *scope_multi(struct gateway_scope *s);
/* Gives back the multi, on which nothing is on its way. */
void scope_rest(struct gateway_scope *s);
/* After a request left it: if nobody can come any more, it rests. */
void scope_left(struct gateway_scope *s);
/* Those that nobody used for a while rest. False: none is left. */
bool scope_sweep(struct gateway *g);
