/* SPDX-License-Identifier: Apache-2.0
 * A descriptor of libcurl's or c-ares's on the loop. */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>
#include <uv.h>

struct watch {
    uv_poll_t poll;
    int fd;
    void *owner; /* NULL: being closed */
    LIST_ENTRY(watch) of;
};
LIST_HEAD(watches, watch);

/* NULL when libuv cannot. */
struct watch *watch_new(uv_loop_t *loop, int fd, void *owner, struct watches *list);
/* `events` of UV_READABLE | UV_WRITABLE. False when libuv cannot. */
bool watch_set(struct watch *w, int events, uv_poll_cb ready);
/* Before the descriptor is closed. The memory goes with the loop's next turn. */
void watch_free(struct watch *w);
