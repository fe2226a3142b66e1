/* SPDX-License-Identifier: Apache-2.0
 *
 * What other threads have for the gateway's. A post lies in the box at most once; what is wanted of it is in its owner's atomic word. The box outlives the
 * gateway: a post to a closed one is refused.
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct post {
    struct post *next;
    bool posted;
    void (*take)(struct post *); /* on the gateway's thread; gives back the reference that the poster took for it */
};

struct mail {
    _Atomic uint32_t refs;
    pthread_mutex_t lock;
    struct post *first, **last;
    uv_async_t *wake; /* NULL: closed */
};

struct mail *mail_new(uv_async_t *wake);
void mail_ref(struct mail *m);
void mail_unref(struct mail *m); /* NULL is allowed */
/* True: it will be taken. False: it lies in the box already, or the box is closed. */
bool mail_post(struct mail *m, struct post *p);
bool mail_is_open(struct mail *m);
/* The gateway's thread: takes what is there. */
void mail_empty(struct mail *m);
/* No post is accepted from here on; what is there is still to be emptied. */
void mail_close(struct mail *m);
