/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <stdlib.h>

struct watch *watch_new(uv_loop_t *loop, int fd, void *owner, struct watches *list)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w || uv_poll_init(loop, &w->poll, fd) < 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    w->fd = fd;
    w->owner = owner;
    LIST_INSERT_HEAD(list, w, of);
    return w;
}

bool watch_set(struct watch *w, int events, uv_poll_cb ready)
{
    return uv_poll_start(&w->poll, events, ready) == 0;
}

static void closed(uv_handle_t *h) { free(h->data); }

void watch_free(struct watch *w)
{
    LIST_REMOVE(w, of);
    w->owner = NULL;
    uv_close((uv_handle_t *)&w->poll, closed);
}
