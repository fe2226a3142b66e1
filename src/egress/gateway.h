/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway: the one way from a guest to the network. It decides, resolves, pins, connects, follows redirects and adds credentials; nobody else has a socket.
 *
 * A gateway has one thread ("cordon-net", started with the first request) with one event loop. A scope is one loaded skill: connections and pins of a
 * scope are never used for another. Functions of this header may be called from any thread; callbacks run on the gateway's thread, must not block, and may
 * call what says so.
 *
 * Life of a request:
 *     gateway_start -> [head -> body...] -> done, exactly once -> gateway_request_unref
 */
#pragma once
#include "policy/address.h"
#include "policy/grants.h"
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GATEWAY_URL_MAX = 8192,
    GATEWAY_FIELDS_MAX = 128,            /* header fields, each way */
    GATEWAY_FIELD_BYTES_MAX = 64 << 10,  /* names and values together, each way */
    GATEWAY_REDIRECTS_MAX = 10,
    GATEWAY_MESSAGE_MAX = 512,
};

struct gateway;
struct gateway_scope;
struct gateway_request;

struct gateway_opts {
    const struct address_range *allow_private; /* where granted names may lead besides the open internet; copied */
    size_t n_allow_private;
    const char *proxy;      /* http://HOST[:PORT]: all but this machine is reached through it, and it resolves the names. NULL: none */
    const char *ca_file;    /* PEM, in place of the system's authorities. NULL: those */
    unsigned per_scope;     /* requests of one scope on their way at once, the rest waits; 0: all but an eighth of the total */
    unsigned total;         /* of all scopes; 0: 2,048, but at most half of the descriptors this process may have */
    const char *dns_server; /* ADDRESS:PORT in place of those of resolv.conf; NULL: those */
};

/* Opens two descriptors, and no file. */
int gateway_new(const struct gateway_opts *opts, struct gateway **ret, cordon_error **err);
/* Ends every request (CANCELLED, unless it is done), then the thread. Not from a callback. NULL is allowed. Scopes and requests may be given back later. */
void gateway_free(struct gateway *g);
/* Opens every file that a request will need (libraries, authorities, resolver settings): for a process that locks itself in. Otherwise the first request does it. */
int gateway_prepare(struct gateway *g, cordon_error **err);

/* 0: there is no proxy. */
uint16_t gateway_proxy_port(const struct gateway *g);

struct gateway_scope *gateway_scope_new(struct gateway *g); /* NULL without memory */
void gateway_scope_ref(struct gateway_scope *s);
/* After the last one its requests go on, and its connections are closed with them. NULL is allowed. */
void gateway_scope_unref(struct gateway_scope *s);

enum gateway_end {
    GATEWAY_OK,
    GATEWAY_DENIED,      /* see denial and wanted */
    GATEWAY_BAD_REQUEST, /* a URL, header, method or body that is never sent */
    GATEWAY_NO_NAME,     /* the name does not resolve */
    GATEWAY_NO_SECRET,   /* a granted credential's secret is not there */
    GATEWAY_NO_CONNECTION,
    GATEWAY_TLS,
    GATEWAY_TOO_LARGE,
    GATEWAY_DEADLINE,
    GATEWAY_CANCELLED,
    GATEWAY_REDIRECTS,   /* too many, or one that cannot be followed */
    GATEWAY_PROTOCOL,    /* the server did not keep to HTTP, or hung up */
    GATEWAY_NO_RESOURCES, /* this machine: memory, descriptors, a library, the queue */
};
/* "ok", "denied", "bad-request", ...: for messages and statistics. */
const char *gateway_end_name(enum gateway_end end);

struct gateway_result {
    enum gateway_end end;
    const char *message; /* plain words, UTF-8, without secret, query or address that a name led to */
    enum denial denial;  /* DENIED */
    const char *wanted;  /* DENIED: the value of a net= grant that would fit ("https://api.x.com") */
    unsigned redirects;  /* that were followed */
};

/* Neither is NUL-terminated. */
struct gateway_field {
    const char *name, *value;
    size_t name_len, value_len;
};

enum gateway_flow { GATEWAY_GO_ON, GATEWAY_PAUSE };
enum { GATEWAY_MORE_LATER = -1, GATEWAY_MORE_FAILED = -2 };

struct gateway_events {
    /* The answer's status and fields (names lower-case). Once, before any body; not for redirects that are followed. May be NULL. */
    void (*head)(void *data, unsigned status, const struct gateway_field *fields, size_t n);
    /* A piece of the body, which is taken either way. PAUSE: no more (of at most 16 KiB each) until gateway_resume. A decoded body cannot be paused. */
    enum gateway_flow (*body)(void *data, const void *bytes, size_t len);
    /* For a request that streams: up to `cap` bytes of its body. 0: that was all. GATEWAY_MORE_LATER: gateway_resume will come. GATEWAY_MORE_FAILED: give up. */
    long (*more)(void *data, void *buf, size_t cap);
    /* It is over; nothing comes after this. Strings live until it returns. */
    void (*done)(void *data, const struct gateway_result *result);
};

/* All is copied but `grants`, which is shared, and `body` and what `data`, `secrets` and `events` point to, which must live until done. */
struct gateway_ask {
    const char *method;   /* GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS */
    const char *url;
    size_t url_len;
    const struct gateway_field *fields;
    size_t n_fields;
    const void *body;
    size_t body_len;
    bool streams;         /* the body comes from events->more; no redirect is followed */
    int64_t stream_len;   /* what it will be; negative: not known */
    bool follow;          /* redirects */
    bool anywhere;        /* a redirect may also lead to any name by https, by GET or HEAD, though no grant has it: then to addresses of the open internet alone */
    bool decode;          /* ask for gzip, deflate or br, and hand out what was inside */
    struct grants *grants;
    uint64_t deadline_ns; /* monotonic; UINT64_MAX: none */
    size_t request_max;   /* bytes of the body */
    size_t response_max;  /* bytes of the body, as sent and as decoded */
    /* The value of a secret, for a bearer= or header= grant: 0, or -1 if there is none. The caller wipes and frees *ret. On the gateway's thread. */
    int (*secret)(void *secrets, const char *name, char **ret, size_t *ret_len);
    void *secrets;
    const struct gateway_events *events;
    void *data;
};

/* Never blocks. A failure (no memory, no thread) means that no event will come. *ret is given, before any event, and may be NULL if nobody will cancel. From callbacks too. */
int gateway_start(struct gateway_scope *s, const struct gateway_ask *ask, struct gateway_request **ret, cordon_error **err);
/* From any thread and from callbacks, any number of times; a request that is done is left alone. `done` follows, on the gateway's thread. */
void gateway_cancel(struct gateway_request *r);
enum { GATEWAY_RECEIVE = 1, GATEWAY_SEND = 2 };
/* After PAUSE (RECEIVE) or MORE_LATER (SEND). From any thread and from callbacks. */
void gateway_resume(struct gateway_request *r, unsigned directions);
void gateway_request_unref(struct gateway_request *r); /* NULL is allowed */

struct gateway_stats {
    unsigned on_their_way, waiting, connections_opened, lookups;
};
void gateway_stats(const struct gateway *g, struct gateway_stats *ret);
