/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-ups of names, with c-ares on the gateway's loop. A name is looked up as it stands: no search domains, no aliases, nothing sent for localhost.
 * The gateway's thread only (names_init: before that thread uses it).
 */
#pragma once
#include "hosts.h"
#include "libs.h"
#include "watch.h"

enum { NAMES_ADDRESSES_MAX = 16, NAMES_AT_ONCE_MAX = 1024 };

struct names {
    struct ares_api api;
    ares_channel channel; /* NULL: not initialised */
    uv_loop_t *loop;
    uv_timer_t timer;
    bool timed;
    struct watches watches;
    struct hosts hosts;
    unsigned at_once;
    unsigned asked; /* for statistics */
};

enum names_end { NAMES_FOUND, NAMES_NOT_FOUND, NAMES_NO_ANSWER, NAMES_NO_RESOURCES };

struct lookup;
typedef void names_done(void *data, enum names_end end, const struct address *a, size_t n);

int names_init(struct names *s, uv_loop_t *loop, const char *dns_server, cordon_error **err);
/* All look-ups have been cancelled. Its handles are closed with the loop's next turns. */
void names_finish(struct names *s);
/* `done` comes once, maybe before this returns; then NULL is returned. */
struct lookup *names_find(struct names *s, const char *name, names_done *done, void *data);
/* Before done only; it will not come. */
void names_cancel(struct lookup *l);
