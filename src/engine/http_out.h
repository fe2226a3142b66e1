/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that a guest makes through wasi:http: between the shim's exchange (engine/src/http.rs) and the gateway. An exchange outlives its call if it must; what it
 * learns for the outcome is left with the call, which takes it in when it is polled next, and at its end.
 */
#pragma once
#include "engine/shim.h"
#include "policy/grants.h"
#include <pthread.h>

struct call;

enum { HTTP_OUT_MAX = 16, HTTP_OUT_KEPT_BYTES = 256 << 10, HTTP_OUT_DENIALS_MAX = 64 };

/* What a call knows of its exchanges. `bytes` and `open` are changed by the gateway's thread, `denials` under the lock. */
struct http_out {
    _Atomic uint64_t bytes;             /* bodies, both ways */
    uint64_t bytes_max;                 /* set with the first exchange */
    _Atomic unsigned open;              /* under way */
    unsigned charged;                   /* how many have been counted as memory */
    pthread_mutex_t lock;
    bool over;                          /* the call is: nothing more is noted */
    struct http_denial { char *wanted; enum denial why; } *denials;   /* owned; HTTP_OUT_DENIALS_MAX of them, made with the first */
    unsigned n_denials;
};
void http_out_init(struct http_out *h);
/* What was denied since the last time is told to the call. On the call's thread; `last`: the call is over. */
void http_out_note(struct call *c, struct http_out *h, bool last);
void http_out_finish(struct http_out *h);

/* The shim's hooks; `data` is the call. */
void *http_out_send(void *data, const struct shim_http_request *r, struct shim_exchange *ex, enum shim_http_end *ret_end);
void http_out_resume(void *handle, unsigned directions);
void http_out_drop(void *handle);
